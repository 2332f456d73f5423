"""Encode JSON values in one way, hash texts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import orjson


def canonical(value: Any) -> str:
    """Return compact JSON with sorted keys: equal values have equal texts."""
    return compact(value, sort_keys=True)


def compact(value: Any, *, sort_keys: bool = False, records: Callable[[Any], Any] | None = None) -> str:
    """Return JSON without white space, with non-ASCII characters as they are. Raises `ValueError` for NaN and infinities.

    `records` returns the JSON value of what is none itself, or raises `TypeError`.
    """
    try:
        line = orjson.dumps(value, records, orjson.OPT_SORT_KEYS if sort_keys else None).decode()
    except orjson.JSONEncodeError:  # whole numbers of more than 64 bits, which the slower json can write
        return _standard_json(value, sort_keys=sort_keys, records=records)
    # orjson writes NaN as null; json refuses it.
    return _standard_json(value, sort_keys=sort_keys, records=records) if "null" in line else line


def _standard_json(value: Any, *, sort_keys: bool, records: Callable[[Any], Any] | None) -> str:
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=sort_keys, separators=(",", ":"), default=records
    )


def encodable(value: Any) -> bool:
    """Return whether the texts in a value can be encoded as UTF-8: half of a surrogate pair cannot."""
    try:
        # Values that are no JSON are not this question's.
        json.dumps(value, ensure_ascii=False, default=repr).encode()
    except UnicodeEncodeError:
        return False
    return True


def digest(text: str) -> str:
    """Return the first 16 hex digits of the SHA-256 of a text, used as its name."""
    return sha256(text)[:16]


def sha256(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 as 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def draw(seed: int, *names: str) -> str:
    """Return a pseudo-random key: a hash of the seed and the names of what is drawn, independent of order and time."""
    return sha256(canonical([seed, *names]))
