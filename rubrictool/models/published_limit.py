"""Keep to one rate limit that a server publishes, without trusting it blindly.

What remains is spread over the time until it is whole again. That is right for a window, whose count starts anew, and for a
bucket, which then settles half full. It is never faster than the limit spread over its period, since servers refuse bursts.
"""

from __future__ import annotations

import math

from rubrictool.models.backend import RateLimit, RateLimitKind
from rubrictool.models.pace import SAFETY, Pace
from rubrictool.models.period_guess import LONGEST_RESET_S, USUAL_PERIOD_S, PeriodGuess
from rubrictool.models.recent_requests import Sent

ROUNDING_S = 0.1
"""Seconds by which a reset may be later than it says."""

MATCH = 1.1
"""Factor by which the period of a bucket may seem another than it is, since what remains is rounded."""

LEAST = 0.1
"""Part of the limit that may always be used as long as anything remains: others may have used the rest, or headers be wrong."""

DISTRUST_S = 120.0
"""Time after which a limit that leaves less than `LEAST`, while nothing is refused, is ignored."""


class PublishedLimit:
    """One limit, of units such as requests or tokens, as the replies of a server tell it.

    `share` is the part of it that is ours: the rest is for other processes that ask the same server at the same time.
    """

    def __init__(self, kind: RateLimitKind, share: float = 1.0) -> None:
        self.kind, self._share = kind, share
        self._pace = Pace()
        self._opens_at = 0.0
        self._period = PeriodGuess()
        # The units of the requests that were sent, and the number of the latest one whose reply was read.
        self._units, self._requests, self._newest = 0.0, 0, 0
        self._starved_since = math.inf
        self._distrusted = False

    def ready_at(self, now: float) -> float:
        """Return when the next request may be sent."""
        self._period.held |= self._pace.ready_at > now
        return max(self._pace.ready_at, self._opens_at)

    def take(self, now: float, units: float) -> None:
        """Count a request that is sent."""
        self._pace.take(now, units, since=self._opens_at)
        self._units += units
        self._requests += 1

    def give_back(self, units: float) -> None:
        """Take back units that were not used; a negative amount counts more of them."""
        self._pace.give_back(units)
        self._units -= units

    def note_refusal(self, now: float) -> None:
        """Note that a request was refused: then the limits are meant."""
        self._period.note_refusal()
        if math.isfinite(self._starved_since):
            self._starved_since = now

    def note(self, told: RateLimit, sent: Sent, now: float, *, later: int) -> None:
        """Learn from the reply to a request, after which `later` others were sent, unless a later one's has come before."""
        if self._distrusted or sent.number < self._newest:
            return
        self._newest = sent.number
        bucket, mean = _is_bucket(told), self._units / max(1, self._requests)
        # No request waits longer than a minute for the one before it, whatever the numbers are.
        slowest = mean / LONGEST_RESET_S
        highest = max(slowest, self._even_rate(told, sent.at, bucket=bucket))
        left_s = _left_s(told, now - sent.at)
        wanted = (self._share * (told.remaining or 0.0) - later * mean) / left_s if left_s else highest
        least = max(slowest, LEAST * min(highest, self._share * (told.limit or 0.0) / USUAL_PERIOD_S))
        closed = wanted <= 0 and not bucket
        if closed:
            self._opens_at = now + left_s + ROUNDING_S
        self._pace.set_rate(now, highest if closed else min(highest, max(least, wanted)))
        self._doubt(now, starved=wanted < least)

    def _even_rate(self, told: RateLimit, sent_at: float, *, bucket: bool) -> float:
        """Return the rate that uses up the limit in each period, infinity where one of both is unknown."""
        period_s = told.period_s or (USUAL_PERIOD_S if bucket else self._period.after(told, sent_at))
        return self._share * SAFETY * told.limit / period_s if told.limit and period_s else math.inf

    def _doubt(self, now: float, *, starved: bool) -> None:
        self._starved_since = min(self._starved_since, now) if starved else math.inf
        if now - self._starved_since > DISTRUST_S:
            self._distrusted, self._opens_at = True, 0.0
            self._pace.set_rate(now, math.inf)


def _left_s(told: RateLimit, age_s: float) -> float:
    """Return the seconds until a limit is whole again; 0 where that is unknown, over, or not worth to wait for."""
    if told.remaining is None or told.reset_s is None or told.reset_s > LONGEST_RESET_S:
        return 0.0
    return max(0.0, told.reset_s - age_s)


def _is_bucket(told: RateLimit) -> bool:
    """Return whether a limit is one of a bucket per minute, which is whole again when what was used is refilled."""
    if told.limit is None or told.remaining is None or not told.reset_s:
        return False
    used = told.limit - told.remaining
    if used < 1:
        return False
    # What remains is told in whole units: up to one less was used, unless that was all.
    shortest, longest = (told.limit * told.reset_s / units for units in (used, max(1.0, used - 1)))
    return shortest / MATCH <= USUAL_PERIOD_S <= longest * MATCH
