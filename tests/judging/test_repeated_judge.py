"""Several verdicts per response: how they are asked for, what becomes of them, and the score that they give."""

from __future__ import annotations

import asyncio
import json
from itertools import product
from typing import Any

import pytest
from chat import ChatServer, chat_server
from fakes import Scripted, WordJudge, model_of
from hypothesis import given, settings
from hypothesis import strategies as st
from shell import Shell

from rubrictool.errors import InputError, ModelFailure
from rubrictool.judging.build import judge
from rubrictool.judging.model_backed import ModelJudge
from rubrictool.judging.repeated_judge import RepeatedJudge, majority
from rubrictool.rows.records import Criterion, Prompt, Response, Rubric
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.saturation import aggregate
from rubrictool.rubric.weights import parts, score

CRITERIA: list[dict[str, Any]] = [
    {"criterion": "Says a.", "weight": 2, "dimension": "d"},
    {"criterion": "Says b.", "weight": 1, "dimension": "d"},
    {"criterion": "Is safe.", "weight": 1, "role": "veto"},
    {"criterion": "Is short.", "weight": 1, "check": {"words": {"max": 3}}},
]
RUBRIC = Rubric.model_validate({"id": "p", "prompt": "Why?", "criteria": CRITERIA})
RESPONSES = [{"prompt_id": "p", "id": "r", "response": "Because."}]


def reply(said: str) -> str:
    return json.dumps({f"c{place}": met == "1" for place, met in enumerate(said, 1)})


def sampled(*samples: str) -> list[Verdict]:
    """The verdicts of samples, each a string of 0 and 1."""
    columns = zip(*samples, strict=True)
    return [
        majority([Verdict(id=f"c{place}", met=met == "1") for met in column]) for place, column in enumerate(columns, 1)
    ]


@pytest.mark.parametrize(
    ("said", "met", "p"), [("110", True, 2 / 3), ("001", False, 1 / 3), ("1010", None, 0.5), ("1", True, 1)]
)
def test_the_majority_decides_and_a_tie_is_undecided(said: str, met: bool | None, p: float) -> None:
    (verdict,) = sampled(*said)
    assert (verdict.met, verdict.p) == (met, p)
    assert list(verdict.columns()["samples"]) == [{"sample": n, "met": one == "1"} for n, one in enumerate(said)]
    assert verdict.judged


@pytest.mark.parametrize("options", [{"samples": 0}, {"judging": "per_criterion"}])
def test_a_way_of_judging_that_there_is_not_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"write all-at-once or per-criterion|give 1 or more"):
        asyncio.run(judge(**options))


def test_a_vote_keeps_its_reason() -> None:
    verdict = majority([Verdict(id="c1", met=True, reason="so"), Verdict(id="c1", met=True)])
    assert list(verdict.columns()["samples"]) == [
        {"sample": 0, "met": True, "reason": "so"},
        {"sample": 1, "met": True},
    ]


WEIGHTS = st.lists(st.integers(-3, 3).filter(bool), min_size=1, max_size=5).filter(lambda of: max(of) > 0)


@given(WEIGHTS, st.data())
@settings(max_examples=100, deadline=None)
def test_without_vetoes_and_curves_the_score_is_the_weighted_share_of_p(
    weights: list[int], data: st.DataObject
) -> None:
    criteria = [Criterion(id=f"c{n}", criterion="x", weight=weight) for n, weight in enumerate(weights, 1)]
    draws = st.text("01", min_size=len(weights), max_size=len(weights))
    said = sampled(*data.draw(st.lists(draws, min_size=1, max_size=5)))
    shares = sum(c.weight * (verdict.p or 0) for c, verdict in zip(criteria, said, strict=True))
    assert score(criteria, said) == pytest.approx(shares / sum(weight for weight in weights if weight > 0))


@pytest.mark.parametrize("text", ["weighted", "power:0.5"])
def test_the_score_is_the_mean_of_the_samples_scores_vetoes_and_curves_included(text: str) -> None:
    curves = aggregate([text])
    for samples in product(["1111", "0110", "1101"], repeat=3):
        alone = [
            score(RUBRIC.criteria, [Verdict(id=f"c{n}", met=met == "1") for n, met in enumerate(one, 1)], curves)
            for one in samples
        ]
        found = parts(RUBRIC.criteria, sampled(*samples), curves)
        assert found.score == pytest.approx(sum(alone) / 3)
        assert found.veto == (("c3",) if samples.count("1101") > 1 else ())


def test_each_sample_is_a_draw_of_its_own_and_one_that_fails_fails_the_row() -> None:
    backend = Scripted(reply("10"), reply("11"), reply("00"), "what?")
    model = model_of(backend, attempts=1, temperature=1, args={"response_format": {}})
    judge = RepeatedJudge([ModelJudge(model, sample=number) for number in range(3)])
    asked = Prompt(id="p", prompt="Why?"), RUBRIC.criteria[:2], Response(id="r", prompt_id="p", response="Because.")
    found = asyncio.run(judge.verdicts(*asked))
    assert [(verdict.id, verdict.p) for verdict in found] == [("c1", 2 / 3), ("c2", 1 / 3)]
    assert sorted(request.sample for request in backend.requests) == [0, 1, 2]
    with pytest.raises(ModelFailure) as caught:
        asyncio.run(judge.verdicts(*asked))
    assert caught.value.partial == ()


