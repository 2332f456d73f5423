"""A proposer that is shown each pair in both orders, so that what comes of the order does not get into the rubric."""

from __future__ import annotations

from collections.abc import Sequence

from rubrictool.judging.protocols import Proposer
from rubrictool.linting.rewording import says_again
from rubrictool.models.gather import gather_all
from rubrictool.questions.separate import JudgedResponse
from rubrictool.rows.records import Criterion, Prompt, can_score
from rubrictool.rubric.amend import Item, Proposal, amend


class OrderSwap:
    """A proposer of whose answers to a pair and to the same pair turned round counts what they agree on."""

    def __init__(self, proposer: Proposer) -> None:
        self.name, self.proposer = proposer.name, proposer

    async def propose(self, prompt: Prompt) -> Proposal:
        """A first rubric: there is no pair to turn round. Raises `ModelFailure`."""
        return await self.proposer.propose(prompt)

    async def separate(
        self, prompt: Prompt, criteria: Sequence[Criterion], first: JudgedResponse, second: JudgedResponse
    ) -> Proposal:
        """What both orders would change. Raises `ModelFailure` where either answer could not be had."""
        one, other = await gather_all(
            self.proposer.separate(prompt, criteria, first, second),
            self.proposer.separate(prompt, criteria, second, first),
        )
        return agreed(criteria, one, other, proposer=self.name)


def agreed(criteria: Sequence[Criterion], one: Proposal, other: Proposal, *, proposer: str) -> Proposal:
    """The changes that two proposals have in common, in the words of the first.

    A criterion goes if both drop it, and is new, or rewritten, if the other's says the same. All else stays.
    """
    ours, theirs = (amend(criteria, proposal, proposer=proposer).changes for proposal in (one, other))
    rewritten = {rewrite.id: rewrite.after for rewrite in theirs.rewritten}
    dropped = {criterion.id for criterion in ours.dropped} & {criterion.id for criterion in theirs.dropped}
    new = {r.id: r.after for r in ours.rewritten if r.id in rewritten and _same(r.after, rewritten[r.id])}
    added = [criterion for criterion in ours.added if any(_same(criterion, their) for their in theirs.added)]
    # Every criterion is named, for an answer that names none is a whole new rubric.
    kept = [_item(new[c.id], name=c.id) if c.id in new else Item(id=c.id) for c in criteria if c.id not in dropped]
    proposal = Proposal((*kept, *map(_item, added)), frozenset(dropped))
    # Two whole new rubrics in different words agree on nothing but that the old one goes.
    left = amend(criteria, proposal, proposer=proposer).criteria
    return proposal if can_score(left) else Proposal(tuple(Item(id=criterion.id) for criterion in criteria))


def _same(one: Criterion, other: Criterion) -> bool:
    return one.check == other.check if one.check or other.check else says_again(one.criterion, other.criterion)


def _item(criterion: Criterion, *, name: str | None = None) -> Item:
    given = {field: getattr(criterion, field) for field in ("criterion", "weight", "dimension", "check")}
    fields = {field: value for field, value in given.items() if value is not None}
    return Item(id=name, **fields) if name else Item(**fields)
