"""What the models of one run share: cache, budget, connections, keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from rubrictool.models.backend import Backend, Price, VllmLaunch
from rubrictool.models.budget import Budget, DryRun
from rubrictool.models.cache import Cache
from rubrictool.models.connections import Connections, unpicklable
from rubrictool.models.rate_limiter import CONCURRENCY, RateLimiter
from rubrictool.models.sending import MAX_WAIT_S


@dataclass(frozen=True)
class RunContext:
    """How the models of one run are reached: what they share, and close together.

    `specs` are the specs of all models that the run will ask: the servers among them decide which key goes where
    (`origins.key_for`), so they must be known before the first one is connected. `cache` opens the cache, once, for the first
    model that needs one. `prices` are by model name, and under an empty name for all others; they come before what a backend
    knows. Models are asked on the process's background loop, from any event loop and thread; there `tell` is called too.
    Leaving `async with RunContext(...)` closes what the models have opened.
    """

    __reduce__ = unpicklable

    cache: Callable[[], Cache | None] = lambda: None
    concurrency: int = CONCURRENCY
    attempts: int = 5
    timeout_s: float = 300
    max_wait_s: float = MAX_WAIT_S
    budget: Budget = field(default_factory=Budget)
    prices: Mapping[str, Price] = field(default_factory=dict)
    vllm: VllmLaunch = field(default_factory=VllmLaunch)
    allow_http_key: bool = False
    specs: Sequence[str] = ()
    tell: Callable[[str], None] = lambda _: None
    on_wait: Callable[[str, float], None] = lambda *_: None
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    connections: Connections = field(default_factory=lambda: Connections(background=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close what the models have opened; asking one of them raises `InputError` from then on."""
        await self.connections.close()

    @property
    def dry_run(self) -> bool:
        """Whether nothing is asked, so that no key and no server is needed."""
        return isinstance(self.budget, DryRun)


class Endpoint(NamedTuple):
    """What answers for a spec, in whatever role: its name, its backend, and how fast it is asked."""

    name: str
    backend: Backend
    pace: RateLimiter
