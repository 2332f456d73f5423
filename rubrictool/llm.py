"""How to ask a model: cache first, a slot, retries and asking again, one answer that parsed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from rubrictool.backends import Backend, Completion, Request
from rubrictool.cache import Cache
from rubrictool.errors import (
    BackendError,
    Final,
    ModelFailure,
    ReplyError,
    TemperatureRefused,
    Transient,
    Truncated,
    Unreadable,
)

T = TypeVar("T")
Parse = Callable[[str], T]

LONGEST_PAUSE_S = 120.0
_KINDS = {Transient: "unavailable", Final: "refused", TemperatureRefused: "refused", Truncated: "truncated"}


@dataclass
class Tally:
    """What asking has come to: requests sent, answers found in the cache, tokens as the servers counted them."""

    calls: int = 0
    cached: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, completion: Completion) -> None:
        """Count the tokens of one completion."""
        self.prompt_tokens += completion.prompt_tokens
        self.completion_tokens += completion.completion_tokens


class Model:
    """One model in one role: who answers, with which parameters, and what was already paid for.

    `attempts` is the number of requests for one question in all, whatever the reason. `slots` bounds the requests in
    flight and is shared by the models of a run. `tell` is called with a line for people when the model has to be asked
    differently than was wished.
    """

    def __init__(
        self,
        name: str,
        backend: Backend,
        *,
        cache: Cache | None = None,
        slots: asyncio.Semaphore | None = None,
        attempts: int = 5,
        temperature: float | None = 0,
        max_tokens: int = 4096,
        args: Mapping[str, Any] | None = None,
        backoff_s: float = 0.5,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.name, self.backend, self.tally = name, backend, Tally()
        self.slots = slots or asyncio.Semaphore(64)
        self._cache = None if backend.recorded else cache
        self._attempts, self._tell = attempts, tell
        self._temperature, self._max_tokens, self._args = temperature, max_tokens, dict(args or {})
        self._backoff = wait_random_exponential(multiplier=backoff_s, max=LONGEST_PAUSE_S)
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._warm = True

    async def ask(
        self, messages: Sequence[Mapping[str, str]], parse: Parse[T], *, sample: int = 0, complain: bool = True
    ) -> T:
        """The parsed answer to a question, from the cache where it was paid for before.

        A reply that `parse` refuses with `Unreadable` is asked for again, with the complaint shown unless `complain`
        is off; a truncated one is asked for again with a doubled limit. Raises `ModelFailure`.
        """
        request = Request(self.name, messages, self._temperature, self._max_tokens, self._args, sample)
        key = request.key()
        async with self._asking.setdefault(key, asyncio.Lock()):
            if found := self._paid_for(key, parse):
                return found[0]
            return await self._asked(_Exchange(self, request, parse, complain), key)

    async def close(self) -> None:
        """Close the backend."""
        await self.backend.close()

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

    async def _asked(self, exchange: _Exchange[T], key: str) -> T:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._attempts),
            wait=self._pause,
            retry=retry_if_exception_type((Transient, TemperatureRefused, ReplyError)),
            reraise=True,
        )
        try:
            found: tuple[T, str] = await retrying(exchange.once)
        except (BackendError, ReplyError) as error:
            raise self._failure(error, int(retrying.statistics["attempt_number"])) from None
        if self._cache:
            self._cache.put(key, self.name, found[1])
        return found[0]

    async def sent(self, request: Request) -> Completion:
        """One request on its way, in a slot, without a temperature where the model is known to refuse it."""
        async with self.slots:
            self.tally.calls += 1
            completion = await self.backend.complete(request if self._warm else replace(request, temperature=None))
        self.tally.add(completion)
        return completion

    def give_up_temperature(self) -> None:
        """Ask without a temperature from now on, and say so once."""
        if self._warm:
            self._tell(f"{self.name} refuses the temperature {self._temperature:g}; asking without one")
        self._warm = False

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, Transient):
            return 0
        jittered = self._backoff(state)
        return jittered if error.retry_after is None else min(error.retry_after, LONGEST_PAUSE_S)

    def _failure(self, error: BackendError | ReplyError, attempts: int) -> ModelFailure:
        kind = _KINDS.get(type(error), "unreadable")
        reason = f"the reply cannot be used: {error}" if isinstance(error, Unreadable) else str(error)
        return ModelFailure(kind, f"{self.name}: {reason}", attempts=attempts)


class _Exchange(Generic[T]):
    """One question and its answer, in as many requests as it takes; each request learns from the reply before."""

    def __init__(self, model: Model, request: Request, parse: Parse[T], complain: bool) -> None:
        self._model, self._first, self._request = model, request, request
        self._parse, self._complain = parse, complain

    async def once(self) -> tuple[T, str]:
        """The answer and the reply it was read from."""
        completion = await self._completion()
        if completion.truncated:
            self._request = replace(self._request, max_tokens=2 * self._request.max_tokens)
            raise Truncated(f"the reply ran into the limit of {self._request.max_tokens // 2} tokens")
        try:
            return self._parse(completion.text), completion.text
        except Unreadable as complaint:
            if self._complain:
                self._request = replace(self._request, messages=self._complained(completion.text, complaint))
            raise

    async def _completion(self) -> Completion:
        try:
            return await self._model.sent(self._request)
        except TemperatureRefused:
            if self._first.temperature is None:
                raise
            self._model.give_up_temperature()
            raise

    def _complained(self, reply: str, complaint: Unreadable) -> list[Mapping[str, str]]:
        """The first question, the last reply and what is wrong with it; earlier ones would only grow the prompt."""
        return [
            *self._first.messages,
            {"role": "assistant", "content": reply or "(empty)"},
            {
                "role": "user",
                "content": f"That cannot be used: {complaint}. Answer again, whole, in the form asked for.",
            },
        ]
