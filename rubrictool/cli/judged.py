"""Verdicts as files hold them: by judges or people, once or several times, some of them missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

from rubrictool.cli.inputs import rubric_for
from rubrictool.errors import InputError
from rubrictool.jsonl import Rows
from rubrictool.records import Number, Response, Row, Rubric, Vote
from rubrictool.rubrics import rubric_hash
from rubrictool.texts import digest

Key = tuple[str, str]
"""A response by its prompt's id and its own."""


class Judgement(Row):
    """What was said of one criterion: one verdict (null is not judged), or several under `by`."""

    id: str
    met: bool | None
    dimension: str | None = None
    by: Annotated[tuple[Vote, ...], Field(strict=False)] = ()


def _once(verdicts: tuple[Judgement, ...]) -> tuple[Judgement, ...]:
    if len({verdict.id for verdict in verdicts}) < len(verdicts):
        raise ValueError("two verdicts have the same criterion id; several on one criterion stand under `by`")
    return verdicts


class Judged(Response):
    """A response with what was said of it; its text, the score and whose verdicts they are may be missing."""

    response: str = ""
    score: Number | None = None
    verdicts: Annotated[tuple[Judgement, ...], Field(strict=False), AfterValidator(_once)] = ()
    judge: str = ""
    judging: str = ""
    rubric: str = ""

    @property
    def key(self) -> Key:
        """What it is joined by."""
        return self.prompt_id, self.id


def judged(*paths: str) -> list[list[Judged]]:
    """The rows of each file, without the texts. Raises `InputError` where one id stands for two texts."""
    texts: dict[Key, str] = {}
    return [_of_file(Rows(path, Judged, repeats=True), texts) for path in paths]


def _of_file(rows: Rows[Judged], texts: dict[Key, str]) -> list[Judged]:
    kept = []
    for line, row in rows:
        text = digest(row.response)
        if row.response and texts.setdefault(row.key, text) != text:
            raise rows.error(line, f"id: {row.id!r} stands for another text elsewhere; give each response its own id")
        kept.append(row.model_copy(update={"response": "", "prompt": None}))
    return kept


class Fact(NamedTuple):
    """What is known of a criterion; None is not told."""

    dimension: str | None = None
    weight: float | None = None
    checked: bool | None = None


class Facts:
    """What is known of the criteria that rows were judged by: from the rubrics, else from the verdicts themselves.

    A rubric tells of a row only if it is the one that the row was judged by; `strangers` counts the rows of others.
    """

    def __init__(self, rubrics: Mapping[str, Rubric] | None) -> None:
        self._rubrics, self.strangers = rubrics or {}, 0
        self._known: dict[int, Mapping[str, Fact]] = {}

    def rubric_of(self, row: Judged) -> Rubric | None:
        """The rubric that a row was judged by, None where it is not among the rubrics."""
        rubric = rubric_for(row.prompt_id, self._rubrics)
        if rubric is None or row.rubric in ("", rubric_hash(rubric.criteria)):
            return rubric
        return None

    def of(self, row: Judged) -> Mapping[str, Fact]:
        """By criterion, for each verdict of a row."""
        rubric = self.rubric_of(row)
        self.strangers += bool(self._rubrics) and rubric is None
        told = self._of_rubric(rubric) if rubric else {}
        return {verdict.id: told.get(verdict.id) or Fact(verdict.dimension) for verdict in row.verdicts}

    def _of_rubric(self, rubric: Rubric) -> Mapping[str, Fact]:
        if id(rubric) not in self._known:
            self._known[id(rubric)] = {c.id: Fact(c.dimension, c.weight, c.check is not None) for c in rubric.criteria}
        return self._known[id(rubric)]


def once_each(paths: Sequence[str]) -> None:
    """Raise `InputError` for a file that is named twice."""
    if twice := next((path for place, path in enumerate(paths) if path in paths[:place]), None):
        raise InputError(f"{twice}: is named twice; name each file of scores once")
