"""Who answers a request: the one small protocol behind which every model stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from rubrictool.texts import canonical, sha256


@dataclass(frozen=True)
class Request:
    """What is asked of a model; `sample` numbers the draws of one question and is never sent."""

    model: str
    messages: Sequence[Mapping[str, str]]
    temperature: float | None
    max_tokens: int
    args: Mapping[str, Any] = field(default_factory=dict)
    sample: int = 0

    def key(self, model: str | None = None) -> str:
        """The name of this question in the cache, also as another model's question."""
        warmth = None if self.temperature is None else float(self.temperature)
        asked = [model or self.model, list(self.messages), warmth, self.max_tokens, dict(self.args), self.sample]
        return sha256(canonical(asked))

    def body(self) -> dict[str, Any]:
        """The request in the form of OpenAI's chat completions; extra arguments win over our own."""
        limit = {} if "max_completion_tokens" in self.args else {"max_tokens": self.max_tokens}
        warmth = {} if self.temperature is None else {"temperature": self.temperature}
        return {"model": self.model, "messages": list(self.messages), **warmth, **limit, **self.args}


@dataclass(frozen=True)
class Completion:
    """A reply; `truncated` when it ran into the output limit. Token counts are the server's, where it told them."""

    text: str
    truncated: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Backend(Protocol):
    """Text in, text out: it translates and classifies errors; it never retries, caches, parses or prints.

    `complete` raises `Transient`, `TemperatureRefused` or `Final`. `recorded` says that replies cost nothing and need
    no cache.
    """

    recorded: bool

    async def complete(self, request: Request) -> Completion: ...

    async def close(self) -> None: ...


def refuses_temperature(message: str) -> bool:
    """Whether a refusal is about the temperature (several providers' reasoning models take none)."""
    lowered = message.lower()
    return "temperature" in lowered and any(
        word in lowered for word in ("support", "unsupported", "only", "deprecated")
    )
