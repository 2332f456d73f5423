"""Judge a pool criterion by criterion, and only as far as a round depends on it: its pair, and which candidates stay."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from rubrictool.errors import RowFailure
from rubrictool.judging.protocols import is_soft, may_abstain
from rubrictool.refinement.narrowing import places, tied_best
from rubrictool.refinement.pairs import PairRule, allowed, choose_pair, ids_of, pair_left
from rubrictool.refinement.state import Setting, State
from rubrictool.rows.records import AskedFor, Criterion, Response, Rubric
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.weights import TIE, bounds
from rubrictool.select.early_stop import ask_open, best_k, can_start, judged
from rubrictool.select.ranking import tied_groups
from rubrictool.select.score_bounds import Candidate, Goal, MayMatter, OpenQuestions, candidates, ties_are_clear


class PartlyJudged(Response):
    """A candidate that was not judged to the end: the verdicts there are, the lowest and the highest score it could reach."""

    verdicts: tuple[Verdict, ...]
    low: float
    high: float


class PartJudging(NamedTuple):
    """The state with the verdicts that came in, the candidates as far as they are judged, and the failures of others."""

    state: State
    members: Sequence[Response]
    failures: Sequence[RowFailure]


def in_part(criteria: Sequence[Criterion], setting: Setting) -> bool:
    """Return whether a pool is judged only as far as its round depends on it.

    A rule that holds proposals to the pool needs the whole pool. Where weights put scores closer together than ties are
    told apart, one more verdict may change which of two others comes first, so there all is judged; so it is by a judge that
    may abstain, since what that leaves of a score is not known before.
    """
    alone = setting.judge.judging == "per-criterion" and setting.options.accept == "always"
    clear = ties_are_clear(criteria, soft=is_soft(setting.judge))
    return alone and not may_abstain(setting.judge) and setting.options.narrows and clear


async def judged_in_part(state: State, setting: Setting, *, half: bool) -> PartJudging:
    """Judge until the pair of the round is known, and the two best; with `half` also which candidates stay after it.

    The candidates that matter have the scores that judging all would have given them. Verdicts that an earlier round brought
    on a criterion that asks for the same are not asked for again.
    """
    options, failures = setting.options, list[RowFailure]()
    rubric = Rubric(id=state.prompt.id, criteria=state.criteria)

    def on_failure(_: Response, failure: RowFailure) -> None:
        failures.append(failure)

    pool = [row for row in state.pool if can_start(row, rubric, on_failure)]
    count, soft = places(len(state.pool), options) if half else 2, is_soft(setting.judge)
    best = best_k(count, state.criteria, ties_stay=half, soft=soft)
    opened = candidates(state.criteria, pool, seed=options.seed, known=_known(state))
    questions = OpenQuestions(opened, best)

    async def reached(goal: Goal) -> list[Response]:
        questions.goal = goal
        await ask_open(questions, state.prompt, setting.judge, on_failure)
        return [await _member(state, rubric, candidate, setting) for candidate in questions.candidates]

    together = _Together(options.pairs)
    await reached(best)
    members = await reached(best_pair(together, state.shown))
    pair = choose_pair(members, options.pairs, seed=options.seed, shown=state.shown)
    if half and pair:
        shown = state.shown | {frozenset(ids_of(pair))}
        if not pair_left(tied_best(members, places(len(state.pool), options)), options.pairs, shown=shown):
            members = await reached(best_pair(together, shown))
    return PartJudging(replace(state, verdicts=_remembered(state, questions.candidates)), members, failures)


class _Together:
    """Return whether two candidates may be shown together; answers are remembered, since near-copies take a while to find."""

    def __init__(self, rule: PairRule) -> None:
        self._rule, self._answers = rule, dict[frozenset[str], bool]()

    def __call__(self, one: Candidate, other: Candidate) -> bool:
        names = names_of(one, other)
        if names not in self._answers:
            self._answers[names] = allowed((one.response, other.response), self._rule)
        return self._answers[names]


def names_of(one: Candidate, other: Candidate) -> frozenset[str]:
    """Return the ids of two candidates."""
    return frozenset((one.response.id, other.response.id))


def best_pair(together: Callable[[Candidate, Candidate], bool], shown: Collection[frozenset[str]]) -> Goal:
    """Return the goal of knowing the best pair that may be shown and is not in `shown`, by scores whose ties are clear.

    It is the best candidate that has a partner at all, and the best of its partners. A partner is asked about only once the
    first is judged to the end, so that it stays the first.
    """

    def partners(of: Candidate, order: Sequence[Candidate]) -> Iterator[Candidate]:
        others = (other for other in order if other.response.id != of.response.id)
        return (other for other in others if names_of(of, other) not in shown and together(of, other))

    def goal(candidates: Sequence[Candidate]) -> MayMatter:
        groups = tied_groups(candidates, lambda candidate: candidate.highest)
        order = [candidate for group in groups for candidate in sorted(group, key=lambda one: one.tie_break)]
        able = [candidate for candidate in order if next(partners(candidate, order), None)]
        first = able[0] if able else None
        others = list(partners(first, order)) if first and not first.unasked and not first.waiting else []

        def may_matter(candidate: Candidate) -> bool:
            if first and candidate.response.id == first.response.id:
                return not any(_is_ahead(other, candidate) for other in able)
            if candidate.response.id not in {other.response.id for other in others}:
                return False
            return not any(_is_ahead(other, candidate) for other in others)

        return may_matter

    return goal


def _is_ahead(other: Candidate, candidate: Candidate) -> bool:
    """Return whether another candidate may come before this one, if what this one waits for ends worst."""
    lead = other.highest - candidate.highest_if_waiting_fail
    same = other.response.id == candidate.response.id
    return not same and (lead > TIE or (lead >= -TIE and other.tie_break < candidate.tie_break))


async def _member(state: State, rubric: Rubric, candidate: Candidate, setting: Setting) -> Response:
    if not candidate.unasked:
        return await judged(state.prompt, rubric, candidate, setting.judge)
    missing = (candidate.verdicts.get(c.id) or Verdict(id=c.id, met=None) for c in state.criteria)
    low, high = bounds(state.criteria, list(missing))
    columns = {"verdicts": tuple(candidate.verdicts.values()), "low": low, "high": high}
    return PartlyJudged.model_validate(candidate.response.columns() | columns)


def _known(state: State) -> Mapping[str, Mapping[str, Verdict]]:
    """Return the verdicts of earlier rounds, under the ids that the criteria which ask for the same have now."""
    return {
        row.id: {
            c.id: known[c.asked_for].model_copy(update={"id": c.id}) for c in state.criteria if c.asked_for in known
        }
        for row in state.pool
        if (known := state.verdicts.get(row.id))
    }


def _remembered(state: State, judged: Sequence[Candidate]) -> Mapping[str, Mapping[AskedFor, Verdict]]:
    """Return what is known by response and by what a criterion asks for; checks are decided anew each time."""
    asked = {c.id: c.asked_for for c in state.criteria if c.check is None}
    return dict(state.verdicts) | {
        candidate.response.id: {
            **state.verdicts.get(candidate.response.id, {}),
            **{asked[name]: verdict for name, verdict in candidate.verdicts.items() if name in asked},
        }
        for candidate in judged
    }
