"""One spelling for each JSON value, hashes of it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import orjson


def canonical(value: Any) -> str:
    """Compact JSON with sorted keys: one spelling for one value."""
    return compact(value, sort_keys=True)


def compact(value: Any, *, sort_keys: bool = False) -> str:
    """JSON without white space, text as it is. Raises `ValueError` for NaN and infinities."""
    try:
        line = orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort_keys else None).decode()
    except orjson.JSONEncodeError:  # whole numbers of more than 64 bits, which the slower json can spell
        return _spelled(value, sort_keys=sort_keys)
    # orjson spells NaN as null, which json refuses.
    return _spelled(value, sort_keys=sort_keys) if "null" in line else line


def _spelled(value: Any, *, sort_keys: bool) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=sort_keys, separators=(",", ":"))


def encodable(value: Any) -> bool:
    """Whether a JSON value has an UTF-8 form: half of a surrogate pair has none."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def digest(text: str) -> str:
    """The first 16 hex digits of the sha256 of a text: how rows are named."""
    return sha256(text)[:16]


def sha256(text: str) -> str:
    """The sha256 of a text's UTF-8 as 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def draw(seed: int, *names: str) -> str:
    """A pseudo-random key for a draw: a hash of the seed and of what is drawn, never of when."""
    return sha256(canonical([seed, *names]))
