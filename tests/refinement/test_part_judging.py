"""A judge that is asked about each criterion alone is asked no further about a candidate that no longer matters."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from rubrictool.errors import ModelFailure
from rubrictool.questions.separate import JudgedResponse
from rubrictool.refinement.loop import Refinement, refine
from rubrictool.refinement.options import RefineOptions
from rubrictool.rows.records import Criterion, JudgingMode, Prompt, Response, Rubric
from rubrictool.rows.traces import PoolEntry
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.amend import Item, Proposal
from rubrictool.rubric.limits import Limits
from rubrictool.text.encoding import draw

PROMPT = Prompt(id="p", prompt="?")


def met(criterion: str, response: str, *, ease: float = 0.5) -> bool:
    """Return whether a response meets a criterion: drawn by both texts."""
    share = int(draw(0, criterion, response)[:6], 16) / 0xFFFFFF
    return share < ease


@dataclass
class DrawnJudge:
    """A judge whose verdicts are drawn by text. It answers in an order that is drawn with the seed."""

    judging: JudgingMode = "per-criterion"
    seed: int = 0
    ease: float = 0.5
    failing: frozenset[str] = frozenset()
    name: str = "drawn"
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        assert prompt.id == response.prompt_id
        self.asked += [(response.id, criterion.criterion) for criterion in criteria]
        for _ in range(random.Random(f"{self.seed} {self.asked[-1]}").randrange(4)):
            await asyncio.sleep(0)
        if response.id in self.failing:
            raise ModelFailure("unavailable", "no judge")
        text = str(response.response)
        return [Verdict(id=c.id, met=met(c.criterion, text, ease=self.ease)) for c in criteria]


class DrawnProposer:
    """A proposer that adds, rewrites, drops or leaves criteria, drawn by the pair that it is shown."""

    name = "drawn"

    def __init__(self, weights: Sequence[float]) -> None:
        self._weights = weights

    async def propose(self, prompt: Prompt) -> Proposal:
        raise NotImplementedError(prompt.id)

    async def separate(
        self, prompt: Prompt, criteria: Sequence[Criterion], first: JudgedResponse, second: JudgedResponse
    ) -> Proposal:
        seed = f"{prompt.id} {sorted((first.response.id, second.response.id))} {[c.criterion for c in criteria]}"
        drawn = random.Random(seed)
        if drawn.random() < 0.15:
            return Proposal(())
        weights = [weight for weight in self._weights if weight > 0]
        new = [
            Item(criterion=f"new {drawn.random()}", weight=drawn.choice(weights)) for _ in range(drawn.randint(1, 3))
        ]
        changed = [Item(id=c.id, weight=drawn.choice(weights)) for c in criteria if drawn.random() < 0.1 and not c.veto]
        rewritten = [Item(id=criteria[-1].id, criterion=f"other {drawn.random()}")] if drawn.random() < 0.3 else []
        dropped = {c.id for c in criteria[1:] if drawn.random() < 0.1}
        return Proposal((*changed, *rewritten, *new), frozenset(dropped))


UNCLEAR = [1, 1 + 1e-9]
"""Weights that put scores closer together than ties are told apart, so that all is judged."""

WEIGHTS: Sequence[Sequence[float]] = [[1, 2, 3], [1], [3, 2, 1, -1, -2], [0.1, 0.2, 0.3, 0.7], UNCLEAR]


@dataclass(frozen=True)
class Case:
    """A rubric, a pool, and how it is refined."""

    rubric: Rubric
    pool: Sequence[Response]
    options: RefineOptions
    weights: Sequence[float] = (1, 2, 3)
    ease: float = 0.5

    async def refined(self, judge: DrawnJudge) -> Refinement:
        judge.ease = self.ease
        return await refine(
            PROMPT,
            self.pool,
            judge=judge,
            proposer=DrawnProposer(self.weights),
            rubric=self.rubric,
            options=self.options,
        )


def drawn_case(number: int) -> Case:
    """One of endlessly many cases, the same for the same number: few criteria give many ties."""
    chosen = random.Random(number)
    weights = chosen.choice(WEIGHTS)
    criteria = [_criterion(chosen, place, weights) for place in range(chosen.randint(0, 7))]
    copied = chosen.random() < 0.3
    texts = [f"a b c d e f g h {number if copied and chosen.random() < 0.3 else n}" for n in range(16)]
    pool = [
        Response(id=str(n), prompt_id="p", model=chosen.choice("abc"), response=f"{texts[n]} {n % 5 if copied else n}")
        for n in range(chosen.randint(2, 16))
    ]
    options = RefineOptions(
        pairs=chosen.choice(["great", "great-diverse"]),
        rounds=chosen.randint(1, 5),
        seed=chosen.randrange(3),
        keep_share=chosen.choice([0.5, 0.5, 0.3, 0.8, 0]),
        keep_least=chosen.choice([4, 2, 3]),
        limits=Limits(max_criteria=chosen.choice([24, 6]), max_new=chosen.choice([4, 2])),
    )
    first = Criterion(criterion="first", weight=max(weights))
    rubric = Rubric(id="p", criteria=(first, *criteria))
    return Case(rubric, pool, options, weights, chosen.choice([0.3, 0.5, 0.8, 1.0]))


def _criterion(chosen: random.Random, place: int, weights: Sequence[float]) -> Criterion:
    kind = chosen.random()
    columns: dict[str, Any] = (
        {"role": "veto"} if kind < 0.1 else {"check": {"contains": [str(place)]}} if kind < 0.25 else {}
    )
    return Criterion.model_validate({"criterion": f"number {place}", "weight": chosen.choice(weights), **columns})


def is_within(part: PoolEntry, full: PoolEntry) -> bool:
    """Return whether an entry of a part judging says what full judging does, as far as it says anything."""
    if part.score is not None:
        return part == full
    assert part.low is not None
    assert part.high is not None
    assert full.score is not None
    return part.low - 1e-9 <= full.score <= part.high + 1e-9


@pytest.mark.parametrize("block", range(5))
def test_what_comes_out_is_what_full_judging_gives(block: int) -> None:
    async def all_cases() -> None:
        saved = 0
        # 150 cases in all: of a fault that shows in one case of 40, they miss one in 45.
        for number in range(30 * block, 30 * (block + 1)):
            case = drawn_case(number)
            judge, whole = DrawnJudge(seed=number), DrawnJudge("all-at-once")
            part, full = await case.refined(judge), await case.refined(whole)
            assert part.rubric == full.rubric, number
            assert (part.tied, part.failure) == (full.tied, full.failure), number
            for one, other in zip(part.rounds, full.rounds, strict=True):
                assert (one.pair, one.before, one.changes, one.refused) == (
                    other.pair,
                    other.before,
                    other.changes,
                    other.refused,
                ), number
                assert [member.id for member in one.pool] == [member.id for member in other.pool], number
                assert all(map(is_within, one.pool, other.pool)), number
            if case.weights is not UNCLEAR:
                assert max(Counter(judge.asked).values(), default=1) == 1, "no verdict is asked for twice"
            assert len(judge.asked) <= len(whole.asked)
            saved += len(whole.asked) - len(judge.asked)
        assert saved > 0

    asyncio.run(all_cases())


def test_what_is_asked_does_not_depend_on_whose_answers_come_first() -> None:
    async def all_cases() -> None:
        for number in range(20):
            judges = [DrawnJudge(seed=order) for order in range(4)]
            for judge in judges:
                await drawn_case(number).refined(judge)
            assert len({frozenset(judge.asked) for judge in judges}) == 1, number

    asyncio.run(all_cases())


def plain(candidates: int = 16, criteria: int = 12, **options: Any) -> Case:
    """A pool of as many writers as candidates, and a rubric of equal criteria."""
    rubric = Rubric(id="p", criteria=tuple(Criterion(criterion=f"{n}", weight=n % 3 + 1) for n in range(criteria)))
    pool = [Response(id=str(n), prompt_id="p", model=f"m{n}", response=f"text {n}") for n in range(candidates)]
    return Case(rubric, pool, RefineOptions(**options))


def test_sixteen_candidates_and_four_rounds_take_two_fifths_of_the_verdicts_of_drop_used() -> None:
    asked = {}
    for rule in ("narrow", "drop-used"):
        judges = [DrawnJudge() for _ in range(10)]
        for seed, judge in enumerate(judges):
            asyncio.run(plain(pool_rule=rule, seed=seed).refined(judge))
        asked[rule] = sum(len(judge.asked) for judge in judges)
    assert asked["narrow"] <= 0.4 * asked["drop-used"]


def test_the_trace_has_the_bounds_of_a_candidate_that_was_judged_in_part() -> None:
    refined = asyncio.run(plain(rounds=1).refined(DrawnJudge()))
    rows = [member.columns() for member in refined.rounds[0].pool]
    judged = [row for row in rows if row["score"] is not None]
    others = [row for row in rows if row["score"] is None]
    assert all(row.keys() == {"id", "model", "score"} for row in judged)
    assert all(row.keys() == {"id", "model", "score", "low", "high"} and row["low"] < row["high"] for row in others)
    assert len(others) > 8, "the last round needs its pair, and not the half"
    assert max(row["high"] for row in others) <= min(row["score"] for row in judged)
    assert [PoolEntry.model_validate(row) for row in rows] == list(refined.rounds[0].pool)


def test_an_old_trace_without_bounds_is_read() -> None:
    assert PoolEntry.model_validate({"id": "a", "model": "m", "score": 0.5}).low is None


def test_the_last_round_judges_the_half_only_where_a_criterion_must_go() -> None:
    judged = []
    for most in (24, 6):
        judge = DrawnJudge()
        asyncio.run(plain(rounds=1, limits=Limits(max_criteria=most)).refined(judge))
        judged.append(sum(count == 12 for count in Counter(name for name, _ in judge.asked).values()))
    assert judged[0] < 8 <= judged[1]


@pytest.mark.parametrize("options", [{"accept": "separates"}, {"pool_rule": "keep"}, {"pool_rule": "drop-used"}])
def test_rules_that_need_the_whole_pool_judge_all_of_it(options: dict[str, Any]) -> None:
    judge = DrawnJudge()
    refined = asyncio.run(plain(rounds=1, **options).refined(judge))
    assert Counter(name for name, _ in judge.asked[: 16 * 12]) == Counter({str(n): 12 for n in range(16)})
    assert all(member.score is not None for member in refined.rounds[0].pool)


def test_a_candidate_that_fails_when_asked_sits_the_round_out_and_stays() -> None:
    refined = asyncio.run(plain(rounds=2).refined(DrawnJudge(failing=frozenset({"3"}))))
    assert [str(3) in {member.id for member in row.pool} for row in refined.rounds] == [False, False]
    recovering = DrawnJudge(failing=frozenset({"3"}))

    class Recovers(DrawnProposer):
        async def separate(self, *args: Any) -> Proposal:
            recovering.failing = frozenset()
            return await super().separate(*args)

    case = plain(rounds=2)
    again = asyncio.run(
        refine(
            PROMPT,
            case.pool,
            judge=recovering,
            proposer=Recovers((1, 2)),
            rubric=case.rubric,
            options=case.options,
        )
    )
    assert [str(3) in {member.id for member in row.pool} for row in again.rounds] == [False, True]


def test_no_budget_for_a_verdict_ends_the_prompt() -> None:
    class Dear(DrawnJudge):
        async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
            if len(self.asked) > 40:
                raise ModelFailure("budget", "not asked")
            return await super().verdicts(prompt, criteria, response)

    refined = asyncio.run(plain().refined(Dear()))
    assert (refined.rubric.stopped, refined.rounds[0].pair) == ("failed", None)
    assert refined.failure is not None
    assert refined.failure.kind == "budget"
