"""Propose criteria in the simulated world from what pairs show, with known error rates."""

from __future__ import annotations

from collections.abc import Sequence

from rubrictool.questions.separate import JudgedResponse
from rubrictool.rows.records import Criterion, Prompt
from rubrictool.rubric.amend import Item, Proposal
from rubrictool.simulation.judge import LEAVES_OUT
from rubrictool.simulation.world import Attribute, World, attributes, shown

SHOWS = "Shows"


class SimulatedProposer:
    """A proposer that asks for what one response shows and the other does not.

    It has beliefs about each attribute of a prompt, true or false: whether it counts, and which way round. They hold
    for good. What it notices, and which old criteria it forgets, depends on the pair. Its weights are drawn.
    """

    name = "simulated"

    def __init__(self, world: World) -> None:
        self._world = world

    async def propose(self, prompt: Prompt) -> Proposal:
        """Return a first rubric: most of the obvious points, or the first of them if it were none."""
        obvious = [attribute for attribute in attributes(self._world, prompt.id) if attribute.kind == "obvious"]
        named = [point for point in obvious if self._chance("covers", prompt.id, point.name) < self._world.covers]
        return Proposal(tuple(self._item(prompt.id, point) for point in named or obvious[:1]))

    async def separate(
        self, prompt: Prompt, criteria: Sequence[Criterion], first: JudgedResponse, second: JudgedResponse
    ) -> Proposal:
        """Return the criteria it forgets as dropped, and new ones on what one of the two shows and the other does not."""
        pair = sorted((first.response.id, second.response.id))
        kept = [c for c in criteria if self._chance("forgets", prompt.id, *pair, c.criterion) >= self._world.forgets]
        new = self._noticed(prompt.id, pair, _differences(first, second) - _asked_for(criteria))
        dropped = frozenset(c.id for c in criteria if kept and c not in kept)
        return Proposal(tuple(self._item(prompt.id, attribute) for attribute in new), dropped)

    def _noticed(self, prompt_id: str, pair: Sequence[str], names: frozenset[str]) -> list[Attribute]:
        """Return which of the named attributes it writes about."""
        lots = {
            attribute: self._chance("notices", prompt_id, *pair, attribute.name)
            for attribute in attributes(self._world, prompt_id)
            if attribute.name in names and self._counts(prompt_id, attribute)
        }
        noticed = [attribute for attribute, lot in lots.items() if lot < self._world.notices]
        return sorted(noticed, key=lambda attribute: lots[attribute])[: self._world.most]

    def _counts(self, prompt_id: str, attribute: Attribute) -> bool:
        """Return whether it believes that the attribute matters: every point, and the style marks that mislead it."""
        return attribute.kind != "style" or self._chance("misled", prompt_id, attribute.name) < self._world.misled

    def _item(self, prompt_id: str, attribute: Attribute) -> Item:
        wrong = attribute.kind == "rare" and self._chance("wrong", prompt_id, attribute.name) < self._world.wrong
        weight = 1 + int(3 * self._chance("weighs", prompt_id, attribute.name))
        return Item(criterion=f"{LEAVES_OUT if wrong else SHOWS} the {attribute.name}.", weight=weight)

    def _chance(self, *names: str) -> float:
        return self._world.uniform("proposer", *names)


def _differences(first: JudgedResponse, second: JudgedResponse) -> frozenset[str]:
    return shown(first.response.response) ^ shown(second.response.response)


def _asked_for(criteria: Sequence[Criterion]) -> frozenset[str]:
    return frozenset(name for criterion in criteria for name in shown(criterion.criterion))
