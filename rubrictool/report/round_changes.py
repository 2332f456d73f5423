"""Tell what a round of a trace did to each criterion, and what the rubric was before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from rubrictool.rows.records import Criterion
from rubrictool.rows.traces import Changes, Round


class Passage(NamedTuple):
    """A part of a text that stayed, was removed or was added."""

    kind: Literal["same", "removed", "added"]
    text: str


class RoundChange(NamedTuple):
    """A criterion that a round added (`before` is None), dropped (`after` is None) or changed."""

    before: Criterion | None
    after: Criterion | None

    @property
    def kind(self) -> Literal["added", "dropped", "changed"]:
        """Return what the round did."""
        return "added" if self.before is None else "dropped" if self.after is None else "changed"

    @property
    def reweighted(self) -> bool:
        """Return whether a changed criterion has another weight than before."""
        return self.before is not None and self.after is not None and self.before.weight != self.after.weight

    def words(self) -> list[Passage]:
        """Return the text before and after; one that stayed comes once."""
        old, new = (one.criterion if one else "" for one in (self.before, self.after))
        parts = [Passage("same", new)] if old == new else [Passage("removed", old), Passage("added", new)]
        return [part for part in parts if part.text]


def round_changes(changes: Changes) -> list[RoundChange]:
    """Return the criteria that a proposal added, changed and dropped, in this order."""
    return [
        *(RoundChange(None, one) for one in changes.added),
        *(RoundChange(one.before, one.after) for one in changes.rewritten),
        *(RoundChange(one, None) for one in changes.dropped),
    ]


def rubrics_of_rounds(
    criteria: Sequence[Criterion], rounds: Sequence[Round]
) -> Iterator[tuple[str, Sequence[Criterion]]]:
    """Yield the hash and the criteria of each rubric of a prompt, from that after the last round back to the first."""
    for one in sorted(rounds, key=lambda one: -one.round):
        if one.accepted:
            yield one.after.rubric, criteria
            criteria = _undone(criteria, one.changes)
        yield one.before.rubric, criteria


def _undone(criteria: Sequence[Criterion], changes: Changes) -> Sequence[Criterion]:
    new, old = {one.id for one in changes.added}, {one.id: one.before for one in changes.rewritten}
    return (*(old.get(one.id, one) for one in criteria if one.id not in new), *changes.dropped)
