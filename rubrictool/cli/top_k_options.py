"""What filter-top-k keeps as its flags say, and what it tells of places that a draw decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rubrictool.cli.session import Session
from rubrictool.rows.jsonl import Rows
from rubrictool.rows.records import Response, Row, Scored

TIED = "tied"
"""The column for how many tied rows drew lots for the place of a row."""


@dataclass(frozen=True)
class Choice:
    """How many rows to keep of a prompt, at most one per value of which column, and the seed of the draws."""

    k: int
    distinct: str | None
    seed: int

    def check(self, rows: Rows[Any], line: int, row: Response) -> None:
        """Raise `InputError` for a row without the column that the rows must differ in."""
        if self.distinct and _column(row, self.distinct) is None:
            remedy = f"add it, or leave --distinct {self.distinct} out"
            raise rows.error(line, f"{self.distinct}: field required by --distinct {self.distinct}; {remedy}")

    def value_of(self, row: Response) -> object:
        """What at most one of the kept rows of a prompt may have."""
        return str(_column(row, self.distinct)) if self.distinct else row.id


def marked(row: Scored, drawn_from: int) -> Row:
    """The row as it is written: with the size of the draw that decided, if one did, and without that of an earlier one."""
    columns = {name: value for name, value in row.columns().items() if name != TIED}
    return Row.model_validate(columns | ({TIED: drawn_from} if drawn_from > 1 else {}))


def tell_draws(session: Session, drawn: int, prompts: int, scores: str) -> None:
    """Say and count for how many prompts a draw decided."""
    session.figures |= {"prompts": prompts, "tied_prompts": drawn}
    if drawn:
        session.tell(
            f"filter-top-k: for {drawn} of {prompts} prompts a draw among {scores} decided whom to keep (column {TIED})"
        )


def _column(row: Response, name: str) -> Any:
    return row.columns().get(name)
