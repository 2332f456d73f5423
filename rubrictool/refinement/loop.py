"""Iterative refinement through differentiation (paper, Algorithm 1): one prompt, one loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from rubrictool.errors import ModelFailure, ModelUnusable, RowFailure, Undecided
from rubrictool.judging.protocols import Judge, Proposer
from rubrictool.questions.separate import JudgedResponse
from rubrictool.refinement.accept import RULES, TOLERANCE, AcceptRule, Decision, Trial, repeats, reweighed, without
from rubrictool.rows.records import Criterion, Prompt, Response, Rubric, Score, can_score
from rubrictool.rows.traces import Changes, PoolEntry, Round, Standing
from rubrictool.rubric.amend import Amended, amend, changes
from rubrictool.rubric.empty_response import is_empty
from rubrictool.rubric.weights import rubric_hash
from rubrictool.select.ranking import (
    Pair,
    PairRule,
    PoolRule,
    choose_pair,
    needs_scores,
    pair_left,
    shown_order,
    top_is_tied,
)
from rubrictool.steps.propose import propose, rubric_columns
from rubrictool.steps.score import score_pool

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
    failure: RowFailure | None = None


async def refine(
    prompt: Prompt,
    pool: Sequence[Response],
    *,
    judge: Judge,
    proposer: Proposer,
    pairs: PairRule = "great-diverse",
    rounds: int = 4,
    pool_rule: PoolRule = "drop-used",
    accept: AcceptRule = "always",
    signal: Mapping[str, float] | None = None,
    weak: Sequence[Response] = (),
    tolerance: float = TOLERANCE,
    rubric: Rubric | None = None,
    seed: int = 0,
    step: Callable[[], None] = lambda: None,
) -> Refinement:
    """Score the pool, show the proposer the best pair, take the rubric that it makes of it, and go round.

    Starts from `rubric`, or from one proposed for the prompt alone. A rule other than `always` judges the pool by what
    is proposed before it is taken; those scores are the next round's, so nothing is judged twice. `signal` is how good
    responses are known to be, by id, for the rules that ask (labels, or the strength of who wrote them); `weak` are
    responses that are judged on trial only. `step` is called when the first rubric is there and after each round. Raises
    `ModelFailure` or `ModelUnusable` only where the first rubric failed; a later failure keeps the last rubric and stands
    in the result. Empty responses take no part: there is nothing in them to learn from.
    """
    start = rubric or await propose(prompt, proposer)
    step()
    state = _State(prompt, start.criteria, _filled(pool))
    rules = _Rules(judge, proposer, pairs, pool_rule, accept, dict(signal or {}), _filled(weak), tolerance, seed)
    stopped: Stopped | None = None
    while stopped is None and len(state.rounds) < rounds:
        try:
            state, stopped = await _round(state, rules)
        except ModelUnusable as failure:
            state, stopped = _gave_up(state, (), None, failure), "failed"
        step()
    return _finished(state, start, rubric, stopped or "done")


def _filled(responses: Sequence[Response]) -> tuple[Response, ...]:
    return tuple(response for response in responses if not is_empty(response.response))


@dataclass(frozen=True)
class _Rules:
    judge: Judge
    proposer: Proposer
    pairs: PairRule
    pool: PoolRule
    accept: AcceptRule
    signal: Mapping[str, float]
    weak: tuple[Response, ...]
    tolerance: float
    seed: int

    @property
    def need_scores(self) -> bool:
        return needs_scores(self.pairs) or self.accept != "always"


@dataclass(frozen=True)
class _State:
    prompt: Prompt
    criteria: tuple[Criterion, ...]
    pool: tuple[Response, ...]
    rounds: tuple[Round, ...] = ()
    tied: tuple[bool, ...] = ()
    failure: RowFailure | None = None
    # The pool's scores under the present criteria, where a trial has brought them already.
    scores: tuple[Score, ...] | None = None
    # Pairs whose proposal was refused are not shown again.
    refused: frozenset[frozenset[str]] = frozenset()


async def _round(state: _State, rules: _Rules) -> tuple[_State, Stopped | None]:
    if not pair_left(state.pool, rules.pairs, shown=state.refused):
        return state, "pool"
    state, members, failures = await _judged(state, rules)
    pair = choose_pair(members, rules.pairs, seed=rules.seed, shown=state.refused) if not _unpaid(failures) else None
    if pair is None:
        return _gave_up(state, members, None, _unpaid(failures) or failures[0]), "failed"
    shown = shown_order(pair, seed=rules.seed)
    try:
        proposal = await rules.proposer.separate(state.prompt, state.criteria, *map(_as_shown, shown))
        verdict = await _tried(
            state, rules, members, shown, amend(state.criteria, proposal, proposer=rules.proposer.name)
        )
    except (ModelFailure, Undecided) as failure:
        return _gave_up(state, members, shown, failure), "failed"
    return _after(state, rules, members, shown, verdict), None


async def _judged(state: _State, rules: _Rules) -> tuple[_State, Sequence[Response], list[RowFailure]]:
    """The pool as the pair rule needs it: scored, or as it is. A candidate whose judgement failed sits out."""
    if not rules.need_scores:
        return state, state.pool, []
    known = {row.id: row for row in state.scores or ()}
    missing = [row for row in state.pool if row.id not in known]
    if not missing:
        return state, list(known.values()), []
    rubric = Rubric(id=state.prompt.id, criteria=state.criteria)
    scores, failures = await score_pool(state.prompt, rubric, missing, rules.judge)
    if known:  # a trial could not judge these; perhaps now it can
        return state, [*known.values(), *scores], failures
    rounds = _seen_again(state.rounds, scores)
    return replace(state, tied=(*state.tied, top_is_tied(scores)), rounds=rounds), scores, failures


def _unpaid(failures: Sequence[RowFailure]) -> RowFailure | None:
    """The failure of one whom the money did not suffice for: a pair of the others would not be a rerun's pair."""
    return next((failure for failure in failures if failure.kind == "budget"), None)


