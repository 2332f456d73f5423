"""Test what verdicts show: criteria that tell nothing apart, criteria that move together, a judge that contradicts itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from rubrictool.linting.verdict_rules import (
    CrossTable,
    VerdictColumn,
    chance,
    crossed,
    judged_by,
    phi,
    verdict_findings,
)
from rubrictool.rows.records import Rubric, Score
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.weights import rubric_hash, score

CRITERIA: list[dict[str, Any]] = [
    {"criterion": "Names red.", "weight": 3},
    {"criterion": "Names blue.", "weight": 2},
    {"criterion": "Shouts.", "weight": -1},
    {"criterion": "Is safe.", "weight": 1, "role": "veto"},
]
RUBRIC = Rubric.model_validate({"id": "p", "criteria": CRITERIA})
MIXED = "1100110101001011"


def judged(*columns: str, judge: str = "j", rubric: Rubric = RUBRIC, ids: Sequence[int] = ()) -> list[Score]:
    """Score rows from one string of 0 and 1 for each criterion, a character for each response."""
    return [
        _row(rubric, [column[n] == "1" for column in columns], ids[n] if ids else n, judge)
        for n in range(len(columns[0]))
    ]


def _row(rubric: Rubric, met: Sequence[bool], number: int, judge: str) -> Score:
    verdicts = tuple(Verdict(id=c.id, met=value) for c, value in zip(rubric.criteria, met, strict=True))
    return Score(
        id=f"r{number}",
        prompt_id="p",
        response=f"text {number}",
        score=score(rubric.criteria, verdicts),
        verdicts=verdicts,
        judge=judge,
        judging="all-at-once",
        rubric=rubric_hash(rubric.criteria),
    )


def found(rows: Sequence[Score]) -> list[tuple[str | None, str, str | None]]:
    return [(finding.criterion, finding.rule, finding.also) for finding in verdict_findings(RUBRIC, rows)]


def test_a_criterion_that_all_or_none_meet_tells_nothing_apart() -> None:
    rows = judged("1" * 16, "0" * 16, MIXED, "1" * 16)
    assert found(rows) == [("c1", "always-met", None), ("c2", "never-met", None)]


def test_a_veto_that_all_meet_and_a_penalty_that_none_earns_are_as_they_should_be() -> None:
    assert found(judged(MIXED, MIXED[::-1], "0" * 16, "1" * 16)) == []


def test_a_veto_that_none_meets_and_one_score_for_all_are_warnings() -> None:
    findings = verdict_findings(RUBRIC, judged(MIXED, MIXED[::-1], MIXED[3:] + "000", "0" * 16))
    assert [(f.criterion, f.rule, f.severity) for f in findings] == [("c4", "never-met", "warning")]
    same = verdict_findings(RUBRIC, judged("1" * 8, "1" * 8, "1" * 8, "1" * 8))
    assert (same[0].criterion, same[0].rule, same[0].severity) == (None, "zero-variance", "warning")


def test_few_responses_show_nothing() -> None:
    assert found(judged("1" * 7, "0" * 7, "0" * 7, "1" * 7)) == []


def test_two_criteria_that_move_together_are_found_with_the_earlier_one_named() -> None:
    assert found(judged(MIXED, MIXED, "0" * 16, "1" * 16)) == [("c2", "correlated", "c1")]


@pytest.mark.parametrize("column", ["1000000000000000", "10101010"])
def test_agreement_that_chance_explains_is_left_alone(column: str) -> None:
    n, other = len(column), "110100101101"[: len(column)].ljust(len(column), "0")
    assert found(judged(column, column, other, "1" * (n - 1) + "0")) == []


def test_verdicts_of_two_judges_are_looked_at_apart() -> None:
    rows = judged("1" * 8, MIXED[:8], "0" * 8, "1" * 8) + judged("0" * 8, MIXED[:8], "0" * 8, "1" * 8, judge="k")
    assert found(rows) == [("c1", "always-met", None), ("c1", "never-met", None)]


def test_a_judge_that_contradicts_itself_is_found_and_often_is_a_warning() -> None:
    first, again = "1111111111110000", "1111111111110001"
    once = verdict_findings(RUBRIC, judged(first, MIXED, "0" * 16, "1" * 16) + judged(again, MIXED, "0" * 16, "1" * 16))
    assert [(f.criterion, f.rule, f.severity) for f in once] == [("c1", "self-flip", "note")]
    assert "1 of 16 responses" in once[0].message
    often = judged("10", "11", "00", "11") + judged("11", "11", "00", "11")
    assert [(f.rule, f.severity) for f in verdict_findings(RUBRIC, often)] == [("self-flip", "warning")]


def test_samples_that_contradict_each_other_are_found_as_repeated_judgings_are() -> None:
    rows = judged("1111", "1100", "0000", "1111")
    votes = [{"sample": 0, "met": True}, {"sample": 1, "met": False}, {"sample": 2, "met": True}]
    sampled = [
        row.model_copy(
            update={
                "verdicts": (
                    Verdict.model_validate({"id": "c1", "met": True, "p": 2 / 3, "samples": votes}),
                    *row.verdicts[1:],
                )
            }
        )
        for row in rows
    ]
    assert [(f.criterion, f.rule, f.severity) for f in verdict_findings(RUBRIC, sampled)] == [
        ("c1", "self-flip", "warning")
    ]


def test_two_responses_are_no_repetition_of_each_other() -> None:
    assert found(judged("10", "11", "00", "11") + judged("01", "11", "00", "11", ids=[2, 3])) == []


def test_scores_of_another_rubric_are_not_this_ones() -> None:
    other = Rubric.model_validate({"id": "p", "criteria": [*CRITERIA[:3], {**CRITERIA[3], "weight": 2}]})
    assert judged_by(RUBRIC, judged("1", "1", "1", "1", rubric=other)) == []
    assert len(judged_by(RUBRIC, judged("1", "1", "1", "1"))) == 1


def table(a: Sequence[bool | None], b: Sequence[bool | None]) -> CrossTable:
    return crossed(VerdictColumn.of(a), VerdictColumn.of(b))


def test_phi_and_chance_on_known_tables() -> None:
    a, b = [True, True, False, False], [True, False, True, False]
    assert (phi(table(a, a)), phi(table(a, [not met for met in a]))) == (1, -1)
    assert (phi(table(a, b)), phi(table(a, [True] * 4))) == (0, 0)
    assert chance(table(a, a)) == pytest.approx(1 / 6)
    assert chance(table(a, b)) == pytest.approx(5 / 6)


def test_responses_that_one_criterion_was_not_judged_on_count_for_neither() -> None:
    assert table([True, None, True, False], [True, True, None, False]) == (2, 1, 1, 1)
    assert table([True, None, True, False], [True, True, None, False]).equal == 2
