"""Iterative refinement through differentiation (paper, Algorithm 1): one prompt, one loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rubrictool.errors import ModelFailure
from rubrictool.prompts import Judged
from rubrictool.proposing import propose, rubric_columns
from rubrictool.ranking import (
    Pair,
    PairRule,
    PoolRule,
    choose_pair,
    needs_scores,
    pair_left,
    shown_order,
    top_is_tied,
)
from rubrictool.records import Changes, Criterion, Place, Prompt, Response, Round, Rubric, Score, Standing
from rubrictool.roles import Judge, Proposer
from rubrictool.rubrics import amend, rubric_hash
from rubrictool.scoring import score_pool

Stopped = Literal["done", "pool", "failed"]


@dataclass(frozen=True)
class Refinement:
    """One prompt's refined rubric and how it came to be.

    `first` are the criteria it began with, `rounds` the trace, one row for each round begun, and `tied` whether the top
    two of the pool were tied each time it was judged whole or in part. `failure` is why refinement stopped early.
    """

    rubric: Rubric
    first: tuple[Criterion, ...]
    rounds: tuple[Round, ...] = ()
    tied: tuple[bool, ...] = ()
    failure: ModelFailure | None = None


async def refine(
    prompt: Prompt,
    pool: Sequence[Response],
    *,
    judge: Judge,
    proposer: Proposer,
    pairs: PairRule = "great-diverse",
    rounds: int = 4,
    pool_rule: PoolRule = "drop-used",
    rubric: Rubric | None = None,
    seed: int = 0,
) -> Refinement:
    """Score the pool, show the proposer the best pair, take the rubric that it makes of it, and go round.

    Starts from `rubric`, or from one proposed for the prompt alone. Raises `ModelFailure` only where that first rubric
    failed; a later failure keeps the last rubric and stands in the result.
    """
    start = rubric or await propose(prompt, proposer)
    state = _State(prompt, start.criteria, tuple(pool))
    rules = _Rules(judge, proposer, pairs, pool_rule, seed)
    stopped: Stopped | None = None
    while stopped is None and len(state.rounds) < rounds:
        state, stopped = await _round(state, rules)
    return _finished(state, start, rubric, stopped or "done")


@dataclass(frozen=True)
class _Rules:
    judge: Judge
    proposer: Proposer
    pairs: PairRule
    pool: PoolRule
    seed: int


@dataclass(frozen=True)
class _State:
    prompt: Prompt
    criteria: tuple[Criterion, ...]
    pool: tuple[Response, ...]
    rounds: tuple[Round, ...] = ()
    tied: tuple[bool, ...] = ()
    failure: ModelFailure | None = None
    # Pairs whose proposal was refused are not shown again; the rule `always` refuses none.
    refused: frozenset[frozenset[str]] = frozenset()


async def _round(state: _State, rules: _Rules) -> tuple[_State, Stopped | None]:
    if not pair_left(state.pool, rules.pairs, shown=state.refused):
        return state, "pool"
    state, members, failures = await _judged(state, rules)
    # A pair chosen from those whom the money sufficed for would not be the one that a rerun with more chooses.
    unpaid = next((failure for failure in failures if failure.kind == "budget"), None)
    pair = None if unpaid else choose_pair(members, rules.pairs, seed=rules.seed, shown=state.refused)
    if pair is None:
        return _gave_up(state, members, None, unpaid or failures[0]), "failed"
    shown = shown_order(pair, seed=rules.seed)
    try:
        proposal = await rules.proposer.separate(state.prompt, state.criteria, *map(_as_shown, shown))
    except ModelFailure as failure:
        return _gave_up(state, members, shown, failure), "failed"
    amended = amend(state.criteria, proposal, proposer=rules.proposer.name)
    row = _trace(state, members, shown, amended.criteria, amended.changes, accepted=True, reason="always")
    left = state.pool if rules.pool == "keep" else tuple(r for r in state.pool if r.id not in _ids(shown))
    return replace(state, criteria=amended.criteria, pool=left, rounds=(*state.rounds, row)), None


async def _judged(state: _State, rules: _Rules) -> tuple[_State, Sequence[Response], list[ModelFailure]]:
    """The pool as the pair rule needs it: scored, or as it is. A candidate whose judgement failed sits out."""
    if not needs_scores(rules.pairs):
        return state, state.pool, []
    rubric = Rubric(id=state.prompt.id, criteria=state.criteria)
    scores, failures = await score_pool(state.prompt, rubric, state.pool, rules.judge)
    rounds = _seen_again(state.rounds, scores)
    return replace(state, tied=(*state.tied, top_is_tied(scores)), rounds=rounds), scores, failures


def _ids(pair: Pair) -> tuple[str, str]:
    return pair[0].id, pair[1].id


def _as_shown(row: Response) -> Judged:
    return Judged(row, row.verdicts if isinstance(row, Score) else ())


def _trace(
    state: _State,
    members: Sequence[Response],
    shown: Pair | None,
    after: Sequence[Criterion],
    changes: Changes,
    *,
    accepted: bool,
    reason: str,
) -> Round:
    one, other = (row.score if isinstance(row, Score) else None for row in shown or (None, None))
    return Round(
        prompt_id=state.prompt.id,
        round=len(state.rounds) + 1,
        pool=tuple(_place(row) for row in members),
        pair=_ids(shown) if shown else None,
        before=Standing(rubric=rubric_hash(state.criteria), scores=(one, other)),
        after=Standing(rubric=rubric_hash(after), scores=(None, None)),
        changes=changes,
        accepted=accepted,
        reason=reason,
    )


def _place(row: Response) -> Place:
    return Place(id=row.id, model=row.model, score=row.score if isinstance(row, Score) else None)


def _gave_up(state: _State, members: Sequence[Response], shown: Pair | None, failure: ModelFailure) -> _State:
    """The state after a round that failed: the old rubric stays."""
    kept = Changes(kept=tuple(criterion.id for criterion in state.criteria))
    row = _trace(state, members, shown, state.criteria, kept, accepted=False, reason=failure.message)
    return replace(state, rounds=(*state.rounds, row), failure=failure)


def _seen_again(rounds: tuple[Round, ...], scores: Sequence[Score]) -> tuple[Round, ...]:
    """The trace with the last pair's scores under the new rubric, where this judging of the pool brought them."""
    if not rounds or rounds[-1].pair is None:
        return rounds
    by_id = {row.id: row.score for row in scores}
    one, other = (by_id.get(name) for name in rounds[-1].pair)
    after = rounds[-1].after.model_copy(update={"scores": (one, other)})
    return (*rounds[:-1], rounds[-1].model_copy(update={"after": after}))


def _finished(state: _State, start: Rubric, given: Rubric | None, stopped: Stopped) -> Refinement:
    row = Rubric.model_validate(
        rubric_columns(state.prompt, given)
        | {"criteria": state.criteria, "stopped": stopped}
        | {"rounds": sum(row.accepted for row in state.rounds)}
    )
    return Refinement(row, start.criteria, state.rounds, state.tied, state.failure)
