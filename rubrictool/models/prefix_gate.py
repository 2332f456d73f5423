"""Who goes ahead: of the questions that begin alike one is asked first, so that the server has read their beginning."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

REMEMBERED = 10_000


class PrefixGate:
    """The beginnings that were asked lately. A server's prefix cache holds a beginning only once it has been read."""

    def __init__(self) -> None:
        self._gone_ahead: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()
        self._lately: deque[asyncio.Event] = deque(maxlen=REMEMBERED)

    @asynccontextmanager
    async def behind(self, beginnings: Sequence[str]) -> AsyncIterator[Callable[[], None]]:
        """Enter once each of these beginnings, the shortest first, was asked; or be the one who goes ahead.

        Yields what to call when the first request is over, whatever came of it.
        """
        led: list[asyncio.Event] = []

        def over() -> None:
            for event in led:
                event.set()

        try:
            for beginning in beginnings:
                await self._go_ahead_or_wait(beginning, led)
            yield over
        finally:
            over()

    async def _go_ahead_or_wait(self, beginning: str, led: list[asyncio.Event]) -> None:
        if known := self._gone_ahead.get(beginning):
            await known.wait()
            return
        ours = self._gone_ahead[beginning] = asyncio.Event()
        self._lately.append(ours)
        led.append(ours)
