"""How much of what verdicts and scores show is the responses, and how much is the judge's own unsteadiness.

Units (responses, or the models that wrote them) differ: that is signal. Samples of one unit differ too: that is noise. Noise
is measured within units and never together with signal: a spread over all samples would hold both, and the better a rubric
tells units apart, the noisier it would seem. Both are measured within prompts, for scores are not compared across them.

What is known of one prompt comes as columns, one for each thing that is measured (a score, a criterion), and becomes sums
at once: every figure is a function of sums over prompts, so prompts can be drawn again without looking at verdicts again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rubrictool.analysis.intervals import RESAMPLES
from rubrictool.analysis.resampling import Array, Places, Sums, estimate, totals_of_each
from rubrictool.rubric.weights import TIE

TARGET = 0.9
"""The reliability that one would like to have, where nothing else is said."""


class Figure(NamedTuple):
    """A figure, and its 95 % interval over prompts where there are several."""

    value: float
    low: float | None = None
    high: float | None = None


class Figures(NamedTuple):
    """Signal and noise. None stands where there is nothing to measure it by, and for a ratio to no noise at all.

    Over units: `signal` is the range of their means, `noise` the standard deviation of samples of one unit, `snr_one` their
    ratio and `snr` that for means of all samples; `reliability_one` and `reliability` are the shares of the variance of one
    sample and of such a mean that is between units. Over responses: `flip_rate` is the share of pairs of repeated verdicts
    that differ; `all_met` and `never_met` are the shares of criteria that tell no two responses apart, `non_contrastive`
    both; `redundancy` is the mean phi of two criteria.
    """

    signal: Figure | None
    noise: Figure | None
    snr_one: float | None
    snr: float | None
    reliability_one: Figure | None
    reliability: Figure | None
    flip_rate: Figure | None
    all_met: float | None
    never_met: float | None
    non_contrastive: Figure | None
    redundancy: Figure | None


@dataclass(frozen=True)
class Signal:
    """How many prompts, units and samples figures are made of, and what they are.

    `samples_needed` are the samples of a unit whose mean reaches the target reliability, None where no number does.
    """

    prompts: int
    units: int
    samples: int
    figures: Figures
    samples_needed: int | None


def samples_needed(reliability_one: float | None, target: float = TARGET) -> int | None:
    """How many samples have a mean of the target reliability, from that of one sample; None where no number has.

    Spearman and Brown: k samples have k r / (1 + (k - 1) r).
    """
    if not reliability_one or reliability_one <= 0:
        return None
    needed = target * (1 - reliability_one) / ((1 - target) * reliability_one)
    return max(1, math.ceil(needed - TIE))


OF_UNITS = ("range", "ranges", "between", "units", "told", "within", "samples", "effective")

OF_VERDICTS = ("flips", "repeats", "all_met", "never_met", "criteria")

OF_PAIRS = ("phi", "phis")

_PLACE = {name: place for place, name in enumerate((*OF_UNITS, *OF_VERDICTS, *OF_PAIRS))}
"""What is added up over prompts, as columns of `Sums`, in this order."""


def signal_noise(
    several: Sequence[Sums], *, target: float = TARGET, seed: int = 0, resamples: int = RESAMPLES
) -> list[Signal]:
    """The figures of each of several things that were measured, from its sums by prompt.

    Sums of squares, ranges and counts are added up over prompts, and then divided; intervals are from resamples of the
    prompts, and there are none for one prompt.
    """
    if not several:
        return []
    whole = np.array([sums.columns.sum(axis=0) for sums in several])
    values = _ratios(whole)
    of_prompts = (sums for sums in several if len(sums.prompts) > 1)
    drawn = totals_of_each(of_prompts, seed=seed, resamples=resamples)
    found = []
    for place, sums in enumerate(several):
        value = {name: float(of[place]) for name, of in values.items() if np.isfinite(of[place])}
        spread = _spread(value, sums, next(drawn)) if len(sums.prompts) > 1 else _alone(value)
        units, samples = (int(whole[place, _PLACE[name]]) for name in ("units", "samples"))
        needed = samples_needed(value.get("reliability_one"), target)
        found.append(Signal(len(sums.prompts), units, samples, spread, needed))
    return found


def _alone(value: Mapping[str, float]) -> Figures:
    """The figures of one prompt."""
    return _as_figures(value, {name: Figure(of) for name, of in value.items()})


def _spread(value: Mapping[str, float], sums: Sums, drawn: Array) -> Figures:
    """The figures of several prompts, with the intervals that resamples give."""
    resampled, supports = _ratios(drawn), _supports(sums.columns)
    estimates = {
        name: Figure(*estimate(value[name], resampled[name], supports[name], span=_SPANS.get(name, (0, 1))))
        for name in supports.keys() & value.keys()
    }
    return _as_figures(value, estimates)


_SPANS = {"redundancy": (-1.0, 1.0)}
"""Between what figures lie that do not lie in [0, 1]; signal and noise of scores on a scale of their own have no bounds."""


def _as_figures(value: Mapping[str, float], spread: Mapping[str, Figure]) -> Figures:
    return Figures(
        signal=spread.get("signal"),
        noise=spread.get("noise"),
        snr_one=value.get("snr_one"),
        snr=value.get("snr"),
        reliability_one=spread.get("reliability_one"),
        reliability=spread.get("reliability"),
        flip_rate=spread.get("flip_rate"),
        all_met=value.get("all_met"),
        never_met=value.get("never_met"),
        non_contrastive=spread.get("non_contrastive"),
        redundancy=spread.get("redundancy"),
    )


def of_units(columns: Array, unit: Places) -> Array:
    """Of each column the sums `OF_UNITS`: a row for each.

    `columns` has one row per sample (NaN where there is none), `unit` tells whose it is. These are the range of the units'
    means, and the sums of squares of a one-way analysis of variance.
    """
    sizes, means = group_means(columns, unit)
    told = sizes > 0
    units, n = told.sum(axis=0), sizes.sum(axis=0)
    known = np.where(told, means, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (sizes * known).sum(axis=0) / n
        effective = n - (sizes**2).sum(axis=0) / n
    between = (sizes * _squares(known - centre, centre) * told).sum(axis=0)
    off = columns - means[unit]
    within = _squares(np.where(np.isnan(off), 0.0, off), means[unit]).sum(axis=0)
    reach = np.where(told, means, -np.inf).max(axis=0) - np.where(told, means, np.inf).min(axis=0)
    sums = (reach, units > 1, between, units, units > 0, within, n, effective)
    return np.where(units > 0, np.array(sums, dtype=float), 0.0).T


def group_means(columns: Array, group: Places) -> tuple[Array, Array]:
    """How many numbers (NaN is none) each group has in each column, and their mean, NaN where it has none.

    Both have one row per group, each of which has a row at least.
    """
    order = np.argsort(group, kind="stable")
    _, starts = np.unique(group[order], return_index=True)
    there = ~np.isnan(columns)
    sizes = np.add.reduceat(there[order], starts, axis=0, dtype=float)
    sums = np.add.reduceat(np.where(there, columns, 0.0)[order], starts, axis=0)
    with np.errstate(invalid="ignore"):
        return sizes, sums / sizes


def _squares(deviations: Array, from_what: Array) -> Array:
    """The squares, 0 for what is only rounding: scores may be large, as rewards are."""
    return np.where(np.abs(deviations) > np.fmax(TIE, 1e-12 * np.abs(from_what)), deviations, 0.0) ** 2


def of_verdicts(met: Array, response: Places, drawn: NDArray[np.bool_]) -> Array:
    """Of each criterion the sums `OF_VERDICTS`: a row for each.

    `met` has one row per judging and one column per criterion (1, 0, NaN for none); `drawn` are the verdicts that a judge
    gave then and might have given otherwise. Pairs of those on one response that differ, all such pairs; whether all or no
    responses meet the criterion, and whether there are two to tell apart. That is the chance of it where one verdict is
    drawn for each response, so that more samples do not change what is measured.
    """
    n, share = group_means(met, response)
    again, of_these = (n, share) if drawn.all() else group_means(np.where(drawn, met, np.nan), response)
    yes = np.where(again > 0, of_these, 0.0) * again
    flips, repeats = (yes * (again - yes)).sum(axis=0), (again * (again - 1) / 2).sum(axis=0)
    several = (n > 0).sum(axis=0) > 1
    all_met, never_met = (np.where(n > 0, of, 1.0).prod(axis=0) * several for of in (share, 1 - share))
    return np.array([flips, repeats, all_met, never_met, several], dtype=float).T


def phis(shares: Array) -> Array:
    """How far each two criteria go along, from -1 to 1: criterion by criterion, over the responses for which both are judged.

    `shares` has one row per response and one column per criterion: how often it is met, NaN where it was not judged. The
    correlation of these; phi where each is judged once. NaN for a criterion that never differs, and with itself.
    """
    known = ~np.isnan(shares)
    there, share = known.astype(float), np.where(known, shares, 0.0)
    n = there.T @ there
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = share.T @ there / n
        spread = (share**2).T @ there / n - mean**2
        spread = np.where(spread > _NO_SPREAD, spread, np.nan)
        found = (share.T @ share / n - mean * mean.T) / np.sqrt(spread * spread.T)
    found[np.eye(len(found), dtype=bool)] = np.nan
    return np.asarray(found.clip(-1, 1))


_NO_SPREAD = 1e-12
"""A variance of shares that is only rounding."""


def of_pairs(found: Array, inside: Array) -> Array:
    """The sums `OF_PAIRS` of several sets of criteria, a row for each: of the phis of its pairs, and how many these are.

    `inside` tells for each set (row) which criteria (columns) are in it, 1 or 0.
    """
    there = ~np.isnan(found)
    both = ((inside @ of * inside).sum(axis=1) / 2 for of in (np.where(there, found, 0.0), there.astype(float)))
    return np.column_stack(list(both))


def _ratios(sums: Array) -> dict[str, Array]:
    """The figures that sums (last axis) come to; NaN where there is nothing to divide by."""
    of = {name: sums[..., place] for name, place in _PLACE.items()}
    between_df, within_df = of["units"] - of["told"], of["samples"] - of["units"]
    with np.errstate(invalid="ignore", divide="ignore"):
        size, within = of["effective"] / between_df, of["within"] / within_df
        between = np.maximum(of["between"] / between_df - within, 0) / size
        signal, noise, one = of["range"] / of["ranges"], np.sqrt(within), between / (between + within)
        return {
            "signal": signal,
            "noise": noise,
            "snr_one": signal / noise,
            "snr": signal / (noise / np.sqrt(size)),
            "reliability_one": one,
            "reliability": size * one / (1 + (size - 1) * one),
            "flip_rate": of["flips"] / of["repeats"],
            "all_met": of["all_met"] / of["criteria"],
            "never_met": of["never_met"] / of["criteria"],
            "non_contrastive": (of["all_met"] + of["never_met"]) / of["criteria"],
            "redundancy": of["phi"] / of["phis"],
        }


def _supports(sums: Array) -> dict[str, int]:
    """How many prompts have something to say about each figure."""
    prompts = {name: int((sums[:, place] > 0).sum()) for name, place in _PLACE.items()}
    units = prompts["ranges"]
    repeated = int((sums[:, _PLACE["samples"]] > sums[:, _PLACE["units"]]).sum())
    return {
        "signal": units,
        "noise": repeated,
        "reliability_one": min(units, repeated),
        "reliability": min(units, repeated),
        "flip_rate": prompts["repeats"],
        "non_contrastive": prompts["criteria"],
        "redundancy": prompts["phis"],
    }
