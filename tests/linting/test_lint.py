"""`rubrictool.lint` from Python: rubrics in, a typed report out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import rubrictool
from rubrictool.rubric.weights import rubric_hash

VAGUE: dict[str, Any] = {
    "id": "p",
    "criteria": [{"criterion": "Names blue.", "weight": 2}, {"criterion": "Is engaging.", "weight": 1}],
}
RIGID: dict[str, Any] = {"id": "q", "criteria": [{"criterion": "Has exactly seven sentences.", "weight": 1}]}
HASH = rubric_hash(rubrictool.Rubric.model_validate(VAGUE).criteria)


def score(number: int) -> dict[str, Any]:
    """A score row of the vague rubric, by which no response names blue."""
    return {
        **{"id": f"r{number}", "prompt_id": "p", "response": f"text {number}", "score": number % 2 / 3},
        "verdicts": [{"id": "c1", "met": False}, {"id": "c2", "met": number % 2 == 1}],
        **{"judge": "j", "judging": "x", "rubric": HASH},
    }


def test_a_report_has_the_findings_in_order_and_becomes_a_table() -> None:
    report = rubrictool.lint([VAGUE, rubrictool.Rubric.model_validate(RIGID)])
    assert [(one.rubric, one.criterion, one.rule) for one in report.findings] == [
        ("p", "c2", "subjective"),
        ("q", "c1", "rigid"),
    ]
    assert (report.warnings, report.notes) == (1, [])
    assert list(report.to_frame()["severity"]) == ["warning", "note"]


def test_scores_show_faults_of_verdicts_and_prompts_excuse_what_they_ask_for() -> None:
    scores = [score(number) for number in range(8)]
    asked = [{"id": "q", "prompt": "Write seven sentences."}]
    report = rubrictool.lint([VAGUE, RIGID], scores[:4], scores[4:], prompts=asked)
    assert [(one.criterion, one.rule) for one in report.findings] == [("c1", "never-met"), ("c2", "subjective")]
    assert report.notes == [
        "rubrics with fewer than 8 judged responses: 1 of 2; too few to report criteria that never differ or that correlate"
    ]


def test_a_report_without_findings_is_a_table_without_rows() -> None:
    table = rubrictool.lint([{"id": "p", "criteria": [{"criterion": "Names blue.", "weight": 2}]}]).to_frame()
    assert (len(table), list(table.columns)[:3]) == (0, ["rubric", "criterion", "rule"])


def test_paths_and_rows_give_the_same_report(tmp_path: Path) -> None:
    path = tmp_path / "rubrics.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (VAGUE, RIGID)))
    assert rubrictool.lint(path) == rubrictool.lint([VAGUE, RIGID])


def test_scores_and_prompts_of_other_rubrics_are_errors_that_name_the_argument() -> None:
    with pytest.raises(rubrictool.InputError, match=r"^scores: no row was judged by these rubrics; score"):
        rubrictool.lint([RIGID], [score(1)])
    with pytest.raises(rubrictool.InputError, match=r"^prompts: has the prompt of none of these rubrics; they"):
        rubrictool.lint([RIGID], prompts=[{"id": "z", "prompt": "x"}])
