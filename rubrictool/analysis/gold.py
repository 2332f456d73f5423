"""The gold signal that scores are held to: labels, preferences or a stronger judge's scores, from a file or the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from rubrictool.analysis.tails import win_shares
from rubrictool.errors import InputError
from rubrictool.rows.joins import Texts, within_reach
from rubrictool.rows.jsonl import STDIN, Rows
from rubrictool.rows.records import Response, ResponseText, Scored, Winner
from rubrictool.rubric.weights import TIE

OWN = "quality"
"""The column that is gold where nothing else is said."""

Key = tuple[str, str]
"""A response by its prompt's id and its own."""


@dataclass(frozen=True)
class Gold:
    """How good each response is, under the name of where that comes from.

    `preferred` is there for preferences: by prompt the mean credit in [0, 1] of the first of two responses.
    """

    name: str
    values: Mapping[Key, float]
    preferred: Mapping[str, Mapping[tuple[str, str], float]] | None = None


class GoldRow(Response):
    """A row of a gold file: a response with a label or a score (its text may be missing), or a comparison of two."""

    response: ResponseText = ""
    a: str | None = None
    b: str | None = None
    winner: Winner | None = None
    preference: Annotated[float, Field(ge=0, le=1)] | None = None

    @property
    def credit(self) -> float | None:
        """What `a` earns in a comparison, None for a row that is none."""
        return self.preference if self.winner is None else {"a": 1.0, "tie": 0.5, "b": 0.0}[self.winner]


def place(gold: str | None) -> tuple[str | None, str | None]:
    """The file and the column that FILE[:COLUMN] names, None for what it leaves open."""
    if gold is None or gold == STDIN or Path(gold).exists():
        return gold, None
    file, colon, column = gold.rpartition(":")
    return (file, column) if colon and file and column else (gold, None)


def own_gold(files: Sequence[tuple[str, Iterable[tuple[int, Scored]]]]) -> Gold:
    """The column `quality` of score rows, given as files of numbered lines.

    Raises `InputError` where it is missing or files differ in it.
    """
    values: dict[Key, float] = {}
    for name, rows in files:
        for line, row in rows:
            value = _number(row.unknown().get(OWN), f"{name}:{line}", OWN)
            known = values.setdefault((row.prompt_id, row.id), value) if value is not None else None
            if value is not None and known is not None and abs(known - value) > TIE:
                told = f"{row.id} has {value:g}, in an earlier file {known:g}"
                raise InputError(f"{name}:{line}: {OWN}: {told}; give --gold FILE")
    if not values:
        raise InputError(f"{files[0][0]}: has no column {OWN}; name what the scores are held to: --gold FILE[:COLUMN]")
    return Gold(OWN, values)


def gold_from(path: str, column: str | None, texts: Texts, *, flag: str = "--gold") -> Gold:
    """The labels, scores or preferences of a file, which `flag` names.

    Raises `InputError` for a file of none of them, or of several.
    """
    rows = Rows(path, GoldRow)
    compared = sum(row.credit is not None for _, row in texts.checked(rows))
    if column is None and compared:
        return _preferences(rows)
    kinds = [column] if column else [OWN, "score"]
    named = next((kind for kind in kinds if any(kind in row.unknown() for _, row in rows)), None)
    if named is None:
        wanted = f"column {column}" if column else f"column {OWN} or score, and no comparisons"
        raise InputError(f"{rows.name}: has no {wanted}; name one with {flag} FILE:COLUMN")
    values: dict[Key, float] = {}
    for line, row in rows:
        value = _number(row.unknown().get(named), f"{rows.name}:{line}", named)
        if value is not None:
            values[row.prompt_id, row.id] = value
    return Gold(f"{rows.name}:{named}", values)


def _number(value: Any, where: str, column: str) -> float | None:
    """A label as a number, None where there is none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{where}: {column}: must be a number")
    within_reach(value, where, column)
    return float(value)


def _preferences(rows: Rows[GoldRow]) -> Gold:
    """Gold from comparisons: who wins each, and as each response's value the share of its comparisons that it wins."""
    found: dict[str, dict[tuple[str, str], list[float]]] = {}
    for line, row in rows:
        if row.credit is None or row.a is None or row.b is None:
            raise rows.error(line, "needs `a`, `b` and `winner` (or `preference`), as the file's other rows have")
        if row.a == row.b:
            raise rows.error(line, f"b: {row.a!r} is compared with itself")
        turned = row.a > row.b
        both, credit = ((row.b, row.a), 1 - row.credit) if turned else ((row.a, row.b), row.credit)
        found.setdefault(row.prompt_id, {}).setdefault(both, []).append(credit)
    preferred = {prompt: {both: sum(of) / len(of) for both, of in pairs.items()} for prompt, pairs in found.items()}
    values = {(prompt, name): won for prompt, of in preferred.items() for name, won in win_shares(of).items()}
    return Gold(f"preferences of {rows.name}", values, preferred)
