"""One question and its answer, in as many requests as it takes; each request learns from the reply before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from rubrictool.errors import (
    BackendError,
    Final,
    ModelFailure,
    ModelUnusable,
    NoAnswer,
    OverBudget,
    QuotaExhausted,
    Refused,
    ReplyError,
    Transient,
    Truncated,
    Unreadable,
    Unusable,
)
from rubrictool.models.backend import Completion, Request
from rubrictool.models.json_schema import Schema
from rubrictool.models.schema_support import SchemaSupport, obeyed
from rubrictool.models.sending import Sender
from rubrictool.models.supported_parameters import Trial, Trials
from rubrictool.text.wording import time_span

T = TypeVar("T")

Parse = Callable[[str], T]

MOST_TOKENS = 2**17
"""How far the limit of truncated replies is doubled; a higher one of the user's stays as it is."""

PROBE_TOKENS = 100
"""How long the answer to the probe may be at first."""

BLANKS = 32
"""White space at the end of a truncated reply from which a schema is to blame: models do not write that of themselves."""

MOST_DOUBTS = 3
"""Questions in a row that a model which has answered before may refuse to hear, before it counts as unusable."""


class _PromptCut(Final):
    """The server has read only a part of the question."""


_WORTH_ANOTHER = (Transient, Refused, ReplyError)

_KINDS = {
    Transient: "unavailable",
    NoAnswer: "unreadable",
    Truncated: "truncated",
    Unreadable: "unreadable",
    OverBudget: "budget",
    _PromptCut: "unread",
}


