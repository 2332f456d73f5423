"""How to ask a model: cache first, then as fast and as long as it makes sense, until an answer has parsed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from rubrictool.backends import Backend, Completion, LimitName, Price, Request
from rubrictool.cache import Cache
from rubrictool.errors import (
    BackendError,
    Denied,
    Final,
    InputError,
    ModelFailure,
    OverBudget,
    ReplyError,
    SchemaRefused,
    TemperatureRefused,
    Transient,
    Truncated,
    Unreadable,
)
from rubrictool.leads import Leads
from rubrictool.pace import Pace
from rubrictool.prompts import Question
from rubrictool.schemas import PROBE, PROBE_SCHEMA, Schema, obeyed
from rubrictool.spending import Budget, Tally

T = TypeVar("T")
Parse = Callable[[str], T]

CONCURRENCY = 64
LONGEST_PAUSE_S = 120.0
MOST_TOKENS = 2**17
"""How far the limit of truncated replies is doubled; a higher one of the user's stays as it is."""
_WORTH_ANOTHER = (Transient, TemperatureRefused, SchemaRefused, ReplyError)
_KINDS = {Transient: "unavailable", Truncated: "truncated", Unreadable: "unreadable", OverBudget: "budget"}


class Model:
    """One model in one role: who answers, with which parameters, and what was already paid for.

    `attempts` is the number of requests for one question in all, whatever the reason. `pace` bounds the requests in
    flight, `budget` what all models of a run spend. `price` is in dollars per token, None where nobody knows it. `tell`
    is called with a line for people when the model has to be asked differently than was wished.
    """

    def __init__(
        self,
        name: str,
        backend: Backend,
        *,
        cache: Cache | None = None,
        pace: Pace | None = None,
        budget: Budget | None = None,
        price: Price | None = None,
        attempts: int = 5,
        temperature: float | None = 0,
        max_tokens: int = 4096,
        limit_name: LimitName = "max_tokens",
        args: Mapping[str, Any] | None = None,
        backoff_s: float = 0.5,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.name, self.backend, self.tally = name, backend, Tally()
        self.pace, self.budget = pace or Pace(CONCURRENCY), budget or Budget()
        self.price = price
        self._cache = None if backend.recorded else cache
        self._attempts, self._backoff_s, self._tell = attempts, backoff_s, tell
        self.max_tokens, self._limit_name = max_tokens, limit_name
        self._temperature, self._args = temperature, dict(args or {})
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._leads = Leads()
        self._warm = True
        # A recording answers whatever it holds, and whoever sets the form by hand has decided.
        self._forms = not backend.recorded and "response_format" not in self._args
        self._probing: asyncio.Task[bool] | None = None
        self._probed_in_vain = 0

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
        one is asked for again with a doubled limit. Raises `ModelFailure`, and `InputError` for a key that the model
        denies before anything was asked of it.
        """
        request = self._request(question, sample=sample)
        key = request.key()
        if found := self._paid_for(key, parse):
            return found[0]
        async with self._asking.setdefault(key, asyncio.Lock()):
            if found := self._paid_for(key, parse):
                return found[0]
            async with self._leads.behind(question.shared) as over:
                return await self._asked(_Exchange(self, request, parse, schema, complain=complain, over=over), key)

    async def close(self) -> None:
        """Close the backend."""
        if self._probing:
            self._probing.cancel()
        await self.backend.close()

    async def sent(self, request: Request, *, attempt: int) -> Completion:
        """One request on its way: in its place, within the budget, without a temperature where that is refused."""
        request = request if self._warm else replace(request, temperature=None)
        async with self.pace.passage() as began:
            reserved = spent = await self.budget.reserve(request, self.price)
            self.tally.calls += 1
            try:
                completion = await self.backend.complete(request)
                spent = self._price_of(completion, reserved)
            except BackendError as error:
                spent = self._after_error(error, reserved, began, attempt)
                raise
            finally:
                self.budget.settle(reserved, spent)
            self.pace.went_well()
        self.tally.add(completion.usage, self.price)
        return completion

    async def takes_schemas(self) -> bool:
        """Whether the model obeys a schema: it is asked once, in a small question that shows it.

        Raises `InputError` where it denies our key before anything was spent, `ModelFailure` where it does so later.
        """
        if not self._forms:
            return False
        if self._probing is None:
            self._probing = asyncio.ensure_future(self._probe())
        return await asyncio.shield(self._probing)

    def give_up_schemas(self, why: str) -> None:
        """Ask for the form in words from now on, and say so once."""
        if self._forms:
            self._tell(f"{self.name}: no schemas from now on ({why}); asking for the form in words")
        self._forms = False

    def give_up_temperature(self, why: str) -> None:
        """Ask without a temperature from now on, and say so once."""
        if self._warm:
            self._tell(f"{self.name} refuses the temperature {self._temperature:g} ({why}); asking without one")
        self._warm = False

    def pause_after(self, error: Transient, attempt: int) -> float:
        """Seconds to wait: the server's own wish, capped, else full jitter (Brooker 2015)."""
        if error.retry_after is not None:
            return min(error.retry_after, LONGEST_PAUSE_S)
        return random.uniform(0, min(LONGEST_PAUSE_S, self._backoff_s * 2 ** (attempt - 1)))

    def _request(self, question: Question, *, sample: int = 0) -> Request:
        return Request(
            self.name,
            question.messages,
            self._temperature,
            self.max_tokens,
            self._args,
            sample,
            about=question.about,
            limit_name=self._limit_name,
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

    async def _asked(self, exchange: _Exchange[T], key: str) -> T:
        answer, reply = await self._answered(exchange)
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

    async def _answered(self, exchange: _Exchange[T]) -> tuple[T, str]:
        """The answer and the reply it was read from, in as many requests as are allowed."""
        try:
            return await self._first_or_again(exchange)
        except (BackendError, ReplyError, OverBudget) as error:
            raise self._failure(error, exchange.attempts, exchange.found) from error

    async def _first_or_again(self, exchange: _Exchange[T]) -> tuple[T, str]:
        """Nearly every first request is answered, so only the others pay for the retry loop: as much as for parsing."""
        try:
            return await exchange.once()
        except _WORTH_ANOTHER as error:
            if self._attempts == 1:
                raise
            await asyncio.sleep(self._pause(error, exchange.attempts))
        again = AsyncRetrying(
            stop=stop_after_attempt(self._attempts - 1),
            wait=lambda state: self._pause(_fault(state), exchange.attempts),
            retry=retry_if_exception_type(_WORTH_ANOTHER),
            reraise=True,
        )
        found: tuple[T, str] = await again(exchange.once)
        return found

    def _pause(self, error: BaseException | None, attempts: int) -> float:
        """Seconds before the next request for a question; after an overload, the pace makes everybody pause."""
        return self.pause_after(error, attempts) if isinstance(error, Transient) and not error.overloaded else 0

    async def _probe(self) -> bool:
        request = self._request(Question([{"role": "user", "content": PROBE}]))
        key = request.key()
        paid_for = self._cache.get(key) if self._cache else None
        if paid_for is not None:
            return obeyed(paid_for)
        exchange = _Exchange(self, request, obeyed, PROBE_SCHEMA, probing=True)
        try:
            yes, reply = await self._answered(exchange)
        except ModelFailure as failure:
            return self._without_an_answer(failure)
        self._keep(key, reply)
        return yes

    def _without_an_answer(self, failure: ModelFailure) -> bool:
        """What a probe says that brought no reply; without a budget there is no question that it could serve."""
        if isinstance(failure.__cause__, Denied):
            raise self._denied(failure)
        if failure.kind == "unavailable":
            self._put_off_probing(failure)
        return failure.kind == "budget"

    def _denied(self, failure: ModelFailure) -> InputError | ModelFailure:
        """A wrong key is bad set-up, as long as the probe was the first call of the run."""
        message = f"{failure.message}; check the key and what it is allowed"
        if self.budget.calls == 1:
            return InputError(message)
        return ModelFailure(failure.kind, message, attempts=failure.attempts)

    def _put_off_probing(self, failure: ModelFailure) -> None:
        """Let a later question probe again, once: some servers break down over a schema alone."""
        self._probing = None
        self._probed_in_vain += 1
        if self._probed_in_vain == 2:
            self.give_up_schemas(failure.message)

    def _price_of(self, completion: Completion, reserved: float) -> float:
        return self.price.of(completion.usage) if self.price and completion.usage else reserved

    def _after_error(self, error: BackendError, reserved: float, began: float, attempt: int) -> float:
        """What a request that failed may have cost; an overload slows down all the others."""
        if not isinstance(error, Transient):
            return 0
        if error.overloaded:
            self.pace.overloaded(since=began, pause_s=self.pause_after(error, attempt))
        if not error.billable:
            return 0
        self.tally.add(None, self.price)
        return reserved

    def _failure(
        self, error: BackendError | ReplyError | OverBudget, attempts: int, found: Sequence[Any]
    ) -> ModelFailure:
        kind = _KINDS.get(type(error), "refused")
        reasons = {
            Unreadable: f"the reply cannot be used: {error}",
            OverBudget: f"not asked, so not judged: {error}; with more, the run goes on from here",
        }
        return ModelFailure(kind, f"{self.name}: {reasons.get(type(error), error)}", attempts=attempts, found=found)


def _fault(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


class _Exchange(Generic[T]):
    """One question and its answer, in as many requests as it takes; each request learns from the reply before."""

    def __init__(
        self,
        model: Model,
        request: Request,
        parse: Parse[T],
        schema: Schema | None,
        *,
        complain: bool = True,
        probing: bool = False,
        over: Callable[[], None] = lambda: None,
    ) -> None:
        self._model, self._first, self._request = model, request, request
        self._parse, self._schema, self._complain, self._probing, self._over = parse, schema, complain, probing, over
        self.attempts = 0
        # What the last reply that could be read did answer.
        self.found: Sequence[Any] = ()
        self._given_up: list[Callable[[], None]] = []

    async def once(self) -> tuple[T, str]:
        """The answer and the reply it was read from."""
        completion = await self._completion()
        if completion.truncated:
            limit = self._request.max_tokens
            self._request = replace(self._request, max_tokens=max(limit, min(2 * limit, MOST_TOKENS)))
            raise Truncated(f"the reply ran into the limit of {limit} tokens")
        try:
            return self._parse(completion.text), completion.text
        except Unreadable as complaint:
            self.found = complaint.found
            if self._complain:
                self._request = replace(self._request, messages=self._complained(completion.text, complaint))
            raise

    async def _completion(self) -> Completion:
        request = await self._formed()
        self.attempts += 1
        try:
            completion = await self._model.sent(request, attempt=self.attempts)
        except (TemperatureRefused, SchemaRefused) as refused:
            self._do_without(refused)
            raise
        except OverBudget:
            self.attempts -= 1
            raise
        finally:
            self._over()
        for give_up in self._given_up:
            give_up()
        self._given_up.clear()
        return completion

    async def _formed(self) -> Request:
        """The request, with the schema where the model takes one."""
        formed = self._schema is not None and (self._probing or await self._model.takes_schemas())
        return replace(self._request, schema=self._schema) if formed else self._request

    def _do_without(self, refused: TemperatureRefused | SchemaRefused) -> None:
        """Ask again without what was refused, and let all others do so once that has helped.

        A moderator's refusal may speak of schemas, too. Raises `Final` where there is nothing to leave out.
        """
        if isinstance(refused, TemperatureRefused):
            if self._request.temperature is None:
                raise Final(str(refused)) from None
            self._request = replace(self._request, temperature=None)
            self._given_up.append(partial(self._model.give_up_temperature, str(refused)))
            return
        if self._probing:
            self._model.give_up_schemas(str(refused))
            raise Final(str(refused)) from None
        self._schema = None
        self._given_up.append(partial(self._model.give_up_schemas, str(refused)))

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
