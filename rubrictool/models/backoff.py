"""Compute the pause between two requests for one question."""

from __future__ import annotations

import random

from rubrictool.errors import Transient

LONGEST_PAUSE_S = 120.0
"""Longest pause that no server has asked for, in seconds."""

WINDOW_S = 61.0
"""The longest usual window of a rate limit, and a second more."""

MOST_DOUBLINGS = 64
"""Doublings of a pause at most, far beyond every limit: whoever allows thousands of attempts gets a number, too."""

SLOWED_S = 8.0
"""Time in which requests that are slowed down are accepted again."""


def pause_after(error: Transient, number: int, *, backoff_s: float, next_is_last: bool = False) -> float:
    """Return the seconds to wait after the attempt of this number: what the server asks for, else random and growing.

    After 429s that come together, without a wait, they are longer. Where no request gets through they reach past a minute, the
    usual window of a rate limit, before the last one.
    """
    doublings = min(number - 1, MOST_DOUBLINGS)
    step: float = backoff_s * 2**doublings
    if error.retry_after is not None:
        # Servers round the wait, and the requests that wait should not all come at the same moment.
        return error.retry_after + random.uniform(0.5, 1) * min(step, 10 * backoff_s)
    if error.rate_limited and not error.alone:
        longest = SLOWED_S if error.slowed else WINDOW_S
        window = 2 * backoff_s * (longest if next_is_last else min(longest, 4.0**doublings))
        return random.uniform(1, 1.1) * window
    # Full jitter (Brooker 2015).
    return random.uniform(0, min(LONGEST_PAUSE_S, step / 2 if error.alone else step))
