"""A finished trace tells which new criteria show signs of overfitting, as far as there are verdicts, and which have too few."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fakes import ListProposer, WordJudge
from shell import Shell

from rubrictool.refinement.accept import AcceptRule
from rubrictool.refinement.loop import Refinement, refine
from rubrictool.refinement.options import RefineOptions
from rubrictool.rows.records import Prompt

TEXTS = ["red sky blue", "red sky", "red grey", "red grey", "grey", "grey", "pink", "teal", "lime", "plum"]


def run(*later: str, rounds: int, accept: AcceptRule = "always") -> tuple[Refinement, WordJudge]:
    rows = [{"id": f"r{n}", "model": f"m{n}", "response": text} for n, text in enumerate(TEXTS)]
    prompt = Prompt.model_validate({"id": "p", "prompt": "Name colours.", "responses": rows})
    judge, proposer = WordJudge(), ListProposer("red", "sky", later=later)
    options = RefineOptions(pairs="great", rounds=rounds, pool_rule="keep", accept=accept)
    refined = asyncio.run(refine(prompt, prompt.responses, judge=judge, proposer=proposer, options=options))
    return refined, judge


def test_a_criterion_is_examined_in_the_round_that_wrote_it_once_a_later_judging_has_brought_verdicts() -> None:
    refined, _ = run("pink", "blue", "teal", rounds=3)
    first, second, third = refined.rounds
    assert [(row.overfit != (), row.few_verdicts) for row in (first, second, third)] == [
        (False, ()),
        (True, ()),
        (False, ("c5",)),
    ]


def test_a_criterion_with_the_verdicts_of_another_is_told() -> None:
    refined, _ = run("ed", "grey", rounds=2)
    assert [(sign.id, sign.rule, sign.also, sign.responses) for sign in refined.rounds[0].overfit] == [
        ("c3", "same-verdicts", "c1", 10)
    ]


def test_a_criterion_that_one_of_the_shown_pair_alone_meets_is_told() -> None:
    refined, _ = run("blue", "grey", rounds=2)
    (sign,) = refined.rounds[0].overfit
    assert (sign.id, sign.rule, sign.also, set(refined.rounds[0].pair or ())) == (
        "c3",
        "winner-only",
        "r0",
        {"r0", "r1"},
    )


@pytest.mark.parametrize("accept", ["always", "separates"])
def test_nothing_is_judged_for_it(accept: AcceptRule) -> None:
    refined, judge = run("blue", "grey", rounds=2, accept=accept)
    judged = 2 * len(TEXTS) if accept == "always" else 3 * len(TEXTS)
    assert len(judge.asked) == judged
    assert ("c4" in refined.rounds[1].few_verdicts) == (accept == "always"), "a trial judges the last round's, too"


def test_the_closing_line_and_the_summary_count_as_the_trace_does(shell: Shell, sample: Path) -> None:
    given = ["--pool", "keep", "--rounds", 2, "--trace", "t.jsonl", "--summary", "s.json", "-o", "r.jsonl"]
    ran = shell("refine", sample / "prompts.jsonl", *given)
    trace, figures = shell.read("t.jsonl"), shell.read("s.json")[0]["overfitting"]
    rules = [sign["rule"] for row in trace for sign in row.get("overfit", [])]
    assert {rule: rules.count(rule) for rule in rules} == {
        rule: count for rule, count in figures.items() if rule not in ("new", "few_verdicts")
    }
    few = sum(len(row.get("few_verdicts", [])) for row in trace)
    assert 0 < few == figures["few_verdicts"] < figures["new"]
    assert f"signs of overfitting: of {figures['new'] - few} new criteria " in ran.err
    assert f"not enough verdicts for {few} more (fewer than 5 responses)" in ran.err
