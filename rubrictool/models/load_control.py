"""Learn from what a server refuses how many requests it takes, in flight and per second."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from rubrictool.models.pace import Pace
from rubrictool.models.recent_requests import RECENT, RecentRequests, Sent
from rubrictool.models.token_estimate import NO_TOKENS, Tokens

INITIAL_WINDOW = 32
"""Requests in flight at the start: few enough for a small server, and only three doublings from 256."""

ENOUGH = 16
"""Requests of which a share says something: of a fourth refused at random these never look like two thirds."""

FEW = 3
"""Refused requests, with none accepted, from which nothing gets through."""

TOGETHER = 2 / 3
"""Share of the recent requests from which refusals come together."""

TOLERATED = 0.05
"""Share of refused requests up to which a round went well, and a little more is tried."""

STEP = 0.03
"""Growth after a round that went well."""

MOST_STEP = 0.25
"""Highest growth after a round, once requests were refused together."""

SEARCH = 2.0
"""Growth of a pace that may be far too low."""

SEARCH_AFTER_PAUSE = 1.5
"""The same where nothing was sent for a while, so that a burst may have been saved up."""

SEARCH_S = 0.5
"""Shortest round, in seconds, after which such a pace grows."""

LOOSE = 1.25
"""Highest ratio of the pace to what is sent at which it still grows."""

STEADY_ROUNDS = 4
"""Rounds that go well, after which the growth doubles each time."""

MOST_DOUBLINGS = 4
"""Doublings after which it is above the highest one; a power of the rounds of a long run is no number any more."""

LATELY_S = 3.0
"""Seconds since the last change within which all that was accepted since then counts: a burst may have been saved up."""

MARGIN = 0.97
"""Part of the accepted rate at which requests are sent after a slowdown."""

VAIN_ROUNDS = 3
"""Slowdowns in a row without fewer refusals, after which these do not depend on the load."""


class Overload(NamedTuple):
    """The meaning of a refusal.

    `alone`: others are accepted. `slowed`: some are, and all are sent more slowly from then on. `for_all`: all have to wait.
    """

    alone: bool
    slowed: bool
    for_all: bool


@dataclass
class RequestRound:
    """The requests since the last decision: how many, what held back more, the most in flight when one was refused."""

    began_at: float = 0.0
    sent: int = 0
    refused: int = 0
    window_held: bool = False
    pace_held: bool = False
    full_at: int = 0


class LoadControl:
    """A window of requests in flight, and a pace, for one model.

    A refusal that comes alone changes nothing. The window starts at `INITIAL_WINDOW` and doubles each round trip, up to
    `limit`, until refusals come together. From then on requests are sent at the rate at which they are accepted: after a
    round with more than `TOLERATED` refusals at a little less, after others at a little more. The window becomes what the
    server had in work when it refused, and grows again in the same way.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.window = float(min(limit, INITIAL_WINDOW))
        self.pace = Pace()
        self.in_flight = self.sent = 0
        # The mean round trip of requests that were answered, 0 until one was; how often in a row nothing got through.
        self.round_trip_s, self.blocked = 0.0, 0
        self._recent = RecentRequests(RECENT + limit)
        self._round = RequestRound()
        # Requests up to this one were sent before the last change, which came of them.
        self._changed_after = 0
        self._came_together = False
        self._changed_at, self._refused_since = -math.inf, 0
        self._good_rounds, self._vain_rounds = 0, 0
        # How fast a pace grows that rests on a moment when most was refused, until another refusal shows what it can be.
        self._search = 1.0
        # The rate that went well before refusals came together; it is soon tried again, unless that goes wrong.
        self._good_rate = 0.0
        self._tolerated, self._share_before = TOLERATED, 0.0

    def ready_at(self, now: float) -> float:
        """Return when the next request may be sent, infinity where one has to come back first."""
        if self.in_flight >= int(self.window):
            self._round.window_held = True
            return math.inf
        self._round.pace_held |= self.pace.ready_at > now
        return self.pace.ready_at

    @property
    def accepted_per_s(self) -> float:
        """Return the rate at which the recent requests were accepted."""
        return self._recent.accepted_per_s(self.round_trip_s)

    def note_sent(self, now: float, tokens: Tokens = NO_TOKENS) -> Sent:
        """Count a request that is sent."""
        if not self._round.sent:
            self._round = RequestRound(now)
        self.sent += 1
        self.in_flight += 1
        self._round.sent += 1
        self.pace.take(now)
        sent = Sent(self.sent, now, tokens)
        self._recent.add(sent)
        return sent

    def note_pause(self, until: float) -> None:
        """Note that no request is sent for a while: what is accepted after it does not tell of the time before."""
        self._changed_at = max(self._changed_at, until)
        self._search = min(self._search, SEARCH_AFTER_PAUSE)

    def note_success(self, sent: Sent, now: float) -> None:
        """Note that a request was answered."""
        self.blocked = 0
        took = now - sent.at
        self.round_trip_s += (took - self.round_trip_s) * (0.1 if self.round_trip_s else 1)
        self._end_round(now)

    def note_refusal(self, sent: Sent, now: float, *, wait_asked: bool) -> Overload:
        """Slow down as a refusal suggests; return its meaning. `wait_asked` says that the server names a time to wait."""
        sent.refused = True
        if sent.number <= self._changed_after:
            self._recent.keep_accepted()
            return Overload(not self._came_together, slowed=self._came_together and not self.blocked, for_all=False)
        self._round.refused += 1
        self._refused_since += 1
        self._round.full_at = max(self._round.full_at, self.in_flight - 1)
        self._recent.note_refused(sent)
        decided, accepted = self._recent.decided()
        together = decided >= ENOUGH and accepted <= (1 - TOGETHER) * decided
        blocked = not accepted and (decided >= FEW or self.in_flight == 1)
        if together or blocked:
            self._shrink(now)
        else:
            self._end_round(now)
        self.blocked += blocked
        alone = not together and (not blocked or self.blocked < FEW)
        return Overload(alone, slowed=together and not blocked, for_all=blocked or (together and wait_asked))

    def _shrink(self, now: float) -> None:
        """Send at the rate at which recent requests were accepted; halve the window, if not so many are out."""
        if math.isfinite(self.pace.per_s):
            self._good_rate /= 2
        if rate := self._recent.accepted_per_s(self.round_trip_s, now):
            self._set_pace(now, min(self.pace.per_s, rate, self._rate_since_change(now)))
            self._search = SEARCH
            # Just now the server takes nothing more.
            self.pace.take(now)
        self.window = max(1.0, self.window / 2, self.in_flight - 1)
        self._change(now, came_together=True)

    def _rate_since_change(self, now: float) -> float:
        """Return the rate at which requests were accepted since a change that is not long ago; infinity for too few."""
        accepted, seconds = self.sent - self._changed_after - self._refused_since, now - self._changed_at
        return accepted / seconds if accepted >= FEW and 0 < seconds < LATELY_S else math.inf

    def _change(self, now: float, *, came_together: bool) -> None:
        """Begin to count anew; what was accepted stays known."""
        self._recent.keep_accepted()
        self._changed_after, self._came_together = self.sent, came_together
        self._changed_at, self._refused_since = now, 0
        self._round = RequestRound()

    def _set_pace(self, now: float, per_s: float) -> None:
        self.pace.set_rate(now, per_s)
        self._good_rounds = 0

    def _end_round(self, now: float) -> None:
        """Once a round trip has passed, and enough was sent to tell, change window and pace by what was refused."""
        done, paced = self._round, math.isfinite(self.pace.per_s)
        seconds = now - done.began_at
        if done.sent < self._round_size(paced=paced) or seconds < self.round_trip_s or not self.round_trip_s:
            return
        share, sent_per_s = done.refused / done.sent, done.sent / seconds
        tolerated = max(self._tolerated, 1.5 / ENOUGH) if self._search > 1 else self._tolerated
        if paced and share > tolerated:
            self._adjust(now, share, sent_per_s)
            return
        if self._search > 1 and seconds < SEARCH_S:
            return
        self._share_before, self._vain_rounds = 0.0, 0
        self._good_rate = max(self._good_rate, sent_per_s * (1 - share)) if share <= TOLERATED else self._good_rate
        self._grow(now, sent_per_s, paced=paced)
        self._round = RequestRound()

    def _round_size(self, *, paced: bool) -> float:
        if not paced:
            return self.window
        if self._search > 1 and not self._round.refused:
            return FEW
        # Where refusals are random, few requests do not tell their share.
        return ENOUGH if self._leap > 1 and self._round.refused <= 1 else RECENT

    @property
    def _leap(self) -> float:
        """Return how much faster the pace may be made at once where it may be far below what the server takes, else 1."""
        return self._search if self._search > 1 else 2.0 if 2 * self.pace.per_s <= self._good_rate else 1.0

    def _grow(self, now: float, sent_per_s: float, *, paced: bool) -> None:
        """Allow a little more of what held requests back."""
        self._good_rounds += 1
        doublings = min(max(0, self._good_rounds - STEADY_ROUNDS), MOST_DOUBLINGS)
        step = min(MOST_STEP, STEP * 2**doublings)
        factor = max(self._leap, 1 + step) if paced else 2
        if self._round.window_held:
            self.window = min(self.limit, max(self.window + 1, self.window * factor))
        if self._round.pace_held:
            # A pace far above what is sent would limit nothing when it has to.
            self.pace.set_rate(now, max(self.pace.per_s, min(self.pace.per_s, LOOSE * sent_per_s) * factor))

    def _adjust(self, now: float, share: float, sent_per_s: float) -> None:
        """Allow a little less than what was accepted in the last round; lift all limits where that has changed nothing."""
        self._good_rate /= 2
        self._search = 1.0
        in_vain = 0 < 0.7 * self._share_before <= share < 0.5
        self._vain_rounds = self._vain_rounds + 1 if in_vain else 0
        self._share_before = self._share_before if in_vain else share
        if self._vain_rounds == VAIN_ROUNDS:
            self._lift(now, share)
        else:
            if self._round.pace_held or not self._round.window_held:
                self._set_pace(now, MARGIN * min(self.pace.per_s, LOOSE * sent_per_s) * max(0.1, 1 - share))
            if self._round.window_held:
                # Not at once to what was in work: few may be out while a burst of refusals comes back.
                self.window = max(1.0, self.window / 2, min(self.window, self._round.full_at))
        self._change(now, came_together=False)

    def _lift(self, now: float, share: float) -> None:
        """Limit nothing, and tolerate such a share of refusals."""
        self.pace.set_rate(now, math.inf)
        self.window, self._tolerated = float(self.limit), 1.5 * share
        self._share_before, self._vain_rounds = 0.0, 0