def test_a_judge_made_of_another_judge_keeps_its_name() -> None:
    judge = RepeatedJudge([WordJudge(), WordJudge()])
    assert (judge.name, judge.judging) == ("words", "all-at-once")


def scoring(shell: Shell, server: ChatServer, *flags: object) -> list[object]:
    files = shell.write("r.jsonl", RESPONSES), "--rubrics", shell.write("rubrics.jsonl", [RUBRIC.columns()])
    return ["score", *files, "--judge", server.spec, *flags]


def test_samples_are_cached_one_by_one_and_more_of_them_cost_only_the_new_ones(shell: Shell) -> None:
    warm = ["--temperature", 0.7]
    with chat_server() as server:
        server.replies = [reply("101")]
        one = shell(*scoring(shell, server, *warm))
        server.replies = [reply("011"), reply("111")]
        three = shell(*scoring(shell, server, *warm, "--samples", 3))
        asked = len(server.requests)
        again = shell(*scoring(shell, server, *warm, "--samples", 3))
    assert (asked, again.out) == (3, three.out)
    assert "samples" not in one.rows[0]["verdicts"][0]
    (row,) = three.rows
    assert row["score"] == pytest.approx((3 / 4 + 2 / 4 + 4 / 4) / 3)
    assert [(v["met"], v.get("p")) for v in row["verdicts"]] == [
        (True, pytest.approx(2 / 3)),
        (True, pytest.approx(2 / 3)),
        (True, 1),
        (True, None),
    ]
    assert "samples" not in row["verdicts"][3], "a check says the same each time"


def test_one_by_one_each_criterion_is_sampled(shell: Shell) -> None:
    with chat_server() as server:
        flags = ["--temperature", 1, "--samples", 2, "--judging", "per-criterion", "--aggregate", "cap:0.5,0.5"]
        ran = shell(*scoring(shell, server, *flags))
        assert len(server.requests) == 2 * 3
    assert (ran.rows[0]["score"], ran.rows[0]["dimensions"]["d"]["share"], ran.rows[0]["veto"]) == (1, 1, [])


def test_a_dry_run_counts_every_sample(shell: Shell) -> None:
    with chat_server() as server:
        shell(*scoring(shell, server, "--temperature", 1, "--samples", 4, "--dry-run", "--summary", "s.json"))
    assert json.loads((shell.directory / "s.json").read_text())["calls"] == 4 + 1, "the samples, and the probe"


@pytest.mark.parametrize(
    ("flags", "remedy"),
    [
        (["--judge", "m@http://127.0.0.1:9/v1"], "would be nearly identical at temperature 0"),
        (["--judge", "m@http://127.0.0.1:9/v1", "--temperature", 0], "(--temperature 1)"),
        (
            ["--judge", "m@http://127.0.0.1:9/v1", "--temperature", 1, "--judge-args", '{"temperature": 0}'],
            "(--temperature 1)",
        ),
        ([], "the offline judge follows rules; judge with a model (--judge SPEC)"),
        (["--judge", "m@http://127.0.0.1:9/v1", "--temperature", 1, "--min-coverage", 0.5], "give one"),
    ],
)
def test_samples_that_could_not_differ_are_bad_input(shell: Shell, flags: list[object], remedy: str) -> None:
    files = shell.write("r.jsonl", RESPONSES), "--rubrics", shell.write("rubrics.jsonl", [RUBRIC.columns()])
    ran = shell("score", *files, "--samples", 3, *flags)
    assert ran.code == 2
    assert remedy in ran.err


def test_signal_reads_the_samples_and_agree_the_majority(shell: Shell) -> None:
    criteria = RUBRIC.criteria[:2]
    rubric = Rubric(id="p", prompt="Why?", criteria=criteria)
    shell.write("rubrics.jsonl", [rubric.columns()])
    shell.write("r.jsonl", [{**RESPONSES[0], "id": name} for name in ("r1", "r2", "r3")])
    with chat_server() as server:
        server.replies = [reply(said) for said in ("10", "11", "00")] * 3
        flags = ["--judge", server.spec, "--temperature", 1, "--samples", 3, "--no-cache", "-o", "s.jsonl"]
        assert shell("score", "r.jsonl", "--rubrics", "rubrics.jsonl", *flags).code == 0
    told = shell("signal", "s.jsonl", "--rubrics", "rubrics.jsonl")
    (overall,) = [row for row in told.rows if row["kind"] == "judge"]
    assert (overall["units"], overall["samples"]) == (3, 9)
    assert 0 < overall["flip_rate"] < 1
    labels = [{"prompt_id": "p", "id": "r1", "verdicts": [{"id": "c1", "met": True}, {"id": "c2", "met": False}]}]
    agreed = shell("agree", "s.jsonl", "--labels", shell.write("l.jsonl", labels))
    assert agreed.rows[0]["n"] == 2
