"""Measure how often a sequence of looks excludes the truth, and when it decides; called by the cog block of docs/winrate.md."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rubrictool.analysis.comparisons.sequential import HedgedCapital
from rubrictool.analysis.estimators.intervals import Z95
from rubrictool.analysis.estimators.power import LEVEL

Array = NDArray[np.float64]

RUNS, PROMPTS, FIRST_PEEK = 2000, 600, 20
WORLDS = ((0.5, 0.0), (0.5, 0.4), (0.6, 0.0), (0.6, 0.4), (0.7, 0.0), (0.7, 0.3), (0.9, 0.1))


def table() -> None:
    """Print a row for each true rate and share of ties."""
    print(
        "\n| true rate | ties | looks exclude the truth | 95 % intervals, at some look | decides 0.5 | median prompts |"
    )
    print("|---|---|---|---|---|---|")
    for rate, ties in WORLDS:
        credits = drawn(rate, ties)
        truth, half = (reached(credits, at) for at in (rate, 0.5))
        stops = (
            f"{_percent(half <= PROMPTS)} | {np.median(half):.0f}"
            if rate != 0.5 and np.median(half) <= PROMPTS
            else "- | -"
        )
        print(f"| {rate} | {ties} | {_percent(truth <= PROMPTS)} | {_percent(peeked(credits, rate))} | {stops} |")
    print()


def drawn(rate: float, ties: float) -> Array:
    """Credits of many runs, a row for each prompt."""
    draws = np.random.default_rng([round(100 * rate), round(100 * ties)])
    chances = [1 - rate - ties / 2, ties, rate - ties / 2]
    return draws.choice([0.0, 0.5, 1.0], p=chances, size=(PROMPTS, RUNS))


def reached(credits: Array, rate: float) -> NDArray[np.intp]:
    """The prompts after which each run excludes a rate, one more than there are where it never does."""
    capital = HedgedCapital(np.full(credits.shape[1], rate))
    out = np.array([capital.bet(row) >= -math.log(LEVEL) for row in credits])
    return np.where(out.any(axis=0), out.argmax(axis=0) + 1, PROMPTS + 1)


def peeked(credits: Array, rate: float) -> NDArray[np.bool_]:
    """Return whether a normal 95 % interval excludes the truth at some look from the twentieth prompt on."""
    n = np.arange(1, PROMPTS + 1)[:, None]
    means = credits.cumsum(axis=0) / n
    error = np.sqrt(np.maximum((credits**2).cumsum(axis=0) / n - means**2, 0) / np.maximum(n - 1, 1))
    return np.asarray((np.abs(means - rate) > Z95 * error)[FIRST_PEEK - 1 :].any(axis=0))


def _percent(where: NDArray[np.bool_]) -> str:
    return f"{100 * float(np.mean(where)):.1f} %"


if __name__ == "__main__":
    table()
