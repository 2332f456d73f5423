"""Measure what refusals and rate limits cost: random refusals beside a clean run, limited servers beside their rate.

Simulated, in virtual time; with the argument `real` behind a real server on this machine, in real time.
"""

from __future__ import annotations

import asyncio
import math
import random
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from aiohttp import web
from fakes import model_of
from limited import Bucket, LimitedServer, asked, at_random, everything
from serving import envelope

from rubrictool.models.backends.http import HttpServer
from rubrictool.models.question import Question

QUESTIONS = 2000

REAL_QUESTIONS = 1000


class Limits:
    """A bucket that refuses bursts, and one of a minute, which the headers tell of as OpenAI does."""

    def __init__(self, per_s: int, burst: int, *, told: bool = False) -> None:
        self.per_s, self.burst, self._told = per_s, burst, told
        self._small, self._minute = Bucket(per_s, burst), Bucket(per_s, 60 * per_s)
        self.accepted = self.refused = 0

    def __call__(self, _: LimitedServer | None, now: float) -> bool:
        accepted = self._small(None, now) & self._minute(None, now)
        self.accepted, self.refused = self.accepted + accepted, self.refused + (not accepted)
        return accepted

    def headers(self, _: float = 0) -> Mapping[str, str]:
        """Return what is told of the minute's limit."""
        limit, left = self._minute.burst, self._minute.tokens
        told = {"limit": limit, "remaining": int(left), "reset": f"{(limit - left) / self.per_s * 1000:.0f}ms"}
        return {f"x-ratelimit-{name}-requests": str(value) for name, value in told.items()} if self._told else {}

    def line(self, name: str, seconds: float, count: int, lost: int) -> None:
        """Print the row of a run."""
        share = count / (self.per_s * seconds + self.burst)
        name = f"{self.per_s} a second, at once {self.burst}, {name}, {count:,} questions"
        _line(name, seconds, share, self.refused / (self.accepted + self.refused), lost)


def main() -> None:
    """Print a table of docs/performance.md."""
    print("| server, 64 in flight | seconds | of the clean run or the rate | refused | lost |")
    print("|---|---:|---:|---:|---:|")
    if "real" in sys.argv:
        asyncio.run(_real(Limits(50, 50), REAL_QUESTIONS))
        asyncio.run(_real(Limits(50, 5), REAL_QUESTIONS))
        asyncio.run(_real(Limits(10, 2, told=True), REAL_QUESTIONS))
        return
    clean = asked(LimitedServer(everything), QUESTIONS).seconds
    for share in (0.0, 0.1, 0.25):
        server = LimitedServer(at_random(share))
        took = asked(server, QUESTIONS)
        _line(f"{share:.0%} refused at random", took.seconds, took.seconds / clean, server.refused_share, took.lost)
    for latency_s in (0.2, 1.0):
        for count in (1000, 4000):
            for burst in (50, 5):
                _simulated(Limits(50, burst), f"after {latency_s:g} s", count, latency_s=latency_s)
    _simulated(Limits(10, 2, told=True), "by its headers", QUESTIONS)
    _simulated(Limits(10, 2), "`--rpm 600`", QUESTIONS, rpm=600)


def _simulated(limits: Limits, name: str, count: int, *, latency_s: float = 0.2, rpm: int | None = None) -> None:
    server = LimitedServer(limits, latency_s=latency_s, spread=0.5, headers=limits.headers)
    took = asked(server, count, rpm=rpm)
    limits.line(name, took.seconds, count, took.lost)


async def _real(limits: Limits, count: int) -> None:
    async with _serving(limits) as backend:
        model = model_of(backend, "tiny")
        questions = (Question([{"role": "user", "content": f"{number}?"}]) for number in range(count))
        began = time.monotonic()
        found = await asyncio.gather(*(model.ask(one, str) for one in questions), return_exceptions=True)
        lost = sum(not isinstance(one, str) for one in found)
        limits.line("by its headers" if limits.headers() else "after 0.2 s", time.monotonic() - began, count, lost)


@asynccontextmanager
async def _serving(limits: Limits) -> AsyncIterator[HttpServer]:
    async def answer(_: web.Request) -> web.Response:
        if not limits(None, time.monotonic()):
            return web.Response(status=429, text="{}", headers=limits.headers())
        headers = limits.headers()
        await asyncio.sleep(random.lognormvariate(math.log(0.2), 0.5))
        return web.Response(body=envelope("yes"), content_type="application/json", headers=headers)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    backend = HttpServer([f"http://127.0.0.1:{runner.addresses[0][1]}/v1"])
    try:
        yield backend
    finally:
        await backend.close()
        await runner.cleanup()


def _line(name: str, seconds: float, ratio: float, refused: float, lost: int) -> None:
    print(f"| {name} | {seconds:.1f} | {ratio:.2f} | {refused:.1%} | {lost} |", flush=True)


if __name__ == "__main__":
    main()
