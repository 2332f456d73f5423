"""Let requests to one model go as its limits allow: in flight and per second, learned and given, and after a pause."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from rubrictool.models.load_control import LoadControl, Overload, Sent
from rubrictool.models.pace import Pace

MADE_ROOM = 8
"""Requests' worth of time that the others wait before a question's last attempt."""


SAFETY = 0.98
"""Part of a given rate limit that is used: the server's clock and ours, and the way between them, are not exact."""


class _Turn(NamedTuple):
    """A request that waits: set once it may go, and the tokens that it is expected to take."""

    sent: asyncio.Future[Sent]
    tokens: float


class RateLimiter:
    """The slots of the requests to one model, at most `limit` at once, `rpm` requests and `tpm` tokens a minute."""

    def __init__(self, limit: int, *, rpm: int | None = None, tpm: int | None = None) -> None:
        self._load = LoadControl(limit)
        self._requests, self._tokens = Pace(_per_s(rpm)), Pace(_per_s(tpm))
        self.counts_tokens = tpm is not None
        self._opens_at = 0.0
        self._ahead: deque[_Turn] = deque()
        self._waiting: deque[_Turn] = deque()
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
    async def slot(self, *, ahead: bool = False, tokens: float = 0.0) -> AsyncIterator[Sent]:
        """Hold a slot, `ahead` of the requests that wait, for so many expected tokens; yield the request as it was counted."""
        sent = await self._enter(_Turn(asyncio.get_running_loop().create_future(), tokens), ahead=ahead)
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

    def take_back(self, tokens: float) -> None:
        """Forget a request, expected to take so many tokens, that was let go and not sent."""
        for pace in (self._requests, self._load.pace):
            pace.give_back(1)
        self._tokens.give_back(tokens)

    def settle_tokens(self, expected: float, used: float) -> None:
        """Count the tokens that a request took instead of those that were expected."""
        self._tokens.give_back(expected - used)

    async def _enter(self, turn: _Turn, *, ahead: bool) -> Sent:
        (self._ahead if ahead else self._waiting).append(turn)
        self._admit()
        try:
            return await turn.sent
        except asyncio.CancelledError:
            if turn.sent.done() and not turn.sent.cancelled():
                self._load.in_flight -= 1
                self._admit()
            raise

    def _admit(self) -> None:
        """Admit waiting requests, in their order, as far as the limits allow; come back when they allow more."""
        while queue := self._ahead or self._waiting:
            now = self._now()
            if queue[0].sent.done():
                queue.popleft()
            elif (ready_at := self._ready_at(now)) > now:
                self._come_back(ready_at)
                return
            else:
                self._let_go(queue.popleft(), now)

    def _ready_at(self, now: float) -> float:
        return max(self._opens_at, self._requests.ready_at, self._tokens.ready_at, self._load.ready_at(now))

    def _let_go(self, turn: _Turn, now: float) -> None:
        self._requests.take(now)
        self._tokens.take(now, turn.tokens)
        turn.sent.set_result(self._load.note_sent(now))

    def _come_back(self, at: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(at, self._admit) if at < math.inf else None

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _per_s(per_minute: int | None) -> float:
    return math.inf if per_minute is None else SAFETY * per_minute / 60
