"""Keys cut out of what a server sends back: they must reach neither a file nor a screen."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import AnyStr

from rubrictool.patterns import BytesPattern, escape, foreign_bytes

SHORTEST = 8
"""What is shorter is no key (`EMPTY`, `none`) and would maim words."""


def without_keys(said: AnyStr, keys: Iterable[str]) -> AnyStr:
    """What a server said with `***` for each key, however JSON may have escaped it, and however often."""
    known = tuple(key for key in keys if len(key) >= SHORTEST)
    if not known:
        return said
    # RE2 takes no half of a surrogate pair in a str.
    content = said if isinstance(said, bytes) else said.encode(errors="surrogatepass")
    cut = _pattern(known).sub(b"***", content)
    return cut if isinstance(said, bytes) else cut.decode(errors="surrogatepass")


@lru_cache(maxsize=16)
def _pattern(keys: tuple[str, ...]) -> BytesPattern:
    return foreign_bytes("|".join("".join(map(_spellings, key)) for key in keys))


def _spellings(character: str) -> str:
    r"""A pattern for a character as it is, as `\/`, and as its number."""
    return rf"\\*(?:{escape(character)}|u(?i:{ord(character):04x}))"
