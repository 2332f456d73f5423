"""A dry run is a refinement with assumed answers: no run asks more often, or about longer responses."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest
from fakes import ListProposer, WordJudge

from rubrictool.errors import ModelFailure
from rubrictool.questions.separate import JudgedResponse
from rubrictool.refinement.accept import AcceptRule
from rubrictool.refinement.dry_run import FIRST, LENGTH, dry_refine
from rubrictool.refinement.loop import refine
from rubrictool.refinement.options import Evidence, RefineOptions
from rubrictool.refinement.pairs import PairRule, PoolRule
from rubrictool.rows.records import Criterion, JudgingMode, Prompt, Response
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.amend import Proposal

WORDS = ["red", "green", "blue", "grey", "pink", "mauve", "teal", "black"]


class CountedJudge(WordJudge):
    """A judge that notes how long the responses are that it is asked about; a `mute` one then gives no answer.

    One that judges per criterion notes each verdict.
    """

    def __init__(self, judging: JudgingMode = "all-at-once", *, mute: bool) -> None:
        super().__init__()
        self.judging, self.mute, self.lengths = judging, mute, list[int]()

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        assert isinstance(response.response, str)
        questions = len(criteria) if self.judging == "per-criterion" else 1
        self.lengths += questions * [len(response.response)]
        if self.mute:
            raise ModelFailure("budget", "this is a dry run")
        return await super().verdicts(prompt, criteria, response)


class CountedProposer(ListProposer):
    """A proposer of one word a round that notes how long the pairs are; a `mute` one gives no answer."""

    def __init__(self, *, mute: bool) -> None:
        super().__init__(*WORDS[:2], later=WORDS[2:])
        self.mute, self.lengths = mute, list[int]()
        self.criteria: list[Sequence[Criterion]] = []

    async def separate(
        self, prompt: Prompt, criteria: Sequence[Criterion], first: JudgedResponse, second: JudgedResponse
    ) -> Proposal:
        self.lengths.append(sum(len(str(one.response.response)) for one in (first, second)))
        self.criteria.append(criteria)
        if self.mute:
            raise ModelFailure("budget", "this is a dry run")
        return await super().separate(prompt, criteria, first, second)


def pool_of(number: int) -> list[Response]:
    """A pool of responses of some words by some writers, the same for the same number."""
    draw = random.Random(number)
    rows = range(draw.randint(0, 9))
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(1, 12))) for _ in rows]
    return [Response(id=str(n), prompt_id="p", model=draw.choice("abc"), response=texts[n]) for n in rows]


def draw_judging(number: int) -> JudgingMode:
    """Every other judge judges per criterion."""
    return "per-criterion" if number % 2 else "all-at-once"


@pytest.mark.parametrize("pairs", ["good", "great", "great-diverse", "random"])
@pytest.mark.parametrize("pool_rule", ["narrow", "drop-used", "keep"])
@pytest.mark.parametrize("accept", ["always", "separates", "skill"])
def test_no_run_asks_more_or_about_longer_responses(pairs: PairRule, pool_rule: PoolRule, accept: AcceptRule) -> None:
    # One event loop for all: each end of `asyncio.run` makes a text of its result, only to forget it.
    asyncio.run(_compared(pairs, pool_rule, accept))


async def _compared(pairs: PairRule, pool_rule: PoolRule, accept: AcceptRule) -> None:
    prompt = Prompt(id="p", prompt="Name colours.")
    # Times 36 rules; half of the judges judge per criterion.
    for number in range(5):
        options = RefineOptions(pairs=pairs, pool_rule=pool_rule, accept=accept, seed=number)
        pool = pool_of(number)
        weak = [Response(id="w", prompt_id="p", response="red")] if accept == "skill" else []
        evidence = Evidence({row.id: float(len(str(row.response))) for row in pool}, weak)
        asked, judging = [], draw_judging(number)
        for mute, run in ((False, refine), (True, dry_refine)):
            judge, proposer = CountedJudge(judging, mute=mute), CountedProposer(mute=mute)
            await run(prompt, pool, judge=judge, proposer=proposer, options=options, evidence=evidence)
            asked.append((judge, proposer))
        (judge, proposer), (dry_judge, dry_proposer) = asked
        assert len(dry_judge.lengths) >= len(judge.lengths), number
        assert sum(dry_judge.lengths) >= sum(judge.lengths), number
        assert len(dry_proposer.lengths) >= len(proposer.lengths), number
        assert sum(dry_proposer.lengths) >= sum(proposer.lengths), number


def test_the_assumed_rubric_grows_by_criteria_of_the_assumed_length() -> None:
    proposer = CountedProposer(mute=True)
    pool = [Response(id=name, prompt_id="p", model=name, response=name * 9) for name in "abcd"]
    prompt = Prompt(id="p", prompt="?")
    options = RefineOptions(rounds=2)
    refined = asyncio.run(dry_refine(prompt, pool, judge=CountedJudge(mute=True), proposer=proposer, options=options))
    assert [len(criteria) for criteria in proposer.criteria] == [FIRST, FIRST + 4]
    assert {len(criterion.criterion) for criterion in refined.rubric.criteria} == {LENGTH}
    assert refined.failure is None
