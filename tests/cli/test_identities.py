"""Two files of one judge that was asked in two ways: who pools rows tells them apart, or says that it pools them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shell import Ran, Rows, Shell

from rubrictool.rows.records import Rubric
from rubrictool.rubric.weights import rubric_hash

RUBRIC = {"id": "*", "criteria": [{"id": f"c{n}", "criterion": f"Says {n}.", "weight": 1} for n in range(2)]}
HASH = rubric_hash(Rubric.model_validate(RUBRIC).criteria)
PROMPTS = 6


def judged(judge_id: str | None, *, soft: bool, flipped: bool = False) -> Rows:
    """The scores of four responses to each prompt by the judge `j`, hard or soft."""
    rows = []
    for prompt in range(PROMPTS):
        for number in range(4):
            met = [number > 1, (number % 2 == 1) ^ flipped]
            verdicts: Rows = [{"id": f"c{place}", "met": one} for place, one in enumerate(met)]
            for one in verdicts if soft else ():
                one["p"] = one["value"] = 0.8 if one["met"] else 0.2
            score: float = sum(one["value"] if soft else one["met"] for one in verdicts) / 2
            row: dict[str, Any] = {"prompt_id": f"p{prompt}", "id": f"p{prompt}r{number}", "model": f"m{number}"}
            row |= {"prompt": f"Why {prompt}?", "response": f"Answer {number}.", "quality": number, "step": number % 2}
            row |= {"score": score, "verdicts": verdicts, "judge": "j", "judging": "per-criterion", "rubric": HASH}
            identity = {} if judge_id is None else {"judge_id": judge_id}
            rows.append({**row, **identity})
    return rows


def compared(judge_id: str | None) -> Rows:
    orders = {"ab": "a", "ba": "a"}
    row = {"a": "a", "b": "b", "winner": "a", "orders": orders, "judge": "j", "judge_id": judge_id}
    return [{"prompt_id": f"p{n}", **row} for n in range(PROMPTS)]


@pytest.fixture
def files(shell: Shell) -> Shell:
    shell.write("rubrics.jsonl", [RUBRIC])
    shell.write("labels.jsonl", [{**row, "judge": "", "judge_id": None} for row in judged(None, soft=False)])
    return shell


def write(shell: Shell, one: str | None, other: str | None) -> None:
    """Write the same responses as judged hard under one id and soft under another, in two files and in one."""
    hard, soft = judged(one, soft=False), judged(other, soft=one != other, flipped=True)
    shell.write("hard.jsonl", hard)
    shell.write("soft.jsonl", soft)
    half = PROMPTS // 2
    again = [{**row, "id": f"{row['id']}-soft", "response": f"{row['response']} Again."} for row in soft]
    shell.write("both.jsonl", [*hard, *again])
    shell.write("comparisons.jsonl", [*compared(one)[:half], *compared(other)[half:]])


TOLD = {
    "agree": ("agree hard.jsonl soft.jsonl --labels labels.jsonl", "judge_id"),
    "signal": ("signal hard.jsonl soft.jsonl", "judge_id"),
    "signal of a benchmark": ("signal hard.jsonl soft.jsonl --of benchmark", "judge_id"),
    "tail": ("tail hard.jsonl soft.jsonl", "the files are of different judges or ways of judging"),
    "tail of one file": ("tail both.jsonl", "both.jsonl: holds scores of different judges or ways of judging"),
    "winrate of scores": (
        "winrate hard.jsonl soft.jsonl --by scores",
        "of different judges or ways of judging, which the figures pool",
    ),
    "winrate of comparisons": (
        "winrate comparisons.jsonl",
        "asked in different ways (judge_id), which the figures pool",
    ),
    "filter-top-k": ("filter-top-k both.jsonl -k 1", "hold scores of different judges or rubrics"),
    "monitor": (
        "monitor hard.jsonl soft.jsonl",
        "the rollouts were judged in 2 ways (judge_id), which the figures pool",
    ),
    "monitor by held-out scores": (
        "monitor hard.jsonl --held-out both.jsonl",
        "the held-out scores are of different judges or ways of judging",
    ),
    "show": (
        "show rubrics.jsonl --scores hard.jsonl --scores soft.jsonl",
        "judge_id one, j per-criterion, judge_id other",
    ),
    "diff": ("diff hard.jsonl soft.jsonl", "the judge was asked in several ways (judge_id)"),
}


def run(shell: Shell, command: str) -> Ran:
    return shell(*command.split())


@pytest.mark.parametrize(("command", "told"), TOLD.values(), ids=TOLD.keys())
def test_one_judge_under_two_identities_is_not_pooled_in_silence(files: Shell, command: str, told: str) -> None:
    write(files, "one", "other")
    ran = run(files, command)
    assert (ran.code, told in ran.out + ran.err) == (0, True), ran.err
    for identities in (("one", "one"), ("one", None)):
        write(files, *identities)
        ran = run(files, command)
        assert (ran.code, told in ran.out + ran.err) == (0, False), ran.err


@pytest.mark.parametrize(
    "command", ["agree hard.jsonl soft.jsonl --labels labels.jsonl", "signal hard.jsonl soft.jsonl"]
)
def test_rows_of_figures_name_both(files: Shell, command: str) -> None:
    write(files, "one", "other")
    rows = run(files, command).rows
    assert {row["judging"] for row in rows if "judging" in row} == {
        f"per-criterion, judge_id {name}" for name in ("one", "other")
    }


def test_a_report_shows_two_judgings_with_their_ids(files: Shell) -> None:
    page = files.directory / "page.html"
    for other, shown in (("other", True), ("one", False)):
        write(files, "one", other)
        assert files("report", "hard.jsonl", "soft.jsonl", "rubrics.jsonl", "-o", page).code == 0
        assert ("per-criterion, judge_id one" in page.read_text()) is shown


def test_lint_takes_no_other_identity_for_a_contradiction(files: Shell) -> None:
    command = "lint rubrics.jsonl --scores hard.jsonl --scores soft.jsonl"
    write(files, "one", "one")
    assert "contradicts itself" in str(run(files, command))
    write(files, "one", "other")
    assert "contradicts itself" not in str(run(files, command))


def test_scoring_scored_rows_gives_them_one_identity(files: Shell) -> None:
    write(files, "one", "other")
    replies: list[dict[str, Any]] = [
        {"contains": ["Answer"], "reply": json.dumps({"c0": "yes", "c1": "no", "c2": "no"})}
    ]
    judge = f"replay:{files.write('replies.jsonl', [{**one, 'reply': json.dumps({'c1': 'yes', 'c2': 'no'})} for one in replies])}"
    ran = files("score", Path("both.jsonl"), "--rubrics", "rubrics.jsonl", "--judge", judge)
    assert (ran.code, len(ran.rows), len({row["judge_id"] for row in ran.rows})) == (0, 8 * PROMPTS, 1)
