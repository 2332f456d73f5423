"""The forms of the answers we ask for, as JSON schemas, and the question that shows whether a model obeys one.

Strings and arrays are bounded, so that a model that loses the thread cannot run to its limit. Every field is required,
as strict schemas want it; what is optional is a choice between objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rubrictool.models.json_schema import WEIGHT, YES_OR_NO, Schema, array_of, object_of, one_of, string

MOST_CRITERIA = 24
"""New criteria of one answer; a form that keeps criteria has as many places more."""

LONGEST_CRITERION, LONGEST_REASON = 400, 200

_REASON = string(LONGEST_REASON)

_NEW = {"criterion": string(LONGEST_CRITERION), "weight": WEIGHT}


@lru_cache(maxsize=256)
def verdicts(count: int, *, reasons: bool = False) -> Schema:
    """Verdicts on c1..c`count`, each after a reason if wished."""
    return object_of(**{f"c{place}": verdict(reasons=True) if reasons else YES_OR_NO for place in range(1, count + 1)})


def verdict(*, reasons: bool = False) -> Schema:
    """The verdict on one criterion, after a reason if wished."""
    return object_of(reason=_REASON, met=YES_OR_NO) if reasons else object_of(met=YES_OR_NO)


def preference(*, reasons: bool = False) -> Schema:
    """Which of two responses is better, after a reason if wished."""
    winner = one_of("A", "B", "tie")
    return object_of(reason=_REASON, winner=winner) if reasons else object_of(winner=winner)


def rubric() -> Schema:
    """A first rubric."""
    return object_of(criteria=array_of(object_of(**_NEW), least=1, most=MOST_CRITERIA))


def amended(ids: Sequence[str]) -> Schema:
    """A rubric whose criteria have these ids, as it is after a change: each kept, rewritten, new or dropped."""
    known = one_of(*ids)
    item = {"anyOf": [object_of(id=known), object_of(id=known, **_NEW), object_of(**_NEW)]}
    return object_of(
        criteria=array_of(item, least=1, most=len(ids) + MOST_CRITERIA),
        dropped=array_of(known, least=0, most=max(1, len(ids))),
    )
