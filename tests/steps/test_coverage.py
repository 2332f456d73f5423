"""Verdicts that are missing: rows that may pass without them, bounds on what they could change, readers that skip them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from chat import chat_server
from hypothesis import given, settings
from hypothesis import strategies as st
from shell import Shell

from rubrictool.errors import FailureKind, ModelFailure, Unreadable
from rubrictool.linting.verdict_rules import verdict_findings
from rubrictool.questions import judge as judge_question
from rubrictool.questions import separate
from rubrictool.questions.separate import JudgedResponse
from rubrictool.questions.templates import Templates
from rubrictool.refinement.accept import Trial, aligned, reweighed
from rubrictool.refinement.trace_rows import constant
from rubrictool.rows.records import Criterion, JudgingMode, Prompt, Response, Rubric, Score, ScoreWithDetails
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.saturation import Aggregate, Curve
from rubrictool.rubric.weights import bounds, coverage, rubric_hash, scorable, score
from rubrictool.steps.compare import compare_by_rubric
from rubrictool.steps.score import score as judged
from rubrictool.steps.score import score_pool

CRITERIA: list[dict[str, Any]] = [
    {"criterion": "Says a.", "weight": 3},
    {"criterion": "Says b.", "weight": 1},
    {"criterion": "Shouts.", "weight": -2},
    {"criterion": "Is safe.", "weight": 9, "role": "veto"},
]
RUBRIC = Rubric.model_validate({"id": "p", "prompt": "Why?", "criteria": CRITERIA})
PROMPT = Prompt(id="p", prompt="Why?")
RESPONSE = Response(id="r", prompt_id="p", response="Because.")
SAYS = {"1": True, "0": False, "?": None}


def verdicts(said: str) -> list[Verdict]:
    return [Verdict(id=f"c{place}", met=SAYS[met]) for place, met in enumerate(said, 1)]


class HalfJudge:
    """A judge that decides what `said` has, a character for each criterion, and fails on the rest."""

    name = "half"
    judging: JudgingMode = "all-at-once"

    def __init__(self, said: str, kind: FailureKind = "unreadable") -> None:
        self._said, self._kind = said, kind

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        assert prompt.id == response.prompt_id
        found = [Verdict(id=c.id, met=SAYS[met]) for c, met in zip(criteria, self._said, strict=True) if met != "?"]
        if len(found) < len(criteria):
            raise ModelFailure(self._kind, "half a reply", attempts=5, partial=found)
        return found


def passed(said: str, least: float | None, kind: FailureKind = "unreadable", rubric: Rubric = RUBRIC) -> Score:
    return asyncio.run(judged(PROMPT, rubric, RESPONSE, HalfJudge(said, kind), min_coverage=least))


def test_a_row_with_enough_verdicts_passes_with_its_gaps_and_its_bounds() -> None:
    row = passed("1?01", 0.8)
    assert isinstance(row, ScoreWithDetails)
    assert [verdict.met for verdict in row.verdicts] == [True, None, False, True]
    assert row.columns()["verdicts"][1] == {"id": "c2", "met": None}
    assert (row.score, row.score_low, row.score_high) == (1, 0.75, 1)
    assert row.coverage == pytest.approx(5 / 6)


class OpenJudge(HalfJudge):
    """A judge that returns what it decided: null or nothing on the rest."""

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        assert prompt.id == response.prompt_id
        return [Verdict(id=c.id, met=SAYS[met]) for c, met in zip(criteria, self._said, strict=False)]


@pytest.mark.parametrize("said", ["1?01", "10"])
def test_a_judge_that_leaves_criteria_open_has_not_judged_the_row(said: str) -> None:
    with pytest.raises(ModelFailure, match=r"half: gave no verdict on c2$|half: gave no verdict on c3, c4$"):
        asyncio.run(judged(PROMPT, RUBRIC, RESPONSE, OpenJudge(said)))
    partly = asyncio.run(judged(PROMPT, RUBRIC, RESPONSE, OpenJudge("1?01"), min_coverage=0.8))
    assert partly.verdicts == passed("1?01", 0.8).verdicts


def test_a_whole_row_is_as_without_the_flag_and_says_so() -> None:
    row, plain = passed("1001", 0.5).columns(), passed("1001", None).columns()
    assert row == plain | {"coverage": 1, "score_low": plain["score"], "score_high": plain["score"]}


@pytest.mark.parametrize(
    ("said", "least", "kind"),
    [
        ("1?01", None, "unreadable"),  # by default a row is whole or fails
        ("1?01", 0.9, "unreadable"),  # too little
        ("111?", 0, "unreadable"),  # a veto
        ("??01", 0, "unreadable"),  # nothing to earn
        ("????", 0, "unavailable"),  # no judge
        ("1?01", 0, "budget"),  # to be had for more money
    ],
)
def test_what_is_not_enough_fails_as_without_the_flag(said: str, least: float | None, kind: FailureKind) -> None:
    with pytest.raises(ModelFailure) as caught:
        passed(said, least, kind)
    assert (caught.value.kind, caught.value.attempts) == (kind, 5)


def test_checks_alone_are_no_judgement_of_this_judge() -> None:
    checked = [{"criterion": "Is short.", "weight": 9, "check": {"words": {"max": 3}}}, CRITERIA[0]]
    with pytest.raises(ModelFailure):
        passed("?", 0.1, rubric=Rubric.model_validate({"id": "p", "criteria": checked}))


CURVES = st.one_of(
    st.just(Curve()),
    st.builds(lambda t, s: Curve("cap", (t, s)), st.floats(0.05, 1), st.floats(0, 1)),
    st.builds(lambda p: Curve("power", (p,)), st.floats(0.05, 1)),
)
ROWS = st.lists(
    st.tuples(
        st.floats(-5, 5).filter(lambda weight: abs(weight) > 0.01),
        st.sampled_from([None, "a", "b"]),
        st.sampled_from(["score", "score", "score", "veto"]),
        st.sampled_from([True, False, None]),
    ),
    min_size=1,
    max_size=7,
)


@given(ROWS, CURVES)
@settings(max_examples=120, deadline=None)
def test_the_score_of_any_completion_lies_within_the_bounds_and_so_does_the_score_itself(
    rows: list[Any], curve: Curve
) -> None:
    criteria = [
        Criterion(id=f"c{n}", criterion="x", weight=w, dimension=d, role=role) for n, (w, d, role, _) in enumerate(rows)
    ]
    said = [Verdict(id=f"c{n}", met=met) for n, (_, _, _, met) in enumerate(rows)]
    if not scorable(criteria, said):
        return
    low, high = bounds(criteria, said, Aggregate(curve))
    assert low <= score(criteria, said, Aggregate(curve)) <= high
    for completion in product([True, False], repeat=sum(verdict.met is None for verdict in said)):
        left = list(completion)
        whole = [v if v.met is not None else Verdict(id=v.id, met=left.pop()) for v in said]
        assert low - 1e-12 <= score(criteria, whole, Aggregate(curve)) <= high + 1e-12
    assert 0 < coverage(criteria, said) <= 1


def test_verdicts_that_give_no_score_are_refused() -> None:
    for said in ("111?", "??01"):
        with pytest.raises(ValueError, match="so there is no score"):
            score(RUBRIC.criteria, verdicts(said))


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ('{"c1": "yes"}', {"c1": True}),
        ('{"c1": "yes", "c2": "partly", "c3": "no"}', {"c1": True, "c3": False}),
        ('{"c1": "yes", "c2": "no", "c2": "no", "c3": null}', {"c1": True}),
        ('{"c1": "yes", "c2": "no", "c4": "no"}', {}),
        ("c1: yes", {}),
    ],
)
def test_a_faulty_reply_still_tells_what_it_says_clearly_once_unless_it_numbers_otherwise(
    reply: str, found: dict[str, bool]
) -> None:
    with pytest.raises(Unreadable) as caught:
        judge_question.parse(reply, count=3)
    assert {verdict.id: verdict.met for verdict in caught.value.partial} == found


RESPONSES = [{"prompt_id": "p", "id": "r", "response": "Because."}]
WHOLE = json.dumps({"c1": "yes", "c2": "no", "c3": "no", "c4": "yes"})
PART = json.dumps({"c1": "yes", "c3": "no", "c4": "yes"})


def scoring(shell: Shell, *, attempts: int = 2) -> list[object]:
    files = shell.write("r.jsonl", RESPONSES), "--rubrics", shell.write("rubrics.jsonl", [RUBRIC.columns()])
    return ["score", *files, "--attempts", attempts, "--concurrency", 1]


def test_when_the_attempts_are_used_up_the_last_reply_may_serve_in_part(shell: Shell) -> None:
    with chat_server() as server:
        server.replies = [PART, PART]
        refused = shell(*scoring(shell), "--judge", server.spec, "--no-cache", "-o", "out.jsonl")
        assert "missing: c2" in server.requests[1]["messages"][-1]["content"]
        server.replies = [PART, PART]
        flags = ["--min-coverage", 0.8, "--summary", "s.json"]
        let = shell(*scoring(shell), "--judge", server.spec, *flags)
        server.replies = [WHOLE]
        asked = len(server.requests)
        again = shell(*scoring(shell), "--judge", server.spec, *flags)
        assert len(server.requests) == asked + 1, "what was incomplete is asked for again, and nothing else"
    assert (refused.code, shell.read("out.jsonl")) == (1, [])
    assert (let.code, [row["coverage"] for row in let.rows]) == (0, [pytest.approx(5 / 6)])
    assert "scores that lack verdicts: 1 (lowest coverage 0.83)" in let.err
    assert [row["coverage"] for row in again.rows] == [1]


def test_one_by_one_only_the_calls_that_failed_are_missing(shell: Shell) -> None:
    with chat_server() as server:
        server.replies = ['{"met": "yes"}', "what?", '{"met": "no"}', '{"met": "yes"}']
        flags = ["--judging", "per-criterion", "--min-coverage", 0.5, "--aggregate", "weighted"]
        ran = shell(*scoring(shell, attempts=1), "--judge", server.spec, *flags)
        asked = len(server.requests)
        again = shell(*scoring(shell), "--judge", server.spec, *flags)
    assert sum(verdict["met"] is None for row in ran.rows for verdict in row["verdicts"]) == 1
    assert len(server.requests) == asked + 1
    assert all(row["score_low"] <= row["score"] <= row["score_high"] and "base" in row for row in ran.rows)
    assert [row["coverage"] for row in again.rows] == [1]


def test_a_server_that_is_gone_ends_the_run_all_the_same(shell: Shell) -> None:
    ran = shell(*scoring(shell), "--judge", "tiny@http://127.0.0.1:9/v1", "--min-coverage", 0, "-o", "out.jsonl")
    assert ran.code == 1
    assert shell.read("out.jsonl") == []


def row(said: str, number: int, rubric: Rubric = RUBRIC) -> Score:
    told = verdicts(said)
    return Score(
        id=f"r{number}",
        prompt_id="p",
        response=f"text {number}",
        score=score(rubric.criteria, told),
        verdicts=tuple(told),
        judge="j",
        judging="all-at-once",
        rubric=rubric_hash(rubric.criteria),
    )


def test_lint_counts_only_what_was_judged() -> None:
    few = [row("1?01", n) for n in range(4)] + [row("1001", n) for n in range(4, 8)]
    assert [finding.criterion for finding in verdict_findings(RUBRIC, few) if finding.rule == "never-met"] == []
    enough = [*few, *(row("1101" if n % 2 else "0001", n) for n in range(8, 16)), *(row("?101", n) for n in (16, 17))]
    findings = {(f.criterion, f.rule): f.message for f in verdict_findings(RUBRIC, enough)}
    assert ("c1", "never-met") not in findings
    assert ("c2", "never-met") not in findings
    again = [row("1?01", 1), row("1001", 1), row("1101", 1)]
    flips = [f.message for f in verdict_findings(RUBRIC, again) if f.rule == "self-flip"]
    assert [message.startswith("j contradicts itself on 1 of 1 responses") for message in flips] == [True]
    assert verdict_findings(RUBRIC, again[:2]) == []


def test_a_proposer_is_told_that_a_criterion_was_not_judged() -> None:
    one, other = (JudgedResponse(RESPONSE, tuple(verdicts(said))) for said in ("1?01", "1001"))
    asked = separate.question(Templates(), PROMPT, RUBRIC.criteria, (one, other), context={"verdicts", "both-met"})
    text = asked.messages[0]["content"]
    assert "c2: first not judged, second no" in text
    assert "Both answers meet c1, c4" in text


def test_what_was_not_judged_makes_no_criterion_constant_nor_runs_against_anything() -> None:
    members = [row("1?01", 0), row("1001", 1), row("1?01", 2)]
    always, never = constant(members, RUBRIC.criteria)
    assert (always, never) == (("c1", "c4"), ("c3",))
    after = {f"r{n}": row("1?01" if n < 4 else "1101" if n < 6 else "1001", n) for n in range(8)}
    signal = {f"r{n}": float(n) for n in range(8)}
    trial = Trial(RUBRIC.criteria[:1], RUBRIC.criteria, after, after, ("x", "y"), signal)
    assert aligned(trial).refused == (), "four verdicts are too few"
    assert {scored.id for scored in reweighed(RUBRIC.criteria, trial)} == {"r4", "r5", "r6", "r7"}


def test_agree_and_signal_leave_out_what_was_not_judged(shell: Shell) -> None:
    rows = [row(said, n).columns() for n, said in enumerate(["1?01", "1001", "0111"])]
    labels = [{"prompt_id": "p", "id": f"r{n}", "verdicts": [{"id": "c2", "met": n == 2}]} for n in range(3)]
    files = shell.write("s.jsonl", rows), shell.write("l.jsonl", labels)
    agreed = shell("agree", files[0], "--labels", files[1])
    assert (agreed.code, agreed.rows[0]["n"], agreed.rows[0]["agreement"]) == (0, 2, 1)
    told = shell("signal", files[0])
    assert "1 verdict is null and left out" in told.err
    (second,) = [one for one in told.rows if (one["kind"], one["name"]) == ("criterion", "c2")]
    assert second["units"] == 2


def test_a_pair_and_a_pool_are_judged_whole_or_not_at_all() -> None:
    other = Response(id="s", prompt_id="p", response="So.")
    with pytest.raises(ModelFailure):
        asyncio.run(compare_by_rubric(PROMPT, RESPONSE, other, HalfJudge("1?01"), RUBRIC))
    scores, failures = asyncio.run(score_pool(PROMPT, RUBRIC, [RESPONSE, other], HalfJudge("1?01")))
    assert (scores, [failure.kind for failure in failures]) == ([], ["unreadable"] * 2)


def test_tail_and_filter_top_k_say_which_scores_stand_on_part_of_their_criteria(shell: Shell) -> None:
    rows = [
        {**passed("1?01", 0).columns(), "id": "a", "quality": 1},
        {**passed("1001", 0).columns(), "id": "b", "quality": 2},
    ]
    file = shell.write("s.jsonl", rows)
    said = "1 of 2 scores lack verdicts"
    assert said in shell("filter-top-k", file, "-k", 1).err
    assert said in shell("tail", file).err
