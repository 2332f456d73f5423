"""Lay out win rates as a table for a job summary."""

from __future__ import annotations

from collections.abc import Sequence

from rubrictool.analysis.win_rates import SystemComparison, WinRateReport
from rubrictool.cli.sheets import Block, CellValue, Sheet

_COLUMNS = ("system", "against", "win rate", "low", "high", "prompts", "wins", "losses", "ties", "flips", "sign-flip p")


def win_rate_sheet(report: WinRateReport, labels: tuple[str, str], notes: Sequence[str]) -> Sheet:
    """Return the pairs that are reported on; `labels` name the two systems of rows that name none."""
    rows = [_row(pair, labels) for pair in report.primary]
    told = ["low, high: the 95 % interval of the win rate", *notes]
    figures = frozenset(_COLUMNS[2:])
    return Sheet("", _COLUMNS, [Block("", "rubrictool winrate", rows, told)], figures=figures)


def _row(pair: SystemComparison, labels: tuple[str, str]) -> tuple[CellValue, ...]:
    rate = pair.rate
    names = tuple(pair.systems) if any(pair.systems) else labels
    counts = (rate.n, rate.wins, rate.losses, rate.ties, rate.flips)
    return (*names, rate.win_rate, rate.low, rate.high, *counts, rate.sign_flip_p)
