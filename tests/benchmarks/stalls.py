"""Measure how full the slots are under latencies of real servers: requests in flight at the server, of those allowed.

Latencies are drawn from three distributions: constant; lognormal; and a few requests that take fifty times as long.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import processes
import workload
from processes import RUBRICTOOL, Served
from server import LATENCIES

COMMANDS = ("score", "sample", "winrate", "refine", "aiohttp, bare")

HEAD = (
    "latency",
    "in flight",
    "command",
    "requests",
    "seconds",
    "ideal",
    "mean in flight",
    "of the limit",
    "prefix hits",
)

RESPONSES = 8
"""Responses to a prompt."""


class Case(NamedTuple):
    """A command, the latencies that it meets, and how many requests it may have in flight."""

    latencies: str
    at_once: int
    command: str


class Rows(NamedTuple):
    """The files of a workload."""

    prompts: Path
    responses: Path
    others: Path
    rubrics: Path


def write(directory: Path, prompts: int) -> Rows:
    """Write prompts, 8 responses to each and 8 more by others, and rubrics."""
    files = workload.write(directory, prompts)
    rows = Rows(directory / "prompts.jsonl", directory / "a.jsonl", directory / "b.jsonl", files.rubrics)
    rubrics, responses = _read(files.rubrics), _read(files.responses)
    _write(rows.prompts, ({"id": row["id"], "prompt": row["prompt"]} for row in rubrics))
    numbered = list(enumerate(responses))
    _write(rows.responses, (row for number, row in numbered if number % workload.RESPONSES < RESPONSES))
    _write(rows.others, (row for number, row in numbered if number % workload.RESPONSES >= RESPONSES))
    return rows


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _write(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def command_of(case: Case, rows: Rows, served: Served, directory: Path) -> list[str]:
    """The command line of a case."""
    if case.command == "aiohttp, bare":
        return processes.script(
            "clients.py", "aiohttp", served.url, directory / "bodies.jsonl", "--at-once", case.at_once
        )
    judge, proposer = ["--judge", served.spec], ["--proposer", served.spec]
    arguments = {
        "score": [rows.responses, "--rubrics", rows.rubrics, *judge],
        "sample": [rows.prompts, "--model", served.spec, "-n", RESPONSES],
        "winrate": [rows.responses, rows.others, "--prompts", rows.prompts, *judge],
        "refine": [rows.prompts, "--responses", rows.responses, "--rounds", 2, *judge, *proposer],
    }[case.command]
    flags = ["--concurrency", case.at_once, "--no-cache", "-q", "-o", directory / "out.jsonl"]
    return [RUBRICTOOL, case.command, *map(str, [*arguments, *flags])]


def measured(case: Case, rows: Rows, directory: Path, stretch: float) -> tuple[object, ...]:
    """One row of the table."""
    keep = ["--dump", directory / "bodies.jsonl"] if case.command == "score" else []
    with processes.serving(0, "--latencies", case.latencies, "--stretch", stretch, *keep) as served:
        processes.run(command_of(case, rows, served, directory), directory)
    seen = served.seen
    return (
        *case,
        f"{seen['requests']:,}",
        f"{seen['seconds']:.1f}",
        f"{seen['latencies_s'] / case.at_once:.1f}",
        f"{seen['in_flight']:.1f}",
        f"{seen['in_flight'] / case.at_once:.0%}",
        "" if case.command == "sample" else f"{seen['hits']:.0%}",
    )


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=250, help="With 8 responses each.")
    parser.add_argument("--at-once", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--commands", nargs="+", default=COMMANDS, choices=COMMANDS)
    parser.add_argument("--latencies", nargs="+", default=list(LATENCIES), choices=LATENCIES)
    parser.add_argument(
        "--stretch", type=float, default=1, help="Multiply latencies, where the processor is the bottleneck otherwise."
    )
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        rows = write(directory, flags.prompts)
        found = []
        for case in product(flags.latencies, flags.at_once, flags.commands):
            found.append(measured(Case(*case), rows, directory, flags.stretch))
            print(*found[-1], sep="  ", file=sys.stderr, flush=True)
    print(processes.table(HEAD, *found))
    print(f"\n{flags.prompts} prompts, latencies x {flags.stretch:g}; {processes.machine()}.")


if __name__ == "__main__":
    main()
