"""What a refinement asks at most: every question of every round, with the rubric that there is supposed to be by then."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from rubrictool.errors import ModelFailure, Undecided
from rubrictool.judging.protocols import Judge, Proposer
from rubrictool.questions.separate import JudgedResponse
from rubrictool.refinement.accept import AcceptRule
from rubrictool.rows.records import Criterion, Prompt, Response, Rubric, Verdict
from rubrictool.rubric.empty_response import is_empty
from rubrictool.select.ranking import PairRule, PoolRule, needs_scores
from rubrictool.steps.score import verdicts
from rubrictool.text.chats import shown

FIRST, EACH, LENGTH = 12, 4, 150
"""Criteria of a first rubric, those that a round adds, and their characters, as a dry run supposes them.

People's rubrics in the sample data have 9 criteria of 41 to 138 characters on average. What a schema allows (24 of 400 in
each answer) would make a bound of several times what is ever asked, which helps nobody to decide.
"""


def supposed(rubric: Rubric | None, *, rounds: int) -> list[Criterion]:
    """A rubric after so many rounds: the one given, or a first one, and what the rounds are supposed to add."""
    written = range(1, (0 if rubric else FIRST) + rounds * EACH + 1)
    new = (Criterion(id=f"new{n}", criterion="x" * LENGTH, weight=3) for n in written)
    return [*(rubric.criteria if rubric else ()), *new]


def judged_by_round(size: int, *, rounds: int, pairs: PairRule, pool_rule: PoolRule, accept: AcceptRule) -> list[int]:
    """How many candidates are judged each time, of a pool of `size` at the beginning.

    Each round judges those that are left by the rubric as it is then; on trial, it judges them by what is proposed, and
    the next round need not.
    """
    left = [size if pool_rule == "keep" else size - 2 * number for number in range(rounds)]
    begun = [count for count in left if count >= 2]
    if accept != "always":
        return [*begun[:1], *begun]
    return begun if needs_scores(pairs) else []


async def ask_everything(
    prompt: Prompt,
    pool: Sequence[Response],
    *,
    judge: Judge,
    proposer: Proposer,
    rounds: int,
    pairs: PairRule,
    pool_rule: PoolRule,
    accept: AcceptRule,
    weak: Sequence[Response],
    rubric: Rubric | None,
) -> None:
    """Ask all that refining a prompt could ask; of use in a dry run, where a question is added up and fails."""
    pool, weak = ([row for row in rows if not is_empty(row.response)] for rows in (pool, weak))
    longest_first = sorted(pool, key=lambda row: len(shown(row.response)), reverse=True)
    if rubric is None:
        with suppress(ModelFailure):
            await proposer.propose(prompt)
    judged = judged_by_round(len(pool), rounds=rounds, pairs=pairs, pool_rule=pool_rule, accept=accept)
    for number, count in enumerate(judged):
        for row in [*longest_first[:count], *(weak if number else ())]:
            with suppress(ModelFailure, Undecided):
                await verdicts(prompt, supposed(rubric, rounds=number), row, judge)
    for number in range(rounds if len(pool) >= 2 else 0):
        with suppress(ModelFailure):
            criteria = supposed(rubric, rounds=number)
            await proposer.separate(prompt, criteria, *(_judged(row, criteria) for row in longest_first[:2]))


def _judged(row: Response, criteria: Sequence[Criterion]) -> JudgedResponse:
    """A response with all that may be shown of it."""
    return JudgedResponse(row, tuple(Verdict(id=criterion.id, met=True) for criterion in criteria), 0.0)
