"""One question and its answer, in as many requests as it takes; each request learns from the reply before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rubrictool.asking.probing import Forms
from rubrictool.asking.sending import Sender
from rubrictool.backends import Completion, Request
from rubrictool.errors import (
    BackendError,
    Final,
    ModelFailure,
    NoAnswer,
    OverBudget,
    ReplyError,
    SchemaRefused,
    TemperatureRefused,
    Transient,
    Truncated,
    Unreadable,
)
from rubrictool.schemas import Schema

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")
Parse = Callable[[str], T]

MOST_TOKENS = 2**17
"""How far the limit of truncated replies is doubled; a higher one of the user's stays as it is."""
_WORTH_ANOTHER = (Transient, TemperatureRefused, SchemaRefused, ReplyError)
_KINDS = {
    Transient: "unavailable",
    NoAnswer: "unreadable",
    Truncated: "truncated",
    Unreadable: "unreadable",
    OverBudget: "budget",
}


class Exchange(Generic[T]):
    """One question to one model.

    `most` is the number of requests in all, whatever the reason. `probing` asks whether the schema is obeyed, so that it
    is sent in any case. `over` is called when the first request is, whatever came of it.
    """

    def __init__(
        self,
        sender: Sender,
        forms: Forms,
        request: Request,
        parse: Parse[T],
        schema: Schema | None,
        *,
        most: int,
        complain: bool = True,
        probing: bool = False,
        over: Callable[[], None] = lambda: None,
    ) -> None:
        self._sender, self._forms, self._first, self._request = sender, forms, request, request
        self._parse, self._schema, self._complain, self._probing, self._over = parse, schema, complain, probing, over
        self._most = most
        self.attempts = 0
        # What the last reply that could be read did answer.
        self.found: Sequence[Any] = ()
        self._given_up: list[Callable[[], None]] = []

    async def answered(self) -> tuple[T, str]:
        """The answer and the reply it was read from, in as many requests as are allowed."""
        try:
            return await self._first_or_again()
        except (BackendError, ReplyError, OverBudget) as error:
            raise self._failure(error) from error

    async def _first_or_again(self) -> tuple[T, str]:
        """Nearly every first request is answered, so only the others pay for the retry loop: as much as for parsing."""
        try:
            return await self._once()
        except _WORTH_ANOTHER as error:
            if self._most == 1:
                raise
            await asyncio.sleep(self._pause(error))
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

        again = AsyncRetrying(
            stop=stop_after_attempt(self._most - 1),
            wait=lambda state: self._pause(_fault(state)),
            retry=retry_if_exception_type(_WORTH_ANOTHER),
            reraise=True,
        )
        found: tuple[T, str] = await again(self._once)
        return found

    def _pause(self, error: BaseException | None) -> float:
        """Seconds before the next request for a question; after an overload, the pace makes everybody pause."""
        if not isinstance(error, Transient) or error.overloaded:
            return 0
        return self._sender.pause_after(error, self.attempts)

    async def _once(self) -> tuple[T, str]:
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
            completion = await self._sender.sent(request, attempt=self.attempts)
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
        formed = self._schema is not None and (self._probing or await self._forms.taken())
        return replace(self._request, schema=self._schema) if formed else self._request

    def _do_without(self, refused: TemperatureRefused | SchemaRefused) -> None:
        """Ask again without what was refused, and let all others do so once that has helped.

        A moderator's refusal may speak of schemas, too. Raises `Final` where there is nothing to leave out.
        """
        if isinstance(refused, TemperatureRefused):
            if self._request.temperature is None:
                raise Final(str(refused)) from None
            self._given_up.append(partial(self._sender.give_up_temperature, self._request.temperature, str(refused)))
            self._request = replace(self._request, temperature=None)
            return
        if self._probing:
            self._forms.give_up(str(refused))
            raise Final(str(refused)) from None
        self._schema = None
        self._given_up.append(partial(self._forms.give_up, str(refused)))

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

    def _failure(self, error: BackendError | ReplyError | OverBudget) -> ModelFailure:
        kind = _KINDS.get(type(error), "refused")
        reasons = {
            Unreadable: f"the reply cannot be used: {error}",
            OverBudget: f"not asked, so not judged: {error}; with more, the run goes on from here",
        }
        message = f"{self._first.model}: {reasons.get(type(error), error)}"
        return ModelFailure(kind, message, attempts=self.attempts, found=self.found)


def _fault(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
