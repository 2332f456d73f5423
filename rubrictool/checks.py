"""Criteria that a program decides: no model call, never wrong by noise."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from rubrictool.errors import Undecided
from rubrictool.messages import Conversation, answer
from rubrictool.patterns import Pattern, foreign, linear
from rubrictool.texts import is_blank, occurs, word_bounds
from rubrictool.typeface import typed, typed_pattern

Format = Literal["list", "numbered", "table", "code", "heading", "json"]


def _compiles(source: str) -> str:
    try:
        foreign(source)
    except ValueError as error:
        raise ValueError(f"is no RE2 pattern ({error}); look-around and back-references are not supported") from None
    return source


def _has_letters(texts: tuple[str, ...]) -> tuple[str, ...]:
    if any(is_blank(text) for text in texts):
        raise ValueError("has an empty text, which every response contains")
    return texts


Texts = Annotated[tuple[str, ...], Field(strict=False, min_length=1), AfterValidator(_has_letters)]


class Length(BaseModel):
    """Bounds on the number of words, both inclusive."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    min: Annotated[int, Field(ge=0)] = 0
    max: int | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.max is not None and self.max < self.min:
            raise ValueError("max is below min")
        if not self.model_fields_set:
            raise ValueError("needs min or max")
        return self

    def allows(self, text: str) -> bool:
        """Return whether the number of words of a text lies within the bounds.

        Raises `Undecided` where that number decides and cannot be counted.
        """
        least, most = word_bounds(text)
        if self._has(least) and self._has(most):
            return True
        if most < self.min or (self.max is not None and least > self.max):
            return False
        raise Undecided(
            "uncountable_words",
            f"the check on words cannot be decided: a script that writes words together has {least} to {most} of them here;"
            " let the judge decide on the length, or bound the characters by matches",
        )

    def _has(self, count: int) -> bool:
        return self.min <= count and (self.max is None or count <= self.max)


class Check(BaseModel):
    """What the program looks for; several keys must all hold.

    `contains`: all texts present, `excludes`: none of them (both as NFKC, case-folded substrings); `matches`: an RE2
    pattern found anywhere, `lacks`: one found nowhere; `words`: bounds on the number of Unicode words; `format`: a piece
    of structure is there. The first four compare hyphens, quotation marks, spaces and the like as a keyboard types them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    contains: Texts | None = None
    excludes: Texts | None = None
    matches: Annotated[str, AfterValidator(_compiles)] | None = None
    lacks: Annotated[str, AfterValidator(_compiles)] | None = None
    words: Length | None = None
    format: Format | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError("needs one of contains, excludes, matches, lacks, words, format")
        return self


def holds(check: Check, response: str | Conversation) -> bool:
    """Whether a response passes a check, reasoning removed.

    Of a conversation the assistant's part counts: what it writes, and for texts and patterns also the tools it calls.
    Raises `Undecided` where the number of words decides and cannot be counted.
    """
    given = answer(response)
    return all(test(given.done) for test in _tests(check)) and all(test(given.written) for test in _measures(check))


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
    known = typed_pattern(pattern)
    return foreign(known.source).search(typed(text, keep=known.keep)) is not None


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
    """Whether a text shows a piece of Markdown structure, or (for `json`) is an object or array as a whole."""
    if format_ == "json":
        return _is_json(text)
    return _FORMATS[format_].search(text.replace("\r\n", "\n")) is not None


def _is_json(text: str) -> bool:
    bare = text.strip().removeprefix("```json").strip("`")
    try:
        return isinstance(json.loads(bare), dict | list)
    except (ValueError, RecursionError):
        return False
