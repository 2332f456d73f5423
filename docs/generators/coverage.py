"""Measure how often the intervals of `winrate` hold the true rate, in worlds where it is known.

Run as `python docs/generators/coverage.py`; it writes coverage.json beside it, whose table stands in
docs/winrate.md. It takes some minutes on two cores, and gives the same figures every time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rubrictool.analysis.estimators.intervals import interval
from rubrictool.analysis.estimators.resampling import estimate, totals

Array = NDArray[np.float64]
RESULTS = Path(__file__).with_name("coverage.json")
RATES = tuple(tenth / 10 for tenth in range(1, 10))
GRAIN = 840
"""Credits are counted in parts of 1 by which all that occur can be told: halves, thirds, quarters."""


class Kind(NamedTuple):
    """A kind of world: how it draws credits, one row for each world, from a true rate and a number of prompts."""

    name: str
    draw: Callable[[np.random.Generator, float, int, int], Array]
    worlds: int


def decided(draws: np.random.Generator, rate: float, prompts: int, worlds: int) -> Array:
    """Wins and losses only."""
    return (draws.random((worlds, prompts)) < rate).astype(float)


def tied(draws: np.random.Generator, rate: float, prompts: int, worlds: int) -> Array:
    """Four of ten prompts tied, or as many as the rate leaves room for."""
    ties = min(0.4, 2 * min(rate, 1 - rate) * 0.8)
    at = draws.random((worlds, prompts))
    return np.where(at < ties, 0.5, (at < ties + rate - ties / 2).astype(float))


def thrice(draws: np.random.Generator, rate: float, prompts: int, worlds: int) -> Array:
    """Three responses to each prompt, and prompts that differ: their own rates are drawn from a beta distribution."""
    own = draws.beta(2 * rate, 2 * (1 - rate), size=(worlds, prompts))
    wins: Array = draws.binomial(3, own) / 3
    return wins


KINDS = {
    "decided": Kind("wins and losses", decided, 3000),
    "tied": Kind("four of ten tied", tied, 1000),
    "thrice": Kind("three responses each, prompts differ", thrice, 500),
}
FEW, MANY = (5, 8, 10, 15, 20, 25, 35, 50, 75, 99), (100, 112, 150, 200, 400)
SKEWED = (5, 10, 20, 50, 100, 400)


def main() -> None:
    """Run everything and write the results."""
    cells = [(kind, prompts, rate) for kind in KINDS for prompts in (*FEW, *MANY) for rate in RATES]
    with ProcessPoolExecutor(2) as workers:
        held = list(workers.map(rate_held, cells, chunksize=4))
        differences = list(workers.map(difference_held, SKEWED))
    rows = [
        {"kind": kind, "prompts": n, "rate": rate, "held": share}
        for (kind, n, rate), share in zip(cells, held, strict=True)
    ]
    apart = [{"prompts": n, "held": share} for n, share in zip(SKEWED, differences, strict=True)]
    RESULTS.write_text(json.dumps({"rates": rows, "differences": apart}, indent=1) + "\n")


def rate_held(cell: tuple[str, int, float]) -> float:
    """The share of worlds whose interval holds the true rate. Worlds with the same credits share their interval."""
    kind, prompts, rate = cell
    seed = [list(KINDS).index(kind), prompts, round(10 * rate)]
    credits = KINDS[kind].draw(np.random.default_rng(seed), rate, prompts, KINDS[kind].worlds)
    alike, times = np.unique(np.sort(np.round(GRAIN * credits), axis=1), axis=0, return_counts=True)
    return float(np.average([_holds(list(world / GRAIN), rate) for world in alike], weights=times))


def _holds(credits: Sequence[float], rate: float) -> bool:
    low, high, _ = interval(credits)
    return low <= rate <= high


def difference_held(prompts: int, worlds: int = 1000) -> float:
    """The share of worlds whose interval holds the mean difference of scores: of twelfths, skewed to one side."""
    draws = np.random.default_rng([9, prompts])
    ours, theirs = (draws.binomial(12, shape, size=(worlds, prompts)) / 12 for shape in (0.9, 0.75))
    return float(np.mean([_holds_difference(row) for row in ours - theirs]))


def _holds_difference(differences: Array) -> bool:
    n = len(differences)
    (sums,) = totals(differences, seed=0)
    return estimate(float(differences.mean()), sums / n, n, span=(-1, 1)).contains(0.15)


def tables() -> None:
    """Print what was found, by kind of world and number of prompts: over the true rates, the mean and both ends."""
    found = json.loads(RESULTS.read_text())
    print("\n| prompts | " + " | ".join(kind.name for kind in KINDS.values()) + " | score difference |")
    print("|---|" + "---|" * (len(KINDS) + 1))
    for prompts in (*FEW, *MANY):
        shares = [
            [row["held"] for row in found["rates"] if (row["kind"], row["prompts"]) == (kind, prompts)]
            for kind in KINDS
        ]
        apart = [_percent(row["held"]) for row in found["differences"] if row["prompts"] == prompts]
        print(f"| {prompts} | {' | '.join(map(_spread, shares))} | {''.join(apart)} |")
    print()


def _spread(shares: Sequence[Any]) -> str:
    return f"{_percent(float(np.mean(shares)))} ({_percent(min(shares))} to {_percent(max(shares))})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


if __name__ == "__main__":
    main()
