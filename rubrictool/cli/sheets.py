"""Describe a table once, and write it for a terminal, as Markdown, CSV or JSON."""

from __future__ import annotations

import csv
import html
import io
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from rubrictool.cli.colours import painted, takes_colour
from rubrictool.cli.tables import shown
from rubrictool.rows.jsonl import encode_value
from rubrictool.text.patterns import linear
from rubrictool.text.word_diff import PartKind, TextPart
from rubrictool.text.wording import spelled_out

Rendering = Literal["terminal", "md", "csv", "json"]

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


def rendered(sheets: Sequence[Sheet], rendering: Rendering) -> Iterator[str]:
    """Yield the lines of tables. CSV and JSON hold all columns, and the key of each row's block beside them."""
    if rendering == "csv":
        yield from _csv(sheets)
    elif rendering == "json":
        yield encode_value([record for sheet in sheets for record in _records(sheet)])
    else:
        write = _markdown if rendering == "md" else _terminal
        for sheet in sheets:
            yield from write(sheet)


def visible(text: str) -> str:
    """Return a text on one line, its control and direction characters spelled out: neither a terminal nor a log obeys it."""
    return spelled_out(" ".join(text.split()))


_MARKS: Mapping[PartKind, tuple[str, str]] = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
"""The marks of changed words, as by `git diff --word-diff`: without colour, too."""


def plain(cell: CellValue) -> str:
    """Return a cell as text."""
    if isinstance(cell, tuple):
        return "".join(f"{_MARKS[part.kind][0]}{part.text}{_MARKS[part.kind][1]}" for part in cell)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.3f}" if abs(cell) < 100_000 else f"{cell:.3g}"
    return "" if cell is None else str(cell)


# A terminal

_LEAST_MAIN = 44
"""Cells that the main column needs beside its details; with fewer, they go beneath it."""

_WIDEST_DETAIL = 24

_NARROW_DETAIL = 5
"""Cells of a detail that stays beside the main column."""


def _terminal(sheet: Sheet) -> Iterator[str]:
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
            yield from _terminal(part)


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
        before, after = _MARKS[part.kind]
        text.append(before + _visible_within(part.text) + after, _COLOURS[part.kind])
    return text


def _visible_within(text: str) -> str:
    """Return a passage on one line, with the space at its ends."""
    return visible(f"|{text}|")[1:-1]


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


# Markdown

_MARKDOWN = linear(r"([\\`*_{}\[\]()#+\-.!|~>:@])")
_MARKDOWN_WORDS: Mapping[PartKind, tuple[str, str]] = {
    "same": ("", ""),
    "removed": ("<del>", "</del>"),
    "added": ("<ins>", "</ins>"),
}


_REFERENCE = linear(r"(?i)(\\[@#]|GH\\-)(\w)")
"""The beginning of a mention or an issue's number, its signs escaped: GitHub looks for these in what Markdown has become, too."""


def markdown(text: str) -> str:
    """Return a text that Markdown and HTML show as it is, on one line; GitHub neither mentions nor links anybody."""
    return _escaped(visible(text))


def _escaped(text: str) -> str:
    written = _REFERENCE.sub(r"\1&#8203;\2", _MARKDOWN.sub(r"\\\1", html.escape(text, quote=False)))
    # GitHub reads $x$ as mathematics, also behind a backslash.
    return written.replace("$", "<span>$</span>") if written.count("$") > 1 else written


def _markdown(sheet: Sheet) -> Iterator[str]:
    shown = sheet.shown()
    for block in sheet.blocks:
        if block.title:
            yield from (f"### {markdown(block.title)}", "")
        if block.rows:
            yield _piped([markdown(sheet.columns[place]) for place in shown])
            yield _piped(["---:" if sheet.columns[place] in sheet.figures else "---" for place in shown])
            yield from markdown_rows(sheet, block)
            yield ""
        if block.notes:
            yield from (*(f"- {markdown(note)}" for note in block.notes), "")
        if block.beneath:
            yield from _markdown(block.beneath)


def markdown_rows(sheet: Sheet, block: Block) -> Iterator[str]:
    """Yield the rows of a block as Markdown."""
    shown = sheet.shown()
    yield from (_piped([_markdown_cell(sheet, row, place) for place in shown]) for row in block.rows)


def _piped(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown_cell(sheet: Sheet, row: Sequence[CellValue], place: int) -> str:
    cell = row[place]
    if not isinstance(cell, tuple):
        return markdown(sheet.text(row, place))
    marked = ((_MARKDOWN_WORDS[part.kind], _escaped(_visible_within(part.text))) for part in cell)
    return "".join(f"{before}{text}{after}" for (before, after), text in marked)


# CSV and JSON

_OBEYED = linear(r"^\s*(?:[=+\-@＝＋－＠]|::|##\[)")


def safe_cell(text: str) -> str:
    """Return a text that neither a spreadsheet nor a CI log obeys: an apostrophe stands before a formula or a command (OWASP)."""
    return f"'{text}" if _OBEYED.search(text) else text


def _csv(sheets: Sequence[Sheet]) -> Iterator[str]:
    """Yield one table; where there are several, each row begins with the name of its own."""
    records = [record for sheet in sheets for record in _records(sheet)]
    names = list(dict.fromkeys(name for sheet in sheets for name in _names(sheet)))
    text = io.StringIO()
    written = csv.DictWriter(text, names, lineterminator="\n", restval="")
    written.writeheader()
    written.writerows({name: _csv_cell(value) for name, value in record.items()} for record in records)
    yield from text.getvalue().splitlines()


def _csv_cell(value: Any) -> Any:
    return safe_cell(visible(value)) if isinstance(value, str) else "" if value is None else value


def _names(sheet: Sheet) -> list[str]:
    return [*(["table"] if sheet.name else []), *([sheet.key] if sheet.key else []), *sheet.columns]


def _records(sheet: Sheet) -> Iterator[dict[str, Any]]:
    for block in sheet.blocks:
        head = [*([sheet.name] if sheet.name else []), *([block.key] if sheet.key else [])]
        for row in block.rows:
            cells = (plain(cell) if isinstance(cell, tuple) else cell for cell in row)
            yield dict(zip(_names(sheet), [*head, *cells], strict=True))
