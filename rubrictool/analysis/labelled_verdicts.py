"""Hold verdicts with the labels that they are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rubrictool.analysis.resampling import Array

CriterionGroup = tuple[str, str]
"""The kind and the name of a group of criteria, such as ("dimension", "safety")."""


class LabelledVerdict(NamedTuple):
    """A verdict and the label of the same criterion of the same response.

    `groups` are those that the criterion belongs to besides all; they depend on the criterion alone. `shared` says that
    `criterion` is the same criterion wherever other prompts have it.
    """

    prompt_id: str
    response_id: str
    criterion: str
    met: bool
    label: bool
    groups: tuple[CriterionGroup, ...] = ()
    shared: bool = False


def differing_pairs(n: Array, met: Array, labels: Array) -> Array:
    """Return how many pairs of a verdict and a label differ, over all pairs of `n` verdicts and `n` labels."""
    return met * (n - labels) + (n - met) * labels
