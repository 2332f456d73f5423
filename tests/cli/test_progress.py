"""Test what a person sees on stderr: a bar and an example on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from chat import chat_server
from shell import Shell, on_a_terminal

from rubrictool.cli.terminal.progress import Progress


def test_a_terminal_shows_a_bar_and_a_rubric_before_and_after(tmp_path: Path, sample: Path) -> None:
    seen = on_a_terminal(tmp_path, "refine", sample / "prompts.jsonl", "-o", "out.jsonl")
    assert "━" in seen
    assert "13/13" in seen
    assert "criteria before" in seen
    assert "  +   3  " in seen
    assert "tied top pairs:" in seen
    assert "under the first rubric" in seen
    assert "next: rubrictool score" in seen


def rewriting(shell: Shell, prompts: int = 3) -> tuple[object, ...]:
    """Prompts whose first rubric a recorded proposer rewrites: the text of one criterion, the weight of another."""
    rows = [
        {
            "id": f"p{n}",
            "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"Which colour, {n}?"}],
            "responses": [{"model": m, "response": f"{m} says red"} for m in ("small", "large")],
        }
        for n in range(prompts)
    ]
    changed = [
        {"id": "c1", "criterion": "Names a shade of red.", "weight": 2},
        {"id": "c2", "criterion": "Is plain.", "weight": 3},
    ]
    first = [{"criterion": "Names red.", "weight": 2}, {"criterion": "Is plain.", "weight": 1}]
    replies = [
        {"contains": ["small says red"], "reply": json.dumps(changed)},
        {"contains": ["colour"], "reply": json.dumps(first)},
    ]
    recorded = shell.write("replies.jsonl", replies)
    roles = ("--proposer", f"replay:{recorded}", "--judge", "offline", "--no-cache")
    return ("refine", shell.write("p.jsonl", rows), *roles, "--rounds", 1, "-o", "out.jsonl")


def test_the_example_names_its_prompt_says_why_it_is_shown_and_what_was_rewritten(shell: Shell) -> None:
    seen = on_a_terminal(shell.directory, *rewriting(shell)).replace("\r\n", "\n")
    assert "before and after, 2 of 3 prompts: those with the fewest criteria\n" in seen
    assert 'p0: "Which colour, 0?"\n  2 criteria before, 2 after 1 round\n' in seen
    assert "  ~   2  Names a shade of red.\n      2  was: Names red.\n" in seen
    assert "  ~   3  Is plain.\n      1  was: the same text, another weight\n" in seen
    assert "p2:" not in seen


def test_of_one_prompt_there_is_nothing_to_choose(shell: Shell) -> None:
    assert "before and after" not in on_a_terminal(shell.directory, *rewriting(shell, prompts=1))


def test_rows_on_a_terminal_are_told_of_and_no_bar_runs_through_them(tmp_path: Path, sample: Path) -> None:
    seen = on_a_terminal(tmp_path, "propose", sample / "prompts.jsonl", rows_too=True)
    assert "propose: rows go to the screen; -o FILE keeps them" in seen
    assert seen.count('"criteria"') == 13
    assert "━" not in seen
    assert "rows go to the screen" not in on_a_terminal(tmp_path, "propose", sample / "prompts.jsonl")


def test_elsewhere_there_are_plain_lines_and_no_example(shell: Shell, sample: Path) -> None:
    ran = shell("refine", sample / "prompts.jsonl", "--rounds", 1, "-o", "out.jsonl")
    assert "\x1b" not in ran.err
    assert "criteria before" not in ran.err
    assert ran.err.splitlines()[-1].startswith("refine: 13 rows, 0 failed, ")


def test_quiet_says_nothing(shell: Shell, sample: Path) -> None:
    assert shell("refine", sample / "prompts.jsonl", "--rounds", 1, "-o", "out.jsonl", "-q").err == ""


def test_text_of_rows_never_steers_the_terminal(tmp_path: Path, shell: Shell) -> None:
    evil = "\x1b]0;owned\x07\x1b[31m"
    row = {
        "id": evil,
        "prompt": f"Say {evil}",
        "responses": [{"model": m, "response": f"{evil} {m} word"} for m in "ab"],
    }
    seen = on_a_terminal(tmp_path, "refine", shell.write("p.jsonl", [row]), "-o", "out.jsonl")
    assert "criteria before" in seen
    assert "\x1b]0;owned" not in seen
    assert evil not in shell("propose", shell.write("q.jsonl", [row, row])).err


def test_a_long_row_moves_the_count_before_it_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("refine", quiet=False)
    progress.start(2, [])
    with progress.parts(4) as step:
        step()
        assert (progress.done, progress.completed) == (0, 0.25)
        step()
        assert progress.completed == 0.5
    assert progress.completed == 1, "a row that ends early brings the rest"
    progress.row(failed=False)
    assert (progress.done, progress.completed) == (1, 1), "a row is not counted twice"
    assert capsys.readouterr().err == "", "in the first ten seconds a log has no need of lines"


def test_the_rounds_of_a_refinement_are_counted_one_by_one(tmp_path: Path) -> None:
    rows = [{"model": f"m{n}", "response": f"Red, {n} of {n * 7}, because it is."} for n in range(8)]
    (tmp_path / "p.jsonl").write_text(json.dumps({"prompt": "Name a colour.", "responses": rows}) + "\n")
    with chat_server(0.15) as server:
        models = ["--judge", server.spec, "--proposer", server.spec, "--no-cache"]
        seen = on_a_terminal(tmp_path, "refine", "p.jsonl", *models, "--rounds", 3, "-o", "out.jsonl")
    assert {"25%", "50%", "75%"} & set(re.findall(r"(\d+%)\S* 0/1 rows", seen))


def test_a_wait_of_everybody_is_told_with_its_reason_and_its_length(capsys: pytest.CaptureFixture[str]) -> None:
    Progress("score", quiet=False, bar=False).waiting("tiny: HTTP 429: slow down", 75)
    told = capsys.readouterr().err
    assert re.fullmatch(r"score: waiting 1 min 15 s \(until \d\d:\d\d:\d\d\): tiny: HTTP 429: slow down\n", told)
    Progress("score", quiet=True).waiting("tiny: HTTP 429: slow down", 75)
    assert capsys.readouterr().err == ""
