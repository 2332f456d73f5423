"""Criteria with levels: how they are written, what they count, and what goes on working with them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rubrictool.linting.overfitting import PoolJudging, overfitting
from rubrictool.linting.verdict_rules import verdict_findings
from rubrictool.refinement.size import spread_of
from rubrictool.refinement.trace_rows import constant
from rubrictool.rows.old_names import with_new_names
from rubrictool.rows.records import Criterion, Response, Rubric, Score, ScoreWithDetails
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.amend import Item, Proposal, amend
from rubrictool.rubric.empty_response import unmet
from rubrictool.rubric.saturation import aggregate
from rubrictool.rubric.weights import bounds, coverage, parts, rubric_hash, score
from rubrictool.select.score_bounds import highest_score, ties_are_clear
from rubrictool.text.encoding import canonical, digest

TIERS = [0, 0.4, 0.7, 1]

LABELLED = [{"label": str(place), "value": value} for place, value in enumerate(TIERS)]


def criteria(*rows: dict[str, Any]) -> tuple[Criterion, ...]:
    return Rubric.model_validate(
        {"id": "p", "criteria": [{"criterion": "Explains it.", "weight": 1, **r} for r in rows]}
    ).criteria


def verdict(name: str, level: str, value: float) -> Verdict:
    return Verdict(id=name, met=value == 1, level=level, value=value)


def row(name: str, *verdicts: Verdict, score: float = 0.5) -> Score:
    columns = {"id": name, "prompt_id": "p", "response": name, "judge": "j", "judging": "all-at-once", "rubric": "r"}
    return Score.model_validate({**columns, "score": score, "verdicts": verdicts})


def test_a_level_counts_its_value() -> None:
    asked = criteria({"weight": 3, "tiers": TIERS}, {"weight": 2}, {"weight": 1})
    given = [verdict("c1", "2", 0.7), Verdict(id="c2", met=True), Verdict(id="c3", met=False)]
    assert score(asked, given) == pytest.approx((3 * 0.7 + 2) / 6)
    assert score(asked, [Verdict(id="c1", met=False, level="2"), *given[1:]]) == pytest.approx((3 * 0.7 + 2) / 6)


def test_the_rubric_says_what_a_level_counts_and_not_the_row() -> None:
    assert score(criteria({"tiers": TIERS}), [verdict("c1", "1", 0.9)]) == 0.4
    with pytest.raises(ValueError, match="names the level 'x', which the criterion lacks"):
        score(criteria({"tiers": TIERS}), [verdict("c1", "x", 0.9)])


@pytest.mark.parametrize(
    "short",
    [
        {"tiers": TIERS},
        {"levels": LABELLED},
        {"tiers": [{"value": value} for value in TIERS]},
        {"levels": [{"label": place, "value": value} for place, value in enumerate(TIERS)]},
    ],
)
def test_levels_written_in_any_way_have_one_hash(short: dict[str, Any]) -> None:
    written = {"criterion": "Explains it.", "weight": 1, "levels": LABELLED}
    assert rubric_hash(criteria(short)) == digest(canonical([written]))


def test_a_scale_is_levels_at_equal_distances_and_a_rubric_without_levels_keeps_its_hash() -> None:
    (one,) = criteria({"scale": 5})
    assert [(level.label, level.value) for level in one.levels or ()] == [(str(n + 1), n / 4) for n in range(5)]
    assert "scale" not in one.columns()
    assert rubric_hash(criteria({})) == digest(canonical([{"criterion": "Explains it.", "weight": 1}]))
    assert criteria({"scale": {"type": "likert"}})[0].unknown() == {"scale": {"type": "likert"}}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"scale": 1}, "whole number of levels from 2 to 100"),
        ({"scale": 2.5}, "whole number of levels from 2 to 100"),
        ({"scale": 10**9}, "whole number of levels from 2 to 100"),
        ({"tiers": [0, 0.5]}, "rise from 0 for the first to 1 for the last"),
        ({"tiers": [0, 0.5, 0.5, 1]}, "rise from 0 for the first to 1 for the last"),
        ({"tiers": [1, 0]}, "rise from 0 for the first to 1 for the last"),
        ({"tiers": [0]}, "at least 2"),
        ({"levels": [{"label": "a", "value": 0}, {"label": "A ", "value": 1}]}, "stands for two levels"),
        ({"levels": [{"label": "a", "value": 0}, {"label": " ", "value": 1}]}, "is empty"),
        ({"scale": 5, "tiers": [0, 1]}, "tiers and scale both give levels"),
        ({"scale": 5, "check": {"contains": ["x"]}}, "has levels and a check"),
    ],
)
def test_levels_that_do_not_rise_from_0_to_1_under_labels_of_their_own_are_refused(
    wrong: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        criteria(wrong)


def test_a_veto_with_levels_caps_below_its_last_level() -> None:
    asked = criteria({}, {"role": "veto", "tiers": TIERS})
    met = Verdict(id="c1", met=True)
    assert parts(asked, [met, verdict("c2", "2", 0.7)]).veto == ("c2",)
    assert score(asked, [met, verdict("c2", "2", 0.7)]) == 0
    assert score(asked, [met, verdict("c2", "3", 1)]) == 1


def test_penalties_dimensions_and_samples_count_levels() -> None:
    assert (
        score(
            criteria({"weight": 2}, {"weight": -1, "scale": 3}), [Verdict(id="c1", met=True), verdict("c2", "2", 0.5)]
        )
        == 0.75
    )
    asked = criteria({"dimension": "d", "scale": 3})
    assert score(asked, [verdict("c1", "2", 0.5)], aggregate(["power:0.5"])) == pytest.approx(0.5**0.5)
    samples = [{"met": False, "level": "1", "value": 0}, {"met": False, "level": "2", "value": 0.5}]
    assert score(asked, [Verdict.model_validate({"id": "c1", "met": False, "value": 0.25, "samples": samples})]) == 0.25


LEVELLED = st.lists(
    st.tuples(st.floats(-5, 5).filter(lambda w: abs(w) > 0.01), st.integers(0, 3)), min_size=1, max_size=8
)


@given(LEVELLED, st.data())
@settings(max_examples=60, deadline=None)
def test_a_score_lies_within_the_bounds_of_each_part_of_its_verdicts(rows: list[tuple[float, int]], data: Any) -> None:
    asked = criteria({"weight": 1}, *({"weight": weight, "tiers": TIERS} for weight, _ in rows))
    given_ones = [Verdict(id="c1", met=True), *(verdict(f"c{n}", str(k), TIERS[k]) for n, (_, k) in enumerate(rows, 2))]
    open_ones = data.draw(st.sets(st.sampled_from([one.id for one in given_ones[1:]])))
    partly = [Verdict(id=one.id, met=None) if one.id in open_ones else one for one in given_ones]
    low, high = bounds(asked, partly)
    assert low - 1e-12 <= score(asked, given_ones) <= high + 1e-12
    assert low - 1e-12 <= score(asked, partly) <= high + 1e-12
    assert highest_score(asked, {one.id: one for one in partly if one.judged}) == high
    assert (coverage(asked, partly) == 1) == (not open_ones)


def test_ties_of_levels_are_clear_where_their_values_are_simple_fractions() -> None:
    assert ties_are_clear(criteria({"weight": 3, "scale": 4}, {"weight": 2, "tiers": TIERS}))
    assert not ties_are_clear(criteria({"tiers": [0, 0.5000000001, 1]}, {"weight": 0.5}))


def test_nothing_reaches_the_first_level_and_a_tier_is_a_level() -> None:
    (nothing,) = unmet(criteria({"scale": 5}))
    assert (nothing.met, nothing.level, nothing.value) == (False, "1", 0)
    assert with_new_names({"verdicts": [{"id": "c1", "met": False, "tier": 2}]}) == {
        "verdicts": [{"id": "c1", "met": False, "level": 2}]
    }
    assert Verdict.model_validate({"id": "c1", "met": False, "level": 2}).level == "2"


def test_a_proposer_cannot_change_a_persons_levels_and_a_new_text_ends_those_of_a_proposer() -> None:
    persons, proposers = criteria({"id": "a", "scale": 5}), criteria({"id": "a", "scale": 5, "proposer": "m"})
    other = Proposal((Item(id="a", criterion="Is kind."),))
    assert amend(persons, other, proposer="m").criteria == persons
    assert amend(persons, Proposal(dropped=frozenset({"a"})), proposer="m").criteria == persons
    (changed,) = amend(proposers, other, proposer="m").criteria
    assert (changed.criterion, changed.levels) == ("Is kind.", None)
    (heavier,) = amend(proposers, Proposal((Item(id="a", weight=3),)), proposer="m").criteria
    assert heavier.levels == proposers[0].levels


def test_a_criterion_whose_levels_differ_separates_responses_though_none_meets_it() -> None:
    asked = criteria({"scale": 3}, {})
    levels = ["1", "2"] * 4
    rows = [
        row(f"r{n}", verdict("c1", level, 0.5 * (level == "2")), Verdict(id="c2", met=False))
        for n, level in enumerate(levels)
    ]
    assert constant(rows, asked) == ((), ("c2",))
    assert spread_of(asked, asked, rows) == {"c1": pytest.approx(0.0625), "c2": 0}
    scored = [one.model_copy(update={"rubric": rubric_hash(asked), "score": n / 9}) for n, one in enumerate(rows)]
    found = verdict_findings(Rubric(id="p", criteria=asked), scored)
    assert [(one.criterion, one.rule) for one in found if one.criterion] == [("c2", "never-met")]


def test_a_level_that_one_response_alone_reaches_is_a_sign_of_overfitting_as_is_one_that_all_reach() -> None:
    asked = criteria({"scale": 3}, {"scale": 3})
    rows = [
        row(f"r{n}", verdict("c1", "2", 0.5) if n == 5 else verdict("c1", "1", 0), verdict("c2", "3", 1), score=n / 5)
        for n in range(6)
    ]
    judging = PoolJudging(asked, tuple(rows))
    assert [sign.rule for one in asked for sign in overfitting(one, judging, judging.best)] == [
        "winner-only",
        "vacuous",
    ]


def test_rows_with_levels_are_responses_wherever_responses_are_read() -> None:
    assert Response.model_validate(row("r", verdict("c1", "2", 0.5)).columns()).unknown()["verdicts"]


def test_a_row_with_its_parts_is_read_again_as_it_was_written() -> None:
    written = {**row("r").columns(), "verdicts": [], "veto": ["c2"], "aggregate": ["cap:0.6,0.25"], "base": 0.5}
    assert ScoreWithDetails.model_validate(written).veto == ("c2",)
