"""Decide whether a response passes a check."""

from __future__ import annotations

import json
from collections.abc import Callable

from rubrictool.rows.checks import Check, Format
from rubrictool.text.chats import Conversation, answer
from rubrictool.text.patterns import Pattern, foreign, linear
from rubrictool.text.punctuation import plain_pattern, plain_punctuation, plain_spaces
from rubrictool.text.words import occurs


def holds(check: Check, response: str | Conversation) -> bool:
    """Return whether a response passes a check, reasoning removed.

    Of a conversation the assistant's part counts: what it writes, and for texts and patterns also the tools it calls.
    Raises `Undecided` where the number of words decides and cannot be counted.
    """
    given = answer(response)
    return all(test(given.with_calls) for test in _tests(check)) and all(test(given.text) for test in _measures(check))


def _measures(check: Check) -> list[Callable[[str], bool]]:
    tests: list[Callable[[str], bool]] = []
    if (length := check.words) is not None:
        tests.append(length.allows)
    if (format_ := check.format) is not None:
        tests.append(lambda text: has_format(text, format_))
    return tests


def _tests(check: Check) -> list[Callable[[str], bool]]:
    tests: list[Callable[[str], bool]] = []
    if (contains := check.contains) is not None:
        tests.append(lambda text: all(occurs(part, text) for part in contains))
    if (excludes := check.excludes) is not None:
        tests.append(lambda text: not any(occurs(part, text) for part in excludes))
    if (matches := check.matches) is not None:
        tests.append(lambda text: _found(matches, text))
    if (lacks := check.lacks) is not None:
        tests.append(lambda text: not _found(lacks, text))
    return tests


def _found(pattern: str, text: str) -> bool:
    known = plain_pattern(pattern)
    return foreign(known.source).search(plain_punctuation(text, keep=known.keep)) is not None


_FORMATS: dict[Format, Pattern] = {
    "list": linear(r"(?m)^[ \t]*[-*+•‣–][ \t]+\S"),
    "numbered": linear(r"(?m)^[ \t]*\d{1,3}[.)][ \t]+\S"),
    "table": linear(r"(?m)^[^\n]*\|[^\n]*\n[ \t]*\|?[ \t]*:?-+:?[ \t]*\|[ \t|:-]*$"),
    "code": linear(
        r"(?m)^[ \t]*```[^\n]*\n(?:[^\n]*\n)*?[ \t]*```[ \t]*$|^[ \t]*~~~[^\n]*\n(?:[^\n]*\n)*?[ \t]*~~~[ \t]*$"
    ),
    "heading": linear(r"(?m)^#{1,6}[ \t]+\S"),
}


def has_format(text: str, format_: Format) -> bool:
    """Return whether a text contains a piece of Markdown structure, or (for `json`) is an object or array as a whole."""
    if format_ == "json":
        return _is_json(text)
    return _FORMATS[format_].search(plain_spaces(text).replace("\r\n", "\n")) is not None


def _is_json(text: str) -> bool:
    bare = text.strip().removeprefix("```json").strip("`")
    try:
        return isinstance(json.loads(bare), dict | list)
    except (ValueError, RecursionError):
        return False
