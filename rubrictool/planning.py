"""What a refinement asks at most: every question of every round, with the longest rubric there can be."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from rubrictool.errors import ModelFailure
from rubrictool.prompts import Judged
from rubrictool.ranking import PairRule, PoolRule, needs_scores
from rubrictool.records import Criterion, Prompt, Response
from rubrictool.roles import Judge, Proposer
from rubrictool.schemas import LONGEST_CRITERION, MOST_CRITERIA


def fullest() -> list[Criterion]:
    """The criteria that take most to show: as many and as long as a schema allows."""
    return [Criterion(id=f"c{n}", criterion="x" * LONGEST_CRITERION, weight=3) for n in range(1, MOST_CRITERIA + 1)]


def judged_by_round(size: int, *, rounds: int, pairs: PairRule, pool_rule: PoolRule) -> list[int]:
    """How many candidates are judged in each round, of a pool of `size` at the beginning."""
    if not needs_scores(pairs):
        return []
    left = [size if pool_rule == "keep" else size - 2 * number for number in range(rounds)]
    return [count for count in left if count >= 2]


async def ask_everything(
    prompt: Prompt,
    pool: Sequence[Response],
    *,
    judge: Judge,
    proposer: Proposer,
    rounds: int,
    pairs: PairRule,
    pool_rule: PoolRule,
    has_rubric: bool,
) -> None:
    """Ask all that refining a prompt could ask; of use in a dry run, where a question is added up and fails."""
    criteria = fullest()
    longest_first = sorted(pool, key=lambda row: len(row.response), reverse=True)
    if not has_rubric:
        with suppress(ModelFailure):
            await proposer.propose(prompt)
    for count in judged_by_round(len(pool), rounds=rounds, pairs=pairs, pool_rule=pool_rule):
        for row in longest_first[:count]:
            with suppress(ModelFailure):
                await judge.verdicts(prompt, criteria, row)
    for _ in range(rounds if len(pool) >= 2 else 0):
        with suppress(ModelFailure):
            await proposer.separate(prompt, criteria, *map(Judged, longest_first[:2]))
