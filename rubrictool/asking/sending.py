"""One request on its way to a model: in its place, within the budget, and what it came to."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from rubrictool.asking.pace import Pace
from rubrictool.asking.spending import Budget, Tally
from rubrictool.backends import Backend, Completion, Price, Request, Usage
from rubrictool.backends.model_names import is_same_model
from rubrictool.errors import BackendError, Transient
from rubrictool.texts import one_line

LONGEST_PAUSE_S = 120.0
MOST_NAMES = 5
"""How many other models that answered are told; a gateway may give every reply a name of its own."""


class Sender:
    """The way to one model, for all of its questions: `pace` bounds the requests in flight, `tally` counts them."""

    def __init__(
        self,
        name: str,
        backend: Backend,
        *,
        pace: Pace,
        budget: Budget,
        price: Price | None,
        backoff_s: float,
        tell: Callable[[str], None],
    ) -> None:
        self.tally = Tally()
        self._name, self._backend, self._tell = name, backend, tell
        self._pace, self._budget, self._price, self._backoff_s = pace, budget, price, backoff_s
        self._warm = True
        self._largest_output = 0
        self._models_told: set[str] = set()

    async def sent(self, request: Request, *, attempt: int) -> Completion:
        """One request on its way: in its place, within the budget, without a temperature where that is refused."""
        request = request if self._warm else replace(request, temperature=None)
        async with self._pace.passage() as began:
            reserved = spent = await self._budget.reserve(self._as_large_as_known(request), self._price)
            self.tally.calls += 1
            try:
                completion = await self._backend.complete(request)
                spent = self._price_of(completion.usage, reserved)
            except BackendError as error:
                spent = self._after_error(error, reserved, began, attempt)
                raise
            finally:
                self._budget.settle(reserved, spent)
            self._pace.went_well()
        self._count(completion.usage)
        self._tell_other_model(completion.model)
        return completion

    def give_up_temperature(self, temperature: float, why: str) -> None:
        """Ask without a temperature from now on, and say so once."""
        if self._warm:
            self._tell(f"{self._name} refuses the temperature {temperature:g} ({why}); asking without one")
        self._warm = False

    def pause_after(self, error: Transient, attempt: int) -> float:
        """Seconds to wait: the server's own wish, capped, else full jitter (Brooker 2015)."""
        if error.retry_after is not None:
            return min(error.retry_after, LONGEST_PAUSE_S)
        return random.uniform(0, min(LONGEST_PAUSE_S, self._backoff_s * 2 ** (attempt - 1)))

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

    def _after_error(self, error: BackendError, reserved: float, began: float, attempt: int) -> float:
        """Return what a request that failed may have cost; an overload slows down all the others."""
        if isinstance(error, Transient) and error.overloaded:
            self._pace.overloaded(since=began, pause_s=self.pause_after(error, attempt))
        if not error.billable:
            return 0
        self._count(error.usage)
        return self._price_of(error.usage, reserved)
