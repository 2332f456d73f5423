"""The most that responses can still score while verdicts are missing, and which of these verdicts the k best wait for.

Only ceilings are looked at, never floors: a response is asked about as long as fewer than k others could still finish
before it. Such a question cannot be avoided (whoever is kept is judged to the end, and only its own verdicts can put this
response out), so with the criteria in a given order no fewer questions do, and which ones are asked does not depend on
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

from rubrictool.rows.records import Criterion, Response, Scored, Verdict
from rubrictool.rubric.empty_response import Empty, is_empty
from rubrictool.rubric.weights import TIE, score
from rubrictool.select.ranking import Kept, best, tie_break
from rubrictool.steps.score import decided

Value = Callable[[Response], object]

Verdicts = Mapping[str, Verdict]


class Ask(NamedTuple):
    """What a judge is to be asked: one question about a response."""

    response: Response
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True)
class Candidate:
    """A response in the race: its lot, its value under `distinct`, its verdicts, and the questions not asked yet."""

    response: Response
    lot: str
    value: object
    criteria: Sequence[Criterion]
    verdicts: Verdicts
    unasked: tuple[tuple[Criterion, ...], ...]
    waiting: frozenset[str] = frozenset()

    @cached_property
    def ceiling(self) -> float:
        """The most that it can still score."""
        return ceiling(self.criteria, self.verdicts)

    @cached_property
    def if_worst(self) -> float:
        """The most that it can score once what it was asked is answered as badly as can be."""
        if not self.waiting:
            return self.ceiling
        worst = {c.id: _supposed(c.id, not _good(c)) for c in self.criteria if c.id in self.waiting}
        return ceiling(self.criteria, {**self.verdicts, **worst})

    def asked(self) -> tuple[Candidate, Ask]:
        """The same after its next question, and the question."""
        question, *rest = self.unasked
        waiting = self.waiting | {criterion.id for criterion in question}
        return replace(self, unasked=tuple(rest), waiting=waiting), Ask(self.response, question)

    def told(self, verdicts: Iterable[Verdict]) -> Candidate:
        """The same with the answer to a question."""
        new = {verdict.id: verdict for verdict in verdicts}
        return replace(self, verdicts={**self.verdicts, **new}, waiting=self.waiting - new.keys())


class Race:
    """Who of the responses to one prompt are the k best: what to ask next, given what is known.

    Verdicts that a check gives are known from the start, and so are those on an empty response; one that cannot
    be scored (see `steps.score.decided`) must not be in the pool. `together` makes all other criteria of a response one question,
    else each is one, those that can cost most first. What `distinct` gives is had by at most one of the best.
    """

    def __init__(
        self,
        criteria: Sequence[Criterion],
        pool: Iterable[Response],
        *,
        k: int,
        seed: int,
        together: bool,
        distinct: Value | None = None,
        empty: Empty | None = None,
    ) -> None:
        self._criteria, self._k, self._seed = criteria, k, seed
        self._spaced = spaced(criteria)
        questions = _questions(criteria, together=together)
        entrants = (_entrant(row, criteria, questions, seed, distinct, empty) for row in pool)
        self._entrants = {entrant.response.id: entrant for entrant in entrants}
        self.in_full = sum(len(entrant.unasked) for entrant in self._entrants.values())
        self.asked = 0

    def next(self) -> list[Ask]:
        """The questions that can be asked now, each given out once; without any, and none under way, the race is over."""
        order = sorted(self._entrants.values(), key=lambda entrant: (-entrant.ceiling, entrant.lot))
        questions = [ask for entrant in order for ask in self._due(entrant, order)]
        self.asked += len(questions)
        return questions

    def answered(self, response: Response, verdicts: Iterable[Verdict]) -> None:
        """Take in the answer to a question; that of a response which has failed changes nothing."""
        if entrant := self._entrants.get(response.id):
            self._entrants[response.id] = entrant.told(verdicts)

    def failed(self, response: Response) -> bool:
        """Take a response out that cannot be judged: the others race as if it had never been there.

        Whether it was still in.
        """
        return self._entrants.pop(response.id, None) is not None

    def kept(self) -> list[tuple[Response, Verdicts, int]]:
        """Who the k best are once the race is over, with all their verdicts and how many may have drawn for the place.

        Who was not judged to the end counts with the ceiling: it is out all the same, and it may have tied.
        """
        rows = [_at_ceiling(entrant) for entrant in self._entrants.values()]
        found: list[Kept[Scored]] = best(rows, self._k, seed=self._seed, distinct=lambda row: self._of(row).value)
        return [(self._of(row).response, self._of(row).verdicts, drawn_from) for row, drawn_from in found]

    def _due(self, entrant: Candidate, order: Sequence[Candidate]) -> Iterator[Ask]:
        while entrant.unasked and in_reach(entrant, order, self._k, spaced=self._spaced):
            entrant, ask = entrant.asked()
            self._entrants[entrant.response.id] = entrant
            yield ask

    def _of(self, row: Response) -> Candidate:
        return self._entrants[row.id]


def ceiling(criteria: Sequence[Criterion], known: Verdicts) -> float:
    """The most that a response can score: what is not known is as good as it can be."""
    # The very sum of the score, in its order: rounding then never puts a ceiling below the score.
    return score(criteria, [known.get(c.id) or _supposed(c.id, _good(c)) for c in criteria])


def in_reach(entrant: Candidate, order: Iterable[Candidate], k: int, *, spaced: bool) -> bool:
    """Whether a response may be among the k best where what it was asked goes badly and what others lack goes well.

    `order` is everybody by falling ceiling. In a rubric that is not `spaced` a response of the same value cannot put
    this one out alone: it could still be the best of a group of tied scores, and move its border.
    """
    ahead: set[object] = set()
    for other in order:
        lead = other.ceiling - entrant.if_worst
        if lead < 0:
            return True
        # Lots may not decide where the other is lower, be it tied: a third score can put the two into different groups.
        if other.response.id != entrant.response.id and (lead > TIE or other.lot < entrant.lot):
            ahead.add(other.value)
            if len(ahead) >= k or (spaced and other.value == entrant.value):
                return False
    return True


def spaced(criteria: Sequence[Criterion]) -> bool:
    """Whether any two scores that the weights allow are equal but for rounding, or clearly further apart than a tie.

    True for all weights that people write; false for 1 beside 1.000000001, where a tie of the first with the second and
    of the second with the third need not be one of the first with the third.
    """
    weights = [Fraction(str(c.weight)) for c in criteria if not c.veto]
    possible = sum(weight for weight in weights if weight > 0)
    steps = sum(abs(weight) for weight in weights) / possible
    unit = Fraction(math.gcd(*(w.numerator for w in weights)), math.lcm(*(w.denominator for w in weights)))
    # Fractions to the end: as floats, weights of people's choice could overflow.
    return 2 * len(weights) * steps < TIE / 4 / sys.float_info.epsilon and unit / possible > 2 * TIE


def _good(criterion: Criterion) -> bool:
    """The better verdict for the response."""
    return criterion.veto or criterion.weight > 0


@lru_cache(maxsize=4096)
def _supposed(name: str, met: bool) -> Verdict:
    """A verdict that nobody gave; a race supposes the same ones over and over."""
    return Verdict(id=name, met=met)


def _questions(criteria: Sequence[Criterion], *, together: bool) -> tuple[tuple[Criterion, ...], ...]:
    left = [criterion for criterion in criteria if criterion.check is None]
    if together:
        return (tuple(left),) if left else ()
    return tuple((criterion,) for criterion in sorted(left, key=_stake, reverse=True))


def _stake(criterion: Criterion) -> float:
    """What the worse verdict costs: a veto's everything."""
    return math.inf if criterion.veto else abs(criterion.weight)


def _entrant(
    row: Response,
    criteria: Sequence[Criterion],
    questions: tuple[tuple[Criterion, ...], ...],
    seed: int,
    distinct: Value | None,
    empty: Empty | None,
) -> Candidate:
    known = {verdict.id: verdict for verdict in decided(criteria, row, empty)}
    questions = () if is_empty(row.response) else questions
    value = distinct(row) if distinct else row.id
    return Candidate(row, tie_break(row, seed), value, criteria, known, questions)


def _at_ceiling(entrant: Candidate) -> Scored:
    row = entrant.response
    return Scored.model_construct(id=row.id, prompt_id=row.prompt_id, response="", score=entrant.ceiling)
