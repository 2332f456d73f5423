"""Comparisons that were made elsewhere, as files hold them: ours, other people's, AlpacaEval's annotations."""

from __future__ import annotations

from typing import Any

from rubrictool.rows.joins import filled
from rubrictool.rows.jsonl import Rows, validated
from rubrictool.rows.records import Outcome, Row, prompt_key


def finished(path: str) -> tuple[list[Outcome], int]:
    """The comparisons of a file, and how many rows hold none (a null preference in AlpacaEval's annotations)."""
    rows = Rows(path, Row)
    columns = filled([(line, _from_alpaca_eval(row.columns())) for line, row in rows], path)
    kept = [validated(Outcome, value, f"{rows.name}:{line}") for line, value in columns if value is not None]
    return kept, len(columns) - len(kept)


def _from_alpaca_eval(row: dict[str, Any]) -> dict[str, Any] | None:
    """A comparison of ours; AlpacaEval's preferences run from 1 to 2 for output_2, which is our a; 0 and 1.5 are draws."""
    if "generator_1" not in row or "generator_2" not in row:
        return row
    preference = row.pop("preference", None)
    if preference is None:
        return None
    share = 0.5 if preference == 0 else preference - 1 if isinstance(preference, int | float) else preference
    systems = {"system_a": row["generator_2"], "system_b": row["generator_1"]}
    return {"prompt_id": prompt_key(str(row.get("instruction", ""))), **systems, **row, "preference": share}
