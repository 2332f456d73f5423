"""Build the JSON schemas that replies have to obey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def string(longest: int) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def one_of(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def object_of(**fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def array_of(items: Schema, *, least: int, most: int) -> Schema:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


YES_OR_NO = one_of("yes", "no")

WEIGHT: Schema = {"type": "integer", "enum": [1, 2, 3]}
