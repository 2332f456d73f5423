"""Describe a table once, however it is written: for a terminal, as Markdown, CSV or JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rubrictool.text.word_diff import PartKind, TextPart
from rubrictool.text.wording import spelled_out

Words = tuple[TextPart, ...]

WIDEST_CUT = 60
"""Characters of a cell that is cut for people, such as a check with a long pattern."""

CellValue = str | int | float | bool | None | Words
"""The content of a cell; a text before and after a change stands as its passages."""


@dataclass(frozen=True)
class Block:
    """Rows of a table that belong together under a title, and sentences about them; `key` is the cell that they share.

    People also get `beneath`, a table of its own about these rows, whose figures CSV and JSON have in columns.
    """

    key: str
    title: str
    rows: Sequence[Sequence[CellValue]]
    notes: Sequence[str] = ()
    beneath: Sheet | None = None


@dataclass(frozen=True)
class Sheet:
    """A table: what the key of each block is, the names of its columns, its blocks.

    `figures` are columns of numbers, to the right on a terminal; people see the sign of those that are `signed`. `details` are
    left out for people where all are empty; on a narrow terminal they stand beneath the text of the column `main`, and those
    that all rows of a block share stand beneath it. People see the columns of `cut` up to `WIDEST_CUT` characters. Columns of
    `data` are in CSV and JSON alone.
    """

    key: str
    columns: Sequence[str]
    blocks: Sequence[Block]
    main: str = ""
    figures: frozenset[str] = frozenset()
    signed: frozenset[str] = frozenset()
    details: frozenset[str] = frozenset()
    cut: frozenset[str] = frozenset()
    data: frozenset[str] = frozenset()
    name: str = ""

    def text(self, row: Sequence[CellValue], place: int) -> str:
        """Return a cell of a row as people read it."""
        cell = row[place]
        sign = "+" if self.columns[place] in self.signed and isinstance(cell, float) and cell > 0 else ""
        text = sign + plain(cell)
        long = self.columns[place] in self.cut and len(text) > WIDEST_CUT
        return f"{text[: WIDEST_CUT - 1]}…" if long else text

    def shown(self) -> list[int]:
        """Return the places of the columns that people are shown."""
        rows = [row for block in self.blocks for row in block.rows]
        return [
            place
            for place, name in enumerate(self.columns)
            if name not in self.data and (name not in self.details or any(row[place] not in (None, "") for row in rows))
        ]


def visible(text: str) -> str:
    """Return a text on one line, its control and direction characters spelled out: neither a terminal nor a log obeys it."""
    return spelled_out(" ".join(text.split()))


MARKS: Mapping[PartKind, tuple[str, str]] = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
"""The marks of changed words, as by `git diff --word-diff`: without colour, too."""


def plain(cell: CellValue) -> str:
    """Return a cell as text."""
    if isinstance(cell, tuple):
        return "".join(f"{MARKS[part.kind][0]}{part.text}{MARKS[part.kind][1]}" for part in cell)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.3f}" if abs(cell) < 100_000 else f"{cell:.3g}"
    return "" if cell is None else str(cell)


def visible_within(text: str) -> str:
    """Return a passage on one line, with the space at its ends."""
    return visible(f"|{text}|")[1:-1]
