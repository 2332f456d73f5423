"""What the models of one RunContext hold open, and the event loop on which they are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, NoReturn, TypeVar
from weakref import WeakSet

from rubrictool.errors import InputError
from rubrictool.models.backend import Backend
from rubrictool.models.background_loop import BackgroundLoop, background_loop
from rubrictool.models.cache import Cache
from rubrictool.models.schema_support import SchemaSupport

T = TypeVar("T")

CLOSED = "this model's RunContext is closed; ask inside its `async with`, or open another"


class Connections:
    """Backends and a cache that are used and closed on one event loop.

    In the background, that is the process's own loop, so that callers may have any loops and threads; otherwise it is
    the caller's, who then has only one: a command.
    """

    def __init__(self, *, background: bool) -> None:
        self._background = background
        self._loop: BackgroundLoop | None = None
        self._opened = AsyncExitStack()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._cache: Cache | None = None
        self.closed = False
        # Held by whoever opens an endpoint, so that two who need the same one open it once.
        self.opening = asyncio.Lock()
        self.probes: WeakSet[SchemaSupport] = WeakSet()

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return the result of an async function that asks a model, or opens one.

        Raises `InputError` once this is closed, and in a fork of the process that has used it.
        """
        if not self._background:
            return await self._unless_closed(work)
        return await self._bound().run(lambda: self._unless_closed(work))

    def add(self, backend: Backend) -> None:
        """Close a backend together with all others."""
        self._opened.push_async_callback(backend.close)

    def cache(self, open_cache: Callable[[], Cache | None]) -> Cache | None:
        """Return the cache that all models share, opened by the first who needs it."""
        if self._cache is None and (cache := open_cache()):
            self._cache = cache
            self._opened.callback(cache.close)
        return self._cache

    async def close(self) -> None:
        """Close what was opened. Whoever still waits for an answer gets an `InputError`."""
        if self.closed or (self._loop and self._loop.forked):
            return
        self.closed = True
        await (self._loop.run(self._end) if self._loop else self._end())

    def _bound(self) -> BackgroundLoop:
        """The loop, from the first use on: a RunContext that has opened nothing yet may go into a fork."""
        if self._loop is None:
            self._loop = background_loop()
            self._loop.keep(self, self._opened)
        return self._loop

    async def _unless_closed(self, work: Callable[[], Awaitable[T]]) -> T:
        if self.closed:
            raise InputError(CLOSED)
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            return await work()
        except asyncio.CancelledError:
            if self.closed:
                raise InputError(CLOSED) from None
            raise
        finally:
            self._under_way.discard(task)

    async def _end(self) -> None:
        for task in self._under_way:
            task.cancel()
        for probe in self.probes:
            probe.close()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._loop:
            self._loop.forget(self._opened)
        await self._opened.aclose()


def unpicklable(holder: object) -> NoReturn:
    """Refuse to be pickled: the `__reduce__` of whatever holds connections."""
    raise TypeError(
        f"{type(holder).__name__} cannot be pickled: it holds the connections, the cache and the budget of this process; "
        "call rubrictool.judge, proposer or connect in the process that asks"
    )
