"""Keys cut out of what a server sends back: they must reach neither a file nor a screen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, AnyStr

SHORTEST = 8
"""What is shorter is no key (`EMPTY`, `none`) and would maim words."""


def without_keys(said: AnyStr, keys: Iterable[str]) -> AnyStr:
    """What a server said with `***` for each key, however JSON may have escaped it, and however often."""
    text, content = _patterns(tuple(key for key in keys if len(key) >= SHORTEST))
    cut: AnyStr = text.sub("***", said) if isinstance(said, str) else content.sub(b"***", said)
    return cut


@lru_cache(maxsize=16)
def _patterns(keys: tuple[str, ...]) -> tuple[Any, Any]:
    pattern = "|".join("".join(map(_spellings, key)) for key in keys) or "(?!)"
    return re.compile(pattern), re.compile(pattern.encode())


def _spellings(character: str) -> str:
    r"""A pattern for a character as it is, as `\/`, and as its number."""
    return rf"\\*(?:{re.escape(character)}|u(?i:{ord(character):04x}))"
