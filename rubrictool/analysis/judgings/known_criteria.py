"""Tell which verdicts are on the same criterion, also where different rubrics have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from rubrictool.analysis.judgings.verdict_rows import rubrics_by_hash
from rubrictool.rows.records import Criterion, Rubric

_EVERY = ""
"""In the place of a prompt's id: the rubric of whichever prompt has this hash."""

RubricKey = tuple[str, str]
"""The id of a prompt and the hash of a rubric that its responses were judged by."""


class KnownCriteria:
    """Look up criteria by the prompt and the rubric hash of a score row, in rubrics and in what a trace holds of others."""

    def __init__(self, rubrics: Iterable[Rubric], traced: Iterable[tuple[RubricKey, Sequence[Criterion]]] = ()) -> None:
        self._criteria = {
            key: {one.id: one for one in criteria} for key, criteria in chain(traced, _of_rubrics(rubrics))
        }

    def of(self, prompt_id: str, rubric: str) -> Mapping[str, Criterion]:
        """Return the criteria of the rubric with this hash by their ids; none where nothing has that rubric."""
        # A hash does not cover ids, so the prompt's own rubric comes first.
        return self._criteria.get((prompt_id, rubric)) or self._criteria.get((_EVERY, rubric)) or {}


def _of_rubrics(rubrics: Iterable[Rubric]) -> Iterator[tuple[RubricKey, Sequence[Criterion]]]:
    for rubric in rubrics:
        for name, variant in rubrics_by_hash(rubric).items():
            yield (_EVERY, name), variant.criteria
            yield (rubric.id, name), variant.criteria


def judged_text(rubric: str, name: str, criterion: Criterion | None) -> str:
    """Return what all verdicts on one criterion share: its text; without its text its id within the rubric of that hash."""
    return criterion.criterion if criterion else f"{rubric} {name}"
