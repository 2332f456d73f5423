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
    return any(_is_linear(action, short, long) for _ in range(3))


def _is_linear(action: Callable[[str], object], short: str, long: str) -> bool:
    slow = seconds(lambda: action(long))
    # What takes no time at all is measured no further: of less than half a millisecond the clock tells little.
    return slow <= LINEAR_GROWTH * 0.0005 or slow <= LINEAR_GROWTH * seconds(lambda: action(short))
