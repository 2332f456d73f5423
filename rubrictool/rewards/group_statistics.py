"""Count what the rewards of a batch tell a trainer: spread within groups, groups without contrast, failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from rubrictool.analysis.estimators.prompt_means import mean, standard_deviation
from rubrictool.errors import ModelFailure
from rubrictool.rewards.rollouts import Reward
from rubrictool.rows.joins import grouped
from rubrictool.rubric.weights import TIE


@dataclass(frozen=True)
class GroupStatistics:
    """Figures of one batch. Means are over the completions or groups for which they exist, None where there is none.

    `group_std` is the mean standard deviation (n - 1) within a group, `no_contrast` the share of groups whose rewards are all
    the same: a group-relative trainer learns nothing from these. Groups of one completion are in neither.
    """

    completions: int
    groups: int
    failed: int
    vetoed: int
    mean: float | None
    group_std: float | None
    no_contrast: float | None

    def columns(self) -> dict[str, float | None]:
        """Return the figures by name, the same names for every batch."""
        return asdict(self)


def group_statistics(groups: Sequence[str], rewards: Sequence[Reward]) -> GroupStatistics:
    """Return the statistics of rewards, given the group of each."""
    pools = grouped((group, one.score) for group, one in zip(groups, rewards, strict=True) if one.score is not None)
    contrasted = [pool for pool in pools.values() if len(pool) > 1]
    scores = [value for pool in pools.values() for value in pool]
    flat = sum(max(pool) - min(pool) <= TIE for pool in contrasted)
    return GroupStatistics(
        completions=len(rewards),
        groups=len(set(groups)),
        failed=sum(one.error is not None for one in rewards),
        vetoed=sum(bool(one.veto) for one in rewards),
        mean=mean(scores) if scores else None,
        group_std=mean([standard_deviation(pool) or 0.0 for pool in contrasted]) if contrasted else None,
        no_contrast=flat / len(contrasted) if contrasted else None,
    )


def group_mean(rewards: Sequence[Reward], groups: Sequence[str]) -> list[Reward]:
    """Return rewards in which those that failed have the mean of the others of their group.

    Raises `ModelFailure` where no completion of a group has a reward: there is nothing to take the mean of.
    """
    known = grouped((group, one.reward) for group, one in zip(groups, rewards, strict=True) if one.reward is not None)
    return [
        one if one.error is None else replace(one, reward=_of_others(known.get(group, []), one))
        for group, one in zip(groups, rewards, strict=True)
    ]


def _of_others(rewards: Sequence[float], failed: Reward) -> float:
    if not rewards:
        raise ModelFailure("unavailable", f"no completion of the group was judged, so it has no mean: {failed.error}")
    return mean(rewards)
