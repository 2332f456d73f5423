"""What of a text counts: in normal form, as words."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from functools import cache
from typing import Any

import orjson

from rubrictool.patterns import Pattern, backtracking, linear
from rubrictool.typeface import about_a_mark, typed


def counted(count: int, noun: str, plural: str = "") -> str:
    """A number with its noun: `1 row`, `1,200 rows`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def time_span(seconds: float) -> str:
    """Return a length of time in its two largest units: `45 s`, `1 min 30 s`, `14 h 23 min`, `2 d 3 h`."""
    whole = round(seconds)
    for unit, smaller, size, smaller_size in (("d", "h", 86400, 3600), ("h", "min", 3600, 60), ("min", "s", 60, 1)):
        if whole >= size:
            rest = whole % size // smaller_size
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


def normal(text: str) -> str:
    """Return a text as two texts are compared: marks as a keyboard types them, NFKC, case-folded."""
    # NFKC writes ½ with a fraction slash.
    return _folded(typed(text)).replace("⁄", "/")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def occurs(part: str, text: str) -> bool:
    """Return whether a text has another one in it, both in normal form; a mark alone (`—`) counts only as it is."""
    form = _folded if about_a_mark(part) else normal
    return form(part) in form(text)


def is_blank(text: str) -> bool:
    """Return whether a text has nothing that could be looked for: it is in every text."""
    return not _folded(text).strip()


def words(text: str) -> list[str]:
    """The words of a text by Unicode word segmentation (UAX 29), in order, as written."""
    return _word().findall(text)


# Words that no space parts: only a dictionary tells where one ends, and the rules of Unicode do not try.
_UNPARTED = linear(
    r"(?:[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}\p{Ahom}\p{Tibetan}\p{Javanese}"
    r"\p{Balinese}]\pM*)+"
)


def has_uncountable_words(text: str) -> bool:
    """Return whether a text has a script that writes words together, such as Thai, Lao, Khmer or Burmese."""
    return not text.isascii() and _UNPARTED.search(text) is not None


def word_bounds(text: str) -> tuple[int, int]:
    """Return the least and the greatest number of words that a text can have; both are the number where it is known.

    In a script that writes words together a word has at least one letter group, and at most all up to the next space.
    """
    most = len(words(text))
    if not has_uncountable_words(text):
        return most, most
    return len(words(_UNPARTED.sub(" x ", text))), most


@cache
def _word() -> Pattern:
    # (?w) is the default word boundary of Unicode (UAX 29); a word has a letter or a digit in it.
    return backtracking(r"(?w)\b[\p{L}\p{N}_].*?\b")


def similarity(first: str, second: str, *, n: int = 5) -> float:
    """Jaccard similarity in [0, 1] of the word n-grams of two texts; shorter texts are compared whole."""
    a, b = _shingles(first, n), _shingles(second, n)
    return len(a & b) / len(a | b) if a | b else 1.0


def _shingles(text: str, n: int) -> set[tuple[str, ...]]:
    tokens = words(normal(text))
    width = min(n, len(tokens))
    return {tuple(tokens[i : i + width]) for i in range(len(tokens) - width + 1)} if tokens else set()


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


def printable(text: str) -> str:
    """The text without control characters (a terminal would obey them); lines stay lines."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def shortened(name: str, *, width: int) -> str:
    """A name on one line of at most `width` characters, the middle left out: names differ at either end."""
    flat = one_line(name, width=len(name))
    return flat if len(flat) <= width else f"{flat[: width // 2]}…{flat[width // 2 - width + 1 :]}"


def one_line(text: str, *, width: int) -> str:
    """The text on one line of at most `width` characters, without control characters."""
    flat = " ".join(printable(text).split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"