class _Tried(NamedTuple):
    """What became of a proposal, and the pool's scores under the criteria that stand, where they are known."""

    proposed: Amended
    decision: Decision
    scores: tuple[Score, ...] | None = None


async def _tried(state: _State, rules: _Rules, members: Sequence[Response], shown: Pair, proposed: Amended) -> _Tried:
    """Return the proposal after its trial.

    Raises `ModelFailure` where the judge did not decide on the shown pair, `Undecided` where a check did not.
    """
    if rules.accept == "always":
        return _Tried(proposed, Decision(proposed.criteria, "always"))
    refused = repeats(state.criteria, proposed.criteria)
    new = without(state.criteria, proposed.criteria, {refusal.criterion.id for refusal in refused})
    before = tuple(row for row in members if isinstance(row, Score))
    if new == state.criteria or not can_score(new):
        return _Tried(proposed, Decision(state.criteria, "nothing is left of the proposal", tuple(refused)), before)
    trial = await _trial(state, rules, before, shown, new)
    decision = RULES[rules.accept](trial)
    if not can_score(decision.criteria):
        decision = decision._replace(criteria=state.criteria)
    decision = decision._replace(refused=(*refused, *decision.refused))
    if decision.criteria == state.criteria:
        return _Tried(proposed, decision, before)
    ours = {row.id for row in state.pool}
    return _Tried(proposed, decision, tuple(row for row in reweighed(decision.criteria, trial) if row.id in ours))


async def _trial(
    state: _State, rules: _Rules, before: Sequence[Score], shown: Pair, new: tuple[Criterion, ...]
) -> Trial:
    """The pool and the weak responses under the proposed criteria."""
    rubric = Rubric(id=state.prompt.id, criteria=new)
    scores, failures = await score_pool(state.prompt, rubric, (*state.pool, *rules.weak), rules.judge)
    after = {row.id: row for row in scores}
    if _unpaid(failures) or not after.keys() >= set(_ids(shown)):
        raise _unpaid(failures) or failures[0]
    old = {row.id: row for row in before}
    return Trial(state.criteria, new, old, after, _ids(shown), rules.signal, rules.tolerance)