class Exchange(Generic[T]):
    """One question to one model.

    `most` is the number of requests in all, whatever the reason. `probing` asks whether the schema is obeyed, so that it
    is sent in any case. `over` is called when the first request is, whatever came of it.
    """

    def __init__(
        self,
        sender: Sender,
        forms: SchemaSupport,
        request: Request,
        parse: Parse[T],
        schema: Schema | None,
        *,
        most: int,
        complain: bool = True,
        probing: bool = False,
        over: Callable[[], None] = lambda: None,
    ) -> None:
        self._sender, self._forms, self._first = sender, forms, request
        # A greeting is short, and under a schema a small model may write white space to the end.
        short = min(request.max_tokens, PROBE_TOKENS)
        self._request = self._last_sent = replace(request, max_tokens=short) if probing else request
        self._parse, self._schema, self._complain, self._probing, self._over = parse, schema, complain, probing, over
        self._most = most
        self._trials = Trials(sender.parameters)
        # The limit under which the last reply was truncated, 0 before; how often that was under a schema.
        self._truncated_at = self._truncated_under_schema = 0
        self._doubted = False
        self.attempts = 0
        # What the last reply that could be read did answer.
        self.found: Sequence[Any] = ()

    async def answered(self) -> tuple[T, str]:
        """Return the answer and the reply it was read from, in as many requests as are allowed.

        A request that leaves out what the one before was refused for does not count: it is the model that is found out
        about, once, and not the question. Raises `ModelFailure`, and `ModelUnusable` where no question has an answer.
        """
        try:
            while True:
                try:
                    return await self._once()
                except _WORTH_ANOTHER as error:
                    if self.attempts >= self._most:
                        raise
                    await asyncio.sleep(self._pause(error))
        except (BackendError, ReplyError, OverBudget) as error:
            raise self._failure(error) from error

    def _pause(self, error: BackendError | ReplyError) -> float:
        """Seconds before the next request for a question; after an overload, the pace makes everybody pause."""
        if not isinstance(error, Transient) or error.overloaded or self._trials.running:
            return 0
        return self._sender.pause_after(error, self.attempts)

    async def _once(self) -> tuple[T, str]:
        """Return the answer and the reply it was read from."""
        request, completion = await self._completion()
        if completion.truncated and not (self._probing and obeyed(completion.text)):
            self._after_truncation(request, completion)
        try:
            answer = self._parse(completion.text), completion.text
        except Unreadable as complaint:
            self.found = complaint.found
            if self._complain:
                self._request = replace(self._request, messages=self._complained(completion.text, complaint))
            raise
        self._sender.parameters.schema_served |= request.schema is not None and not self._probing
        self._trials.answered()
        return answer

    async def _completion(self) -> tuple[Request, Completion]:
        """Return the next request as it was sent, and its reply."""
        if self._schema is not None and not self._probing:
            await self._forms.taken()
        self.attempts += 1
        try:
            sent = await self._sender.sent(
                self._formed,
                attempt=self.attempts,
                last=self.attempts + 1 >= self._most,
                probing=self._probing,
                ahead=self._trials.running,
            )
        except (Refused, Transient) as error:
            self._learn(self._last_sent, error)
            raise
        except Unusable as error:
            raise self._unusable(error) from error
        except OverBudget:
            self.attempts -= 1
            raise
        finally:
            self._over()
        if sent.reading == "cut":
            raise _PromptCut(
                f"the server counted {sent.prompt_tokens:,} prompt tokens of at least {sent.fewest:,}: it cut the "
                "question, so the model has not read it whole; give the server a longer context, or shorten the texts"
            )
        return self._last_sent, sent.completion

    def _formed(self) -> Request:
        """Return the request as this model takes it now, with the schema where it takes one."""
        formed = self._schema is not None and (self._probing or self._forms.obeys)
        request = replace(self._request, schema=self._schema) if formed else self._request
        self._last_sent = self._sender.parameters.applied(request)
        return self._last_sent

    def _learn(self, sent: Request, error: Refused | Transient) -> None:
        """Change the next request by what an error tells. Raises `Final` where there is nothing to change."""
        if isinstance(error, Transient) and (error.retry_after or 0) > self._sender.max_wait_s:
            raise ModelUnusable("unavailable", self._wish_too_long(error), attempts=self.attempts) from error
        if isinstance(error, Refused) and self._truncated_at and (not error.suspects or "limit" in error.suspects):
            self._take_back_doubling(error)
            return
        named = isinstance(error, Refused) or error.named
        if self._probing and named and error.suspects[:1] == ("schema",):
            self._forms.give_up(str(error))
            raise Final(str(error)) from None
        after = self._trials.next(sent, error)
        if after is not None:
            # Whether it has a schema is decided at each request.
            self._request = replace(after, schema=None)
            if after.schema is not sent.schema:
                self._schema = after.schema
            self._most += 1
        elif isinstance(error, Refused):
            raise Final(str(error)) from None

    def _take_back_doubling(self, error: Refused) -> None:
        """After a doubled limit was refused, ask with the limit that the server names; one must be longer than the last.

        Raises `ModelFailure` of kind `truncated` where there is none.
        """
        if error.limit and self._truncated_at < error.limit < self._request.max_tokens:
            self._request = replace(self._request, max_tokens=error.limit)
            return
        why = f"the reply ran into the limit of {self._truncated_at} tokens, and a longer one is refused: {error}"
        raise self._failure(Truncated(why)) from error

    def _after_truncation(self, sent: Request, completion: Completion) -> None:
        """Ask next with twice the limit, or without the schema under which the model runs on. Raises `Truncated`."""
        limit = sent.max_tokens
        cut = Truncated(f"the reply ran into the limit of {limit} tokens")
        if self._probing:
            self._lengthen_probe(completion, cut)
        elif sent.schema is not None and self._runs_on(completion.text):
            self._schema = None
            why = f"under one the reply ran into the limit of {limit} tokens"
            self._trials.begin(Trial("schema", sent, replace(sent, schema=None), why, named=False))
        else:
            self._truncated_at = limit
            self._request = replace(self._request, max_tokens=max(limit, min(2 * limit, MOST_TOKENS)))
        raise cut

    def _runs_on(self, text: str) -> bool:
        """Return whether a truncated reply shows that the schema is to blame: by white space, or the second time."""
        self._truncated_under_schema += 1
        blanks = len(text) - len(text.rstrip())
        return blanks >= BLANKS or self._truncated_under_schema == 2

    def _lengthen_probe(self, completion: Completion, cut: Truncated) -> None:
        """Ask the probe again at full length if the model thinks unseen. Raises `ModelFailure` where it runs on."""
        full = self._first.max_tokens
        if completion.text or self._request.max_tokens >= full:
            raise self._failure(cut) from cut
        self._request = replace(self._request, max_tokens=full)

    def _unusable(self, error: Unusable) -> Exception:
        """Return what an `Unusable` means: the end of the run, another request, or the end of this question only.

        Words alone do not end a run, they must come twice; and a model that has answered with this key may forbid a few
        questions.
        """
        if isinstance(error, QuotaExhausted) and not error.certain:
            if not self._doubted and self.attempts < self._most:
                self._doubted = True
                return Transient(str(error))
        elif not error.certain and self._sender.answered and self._sender.doubts < MOST_DOUBTS - 1:
            self._sender.doubts += 1
            return Final(f"{error}; {error.remedy}")
        return ModelUnusable("refused", f"{self._first.model}: {error}; {error.remedy}", attempts=self.attempts)

    def _wish_too_long(self, error: Transient) -> str:
        wish = error.retry_after or 0
        try:
            when = f"; run the same again after {datetime.now() + timedelta(seconds=wish):%Y-%m-%d %H:%M}"
        except OverflowError:
            when = ""
        allowed = f"longer than the {time_span(self._sender.max_wait_s)} allowed"
        return f"{self._first.model}: the server asks to wait {time_span(wish)}, {allowed}{when} ({error})"

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
            OverBudget: f"not asked, so not judged: {error}",
        }
        message = f"{self._first.model}: {reasons.get(type(error), error)}"
        return ModelFailure(kind, message, attempts=self.attempts, found=self.found)
