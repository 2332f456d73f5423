"""Measure how full the slots are under three distributions of latencies when computing takes no time.

Runs `tests/steps/test_slots.py` in virtual time at the size of `stalls.py`, so that the figures depend on no machine.
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "steps")]

import processes  # noqa: E402
import test_slots  # noqa: E402
from test_slots import LATENCIES, comparing, measured, refining, sampling, scoring  # noqa: E402

HEAD = ("latency", "in flight", "work", "requests", "seconds", "ideal", "of the limit", "prefix hits")
PROMPTS = {64: 250, 256: 1000}


def row(latencies: str, slots: int, job: test_slots.Job) -> tuple[object, ...]:
    """One row of the table; refinement always has 250 prompts."""
    server = measured(job, latencies, slots, 250 if job is refining else PROMPTS[slots])
    return (
        latencies,
        slots,
        job.__name__,
        f"{len(server.came):,}",
        f"{max(end for _, end in server.spans):.1f}",
        f"{sum(end - begin for begin, end in server.spans) / slots:.1f}",
        f"{server.mean_in_flight / slots:.1%}",
        f"{server.hit_share:.1%}" if job in (scoring, refining) else "",
    )


def main() -> None:
    """Measure and print the table."""
    cases = product(LATENCIES, PROMPTS, (scoring, sampling, comparing, refining))
    print(processes.table(HEAD, *(row(*case) for case in cases)))


if __name__ == "__main__":
    main()
