"""How fast one model is asked: as many requests in flight as it takes, and everybody waits when it says so."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CONCURRENCY = 64
"""Requests in flight at most, where nobody says otherwise."""

FIRST = 32
"""Requests in flight at the start: few enough for a small server, and only three doublings from 256."""


class RateLimiter:
    """The requests to one model that may be in flight.

    Their number starts at `FIRST` and doubles each round trip up to `limit`, until the server first says that it has
    too much to do. From then on each such word halves it, and each round trip without one adds one: the additive
    increase and multiplicative decrease of TCP (Jacobson 1988). What was sent before the last halving halves no more.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.window = float(min(limit, FIRST))
        self.in_flight = 0
        self._climbing = True
        self._halved_at = self._opens_at = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def passage(self, *, ahead: bool = False) -> AsyncIterator[float]:
        """Take a place among the requests in flight, `ahead` of those that wait; yield when it was taken, in the loop's time."""
        await self._enter(ahead=ahead)
        try:
            yield self._now()
        finally:
            self.in_flight -= 1
            self._admit()

    def went_well(self) -> None:
        """A request was answered."""
        self.window = min(self.limit, self.window + (1 if self._climbing else 1 / self.window))

    def overloaded(self, *, since: float, pause_s: float) -> bool:
        """Send fewer requests at once, and none for a while: one sent at `since` was turned away.

        Return whether that makes everybody wait noticeably longer than they would have.
        """
        now = self._now()
        if since >= self._halved_at:
            self._climbing, self.window, self._halved_at = False, max(1.0, self.window / 2), now
        longer = now + pause_s - max(self._opens_at, now)
        if longer > 0:
            self._opens_at = now + pause_s
            asyncio.get_running_loop().call_at(self._opens_at, self._admit)
        return longer > pause_s / 4

    async def _enter(self, *, ahead: bool) -> None:
        if (ahead or not self._waiting) and self._open():
            self.in_flight += 1
            return
        turn = asyncio.get_running_loop().create_future()
        (self._waiting.appendleft if ahead else self._waiting.append)(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.in_flight -= 1
                self._admit()
            raise

    def _admit(self) -> None:
        """Let those in whose turn it is."""
        while self._waiting and self._open():
            turn = self._waiting.popleft()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)

    def _open(self) -> bool:
        return self.in_flight < int(self.window) and self._now() >= self._opens_at

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
