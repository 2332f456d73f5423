"""Print the scores of each model at the end of `score`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rubrictool.analysis.model_scores import ModelScores, ScoreTally
from rubrictool.cli.sheets import Block, Sheet
from rubrictool.cli.tables import MOST_ROWS, legend, number, table

LEGEND = (
    "mean: of the prompts' means. sd: standard deviation of the prompts' means. tied at top: the share of prompts where the"
    " model has the highest score together with another candidate."
)


def score_lines(models: Sequence[ModelScores]) -> Iterator[str]:
    """Yield a row for each model, then what the columns mean."""
    yield ""
    yield from table(
        ("model", "prompts", "responses", "mean", "sd", "tied at top"), [_row(one) for one in models[:MOST_ROWS]]
    )
    if len(models) > MOST_ROWS:
        yield f"  … and {len(models) - MOST_ROWS} more; --summary has all"
    yield from legend(LEGEND)
    yield ""


def score_sheet(tally: ScoreTally, notes: Sequence[str]) -> Sheet:
    """Return the scores of all models as a table, with their mean and other sentences beneath it."""
    columns, mean = ("model", "prompts", "responses", "mean", "sd", "tied at top"), tally.mean()
    rows = [(one.model or "no model", *one[1:]) for one in tally.by_model()]
    told = ["no row was scored" if mean is None else f"mean of prompt means: {number(mean)}", *notes]
    return Sheet("", columns, [Block("", "rubrictool score", rows, told)], figures=frozenset(columns[1:]))


def _row(one: ModelScores) -> tuple[str, ...]:
    figures = (number(one.mean), number(one.sd_prompts), number(one.tied_at_top))
    return (one.model or "no model", f"{one.prompts:,}", f"{one.responses:,}", *figures)
