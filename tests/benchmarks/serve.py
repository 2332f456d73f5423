"""A reward server under load: seconds of a request beyond those of the judge, and memory over many requests."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import processes
from aiohttp import ClientSession, TCPConnector
from processes import Served

CRITERIA = [{"criterion": f"Makes point {number}.", "weight": number % 3 + 1} for number in range(12)]
PROMPT = "How is bread kept so that it neither dries out nor goes mouldy?"
WORDS = "Wrap the loaf in a cloth and keep it in a box of wood or clay, away from the window and the stove. " * 20

FIGURES = ("p50 added, ms", "p99", "completions/s", "processor ms each")

LOADS = ((1, 1), (1, 32), (8, 32), (64, 32))

SAMPLES = 40
"""Times that memory is looked at."""

PARTS = 5
"""Parts of the requests, after each of which the memory is shown."""


class Started(NamedTuple):
    """A running reward server: its process and its address."""

    pid: int
    url: str


@contextmanager
def rewards(directory: Path, judge: Served, at_once: int) -> Iterator[Started]:
    """A reward server in a process of its own."""
    rubrics = directory / "rubrics.jsonl"
    rubrics.write_text(json.dumps({"id": "p", "prompt": PROMPT, "criteria": CRITERIA}), encoding="utf-8")
    flags = {"--judge": judge.spec, "--rubrics": rubrics, "--cache": directory / "cache.db", "--concurrency": at_once}
    words = [*(str(part) for flag in flags.items() for part in flag), "--on-error", "raise", "--port", "0"]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([processes.RUBRICTOOL, "serve", *words], stderr=log, env=processes.COMPILED)
    try:
        yield Started(process.pid, _address(directory / "log"))
    finally:
        process.terminate()
        if process.wait():
            sys.exit((directory / "log").read_text(encoding="utf-8")[-2000:])


def _address(log: Path) -> str:
    """The address that the server tells, once it does."""
    while True:
        for line in log.read_text(encoding="utf-8").splitlines():
            if (record := json.loads(line))["event"] == "listening":
                return str(record["url"])
        time.sleep(0.05)


class Load:
    """Workers that post completions, none twice, one request after the other."""

    def __init__(self, server: Started, *, first: int = 0) -> None:
        self._server, self._numbers = server, count(first)
        self.seconds: list[float] = []
        self.memory: list[tuple[int, float]] = []

    async def run(self, workers: int, completions: int, requests: int) -> None:
        """Post so many requests in all, and look at the server's memory now and then."""
        left, every = iter(range(requests)), max(requests // SAMPLES, 1)
        async with ClientSession(connector=TCPConnector(limit=0)) as session:

            async def work() -> None:
                for number in left:
                    await self._post(session, completions)
                    if number % every == 0:
                        self.memory.append((number, _resident_kib(self._server.pid)))

            await asyncio.gather(*(work() for _ in range(workers)))

    async def _post(self, session: ClientSession, completions: int) -> None:
        rows = [{"prompt_id": "p", "completion": f"{next(self._numbers)}. {WORDS}"} for _ in range(completions)]
        began = time.perf_counter()
        async with session.post(f"{self._server.url}/score", json={"rollouts": rows}) as response:
            answer = await response.json()
        self.seconds.append(time.perf_counter() - began)
        assert len(answer.get("rewards", ())) == completions, answer


def _resident_kib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return float(line.split()[1])
    raise ValueError(f"/proc/{pid}/status has no VmRSS")


def _processor_s(pid: int) -> float:
    """The processor time of a process, which does not depend on what else the machine does."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def quantile(values: list[float], share: float) -> float:
    """The smallest value that so large a share of the values do not exceed."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def latencies(workers: int, completions: int, rounds: int, judge_ms: float) -> tuple[Any, ...]:
    """A row of the first table: as many slots as completions under way, so that the judge alone would take `judge_ms`."""
    requests, slots = workers * rounds, workers * completions
    with (
        tempfile.TemporaryDirectory() as directory,
        processes.serving(judge_ms) as judge,
        rewards(Path(directory), judge, slots) as server,
    ):
        asyncio.run(Load(server).run(workers, completions, workers))  # connections and slots are opened
        load, began, worked = Load(server, first=10**9), time.perf_counter(), _processor_s(server.pid)
        asyncio.run(load.run(workers, completions, requests))
        taken, worked = time.perf_counter() - began, _processor_s(server.pid) - worked
    added = [1000 * seconds - judge_ms for seconds in load.seconds]
    done = requests * completions
    figures = (*(f"{quantile(added, share):.0f}" for share in (0.5, 0.99)), f"{done / taken:.0f}")
    return (f"{workers} x {completions}", requests, *figures, f"{1000 * worked / done:.2f}")


def memory(workers: int, completions: int, requests: int, judge_ms: float) -> Iterator[tuple[Any, ...]]:
    """The rows of the second table, one as soon as each part of the requests is done."""
    with (
        tempfile.TemporaryDirectory() as directory,
        processes.serving(judge_ms) as judge,
        rewards(Path(directory), judge, workers * completions) as server,
    ):
        load, done = Load(server), 0
        for part in range(1, PARTS + 1):
            asyncio.run(load.run(workers, completions, requests // PARTS))
            added = [1000 * seconds - judge_ms for seconds in load.seconds[done:]]
            done = len(load.seconds)
            kib = [kib for _, kib in load.memory[-(SAMPLES // 2) :]]
            figures = (f"{quantile(added, share):.0f}" for share in (0.5, 0.99))
            yield part * requests // PARTS, *figures, f"{min(kib) / 1024:.1f}", f"{max(kib) / 1024:.1f}"


def main() -> None:
    """Measure and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=50, help="Milliseconds that the judge takes.")
    parser.add_argument("--rounds", type=int, default=20, help="Requests of each worker; 0: memory only.")
    parser.add_argument("--requests", type=int, default=100_000, help="Requests over which memory is watched.")
    parser.add_argument("--workers", type=int, default=64, help="Workers that post them.")
    parser.add_argument("--completions", type=int, default=1, help="Completions in each of them.")
    given = parser.parse_args()
    if given.rounds:
        rows = [latencies(workers, completions, given.rounds, given.latency) for workers, completions in LOADS]
        print(processes.table(("workers x completions", "requests", *FIGURES), *rows))
    print(processes.table(("requests", "p50 added, ms", "p99", "MiB, least", "MiB, most")))
    for row in memory(given.workers, given.completions, given.requests, given.latency):
        print(processes.row(row), flush=True)
    print(processes.machine())


if __name__ == "__main__":
    main()
