"""A cluster inside this process: the engine's workers without Ray, in virtual time; they die where a test wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from rubrictool.distribution.cluster import Cluster, Processors
from rubrictool.distribution.job import Job
from rubrictool.distribution.worker import Worker
from rubrictool.models.options import AskPolicy


class Died(Exception):
    """A call to a worker that died."""


class Handle:
    """A worker, which does its calls as tasks until it is killed."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._dead = asyncio.Event()
        self.placed = asyncio.Event()
        self.open, self.deliver, self.report = (
            _Method(self._unless_dead, method) for method in (worker.open, worker.deliver, worker.report)
        )

    def stop(self) -> None:
        """Do no more, as a process that was killed, before anybody knows."""
        for task in self._worker._running.values():
            task.cancel()

    def kill(self) -> None:
        self.stop()
        self._dead.set()

    async def wait(self) -> None:
        """Wait for a processor, or the end."""
        await self._unless_dead(self.placed.wait)

    async def _unless_dead(self, method: Callable[..., Coroutine[Any, Any, Any]], *arguments: object) -> Any:
        call, dead = asyncio.ensure_future(method(*arguments)), asyncio.ensure_future(self._dead.wait())
        await asyncio.wait([call, dead], return_when=asyncio.FIRST_COMPLETED)
        for one in (call, dead):
            one.cancel()
        if self._dead.is_set():
            raise Died("killed")
        return call.result()


class _Method:
    def __init__(self, called: Callable[..., Coroutine[Any, Any, Any]], method: Callable[..., Any]) -> None:
        self._called, self._method = called, method

    def remote(self, *arguments: object) -> asyncio.Task[Any]:
        return asyncio.create_task(self._called(self._method, *arguments))


class LocalCluster(Cluster):
    """A cluster of so many processors, of which others use some."""

    def __init__(self, processors: int, *, others: int = 0) -> None:
        self._total, self._others = processors, others
        self.handles: list[Handle] = []
        self.answering = True

    async def start(self) -> None: ...

    async def processors(self) -> Processors:
        return Processors(self._total, self._free)

    async def worker(self, job: Job, share: AskPolicy) -> Handle:
        handle = Handle(Worker(job, share))
        if self._free > 0:
            handle.placed.set()
        self.handles.append(handle)
        return handle

    async def placed(self, handle: Handle) -> None:
        await handle.wait()

    async def forget(self, handle: Handle) -> None:
        self.handles.remove(handle)

    def lose_node(self, processors: int, *, noticed_after_s: float = 0) -> None:
        """End the last workers with their processors."""
        self._total -= processors
        for handle in self.handles[-processors:]:
            handle.stop()
            asyncio.get_running_loop().call_later(noticed_after_s, handle.kill)

    def add_node(self, processors: int) -> None:
        self._total += processors

    @property
    def died(self) -> type[Exception]:
        return Died

    async def answers(self) -> bool:
        return self.answering

    async def close(self) -> None:
        for handle in self.handles:
            handle.kill()

    @property
    def _free(self) -> int:
        return self._total - self._others - sum(handle.placed.is_set() for handle in self.handles)
