"""Signs of overfitting: met by the shown winner only, decided as another criterion is, met by all of the worst quarter."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rubrictool.linting.overfitting import PoolJudging, overfitting
from rubrictool.linting.verdict_rules import verdict_findings
from rubrictool.rows.records import Criterion, Rubric, Score
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.weights import rubric_hash, score


def judging(*columns: str, weights: Sequence[int] = (), proposer: str | None = "m") -> PoolJudging:
    """A pool's scores, from one string for each criterion: 1 met, 0 not met, - not judged, a character for each response."""
    criteria = tuple(
        Criterion(id=f"c{n}", criterion=f"Point {n}.", weight=weight, proposer=proposer)
        for n, weight in enumerate(weights or [1] * len(columns), start=1)
    )
    return PoolJudging(criteria, tuple(_row(criteria, [c[n] for c in columns], n) for n in range(len(columns[0]))))


def _row(criteria: Sequence[Criterion], met: Sequence[str], number: int) -> Score:
    verdicts = tuple(
        Verdict(id=c.id, met=None if one == "-" else one == "1") for c, one in zip(criteria, met, strict=True)
    )
    return Score(
        id=f"r{number}",
        prompt_id="p",
        response=f"text {number}",
        score=score(criteria, verdicts),
        verdicts=verdicts,
        judge="j",
        judging="all-at-once",
        rubric=rubric_hash(criteria),
    )


def signs(judged: PoolJudging, *, winners: Sequence[str] = ("r0",)) -> list[tuple[str, str, str | None, int]]:
    """The signs in all criteria of a judging."""
    keys = {("p", name) for name in winners}
    return [
        (sign.id, sign.rule, sign.also, sign.responses)
        for criterion in judged.criteria
        for sign in overfitting(criterion, judged, keys)
    ]


def test_a_criterion_that_only_the_shown_winner_meets_is_a_sign() -> None:
    assert signs(judging("111001", "100000")) == [("c2", "winner-only", "r0", 6)]


@pytest.mark.parametrize("column", ["010000", "110000", "000000"])
def test_one_that_another_response_meets_or_none_is_not(column: str) -> None:
    assert signs(judging("111001", column)) == []


def test_a_criterion_decided_as_an_earlier_one_says_it_again() -> None:
    assert signs(judging("111001", "010101", "11100-", "0-1001")) == [("c3", "same-verdicts", "c1", 5)]
    assert signs(judging("11111", "11111")) == [], "what never varies tells nothing"


def test_opposite_verdicts_and_verdicts_equal_but_for_one_are_other_verdicts() -> None:
    assert signs(judging("111000", "000111")) == []
    assert signs(judging("1110010", "1110011")) == []


def test_a_criterion_that_all_of_the_worst_quarter_meet_is_vacuous() -> None:
    assert signs(judging("11110000", "11000011", weights=[3, 1])) == []
    assert signs(judging("11111000", "11000111", weights=[3, 1])) == [("c2", "vacuous", None, 3)]
    assert signs(judging("11111100", "11000111", weights=[3, 1])) == [("c2", "vacuous", None, 2)]


def test_ties_at_the_cut_are_of_the_worst_quarter_unless_that_were_all() -> None:
    assert len(judging("11100000").worst_quarter) == 5
    assert judging("0000000").worst_quarter == frozenset()


def test_a_penalty_or_a_veto_is_neither_vacuous_nor_for_one_winner() -> None:
    assert signs(judging("11111100", "00000011", weights=[3, -1])) == []
    assert signs(judging("111001", "100000", weights=[3, -1])) == []


def test_of_fewer_than_five_verdicts_nothing_is_said() -> None:
    assert signs(judging("1100", "1000", "1100")) == []
    assert signs(judging("110010", "1000--", "1100--")) == []


def findings(judged: PoolJudging) -> list[tuple[str | None, str, str | None, str]]:
    rubric = Rubric(id="p", criteria=judged.criteria)
    return [(f.criterion, f.rule, f.also, f.severity) for f in verdict_findings(rubric, judged.scores)]


def test_lint_tells_them_of_a_proposers_criteria_by_the_highest_score() -> None:
    assert findings(judging("111001", "100000", "111001")) == [
        ("c2", "winner-only", None, "note"),
        ("c3", "same-verdicts", "c1", "note"),
    ]


def test_lint_leaves_a_persons_criteria_alone_that_chance_makes_alike() -> None:
    assert findings(judging("111001", "100000", "111001", proposer=None)) == []
    vacuous = judging("11111100", "11000111", weights=[3, 1], proposer=None)
    assert findings(vacuous) == [("c2", "vacuous", None, "note")]


def test_lint_tells_one_thing_of_a_criterion_that_never_differs_or_correlates() -> None:
    mixed = "1100110101001011"
    found = [(name, rule) for name, rule, _, _ in findings(judging(mixed, "1" * 16, mixed))]
    assert found == [("c2", "always-met"), ("c3", "correlated")]
