"""The next request for one question, changed by what refusals and replies have shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rubrictool.errors import Final, Refused, Transient, Truncated, Unreadable
from rubrictool.models.backend import Completion, Request
from rubrictool.models.inquiry import Inquiry
from rubrictool.models.supported_parameters import ParameterTrial, SupportedParameters, Trials

MOST_TOKENS = 2**17
"""Highest limit to which that of truncated replies is doubled; a higher one of the user's stays as it is."""

PROBE_TOKENS = 100
"""First output limit of the probe: a greeting is short, and under a schema a small model may write white space to the end."""

BLANKS = 32
"""White space at the end of a truncated reply from which the schema is the cause: models do not write that themselves."""


class NextRequest:
    """The builder of the requests for one question, one after the other."""

    def __init__(self, inquiry: Inquiry[Any], supported: SupportedParameters) -> None:
        self._first, self._probing, self._show_complaint = inquiry.request, inquiry.probing, inquiry.show_complaint
        self._schema = inquiry.request.schema
        limit = min(self._first.max_tokens, PROBE_TOKENS) if self._probing else self._first.max_tokens
        # `sent` is the last request that was built.
        self.sent = self._request = (
            self._first if limit == self._first.max_tokens else replace(self._first, max_tokens=limit)
        )
        self._supported, self._trials = supported, Trials(supported)
        # The limit under which the last reply was truncated, 0 before; how often that was under a schema.
        self._truncated_at = self._truncated_under_schema = 0

    @property
    def on_trial(self) -> bool:
        """Return whether the next request leaves out what may be why the last one was refused."""
        return self._trials.running

    async def wait_for_probe(self) -> None:
        """Wait until it is known whether the model supports schemas. Raises `ModelUnusable` where it answers nothing."""
        if self._schema is not None and not self._probing:
            await self._supported.schemas.supported()

    def build(self) -> Request:
        """Return the next request as the model supports it by now, with the schema where it supports schemas."""
        with_schema = self._schema is not None and (self._probing or self._supported.schemas.known)
        schema = self._schema if with_schema else None
        request = self._request if self._request.schema is schema else replace(self._request, schema=schema)
        self.sent = self._supported.applied(request)
        return self.sent

    def after_refusal(self, error: Refused | Transient) -> bool:
        """Change the request as an error suggests; return whether something was left out, which is no attempt of its own.

        Raises `Final`, or `Truncated` for a doubled limit, where there is nothing to change.
        """
        if isinstance(error, Refused) and self._truncated_at and (not error.suspects or "limit" in error.suspects):
            self._take_back_doubling(error)
            return False
        named = isinstance(error, Refused) or error.named
        if self._probing and named and error.suspects[:1] == ("schema",):
            self._supported.schemas.disable(str(error))
            raise Final(str(error))
        after = self._trials.next(self.sent, error)
        if after is not None:
            # Whether it has a schema is decided at each request.
            self._request = replace(after, schema=None)
            if after.schema is not self.sent.schema:
                self._schema = after.schema
        elif isinstance(error, Refused):
            raise Final(str(error))
        return after is not None

    def after_truncation(self, completion: Completion) -> bool:
        """Double the limit, or leave out the schema under which the model runs on; return whether to ask again.

        Under a limit that cannot be raised, a reply at temperature 0 would be the same. The probe is asked again only for a
        model that thinks unseen, at full length.
        """
        sent = self.sent
        if self._probing:
            again = not completion.text and self._request.max_tokens < self._first.max_tokens
            self._request = replace(self._request, max_tokens=self._first.max_tokens)
            return again
        if sent.schema is not None and self._runs_on(completion.text):
            self._schema = None
            why = f"under one the reply ran into the limit of {sent.max_tokens} tokens"
            self._trials.begin(ParameterTrial("schema", sent, replace(sent, schema=None), why, named=False))
            return True
        self._truncated_at = sent.max_tokens
        self._request = replace(self._request, max_tokens=max(sent.max_tokens, min(2 * sent.max_tokens, MOST_TOKENS)))
        raised = self._supported.applied(self._request).max_tokens > sent.max_tokens
        return raised or sent.temperature != 0 or sent.schema is not None

    def after_unreadable(self, reply: str, complaint: Unreadable) -> None:
        """Send the last reply back with what is wrong with it; earlier ones would only grow the prompt."""
        if self._show_complaint:
            messages = [*self._first.messages, *_complaint(reply, complaint)]
            self._request = replace(self._request, messages=messages)

    def after_answer(self) -> None:
        """Keep for the model what helped."""
        self._supported.schema_served |= self.sent.schema is not None and not self._probing
        self._trials.answered()

    def _take_back_doubling(self, error: Refused) -> None:
        """After a doubled limit was refused, use the limit that the server names, if it is longer than the last."""
        if error.limit and self._truncated_at < error.limit < self._request.max_tokens:
            self._request = replace(self._request, max_tokens=error.limit)
            return
        raise Truncated(
            f"the reply ran into the limit of {self._truncated_at} tokens, and a longer one is refused: {error}"
        )

    def _runs_on(self, text: str) -> bool:
        """Return whether a truncated reply shows that the schema is the cause: by white space, or the second time."""
        self._truncated_under_schema += 1
        blanks = len(text) - len(text.rstrip())
        return blanks >= BLANKS or self._truncated_under_schema == 2


def _complaint(reply: str, complaint: Unreadable) -> list[Mapping[str, str]]:
    return [
        {"role": "assistant", "content": reply or "(empty)"},
        {"role": "user", "content": f"That cannot be used: {complaint}. Answer again, whole, in the form asked for."},
    ]
