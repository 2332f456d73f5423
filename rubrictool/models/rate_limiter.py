"""Limit the requests in flight to one model: adapt their number to the server, and pause when it asks for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

INITIAL_WINDOW = 32
"""Requests in flight at the start: few enough for a small server, and only three doublings from 256."""


class RateLimiter:
    """A window of requests in flight to one model.

    It starts at `INITIAL_WINDOW` and doubles each round trip up to `limit`, until the server first reports an overload.
    From then on each overload halves it, and each round trip without one adds one: the additive increase and
    multiplicative decrease of TCP (Jacobson 1988). Requests that were sent before the last halving halve it no further.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.window = float(min(limit, INITIAL_WINDOW))
        self.in_flight = 0
        self._doubling = True
        self._halved_at = self._opens_at = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def slot(self, *, ahead: bool = False) -> AsyncIterator[float]:
        """Hold a slot of the window, `ahead` of the requests that wait; yield when it was taken, in the loop's time."""
        await self._enter(ahead=ahead)
        try:
            yield self._now()
        finally:
            self.in_flight -= 1
            self._admit()

    def on_success(self) -> None:
        """Widen the window after a request that was answered."""
        self.window = min(self.limit, self.window + (1 if self._doubling else 1 / self.window))

    def on_overload(self, *, started_at: float, pause_s: float) -> bool:
        """Halve the window and pause, after a request sent at `started_at` was turned away.

        Return whether all requests now wait noticeably longer than before.
        """
        now = self._now()
        if started_at >= self._halved_at:
            self._doubling, self.window, self._halved_at = False, max(1.0, self.window / 2), now
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
        """Admit waiting requests, in their order, as far as the window allows."""
        while self._waiting and self._open():
            turn = self._waiting.popleft()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)

    def _open(self) -> bool:
        return self.in_flight < int(self.window) and self._now() >= self._opens_at

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
