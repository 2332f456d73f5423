"""Define the rows of a trace: what each round of refinement saw, changed, decided."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import Field

from rubrictool.rows.columns import Row
from rubrictool.rows.records import Criterion

T = TypeVar("T")

# In a file they are lists.
Several = Annotated[tuple[T, ...], Field(strict=False)]
Two = Annotated[tuple[T, T], Field(strict=False)]


class Standing(Row):
    """A rubric by its hash, and the scores of the shown pair under it where something judged them."""

    rubric: str
    scores: Two[float | None]


class PoolEntry(Row):
    """One member of a round's pool.

    One that was not judged to the end has no score, but the lowest and the highest that it could still reach.
    """

    id: str
    model: str | None = None
    score: float | None = None
    low: float | None = None
    high: float | None = None


class Rewrite(Row):
    """A criterion before and after a proposal continued it with another text, weight or field."""

    id: str
    before: Criterion
    after: Criterion


class MergedCriteria(Row):
    """A criterion that stands for others, too, since a proposal merged them; `ids` are theirs."""

    id: str
    ids: Several[str]


class Changes(Row):
    """The effect of a proposal on a rubric: ids kept as they were, and the criteria added, rewritten and dropped.

    `merged` says which of the dropped criteria another one stands for.
    """

    kept: Several[str] = ()
    added: Several[Criterion] = ()
    rewritten: Several[Rewrite] = ()
    dropped: Several[Criterion] = ()
    merged: Several[MergedCriteria] = ()

    @property
    def none(self) -> bool:
        """Return whether nothing changes."""
        return not (self.added or self.rewritten or self.dropped)


class Refusal(Row):
    """A criterion of a proposal that was not taken, and why."""

    criterion: Criterion
    reason: str


OverfitRule = Literal["winner-only", "same-verdicts", "vacuous"]


class Overfit(Row):
    """A sign that a criterion fits the responses at hand and no others, and the number of responses that show it.

    `also` is the response that alone meets it (`winner-only`), or the criterion with the same verdicts (`same-verdicts`).
    """

    id: str
    rule: OverfitRule
    also: str | None = None
    responses: int


class Round(Row):
    """One round of refinement: the pool, the pair as shown, and what became of the proposal.

    `better` is the answer of the pair that the proposer finds better, by the order shown, and `why` its reason. `all_met` and
    `never_met` are criteria of the rubric before it that tell no two candidates apart, `compound` new ones that seem to ask
    for several things. `overfit` are signs of overfitting in criteria that the round wrote and that are in the last rubric,
    `few_verdicts` those of them that too few responses were judged on to tell.
    """

    prompt_id: str
    round: int
    pool: Several[PoolEntry]
    pair: Two[str] | None
    before: Standing
    after: Standing
    changes: Changes
    accepted: bool
    reason: str
    better: Literal["first", "second", "neither"] | None = None
    why: str | None = None
    refused: Several[Refusal] = ()
    all_met: Several[str] = ()
    never_met: Several[str] = ()
    compound: Several[str] = ()
    overfit: Several[Overfit] = ()
    few_verdicts: Several[str] = ()
