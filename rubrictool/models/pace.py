"""Spread units of something, requests or tokens, evenly over time."""

from __future__ import annotations

import math

SAFETY = 0.98
"""Part of a provider's rate limit that is used: the server's clock and ours, and the way between them, are not exact."""

LATENESS_S = 0.02
"""Seconds by which a unit may be late without slowing down those after it; timers and other tasks delay each a little."""


class Pace:
    """A rate, in units per second; infinite until one is set."""

    def __init__(self, per_s: float = math.inf) -> None:
        self.per_s = per_s
        # When everything taken so far is worked off, and the next unit may be taken.
        self.ready_at = 0.0

    def take(self, now: float, amount: float = 1.0, *, since: float = -math.inf) -> None:
        """Count so many units as taken now; before `since` none could be taken."""
        self.ready_at = max(self.ready_at, now - LATENESS_S, since) + amount / self.per_s

    def give_back(self, amount: float) -> None:
        """Take back units that were not used; a negative amount counts more of them."""
        self.ready_at -= amount / self.per_s

    def set_rate(self, now: float, per_s: float) -> None:
        """Work off what was taken, and what will be, at a new rate."""
        owed = max(0.0, self.ready_at - now) * self.per_s if math.isfinite(self.per_s) else 0.0
        self.per_s, self.ready_at = per_s, now + owed / per_s
