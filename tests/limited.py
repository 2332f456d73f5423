"""Model servers with limits, simulated in virtual time: random refusals, a token bucket, so many in work."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from fakes import model_of
from virtual_time import run

from rubrictool.errors import ModelFailure, Transient
from rubrictool.models.backend import Completion, Price, Request
from rubrictool.models.backends.rate_headers import published_limits
from rubrictool.models.question import Question

Accepts = Callable[["LimitedServer", float], bool]


class LimitedServer:
    """A backend that refuses a request within 2 ms where `accepts` says so at its time, else answers after `latency_s`."""

    recorded = False
    price: Price | None = None

    def __init__(
        self,
        accepts: Accepts,
        *,
        latency_s: float = 0.2,
        spread: float = 0.0,
        retry_after: float | None = None,
        headers: Callable[[float], Mapping[str, object]] = lambda _: {},
    ) -> None:
        self._accepts, self._latency_s, self._spread = accepts, latency_s, spread
        self._retry_after, self._random = retry_after, random.Random(7)
        self._headers = headers
        self.in_work = 0
        self.sent_at: list[float] = []
        self.refused_at: list[float] = []

    async def complete(self, request: Request) -> Completion:  # noqa: ARG002
        now = asyncio.get_running_loop().time()
        self.sent_at.append(now)
        accepted = self._accepts(self, now)
        told = published_limits({name: str(value) for name, value in self._headers(now).items()})
        if not accepted:
            self.refused_at.append(now)
            await asyncio.sleep(0.002)
            refused = Transient("HTTP 429", overloaded=True, rate_limited=True, retry_after=self._retry_after)
            refused.rate_limits = told
            raise refused
        self.in_work += 1
        await asyncio.sleep(self._random.lognormvariate(math.log(self._latency_s), self._spread))
        self.in_work -= 1
        return Completion("yes", rate_limits=told)

    @property
    def refused_share(self) -> float:
        return len(self.refused_at) / len(self.sent_at)

    async def close(self) -> None:
        """Nothing to close."""


class Bucket:
    """A token bucket: so many requests a second, and at most so many at once."""

    def __init__(self, per_s: float, burst: int) -> None:
        self.per_s, self.burst, self.tokens, self._at = per_s, burst, float(burst), 0.0

    def __call__(self, server: LimitedServer | None, now: float) -> bool:  # noqa: ARG002
        self.refill(now)
        taken = self.tokens >= 1
        self.tokens -= taken
        return taken

    def refill(self, now: float) -> None:
        """Add what has come since the last time."""
        self.tokens = min(self.burst, self.tokens + (now - self._at) * self.per_s)
        self._at = now


class Window:
    """So many requests in each window of time, which begin at its multiples."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit, self.seconds, self.used, self._number = limit, seconds, 0, 0

    def __call__(self, server: LimitedServer | None, now: float) -> bool:  # noqa: ARG002
        if (number := int(now // self.seconds)) != self._number:
            self.used, self._number = 0, number
        taken = self.used < self.limit
        self.used += taken
        return taken

    def left_s(self, now: float) -> float:
        """The seconds until the next window."""
        return self.seconds - now % self.seconds


def at_random(share: float) -> Accepts:
    draws = random.Random(1)
    return lambda *_: draws.random() >= share


def everything(*_: object) -> bool:
    return True


@dataclass
class Asked:
    """The virtual seconds that a run took, and how many questions it lost."""

    seconds: float
    lost: int


def asked(server: LimitedServer, count: int, *, concurrency: int = 64, workers: int = 1, **options: Any) -> Asked:
    """Ask so many questions at once, by workers in turn; the draws of the pauses are the same each time."""
    random.seed(3)

    async def main() -> Asked:
        shared = {"concurrency": concurrency // workers, "published_share": 1 / workers, **options}
        models = [model_of(server, **shared) for _ in range(workers)]
        questions = (Question([{"role": "user", "content": f"{number}?"}]) for number in range(count))
        found = await asyncio.gather(
            *(model.ask(one, str) for model, one in zip(cycle(models), questions, strict=False)), return_exceptions=True
        )
        assert all(isinstance(one, str | ModelFailure) for one in found), found
        lost = sum(isinstance(one, ModelFailure) for one in found)
        return Asked(asyncio.get_running_loop().time(), lost)

    return run(main())
