"""Measure what rubrictool itself costs in processor time, on which a busy machine weighs less: to start, to ask, to look up.

Each figure stands beside the least that the same thing takes: importing three libraries; a bare aiohttp loop that sends the same
bodies; a loop that reads, builds the same key, looks it up and writes the same rows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cached
import processes
import throughput
import workload
from processes import Run
from throughput import Measured
from workload import Files

HEAD = (
    "what",
    "rows",
    "rubrictool, CPU s",
    "the least, CPU s",
    "the least / ours",
    "ours, us a row",
    "the least, us a row",
    "rows/s",
    "peak MiB",
)

IMPORTS = [sys.executable, "-c", "import aiohttp, pydantic, typer"]


class Pair(NamedTuple):
    """Runs of rubrictool and of the least, in turns."""

    what: str
    rows: int
    ours: Sequence[Run]
    least: Sequence[Run]


def started(files: Files, directory: Path, repeat: int) -> Pair:
    """From the start to the end of the first request, beside imports."""
    client = throughput.Client("", partial(throughput.scored, first_row(files, directory), directory, 1))
    ours, least = [], []
    for _ in range(repeat):
        ours.append(throughput.measured(client, 0, directory).run)
        least.append(processes.run(IMPORTS, directory))
    return Pair("start", 1, ours, least)


def first_row(files: Files, directory: Path) -> Files:
    """The first row of a workload, with its rubric."""
    first = Files(directory / "first.jsonl", directory / "first_rubric.jsonl")
    for source, target in zip(files, first, strict=True):
        with open(source) as lines:
            target.write_text(next(lines))
    return first


def asked(files: Files, directory: Path, repeat: int, at_once: int, latency_ms: float) -> Pair:
    """Rows that ask a server, beside bare aiohttp with the same bodies."""
    ours, bare = throughput.clients(files, directory, argparse.Namespace(at_once=at_once, subset=0, threads=1))[:2]
    throughput.measured(ours, 0, directory, "--dump", directory / "bodies.jsonl")
    runs: dict[str, list[Measured]] = {ours.name: [], bare.name: []}
    for _ in range(repeat):
        for client in (ours, bare):
            runs[client.name].append(throughput.measured(client, latency_ms, directory))
    rows = runs[ours.name][0].requests
    return Pair("asking", rows, *([measured.run for measured in some] for some in runs.values()))


def looked_up(directory: Path, prompts: int, repeat: int) -> Pair:
    """Rows whose replies are cached, beside the minimal loop."""
    directory.mkdir()
    ours, least = cached.turns(directory, prompts, repeat).values()
    return Pair("cached", prompts * workload.RESPONSES, ours, least)


def report(pairs: Sequence[Pair]) -> str:
    """The table; the start is taken from each row of the others."""
    start_s, least_s = _cpu_s(pairs[0].ours), _cpu_s(pairs[0].least)
    return processes.table(HEAD, *(_row(pair, start_s, least_s) for pair in pairs))


def _row(pair: Pair, start_s: float, least_s: float) -> list[str]:
    ours, least = _cpu_s(pair.ours), _cpu_s(pair.least)
    each = [f"{(ours - start_s) / pair.rows * 1e6:.0f}", f"{(least - least_s) / pair.rows * 1e6:.0f}"]
    each.append(f"{pair.rows / ours:,.0f}")
    return [
        pair.what,
        f"{pair.rows:,}",
        f"{ours:.2f}",
        f"{least:.2f}",
        f"{least / ours:.2f}",
        *(each if pair.rows > 1 else [""] * len(each)),
        f"{max(run.peak_mib for run in pair.ours):.0f}",
    ]


def _cpu_s(runs: Sequence[Run]) -> float:
    """The processor time of the run that was disturbed least: work beside it slows each instruction down."""
    return min(run.cpu_s for run in runs)


def main() -> None:
    """Measure and print the table."""
    flags = processes.flags(__doc__, prompts=250, repeat=5, latency=50.0, at_once=256)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        files = workload.write(directory, flags.prompts)
        pairs = [
            started(files, directory, flags.repeat),
            asked(files, directory, flags.repeat, flags.at_once, flags.latency),
            looked_up(directory / "cached", flags.prompts, flags.repeat),
        ]
    print(report(pairs))
    print(
        f"\nThe least of {flags.repeat} runs, {flags.at_once} in flight, {flags.latency:g} ms; {processes.machine()}."
    )


if __name__ == "__main__":
    main()
