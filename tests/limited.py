"""Model servers with limits, simulated in virtual time: random refusals, a token bucket, so many in work."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fakes import model_of
from virtual_time import run

from rubrictool.errors import ModelFailure, Transient
from rubrictool.models.backend import Completion, Price, Request
from rubrictool.models.question import Question

Accepts = Callable[["LimitedServer", float], bool]


class LimitedServer:
    """A backend that refuses a request within 2 ms where `accepts` says so at its time, else answers after `latency_s`."""

    recorded = False
    price: Price | None = None

    def __init__(
        self, accepts: Accepts, *, latency_s: float = 0.2, spread: float = 0.0, retry_after: float | None = None
    ) -> None:
        self._accepts, self._latency_s, self._spread = accepts, latency_s, spread
        self._retry_after, self._random = retry_after, random.Random(7)
        self.in_work = 0
        self.sent_at: list[float] = []
        self.refused_at: list[float] = []

    async def complete(self, request: Request) -> Completion:  # noqa: ARG002
        now = asyncio.get_running_loop().time()
        self.sent_at.append(now)
        if not self._accepts(self, now):
            self.refused_at.append(now)
            await asyncio.sleep(0.002)
            raise Transient("HTTP 429", overloaded=True, rate_limited=True, retry_after=self._retry_after)
        self.in_work += 1
        await asyncio.sleep(self._random.lognormvariate(math.log(self._latency_s), self._spread))
        self.in_work -= 1
        return Completion("yes")

    @property
    def refused_share(self) -> float:
        return len(self.refused_at) / len(self.sent_at)

    async def close(self) -> None:
        """Nothing to close."""


class Bucket:
    """A token bucket: so many requests a second, and at most so many at once."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s, self._burst, self._tokens, self._at = per_s, burst, float(burst), 0.0

    def __call__(self, server: LimitedServer, now: float) -> bool:  # noqa: ARG002
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        taken = self._tokens >= 1
        self._tokens -= taken
        return taken


def at_random(share: float) -> Accepts:
    draws = random.Random(1)
    return lambda *_: draws.random() >= share


def everything(*_: object) -> bool:
    return True


@dataclass
class Asked:
    """How long a run took in virtual seconds, and how many questions it lost."""

    seconds: float
    lost: int


def asked(server: LimitedServer, count: int, *, concurrency: int = 64, **options: Any) -> Asked:
    """Ask so many questions at once; the draws of the pauses are the same each time."""
    random.seed(3)

    async def main() -> Asked:
        model = model_of(server, concurrency=concurrency, **options)
        questions = (Question([{"role": "user", "content": f"{number}?"}]) for number in range(count))
        found = await asyncio.gather(*(model.ask(one, str) for one in questions), return_exceptions=True)
        assert all(isinstance(one, str | ModelFailure) for one in found), found
        lost = sum(isinstance(one, ModelFailure) for one in found)
        return Asked(asyncio.get_running_loop().time(), lost)

    return run(main())
