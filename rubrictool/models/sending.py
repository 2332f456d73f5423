"""One request on its way to a model: in its place, within the budget, and what it came to."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from rubrictool.errors import BackendError, Transient
from rubrictool.models.answers import note_answer
from rubrictool.models.backend import Backend, Completion, Price, Request, Usage
from rubrictool.models.backends.model_names import is_same_model
from rubrictool.models.budget import Budget, Tally
from rubrictool.models.prompt_counts import PromptCounts, Reading, fewest_tokens
from rubrictool.models.rate_limiter import RateLimiter
from rubrictool.models.supported_parameters import Parameters
from rubrictool.text.wording import one_line

MAX_WAIT_S = 600.0
"""Seconds that a server may wish us to wait, where nobody says otherwise."""

LONGEST_PAUSE_S = 120.0
"""Seconds of a pause for which no server has asked."""

MOST_NAMES = 5
"""How many other models that answered are told; a gateway may give every reply a name of its own."""

WINDOW_S = 61.0
"""The longest usual window of a rate limit, and a second more."""

TOLD_S = 5.0
"""Seconds of waiting from which people are told."""


class Sent(NamedTuple):
    """A reply, and whether the server read the question whole: by its count of prompt tokens, and a least number."""

    completion: Completion
    reading: Reading
    prompt_tokens: int
    fewest: int


class Sender:
    """The way to one model, for all of its questions: `pace` bounds the requests in flight, `tally` counts them."""

    def __init__(
        self,
        name: str,
        backend: Backend,
        *,
        pace: RateLimiter,
        budget: Budget,
        price: Price | None,
        backoff_s: float,
        parameters: Parameters,
        tell: Callable[[str], None],
        max_wait_s: float = MAX_WAIT_S,
        on_wait: Callable[[str, float], None] = lambda *_: None,
    ) -> None:
        self.tally = Tally()
        self.parameters, self.max_wait_s = parameters, max_wait_s
        # Whether a question was ever answered, and how many in a row it has refused to hear since.
        self.answered, self.doubts = False, 0
        self._name, self._backend, self._tell, self._on_wait = name, backend, tell, on_wait
        self._pace, self._budget, self._price, self._backoff_s = pace, budget, price, backoff_s
        self._largest_output = 0
        self._models_told: set[str] = set()
        self._counts = PromptCounts()

    async def sent(
        self, form: Callable[[], Request], *, attempt: int, last: bool, probing: bool = False, ahead: bool = False
    ) -> Sent:
        """Send one request: take a place, reserve budget, call the backend, record the usage.

        `form` makes the request when its turn comes, by what the model has refused until then. `attempt` counts the requests
        of its question from 1 on; `last` says that one more is allowed, `ahead` that others wait for what this one shows.
        """
        number = -1 if probing else self._counts.number()
        async with self._pace.passage(ahead=ahead) as began:
            request = form()
            reserved = spent = await self._budget.reserve(self._as_large_as_known(request), self._price)
            self.tally.calls += 1
            try:
                completion = await self._backend.complete(request)
                spent = self._price_of(completion.usage, reserved)
            except BackendError as error:
                spent = self._after_error(error, reserved, began, attempt, last=last)
                raise
            finally:
                self._budget.settle(reserved, spent)
            self._pace.went_well()
        note_answer()
        self._count(completion.usage)
        self._tell_other_model(completion.model)
        self.answered, self.doubts = True, 0
        self.parameters.worked(request, probing=probing)
        return self._read(request, completion, number)

    def _read(self, request: Request, completion: Completion, number: int) -> Sent:
        """Return a reply with what its usage says of the question, and count the doubtful ones."""
        reading = self._counts.reading(request.messages, completion.usage, number=number)
        if reading == "whole":
            return Sent(completion, reading, 0, 0)
        self.tally.perhaps_cut += reading == "perhaps cut"
        told = completion.usage.prompt_tokens if completion.usage else 0
        return Sent(completion, reading, told, fewest_tokens(request.messages))

    def pause_after(self, error: Transient, attempt: int, *, last: bool = False) -> float:
        """Return the seconds to wait: the server's own wish and a little more, else random ones that grow.

        After a 429 without a wish they reach past a minute, the usual window of a rate limit, before the `last` request.
        """
        step: float = self._backoff_s * 2 ** (attempt - 1)
        if error.retry_after is not None:
            # Servers round their wishes, and nobody should come at the same moment.
            return error.retry_after + random.uniform(0.5, 1) * min(step, 10 * self._backoff_s)
        if error.rate_limited:
            window = 2 * self._backoff_s * (WINDOW_S if last else min(WINDOW_S, 4.0 ** (attempt - 1)))
            return random.uniform(1, 1.1) * window
        # Full jitter (Brooker 2015).
        return random.uniform(0, min(LONGEST_PAUSE_S, step))

    def _as_large_as_known(self, request: Request) -> Request:
        """Return the request for the budget: some servers bill reasoning that the limit of tokens does not bound."""
        return replace(request, max_tokens=max(request.max_tokens, self._largest_output))

    def _tell_other_model(self, model: str) -> None:
        """Say once of each name that another model answered than was asked."""
        if not model or model in self._models_told or len(self._models_told) == MOST_NAMES:
            return
        if not is_same_model(self._name, model):
            self._models_told.add(model)
            self._tell(f"{self._name}: replies name {one_line(model, width=80)} as the model that answered")

    def _count(self, usage: Usage | None) -> None:
        self.tally.add(usage, self._price)
        if usage:
            self._largest_output = max(self._largest_output, usage.completion_tokens)

    def _price_of(self, usage: Usage | None, reserved: float) -> float:
        return self._price.of(usage) if self._price and usage else reserved

    def _after_error(self, error: BackendError, reserved: float, began: float, attempt: int, *, last: bool) -> float:
        """Return what a request that failed may have cost; an overload slows down all the others."""
        if isinstance(error, Transient) and error.overloaded and (error.retry_after or 0) <= self.max_wait_s:
            pause = self.pause_after(error, attempt, last=last)
            if self._pace.overloaded(since=began, pause_s=pause) and pause >= TOLD_S:
                self._on_wait(f"{self._name}: {error}", pause)
        if not error.billable:
            return 0
        self._count(error.usage)
        return self._price_of(error.usage, reserved)
