"""Judge responses of the simulated world by what they show, with a known error rate."""

from __future__ import annotations

from collections.abc import Sequence

from rubrictool.rows.records import Criterion, JudgingMode, Prompt, Response, Verdict
from rubrictool.simulation.world import World, shown

LEAVES_OUT = "Leaves out"
COIN = "Falls heads: coin"


class SimulatedJudge:
    """A judge whose errors are drawn by response and criterion: they persist, and are the same in every run."""

    name = "simulated"
    judging: JudgingMode = "all-at-once"

    def __init__(self, world: World) -> None:
        self._world = world

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        """Return one verdict per criterion."""
        assert prompt.id == response.prompt_id
        return [Verdict(id=criterion.id, met=self.met(criterion.criterion, response)) for criterion in criteria]

    def met(self, criterion: str, response: Response) -> bool:
        """Return the verdict on one criterion by its text. A coin's is drawn by response, whatever the response shows."""
        names = (response.prompt_id, response.id, criterion)
        if criterion.startswith(COIN):
            return self._world.uniform("coin", *names) < 0.5
        errs = self._world.judge_error > 0 and self._world.uniform("judge", *names) < self._world.judge_error
        return _true(criterion, response) != errs


def _true(criterion: str, response: Response) -> bool:
    return (shown(criterion) <= shown(response.response)) != criterion.startswith(LEAVES_OUT)
