"""Nothing is not judged: an empty response costs no call, and what becomes of it is a rule that every output tells."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from chat import ChatServer, chat_server
from fakes import ListProposer, WordJudge
from shell import Shell

from rubrictool.errors import RowFailure
from rubrictool.refinement.loop import refine
from rubrictool.refinement.options import RefineOptions
from rubrictool.rows.records import Prompt, Response, Rubric
from rubrictool.rubric.empty_response import is_empty
from rubrictool.steps.compare import compare, compare_by_rubric
from rubrictool.steps.score import score

EMPTY = {
    "nothing": "",
    "blanks": " \n\t ",
    "no-break spaces": "\u00a0\u2003\u3000",
    "invisible characters": "\u200b\u2060\ufeff\u00ad\u3164\u2800",
    "reasoning alone": "<think>I weigh it.</think>\n",
    "reasoning without an end": "[THINK]I weigh it, and",
    "no final channel": "<|channel|>analysis<|message|>I weigh it.",
}
FILLED = ["0", ".", "?", "…", "👍", "```\n```", "永", "-"]

CHECKED = {"criterion": "Is short.", "weight": 1, "check": {"words": {"max": 5}}}
JUDGED = {"criterion": "Names a grit.", "weight": 3}
VETO = {"criterion": "Is safe.", "weight": 1, "role": "veto"}
PENALTY = {"criterion": "Invents a source.", "weight": -2}
CHECKED_PENALTY = {"criterion": "Says sorry.", "weight": -1, "check": {"contains": ["sorry"]}}
PROMPT = Prompt(id="p", prompt="How?")


def rubric(*criteria: dict[str, object]) -> Rubric:
    return Rubric.model_validate({"id": "p", "prompt": "How?", "criteria": criteria})


def response(text: str, name: str = "r", model: str = "m") -> Response:
    return Response(id=name, prompt_id="p", model=model, response=text)


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as serving:
        yield serving


def given(shell: Shell, *criteria: dict[str, object], texts: dict[str, str] | None = None) -> list[str]:
    """The arguments for files with these responses and a rubric of these criteria."""
    rows = [{"id": name, "prompt_id": "p", "response": text} for name, text in (texts or EMPTY).items()]
    rubrics = shell.write("u.jsonl", [{"id": "p", "prompt": "How?", "criteria": criteria}])
    return [str(shell.write("r.jsonl", rows)), "--rubrics", str(rubrics), "--no-cache"]


@pytest.mark.parametrize("text", EMPTY.values(), ids=EMPTY)
def test_what_shows_nothing_is_empty(text: str) -> None:
    assert is_empty(text)


@pytest.mark.parametrize("text", FILLED)
def test_what_shows_something_is_not_empty(text: str) -> None:
    assert not is_empty(text)
    assert not is_empty(f"<think>a</think>\u200b{text}")


@pytest.mark.parametrize("judging", ["all-at-once", "per-criterion"])
def test_an_empty_response_is_scored_without_a_call_and_checks_decide_as_usual(
    shell: Shell, server: ChatServer, judging: str
) -> None:
    judge = ["--judge", f"tiny@{server.address}", "--judging", judging]
    ran = shell(
        "score", *given(shell, CHECKED, JUDGED, VETO, CHECKED_PENALTY), *judge, "--summary", shell.directory / "s"
    )
    assert (ran.code, server.requests, server.probes) == (0, [], [])
    for row in ran.rows:
        verdicts = {
            verdict["id"]: (verdict["met"], "empty" in verdict.get("reason", "")) for verdict in row["verdicts"]
        }
        assert verdicts == {"c1": (True, False), "c2": (False, True), "c3": (False, True), "c4": (False, False)}
        assert row["score"] == 0.0
    assert f"empty responses: {len(EMPTY)}" in ran.err
    assert shell.read("s")[0]["empty_responses"] == len(EMPTY)


def test_only_the_empty_ones_are_left_unasked(shell: Shell, server: ChatServer) -> None:
    ran = shell("score", *given(shell, JUDGED, texts={"a": "", "b": "400 grit."}), "--judge", f"tiny@{server.address}")
    assert [row["score"] for row in ran.rows] == [0.0, 1.0]
    assert len(server.requests) == 1
    assert "empty responses: 1;" in ran.err


@pytest.mark.parametrize(
    ("empty", "scores", "code"), [([], None, 1), (["--empty", "fail"], None, 1), (["--empty", "unmet"], [0.0] * 7, 0)]
)
def test_a_penalty_that_a_judge_would_decide_fails_the_row_unless_it_is_said_what_to_do(
    shell: Shell, server: ChatServer, empty: list[str], scores: list[float] | None, code: int
) -> None:
    output = shell.directory / "out.jsonl"
    arguments = [*given(shell, JUDGED, PENALTY), "--judge", f"tiny@{server.address}", "-o", output, *empty]
    ran = shell("score", *arguments)
    assert (ran.code, server.requests) == (code, [])
    if scores is not None:
        assert [row["score"] for row in shell.read("out.jsonl")] == scores
        return
    failed = shell.read("out.jsonl.failed.jsonl")
    assert [row["error"]["kind"] for row in failed] == ["empty_response"] * 7
    assert "--empty" not in failed[0]["error"]["message"]
    assert "--empty unmet" in ran.err


def test_fail_sends_an_empty_response_to_the_failures_even_where_all_is_checked(shell: Shell) -> None:
    ran = shell("score", *given(shell, CHECKED), "--failures", shell.directory / "f", "--empty", "fail")
    assert (ran.code, len(shell.read("f"))) == (1, len(EMPTY))
    assert shell("score", *given(shell, CHECKED)).code == 0


def test_the_offline_judge_several_samples_and_a_coverage_follow_the_same_rule(
    shell: Shell, server: ChatServer
) -> None:
    model = ["--judge", f"tiny@{server.address}"]
    for extra in ([], [*model, "--samples", "3", "--temperature", "1"], [*model, "--min-coverage", "0.5"]):
        ran = shell("score", *given(shell, JUDGED, CHECKED), *extra)
        assert [(row["score"], row["verdicts"][0]["met"], row.get("coverage", 1)) for row in ran.rows] == [
            (0.25, False, 1)
        ] * 7
    assert server.requests == []
    assert shell("score", *given(shell, JUDGED), "--dry-run", *model).code == 0


def test_the_library_scores_by_the_same_rule() -> None:
    judge = WordJudge()
    scored = asyncio.run(score(PROMPT, rubric(JUDGED), response(" "), judge))
    assert (scored.score, judge.asked) == (0.0, [])
    with pytest.raises(RowFailure, match="penalties"):
        asyncio.run(score(PROMPT, rubric(JUDGED, PENALTY), response(""), judge))
    assert asyncio.run(score(PROMPT, rubric(JUDGED, PENALTY), response(""), judge, empty="unmet")).score == 0.0
    with pytest.raises(RowFailure, match="empty"):
        asyncio.run(score(PROMPT, rubric(JUDGED), response(""), judge, empty="fail"))


@pytest.mark.parametrize("judging", ["all-at-once", "per-criterion"])
def test_a_race_asks_nothing_about_empty_responses(shell: Shell, server: ChatServer, judging: str) -> None:
    arguments = [*given(shell, JUDGED, CHECKED), "--judge", f"tiny@{server.address}", "--judging", judging, "-k", "1"]
    ran = shell("filter-top-k", *arguments)
    assert (ran.code, server.requests, [row["score"] for row in ran.rows]) == (0, [], [0.25])
    assert "empty responses: 7;" in ran.err
    assert shell("filter-top-k", *arguments, "--empty", "fail").code == 1
    texts = {"a": "", "b": "400 grit."}
    arguments = [*given(shell, JUDGED, PENALTY, texts=texts), "--judge", f"tiny@{server.address}", "--judging", judging]
    ran = shell("filter-top-k", *arguments, "--failures", shell.directory / "f")
    assert ([row["id"] for row in ran.rows], [row["id"] for row in shell.read("f")]) == (["b"], ["a"])
    assert [row["id"] for row in shell("filter-top-k", *arguments, "--empty", "unmet").rows] == ["a", "b"]


@pytest.mark.parametrize("by_rubric", [False, True])
def test_an_empty_response_loses_and_two_tie_without_a_call(shell: Shell, server: ChatServer, by_rubric: bool) -> None:
    texts = [("<think>a</think>", "So."), ("So.", ""), ("", "\u200b"), (" ", "Thus.")]
    for side in (0, 1):
        shell.write(
            "ab"[side], [{"prompt_id": f"p{n}", "prompt": "Q", "response": pair[side]} for n, pair in enumerate(texts)]
        )
    rubrics = shell.write("u", [{"id": "*", "criteria": [JUDGED, PENALTY]}])
    extra = ["--rubrics", rubrics] if by_rubric else []
    a, b = (shell.directory / name for name in "ab")
    ran = shell(
        "winrate", a, b, "--judge", f"tiny@{server.address}", "--no-cache", "--summary", shell.directory / "s", *extra
    )
    assert (ran.code, server.requests) == (0, [])
    assert [row["winner"] for row in ran.rows] == ["b", "a", "tie", "b"]
    assert [row["reasons"]["ab"].partition(" empty")[0] for row in ran.rows] == ["a is", "b is", "a and b are", "a is"]
    summary = shell.read("s")[0]
    assert (summary["wins"], summary["losses"], summary["ties"], summary["flips"]) == (1, 2, 1, 0)
    assert summary["empty_responses"] == 5
    assert "empty responses: 5;" in ran.err


def test_the_library_compares_by_the_same_rule() -> None:
    class Never(WordJudge):
        async def prefer(self, *_: object) -> None:
            raise AssertionError("asked")

    judge = Never()
    assert asyncio.run(compare(PROMPT, response("", "a"), response("x", "b"), judge)).winner == "b"  # type: ignore[arg-type]
    found = asyncio.run(compare_by_rubric(PROMPT, response("x", "a"), response(" ", "b"), judge, rubric(JUDGED)))
    assert (found.winner, judge.asked) == ("a", [])


def test_an_empty_candidate_is_never_shown_to_the_proposer(shell: Shell) -> None:
    judge, proposer = WordJudge(), ListProposer("good", later=["fine", "better"])
    pool = [
        response("good fine", "a", "m"),
        response("", "b", "n"),
        response("good", "c", "n"),
        response("\u200b", "d", "o"),
    ]
    found = asyncio.run(
        refine(PROMPT, pool, judge=judge, proposer=proposer, options=RefineOptions(rounds=2, pool_rule="keep"))
    )
    assert proposer.shown
    assert {name for pair in proposer.shown for name in pair} == {"a", "c"}
    assert {place.id for row in found.rounds for place in row.pool} == {"a", "c"}
    rows = [{"id": "p", "prompt": "How do I sharpen it?", "responses": ["Use 400 grit.", "", "Rub it on a stone."]}]
    ran = shell("refine", shell.write("p.jsonl", rows), "--pairs", "great", "--rounds", "1")
    assert ran.code == 0
    assert "refine: empty responses: 1; left out" in ran.err


def test_a_pool_of_empty_candidates_has_no_pair(shell: Shell) -> None:
    rows = [{"id": "p", "prompt": "How do I sharpen it?", "responses": ["", "<think>a</think>", "Rub it on a stone."]}]
    ran = shell("refine", shell.write("p.jsonl", rows), "--pairs", "great", "--rounds", "2")
    assert (ran.code, ran.rows[0]["rounds"]) == (0, 0)
    assert json.loads(ran.out)["stopped"] == "no_pairs"
