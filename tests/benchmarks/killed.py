"""Measure what a kill -9 costs: the requests that rubrictool score sends in all when killed half-way and run again."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.request import urlopen

import processes
import workload
from processes import Served

PROBES = 2
"""Each start may ask the model one question of its own."""


def count(served: Served) -> int:
    """Return how many requests the server has seen."""
    with urlopen(f"{served.url}/count") as answer:
        return int(json.load(answer)["requests"])


def start_and_kill(command: Sequence[str], cwd: Path, served: Served, after: int) -> int:
    """Start a process and kill it once the server has seen so many requests; returns how many it has seen then."""
    process = subprocess.Popen(command, cwd=cwd)
    while count(served) < after:
        if process.poll() is not None:
            sys.exit(f"it ended before it could be killed, with exit code {process.returncode}")
        time.sleep(0.005)
    process.kill()
    process.wait()
    return count(served)


def killed_and_rerun(directory: Path, prompts: int, latency_ms: float, at_once: int) -> tuple[int, int, int]:
    """Return how many rows were written in the end, and the requests seen at the kill and in all."""
    files, output = workload.write(directory, prompts), directory / "scores.jsonl"
    with processes.serving(latency_ms) as served:
        cache = directory / "cache.db"
        command = processes.score(*files, judge=served.spec, cache=cache, output=output, at_once=at_once)
        at_kill = start_and_kill(command, directory, served, workload.lines(files.responses) // 2)
        assert not output.exists(), "the output is there although the run was killed"
        processes.run(command, directory)
    return workload.lines(output), at_kill, served.seen["requests"]


def main() -> None:
    """Kill, run again, print the table; exit code 1 where too much was paid twice."""
    flags = processes.flags(__doc__, prompts=125, latency=50.0, at_once=64)
    wanted = flags.prompts * workload.RESPONSES
    with tempfile.TemporaryDirectory() as directory:
        rows, at_kill, requests = killed_and_rerun(Path(directory), flags.prompts, flags.latency, flags.at_once)
    within = rows == wanted and requests <= rows + flags.at_once + PROBES
    head = ("rows", "requests at the kill", "requests in all", "more than rows", "in flight", "within bound")
    print(processes.table(head, (rows, at_kill, requests, requests - rows, flags.at_once, "yes" if within else "no")))
    sys.exit(not within)


if __name__ == "__main__":
    main()
