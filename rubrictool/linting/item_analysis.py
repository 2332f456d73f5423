"""What verdicts show of criteria: which never differ, which move together, and on which a judge contradicts itself.

Verdicts of different judges, or asked for in different ways, are looked at apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from rubrictool.linting.faults import LintMessage
from rubrictool.linting.rules import Finding, Severity, by_place, finding
from rubrictool.rows.records import Criterion, Rubric, Score, Verdict, same_text
from rubrictool.rubric.weights import TIE, rubric_hash

ENOUGH = 8
"""So many different responses must have been judged before a verdict that never differs tells something."""

TOGETHER = 0.9
"""The phi coefficient from which on two criteria move together."""

BY_CHANCE = 0.05
"""How often chance may bring one such pair into a rubric of criteria that have nothing to do with each other."""

OFTEN = 0.1
"""The share of responses judged differently the second time that is more than noise."""


class VerdictRule(NamedTuple):
    """A rule that looks at verdicts."""

    name: str
    severity: Severity


ZERO_VARIANCE = VerdictRule("zero-variance", "warning")
ALWAYS_MET = VerdictRule("always-met", "note")
NEVER_MET = VerdictRule("never-met", "note")
UNMET_VETO = VerdictRule("never-met", "warning")
CORRELATED = VerdictRule("correlated", "note")
SELF_FLIP = VerdictRule("self-flip", "note")
UNSTABLE = VerdictRule("self-flip", "warning")


def judged_by(rubric: Rubric, scores: Iterable[Score]) -> list[Score]:
    """The scores that this very rubric gave: its criteria, by their hash and their ids."""
    name, ids = rubric_hash(rubric.criteria), [criterion.id for criterion in rubric.criteria]
    return [row for row in scores if row.rubric == name and [verdict.id for verdict in row.verdicts] == ids]


def lint_verdicts(rubric: Rubric, scores: Iterable[Score]) -> list[Finding]:
    """The findings of verdicts that this rubric was given (see `judged_by`), in the order of its criteria.

    A response that was judged several times counts once, as first judged, except where the judgements are compared.
    """
    kinds: dict[tuple[str, str], list[Score]] = {}
    for row in scores:
        kinds.setdefault((row.judge, row.judging), []).append(row)
    found = [item for rows in kinds.values() for item in _of_one_kind(rubric, rows)]
    return by_place(rubric, found)


def _of_one_kind(rubric: Rubric, rows: Sequence[Score]) -> Iterator[Finding]:
    again: dict[tuple[str, str, str], list[Score]] = {}
    for row in rows:
        again.setdefault((row.prompt_id, row.id, same_text(row.response)), []).append(row)
    first = [judgements[0] for judgements in again.values()]
    verdicts = _by_criterion(rubric, first)
    if len(first) >= ENOUGH:
        yield from _unvaried(rubric, first, verdicts)
        yield from _correlated(rubric, verdicts, rows[0].judge)
    yield from _flipped(rubric, list(again.values()), rows[0].judge)


_Met = tuple[bool | None, ...]
"""Whether a criterion was met, response by response; None where it was not judged."""


def _by_criterion(rubric: Rubric, rows: Sequence[Score]) -> dict[str, _Met]:
    columns = zip(*([verdict.met for verdict in row.verdicts] for row in rows), strict=True)
    return {criterion.id: met for criterion, met in zip(rubric.criteria, columns, strict=True)}


def _unvaried(rubric: Rubric, rows: Sequence[Score], verdicts: Mapping[str, _Met]) -> Iterator[Finding]:
    n, judge = len(rows), rows[0].judge
    scores = [row.score for row in rows]
    if max(scores) - min(scores) <= TIE:
        yield finding(
            rubric, None, ZERO_VARIANCE, LintMessage(f"{judge} gave all {n} responses the score {scores[0]:g}")
        )
    for criterion in rubric.criteria:
        met = [said for said in verdicts[criterion.id] if said is not None]
        if len(met) >= ENOUGH and (rule := _unvaried_rule(criterion, met)):
            outcome = "all" if all(met) else "none"
            said = f"met by {outcome} of {len(met)} responses, says {judge}; it tells none apart"
            yield finding(rubric, criterion, rule, LintMessage(said))


def _unvaried_rule(criterion: Criterion, met: Sequence[bool]) -> VerdictRule | None:
    """A veto that all meet and a penalty that none earns are as they should be."""
    if all(met):
        return None if criterion.veto else ALWAYS_MET
    if any(met):
        return None
    if criterion.veto:
        return UNMET_VETO
    return NEVER_MET if criterion.weight > 0 else None


def _correlated(rubric: Rubric, verdicts: Mapping[str, _Met], judge: str) -> Iterator[Finding]:
    """One finding for each criterion that moves with an earlier one, more than chance explains."""
    varied = [criterion for criterion in rubric.criteria if {True, False} <= set(verdicts[criterion.id])]
    pairs = math.comb(len(varied), 2)
    told: set[str] = set()
    for earlier, later in combinations(varied, 2):
        a, b = _both_judged(verdicts[earlier.id], verdicts[later.id])
        if later.id not in told and phi(a, b) >= TOGETHER and pairs * chance(a, b) <= BY_CHANCE:
            told.add(later.id)
            share = sum(x == y for x, y in zip(a, b, strict=True))
            said = f"{judge} decides it as {earlier.id} in {share} of {len(a)} responses (phi {phi(a, b):.2f})"
            yield finding(rubric, later, CORRELATED, LintMessage(said, earlier.id))


def _both_judged(a: _Met, b: _Met) -> tuple[list[bool], list[bool]]:
    """Two criteria over the responses that were judged by both."""
    both = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
    return [x for x, _ in both], [y for _, y in both]


def phi(a: Sequence[bool], b: Sequence[bool]) -> float:
    """The phi coefficient of two criteria over the same responses, from -1 to 1; 0 where one never differs."""
    n, both, of_a, of_b = len(a), sum(map(min, a, b)), sum(a), sum(b)
    spread = of_a * (n - of_a) * of_b * (n - of_b)
    return (n * both - of_a * of_b) / math.sqrt(spread) if spread else 0.0


def chance(a: Sequence[bool], b: Sequence[bool]) -> float:
    """How likely two criteria that are met as often, but have nothing to do with each other, would agree so well.

    The upper tail of Fisher's exact test.
    """
    n, both, of_a, of_b = len(a), sum(map(min, a, b)), sum(a), sum(b)
    ways = (math.comb(of_a, k) * math.comb(n - of_a, of_b - k) for k in range(both, min(of_a, of_b) + 1))
    return sum(ways) / math.comb(n, of_b)


def _said(verdict: Verdict) -> list[bool | None]:
    """What was said of a criterion, sample by sample where there are several."""
    return [vote.met for vote in verdict.samples] or [verdict.met]


def _flipped(rubric: Rubric, judged: Sequence[Sequence[Score]], judge: str) -> Iterator[Finding]:
    """Criteria on which the judge did not agree with itself about one and the same response, judged again or in samples."""
    for place, criterion in enumerate(rubric.criteria):
        several = [[met for row in judgements for met in _said(row.verdicts[place])] for judgements in judged]
        said_again = [met for again in several if len(met := [said for said in again if said is not None]) > 1]
        if count := sum(len(set(met)) > 1 for met in said_again):
            rule = UNSTABLE if count > OFTEN * len(said_again) else SELF_FLIP
            said = f"{judge} contradicts itself on {count} of {len(said_again)} responses that it judged more than once"
            yield finding(rubric, criterion, rule, LintMessage(said))
