"""Await several calls to the end before raising what failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from rubrictool.errors import ModelFailure, RowFailure, Undecided

T = TypeVar("T")


async def gather_partial(*asked: Awaitable[T]) -> tuple[list[T], list[RowFailure]]:
    """Return the results that there are, and the failures of the others, once all is done.

    Raises what is neither `ModelFailure` nor `Undecided`.
    """
    results = await asyncio.gather(*asked, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, ModelFailure | Undecided):
            raise result
    failures: list[RowFailure] = [result for result in results if isinstance(result, ModelFailure | Undecided)]
    return [result for result in results if not isinstance(result, BaseException)], failures


async def gather_all(*asked: Awaitable[T]) -> list[T]:
    """All results, once every one is there or has failed: what is under way is paid for. Raises the first failure."""
    results = await asyncio.gather(*asked, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results  # type: ignore[return-value]
