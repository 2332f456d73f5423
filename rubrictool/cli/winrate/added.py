"""Hold figures that an option adds to the report of `winrate`: corrected by people's labels, or at equal length or style."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rubrictool.analysis.comparisons.existing_comparisons import Compared
from rubrictool.cli.terminal.sheets import Sheet
from rubrictool.cli.winrate.threshold import ThresholdCheck
from rubrictool.steps.pairings import SystemPair


class AddedFigures(NamedTuple):
    """An addition to the report: figures under a name of the summary, lines, a table of the job summary.

    `checks` holds systems against a threshold by these figures, in the place of the win rates.
    """

    name: str
    figures: Any
    lines: Sequence[str]
    sheet: Sheet
    checks: Callable[[Sequence[SystemPair], float], list[ThresholdCheck]]


Adding = Callable[[Sequence[Compared]], AddedFigures]
"""Work out added figures from comparisons."""
