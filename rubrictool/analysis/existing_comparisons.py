"""Read comparisons that were made before: rubrictool's, other people's, AlpacaEval's annotations."""

from __future__ import annotations

from typing import Any, NamedTuple

from rubrictool.errors import InputError
from rubrictool.rows.columns import Row
from rubrictool.rows.ids import prompt_key
from rubrictool.rows.joins import filled
from rubrictool.rows.jsonl import Rows, Source, validated
from rubrictool.rows.records import Comparison, ExternalComparison

Compared = ExternalComparison | Comparison
"""A comparison of two responses, made by rubrictool or elsewhere."""


class ExistingComparisons(NamedTuple):
    """Comparisons, and the number of rows that hold none (a null preference in AlpacaEval's annotations)."""

    rows: list[ExternalComparison]
    dropped: int


def read_comparisons(source: Source) -> ExistingComparisons:
    """Return the comparisons of a source. Raises `InputError` for other rows, and where there is no comparison."""
    rows = Rows(source, Row, name="comparisons")
    columns = filled([(line, _from_alpaca_eval(_compared(rows, line, row))) for line, row in rows], rows.name)
    kept = [validated(ExternalComparison, value, f"{rows.name}:{line}") for line, value in columns if value is not None]
    if not kept:
        raise InputError(f"{rows.name}: contains no comparison, only rows without a preference")
    return ExistingComparisons(kept, len(columns) - len(kept))


def _compared(rows: Rows[Row], line: int, row: Row) -> dict[str, Any]:
    """Return the columns of a row. Raises `InputError` for the row of a response, which is half of a comparison."""
    columns = row.columns()
    if columns.keys() & {"response", "responses"} and not columns.keys() & {"winner", "preference"}:
        raise rows.error(
            line,
            "holds responses, not a comparison; give a second file, the responses to compare these with",
            code="second_system",
        )
    return columns


def _from_alpaca_eval(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the columns of a comparison, None for a row without a preference.

    AlpacaEval's preferences run from 1 to 2 for output_2, which becomes `a`; 0 and 1.5 are draws.
    """
    if "generator_1" not in row or "generator_2" not in row:
        return row
    preference = row.pop("preference", None)
    if preference is None:
        return None
    share = 0.5 if preference == 0 else preference - 1 if isinstance(preference, int | float) else preference
    systems = {"system_a": row["generator_2"], "system_b": row["generator_1"]}
    return {"prompt_id": prompt_key(str(row.get("instruction", ""))), **systems, **row, "preference": share}
