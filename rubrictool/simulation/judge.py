"""Judge responses of the simulated world by what they show, with a known error rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rubrictool.rows.records import Criterion, JudgingMode, Prompt, Response, Verdict
from rubrictool.simulation.draws import Keys, Numbers, keys, uniforms
from rubrictool.simulation.world import Shows, World, attributes, response_keys, shown

LEAVES_OUT = "Leaves out"
COIN = "Falls heads: coin"


class _Asked(NamedTuple):
    """Criteria as the judge reads them: the keys of its errors, the places of the attributes that they name, and their kinds."""

    keys: Keys
    attributes: list[int]
    reversed: NDArray[np.bool_]
    coins: NDArray[np.bool_]


class SimulatedJudge:
    """A judge whose errors are drawn by response and criterion: they persist, and are the same in every run.

    It counts the responses (`calls`) and the verdicts that it was asked for.
    """

    name = "simulated"

    def __init__(self, world: World, judging: JudgingMode = "all-at-once") -> None:
        self._world, self.judging = world, judging
        self.calls = self.asked = 0
        self._known: dict[tuple[str, tuple[str, ...]], _Asked] = {}

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        """Return one verdict per criterion."""
        assert prompt.id == response.prompt_id
        self.calls, self.asked = self.calls + 1, self.asked + len(criteria)
        met = self.met([criterion.criterion for criterion in criteria], response)
        return [Verdict(id=criterion.id, met=yes) for criterion, yes in zip(criteria, met, strict=True)]

    def met(self, criteria: Sequence[str], response: Response) -> list[bool]:
        """Return the verdicts on criteria by their texts."""
        there = shown(response.response)
        row = np.array([[attribute.name in there for attribute in attributes(self._world, response.prompt_id)]])
        verdicts: list[bool] = self.judged(response.prompt_id, criteria, [str(response.id)], row)[0].tolist()
        return verdicts

    def judged(self, prompt_id: str, criteria: Sequence[str], ids: Sequence[str], shows: Shows) -> Shows:
        """Return the verdicts on many responses by their ids and what they show, shape (responses, criteria).

        A coin's is drawn by response, whatever the response shows.
        """
        asked = self._read(prompt_id, tuple(criteria))
        lots = uniforms(response_keys(self._world, prompt_id, ids), asked.keys)
        true = shows[:, asked.attributes] != asked.reversed
        errs = lots < np.where(true, self._world.judge_error, self._false_yes(prompt_id, shows)[:, None])
        verdicts: Shows = np.where(asked.coins, lots < 0.5, true != errs)
        return verdicts

    def _read(self, prompt_id: str, criteria: tuple[str, ...]) -> _Asked:
        if (prompt_id, criteria) not in self._known:
            places = {attribute.name: place for place, attribute in enumerate(attributes(self._world, prompt_id))}
            self._known[prompt_id, criteria] = _Asked(
                keys(0, (("judge", text) for text in criteria)),
                [places[next(iter(shown(text)), "obvious point 1")] for text in criteria],
                np.array([text.startswith(LEAVES_OUT) for text in criteria]),
                np.array([text.startswith(COIN) for text in criteria]),
            )
        return self._known[prompt_id, criteria]

    def _false_yes(self, prompt_id: str, shows: Shows) -> Numbers:
        """Return for each response the chance that a criterion it does not meet is taken for met."""
        world, chances = self._world, np.full(len(shows), self._world.judge_error)
        if world.flattered:
            style = [attribute.kind == "style" for attribute in attributes(world, prompt_id)]
            chances += world.flattered * shows[:, style].mean(axis=1) ** 3
        if world.swayed:
            chances += world.swayed * shows.mean(axis=1) ** 3
        return chances
