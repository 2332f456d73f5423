"""Write a table for a terminal: as wide as that is, the details of a row beneath its text where there is no room beside it."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from rubrictool.cli.terminal.colours import painted, takes_colour
from rubrictool.cli.terminal.sheets import MARKS, Block, CellValue, Sheet, Words, visible, visible_within
from rubrictool.cli.terminal.tables import shown
from rubrictool.text.word_diff import PartKind

_LEAST_MAIN = 44
"""Cells that the main column needs beside its details; with fewer, they go beneath it."""

_WIDEST_DETAIL = 24

_NARROW_DETAIL = 5
"""Cells of a detail that stays beside the main column."""


def terminal_lines(sheet: Sheet) -> Iterator[str]:
    """Yield a table as lines for standard output."""
    from rich.console import Console

    colours = takes_colour(sys.stdout)
    system: Any = "standard" if colours else None
    console = Console(width=screen_width(), color_system=system, force_terminal=colours, legacy_windows=False)
    layout = _Layout.of(sheet, console.width)
    for block in sheet.blocks:
        shared = _shared(sheet, block)
        if block.title:
            yield painted(_harmless(shown(visible(block.title), width=console.width)), "bold", sys.stdout)
        if block.rows:
            with console.capture() as drawn:
                console.print(_grid(sheet, block, layout.without(shared)), markup=False, emoji=False, highlight=False)
            yield from (_harmless(f"  {line}".rstrip()) for line in drawn.get().splitlines())
        notes = [*_named(sheet, block.rows[0], shared), *block.notes] if shared else block.notes
        yield from (_harmless(f"  {line}") for note in notes for line in _wrapped(note, console))
        yield ""
        for part in _parts(block.beneath, console.width) if block.beneath else ():
            yield from terminal_lines(part)


def _parts(sheet: Sheet, width: int) -> Iterator[Sheet]:
    """Yield a table of figures in parts that a terminal has room for, each with the first column."""
    room = width - _width(sheet, 0) - 2
    widths = [_width(sheet, place) + 2 for place in range(len(sheet.columns))]
    begin = 1
    while begin < len(widths):
        end = begin + 1
        while end < len(widths) and sum(widths[begin : end + 1]) <= room:
            end += 1
        places = (0, *range(begin, end))
        blocks = [replace(one, rows=[[row[place] for place in places] for row in one.rows]) for one in sheet.blocks]
        yield replace(sheet, columns=[sheet.columns[place] for place in places], blocks=blocks)
        begin = end


def _wrapped(note: str, console: Any) -> Iterator[str]:
    """Yield a sentence in lines of so many cells, of which some characters take two."""
    from rich.text import Text

    yield from (line.plain.rstrip() for line in Text(visible(note)).wrap(console, console.width, overflow="fold"))


def _shared(sheet: Sheet, block: Block) -> list[int]:
    """Return the places of the details that all of several rows have alike."""
    rows = block.rows
    details = [place for place in sheet.shown() if sheet.columns[place] in sheet.details]
    return [place for place in details if len(rows) > 1 and all(row[place] == rows[0][place] for row in rows)]


def _harmless(line: str) -> str:
    """Return a line that the log of a CI system shows and does not obey (`::error::`, `##[error]`)."""
    text = line.lstrip()
    return line.replace(text, f"\\{text}", 1) if text.startswith(("::", "##[")) else line


class _Layout(NamedTuple):
    """The places of the columns side by side, and of those beneath the main one."""

    across: Sequence[int]
    beneath: Sequence[int]

    def without(self, places: Collection[int]) -> _Layout:
        """Return the layout without these places."""
        return _Layout(*([place for place in side if place not in places] for side in self))

    @classmethod
    def of(cls, sheet: Sheet, width: int) -> _Layout:
        """Return the columns side by side where the main one has room enough."""
        shown = sheet.shown()
        details = [place for place in shown if sheet.columns[place] in sheet.details]
        taken = sum(_width(sheet, place) + 2 for place in shown if sheet.columns[place] != sheet.main)
        if not sheet.main or width - taken >= _LEAST_MAIN:
            return cls(shown, ())
        wide = [place for place in details if _width(sheet, place) > _NARROW_DETAIL]
        return cls([place for place in shown if place not in wide], wide)


def _width(sheet: Sheet, place: int) -> int:
    """Return the cells that a column takes; details are folded."""
    from rich.cells import cell_len

    texts = [
        visible(sheet.columns[place]),
        *(visible(sheet.text(row, place)) for block in sheet.blocks for row in block.rows),
    ]
    widest = max(map(cell_len, texts))
    return widest if sheet.columns[place] in sheet.figures else min(widest, _WIDEST_DETAIL)


def _grid(sheet: Sheet, block: Block, layout: _Layout) -> Any:
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place in layout.across:
        name = sheet.columns[place]
        figure = name in sheet.figures
        widest = None if figure or not sheet.main or name == sheet.main else _width(sheet, place)
        grid.add_column(
            Text(visible(name)), justify="right" if figure else "left", no_wrap=figure, overflow="fold", width=widest
        )
    for row in block.rows:
        grid.add_row(*(_cell(sheet, row, place, layout.beneath) for place in layout.across))
    return grid


def _cell(sheet: Sheet, row: Sequence[CellValue], place: int, beneath: Sequence[int]) -> Any:
    from rich.text import Text

    cell = row[place]
    text = _coloured(cell) if isinstance(cell, tuple) else Text(visible(sheet.text(row, place)))
    told = list(_named(sheet, row, beneath))
    if sheet.columns[place] == sheet.main and told:
        text.append("\n" + "; ".join(told), "dim")
    return text


def _named(sheet: Sheet, row: Sequence[CellValue], places: Sequence[int]) -> Iterator[str]:
    """Yield cells that are not empty, each behind the name of its column."""
    for place in places:
        if row[place] not in (None, ""):
            yield f"{sheet.columns[place]}: {visible(sheet.text(row, place))}"


_COLOURS: Mapping[PartKind, str] = {"same": "", "removed": "red", "added": "green"}


def _coloured(words: Words) -> Any:
    from rich.text import Text

    text = Text()
    for part in words:
        before, after = MARKS[part.kind]
        text.append(before + visible_within(part.text) + after, _COLOURS[part.kind])
    return text


def screen_width() -> int:
    """Return the cells that a table may take on standard output: those of its terminal, of COLUMNS, or 80."""
    told = os.environ.get("COLUMNS", "")
    columns = int(told) if told.isdecimal() else _terminal_columns()
    return max(columns or 80, 60) - 2


def _terminal_columns() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError, AttributeError):
        return 80
