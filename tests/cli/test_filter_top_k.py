"""filter-top-k as a person meets it: draws that are seen, pairs for training, and races."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from chat import chat_server
from shell import Rows, Shell

LETTERS = "abcdefgh"


def scored(*scores: float, **columns: Any) -> Rows:
    """Score rows a, b, ... of one prompt."""
    return [
        {"id": name, "prompt_id": "p", "response": f"text {name}", "score": value, **columns}
        for name, value in zip(LETTERS, scores, strict=False)
    ]


def summary(shell: Shell) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shell.directory / "sum.json").read_text())
    return found


def pairs(shell: Shell, rows: Rows, *arguments: object) -> Rows:
    prompted = [{"prompt": "Why?"} | row for row in rows]
    ran = shell(
        "filter-top-k", shell.write("s.jsonl", prompted), "--emit", "pairs", "--summary", "sum.json", *arguments
    )
    assert ran.code == 0
    return ran.rows


def ids(rows: Rows) -> list[tuple[str, str]]:
    return [(row["chosen_id"], row["rejected_id"]) for row in rows]


def test_a_draw_is_said_counted_and_marked(shell: Shell) -> None:
    rows = [*scored(0.9, 0.5, 0.5, 0.5), {"id": "z", "prompt_id": "q", "response": "?", "score": 1}]
    ran = shell("filter-top-k", shell.write("s.jsonl", rows), "-k", 2, "--summary", "sum.json")
    assert "for 1 of 2 prompts a draw among tied scores decided what to keep (column tied)" in ran.err
    assert [row.get("tied") for row in ran.rows] == [None, 3, None]
    assert (summary(shell)["tied_prompts"], summary(shell)["prompts"]) == (1, 2)


def test_without_a_draw_nothing_is_said_and_an_old_mark_goes(shell: Shell) -> None:
    ran = shell("filter-top-k", shell.write("s.jsonl", scored(0.9, 0.5, 0.5, tied=7)), "-k", 3)
    assert "draw" not in ran.err
    assert not any("tied" in row for row in ran.rows)


def test_a_pair_is_the_best_with_the_worst(shell: Shell) -> None:
    (row,) = pairs(shell, scored(0.5, 0.9, 0.1))
    assert row == {
        "prompt_id": "p", "prompt": "Why?", "chosen": "text b", "rejected": "text c", "chosen_id": "b", "rejected_id": "c",
        "chosen_score": 0.9, "rejected_score": 0.1, "margin": 0.8,
    }  # fmt: skip


def test_or_the_best_with_each_that_is_not_tied(shell: Shell) -> None:
    assert ids(pairs(shell, scored(0.5, 0.9, 0.1, 0.9), "--pairing", "best-each"))[1:] in [
        [("b", "a"), ("b", "c")], [("d", "a"), ("d", "c")], [("b", "c")], [("d", "c")]
    ]  # fmt: skip
    assert summary(shell)["skipped"] == {"tied": 1, "overlapping": 0, "same_text": 0}


def test_pairs_that_tell_nothing_are_left_out_and_counted(shell: Shell) -> None:
    assert pairs(shell, scored(0.5, 0.5)) == []
    assert summary(shell)["skipped"]["tied"] == 1
    assert pairs(shell, [row | {"response": "<think>hm</think>Same."} for row in scored(0.5, 0.9)]) == []
    assert summary(shell)["skipped"]["same_text"] == 1
    assert pairs(shell, scored(0.5)) == []


def test_pairs_whose_bounds_meet_are_left_out(shell: Shell) -> None:
    (low, high) = scored(0.5, 0.9)
    assert pairs(shell, [low | {"score_high": 0.7}, high | {"score_low": 0.7}]) == []
    assert summary(shell)["skipped"]["overlapping"] == 1
    assert ids(pairs(shell, [low | {"score_high": 0.6}, high | {"score_low": 0.7}])) == [("b", "a")]
    assert pairs(shell, [low | {"score_high": 0.95}, high]) == [], "a score without bounds is its own"


def test_a_bound_that_is_no_number_is_bad_input(shell: Shell) -> None:
    ran = shell("filter-top-k", shell.write("s.jsonl", scored(0.5, 0.9, score_low="0")), "--emit", "pairs")
    assert (ran.code, "s.jsonl:1: score_low: must be a number" in ran.err) == (2, True)


def test_to_a_chat_the_answers_are_messages(shell: Shell) -> None:
    chat = [{"role": "user", "content": "Why?"}]
    (row,) = pairs(shell, scored(0.5, 0.9, prompt=chat))
    assert (row["prompt"], row["chosen"]) == (chat, [{"role": "assistant", "content": "text b"}])


def test_the_prompt_of_a_pair_comes_from_the_rows_or_from_prompts(shell: Shell) -> None:
    rows, prompts = shell.write("s.jsonl", scored(0.5, 0.9)), shell.write("p.jsonl", [{"id": "p", "prompt": "How?"}])
    refused = shell("filter-top-k", rows, "--emit", "pairs")
    assert (refused.code, "s.jsonl:1: prompt: " in refused.err, "--prompts" in refused.err) == (2, True, True)
    (row,) = shell("filter-top-k", rows, "--emit", "pairs", "--prompts", prompts).rows
    assert row["prompt"] == "How?"


@pytest.mark.parametrize("flags", [("-k", "2"), ("--distinct", "model"), ("--rubrics", "r.jsonl")])
def test_pairs_are_made_of_the_whole_pool_fully_scored(shell: Shell, flags: tuple[str, ...]) -> None:
    ran = shell("filter-top-k", shell.write("s.jsonl", scored(0.5, 0.9)), "--emit", "pairs", *flags)
    assert (ran.code, flags[0] in ran.err or "rubrictool score" in ran.err) == (2, True)


@pytest.mark.parametrize(("judging", "distinct"), [("all-at-once", ()), ("per-criterion", ("--distinct", "model"))])
def test_a_race_writes_the_rows_of_score_and_filter(
    shell: Shell, sample: Path, judging: str, distinct: tuple[str, ...]
) -> None:
    given = [sample / "prompts.jsonl", "--rubrics", sample / "rubrics.jsonl", "--missing-rubric", "skip"]
    shell("score", *given, "--judging", judging, "-o", "scores.jsonl")
    full = shell("filter-top-k", "scores.jsonl", *distinct).rows
    raced = shell("filter-top-k", *given, "--judging", judging, *distinct, "--summary", "sum.json")
    assert [_unmarked(row) for row in raced.rows] == [_unmarked(row) for row in full]
    assert raced.code == 1, "prompts without a rubric are failed rows, as in score"
    found = summary(shell)
    assert (found["kept"], found["saved"]) == (8, 1 - found["questions"] / found["questions_in_full"])
    assert f"{found['questions']} of {found['questions_in_full']} questions asked" in raced.err


def _unmarked(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "tied"}


def race_of(shell: Shell, *, prompts: int = 1, size: int = 4) -> tuple[object, ...]:
    """Arguments for a race of so many equal responses to each prompt by three criteria."""
    rows = [
        {"id": f"{name}{n}", "prompt_id": f"p{n}", "prompt": f"Question {n}?", "response": f"Answer {name}."}
        for n in range(prompts)
        for name in LETTERS[:size]
    ]
    criteria = [{"criterion": f"Point {n}.", "weight": 1} for n in range(3)]
    rubrics = shell.write("rubrics.jsonl", [{"id": "*", "criteria": criteria}])
    return shell.write("r.jsonl", rows), "--rubrics", rubrics, "--judging", "per-criterion", "--summary", "sum.json"


def test_a_race_asks_only_about_whom_it_must_and_again_only_from_the_cache(shell: Shell) -> None:
    with chat_server() as server:
        first, second = (
            shell("filter-top-k", *race_of(shell), "-k", 1, "--judge", server.spec, "--cache", "c.db") for _ in range(2)
        )
        assert len(server.requests) == 3
    assert first.out == second.out
    assert "rows kept: 1; 3 of 12 questions asked, 75% saved" in first.err
    assert (first.rows[0]["score"], len(first.rows[0]["verdicts"]), first.rows[0]["tied"]) == (1, 3, 4)


def test_a_dry_run_of_a_race_tells_the_most_it_could_ask(shell: Shell) -> None:
    with chat_server() as server:
        ran = shell("filter-top-k", *race_of(shell), "--judge", server.spec, "--dry-run")
        assert not server.requests
    assert (ran.code, summary(shell)["calls"] - 12 in (0, 1), ran.out) == (0, True, "")


def test_a_race_without_a_model_in_reach_is_given_up_soon(shell: Shell) -> None:
    nobody = ("--judge", "tiny@http://127.0.0.1:9/v1", "--attempts", 1, "--concurrency", 4)
    ran = shell("filter-top-k", *race_of(shell, prompts=30), *nobody, "-o", "top.jsonl")
    assert (ran.code, shell.read("top.jsonl")) == (1, [])
    kinds = [row["error"]["kind"] for row in shell.read("top.jsonl.failed.jsonl")]
    assert (len(kinds), kinds.count("not_tried") > 60) == (120, True)
    assert summary(shell)["calls"] < 60


def test_what_the_money_does_not_reach_to_judge_is_a_failed_row(shell: Shell) -> None:
    with chat_server() as server:
        ran = shell("filter-top-k", *race_of(shell), "--judge", server.spec, "--max-calls", 2, "-o", "top.jsonl")
    assert ran.code == 1
    assert {row["error"]["kind"] for row in shell.read("top.jsonl.failed.jsonl")} == {"budget"}
