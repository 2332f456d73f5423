"""Compute the pause between two requests for one question."""

from __future__ import annotations

import random

from rubrictool.errors import Transient

LONGEST_PAUSE_S = 120.0
"""Longest pause that no server has asked for, in seconds."""

WINDOW_S = 61.0
"""The longest usual window of a rate limit, and a second more."""


def pause_after(error: Transient, number: int, *, backoff_s: float, next_is_last: bool = False) -> float:
    """Return the seconds to wait after the attempt of this number: what the server asks for, else random and growing.

    After a 429 without a wait they reach past a minute, the usual window of a rate limit, before the last request, unless it
    came alone.
    """
    step: float = backoff_s * 2 ** (number - 1)
    if error.retry_after is not None:
        # Servers round the wait, and the requests that wait should not all come at the same moment.
        return error.retry_after + random.uniform(0.5, 1) * min(step, 10 * backoff_s)
    if error.rate_limited and not error.alone:
        window = 2 * backoff_s * (WINDOW_S if next_is_last else min(WINDOW_S, 4.0 ** (number - 1)))
        return random.uniform(1, 1.1) * window
    # Full jitter (Brooker 2015).
    return random.uniform(0, min(LONGEST_PAUSE_S, step / 2 if error.alone else step))
