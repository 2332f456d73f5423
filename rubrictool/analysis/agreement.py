"""How far a judge's verdicts agree with labels, beyond what chance gives, and how sure that is over prompts.

Verdicts of all criteria in one table make easy agreement look like skill: some criteria are nearly always met, and a judge
that knows which needs to read no response. So beside kappa stands kappa within criteria, in which the agreement expected
by chance is that of a verdict on one response with the label of another, for the same criterion of the same prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from rubrictool.analysis.intervals import RESAMPLES, Estimate
from rubrictool.analysis.resampling import Array, Places, Sums, estimate, numbered, totals_of_each

Group = tuple[str, str]
"""A kind of criteria and the name of one, such as ("dimension", "safety")."""

ALL: Group = ("all", "all")


class Labelled(NamedTuple):
    """A verdict and the label of the same criterion of the same response.

    `groups` are those of the criterion, which is the same in all of them; every one also belongs to all.
    """

    prompt_id: str
    response_id: str
    criterion: str
    met: bool
    label: bool
    groups: tuple[Group, ...] = ()


class Cells(NamedTuple):
    """How many verdicts the judge and the label call met, the one, the other, neither."""

    both: int
    judge_only: int
    label_only: int
    neither: int


class Figures(NamedTuple):
    """What agreement comes to, with 95 % intervals over prompts; None where it cannot be worked out.

    `agreement` is the share of verdicts that equal their label, `kappa` Cohen's, `kappa_within` the same within criteria;
    `sensitivity` is the share of what is labelled met that the judge says is met, `specificity` that of the unmet,
    `balanced_accuracy` their mean; `met_judge` and `met_labels` are how often each says met.
    """

    agreement: Estimate | None
    kappa: Estimate | None
    kappa_within: Estimate | None
    balanced_accuracy: Estimate | None
    sensitivity: Estimate | None
    specificity: Estimate | None
    met_judge: Estimate | None
    met_labels: Estimate | None


_SPANS = {name: (-1.0, 1.0) if name.startswith("kappa") else (0.0, 1.0) for name in Figures._fields}
"""Between what the figures lie."""


FEWEST_PROMPTS = 5


@dataclass(frozen=True)
class Agreement:
    """How a judge agrees with labels on one group of criteria: `n` labelled verdicts on `prompts` prompts."""

    group: Group
    prompts: int
    n: int
    cells: Cells
    figures: Figures

    @property
    def better_than_chance(self) -> bool:
        """Whether the intervals of kappa, balanced accuracy and kappa within criteria lie above chance (0, 1/2 and 0).

        The last is not asked for where no prompt has two labelled responses to tell apart. Never with fewer than 5 prompts,
        of which an interval covers too little: a coin would pass too often.
        """
        kappa, balanced, within = self.figures.kappa, self.figures.balanced_accuracy, self.figures.kappa_within
        if self.prompts < FEWEST_PROMPTS or kappa is None or balanced is None:
            return False
        return kappa.low > 0 and balanced.low > 0.5 and (within is None or within.low > 0)

    def columns(self) -> dict[str, Any]:
        """The figures by name, each estimate as three."""
        kind, name = self.group
        told = {"kind": kind, "name": name, "prompts": self.prompts, "n": self.n, **self.cells._asdict()}
        figures = (spread(name, figure).items() for name, figure in self.figures._asdict().items())
        return told | {"better_than_chance": self.better_than_chance} | dict(chain.from_iterable(figures))


def spread(name: str, figure: Estimate | None) -> dict[str, float | None]:
    """A figure and the ends of its interval under three names, all None where there is none."""
    value, low, high = figure or (None, None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def agreements(pairs: Sequence[Labelled], *, seed: int = 0, resamples: int = RESAMPLES) -> list[Agreement]:
    """The agreement on all criteria, then on each group of them.

    Every labelled verdict counts alike. Intervals are from resamples of a group's prompts, each with all its verdicts; groups
    on the same prompts share them. Raises `ValueError` for no pairs.
    """
    if not pairs:
        raise ValueError("agreement needs at least one labelled verdict")
    by_group = _sums(pairs)
    drawn = totals_of_each(by_group.values(), seed=seed, resamples=resamples)
    return [_agreement(group, sums.columns, of) for (group, sums), of in zip(by_group.items(), drawn, strict=True)]


def _agreement(group: Group, sums: Array, drawn: Array) -> Agreement:
    """The agreement on one group from its counts by prompt and by resample."""
    value, resampled, supports = _figures(sums.sum(axis=0)), _figures(drawn), _supports(sums)
    figures = Figures(*(_estimate(value[name], resampled[name], supports[name], _SPANS[name]) for name in _SPANS))
    cells = Cells(*sums[:, :4].sum(axis=0).astype(int).tolist())
    return Agreement(group, len(sums), sum(cells), cells, figures)


def _sums(pairs: Sequence[Labelled]) -> dict[Group, Sums]:
    """By group the counts of each prompt: the four cells, then the disagreements within criteria, found and expected."""
    criteria, of_criterion = numbered((pair.prompt_id, pair.criterion, pair.groups) for pair in pairs)
    counted = _counts(pairs, of_criterion)
    places: dict[Group, list[int]] = {}
    for place, (_, _, groups) in enumerate(criteria):
        for group in groups:
            places.setdefault(group, []).append(place)
    names = [prompt_id for prompt_id, _, _ in criteria]
    of_groups = {
        group: _by_prompt([names[place] for place in own], counted[own]) for group, own in sorted(places.items())
    }
    return {ALL: _by_prompt(names, counted), **of_groups}


def _by_prompt(names: Sequence[str], counted: Array) -> Sums:
    """The counts of each prompt, from those of its criteria."""
    prompts, of_prompt = numbered(names)
    sums = np.zeros((len(prompts), counted.shape[1]))
    np.add.at(sums, of_prompt, counted)
    return Sums(tuple(prompts), sums)


def _counts(pairs: Sequence[Labelled], of_criterion: Places) -> Array:
    """The six counts of each criterion of a prompt."""
    met, label = (np.array([pair[place] for pair in pairs], dtype=float) for place in _SAID)
    responses, of_response = numbered(zip(of_criterion.tolist(), (pair.response_id for pair in pairs), strict=True))
    whose = np.array([place for place, _ in responses], dtype=np.intp)
    cells = [
        np.bincount(of_criterion, cell)
        for cell in (met * label, met * (1 - label), (1 - met) * label, (1 - met) * (1 - label))
    ]
    return np.column_stack([*cells, *_disagreements(np.array(cells), met, label, of_response, whose)])


_SAID = (Labelled._fields.index("met"), Labelled._fields.index("label"))


def _disagreements(cells: Array, met: Array, label: Array, of_response: Places, whose: Places) -> tuple[Array, Array]:
    """Of the verdicts on each criterion, how many differ from their label, and how many would by chance.

    By chance: from the label of another response. None count where there is no other. `of_response` tells of each verdict
    which of the criterion's responses it is on, `whose` of each such response which criterion's it is.
    """
    own_n, own_met, own_labels = (np.bincount(of_response, of).astype(float) for of in (np.ones_like(met), met, label))
    n, judge, labels = cells.sum(axis=0), cells[0] + cells[1], cells[0] + cells[2]
    crossed = n**2 - np.bincount(whose, own_n**2)
    differ = _differing(n, judge, labels) - np.bincount(whose, _differing(own_n, own_met, own_labels))
    with np.errstate(invalid="ignore"):
        expected = np.where(crossed > 0, n * differ / crossed, 0.0)
    return np.where(crossed > 0, cells[1] + cells[2], 0.0), expected


def _differing(n: Array, met: Array, labels: Array) -> Array:
    """How many verdicts differ from labels, each of them held to each."""
    return met * (n - labels) + (n - met) * labels


def _figures(sums: Array) -> dict[str, Array]:
    """The figures that counts (last axis) come to, NaN where there is nothing to divide by."""
    both, judge_only, label_only, neither, differ, expected = np.moveaxis(sums, -1, 0)
    n = both + judge_only + label_only + neither
    with np.errstate(invalid="ignore", divide="ignore"):
        equal, judge, labels = (both + neither) / n, (both + judge_only) / n, (both + label_only) / n
        chance = judge * labels + (1 - judge) * (1 - labels)
        sensitivity, specificity = both / (both + label_only), neither / (neither + judge_only)
        return {
            "agreement": equal,
            "kappa": (equal - chance) / (1 - chance),
            # With few responses fewer may be expected to differ than could: it is no less than the least there is.
            "kappa_within": np.maximum(1 - differ / expected, -1.0),
            "balanced_accuracy": (sensitivity + specificity) / 2,
            "sensitivity": sensitivity,
            "specificity": specificity,
            "met_judge": judge,
            "met_labels": labels,
        }


def _supports(sums: Array) -> dict[str, int]:
    """How many prompts have something to say about each figure, from one group's counts by prompt."""
    met, unmet = sums[:, 0] + sums[:, 2], sums[:, 1] + sums[:, 3]
    everyone, of_met, of_unmet, contrasted = (
        int((column > 0).sum()) for column in (met + unmet, met, unmet, sums[:, 4] + sums[:, 5])
    )
    own = {
        "kappa_within": contrasted,
        "balanced_accuracy": min(of_met, of_unmet),
        "sensitivity": of_met,
        "specificity": of_unmet,
    }
    return dict.fromkeys(_SPANS, everyone) | own


def _estimate(value: Array, resampled: Array, prompts: int, span: tuple[float, float]) -> Estimate | None:
    return None if np.isnan(value) else estimate(float(value), resampled, prompts, span=span)
