"""Find the tail of each prompt's responses: regions by gold, and the responses that share the highest score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from rubrictool.analysis.pools import Pool
from rubrictool.rubric.weights import TIE


class Region(NamedTuple):
    """The best (or worst) share of a prompt's responses by gold."""

    name: str
    share: float
    best: bool = True


EVERYWHERE = Region("all", 1.0)
"""The region of all pairs, which the others are compared with."""

REGIONS = (
    Region("top 10%", 0.1),
    Region("top 20%", 0.2),
    Region("top 40%", 0.4),
    EVERYWHERE,
    Region("bottom 40%", 0.4, best=False),
)


def members(gold: Sequence[float], region: Region) -> list[bool]:
    """Return for each response of one prompt whether it lies in a region: the ceil(share * n) best (or worst), with ties."""
    sign = 1 if region.best else -1
    signed = [sign * value for value in gold]
    # The tolerance keeps 0.1 * 30 from being 4.
    cut = sorted(signed, reverse=True)[math.ceil(region.share * len(gold) - TIE) - 1]
    return [value >= cut - TIE for value in signed]


class TopScore(NamedTuple):
    """Ties at the highest score, one value for each prompt with two responses or more.

    `mass` is the share of responses at the prompt's highest score, `tied` is 1 where the two highest are tied, else 0.
    """

    mass: list[float]
    tied: list[float]


def top_scores(pools: Sequence[Pool], file: int) -> TopScore:
    """Return the ties at the highest score that one file gives in each pool."""
    at_top = [_at_top(pool.scores[file]) for pool in pools]
    sizes = [(count, len(pool.gold)) for count, pool in zip(at_top, pools, strict=True) if len(pool.gold) > 1]
    return TopScore([count / size for count, size in sizes], [float(count > 1) for count, _ in sizes])


def _at_top(scores: Sequence[float]) -> int:
    highest = max(scores)
    return sum(score >= highest - TIE for score in scores)
