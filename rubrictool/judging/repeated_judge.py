"""A judge that is asked the same several times, so that a verdict tells how sure it is."""

from __future__ import annotations

from collections.abc import Sequence

from rubrictool.errors import ModelFailure
from rubrictool.judging.protocols import Judge
from rubrictool.models.gather import gather_all
from rubrictool.rows.records import Criterion, Prompt, Response, Verdict, Vote


class RepeatedJudge:
    """A judge made of the draws of another: what most of them say is met, and `p` is the share that does."""

    def __init__(self, draws: Sequence[Judge]) -> None:
        self.name, self.judging, self.draws = draws[0].name, draws[0].judging, draws

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        """One verdict per criterion, with that of each draw under `by`. Raises `ModelFailure` where one draw failed."""
        try:
            drawn = await gather_all(*(judge.verdicts(prompt, criteria, response) for judge in self.draws))
        except ModelFailure as failure:
            # The part that one draw brought is no part of what all would say.
            raise ModelFailure(failure.kind, failure.message, attempts=failure.attempts) from failure
        return [tallied(several) for several in zip(*drawn, strict=True)]


def tallied(several: Sequence[Verdict]) -> Verdict:
    """The verdicts of several samples on one criterion as one. Where as many say yes as no it is null: nothing is decided."""
    share = sum(verdict.met is True for verdict in several) / len(several)
    by = tuple(_vote(number, verdict) for number, verdict in enumerate(several))
    return Verdict(id=several[0].id, met=None if share == 0.5 else share > 0.5, p=share, by=by)


def _vote(number: int, verdict: Verdict) -> Vote:
    told = {name: value for name, value in verdict.columns().items() if name != "id"}
    return Vote.model_validate({"sample": number, **told})
