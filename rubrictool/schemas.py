"""The forms of the answers we ask for, as JSON schemas, and the question that shows whether a model obeys one.

Strings and arrays are bounded, so that a model that loses the thread cannot run to its limit. Every field is required,
as strict schemas want it; what is optional is a choice between objects.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

Schema = Mapping[str, Any]

MOST_CRITERIA = 24
"""New criteria of one answer; a form that keeps criteria has as many places more."""
LONGEST_CRITERION, LONGEST_REASON = 400, 200
PROBE = "Greet me in one short sentence."


def _string(longest: int) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def _one_of(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def _object(**fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _array(items: Schema, *, least: int, most: int) -> Schema:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


_MET = _one_of("yes", "no")
_WEIGHT: Schema = {"type": "integer", "enum": [1, 2, 3]}
_REASON = _string(LONGEST_REASON)
_NEW = {"criterion": _string(LONGEST_CRITERION), "weight": _WEIGHT}
PROBE_SCHEMA = _object(ready=_MET, reason=_string(20), parts=_array(_WEIGHT, least=1, most=2))
"""Has every keyword that the others have, so that a model which refuses one is found out."""


@lru_cache(maxsize=256)
def verdicts(count: int, *, reasons: bool = False) -> Schema:
    """Verdicts on c1..c`count`, each after a reason if wished."""
    return _object(**{f"c{place}": verdict(reasons=True) if reasons else _MET for place in range(1, count + 1)})


def verdict(*, reasons: bool = False) -> Schema:
    """The verdict on one criterion, after a reason if wished."""
    return _object(reason=_REASON, met=_MET) if reasons else _object(met=_MET)


def preference(*, reasons: bool = False) -> Schema:
    """Which of two responses is better, after a reason if wished."""
    winner = _one_of("A", "B", "tie")
    return _object(reason=_REASON, winner=winner) if reasons else _object(winner=winner)


def rubric() -> Schema:
    """A first rubric."""
    return _object(criteria=_array(_object(**_NEW), least=1, most=MOST_CRITERIA))


def amended(ids: Sequence[str]) -> Schema:
    """A rubric whose criteria have these ids, as it is after a change: each kept, rewritten, new or dropped."""
    known = _one_of(*ids)
    item = {"anyOf": [_object(id=known), _object(id=known, **_NEW), _object(**_NEW)]}
    return _object(
        criteria=_array(item, least=1, most=len(ids) + MOST_CRITERIA),
        dropped=_array(known, least=0, most=max(1, len(ids))),
    )


def obeyed(reply: str) -> bool:
    """Whether the reply to the probe obeys its schema, which nobody would who was not made to."""
    try:
        value = json.loads(reply, strict=False)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and list(value) == list(PROBE_SCHEMA["properties"])
