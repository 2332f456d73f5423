"""Group the criteria of rubrics: by the round of refinement that added them, by dimension, by proposer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from rubrictool.errors import InputError
from rubrictool.rows.joins import Texts, rubrics_by_prompt
from rubrictool.rows.jsonl import Rows, Source
from rubrictool.rows.records import Criterion, Rubric
from rubrictool.rows.traces import Round

Grouping = Literal["round", "dimension", "proposer"]
"""What criteria have in common in a group."""

INITIAL, LATER = "initial", "later"
"""The groups of criteria that the first rubric had, and of those that it had not."""

NO_DIMENSION, PERSON = "no dimension", "a person"

GroupOf = Callable[[str, Criterion], str]
"""The group of a criterion in the rubric with an id."""


def groups_of(
    by: Grouping, rubrics: Mapping[str, Rubric], earlier: Sequence[Source], trace: Source | None, texts: Texts
) -> GroupOf:
    """Return the group of each criterion.

    The round is told by a trace; else by the `earlier` rubrics, from the first on, a criterion belonging to the first that has
    its id; else by the criteria's own column `round`, 0 for the first rubric. Raises `InputError` where nothing tells it.
    """
    if by == "dimension":
        return lambda _, criterion: criterion.dimension or NO_DIMENSION
    if by == "proposer":
        return lambda _, criterion: PERSON if criterion.by_person else str(criterion.proposer)
    if trace is not None:
        return _by_trace(trace)
    return _by_earlier(earlier, texts) if earlier else _by_column(rubrics)


def _by_trace(trace: Source) -> GroupOf:
    added = {
        (row.prompt_id, criterion.id): row.round
        for _, row in Rows(trace, Round, name="trace")
        if row.accepted
        for criterion in row.changes.added
    }
    return lambda rubric, criterion: _round(added.get((rubric, criterion.id), 0))


def _by_earlier(earlier: Sequence[Source], texts: Texts) -> GroupOf:
    steps = [rubrics_by_prompt(source, texts) for source in earlier]
    names = [INITIAL, *(f"step {step}" for step in range(1, len(steps)))]
    known = {
        (rubric.id, criterion.id): name
        for name, rubrics in reversed(list(zip(names, steps, strict=True)))
        for rubric in rubrics.values()
        for criterion in rubric.criteria
    }
    last = LATER if len(steps) == 1 else f"step {len(steps)}"
    return lambda rubric, criterion: known.get((rubric, criterion.id), last)


def _by_column(rubrics: Mapping[str, Rubric]) -> GroupOf:
    if not any("round" in criterion.unknown() for rubric in rubrics.values() for criterion in rubric.criteria):
        raise InputError(
            "nothing tells in which round a criterion was added, such as a column round of the criteria, 0 for the first rubric;"
            " give the first rubrics, too, or the trace of the refinement",
            code="rounds",
        )
    return _told_round


def _told_round(rubric: str, criterion: Criterion) -> str:
    told = criterion.unknown().get("round", 0)
    if not isinstance(told, int) or isinstance(told, bool) or told < 0:
        raise InputError(f"rubric {rubric!r}: {criterion.id}: round: must be a whole number, 0 for the first rubric")
    return _round(told)


def _round(number: int) -> str:
    return f"round {number}" if number else INITIAL
