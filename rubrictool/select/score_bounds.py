"""Find which verdicts a choice among responses still depends on, from the highest score that each response can reach.

Lowest scores are not needed: for the k best, a response is asked about as long as fewer than k others could still finish
before it. Such a question cannot be avoided (a kept response is judged to the end, and only its own verdicts can rule this
one out), so with the criteria in a given order no fewer questions suffice, and which ones are asked does not depend on
whose answers come first. (Chang and Hwang 2002, minimal probing.)
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import NamedTuple

from rubrictool.rows.records import Criterion, Response
from rubrictool.rows.verdicts import SHARE_DECIMALS, Verdict
from rubrictool.rubric.empty_response import Empty
from rubrictool.rubric.weights import TIE, score
from rubrictool.select.ranking import tie_break
from rubrictool.steps.score import decided

Verdicts = Mapping[str, Verdict]


class Ask(NamedTuple):
    """One question to a judge about a response."""

    response: Response
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True)
class Candidate:
    """A response: its tie-break, its value under `distinct`, its verdicts, and the questions not asked yet."""

    response: Response
    tie_break: str
    value: object
    criteria: Sequence[Criterion]
    verdicts: Verdicts
    unasked: tuple[tuple[Criterion, ...], ...]
    waiting: frozenset[str] = frozenset()

    @cached_property
    def highest(self) -> float:
        """Return the highest score that it can still reach."""
        return highest_score(self.criteria, self.verdicts)

    @cached_property
    def highest_if_waiting_fail(self) -> float:
        """Return the highest score that it can reach if the verdicts it waits for are the worst."""
        if not self.waiting:
            return self.highest
        worst = {c.id: _assumed(c.id, not _good(c)) for c in self.criteria if c.id in self.waiting}
        return highest_score(self.criteria, {**self.verdicts, **worst})

    def asked(self) -> tuple[Candidate, Ask]:
        """Return the candidate after its next question, and the question."""
        question, *rest = self.unasked
        waiting = self.waiting | {criterion.id for criterion in question}
        return replace(self, unasked=tuple(rest), waiting=waiting), Ask(self.response, question)

    def answered(self, verdicts: Iterable[Verdict]) -> Candidate:
        """Return the candidate with the answer to a question."""
        new = {verdict.id: verdict for verdict in verdicts}
        return replace(self, verdicts={**self.verdicts, **new}, waiting=self.waiting - new.keys())


MayMatter = Callable[[Candidate], bool]
"""A test of whether a choice depends on the open questions about a response, if those it waits for end worst."""

Goal = Callable[[Sequence[Candidate]], MayMatter]
"""The questions to ask about some candidates, given by falling highest score. Answers to others only lower their scores, so a
response that matters must go on mattering: then what is asked does not depend on whose answers come first."""


class OpenQuestions:
    """The questions about the responses to one prompt on which a choice among them, the goal, still depends."""

    def __init__(self, candidates: Iterable[Candidate], goal: Goal) -> None:
        self._candidates = {candidate.response.id: candidate for candidate in candidates}
        self.goal = goal
        self.in_full = sum(len(candidate.unasked) for candidate in self._candidates.values())
        self.asked = 0

    @property
    def candidates(self) -> list[Candidate]:
        """Return the candidates as far as they are judged, without those that failed."""
        return list(self._candidates.values())

    def next(self) -> list[Ask]:
        """Return the questions that can be asked now, each once. None, and none being asked: the goal is reached."""
        order = sorted(self._candidates.values(), key=lambda candidate: (-candidate.highest, candidate.tie_break))
        may_matter = self.goal(order)
        questions = [ask for candidate in order for ask in self._due(candidate, may_matter)]
        self.asked += len(questions)
        return questions

    def answered(self, response: Response, verdicts: Iterable[Verdict]) -> None:
        """Record the answer to a question; that of a response which has failed changes nothing."""
        if candidate := self._candidates.get(response.id):
            self._candidates[response.id] = candidate.answered(verdicts)

    def failed(self, response: Response) -> bool:
        """Remove a response that cannot be judged, as if it had never been there. Return whether it was still in."""
        return self._candidates.pop(response.id, None) is not None

    def _due(self, candidate: Candidate, may_matter: MayMatter) -> Iterator[Ask]:
        while candidate.unasked and may_matter(candidate):
            candidate, ask = candidate.asked()
            self._candidates[candidate.response.id] = candidate
            yield ask


def candidates(
    criteria: Sequence[Criterion],
    pool: Iterable[Response],
    *,
    seed: int,
    all_at_once: bool = False,
    empty: Empty | None = None,
    value_of: Callable[[Response], object] = lambda row: row.id,
    known: Mapping[str, Verdicts] | None = None,
) -> Iterator[Candidate]:
    """Yield the responses to a prompt before anything is asked about them.

    Verdicts that a check gives are known from the start, and so are those on an empty response, and those of `known`, by
    response; one for which `steps.score.decided` raises must not be in the pool. With `all_at_once`, all other criteria of
    a response are one question, else each is one, those that can cost most first.
    """
    questions = _questions(criteria, all_at_once=all_at_once)
    for row in pool:
        verdicts = {verdict.id: verdict for verdict in decided(criteria, row, empty)}
        verdicts = {**(known or {}).get(row.id, {}), **verdicts}
        open_ones = tuple(left for asked in questions if (left := tuple(c for c in asked if c.id not in verdicts)))
        yield Candidate(row, tie_break(row, seed), value_of(row), criteria, verdicts, open_ones)


def highest_score(criteria: Sequence[Criterion], known: Verdicts) -> float:
    """Return the highest score that a response can reach: unknown verdicts are assumed to be the best."""
    # The same sum as the score, in its order: rounding then never puts the bound below the score.
    return score(criteria, [known.get(c.id) or _assumed(c.id, _good(c)) for c in criteria])


def may_be_kept(
    candidate: Candidate, order: Iterable[Candidate], k: int, *, ties_are_clear: bool, ties_stay: bool = False
) -> bool:
    """Return whether a response may be among the k best if its open questions end worst and those of others best.

    `order` are all candidates by falling highest score. Where ties are not clear, a response of the same value cannot rule
    this one out alone: it could still be the best of a group of tied scores, and move its border. With `ties_stay`, all
    that are tied with the last of the best are among them; without, a draw decides.
    """
    ahead: set[object] = set()
    for other in order:
        lead = other.highest - candidate.highest_if_waiting_fail
        if lead < 0:
            return True
        # A draw may not decide where the other is lower, be it tied: a third score can put the two into different groups.
        drawn_before = other.tie_break < candidate.tie_break and not ties_stay
        if other.response.id != candidate.response.id and (lead > TIE or drawn_before):
            ahead.add(other.value)
            if len(ahead) >= k or (ties_are_clear and other.value == candidate.value):
                return False
    return True


def ties_are_clear(criteria: Sequence[Criterion], *, soft: bool = False) -> bool:
    """Return whether any two scores that the weights allow are equal but for rounding, or further apart than a tie.

    With `soft`, verdicts may count any share of so many digits (`SHARE_STEP`).
    True for all weights that people write; false for 1 beside 1.000000001, where a tie of the first with the second and
    of the second with the third need not be one of the first with the third.
    """
    weights = [Fraction(str(c.weight)) for c in criteria if not c.veto]
    possible = sum(weight for weight in weights if weight > 0)
    steps = sum(abs(weight) for weight in weights) / possible
    counted = [
        Fraction(str(c.weight)) * _share(level.value) for c in criteria if not c.veto for level in c.levels or ()
    ]
    amounts = [*weights, *counted, *(weight * SHARE_STEP for weight in weights if soft)]
    unit = Fraction(math.gcd(*(a.numerator for a in amounts)), math.lcm(*(a.denominator for a in amounts)))
    # Fractions to the end: as floats, weights of people's choice could overflow.
    return 2 * len(weights) * steps < TIE / 4 / sys.float_info.epsilon and unit / possible > 2 * TIE


def _share(value: float) -> Fraction:
    """Return the value of a level: the simple fraction that it is written for, such as 1/3, else its digits."""
    simple = Fraction(value).limit_denominator(LARGEST_DENOMINATOR)
    return simple if math.isclose(simple, value, rel_tol=1e-15) else Fraction(str(value))


LARGEST_DENOMINATOR = 1000

SHARE_STEP = Fraction(1, 10**SHARE_DECIMALS)


def _good(criterion: Criterion) -> bool:
    """Return the verdict that is better for the response."""
    return criterion.veto or criterion.weight > 0


@lru_cache(maxsize=4096)
def _assumed(name: str, met: bool) -> Verdict:
    """Return a verdict that no judge gave; the same ones are needed again and again."""
    return Verdict(id=name, met=met)


def _questions(criteria: Sequence[Criterion], *, all_at_once: bool) -> tuple[tuple[Criterion, ...], ...]:
    left = [criterion for criterion in criteria if criterion.check is None]
    if all_at_once:
        return (tuple(left),) if left else ()
    return tuple((criterion,) for criterion in sorted(left, key=_stake, reverse=True))


def _stake(criterion: Criterion) -> float:
    """Return what the worse verdict costs; that of a veto costs everything."""
    return math.inf if criterion.veto else abs(criterion.weight)
