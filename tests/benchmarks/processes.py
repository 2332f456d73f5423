"""Whole processes as they are measured: seconds by the clock and peak memory; and the server beside them."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
RUBRICTOOL = str(Path(sys.executable).with_name("rubrictool"))


# As a user has it: modules are compiled at the first run, and not again in each.
COMPILED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class Run(NamedTuple):
    """The time and memory that one process took."""

    seconds: float
    cpu_s: float
    peak_mib: float


@dataclass
class Served:
    """A running server; `seen` is filled with what it counted once it has ended."""

    url: str
    seen: Mapping[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> str:
        """The server as a model's SPEC."""
        return f"bench@{self.url}"


def script(name: str, *arguments: object) -> list[str]:
    """The command that runs a script of this directory."""
    return [sys.executable, str(HERE / name), *map(str, arguments)]


def score(responses: Path, rubrics: Path, *, judge: str, cache: Path, output: Path, at_once: int) -> list[str]:
    """The command that scores responses with rubrictool."""
    flags = {"--rubrics": rubrics, "--judge": judge, "--cache": cache, "-o": output, "--concurrency": at_once}
    return [RUBRICTOOL, "score", str(responses), "-q", *(str(part) for flag in flags.items() for part in flag)]


def run(command: Sequence[str], cwd: Path) -> Run:
    """A process from start to end. Exits where it fails.

    Linux counts the memory of the process that starts another as that one's too, so the caller has to stay small.
    """
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, env=COMPILED)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"exit code {process.returncode}: {' '.join(command)}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextmanager
def serving(latency_ms: float, *arguments: object) -> Iterator[Served]:
    """A server in a process of its own, ended by SIGTERM."""
    command = script("server.py", "--latency", latency_ms, *arguments)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    served = Served(f"http://127.0.0.1:{int(process.stdout.readline())}/v1")
    try:
        yield served
    finally:
        process.terminate()
        served.seen = json.loads(process.communicate()[0])


FLAGS = {
    "prompts": "16 responses each.",
    "repeat": "Runs of each command; their medians are shown.",
    "subset": "Requests that the slow clients send; 0: all.",
    "latency": "Milliseconds that the server takes to answer.",
    "at_once": "Requests in flight.",
    "threads": "Threads of the client that has threads.",
}


def flags(what: str | None, **defaults: float) -> argparse.Namespace:
    """The flags of a measurement: those that it has a default for."""
    parser = argparse.ArgumentParser(description=what)
    for name, default in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default, help=FLAGS[name])
    return parser.parse_args()


def table(*rows: Sequence[object]) -> str:
    """A Markdown table; the first row is its head."""
    head, *body = map(row, rows)
    return "\n".join([head, "|---" + "|---:" * (len(rows[0]) - 1) + "|", *body])


def row(cells: Sequence[object]) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(map(str, cells))} |"


def machine() -> str:
    """Return what it was measured on."""
    return f"{os.cpu_count()} cores, Python {sys.version.split()[0]}"
