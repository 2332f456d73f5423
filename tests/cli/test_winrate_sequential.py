"""rubrictool winrate --sequential: stop once it is decided, and look at any time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from chat import ChatServer, chat_server
from shell import Ran, Rows, Shell

GOLDEN = Path(__file__).parents[1] / "golden" / "sequential_comparisons.jsonl"


def responses(side: str, prompts: int) -> Rows:
    return [
        {"id": f"{side}{n}", "prompt_id": f"p{n}", "prompt": f"Of {n}?", "response": f"{side} {n}."}
        for n in range(prompts)
    ]


def better_first(question: str) -> str:
    """The winner is whose response is called good; on every sixth prompt it is the other."""
    good, plain = question.rindex("good "), question.rindex("plain ")
    upset = int(question[good:].split()[1].rstrip(".")) % 6 == 0
    return json.dumps({"winner": "A" if (good < plain) != upset else "B"})


def run(shell: Shell, server: ChatServer, *more: Any) -> Ran:
    server.answer = better_first
    files = (shell.write("good.jsonl", responses("good", 80)), shell.write("plain.jsonl", responses("plain", 80)))
    asked = ("--judge", server.spec, "--cache", "c.db", "--summary", "sum.json", "--sequential")
    return shell("winrate", *files, *asked, *more)


def summary() -> Any:
    return json.loads(Path("sum.json").read_text(encoding="utf-8"))


def test_one_file_of_comparisons_is_followed_in_its_order(shell: Shell) -> None:
    shutil.copy(GOLDEN, "c.jsonl")
    ran = shell("winrate", "c.jsonl", "--sequential", "--fail-under", "0.5", "--summary", "sum.json")
    found = summary()
    assert (ran.code, found["decision"], found["stops_at"], found["n"]) == (0, "shown", 117, 200)
    assert [found["low"], found["high"], found["win_rate"]] == [0.536, 0.712, 0.64]
    assert found["anytime_p"] == pytest.approx(0.002608, abs=1e-6)
    assert not {"sign_p", "sign_flip_p", "detectable", "standard_error"} & found.keys()
    assert "0.640 [0.536, 0.712] over 200 prompts (betting): 97 wins, 41 losses, 62 ties" in ran.err
    assert "against 0.5: shown after 117 prompts; any-time p = 0.00261 after all" in ran.err
    assert len(ran.rows) == 200


@pytest.mark.parametrize(
    ("threshold", "words"),
    [("0.6", "not shown: after 200 prompts rates below 0.6 are not excluded (0.536)"), ("0.9", "worse: after ")],
)
def test_a_threshold_that_is_not_shown_ends_with_3_and_says_why(shell: Shell, threshold: str, words: str) -> None:
    shutil.copy(GOLDEN, "c.jsonl")
    ran = shell("winrate", "c.jsonl", "--sequential", "--fail-under", threshold)
    assert ran.code == 3
    assert words in ran.err


def test_a_run_asks_about_no_more_prompts_than_decide(shell: Shell) -> None:
    with chat_server() as server:
        ran = run(shell, server, "--concurrency", 1, "--fail-under", 0.5)
        asked = len(server.requests)
    found = summary()
    assert (ran.code, found["decision"]) == (0, "shown")
    assert asked == 2 * len(ran.rows) == 2 * found["stops_at"] < 120
    assert (found["rows"], found["not_judged"]) == (found["n"], 80 - len(ran.rows))
    assert (
        f"{found['not_judged']} comparisons left out once decided, which saved about {found['calls_saved']} calls"
        in ran.err
    )


def test_what_was_asked_at_once_is_counted_and_a_rerun_asks_nothing(shell: Shell) -> None:
    with chat_server() as server:
        ran = run(shell, server, "--concurrency", 16)
        asked, first = len(server.requests), summary()
        again = run(shell, server, "--concurrency", 3)
        assert len(server.requests) == asked
    assert first["stops_at"] <= len(ran.rows) < first["stops_at"] + 8
    assert asked == 2 * len(ran.rows)
    assert again.out == ran.out
    figures = ("n", "low", "high", "anytime_p", "stops_at")
    assert [summary()[name] for name in figures] == [first[name] for name in figures]


def test_its_own_rows_read_again_tell_the_same(shell: Shell) -> None:
    with chat_server() as server:
        first = run(shell, server, "-o", "rows.jsonl") and summary()
    shell("winrate", "rows.jsonl", "--sequential", "--summary", "sum.json")
    figures = ("n", "win_rate", "low", "high", "anytime_p", "stops_at", "decision")
    assert [summary()[name] for name in figures] == [first[name] for name in figures]


def test_a_failed_comparison_is_left_out_of_the_sequence_and_is_no_loss(shell: Shell) -> None:
    def sometimes(question: str) -> str:
        return "no idea" if any(f"good {n}." in question for n in range(0, 80, 7)) else better_first(question)

    with chat_server() as server:
        files = (shell.write("a.jsonl", responses("good", 80)), shell.write("b.jsonl", responses("plain", 80)))
        server.answer = sometimes
        ran = shell(
            "winrate", *files, "--judge", server.spec, "--sequential", "--fail-under", 0.97, "--summary", "sum.json"
        )
    found = summary()
    assert (ran.code, found["n"], found["decision"]) == (1, len(ran.rows), "worse")
    assert found["failed"] > 1


def test_a_dry_run_says_the_most_that_it_asks(shell: Shell) -> None:
    """The probe for schemas is a call, too."""
    with chat_server() as server:
        ran = run(shell, server, "--dry-run")
        assert server.requests == []
    assert (ran.code, summary()["calls"]) == (0, 160 + 1)


def test_a_run_that_its_budget_ends_goes_on_from_there(shell: Shell) -> None:
    with chat_server() as server:
        cut = run(shell, server, "--max-calls", 1 + 10, "--concurrency", 4)
        server_calls = len(server.requests)
        whole = run(shell, server, "--concurrency", 4)
        calls = len(server.requests)
    assert (cut.code, server_calls) == (1, 10)
    assert whole.code == 0
    assert calls == 2 * len(whole.rows)


def test_offline_scores_stop_too(shell: Shell) -> None:
    a = shell.write("a.jsonl", [{**row, "response": "The cloth is kept."} for row in responses("good", 60)])
    b = shell.write("b.jsonl", responses("plain", 60))
    check = {"criterion": "Names a cloth.", "weight": 1, "check": {"contains": ["cloth"]}}
    rubrics = shell.write("r.jsonl", [{"id": "*", "criteria": [check]}])
    ran = shell("winrate", a, b, "--rubrics", rubrics, "--sequential", "--summary", "sum.json")
    assert len(ran.rows) == summary()["stops_at"] < 30


def test_several_systems_have_a_line_each(shell: Shell) -> None:
    scores = {"good": 1.0, "same": 0.5, "base": 0.5}
    rows = {
        name: [{"id": f"{name}{n}", "prompt_id": f"p{n}", "response": "x", "score": score} for n in range(40)]
        for name, score in scores.items()
    }
    good, same, base = (shell.write(f"{name}.jsonl", scored) for name, scored in rows.items())
    told = ("--fail-under", 0.5, "--summary", "sum.json")
    ran = shell("winrate", good, same, "--baseline", base, "--by", "scores", "--sequential", *told)
    assert ran.code == 3
    (line,) = [line for line in ran.err.splitlines() if line.startswith("  good  ")]
    assert line.split()[1:2] + line.split()[-2:-1] == ["1.000", "shown"]
    assert "same: not shown" in ran.err
    assert {pair["system_a"]: pair["decision"] for pair in summary()["pairs"] if pair["system_b"] == "base"} == {
        "good": "shown",
        "same": "not shown",
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("c.jsonl --sequential --plot p.svg", "--plot: has no effect with --sequential"),
        ("c.jsonl --sequential --fail-under 0.5 --min-effect 0.1", "--min-effect: has no effect with --sequential"),
        ("c.jsonl --plan --sequential", "--sequential: has no effect with --plan"),
        ("c.jsonl c.jsonl --sequential --noise-floor", "--noise-floor: has no effect with --sequential"),
        (
            "g.jsonl p.jsonl --judge tiny@http://127.0.0.1:1/v1 --sequential --engine ray",
            "in one process; use --engine local",
        ),
    ],
)
def test_what_does_not_go_with_it_is_refused(shell: Shell, line: str, words: str) -> None:
    shutil.copy(GOLDEN, "c.jsonl")
    shell.write("g.jsonl", responses("good", 2))
    shell.write("p.jsonl", responses("plain", 2))
    ran = shell("winrate", *line.split())
    assert ran.code == 2
    assert words in ran.err


def test_rows_in_the_order_of_their_outcomes_are_called_so(shell: Shell) -> None:
    rows = shell.write("c.jsonl", [{"prompt_id": str(n), "winner": "a" if n < 300 else "b"} for n in range(600)])
    assert "the order of the prompts goes with their outcomes" in shell("winrate", rows, "--sequential").err
