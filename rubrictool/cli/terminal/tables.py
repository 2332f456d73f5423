"""Lay out figures for people: columns under their heads, estimates with intervals, names without control characters."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rubrictool.text.wording import spelled_out

if TYPE_CHECKING:
    from rubrictool.analysis.estimators.intervals import Estimate, Figure

NONE = "-"
LONGEST_NAME = 120
NARROWEST_NAME = 12
MOST_ROWS = 20
"""Rows of a table that a person reads; whoever wants them all reads the output."""


def interval(estimate: Estimate | Figure | None) -> str:
    """Return a figure as text, with its interval where it has one."""
    if estimate is None or estimate.low is None:
        return number(estimate and estimate.value)
    return f"{number(estimate.value)} [{number(estimate.low)}, {number(estimate.high)}]"


def signed(estimate: Figure | None) -> str:
    """Return a difference with its sign, and its interval where it has one."""
    if estimate is None or estimate.low is None:
        return NONE if estimate is None else f"{estimate.value:+.3f}"
    return f"{estimate.value:+.3f} [{estimate.low:+.3f}, {estimate.high:+.3f}]"


def number(value: float | None) -> str:
    """Return a figure without an interval as text."""
    if value is None:
        return NONE
    return f"{value:.3f}" if abs(value) < 100_000 else f"{value:.3g}"


def shown(name: str, *, width: int = LONGEST_NAME) -> str:
    """Return a name from a file on one line of at most `width` cells; control characters are spelled out."""
    from rich.cells import cell_len, set_cell_size

    spelled = spelled_out(name)
    return spelled if cell_len(spelled) <= width else set_cell_size(spelled, width - 1).rstrip() + "…"


def judge_name(judge: tuple[str, str], *, width: int = LONGEST_NAME) -> str:
    """Return a judge's name and, in brackets, how it was asked."""
    name, judging = judge
    return shown(f"{name or 'a judge without a name'}" + (f" ({judging})" if judging else ""), width=width)


def table_width() -> int:
    """Return the width of the terminal on stderr (or `COLUMNS`), 60 to 120 cells; 80 without a terminal."""
    if not (sys.stderr and sys.stderr.isatty()):
        return 80
    told = os.environ.get("COLUMNS", "")
    columns = int(told) if told.isdigit() else os.get_terminal_size(sys.stderr.fileno()).columns
    return min(max(columns or 80, 60), 120)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, most: int | None = None) -> Iterator[str]:
    """Columns under their heads, no wider than the terminal: names to the left, folded where they must be, figures to the right.

    With `most`, so many rows at most; how many more there are is said beneath.
    """
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table

    names = max(cell_len(shown(row[0])) for row in (heads, *rows[:most]))
    figures = sum(
        2 + max(map(cell_len, column)) for column in zip(*(row[1:] for row in (heads, *rows[:most])), strict=True)
    )
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column(shown(heads[0]), overflow="fold")
    for head in heads[1:]:
        grid.add_column(shown(head), justify="right", no_wrap=True)
    for name, *cells in rows[:most]:
        grid.add_row(shown(name), *cells)
    # Figures are never cut: where they leave too little room, lines are longer than the terminal.
    width = max(table_width() - 2, figures + min(names, NARROWEST_NAME))
    console = Console(width=width, color_system=None, markup=False, emoji=False, highlight=False)
    with console.capture() as drawn:
        console.print(grid)
    yield from (f"  {line}".rstrip() for line in drawn.get().splitlines())
    if most is not None and len(rows) > most:
        yield f"  … and {len(rows) - most} more; the output has all"


def legend(text: str) -> Iterator[str]:
    """Return the lines beneath tables."""
    return (f"  {line}" for line in textwrap.wrap(text, table_width() - 4))
