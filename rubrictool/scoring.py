"""Scoring responses with rubrics: checks first, then the judge, weights added up in one place."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rubrictool.checks import holds
from rubrictool.errors import ModelFailure
from rubrictool.records import Criterion, Prompt, Response, Rubric, Score, Verdict, joined
from rubrictool.roles import Judge
from rubrictool.rubrics import rubric_hash
from rubrictool.rubrics import score as weighted_share


async def score(prompt: Prompt, rubric: Rubric, response: Response, judge: Judge) -> Score:
    """A response with its score under a rubric and one verdict per criterion, in the rubric's order.

    Criteria with a check are decided by it and never shown to the judge. Raises `ModelFailure` where the judge did not
    decide; a judgement that failed is not a score.
    """
    found = await verdicts(prompt, rubric.criteria, response, judge)
    columns = joined(Score, response.columns(), prompt.unknown(), rubric.unknown())
    return Score.model_validate(
        columns
        | {"score": weighted_share(rubric.criteria, found), "verdicts": found}
        | {"judge": judge.name, "judging": judge.judging, "rubric": rubric_hash(rubric.criteria)}
    )


async def verdicts(
    prompt: Prompt, criteria: Sequence[Criterion], response: Response, judge: Judge
) -> tuple[Verdict, ...]:
    """One verdict per criterion, in order: by its check where it has one, else by the judge. Raises `ModelFailure`."""
    open_ones = [criterion for criterion in criteria if criterion.check is None]
    judged = await judge.verdicts(prompt, open_ones, response) if open_ones else []
    by_judge = {verdict.id: verdict for verdict in judged}
    return tuple(by_judge[c.id] if c.check is None else _checked(c, response) for c in criteria)


async def score_pool(
    prompt: Prompt, rubric: Rubric, pool: Sequence[Response], judge: Judge
) -> tuple[list[Score], list[ModelFailure]]:
    """The scores of those candidates that the judge could judge, and the failures of the others."""
    results = await asyncio.gather(
        *(score(prompt, rubric, response, judge) for response in pool), return_exceptions=True
    )
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, ModelFailure):
            raise result
    scores = [result for result in results if isinstance(result, Score)]
    return scores, [result for result in results if isinstance(result, ModelFailure)]


def _checked(criterion: Criterion, response: Response) -> Verdict:
    assert criterion.check is not None
    return Verdict(id=criterion.id, met=holds(criterion.check, response.response))
