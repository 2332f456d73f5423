"""Guess the period of a rate limit whose headers do not name it."""

from __future__ import annotations

import math

from rubrictool.models.backend import RateLimit

LONGEST_RESET_S = 61.0
"""The longest reset that is waited for, in seconds: a minute is the usual period, and resets are rounded."""

USUAL_PERIOD_S = 60.0

HARDLY = 0.9
"""Part of a limit; where less is used until its reset, it allows more than we thought."""


class PeriodGuess:
    """The period of one limit, by its resets.

    Providers limit requests and tokens per minute or per day. Where less than the limit is used until a reset, although
    requests have to wait for this limit, the period is shorter, unless requests are then refused. For any other limit it
    is the longest reset seen.
    """

    def __init__(self) -> None:
        self.held = False
        self._guess_s, self._settled, self._longest_s = USUAL_PERIOD_S, False, 0.0
        self._ends_at, self._whole, self._most_used = -math.inf, False, 0.0

    def after(self, told: RateLimit, sent_at: float) -> float | None:
        """Return the period, in seconds, by what a reply tells; None where it is unknown or long."""
        if told.reset_s is None:
            return USUAL_PERIOD_S if told.conventional else None
        if told.reset_s > LONGEST_RESET_S:
            return None
        if sent_at >= self._ends_at:
            self._begin(told, sent_at)
        self._longest_s = max(self._longest_s, told.reset_s)
        if told.limit is not None and told.remaining is not None:
            self._most_used = max(self._most_used, told.limit - told.remaining)
        return self._guess_s if told.conventional else self._longest_s

    def note_refusal(self) -> None:
        """Take back what was guessed, and guess no more."""
        self._guess_s, self._settled = USUAL_PERIOD_S, True

    def _begin(self, told: RateLimit, sent_at: float) -> None:
        """Begin a period; the first one was seen only in part."""
        if self._whole and self.held and not self._settled and self._most_used < HARDLY * (told.limit or 0):
            self._guess_s = max(self._longest_s, self._guess_s / 2)
        self._whole = math.isfinite(self._ends_at)
        self._ends_at, self._most_used, self.held = sent_at + (told.reset_s or 0.0), 0.0, False
