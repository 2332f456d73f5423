"""Several people who label the same verdicts: golden figures, the ceiling of a judge, and what intervals hold."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rubrictool
from rubrictool.analysis.estimators.raters import krippendorff_alpha
from rubrictool.analysis.labels.labellers import PersonLabel, gwet_ac1, human_ceiling, labeller_agreement
from rubrictool.errors import InputError

GOLDEN = Path(__file__).parents[2] / "golden"
SCORES, LABELS = (str(GOLDEN / f"raters_{name}.jsonl") for name in ("scores", "labels"))


def test_the_golden_labels_give_the_golden_figures() -> None:
    expected = json.loads((GOLDEN / "raters_expected.json").read_text())
    report = rubrictool.agreement(SCORES, LABELS)
    people = report.labellers
    assert people
    assert people.alpha
    assert people.ac1
    assert (people.units, people.labels, people.shared) == (72, 180, expected["labelled_twice_or_more"])
    assert people.alpha.value == pytest.approx(expected["krippendorff_alpha"], abs=1e-6)
    assert people.ac1.value == pytest.approx(expected["gwet_ac1"], abs=1e-6)
    (ceiling,) = report.ceilings.values()
    assert ceiling.comparisons == expected["comparisons"]
    assert ceiling.judge.value == pytest.approx(expected["judge_agrees_with_another_person"], abs=1e-6)
    assert ceiling.person.value == pytest.approx(expected["person_agrees_with_another_person"], abs=1e-6)
    assert [row["kind"] for row in report.rows()] == ["all", "human ceiling", "labellers"]


def test_where_nearly_all_is_met_alpha_and_ac1_part() -> None:
    """45 units met by both, 4 by one of two, 1 by none: 92 % agreement, alpha .298 and AC1 .910."""
    rated = {"p": Counter({(1.0, 1.0): 45, (0.0, 1.0): 4, (0.0, 0.0): 1})}
    alpha, ac1 = krippendorff_alpha(rated), gwet_ac1(rated)
    assert alpha
    assert ac1
    assert alpha.value == pytest.approx(0.298, abs=5e-4)
    assert ac1.value == pytest.approx(0.910, abs=5e-4)


def labels_of(rows: list[tuple[str, str, float]]) -> list[PersonLabel]:
    return [PersonLabel(("p", unit, "c"), person, met) for unit, person, met in rows]


def test_a_unit_with_one_label_has_no_other_people_to_agree_with() -> None:
    labels = labels_of([("a", "ann", 1.0), ("a", "bob", 0.0), ("b", "ann", 1.0)])
    found = human_ceiling({("p", "a", "c"): 1.0, ("p", "b", "c"): 1.0}, labels)
    assert found
    assert (found.comparisons, found.judge.value, found.person.value) == (2, 0.5, 0.0)
    people = labeller_agreement(labels)
    assert (people.units, people.shared) == (2, 1)


def test_one_person_alone_has_no_ceiling_and_no_agreement() -> None:
    labels = labels_of([("a", "ann", 1.0), ("b", "ann", 0.0)])
    assert human_ceiling({("p", "a", "c"): 1.0}, labels) is None
    assert labeller_agreement(labels).alpha is None


def test_labels_without_names_are_as_before_and_half_named_ones_are_refused() -> None:
    scores = [json.loads(line) for line in Path(SCORES).read_text().splitlines()]
    labels: list[dict[str, Any]] = [json.loads(line) for line in Path(LABELS).read_text().splitlines()]
    bare = [{name: value for name, value in row.items() if name != "labeller"} for row in labels]
    report = rubrictool.agreement(scores, bare)
    assert (report.labellers, report.ceilings) == (None, {})
    assert report.judges == rubrictool.agreement(scores, labels).judges
    with pytest.raises(InputError, match=r"labels\[1\]: labeller: field required|labeller: field required"):
        rubrictool.agreement(scores, [labels[0], *bare[1:]])


def test_intervals_hold_the_truth_and_equal_judges_are_seldom_called_worse() -> None:
    """Three people and a judge, each wrong on one unit in ten: two agree on 82 %, and the judge is one of them."""
    draws, held, worse = np.random.default_rng(0), Counter[str](), 0
    for world in range(20):
        truth = draws.random((30, 8)) < 0.6
        judge, *people = [np.where(draws.random(truth.shape) < 0.1, ~truth, truth) for _ in range(4)]
        units = {(p, u): (f"p{p}", f"r{u}", "c") for p, u in np.ndindex(30, 8)}
        labels = [
            PersonLabel(unit, str(n), float(own[at])) for n, own in enumerate(people) for at, unit in units.items()
        ]
        found = human_ceiling({unit: float(judge[at]) for at, unit in units.items()}, labels, seed=world)
        assert found
        held.update(
            judge=found.judge.contains(0.82), person=found.person.contains(0.82), less=found.difference.contains(0)
        )
        worse += found.difference.below(0)
    assert min(held.values()) >= 17
    assert worse <= 3
