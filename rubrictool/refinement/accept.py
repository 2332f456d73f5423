"""Whether a proposal is taken: whole, without some of its criteria, or not at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal, NamedTuple

from rubrictool.linting.rewording import says_again
from rubrictool.rows.records import Criterion, Score
from rubrictool.rows.traces import Refusal
from rubrictool.rubric.weights import TIE, rubric_hash, score

AcceptRule = Literal["always", "separates", "agrees", "labels", "skill"]

TOLERANCE = 0.05
"""How far agreement may fall: with a dozen labelled pairs one pair is more."""

CLEARLY = 1.0
"""Standard errors (of Fisher's z) by which a correlation must be below 0."""

FEWEST = 5
"""Responses without which a correlation says nothing."""


_REPEATS = "says what "


@dataclass(frozen=True)
class Trial:
    """A proposal on trial: the rubric before and after, and the pool's scores under each, by response id.

    `pair` are the ids of the shown pair. `signal` is how good responses are known to be: labels of the half that may
    decide, or the strength of who wrote them.
    """

    old: tuple[Criterion, ...]
    new: tuple[Criterion, ...]
    before: Mapping[str, Score]
    after: Mapping[str, Score]
    pair: tuple[str, str]
    signal: Mapping[str, float] = field(default_factory=dict)
    tolerance: float = TOLERANCE

    @property
    def outside(self) -> list[str]:
        """The responses that were not shown and of which something is known, in the order of the pool."""
        return [name for name in self.after if name not in self.pair and name in self.signal]

    @property
    def changed(self) -> list[Criterion]:
        """The criteria that the proposal adds, rewrites or weighs more; one that is to weigh less is no new risk."""
        known = {criterion.id: criterion for criterion in self.old}
        return [criterion for criterion in self.new if _counts_for_more(known.get(criterion.id), criterion)]


class Decision(NamedTuple):
    """The criteria that stand after a trial, why, and which of the proposal's were refused for what."""

    criteria: tuple[Criterion, ...]
    reason: str
    refused: tuple[Refusal, ...] = ()


Rule = Callable[[Trial], Decision]


def separates(trial: Trial) -> Decision:
    """Take the proposal if the shown pair differs by more than 1e-9, and more of the pairs that the old rubric told
    apart keep their order than lose it (by a tie, too)."""
    one, other = (trial.after[name].score for name in trial.pair)
    if abs(one - other) <= TIE:
        return Decision(trial.old, "separates: the shown pair is still tied")
    kept, lost = _orders(trial)
    reason = (
        f"separates: the pair differs by {abs(one - other):.3f}; of the others {kept} keep their order, {lost} lose it"
    )
    return Decision(trial.new if kept > lost or not lost else trial.old, reason)


def agrees(trial: Trial) -> Decision:
    """Take the proposal if half-credit agreement with the labels of responses that were not shown does not fall by more
    than the tolerance."""
    if len(trial.outside) < FEWEST:
        return Decision(trial.new, f"too little to go by: {len(trial.outside)} responses outside the shown pair")
    pairs = _known_pairs(trial)
    if not pairs:
        return Decision(trial.new, "agrees: no labels tell apart two responses that were not shown, so nothing speaks")
    before, after = (_agreement(scores, pairs) for scores in (trial.before, trial.after))
    reason = f"agrees: agreement with the labels of {len(pairs)} pairs goes from {before:.3f} to {after:.3f}"
    return Decision(trial.new if after >= before - trial.tolerance - TIE else trial.old, reason)


def aligned(trial: Trial) -> Decision:
    """Refuse each new criterion whose signed verdicts clearly fall where the labels, or the writers' strength, rise."""
    if len(trial.outside) < FEWEST:
        return Decision(trial.new, f"too little to go by: {len(trial.outside)} responses outside the shown pair")
    refused = [
        Refusal(criterion=criterion, reason=why) for criterion in trial.changed if (why := _against(criterion, trial))
    ]
    names = {refusal.criterion.id for refusal in refused}
    told = f"{len(names)} of {len(trial.changed)} new criteria run against it over {len(trial.outside)} responses"
    return Decision(without(trial.old, trial.new, names), told, tuple(refused))


RULES: Mapping[AcceptRule, Rule] = {"separates": separates, "agrees": agrees, "labels": aligned, "skill": aligned}


def without(old: Sequence[Criterion], new: Sequence[Criterion], refused: set[str]) -> tuple[Criterion, ...]:
    """A proposed rubric without some of its changes: what is new goes, what was rewritten is as before."""
    known = {criterion.id: criterion for criterion in old}
    kept = (known.get(criterion.id) if criterion.id in refused else criterion for criterion in new)
    return tuple(criterion for criterion in kept if criterion is not None)


def repeats(old: Sequence[Criterion], new: Sequence[Criterion]) -> list[Refusal]:
    """The added criteria that say in other words what one before them says."""
    known = {criterion.id for criterion in old}
    found: list[Refusal] = []
    for place, criterion in enumerate(new):
        earlier = (other for other in new[:place] if says_again(other.criterion, criterion.criterion))
        if criterion.id not in known and (other := next(earlier, None)):
            found.append(Refusal(criterion=criterion, reason=f"{_REPEATS}{other.id} says"))
    return found


def is_repeat(refusal: Refusal) -> bool:
    """Whether a criterion was refused because it says again what another says, under whatever rule."""
    return refusal.reason.startswith(_REPEATS)


def reweighed(criteria: tuple[Criterion, ...], trial: Trial) -> list[Score]:
    """The pool's scores under the criteria that stand, from the verdicts that are there: nothing is judged again."""
    proposed = {criterion.id: criterion for criterion in trial.new}
    scored: list[Score] = []
    for name, row in trial.after.items():
        new = {verdict.id: verdict for verdict in row.verdicts}
        old = {verdict.id: verdict for verdict in trial.before[name].verdicts} if name in trial.before else {}
        found = [new[c.id] if proposed.get(c.id) == c else old.get(c.id) for c in criteria]
        verdicts = tuple(verdict for verdict in found if verdict is not None and verdict.met is not None)
        if len(verdicts) == len(criteria):
            told = {"score": score(criteria, verdicts), "verdicts": verdicts, "rubric": rubric_hash(criteria)}
            scored.append(row.model_copy(update=told))
    return scored


def _counts_for_more(old: Criterion | None, new: Criterion) -> bool:
    if old is None or (old.criterion, old.check) != (new.criterion, new.check):
        return True
    return abs(new.weight) > abs(old.weight) or (new.weight > 0) != (old.weight > 0)


def _orders(trial: Trial) -> tuple[int, int]:
    """How many pairs that the old rubric told apart keep their order under the new one, and how many lose it."""
    kept = lost = 0
    for one, other in combinations([name for name in trial.after if name in trial.before], 2):
        before = _sign(trial.before[one].score - trial.before[other].score)
        after = _sign(trial.after[one].score - trial.after[other].score)
        if before and {one, other} != set(trial.pair):
            kept, lost = (kept + 1, lost) if before == after else (kept, lost + 1)
    return kept, lost


def _known_pairs(trial: Trial) -> list[tuple[str, str, int]]:
    """Two responses outside the shown pair that the signal tells apart, and which of them it puts higher."""
    names = [name for name in trial.outside if name in trial.before]
    orders = ((one, other, _sign(trial.signal[one] - trial.signal[other])) for one, other in combinations(names, 2))
    return [(one, other, order) for one, other, order in orders if order]


def _agreement(scores: Mapping[str, Score], pairs: Sequence[tuple[str, str, int]]) -> float:
    """The share of pairs that scores order as the signal does, ties one half."""
    credits = [(1 + _sign(scores[one].score - scores[other].score) * order) / 2 for one, other, order in pairs]
    return math.fsum(credits) / len(credits)


def _against(criterion: Criterion, trial: Trial) -> str:
    """How clearly a criterion runs against the signal, in words; nothing where it does not, or too little is known."""
    from statistics import StatisticsError, correlation

    sign = 1 if criterion.weight > 0 else -1
    names, met = [], []
    for name in trial.outside:
        for verdict in trial.after[name].verdicts:
            if verdict.id == criterion.id and verdict.met is not None:
                names.append(name)
                met.append(sign * float(verdict.met))
    if len(names) < FEWEST:
        return ""
    try:
        found = correlation(met, [trial.signal[name] for name in names])
    except StatisticsError:  # all alike
        return ""
    error = 1 / math.sqrt(len(names) - 3)
    clear = math.atanh(max(-0.999999, min(found, 0.999999))) < -CLEARLY * error
    return f"falls where quality rises: correlation {found:.2f} over {len(names)} responses" if clear else ""


def _sign(difference: float) -> int:
    return 0 if abs(difference) <= TIE else 1 if difference > 0 else -1
