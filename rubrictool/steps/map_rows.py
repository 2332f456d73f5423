"""Process many rows concurrently, in input order, and stop when the model fails on all of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from rubrictool.errors import InputError, ModelFailure, ModelUnusable, RowFailure
from rubrictool.models.answers import count_answers
from rubrictool.rows.columns import Row
from rubrictool.rows.traces import Round
from rubrictool.text.wording import counted

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """The result of one input row: output rows, and a failure where it could not be finished, or not wholly."""

    rows: tuple[Row, ...] = ()
    failure: RowFailure | None = None
    trace: tuple[Round, ...] = ()


Work = Callable[[T], Awaitable[Outcome]]


async def map_rows(
    items: Iterable[T], work: Work[T], *, at_once: int, patience: int | None = None
) -> AsyncGenerator[tuple[T, Outcome], None]:
    """Yield each item with its outcome, in the order of the items; `at_once` of them run or wait to be yielded.

    Failures are per row: a `RowFailure` that `work` raises becomes the row's outcome. The run stops early when the model is
    unreachable for `patience` (by default `at_once`) consecutive rows, when none of the first max(`FAIR_TRIAL`, `patience`)
    rows succeeds, or at once after a `ModelUnusable`; the remaining rows are failures of kind `not_tried`. Rows for which no
    model was asked do not count. Leaving the iteration cancels what is running. Raises `InputError` for a `ModelUnusable` as
    long as no row is finished.
    """
    rows = _Rows(work, patience=patience or at_once)
    source = iter(items)
    try:
        while True:
            while len(rows.running) < at_once and (item := next(source, _END)) is not _END:
                rows.start(item)  # type: ignore[arg-type]
            if not rows.running:
                return
            yield await rows.first()
    finally:
        await rows.cancel()


_END = object()

FAIR_TRIAL = 8
"""Failures, without any success, after which a reachable model is considered unusable; `patience` where it is larger."""


class _Rows(Generic[T]):
    """Rows that are running, and how the latest ones ended."""

    def __init__(self, work: Work[T], *, patience: int) -> None:
        self.running: deque[tuple[T, asyncio.Task[Outcome]]] = deque()
        self._work, self._patience = work, patience
        self._failed = self._out_of_reach = 0
        self._finished = self._succeeded = self._given_up = False
        self._unusable: ModelUnusable | None = None

    def start(self, item: T) -> None:
        self.running.append((item, asyncio.create_task(self._done(item))))

    async def first(self) -> tuple[T, Outcome]:
        """Return the first running row, once it is done."""
        item, task = self.running[0]
        if not task.done():
            # Unlike awaiting the task, this tells its cancellation from ours.
            await asyncio.wait([task])
        self.running.popleft()
        if self._unusable and not self._finished:
            raise InputError(self._unusable.message) from self._unusable
        return item, self._not_tried() if task.cancelled() else task.result()

    async def cancel(self) -> None:
        """Cancel what is running, and wait until it has stopped."""
        self._cancel_all()
        await asyncio.gather(*(task for _, task in self.running), return_exceptions=True)

    async def _done(self, item: T) -> Outcome:
        if self._given_up:
            return self._not_tried()
        answers = count_answers()
        try:
            outcome = await self._work(item)
        except RowFailure as failure:
            outcome = Outcome(failure=failure)
        self._count(outcome.failure, answered=answers.count > 0)
        return outcome

    def _count(self, failure: RowFailure | None, *, answered: bool) -> None:
        """Count a row. One for which no model was asked, or that the budget stopped, says nothing about the model."""
        self._finished |= failure is None
        if isinstance(failure, ModelUnusable):
            self._unusable = self._unusable or failure
            self._give_up()
            return
        if isinstance(failure, ModelFailure) and failure.kind != "budget":
            self._failed += 1
            self._out_of_reach = self._out_of_reach + 1 if failure.kind == "unavailable" else 0
        elif failure is None and answered:
            self._succeeded = True
            self._failed = self._out_of_reach = 0
        no_use = not self._succeeded and self._failed >= max(self._patience, FAIR_TRIAL)
        if self._out_of_reach >= self._patience or no_use:
            self._give_up()

    def _give_up(self) -> None:
        self._given_up = True
        # All at once: a row that was cancelled alone would make way for the next one's request.
        self._cancel_all()

    def _cancel_all(self) -> None:
        for _, task in self.running:
            if task is not asyncio.current_task():
                task.cancel()

    def _not_tried(self) -> Outcome:
        if self._unusable:
            return Outcome(failure=ModelFailure("not_tried", f"not asked any more: {self._unusable.message}"))
        remedy = "run again later" if self._out_of_reach >= self._patience else "see why these failed"
        message = f"not tried, since the model failed on {counted(self._failed, 'row')} before it; {remedy}"
        return Outcome(failure=ModelFailure("not_tried", message))
