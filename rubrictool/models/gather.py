"""Await several calls to the end before raising what failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from rubrictool.errors import ModelFailure, RowFailure, Undecided

T = TypeVar("T")


async def gather_partial(*calls: Awaitable[T]) -> tuple[list[T], list[RowFailure]]:
    """Return the results with the failures of the other calls, once all are done.

    Raises any error that is neither `ModelFailure` nor `Undecided`.
    """
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, ModelFailure | Undecided):
            raise result
    failures: list[RowFailure] = [result for result in results if isinstance(result, ModelFailure | Undecided)]
    return [result for result in results if not isinstance(result, BaseException)], failures


async def gather_all(*calls: Awaitable[T]) -> list[T]:
    """Return all results. Raises the first failure once all calls are done, since requests under way are paid for."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results  # type: ignore[return-value]
