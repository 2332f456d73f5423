"""`rubrictool.signal` from Python: rows in, a typed report out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import rubrictool
from rubrictool.analysis.judgings.same_judge import same_judge_notes


def judging(response: str, met: str, **columns: Any) -> dict[str, Any]:
    """One judging of a response, by the letters of its verdicts (1 met, 0 unmet)."""
    return {
        **{"prompt_id": "p", "id": response, "judge": "j", "judging": "x", "score": met.count("1") / len(met)},
        "verdicts": [{"id": f"c{n}", "met": sign == "1"} for n, sign in enumerate(met)],
        **columns,
    }


FIRST = [judging("a", "11"), judging("b", "00")]
AGAIN = [judging("a", "10"), judging("b", "00")]


def test_a_report_has_scopes_differences_and_decisions_and_becomes_a_table() -> None:
    other = [judging("a", "01", judge="k")]
    report = rubrictool.signal(FIRST, AGAIN, other, against=FIRST)
    assert [one.scope.kind for one in report.scopes if one.scope.judge == ("j", "x")] == [
        *("judge", "prompt", "criterion", "criterion")
    ]
    overall = report.scopes[0].signal
    assert (overall.units, overall.samples) == (2, 4)
    assert [(one.one[0], one.other[0], one.n) for one in report.differences] == [("j", "k", 2)]
    assert [one.wins for one in report.decisions["j", "x"] if one.region.name == "all"] == [1]
    assert (report.value, report.notes) == ("score", [next(same_judge_notes(["j"], ["j"]))])
    table = report.to_frame()
    assert set(table["kind"]) == {"judge", "prompt", "criterion", "judges", "decision"}
    assert table.loc[0, "icc_k"] == overall.figures.icc_k.value if overall.figures.icc_k else False


def test_paths_and_rows_give_the_same_report(tmp_path: Path) -> None:
    paths = [tmp_path / "first.jsonl", tmp_path / "again.jsonl"]
    for path, rows in zip(paths, (FIRST, AGAIN), strict=True):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert rubrictool.signal(*paths).rows() == rubrictool.signal(FIRST, AGAIN).rows()


def test_errors_name_the_argument_and_notes_are_part_of_the_report() -> None:
    with pytest.raises(rubrictool.InputError, match="against: has no response in common"):
        rubrictool.signal(FIRST, against=[judging("z", "11")])
    with pytest.raises(rubrictool.InputError, match="model: field required where models are compared"):
        rubrictool.signal(FIRST, unit="model")
    with pytest.raises(rubrictool.InputError, match=r"^scores\[1\]:1: score: must be a number"):
        rubrictool.signal(FIRST, [judging("a", "1", score="high")])
    unscored = rubrictool.signal([judging("a", "11", score=None), judging("b", "00")])
    assert (unscored.value, len(unscored.notes)) == ("share met", 1)


def test_a_report_of_no_scores_asks_for_some() -> None:
    with pytest.raises(TypeError, match="at least one"):
        rubrictool.signal()
