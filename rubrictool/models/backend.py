"""The seam to model servers: the protocol `Backend`, with its request, completion, usage, price."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from rubrictool.text.encoding import canonical_hash

LimitName = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True)
class Request:
    """A request to a model.

    `limit_name` is the name under which the output limit is sent: OpenAI's reasoning models know only the longer one.
    `schema` is the JSON schema that the reply has to obey. Requests with one `routing_key` have a common prefix and are
    best answered by one server. `sample` numbers the draws of one question and is never sent. `expects_json` says that
    the answer is to be JSON, in whatever way that is asked for. `top_logprobs` is the number of likeliest tokens whose
    log-probabilities are asked for at each place of the reply; with 0 none are.
    """

    model: str
    messages: Sequence[Mapping[str, Any]]
    temperature: float | None
    max_tokens: int
    args: Mapping[str, Any] = field(default_factory=dict)
    sample: int = 0
    schema: Mapping[str, Any] | None = None
    routing_key: str = ""
    limit_name: LimitName = "max_tokens"
    expects_json: bool = False
    top_logprobs: int = 0

    def key(self, model: str | None = None) -> str:
        """Return the key of this question in the cache, also as another model's question.

        Neither the schema nor the address is part of it, nor the name under which the limit is sent. Whether log-probabilities
        are asked for is: a reply without them does not answer a question with them. Their number is not.
        """
        temperature = None if self.temperature is None else float(self.temperature)
        parts = [model or self.model, list(self.messages), temperature, self.max_tokens, dict(self.args), self.sample]
        return canonical_hash([*parts, "logprobs"] if self.top_logprobs else parts)

    def body(self) -> dict[str, Any]:
        """Return the request in the form of OpenAI's chat completions; extra arguments replace our own."""
        return {"model": self.model, "messages": list(self.messages), **self.parameters()}

    def parameters(self) -> dict[str, Any]:
        """Return what stands in the body beside the model and the messages."""
        limit: dict[str, Any] = {self.limit_name: self.max_tokens}
        temperature = {} if self.temperature is None else {"temperature": self.temperature}
        form = {} if self.schema is None else {"response_format": _response_format(self.schema)}
        tokens = {"logprobs": True, "top_logprobs": self.top_logprobs} if self.top_logprobs else {}
        return {**temperature, **limit, **form, **tokens, **self.args}


def _response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}


class Usage(NamedTuple):
    """The tokens of one request as the server counted them.

    `completion_tokens` are all tokens billed as output, reasoning included. `cached_tokens` are those of the prompt that
    the server had in its cache; some servers leave them out of `prompt_tokens`.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


class Price(NamedTuple):
    """The price of a model, in dollars per token."""

    prompt: float
    completion: float

    def of(self, usage: Usage) -> float:
        """Return the price of so many tokens, in dollars."""
        return self.prompt * usage.prompt_tokens + self.completion * usage.completion_tokens


RateLimitKind = Literal["requests", "tokens", "input_tokens", "output_tokens"]


@dataclass(frozen=True)
class RateLimit:
    """A rate limit as a server publishes it with a reply; what it does not tell is None.

    `name` tells the limits of one server apart, `kind` is what is counted: `limit` in each period, of which `remaining` are left
    until it is whole again, in `reset_s` seconds. `conventional` says that it is named as model providers name theirs, which
    are per minute or per day.
    """

    name: str
    kind: RateLimitKind
    limit: float | None
    remaining: float | None
    reset_s: float | None
    period_s: float | None
    conventional: bool = True


TopTokens = tuple[tuple[str, float], ...]
"""The likeliest tokens at one place of a reply, each with its log-probability, as the server tells it."""

LOGPROB_ROUNDING = 0.01
"""By how much a log-probability may exceed 0, and those at one place together, from rounding alone."""


class Token(NamedTuple):
    """One token of a reply, with the likeliest tokens at its place."""

    text: str
    top: TopTokens


@dataclass(frozen=True)
class Completion:
    """A reply.

    `truncated` says that it ran into the output limit. `usage` is None where the server did not report it. `model` is the
    name that the reply gives to the model that answered, empty where it gives none. `rate_limits` came with it. `tokens` are
    those of the reply, its reasoning among them where the server counts it in; empty where none were told.
    """

    text: str
    truncated: bool = False
    usage: Usage | None = None
    model: str = ""
    rate_limits: Sequence[RateLimit] = ()
    tokens: Sequence[Token] = ()


class Backend(Protocol):
    """Text in, text out: it translates and classifies errors; it never retries, caches, parses or prints.

    `complete` raises `Transient`, `Refused` or `Final`. `recorded` says that replies cost nothing and need no cache.
    `price` is that of the provider's list, None where it is unknown.
    """

    recorded: bool
    price: Price | None

    async def complete(self, request: Request) -> Completion: ...

    async def close(self) -> None: ...


class Batches(NamedTuple):
    """The content of a model's batch files after a run.

    `written` are the new files with their numbers of requests, `waiting` those of earlier runs with the numbers of requests
    that this run needs and that have no result. `title` names the form of the files.
    """

    folder: Path
    title: str
    written: Mapping[str, int]
    waiting: Mapping[str, int]


@runtime_checkable
class DeferredBackend(Backend, Protocol):
    """A backend whose answers come in a later run: `complete` raises `AnswerPending` for a request that has no result yet.

    What it raises else is of the request alone, and final for this run. `takes_schemas` and `takes_logprobs` say what is sent
    with a request without asking the model first, which would take a run of its own.
    """

    takes_schemas: bool
    takes_logprobs: bool

    def write(self) -> Batches:
        """Write the requests that had no result into files, once and for all."""
        ...

    def settle(self) -> None:
        """Forget the results that were used: what had no usable answer may be asked again."""
        ...


class VllmLaunch(NamedTuple):
    """The Python and the arguments that vLLM's servers are started with, and how many of them serve each model."""

    python: str | None = None
    args: tuple[str, ...] = ()
    replicas: int = 1


class Serving(NamedTuple):
    """The addresses of servers that answer, and the key to all of them."""

    addresses: Sequence[str]
    key: str


class Servers(Protocol):
    """The servers of one model, wherever they run.

    `start` starts them and returns once all answer; it calls `on_end` with the address of one that ends later, and raises
    `InputError` where one does not start. `gone` tells why none runs any more; it is empty while one does.
    """

    @property
    def gone(self) -> str: ...

    async def start(self, on_end: Callable[[str], None]) -> Serving: ...

    async def close(self) -> None: ...
