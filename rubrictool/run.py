"""How to do many rows: side by side, results in input order, and an end when the model is gone."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rubrictool.errors import ModelFailure, RowFailure
from rubrictool.records import Round, Row

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What became of one input row: rows out, and a failure where it could not be finished, or not wholly."""

    rows: tuple[Row, ...] = ()
    failure: RowFailure | None = None
    trace: tuple[Round, ...] = ()


Work = Callable[[T], Awaitable[Outcome]]


async def in_order(
    items: Iterable[T], work: Work[T], *, at_once: int, patience: int | None = None
) -> AsyncGenerator[tuple[T, Outcome], None]:
    """Each item with its outcome, in the order of the items, `at_once` of them under way or waiting to be yielded.

    A `RowFailure` that `work` raises becomes the row's outcome. When `patience` (by default `at_once`) consecutive rows
    fail on the model, the run ends: what is left comes out as failures of kind `not_tried`. Leaving the iteration
    cancels what is under way.
    """
    rows = _Rows(work, patience=patience or at_once)
    source = iter(items)
    under_way: deque[tuple[T, asyncio.Task[Outcome]]] = deque()
    try:
        while True:
            while len(under_way) < at_once and (item := next(source, _END)) is not _END:
                under_way.append((item, rows.start(item)))  # type: ignore[arg-type]
            if not under_way:
                return
            item, task = under_way.popleft()
            yield item, await rows.outcome(task)
    finally:
        await _cancelled([task for _, task in under_way])


_END = object()


class _Rows(Generic[T]):
    """Rows under way, and the count of those that failed on the model one after the other."""

    def __init__(self, work: Work[T], *, patience: int) -> None:
        self._work, self._patience, self._failed_in_a_row = work, patience, 0
        self._gone: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def start(self, item: T) -> asyncio.Task[Outcome]:
        return asyncio.create_task(self._done(item))

    async def outcome(self, task: asyncio.Task[Outcome]) -> Outcome:
        """The task's outcome, or `not_tried` as soon as the model is gone."""
        if not task.done():
            await asyncio.wait([task, self._gone], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        await _cancelled([task])
        return _NOT_TRIED

    async def _done(self, item: T) -> Outcome:
        if self._gone.done():
            return _NOT_TRIED
        try:
            outcome = await self._work(item)
        except RowFailure as failure:
            outcome = Outcome(failure=failure)
        self._count(outcome)
        return outcome

    def _count(self, outcome: Outcome) -> None:
        """Count a failure; one for want of money says nothing of the model, and what is cached can still be done."""
        if outcome.failure and outcome.failure.kind == "budget":
            return
        failed = isinstance(outcome.failure, ModelFailure)
        self._failed_in_a_row = self._failed_in_a_row + 1 if failed else 0
        if self._failed_in_a_row >= self._patience and not self._gone.done():
            self._gone.set_result(None)


_NOT_TRIED = Outcome(
    failure=ModelFailure("not_tried", "the model failed on every row before this one; run again later")
)


async def all_of(*asked: Awaitable[T]) -> list[T]:
    """All results, once every one is there or has failed: what is under way is paid for. Raises the first failure."""
    results = await asyncio.gather(*asked, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results  # type: ignore[return-value]


async def _cancelled(tasks: list[asyncio.Task[Outcome]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
