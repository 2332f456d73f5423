"""Measure ties at the highest score of each prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rubrictool.analysis.intervals import Figure
from rubrictool.analysis.pools import Pool
from rubrictool.analysis.resampling import Array, estimate, totals
from rubrictool.rubric.weights import TIE


class TopTies(NamedTuple):
    """The ties of one file at the top, over the `prompts` with two responses or more.

    `mass` is the mean share of a prompt's responses at its highest score, `tied` the share of prompts whose two highest
    scores are tied.
    """

    prompts: int
    mass: Figure
    tied: Figure


def top_ties(pools: Sequence[Pool], file: int, *, seed: int = 0) -> TopTies:
    """Return the ties at the highest score that one file gives; at least one pool holds two responses."""
    shares = shares_at_top([pool.scores[file] for pool in pools if len(pool.gold) > 1])
    (drawn,), prompts = totals(shares, seed=seed), len(shares)
    mass, tied = (estimate(float(shares[:, i].mean()), drawn[:, i] / prompts, prompts) for i in range(2))
    return TopTies(prompts, mass, tied)


def shares_at_top(scores: Sequence[Sequence[float]]) -> Array:
    """Return for each prompt the share of responses at its highest score, and 1 where the two highest tie, else 0."""
    at_top = [sum(score >= max(of_prompt) - TIE for score in of_prompt) for of_prompt in scores]
    return np.array(
        [(count / len(of_prompt), count > 1) for count, of_prompt in zip(at_top, scores, strict=True)], float
    )
