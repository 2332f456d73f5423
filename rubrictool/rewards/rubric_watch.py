"""Read a file of rubrics again when it has changed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from rubrictool.errors import InputError

T = TypeVar("T")

POLL_S = 1.0
"""Seconds between two looks at the file."""

_Stamp = tuple[int, int, int] | None


async def watched(path: str, load: Callable[[], T], *, every_s: float = POLL_S) -> AsyncIterator[T | InputError]:
    """Yield what `load` makes of a file after each change, or the error where it cannot be used.

    A change counts once the file has stood still from one look to the next, so that a file is not read half written.
    """
    loaded = before = _stamp(path)
    while True:
        await asyncio.sleep(every_s)
        now = _stamp(path)
        if now is not None and now != loaded and now == before:
            loaded = now
            yield await asyncio.to_thread(_tried, load)
        before = now


def _tried(load: Callable[[], T]) -> T | InputError:
    try:
        return load()
    except InputError as error:
        return error


def _stamp(path: str) -> _Stamp:
    """Return what changes when a file is written or another put in its place, None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
