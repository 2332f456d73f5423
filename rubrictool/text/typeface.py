"""Marks that differ in their typeface only: hyphens and dashes, apostrophes, quotation marks, spaces, signs without width.

Models print `follow‑up`, `don’t` and `5 mg` with marks that nobody's keyboard has. What a check asks for is compared
as typed. A check that is about a mark itself (no `—` in the text) is not: there the mark keeps its form.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

from rubrictool.text.patterns import escape, foreign, linear

_SPACES = "\xa0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))

_TYPED = {
    **dict.fromkeys("‐‑‒–—―⁃−⸺⸻⹀﹘﹣－֊־", "-"),
    **dict.fromkeys("‘’‚‛′‵‹›ʼʻʽʹ´＇❛❜՚׳", "'"),
    **dict.fromkeys("“”„‟«»″‶「」『』｢｣﹁﹂﹃﹄〝〞〟＂❝❞⹂״", '"'),
    **dict.fromkeys(_SPACES, " "),
    **dict.fromkeys("\xad\u061c\u180e\ufeff", ""),
    **dict.fromkeys(map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070))), ""),
    **dict.fromkeys(map(chr, range(0xFE00, 0xFE10)), ""),
    **dict.fromkeys("⁄∕", "/"),
    "…": "...",
    "‥": "..",
}
"""What a keyboard types for a mark; nothing for signs without width."""

_PLAIN = "e 5-'\""

_ALL = frozenset(_TYPED)

_NONE: frozenset[str] = frozenset()

# French sets no-break spaces inside its quotation marks.
_INSIDE_GUILLEMETS = linear("(«)[\u00a0\u2009\u202f]|[\u00a0\u2009\u202f](»)")


def typed(text: str, *, keep: frozenset[str] = _NONE) -> str:
    """Return the text with each mark as a keyboard types it, but for the marks in `keep`. Case stays as it is."""
    if text.isascii():
        return text
    return (text if "«" in keep else _tightened(text)).translate(_table(keep))


_TYPED_SPACES = str.maketrans(dict.fromkeys(_SPACES, " "))


def typed_spaces(text: str) -> str:
    """Return the text with each space as a keyboard types it, and all else as it is."""
    return text if text.isascii() else text.translate(_TYPED_SPACES)


def _tightened(text: str) -> str:
    return _INSIDE_GUILLEMETS.sub(r"\1\2", text) if "«" in text or "»" in text else text


@lru_cache(maxsize=256)
def _table(keep: frozenset[str]) -> dict[int, str]:
    return {ord(mark): keys for mark, keys in _TYPED.items() if mark not in keep}


def about_a_mark(text: str) -> bool:
    """Whether a text has no letter or digit and a mark that no keyboard types: then that very mark is meant."""
    return not text.isascii() and not any(map(str.isalnum, text)) and not _ALL.isdisjoint(text)


class TypedPattern(NamedTuple):
    """An RE2 pattern whose marks are as typed, and the marks that it tells from their typed form."""

    source: str
    keep: frozenset[str]


_TOKEN = linear(
    r"(?s)\\Q(?P<quoted>.*?)(?:\\E|$)"
    r"|\\x(?:\{(?P<long>[0-9A-Fa-f]+)\}|(?P<short>[0-9A-Fa-f]{2}))"
    r"|(?P<set>\\[pP](?:\{[^}]*\}|.)|\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\])"
    r"|(?P<digit>\\d)"
    r"|(?P<other>\\.|\(\?P?<[^>]*>|\(\?[a-zA-Z-]*[:)]|\{[0-9,]+\})"
    r"|(?P<plain>.)"
)


@lru_cache(maxsize=4096)
def typed_pattern(source: str) -> TypedPattern:
    """Return a pattern whose literals are as typed, outside classes.

    A mark keeps its form in the pattern and in the text where a class names it and not its typed form (`[–—]`), and where
    an alternative has no letter or digit beside it (`—`).
    """
    if source.isascii() and "\\x" not in source and "[" not in source and "\\p" not in source and "\\P" not in source:
        return TypedPattern(source, _NONE)
    tokens = _tokens(_tightened(source))
    keep = frozenset().union(*(_told_apart(token.text) for token in tokens if token.is_set), _meant(tokens))
    return TypedPattern("".join(_spelled(token, keep) for token in tokens), keep)


class _Token(NamedTuple):
    """A piece of a pattern: its text, the text that it stands for where it is a literal, and whether it is a class."""

    text: str
    literal: str | None = None
    is_set: bool = False
    digit: bool = False


def _tokens(source: str) -> list[_Token]:
    return [_token(match.group(), match.groupdict()) for match in _TOKEN.finditer(source)]


def _token(text: str, groups: dict[str, str | None]) -> _Token:
    if groups["set"]:
        return _Token(text, is_set=True, digit=_finds(text, "5") and not _finds(text, "x"))
    number = groups["long"] or groups["short"]
    literal = groups["quoted"] or (chr(int(number, 16)) if number else groups["plain"])
    return _Token(text, literal, digit=groups["digit"] is not None)


def _meant(tokens: list[_Token]) -> frozenset[str]:
    """The marks of alternatives without a letter or a digit."""
    meant: set[str] = set()
    marks: set[str] = set()
    worded = False
    for token in (*tokens, _Token("|", "|")):
        if token.text == "|":
            meant |= _NONE if worded else marks
            marks, worded = set(), False
        literal = token.literal or ""
        marks |= _ALL & set(literal)
        worded = worded or token.digit or any(map(str.isalnum, literal))
    return frozenset(meant)


@lru_cache(maxsize=1024)
def _told_apart(class_: str) -> frozenset[str]:
    """The marks that a class names and not their typed forms; all of them where it tells ASCII from the rest."""
    if all(_finds(class_, other) for other in "éя中") and not _finds(class_, _PLAIN):
        return _ALL
    named = "[" + class_.removeprefix("[^") if class_.startswith("[^") else class_
    return frozenset(m for m, keys in _TYPED.items() if _finds(named, m) and not _finds(named, keys or _PLAIN))


def _finds(class_: str, text: str) -> bool:
    return foreign(class_).search(text) is not None


def _spelled(token: _Token, keep: frozenset[str]) -> str:
    if token.literal is None or _ALL.isdisjoint(token.literal) or token.literal in keep:
        return token.text
    return "".join(character if character in keep else _one(character) for character in token.literal)


@cache
def _one(character: str) -> str:
    """A pattern for one character as typed, which stays one item where something repeats it."""
    keys = _TYPED.get(character)
    if keys is None:
        return escape(character)
    return escape(keys) if len(keys) == 1 else f"(?:{escape(keys)})"
