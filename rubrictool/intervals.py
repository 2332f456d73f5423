"""How sure a rate is: 95 % intervals over prompts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

Z95 = 1.959963984540054
RESAMPLES = 10_000
ENOUGH_TO_RESAMPLE = 100


class Interval(NamedTuple):
    """A 95 % interval of a rate in [0, 1], and how it was made: `bootstrap` or `wilson`."""

    low: float
    high: float
    method: str


def interval(credits: Sequence[float], *, seed: int = 0) -> Interval:
    """The 95 % interval of the mean of credits in [0, 1], one for each prompt.

    From resampling prompts (percentiles of 10,000 bootstrap means); with fewer than 100 prompts, or where no credit
    differs from another, Wilson's interval with half credits counted as half a success. Raises `ValueError` for none.
    """
    if not credits:
        raise ValueError("an interval needs at least one prompt")
    if len(credits) < ENOUGH_TO_RESAMPLE or min(credits) == max(credits):
        return wilson(sum(credits), len(credits))
    return _bootstrap(credits, seed)


def wilson(successes: float, n: int) -> Interval:
    """Wilson's score interval for `successes` (fractions allowed) out of `n`."""
    share, z2 = successes / n, Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return Interval(max(0.0, centre - half), min(1.0, centre + half), "wilson")


def _bootstrap(credits: Sequence[float], seed: int) -> Interval:
    import numpy as np

    values, draws = np.asarray(credits, dtype=float), np.random.default_rng(seed)
    # In blocks, so that memory stays bounded however many prompts there are.
    block = max(1, 2_000_000 // len(values))
    means = [
        values[draws.integers(0, len(values), size=(min(block, RESAMPLES - done), len(values)))].mean(axis=1)
        for done in range(0, RESAMPLES, block)
    ]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return Interval(float(low), float(high), "bootstrap")
