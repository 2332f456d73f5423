"""Measure each criterion of a report: the share of responses that meet it, by model, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rubrictool.report.judgings import JudgedCriterion, StoredVerdict
from rubrictool.rows.joins import ResponseKey, grouped


@dataclass(frozen=True)
class CriterionFigures:
    """The share of `responses` that meet a criterion by their last verdict, and the number of verdicts that doubt it.

    Levels count as what they are worth. `spread` is the standard deviation of its verdicts, from 0 (all alike) to 0.5 (half of
    the responses meet it); `contrast` the share met among the half of the responses that score highest, less that among the
    others.
    """

    responses: int
    met: float
    spread: float
    contrast: float | None


def criterion_figures(
    stored: Mapping[JudgedCriterion, Sequence[StoredVerdict]], scores: Mapping[ResponseKey, float]
) -> dict[tuple[str, str], CriterionFigures]:
    """Return the figures of each criterion by prompt and text, from the last verdict on each response."""
    last = ((key, verdicts[-1].verdict.share) for key, verdicts in stored.items())
    by_criterion = grouped(((key.response[0], key.text), (key.response, met)) for key, met in last if met is not None)
    return {criterion: _figures(verdicts, scores) for criterion, verdicts in by_criterion.items()}


def _figures(verdicts: Sequence[tuple[ResponseKey, float]], scores: Mapping[ResponseKey, float]) -> CriterionFigures:
    share = _share(verdicts)
    ranked = sorted(verdicts, key=lambda one: -scores[one[0]])
    half = len(ranked) // 2
    contrast = _share(ranked[:half]) - _share(ranked[half:]) if half else None
    # Nothing is taken off where all verdicts are yes or no.
    variance = share * (1 - share) - sum(met * (1 - met) for _, met in verdicts) / len(verdicts)
    return CriterionFigures(len(verdicts), share, max(variance, 0.0) ** 0.5, contrast)


def _share(verdicts: Sequence[tuple[ResponseKey, float]]) -> float:
    return sum(met for _, met in verdicts) / len(verdicts)
