"""Faults that are known from another implementation of the paper, each shown to be absent here.

What concerns the reading of single replies (a missing verdict, "Yes.", `{}`, drafts, weights as text) stands in
test_replies; here is what a whole command must not do.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from chat import chat_server
from shell import Shell

RUBRIC = [{"criterion": "Is right.", "weight": 0.5}, {"criterion": "Is kind.", "weight": 1}]


def prompt(name: str, *texts: str) -> dict[str, Any]:
    responses = [{"id": f"{name}{n}", "model": f"m{n}", "response": text} for n, text in enumerate(texts)]
    return {"id": name, "prompt": f"Question {name}?", "responses": responses}


def replay(shell: Shell, *rows: tuple[list[str], str]) -> str:
    return f"replay:{shell.write('replies.jsonl', [{'contains': texts, 'reply': reply} for texts, reply in rows])}"


YES = json.dumps({"c1": "yes", "c2": "yes"})
NEW = json.dumps({"criteria": [{"id": "c1"}, {"criterion": "Is brief.", "weight": 2}]})


def test_prompts_whose_refinement_failed_or_whose_pool_ran_out_stay_in_the_output(shell: Shell) -> None:
    prompts = shell.write("p.jsonl", [prompt("fails", "reds", "greens"), prompt("runs-out", "blues", "yellows")])
    rubrics = shell.write("r.jsonl", [{"id": "*", "criteria": RUBRIC}])
    models = replay(shell, (["Decide each criterion"], YES), (["You sharpen", "blues"], NEW))
    ran = shell("refine", prompts, "--rubrics", rubrics, "--judge", models, "--proposer", models, "-o", "out.jsonl")
    assert ran.code == 1
    rows = {row["id"]: row for row in shell.read("out.jsonl")}
    assert (rows["fails"]["stopped"], len(rows["fails"]["criteria"])) == ("failed", 2)
    assert (rows["runs-out"]["stopped"], len(rows["runs-out"]["criteria"])) == ("no_pairs", 3)
    assert [row["id"] for row in shell.read("out.jsonl.failed.jsonl")] == ["fails"]


def test_a_failed_grade_is_no_score_of_0_and_is_not_eligible_for_the_pair(shell: Shell) -> None:
    prompts = shell.write("p.jsonl", [prompt("p", "good", "fine", "unjudgeable")])
    rubrics = shell.write("r.jsonl", [{"id": "*", "criteria": RUBRIC}])
    judged = [(["Decide each", text], YES) for text in ("good\n", "fine\n")]
    models = replay(shell, *judged, (["You sharpen"], NEW))
    roles = ["--judge", models, "--proposer", models]
    shell("refine", prompts, "--rubrics", rubrics, *roles, "--rounds", 1, "--trace", "t.jsonl", "-o", "out.jsonl")
    (trace,) = shell.read("t.jsonl")
    assert {member["id"] for member in trace["pool"]} == {"p0", "p1"}
    assert set(trace["pair"]) == {"p0", "p1"}

    scored = shell("score", prompts, "--rubrics", rubrics, "--judge", models, "-o", "s.jsonl")
    assert scored.code == 1
    assert [row["id"] for row in shell.read("s.jsonl")] == ["p0", "p1"]
    assert [row["id"] for row in shell.read("s.jsonl.failed.jsonl")] == ["p2"]


LEFT_OPEN = ['{"c1": "yes"}', "{}", '{"c1": "yes", "c2": "maybe"}', "c1: yes", '{"c1": "yes", "c1": "no", "c2": "no"}']


@pytest.mark.parametrize("reply", LEFT_OPEN)
def test_what_the_judge_left_open_fails_the_row_and_is_never_a_no(shell: Shell, reply: str) -> None:
    responses = shell.write("p.jsonl", [prompt("p", "x")])
    rubrics = shell.write("r.jsonl", [{"id": "*", "criteria": RUBRIC}])
    judged_by = ["--judge", replay(shell, ([], reply)), "--attempts", 2]
    ran = shell("score", responses, "--rubrics", rubrics, *judged_by, "-o", "s.jsonl")
    assert (ran.code, shell.read("s.jsonl")) == (1, [])
    (failed,) = shell.read("s.jsonl.failed.jsonl")
    assert (failed["error"]["kind"], failed["error"]["attempts"]) == ("unreadable", 2)


def test_weights_are_not_cut_to_whole_numbers(shell: Shell) -> None:
    responses, rubrics = (
        shell.write("p.jsonl", [prompt("p", "x")]),
        shell.write("r.jsonl", [{"id": "*", "criteria": RUBRIC}]),
    )
    judge = replay(shell, ([], '{"c1": " Yes.", "c2": false}'))
    (row,) = shell("score", responses, "--rubrics", rubrics, "--judge", judge).rows
    assert row["score"] == pytest.approx(0.5 / 1.5)


def test_an_error_or_an_empty_text_never_becomes_a_response(shell: Shell) -> None:
    prompts = shell.write("p.jsonl", [{"id": "p", "prompt": "Speak."}, {"id": "q", "prompt": "Hush."}])
    model = replay(shell, (["Hush"], " <think>hm</think> \n"))
    ran = shell("sample", prompts, "--model", model, "--attempts", 1, "-o", "out.jsonl")
    assert (ran.code, shell.read("out.jsonl")) == (1, [])
    assert [row["error"]["kind"] for row in shell.read("out.jsonl.failed.jsonl")] == ["refused", "unreadable"]


def test_ties_do_not_go_to_the_one_that_was_judged_first(shell: Shell) -> None:
    rubrics = shell.write("r.jsonl", [{"id": "*", "criteria": RUBRIC}])
    models = replay(shell, (["Decide each criterion"], YES), (["You sharpen"], NEW))
    pairs = set()
    for number in range(12):
        prompts = shell.write("p.jsonl", [prompt(f"p{number}-", "a a", "b b", "c c", "d d")])
        roles = ["--judge", models, "--proposer", models, "--rounds", 1]
        shell("refine", prompts, "--rubrics", rubrics, *roles, "--trace", "t.jsonl", "-o", "out.jsonl")
        (trace,) = shell.read("t.jsonl")
        pairs.add(frozenset(name[-1] for name in trace["pair"]))
    assert len(pairs) > 2


def test_a_rerun_asks_for_nothing_and_writes_the_same_bytes(shell: Shell, tmp_path: Any) -> None:
    prompts = shell.write("p.jsonl", [prompt(f"p{n}", "one", "two", "three", "four") for n in range(5)])
    with chat_server() as server:
        for name in ("a.jsonl", "b.jsonl"):
            shell(
                "refine", prompts, "--judge", server.spec, "--proposer", server.spec, "-o", name, "--trace", f"t-{name}"
            )
            server.requests, asked = [], len(server.requests)
    assert asked == 0
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert (tmp_path / "t-a.jsonl").read_bytes() == (tmp_path / "t-b.jsonl").read_bytes()


def test_a_broken_reply_is_mended_by_the_model_that_gave_it_and_by_no_other(shell: Shell) -> None:
    prompts = shell.write("p.jsonl", [{"id": "p", "prompt": "Speak."}])
    with chat_server() as server:
        server.replies = ['[{"criterion": "x", "weight": 9}]']
        ran = shell("propose", prompts, "--proposer", server.spec)
    assert (ran.code, len(ran.rows)) == (0, 1)
    first, second = server.requests
    assert {first["model"], second["model"]} == {"tiny"}
    assert second["messages"][: len(first["messages"])] == first["messages"]
    assert "must be 1, 2 or 3" in second["messages"][-1]["content"]
