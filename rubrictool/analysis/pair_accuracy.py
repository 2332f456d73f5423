"""How often scores order two responses as gold does: by region, and held to pairs that gold sets as far apart.

Pairs close in quality are harder to order, and both members of a pair in the tail are close. So most of a drop in
accuracy from all pairs to the tail comes from the narrower range alone, for any scorer, and says nothing about the
tail. Beside each region stands therefore what all pairs would give if their gold gaps were spread as the region's are:
every gap of the region counts as often as it does there, with the accuracy that all pairs of that gap have. All pairs
are weighted to the region and not the region to all pairs, because every gap of a region occurs among all pairs, while
the large gaps of all pairs occur in no tail: this way nothing has to be extrapolated. The region's own pairs stay among
all pairs for the same reason (a gap might occur nowhere else), which makes the difference a little smaller than the one
to the rest. A gap is taken as it is where there are at most ten different ones in the region (labels), else in tenths of
the region's pairs (continuous gold), within which gaps still differ a little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rubrictool.analysis.intervals import RESAMPLES, Estimate
from rubrictool.analysis.resampling import Array, estimate, totals
from rubrictool.analysis.tails import EVERYWHERE, REGIONS, Pool, Region, members
from rubrictool.rubric.weights import TIE

Inside = NDArray[np.bool_]

STRATA = 10
"""The most classes of gold gaps that all pairs are weighted by."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of responses to one prompt that gold does not tie, as columns with one entry per pair.

    `prompt` is the place of the prompt among all (of which there are `prompts`), `gap` how far apart gold sets the two,
    `writer` who wrote both, by place among the `writers` (-1 where not the same). `inside` tells by region whether both
    are in it, and `credit` by file what its order earns: 1 as gold, 1/2 tied, 0 the contrary.
    """

    prompts: int
    writers: tuple[str, ...]
    prompt: NDArray[np.intp]
    gap: Array
    writer: NDArray[np.intp]
    inside: NDArray[np.bool_]
    credit: Array

    def of_writer(self, writer: str) -> Pairs:
        """The pairs that one writer wrote both members of."""
        own = self.writer == (self.writers.index(writer) if writer in self.writers else -2)
        kept = (self.prompt[own], self.gap[own], self.writer[own], self.inside[:, own], self.credit[:, own])
        return Pairs(self.prompts, self.writers, *kept)


def pairs_of(pools: Sequence[Pool], regions: Sequence[Region] = REGIONS) -> Pairs:
    """All pairs within the pools that gold orders. A region is one of the whole pool, whoever wrote its members."""
    writers = tuple(sorted({name for pool in pools for name in pool.writers if name}))
    places = {name: place for place, name in enumerate(writers)}
    parts = [_pairs_within(pool, regions, places) for pool in pools]
    prompt = np.repeat(np.arange(len(pools)), [part[0].size for part in parts])
    columns = [np.concatenate(column, axis=-1) for column in zip(*parts, strict=True)]
    return Pairs(len(pools), writers, prompt, *columns)


def _pairs_within(pool: Pool, regions: Sequence[Region], places: Mapping[str, int]) -> tuple[NDArray[np.generic], ...]:
    gold, scores = np.array(pool.gold), np.array(pool.scores)
    one, other = np.triu_indices(len(gold), 1)
    order = _sign(_margins(pool, gold)[one, other])
    one, other, order = one[order != 0], other[order != 0], order[order != 0]
    inside = np.array([members(pool.gold, region) for region in regions])
    writers = np.array([places.get(name or "", -1) for name in pool.writers])
    return (
        np.abs(gold[one] - gold[other]),
        np.where(writers[one] == writers[other], writers[one], -1),
        inside[:, one] & inside[:, other],
        (1 + order * _sign(scores[:, one] - scores[:, other])) / 2,
    )


def _margins(pool: Pool, gold: Array) -> Array:
    """By how much each response is better than each other one, 0 for two that gold does not part or compare."""
    if pool.preferred is None:
        return np.asarray(gold[:, None] - gold)
    margins = np.zeros((len(gold), len(gold)))
    for (one, other), credit in pool.preferred.items():
        margins[one, other], margins[other, one] = credit - 0.5, 0.5 - credit
    return margins


def _sign(differences: Array) -> Array:
    return np.where(np.abs(differences) <= TIE, 0.0, np.sign(differences))


class Agreement(NamedTuple):
    """How scores and gold agree on a set of pairs, as shares of it: `strict` is the share ordered as gold orders it.

    A tied pair is an error to `strict` (the paper's accuracy, section 4) and one half to `half_credit`.
    """

    strict: Estimate
    tie: float
    loss: float
    half_credit: Estimate


@dataclass(frozen=True)
class Accuracy:
    """One file's agreement with gold in one region. Figures are None where there are no pairs.

    `found` is the region's own, `matched` that of all pairs at the region's gold gaps, `beyond` how much higher the
    region's half-credit is than that. `gap` is the mean gold gap. `difference` is the file's half-credit less the
    first file's, None for the first. Intervals are over prompts; `prompts` counts those with a pair in the region.
    """

    region: Region
    file: int
    prompts: int
    pairs: int
    wins: int = 0
    ties: int = 0
    losses: int = 0
    gap: float | None = None
    found: Agreement | None = None
    matched: Agreement | None = None
    beyond: Estimate | None = None
    difference: Estimate | None = None


def accuracies(
    pairs: Pairs, regions: Sequence[Region] = REGIONS, *, seed: int = 0, resamples: int = RESAMPLES
) -> list[Accuracy]:
    """What each file is worth in each region, file by file.

    Each pair counts alike. Intervals are from resamples of the prompts, the same ones for all files and regions: what is
    compared is paired.
    """
    sums = [_sums(pairs, inside, region) for inside, region in zip(pairs.inside, regions, strict=True)]
    by_region = [
        _region(pairs, inside, region, own, drawn)
        for inside, region, own, drawn in zip(
            pairs.inside, regions, sums, totals(*sums, seed=seed, resamples=resamples), strict=True
        )
    ]
    return [accuracy for of_file in zip(*by_region, strict=True) for accuracy in of_file]


def _region(pairs: Pairs, inside: Inside, region: Region, sums: Array, drawn: Array) -> list[Accuracy]:
    """The accuracy of each file in one region."""
    files = range(len(pairs.credit))
    if not inside.any():
        return [Accuracy(region, file, 0, 0) for file in files]
    prompts = len(np.unique(pairs.prompt[inside]))
    figures = _Figures(_shares(sums.sum(axis=0)), _shares(drawn), prompts)
    return [_accuracy(pairs, inside, region, file, figures) for file in files]


def _accuracy(pairs: Pairs, inside: Inside, region: Region, file: int, figures: _Figures) -> Accuracy:
    tail = region != EVERYWHERE
    credit = pairs.credit[file][inside]
    return Accuracy(
        region,
        file,
        figures.prompts,
        len(credit),
        wins=int((credit == 1).sum()),
        ties=int((credit == 0.5).sum()),
        losses=int((credit == 0).sum()),
        gap=float(pairs.gap[inside].mean()),
        found=figures.agreement("own", file),
        matched=figures.agreement("matched", file) if tail else None,
        beyond=figures.estimate("beyond", file, span=(-1, 1)) if tail else None,
        difference=figures.estimate("difference", file, span=(-1, 1)) if file else None,
    )


class _Figures(NamedTuple):
    """Shares by name, for the prompts as they are and for each resample of them."""

    value: Mapping[str, Array]
    drawn: Mapping[str, Array]
    prompts: int

    def estimate(self, name: str, file: int, *, span: tuple[float, float] = (0, 1)) -> Estimate:
        return estimate(float(self.value[name][file]), self.drawn[name][:, file], self.prompts, span=span)

    def agreement(self, name: str, file: int) -> Agreement:
        strict, half = self.estimate(f"{name} strict", file), self.estimate(f"{name} half", file)
        tie = float(self.value[f"{name} tie"][file])
        return Agreement(strict, tie, max(0.0, round(1 - strict.value - tie, 12)), half)


def _sums(pairs: Pairs, inside: Inside, region: Region) -> Array:
    """Counts by prompt, class of gap, set of pairs (the region's, all) and column (pairs, wins and ties of each file)."""
    strata = np.zeros(inside.size, int) if region == EVERYWHERE else _strata(pairs.gap, inside, STRATA)
    columns = np.vstack([np.ones(inside.size), pairs.credit == 1, pairs.credit == 0.5])
    shape = (pairs.prompts, max(1, strata.max(initial=0) + 1))
    cells = pairs.prompt * shape[1] + strata
    counted = [
        [np.bincount(cells[kept], column[kept], shape[0] * shape[1]).reshape(shape) for column in columns]
        for kept in (inside, strata >= 0)
    ]
    return np.array(counted).transpose(2, 3, 0, 1)


def _strata(gap: Array, inside: Inside, most: int) -> NDArray[np.intp]:
    """The class of each pair's gap by the gaps inside a region; -1 for a pair set apart as none there is."""
    own = gap[inside]
    if not own.size:
        return np.full(gap.size, -1)
    levels = _levels(own)
    return _classes(gap, levels) if len(levels) <= most else _quantiles(gap, own, most)


def _classes(gap: Array, levels: Array) -> NDArray[np.intp]:
    """The place of each gap among the levels, -1 for one between them."""
    place = np.searchsorted(levels, gap - _slack(gap)).clip(max=len(levels) - 1)
    return np.where(np.abs(levels[place] - gap) <= 10 * _slack(gap), place, -1)


def _levels(gaps: Array) -> Array:
    """The different gaps; those that only rounding keeps apart are one."""
    ordered = np.unique(gaps)
    return ordered[np.diff(ordered, prepend=-np.inf) > _slack(ordered)]


def _slack(gap: Array) -> Array:
    """How far rounding may carry a gap: labels may be large, as counts and times are."""
    return np.maximum(TIE, 1e-12 * gap)


def _quantiles(gap: Array, own: Array, most: int) -> NDArray[np.intp]:
    """The class of each gap by equal shares of a region's own, -1 for one beyond them."""
    place = np.searchsorted(np.quantile(own, np.arange(1, most) / most), gap)
    return np.where((gap < own.min() - TIE) | (gap > own.max() + TIE), -1, place)


def _shares(sums: Array) -> dict[str, Array]:
    """The figures by file (last axis) that counts come to. NaN where a resample drew no pair."""
    own, everywhere = sums[..., 0, :], sums[..., 1, :]
    count = own.sum(axis=-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = count[..., 1:] / count[..., :1]
        # A class that a resample drew no pair of has no weight in it either.
        by_gap = np.nan_to_num(everywhere[..., 1:] / everywhere[..., :1])
        matched = (own[..., :1] / count[..., None, :1] * by_gap).sum(axis=-2)
    figures = _credited("own", shares) | _credited("matched", matched)
    half = figures["own half"]
    return figures | {"beyond": half - figures["matched half"], "difference": half - half[..., :1]}


def _credited(name: str, shares: Array) -> dict[str, Array]:
    """Strict, tied and half-credit from the shares of wins of each file and then of ties of each."""
    wins, ties = np.split(shares, 2, axis=-1)
    return {f"{name} strict": wins, f"{name} tie": ties, f"{name} half": wins + ties / 2}
