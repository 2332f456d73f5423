"""Let requests to one model go as its limits allow: in flight and per second, learned and given, and after a pause."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rubrictool.models.load_control import LoadControl, Overload, Sent

MADE_ROOM = 8
"""Requests' worth of time that the others wait before a question's last attempt."""


class RateLimiter:
    """The slots of the requests to one model, at most `limit` at once."""

    def __init__(self, limit: int) -> None:
        self._load = LoadControl(limit)
        self._opens_at = 0.0
        self._ahead: deque[asyncio.Future[Sent]] = deque()
        self._waiting: deque[asyncio.Future[Sent]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def window(self) -> float:
        """Return how many requests may be in flight now."""
        return self._load.window

    @property
    def in_flight(self) -> int:
        """Return how many requests are in flight."""
        return self._load.in_flight

    @property
    def round_trip_s(self) -> float:
        """Return the mean time of requests that were answered, in seconds; 0 until one was."""
        return self._load.round_trip_s

    @asynccontextmanager
    async def slot(self, *, ahead: bool = False) -> AsyncIterator[Sent]:
        """Hold a slot, `ahead` of the requests that wait; yield the request as it was counted."""
        sent = await self._enter(ahead=ahead)
        try:
            yield sent
        finally:
            self._load.in_flight -= 1
            self._admit()

    def on_success(self, sent: Sent) -> None:
        """Note that a request was answered."""
        self._load.note_success(sent, self._now())

    def on_refusal(self, sent: Sent, *, wait_asked: bool) -> Overload:
        """Note that a request was turned away because there are too many; return what that means."""
        return self._load.note_refusal(sent, self._now(), wait_asked=wait_asked)

    def make_room(self) -> None:
        """Let no request go for as long as it took to accept a few: the next one is somebody's last."""
        self.pause(min(1.0, MADE_ROOM / max(self._load.accepted_per_s, MADE_ROOM)))

    def pause(self, seconds: float) -> bool:
        """Let no request go for so long; return whether that is noticeably longer than before."""
        now = self._now()
        longer = now + seconds - max(self._opens_at, now)
        self._opens_at = max(self._opens_at, now + seconds)
        return longer > seconds / 4

    @property
    def blocked(self) -> int:
        """Return how often in a row no request got through."""
        return self._load.blocked

    async def _enter(self, *, ahead: bool) -> Sent:
        turn: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        (self._ahead if ahead else self._waiting).append(turn)
        self._admit()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._load.in_flight -= 1
                self._admit()
            raise

    def _admit(self) -> None:
        """Admit waiting requests, in their order, as far as the limits allow; come back when they allow more."""
        while queue := self._ahead or self._waiting:
            now = self._now()
            if queue[0].done():
                queue.popleft()
            elif (ready_at := max(self._opens_at, self._load.ready_at(now))) > now:
                self._come_back(ready_at)
                return
            else:
                queue.popleft().set_result(self._load.note_sent(now))

    def _come_back(self, at: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(at, self._admit) if at < math.inf else None

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
