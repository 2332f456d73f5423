"""Measure whether time grows with a text or faster, whatever the machine does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

SHORT, LONG = 500, 8_000

LINEAR_GROWTH = 100
"""A text 16 times as long takes 16 times as long where time is linear, 256 times where it is quadratic."""


def seconds(action: Callable[[], object]) -> float:
    """The processor time of an action: what else the machine does does not count."""
    start = time.process_time()
    action()
    return time.process_time() - start


def grows_with(action: Callable[[str], object], text: str) -> bool:
    """Return whether the time of an action grows no faster than the text, in one of three tries."""
    short, long = ((text * LONG)[:length] for length in (SHORT, LONG))
    tries = ((seconds(lambda: action(long)), seconds(lambda: action(short))) for _ in range(3))
    return any(slow <= LINEAR_GROWTH * max(quick, 0.0005) for slow, quick in tries)
