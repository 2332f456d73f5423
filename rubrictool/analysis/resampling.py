"""How sure a figure is that is made of sums over prompts: the prompts are drawn again, the figure is made again."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator
from itertools import groupby
from statistics import NormalDist
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rubrictool.analysis.intervals import RESAMPLES, Z95, Estimate, agresti_coull

Array = NDArray[np.float64]

Places = NDArray[np.intp]
"""Of each row of an array the place of what it belongs to, from 0, none left out."""

H = TypeVar("H", bound=Hashable)

AT_ONCE = 2_000_000
"""Draws held in memory at once, so that it stays bounded however many prompts there are."""

MOST_TOTALS = 20_000_000
"""Resampled sums held in memory at once, so that it stays bounded however many figures there are."""


def numbered(several: Iterable[H]) -> tuple[dict[H, int], Places]:
    """The different ones in order, each with its place, and the place of each in turn."""
    places: dict[H, int] = {}
    numbers = [places.setdefault(one, len(places)) for one in several]
    return places, np.array(numbers, dtype=np.intp)


class Sums(NamedTuple):
    """What is added up over prompts for one figure or several: `columns` has one row for each of `prompts`."""

    prompts: tuple[str, ...]
    columns: Array


def summed_by_prompt(rows: Iterable[tuple[str, Array]]) -> Sums:
    """Add up rows of sums, each given with its prompt, to one row per prompt."""
    prompts: dict[str, Array] = {}
    for prompt_id, row in rows:
        prompts[prompt_id] = prompts[prompt_id] + row if prompt_id in prompts else row
    return Sums(tuple(prompts), np.array(list(prompts.values())))


def totals(*sums: Array, seed: int, resamples: int = RESAMPLES) -> list[Array]:
    """The sums over prompts in each resample of the prompts: each array with resamples in place of prompts as first axis.

    A figure that is a ratio of sums is then worked out for all resamples at once. All arrays are summed over the same
    resamples, so figures made of them are paired: a prompt comes with all that it has.
    """
    prompts, draws = len(sums[0]), np.random.default_rng(seed)
    flat = np.hstack([part.reshape(prompts, -1) for part in sums])
    drawn = np.empty((resamples, flat.shape[1]))
    block = max(1, AT_ONCE // prompts)
    for start in range(0, resamples, block):
        some = drawn[start : start + block]
        np.matmul(_counts(draws, len(some), prompts), flat, out=some)
    ends = np.cumsum([math.prod(part.shape[1:]) for part in sums])[:-1]
    apart = np.split(drawn, ends, axis=1)
    return [part.reshape(resamples, *of.shape[1:]) for part, of in zip(apart, sums, strict=True)]


def totals_of_each(several: Iterable[Sums], *, seed: int, resamples: int = RESAMPLES) -> Iterator[Array]:
    """The resampled `totals` of each, in order; neighbours over the same prompts share the draws, which are what takes long."""
    for _, alike in groupby(several, key=lambda sums: sums.prompts):
        for some in _runs(alike, resamples):
            yield from totals(*(sums.columns for sums in some), seed=seed, resamples=resamples)


def _runs(alike: Iterator[Sums], resamples: int) -> Iterator[list[Sums]]:
    """The same in runs, of which none has too many totals to be held at once."""
    run: list[Sums] = []
    for sums in alike:
        if run and resamples * (len(run) + 1) * sums.columns.shape[1] > MOST_TOTALS:
            yield run
            run = []
        run.append(sums)
    yield run


def _counts(draws: np.random.Generator, resamples: int, prompts: int) -> Array:
    """How often each resample drew each prompt."""
    drawn = draws.integers(0, prompts, size=(resamples, prompts)) + prompts * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * prompts).reshape(resamples, prompts).astype(float)


def estimate(value: float, resampled: Array, prompts: int, *, span: tuple[float, float] = (0, 1)) -> Estimate:
    """A figure with the 95 % interval of its resampled values, those that could not be worked out (NaN) left out.

    `prompts` is how many the figure is made of. The percentiles are moved outwards for few prompts, by as much as a t
    interval is wider than a normal one (Hesterberg 2015, "expanded percentile"). Resamples that do not differ say nothing;
    then as large a share of prompts may be otherwise, at the ends of the figure's `span`, as the interval of none among so
    many allows.
    """
    kept = resampled[~np.isnan(resampled)]
    if len(kept) == 0 or kept.max() - kept.min() < 1e-12:
        # Scores on a scale of their own may lie outside.
        return _unvaried(value, prompts, (min(value, span[0]), max(value, span[1])))
    outside = _outside(prompts)
    low, high = np.quantile(kept, [outside, 1 - outside])
    return Estimate(value, min(value, float(low)), max(value, float(high)))


def _unvaried(value: float, prompts: int, span: tuple[float, float]) -> Estimate:
    unseen = agresti_coull(0, prompts).high
    return Estimate(value, value - unseen * (value - span[0]), value + unseen * (span[1] - value))


def _outside(prompts: int) -> float:
    """The share of resamples to leave out on each side: 2.5 % for many prompts, less for few."""
    if prompts < 3:
        return 0.0
    return NormalDist().cdf(-math.sqrt(prompts / (prompts - 1)) * _t975(prompts - 1))


def _t975(freedom: int) -> float:
    """The 97.5 % point of Student's t (Abramowitz and Stegun 26.7.5; within 0.06 from 2 degrees of freedom up)."""
    z, v = Z95, float(freedom)
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * v**4)
    )
