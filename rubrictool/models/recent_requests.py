"""The latest requests to one model: which were refused, and how many a second were accepted."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from rubrictool.models.token_estimate import NO_TOKENS, Tokens

RECENT = 32
"""The last requests, by which it is seen whether refusals come together."""


@dataclass(eq=False, slots=True)
class Sent:
    """A request that was sent: its number, when, with how many tokens it counts, and whether it was refused."""

    number: int
    at: float
    tokens: Tokens = NO_TOKENS
    refused: bool = False


class RecentRequests:
    """As many of the latest requests as are kept, oldest first."""

    def __init__(self, kept: int) -> None:
        self._sent: deque[Sent] = deque(maxlen=kept)
        self._last_refused = 0

    def add(self, sent: Sent) -> None:
        """Add a request that is sent."""
        self._sent.append(sent)

    def note_refused(self, sent: Sent) -> None:
        """Note that a request was refused."""
        self._last_refused = max(self._last_refused, sent.number)

    def keep_accepted(self) -> None:
        """Forget those that were refused."""
        self._sent = deque((one for one in self._sent if not one.refused), self._sent.maxlen)

    def decided(self) -> tuple[int, int]:
        """Return how many of the last `RECENT` have an outcome, and how many of these were accepted."""
        recent = self._decided()[-RECENT:]
        return len(recent), sum(not one.refused for one in recent)

    def accepted_per_s(self, round_trip_s: float, now: float | None = None) -> float:
        """Return the rate at which requests of the last second were accepted; without `now`, up to the last one that was sent."""
        sent = list(self._sent) if now is None else self._decided()
        end = now if now is not None else sent[-1].at if sent else 0.0
        sent = [one for one in sent if one.at >= end - 1]
        span = max(end - sent[0].at, min(1.0, round_trip_s or 0.1)) if sent else 1.0
        return sum(not one.refused for one in sent) / span

    def _decided(self) -> list[Sent]:
        """Return those up to the last that was refused: of them, those that are out still have been accepted."""
        return [one for one in self._sent if one.number <= self._last_refused]
