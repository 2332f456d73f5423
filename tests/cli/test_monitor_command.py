"""rubrictool monitor, from dumped rollouts to rows, words, exit codes and a picture."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shell import Rows, Shell


def rollouts(gamed: float, *, prompts: int = 12) -> Rows:
    """Return what verl would dump in 6 steps, with a second judge's score; of each step one judgement failed."""
    return [
        {
            "input": f"Why {prompt}?",
            "output": f"So {prompt} {sample} {step}.",
            "score": 0.3 + 0.02 * (prompt % 5) + 0.1 * sample + gamed * step / 5,
            "step": step,
            "second": 0.3 + 0.02 * (prompt % 7),
            "rubric": "h",
            "verdicts": json.dumps({"c1": step > 3, "c2": bool(sample)}),
            "failed": int(prompt == 0 and sample == 0),
        }
        for step in range(6)
        for prompt in range(prompts)
        for sample in range(2)
    ]


def test_where_no_feature_is_frequent_none_is_tested_and_none_said_not_to_spread(shell: Shell) -> None:
    shell.write("run.jsonl", rollouts(0.5, prompts=3))
    ran = shell("monitor", "run.jsonl")
    assert "no opening, closing or format stands in enough responses" in " ".join(ran.err.split())
    assert "none of 0" not in ran.err


def test_a_gamed_reward_ends_with_3_and_says_from_where_on(shell: Shell) -> None:
    shell.write("run.jsonl", rollouts(0.5))
    ran = shell("monitor", "run.jsonl", "--held-out", ":second", "--fail-on-drift", "--summary", "s.json")
    assert ran.code == 3
    assert "reward and held-out score part, from steps " in ran.err
    assert {row["kind"] for row in ran.rows} >= {"window", "slope", "criterion"}
    assert sum(row["failed"] for row in ran.rows if row["kind"] == "window") == 6
    summary = json.loads((shell.directory / "s.json").read_text(encoding="utf-8"))
    assert summary["parting"]["state"] == "parted"
    assert [one["criterion"] for one in summary["saturated"]] == ["c1"]


@pytest.mark.parametrize(("prompts", "words"), [(12, "not shown that reward"), (4, "not tested whether reward")])
def test_a_run_that_is_not_shown_to_drift_ends_with_0_in_other_words(shell: Shell, prompts: int, words: str) -> None:
    shell.write("run.jsonl", rollouts(0.0, prompts=prompts))
    ran = shell("monitor", "run.jsonl", "--held-out", ":second", "--fail-on-drift")
    assert (ran.code, words in ran.err) == (0, True)


def test_a_directory_with_a_file_for_each_step_is_one_run(shell: Shell) -> None:
    (shell.directory / "dump").mkdir()
    for step in range(6):
        shell.write(f"dump/{step}.jsonl", [row for row in rollouts(0.5) if row["step"] == step])
    ran = shell("monitor", "dump")
    assert [row["window"] for row in ran.rows if row["kind"] == "window"] == list("012345")


def test_held_out_scores_may_stand_in_a_file(shell: Shell) -> None:
    shell.write("run.jsonl", rollouts(0.5))
    second = [{"prompt": row["input"], "response": row["output"], "score": 0.5} for row in rollouts(0.5)[::3]]
    shell.write("second.jsonl", second)
    ran = shell("monitor", "run.jsonl", "--held-out", "second.jsonl")
    assert sum(row["sampled"] for row in ran.rows if row["kind"] == "window") == len(second)
    assert ran.code == 0


def test_prompts_of_the_band_are_written_and_the_others_counted(shell: Shell) -> None:
    rows: list[dict[str, Any]] = [
        {"prompt": f"Why {p}?", "response": f"So {n}.", "score": 0.1 * p + 0.05 * n}
        for p in range(10)
        for n in range(2)
    ]
    shell.write("before.jsonl", rows)
    ran = shell("monitor", "before.jsonl", "--keep-between", ".2,.5", "-o", "kept.jsonl")
    assert [one["prompt"] for one in shell.read("kept.jsonl")] == ["Why 2?", "Why 3?", "Why 4?"]
    assert "3 prompts kept; left out: too easy 5, too hard 2" in ran.err
    assert "before training" in ran.err


def test_a_plot_is_drawn_and_is_the_same_again(shell: Shell) -> None:
    shell.write("run.jsonl", rollouts(0.5))
    for name in ("one.svg", "two.svg"):
        assert shell("monitor", "run.jsonl", "--held-out", ":second", "--plot", shell.directory / name).code == 0
    one, two = ((shell.directory / name).read_bytes() for name in ("one.svg", "two.svg"))
    assert one == two
    assert b"<svg" in one


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--fail-on-drift"], "--fail-on-drift needs scores to compare the reward with"),
        (["--keep-between", ".8,.2"], "--keep-between .8,.2: must be two numbers"),
        (["--keep-between", "half"], "--keep-between half: must be two numbers with a comma"),
        (["--keep-between", "nan,.2"], "--keep-between nan,.2: must be two numbers, the smaller one first"),
        (["--price", "-1,2"], "--price -1,2: must be two numbers, 0 or more"),
        (["--price", "1,nan"], "--price 1,nan: must be two numbers, 0 or more"),
        (["--price", "inf,1"], "--price inf,1: must be two numbers, 0 or more"),
        (["--step-column", "epoch", "--held-out", ":none"], "column none: no rollout has a number in it"),
    ],
)
def test_flags_that_make_no_sense_end_with_2(shell: Shell, flags: list[str], message: str) -> None:
    shell.write("run.jsonl", rollouts(0.5, prompts=2))
    ran = shell("monitor", "run.jsonl", *flags)
    assert (ran.code, message in ran.err) == (2, True), ran.err
