"""How much of what verdicts and scores show is the responses, and how much is the judge's own unsteadiness.

Units (responses, or the models that wrote them) differ: that is signal. Samples of one unit differ too: that is noise. Noise
is measured within units and never together with signal: a spread over all samples would hold both, and the better a rubric
tells units apart, the noisier it would seem. Both are measured within prompts, for scores are not compared across them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from rubrictool.intervals import RESAMPLES
from rubrictool.resampling import Array, estimate, totals
from rubrictool.rubrics import TIE

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


Verdicts = Mapping[str, Mapping[str, Sequence[bool]]]
"""By criterion and response, the verdicts that repeated judgings gave."""


class Part(NamedTuple):
    """What is known of one prompt under one rubric: the samples of each unit, and the verdicts."""

    prompt_id: str
    units: Sequence[Sequence[float]]
    verdicts: Verdicts


def signal_noise(parts: Sequence[Part], *, target: float = TARGET, seed: int = 0, resamples: int = RESAMPLES) -> Signal:
    """The figures of at least one prompt.

    Sums of squares, ranges and counts are added up over prompts, and then divided; intervals are from resamples of the
    prompts, and there are none for one prompt.
    """
    by_prompt: dict[str, Array] = {}
    for part in parts:
        by_prompt[part.prompt_id] = by_prompt.get(part.prompt_id, np.zeros(len(_SUMS))) + _sums(part)
    figures = _figures(np.array(list(by_prompt.values())), seed, resamples)
    units = [samples for part in parts for samples in part.units if samples]
    one = figures.reliability_one
    needed = samples_needed(one.value if one else None, target)
    return Signal(len(by_prompt), len(units), sum(map(len, units)), figures, needed)


_SUMS = (
    *("range", "ranges", "between", "between_df", "within", "within_df", "effective"),
    *("flips", "repeats", "all_met", "never_met", "criteria", "phi", "phis"),
)
"""What is added up over prompts; every figure is a function of these sums."""


def _sums(part: Part) -> Array:
    return np.array([*_of_units(part.units), *_of_verdicts(part.verdicts), *_of_pairs(part.verdicts)], dtype=float)


def _of_units(units: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The range of the unit means, and the sums of squares of a one-way analysis of variance."""
    told = [samples for samples in units if samples]
    if not told:
        return (0.0,) * 7
    sizes, means = [len(samples) for samples in told], [math.fsum(samples) / len(samples) for samples in told]
    n = sum(sizes)
    centre = math.fsum(size * mean for size, mean in zip(sizes, means, strict=True)) / n
    between = sum(size * _square(mean - centre) for size, mean in zip(sizes, means, strict=True))
    within = sum(_square(x - mean) for samples, mean in zip(told, means, strict=True) for x in samples)
    effective = n - sum(size**2 for size in sizes) / n
    several = len(told) > 1
    return max(means) - min(means), float(several), between, len(told) - 1, within, n - len(told), effective


def _square(deviation: float) -> float:
    """The square, 0 for what is only rounding."""
    return deviation**2 if abs(deviation) > TIE else 0.0


def _of_verdicts(verdicts: Verdicts) -> tuple[float, ...]:
    """Pairs of repeated verdicts that differ, all such pairs; criteria that all or no responses meet, all criteria.

    The latter is the chance of it where one verdict is drawn for each response, so that more samples do not change what
    is measured.
    """
    counts = [(sum(again), len(again)) for of in verdicts.values() for again in of.values()]
    flips, repeats = sum(met * (n - met) for met, n in counts), sum(math.comb(n, 2) for _, n in counts)
    shares = [[sum(again) / len(again) for again in of.values()] for of in verdicts.values() if len(of) > 1]
    all_met = sum(math.prod(of) for of in shares)
    never_met = sum(math.prod(1 - share for share in of) for of in shares)
    return flips, repeats, all_met, never_met, len(shares)


def _of_pairs(verdicts: Verdicts) -> tuple[float, int]:
    found = phis(verdicts)
    return math.fsum(found.values()), len(found)


def phis(verdicts: Verdicts) -> dict[tuple[str, str], float]:
    """How far each two criteria go along, from -1 to 1, over the responses for which all criteria are judged.

    The correlation of the shares of repeated verdicts that are met; phi where there is one verdict each. A criterion that
    never differs goes along with none.
    """
    names = [name for name, of in verdicts.items() if of]
    responses = set.intersection(*(set(verdicts[name]) for name in names)) if names else set()
    if len(names) < 2 or len(responses) < 2:
        return {}
    shares = np.array([[np.mean(verdicts[name][response]) for response in sorted(responses)] for name in names])
    varied = np.ptp(shares, axis=1) > TIE
    kept = [name for name, one in zip(names, varied, strict=True) if one]
    if len(kept) < 2:
        return {}
    correlated = np.corrcoef(shares[varied])
    return {(kept[a], kept[b]): float(correlated[a, b]) for a, b in combinations(range(len(kept)), 2)}


def _figures(sums: Array, seed: int, resamples: int) -> Figures:
    value, supports = _ratios(sums.sum(axis=0)), _supports(sums)
    drawn = _ratios(totals(sums, seed=seed, resamples=resamples)[0]) if len(sums) > 1 else None

    def known(name: str) -> float | None:
        return float(value[name]) if np.isfinite(value[name]) else None

    def spread(name: str, span: tuple[float, float] = (0, 1)) -> Figure | None:
        figure = known(name)
        if figure is None or drawn is None:
            return None if figure is None else Figure(figure)
        return Figure(*estimate(figure, drawn[name], supports[name], span=span))

    return Figures(
        spread("signal"),
        spread("noise"),
        known("snr_one"),
        known("snr"),
        spread("reliability_one"),
        spread("reliability"),
        spread("flip_rate"),
        known("all_met"),
        known("never_met"),
        spread("non_contrastive"),
        spread("redundancy", (-1, 1)),
    )


def _ratios(sums: Array) -> dict[str, Array]:
    """The figures that sums (last axis) come to; NaN where there is nothing to divide by."""
    of = dict(zip(_SUMS, np.moveaxis(sums, -1, 0), strict=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        size, within = of["effective"] / of["between_df"], of["within"] / of["within_df"]
        between = np.maximum(of["between"] / of["between_df"] - within, 0) / size
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
    prompts = dict(zip(_SUMS, (sums > 0).sum(axis=0).tolist(), strict=True))
    units, repeated = prompts["ranges"], prompts["within_df"]
    return {
        "signal": units,
        "noise": repeated,
        "reliability_one": min(units, repeated),
        "reliability": min(units, repeated),
        "flip_rate": prompts["repeats"],
        "non_contrastive": prompts["criteria"],
        "redundancy": prompts["phis"],
    }
