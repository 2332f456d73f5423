"""Hold verdicts with the labels that they are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rubrictool.analysis.estimators.resampling import Array

CriterionGroup = tuple[str, str]
"""The kind and the name of a group of criteria, such as ("dimension", "safety")."""


LEVELLED: CriterionGroup = ("answered by", "level")
"""The group of criteria that have levels."""


HUMAN_MARGIN = 0.05
"""Largest shortfall of a judge's agreement with people, below theirs with each other, at which it counts as one of them."""

KAPPA_MARGIN = 2 * HUMAN_MARGIN
"""Largest shortfall of kappa at which a judge is as good as the others: of labels half met, 0.05 of agreement."""


class LabelledVerdict(NamedTuple):
    """A verdict and the label of the same criterion of the same response, each as the share that is met: 1, 0, or a level's.

    `groups` are those that the criterion belongs to besides all; they depend on the criterion alone. `shared` says that
    `criterion` is the same criterion wherever other prompts have it.
    """

    prompt_id: str
    response_id: str
    criterion: str
    met: float
    label: float
    groups: tuple[CriterionGroup, ...] = ()
    shared: bool = False


def differing_pairs(n: Array, met: Array, labels: Array, squares: Array) -> Array:
    """Return by how much verdicts and labels differ, squared, over all pairs of `n` verdicts and `n` labels.

    `met` and `labels` are their sums, `squares` is the sum of the squares of both. Without levels, a pair that differs counts 1.
    """
    return n * squares - 2 * met * labels
