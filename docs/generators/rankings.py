"""Measure how often the figures of several systems hold, in worlds where the truth is known.

Run as `python docs/generators/rankings.py`; it writes rankings.json beside it, whose table stands in docs/winrate.md. It takes
a few minutes on two cores, and gives the same figures every time.
"""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rubrictool.analysis.comparisons.bradley_terry import PairTable, connected, strengths
from rubrictool.analysis.comparisons.pairs_together import simultaneous
from rubrictool.analysis.comparisons.system_ranking import ranking

Array = NDArray[np.float64]

RESULTS = Path(__file__).with_name("rankings.json")
SKILLS = (0.5, 0.2, 0.0, -0.7)
"""Mean skill of each system; on a prompt each has its own, normal around it with the standard deviation `SPREAD`."""

SPREAD, TIES = 0.8, 0.2
PROMPTS, WORLDS, DRAWS = (10, 20, 30, 40, 100), 400, 400
MANY = 400_000


def main() -> None:
    """Run everything and write the results."""
    with ProcessPoolExecutor(2) as workers:
        rows = list(workers.map(partial(cell, worlds=WORLDS, draws=DRAWS), PROMPTS))
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")


def world(
    draws: np.random.Generator, prompts: int, skills: tuple[float, ...] = SKILLS, spread: float = SPREAD
) -> PairTable:
    """A table in which all systems met on each prompt; comparisons of one prompt go together by the systems' skills there."""
    own = np.array(skills) + spread * draws.standard_normal((prompts, len(skills)))
    pairs = tuple(combinations(range(len(skills)), 2))
    chances = np.column_stack([1 / (1 + np.exp(own[:, b] - own[:, a])) for a, b in pairs])
    credits = np.where(draws.random(chances.shape) < TIES, 0.5, draws.random(chances.shape) < chances)
    return PairTable(tuple("abcdefgh"[: len(skills)]), pairs, np.ones(chances.shape), credits.astype(float))


@lru_cache
def truth() -> tuple[Array, Array]:
    """Strengths and win rates with nearly all the prompts in the world."""
    table = world(np.random.default_rng(1), MANY)
    return strengths(table.wins(table.credits.sum(axis=0), table.met.sum(axis=0))), table.credits.mean(axis=0)


def cell(prompts: int, *, worlds: int, draws: int) -> dict[str, float | int]:
    """The shares of worlds in which intervals hold, and in which the model is rejected where it is true."""
    generator = np.random.default_rng(prompts)
    held, ranks, together, rejected, skipped = [], [], [], [], 0
    for number in range(worlds):
        table = world(generator, prompts)
        if not connected(table.wins(table.credits.sum(axis=0), table.met.sum(axis=0))):
            skipped += 1
            continue
        found = ranking(table, seed=number, draws=draws)
        place = {one.system: one for one in found.systems}
        rows = [place[name] for name in table.names]
        held.append([(one.low or 0) <= value <= (one.high or 0) for one, value in zip(rows, truth()[0], strict=True)])
        ranks.append([(one.rank_low or 0) <= rank <= (one.rank_high or 0) for rank, one in enumerate(rows, start=1)])
        bounds = simultaneous(table, seed=number, most_draws=draws)
        if bounds and all(low is not None for low, _ in bounds.ends):
            pairs = zip(bounds.ends, truth()[1], strict=True)
            together.append(all((low or 0) <= rate <= (high or 0) for (low, high), rate in pairs))
        fitting = world(generator, prompts, spread=0.0)
        rejected.append((ranking(fitting, seed=number, draws=draws).deviance_p or 1) < 0.05)
    return {
        "prompts": prompts,
        "strengths": float(np.mean(held)),
        "ranks": float(np.mean(ranks)),
        "together": float(np.mean(together)),
        "without": 1 - len(together) / len(held),
        "rejected": float(np.mean(rejected)),
        "skipped": skipped,
    }


def table() -> None:
    """Print what was found, a row for each number of prompts."""
    print(
        "\n| prompts | strengths | ranks | all six intervals together | not all six given | model rejected where it holds |"
    )
    print("|---|---|---|---|---|---|")
    for row in json.loads(RESULTS.read_text()):
        shares = (f"{100 * row[name]:.1f}" for name in ("strengths", "ranks", "together", "without", "rejected"))
        print(f"| {row['prompts']} | {' | '.join(shares)} |")
    print()


if __name__ == "__main__":
    main()
