"""rubrictool winrate --human: a judge's win rate corrected by a few labels of people."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from shell import Shell

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(autouse=True)
def golden_files(shell: Shell) -> None:  # noqa: ARG001 - changes to a folder of its own
    shutil.copy(GOLDEN / "ppi_judge.jsonl", "judge.jsonl")
    shutil.copy(GOLDEN / "ppi_human.jsonl", "people.jsonl")


def summary() -> Any:
    return json.loads(Path("sum.json").read_text(encoding="utf-8"))


def test_the_judge_and_the_corrected_rate_are_told_with_what_is_assumed(shell: Shell) -> None:
    ran = shell("winrate", "judge.jsonl", "--human", "people.jsonl", "--summary", "sum.json")
    (found,) = summary()["human"]
    assert (ran.code, len(ran.rows)) == (0, 360)
    assert found["win_rate"] == pytest.approx(0.450289, abs=1e-6)
    assert summary()["win_rate"] == pytest.approx(0.561111, abs=1e-6)
    assert "corrected by people 0.450 [0.326, 0.575] from 60 labelled prompts and 300 without a label" in ran.err
    assert "people alone 0.433, bias of the judge +0.075 (standard error 0.073); worth 64 labels alone" in ran.err
    assert "random draw from the same prompts" in ran.err


@pytest.mark.parametrize(
    ("threshold", "code", "decision"), [("0.3", 0, "shown"), ("0.5", 3, "not shown"), ("0.6", 3, "worse")]
)
def test_the_threshold_is_held_against_the_corrected_interval(
    shell: Shell, threshold: str, code: int, decision: str
) -> None:
    told = ("--human", "people.jsonl", "--fail-under", threshold, "--summary", "sum.json")
    ran = shell("winrate", "judge.jsonl", *told)
    assert (ran.code, summary()["decision"]) == (code, decision)
    assert code == 0 or f"{decision}: the corrected interval is 0.326 to 0.575, the threshold {threshold}" in ran.err


def test_few_labels_give_no_rate_and_decide_nothing(shell: Shell) -> None:
    few = shell.write("few.jsonl", [{"prompt_id": f"p00{n}", "winner": "a"} for n in range(5)])
    ran = shell("winrate", "judge.jsonl", "--human", few, "--fail-under", "0.1")
    assert ran.code == 3
    assert "no corrected rate: 5 labelled prompts and 355 without a label; label at least 10 prompts" in ran.err


def test_a_judge_that_differs_on_few_labelled_prompts_has_a_wider_interval_and_is_told_so(shell: Shell) -> None:
    judged = shell.write("j.jsonl", [{"prompt_id": f"p{n}", "winner": "ab"[n % 2]} for n in range(60)])
    same = shell.write("l.jsonl", [{"prompt_id": f"p{n}", "winner": "ab"[n % 2]} for n in range(12)])
    assert (
        "judge and people differ on 0 of 12 labelled prompts, fewer than 5"
        in shell("winrate", judged, "--human", same).err
    )
    assert "fewer than 5" not in shell("winrate", "judge.jsonl", "--human", "people.jsonl").err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("judge.jsonl --human strange.jsonl", "lack the prompt 'elsewhere'"),
        ("judge.jsonl --human people.jsonl --sequential", "--sequential: has no effect with --human"),
        ("judge.jsonl --plan --human people.jsonl", "--human: has no effect with --plan"),
        ("r.jsonl r.jsonl --human people.jsonl", "--human: has no effect unless A is one file of finished comparisons"),
    ],
)
def test_what_does_not_go_with_it_is_refused_before_anything_is_written(
    shell: Shell, arguments: str, words: str
) -> None:
    shell.write("strange.jsonl", [{"prompt_id": "elsewhere", "winner": "a"}])
    shell.write("r.jsonl", [{"prompt_id": "p", "prompt": "?", "response": "!"}])
    ran = shell("winrate", *arguments.split())
    assert ran.code == 2
    assert words in ran.err
    assert not ran.rows
