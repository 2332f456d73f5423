"""Print the scores of each model at the end of `score`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rubrictool.analysis.model_scores import ModelScores
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


def _row(one: ModelScores) -> tuple[str, ...]:
    figures = (number(one.mean), number(one.sd_prompts), number(one.tied_at_top))
    return (one.model or "no model", f"{one.prompts:,}", f"{one.responses:,}", *figures)
