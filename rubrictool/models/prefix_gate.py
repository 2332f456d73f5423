"""Let one of several requests with a common prefix go first, so that the server's prefix cache serves the others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

REMEMBERED = 10_000
"""Most prefix keys that are remembered."""


class PrefixGate:
    """The prefixes that were asked lately. A server's prefix cache holds a prefix only once it has been read."""

    def __init__(self) -> None:
        self._finished: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()
        self._lately: deque[asyncio.Event] = deque(maxlen=REMEMBERED)

    @asynccontextmanager
    async def wait_for_prefix(self, prefix_keys: Sequence[str]) -> AsyncIterator[Callable[[], None]]:
        """Wait until a request with each prefix key, the shortest first, has finished; become the leader for new keys.

        Yield a callback to call after the leader's first request, whatever its result.
        """
        led: list[asyncio.Event] = []

        def on_first_response() -> None:
            for event in led:
                event.set()

        try:
            for key in prefix_keys:
                await self._lead_or_wait(key, led)
            yield on_first_response
        finally:
            on_first_response()

    async def _lead_or_wait(self, key: str, led: list[asyncio.Event]) -> None:
        if known := self._finished.get(key):
            await known.wait()
            return
        ours = self._finished[key] = asyncio.Event()
        self._lately.append(ours)
        led.append(ours)
