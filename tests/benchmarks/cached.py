"""Rows per second of rubrictool score with every verdict in its cache, beside the least that has to be done for it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from statistics import median

import processes
import workload
from processes import Run

HEAD = ("process", "rows", "seconds", "rows/s", "CPU seconds", "peak MiB", "times the minimal loop")
FILLING, USUAL = 256, 64
"""Requests in flight while the cache is filled, and the default of rubrictool for the runs that are measured."""


def fill(files: workload.Files, cache: Path, output: Path) -> str:
    """Score everything once, with a server that answers at once; returns the judge, who has then gone."""
    with processes.serving(0) as served:
        command = processes.score(*files, judge=served.spec, cache=cache, output=output, at_once=FILLING)
        filled = processes.run(command, output.parent)
    print(f"Filled the cache in {filled.seconds:.0f} s with {served.seen['requests']:,} requests.\n", flush=True)
    return served.spec


def same_rows(one: Path, other: Path) -> bool:
    """Return whether two files hold the same rows, however they are spelled."""
    with open(one) as first, open(other) as second:
        return all(a and b and json.loads(a) == json.loads(b) for a, b in zip_longest(first, second))


def turns(directory: Path, prompts: int, repeat: int) -> dict[str, list[Run]]:
    """Both processes in turn, `repeat` times; what they write must be the same."""
    files, cache = workload.write(directory, prompts), directory / "cache.db"
    ours, least = directory / "scores.jsonl", directory / "minimal.jsonl"
    judge = fill(files, cache, ours)
    commands = {
        "rubrictool score": processes.score(*files, judge=judge, cache=cache, output=ours, at_once=USUAL),
        "minimal loop": processes.script("minimal.py", *files, cache, least),
    }
    ours.unlink()
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(repeat):
        for name, command in commands.items():
            runs[name].append(processes.run(command, directory))
    assert same_rows(ours, least), "the two wrote different rows"
    return runs


def report(runs: dict[str, list[Run]], rows: int) -> str:
    """The table."""
    least = median(run.seconds for run in runs["minimal loop"])
    return processes.table(HEAD, *(_row(name, some, rows, least) for name, some in runs.items()))


def _row(name: str, some: Sequence[Run], rows: int, least: float) -> list[str]:
    seconds, cpu_s = median(run.seconds for run in some), median(run.cpu_s for run in some)
    pace, peak = rows / seconds, max(run.peak_mib for run in some)
    return [
        name,
        f"{rows:,}",
        f"{seconds:.2f}",
        f"{pace:,.0f}",
        f"{cpu_s:.2f}",
        f"{peak:.0f}",
        f"{seconds / least:.2f}",
    ]


def main() -> None:
    """Measure and print the table."""
    flags = processes.flags(__doc__, prompts=12_500, repeat=1)
    with tempfile.TemporaryDirectory() as directory:
        runs = turns(Path(directory), flags.prompts, flags.repeat)
    print(report(runs, flags.prompts * workload.RESPONSES))
    print(f"\nMedians of {flags.repeat}; {processes.machine()}.")


if __name__ == "__main__":
    main()
