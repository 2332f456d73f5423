"""How to ask a model: the answer to a question, from the cache or asked for once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from rubrictool.errors import InputError, Unreadable
from rubrictool.models.ask_attempt import Exchange, Parse
from rubrictool.models.backend import Backend, LimitName, Price, Request
from rubrictool.models.budget import Budget
from rubrictool.models.cache import Cache
from rubrictool.models.connections import Connections, unpicklable
from rubrictool.models.json_schema import Schema
from rubrictool.models.prefix_gate import PrefixGate
from rubrictool.models.question import Question
from rubrictool.models.rate_limiter import CONCURRENCY, RateLimiter
from rubrictool.models.schema_support import PROBE, PROBE_SCHEMA, SchemaSupport, obeyed
from rubrictool.models.sending import MAX_WAIT_S, Sender
from rubrictool.models.supported_parameters import Parameters

T = TypeVar("T")


class Model:
    """One model in one role: who answers, with which parameters, and what was already paid for.

    `attempts` is the number of requests for one question in all, whatever the reason. `pace` bounds the requests in
    flight, `budget` what all models of a run spend. `price` is in dollars per token, None where nobody knows it. `tell`
    is called with a line for people when the model has to be asked differently than was wished, `on_wait` with a reason
    and seconds when all requests wait. A server that wishes a longer wait than `max_wait_s` ends the run.
    `connections` decide on which event loop it is asked; without them it is the caller's, who must have only one.
    """

    __reduce__ = unpicklable

    def __init__(
        self,
        name: str,
        backend: Backend,
        *,
        cache: Cache | None = None,
        pace: RateLimiter | None = None,
        budget: Budget | None = None,
        price: Price | None = None,
        attempts: int = 5,
        temperature: float | None = 0,
        max_tokens: int = 4096,
        limit_name: LimitName = "max_tokens",
        args: Mapping[str, Any] | None = None,
        backoff_s: float = 0.5,
        max_wait_s: float = MAX_WAIT_S,
        tell: Callable[[str], None] = lambda _: None,
        on_wait: Callable[[str, float], None] = lambda *_: None,
        connections: Connections | None = None,
    ) -> None:
        self.name, self.max_tokens, self.recorded = name, max_tokens, backend.recorded
        self._backend, self._cache = backend, None if backend.recorded else cache
        self._attempts, self._tell, self._limit_name = attempts, tell, limit_name
        self._temperature, self._args = temperature, dict(args or {})
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._leads = PrefixGate()
        # A recording answers whatever it holds, and whoever sets the form by hand has decided.
        wanted = not backend.recorded and "response_format" not in self._args
        self._forms = SchemaSupport(name, self._probe, open=wanted, tell=tell)
        self._sender = Sender(
            name,
            backend,
            pace=pace or RateLimiter(CONCURRENCY),
            budget=budget or Budget(),
            price=price,
            backoff_s=backoff_s,
            parameters=Parameters(name, self._forms, tell),
            tell=tell,
            max_wait_s=max_wait_s,
            on_wait=on_wait,
        )
        self.tally = self._sender.tally
        self._connections = connections or Connections(background=False)
        self._connections.probes.add(self._forms)

    async def ask(
        self,
        question: Question,
        parse: Parse[T],
        *,
        schema: Schema | None = None,
        sample: int = 0,
        complain: bool = True,
    ) -> T:
        """The parsed answer to a question, from the cache where it was paid for before.

        `schema` is what the reply has to obey, where the model takes one; it may do without. A reply that `parse`
        refuses with `Unreadable` is asked for again, with the complaint shown unless `complain` is off; a truncated
        one is asked for again with a doubled limit. Raises `ModelFailure`, and `ModelUnusable` where no question to the
        model has an answer.
        """
        return await self._connections.run(
            lambda: self._answered(question, parse, schema=schema, sample=sample, complain=complain)
        )

    async def _answered(
        self, question: Question, parse: Parse[T], *, schema: Schema | None, sample: int, complain: bool
    ) -> T:
        request = self._request(question, sample=sample, expects_json=schema is not None)
        key = request.key()
        if found := self._paid_for(key, parse):
            return found[0]
        async with self._asking.setdefault(key, asyncio.Lock()):
            if found := self._paid_for(key, parse):
                return found[0]
            async with self._leads.behind(question.shared) as over:
                exchange = Exchange(
                    self._sender,
                    self._forms,
                    request,
                    parse,
                    schema,
                    most=self._attempts,
                    complain=complain,
                    over=over,
                )
                return await self._asked(exchange, key)

    async def close(self) -> None:
        """Close the backend, also for other models that share it."""
        if not self._connections.closed:
            await self._connections.run(self._closed)

    async def _closed(self) -> None:
        self._forms.close()
        await self._backend.close()

    def _request(self, question: Question, *, sample: int = 0, expects_json: bool = False) -> Request:
        return Request(
            self.name,
            question.messages,
            self._temperature,
            self.max_tokens,
            self._args,
            sample,
            about=question.about,
            limit_name=self._limit_name,
            expects_json=expects_json,
        )

    def _paid_for(self, key: str, parse: Parse[T]) -> tuple[T] | None:
        """The stored answer; a reply that a newer parser rejects is a miss."""
        reply = self._cache.get(key) if self._cache else None
        if reply is None:
            return None
        try:
            answer = parse(reply)
        except Unreadable:
            return None
        self.tally.cached += 1
        return (answer,)

    async def _asked(self, exchange: Exchange[T], key: str) -> T:
        answer, reply = await exchange.answered()
        self._keep(key, reply)
        return answer

    def _keep(self, key: str, reply: str) -> None:
        """Put a reply into the cache. Where that fails the reply is good all the same, and so is the rest of the run."""
        try:
            if self._cache:
                self._cache.put(key, self.name, reply)
        except InputError as error:
            self._cache = None
            self._tell(f"{error}; going on without the cache, so the next run pays again")

    async def _probe(self) -> bool:
        """Whether the model obeys a schema, from its answer to a small question."""
        request = self._request(Question([{"role": "user", "content": PROBE}]))
        key = request.key()
        paid_for = self._cache.get(key) if self._cache else None
        if paid_for is not None:
            return obeyed(paid_for)
        probe = Exchange(self._sender, self._forms, request, obeyed, PROBE_SCHEMA, most=self._attempts, probing=True)
        return await self._asked(probe, key)
