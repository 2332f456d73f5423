"""Combine what several judges say about one criterion, or about one pair, by the rule of their panel."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from rubrictool.questions.compare import Side
from rubrictool.rows.records import Criterion
from rubrictool.rows.verdicts import SHARE_DECIMALS, Verdict, Vote

PanelRule = Literal["majority", "mean", "unanimous"]
"""The rule by which verdicts become one: what most judges say, the mean of all, or met only where all say so."""


def combined(rule: PanelRule, criterion: Criterion, said: Mapping[str, Verdict]) -> Verdict:
    """Return the verdict of a panel on a criterion, with those of its judges, by their names.

    It is abstained where all judges abstain, and where a majority is asked for and they are evenly split.
    """
    votes = tuple(vote_of(name, verdict) for name, verdict in said.items())
    found = _BY_RULE[rule](criterion, list(said.values())) or {"met": None, "abstained": True}
    places = {verdict.place for verdict in said.values()}
    place: dict[str, Any] = {"place": votes[0].place} if len(places) == 1 and None not in places else {}
    return Verdict(id=criterion.id, judges=votes, **found, **place)


_Decision = dict[str, Any] | None
"""The columns of a verdict; None where there is none."""


def _majority(_: Criterion, said: Sequence[Verdict]) -> _Decision:
    """Return the median verdict; nothing where there are two that differ."""
    rising = _rising(said)
    middle = [rising[(len(rising) - 1) // 2], rising[len(rising) // 2]] if rising else []
    return _decision(middle[0]) if middle and middle[0].decided == middle[1].decided else None


def _unanimous(_: Criterion, said: Sequence[Verdict]) -> _Decision:
    rising = _rising(said)
    return _decision(rising[0]) if rising else None


def _mean(criterion: Criterion, said: Sequence[Verdict]) -> _Decision:
    """Return the mean of what judges say is met: a soft verdict, but a veto is met or not."""
    told = [verdict for verdict in said if verdict.judged]
    if not told:
        return None
    met = math.fsum(map(_chance, told)) / len(told) > 0.5
    if criterion.veto:
        return {"met": met}
    value = round(math.fsum(map(_expected, told)) / len(told), SHARE_DECIMALS)
    if criterion.levels is None:
        return {"met": met, "p": value, "value": value}
    levels = {verdict.level for verdict in told}
    return {"met": met, "value": value, **({"level": told[0].level} if len(levels) == 1 else {})}


_BY_RULE: Mapping[PanelRule, Callable[[Criterion, Sequence[Verdict]], _Decision]] = {
    "majority": _majority,
    "mean": _mean,
    "unanimous": _unanimous,
}


def _rising(said: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts that decide, by how much is met."""
    return sorted((one for one in said if one.decided is not None), key=lambda one: one.decided or 0.0)


def _decision(verdict: Verdict) -> dict[str, Any]:
    """Return the columns of a verdict that decide."""
    of_level = {"level": verdict.level, "value": verdict.value} if verdict.level is not None else {}
    return {"met": verdict.met, **of_level}


def _expected(verdict: Verdict) -> float:
    """Return how much of a criterion a judge says is met: by its level, its probability, its samples, or its yes or no."""
    return _chance(verdict) if verdict.value is None else verdict.value


def _chance(verdict: Verdict) -> float:
    """Return the probability that a criterion is met by a judge, of one that may be wrong its yes or no."""
    if verdict.p is not None and (verdict.soft or verdict.samples):
        return verdict.p
    return 0.5 if verdict.met is None else float(verdict.met)


def vote_of(judge: str | None, verdict: Verdict) -> Vote:
    """Return a verdict as a vote, under the name of its judge where that is told."""
    columns = {name: value for name, value in verdict.columns().items() if name not in ("id", "judges")}
    return Vote.model_validate({**({"judge": judge} if judge else {}), **columns})


def preferred(rule: PanelRule, sides: Iterable[Side]) -> Side:
    """Return the response that a panel prefers; a tie where its rule finds none.

    `majority`: the one that more than half prefer. `mean`: the one that more prefer than the other. `unanimous`: the one that
    all prefer.
    """
    counts = Counter(sides)
    most: Side = "first" if counts["first"] > counts["second"] else "second"
    others = counts.total() - counts[most]
    against = {"majority": others, "mean": others - counts["tie"], "unanimous": counts[most] - 1 + others}[rule]
    return most if counts[most] > against else "tie"
