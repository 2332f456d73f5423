"""Verdicts as files hold them: by judges or people, once or several times, some of them missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rubrictool.rows.joins import Texts, filled, rubric_for
from rubrictool.rows.jsonl import Rows
from rubrictool.rows.records import Number, Response, ResponseText, Rubric, Vote
from rubrictool.rubric.builtin_vetoes import defended
from rubrictool.rubric.weights import rubric_hash

Key = tuple[str, str]
"""A response by its prompt's id and its own."""


class _Verdict(BaseModel):
    """What was said of one criterion: one verdict (null is not judged), or several under `by`."""

    model_config = ConfigDict(strict=True, defer_build=True)

    id: str
    met: bool | None
    dimension: str | None = None
    by: Annotated[tuple[Vote, ...], Field(strict=False)] = ()


def _once(verdicts: tuple[_Verdict, ...]) -> tuple[_Verdict, ...]:
    if len({verdict.id for verdict in verdicts}) < len(verdicts):
        raise ValueError("two verdicts have the same criterion id; several on one criterion stand under `by`")
    return verdicts


class _Row(Response):
    """A response with what was said of it; its text, the score and whose verdicts they are may be missing."""

    response: ResponseText = ""
    score: Number | None = None
    verdicts: Annotated[tuple[_Verdict, ...], Field(strict=False), AfterValidator(_once)] = ()
    judge: str = ""
    judging: str = ""
    rubric: str = ""
    aggregate: Annotated[tuple[str, ...], Field(strict=False)] = ()


class Judged(NamedTuple):
    """What a row says of a response, and where it stands (`file:line`).

    `met`, `dimensions` and `by` have an entry for each of `criteria`, a tuple that rows of one rubric share: there may be
    millions of verdicts. Without lists, `by` is empty.
    """

    where: str
    prompt_id: str
    id: str
    model: str
    judge: str
    judging: str
    rubric: str
    score: Number | None
    aggregate: tuple[str, ...]
    criteria: tuple[str, ...]
    dimensions: tuple[str | None, ...]
    met: tuple[bool | None, ...]
    by: tuple[tuple[Vote, ...], ...]

    @property
    def key(self) -> Key:
        """What it is joined by."""
        return self.prompt_id, self.id


def judged(texts: Texts, *paths: str) -> list[list[Judged]]:
    """Return the rows of each file, without the texts. Raises `InputError` where one id stands for two texts."""
    shared: dict[tuple[str | None, ...], tuple[str | None, ...]] = {}
    return [filled(list(_of_file(Rows(path, _Row, repeats=True), texts, shared)), path) for path in paths]


def _of_file(rows: Rows[_Row], texts: Texts, shared: dict[Any, Any]) -> Iterator[Judged]:
    for line, row in texts.checked(rows):
        yield _judged(row, f"{rows.name}:{line}", shared)


def _judged(row: _Row, where: str, shared: dict[Any, Any]) -> Judged:
    criteria, dimensions = tuple(v.id for v in row.verdicts), tuple(v.dimension for v in row.verdicts)
    return Judged(
        where,
        row.prompt_id,
        row.id,
        row.model or "",
        row.judge,
        row.judging,
        row.rubric,
        row.score,
        row.aggregate,
        shared.setdefault(criteria, criteria),
        shared.setdefault(dimensions, dimensions),
        tuple(v.met for v in row.verdicts),
        tuple(v.by for v in row.verdicts) if any(v.by for v in row.verdicts) else (),
    )


class Fact(NamedTuple):
    """What is known of a criterion; None is not told."""

    dimension: str | None = None
    weight: float | None = None
    checked: bool | None = None


class CriterionIndex:
    """What is known of the criteria that rows were judged by: from the rubrics, else from the verdicts themselves.

    A rubric tells of a row only if it is the one that the row was judged by, with or without the vetoes of `score
    --defence`; `strangers` counts the rows of others.
    """

    def __init__(self, rubrics: Mapping[str, Rubric]) -> None:
        self._rubrics = rubrics
        self._judged_by = {name: _by_hash(rubric) for name, rubric in rubrics.items()}
        self.strangers = 0
        self._known: dict[Any, tuple[Fact, ...]] = {}

    def rubric_of(self, row: Judged) -> Rubric | None:
        """The rubric that a row was judged by, None where it is not among the rubrics."""
        rubric = rubric_for(row.prompt_id, self._rubrics)
        if rubric is None or not row.rubric:
            return rubric
        return self._judged_by[rubric.id].get(row.rubric)

    def undefended(self, row: Judged) -> str:
        """The hash of the rubric that a row was judged by, without the vetoes of the defence as far as that is known."""
        known = self._judged_by.get(rubric.id, {}) if (rubric := rubric_for(row.prompt_id, self._rubrics)) else {}
        return next(iter(known)) if row.rubric in known else row.rubric

    def of(self, row: Judged) -> tuple[Fact, ...]:
        """What is known of each criterion of a row."""
        rubric = self.rubric_of(row)
        self.strangers += bool(self._rubrics) and rubric is None
        key = id(rubric), row.criteria, row.dimensions
        if key not in self._known:
            told = {c.id: Fact(c.dimension, c.weight, c.check is not None) for c in rubric.criteria} if rubric else {}
            self._known[key] = tuple(
                told.get(name) or Fact(of) for name, of in zip(row.criteria, row.dimensions, strict=True)
            )
        return self._known[key]


def _by_hash(rubric: Rubric) -> Mapping[str, Rubric]:
    """A rubric by its hash, and after it with the vetoes of the defence, unless its own ids stand in their way."""
    found = {rubric_hash(rubric.criteria): rubric}
    try:
        vetoed = defended(rubric)
    except ValueError:
        return found
    return found | {rubric_hash(vetoed.criteria): vetoed}