def _after(state: _State, rules: _Rules, members: Sequence[Response], shown: Pair, tried: _Tried) -> _State:
    """The state after a round: its criteria, its pool, and the scores that a trial has brought."""
    criteria, accepted = tried.decision.criteria, rules.accept == "always" or tried.decision.criteria != state.criteria
    row = _trace(state, members, shown, tried, accepted=accepted)
    left = state.pool if rules.pool == "keep" else tuple(r for r in state.pool if r.id not in _ids(shown))
    known = {r.id for r in left}
    return replace(
        state,
        criteria=criteria,
        pool=left,
        rounds=(*state.rounds, row),
        tied=state.tied if tried.scores is None else (*state.tied, top_is_tied(tried.scores)),
        scores=tried.scores and tuple(score for score in tried.scores if score.id in known),
        refused=state.refused if accepted else state.refused | {frozenset(_ids(shown))},
    )


def _ids(pair: Pair) -> tuple[str, str]:
    return pair[0].id, pair[1].id


def _as_shown(row: Response) -> JudgedResponse:
    return JudgedResponse(row, row.verdicts, row.score) if isinstance(row, Score) else JudgedResponse(row)


def _trace(state: _State, members: Sequence[Response], shown: Pair, tried: _Tried, *, accepted: bool) -> Round:
    """The row of a round that came to its end. A refused proposal stands in it as it was proposed."""
    kept = tried.decision.criteria
    after = {row.id: row.score for row in tried.scores or ()}
    always, never = _constant(members, state.criteria)
    told = changes(state.criteria, kept) if accepted else tried.proposed.changes
    new = [*told.added, *(rewrite.after for rewrite in told.rewritten)]
    return Round(
        prompt_id=state.prompt.id,
        round=len(state.rounds) + 1,
        pool=tuple(_place(row) for row in members),
        pair=_ids(shown),
        before=_standing(state, shown),
        after=Standing(rubric=rubric_hash(kept), scores=(after.get(shown[0].id), after.get(shown[1].id))),
        changes=told,
        accepted=accepted,
        reason=tried.decision.reason,
        refused=tried.decision.refused,
        all_met=always,
        never_met=never,
        compound=_compound(new),
    )


def _compound(criteria: Sequence[Criterion]) -> tuple[str, ...]:
    """The criteria that seem to ask for several things, vetoes and checks aside."""
    from rubrictool.linting.faults import demands

    return tuple(c.id for c in criteria if c.check is None and len(demands(c.criterion)) > 1)


def _standing(state: _State, shown: Pair | None) -> Standing:
    one, other = (row.score if isinstance(row, Score) else None for row in shown or (None, None))
    return Standing(rubric=rubric_hash(state.criteria), scores=(one, other))


def _constant(members: Sequence[Response], criteria: Sequence[Criterion]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The criteria that all of at least two candidates judged by them meet, and those that none does."""
    judged = [{v.id: v.met for v in row.verdicts} for row in members if isinstance(row, Score)]
    said = {c.id: [met[c.id] for met in judged if met[c.id] is not None] for c in criteria}
    told = {name: met for name, met in said.items() if len(met) >= 2}
    always = tuple(name for name, met in told.items() if all(met))
    return always, tuple(name for name, met in told.items() if not any(met))


def _place(row: Response) -> PoolEntry:
    return PoolEntry(id=row.id, model=row.model, score=row.score if isinstance(row, Score) else None)


def _gave_up(state: _State, members: Sequence[Response], shown: Pair | None, failure: RowFailure) -> _State:
    """The state after a round that failed: the old rubric stays."""
    row = Round(
        prompt_id=state.prompt.id,
        round=len(state.rounds) + 1,
        pool=tuple(_place(row) for row in members),
        pair=_ids(shown) if shown else None,
        before=_standing(state, shown),
        after=Standing(rubric=rubric_hash(state.criteria), scores=(None, None)),
        changes=Changes(kept=tuple(criterion.id for criterion in state.criteria)),
        accepted=False,
        reason=failure.message,
    )
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
