"""Cut keys out of what a server sends back: they must reach neither a file nor a screen."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rubrictool.text.patterns import BytesPattern, escape, foreign_bytes

SHORTEST = 8
"""Characters. A shorter value (`EMPTY`, `none`) is a placeholder, and replacing it would damage ordinary words."""

LONG = 20
"""Characters from which a value is a secret whatever it consists of."""


def without_keys(text: str, keys: Iterable[str]) -> str:
    """Return the text with `***` for each of the keys, in every spelling that JSON has for them.

    The time is linear in the text: RE2 does not backtrack over a hostile run of backslashes.
    """
    pattern = _pattern(tuple(sorted({key for key in keys if len(key) >= SHORTEST}, key=len, reverse=True)))
    if pattern is None:
        return text
    # RE2 takes no half of a surrogate pair in a str.
    cut = pattern.sub(b"***", text.encode(errors="surrogatepass"))
    return cut.decode(errors="surrogatepass")


def secrets(keys: Iterable[str]) -> list[str]:
    """Return the keys that no answer contains by chance: long ones, and those with letters and digits.

    A key such as `placeholder`, set for a server that checks none, is an ordinary word; in an answer it stays.
    """
    return [key for key in keys if len(key) >= LONG or _mixed(key)]


def _mixed(key: str) -> bool:
    return any(map(str.isdigit, key)) and any(map(str.isalpha, key))


@lru_cache(maxsize=32)
def _pattern(keys: tuple[str, ...]) -> BytesPattern | None:
    return foreign_bytes("|".join("".join(map(_spellings, key)) for key in keys)) if keys else None


def _spellings(character: str) -> str:
    r"""Return a pattern for a character as it is, as `\/`, and as its number."""
    return rf"\\*(?:{escape(character)}|u(?i:{ord(character):04x}))"
