"""Measure a rubric on a policy's responses whose quality is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rubrictool.analysis.policy_tilt import kl_divergence, mid_ranks, policy_weights
from rubrictool.rows.records import Criterion
from rubrictool.rubric.weights import TIE
from rubrictool.simulation.judge import COIN, LEAVES_OUT, SimulatedJudge
from rubrictool.simulation.world import World, gold, policy, shown, write

Numbers = NDArray[np.float64]

SAMPLES = 256
TOP = 16
BETAS = np.geomspace(3.0, 0.003, 60)
"""From a policy that hardly moves to one that takes only the highest score: two levels of a score lie 0.02 apart."""


class Measured(NamedTuple):
    """The figures of one rubric on one prompt.

    `win`, `tie` and `loss` are shares of pairs (nan where no pair differs in quality). `kl` in nats and `win_rate` in
    [0, 1] are those of the trained policy at each of `BETAS`. The counts are of criteria: all, about style, reversed.
    """

    win: float
    tie: float
    loss: float
    kl: Numbers
    win_rate: Numbers
    criteria: int
    style: int
    wrong: int

    @property
    def half(self) -> float:
        """Return the share of wins with a tie counted as one half."""
        return self.win + self.tie / 2


class Policy:
    """A policy's samples for one prompt with their true quality, on which rubrics are measured."""

    def __init__(self, world: World, prompt_id: str, judge: SimulatedJudge) -> None:
        self._judge, self.responses = judge, write(world, prompt_id, policy(world), SAMPLES)
        self._quality = np.array([gold(world, response) for response in self.responses])
        self._verdicts: dict[str, Numbers] = {}

    def measured(self, criteria: Sequence[Criterion]) -> Measured:
        """Return a rubric's agreement with the quality at the top, and the policy that its reward leads to."""
        rewards = self.rewards(criteria)
        best = np.argsort(-self._quality, kind="stable")[:TOP]
        kl, win_rate = trained(rewards, mid_ranks(self._quality), BETAS)
        return Measured(*agreement(rewards[best], self._quality[best]), kl, win_rate, *_kinds(criteria))

    def rewards(self, criteria: Sequence[Criterion]) -> Numbers:
        """Return the score of each sample, as `rubrictool.score` would give it where no criterion has a role or a check."""
        weights = np.array([criterion.weight for criterion in criteria], dtype=float)
        verdicts = np.array([self._met(criterion.criterion) for criterion in criteria])
        earned: Numbers = weights @ verdicts / weights.sum()
        return earned

    def _met(self, criterion: str) -> Numbers:
        if criterion not in self._verdicts:
            verdicts = [self._judge.met(criterion, response) for response in self.responses]
            self._verdicts[criterion] = np.array(verdicts, dtype=float)
        return self._verdicts[criterion]


def agreement(rewards: Numbers, quality: Numbers) -> tuple[float, float, float]:
    """Return win, tie and loss as shares of the pairs that differ in quality; nan where none does."""
    better = (quality[:, None] - quality[None, :]) > TIE
    ahead = (rewards[:, None] - rewards[None, :])[better]
    if not ahead.size:
        return float("nan"), float("nan"), float("nan")
    win, loss = float(np.mean(ahead > TIE)), float(np.mean(ahead < -TIE))
    return win, 1 - win - loss, loss


def trained(rewards: Numbers, ranks: Numbers, betas: Numbers) -> tuple[Numbers, Numbers]:
    """Return the optimised policy's KL from the base policy, and its win rate against it, for each beta.

    The base policy is uniform over the samples.
    """
    weights = policy_weights(rewards, betas[:, None])
    return kl_divergence(weights, 1 / len(rewards)), weights @ ranks


def _kinds(criteria: Sequence[Criterion]) -> tuple[int, int, int]:
    texts = [criterion.criterion for criterion in criteria if not criterion.criterion.startswith(COIN)]
    style = sum(any(name.startswith("style") for name in shown(text)) for text in texts)
    return len(criteria), style, sum(text.startswith(LEAVES_OUT) for text in texts)
