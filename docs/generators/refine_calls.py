"""The table of what the rounds of `refine` cost under each pool rule, counted on drawn pools."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import get_args

from rubrictool.questions.separate import JudgedResponse
from rubrictool.refinement.loop import refine
from rubrictool.refinement.options import RefineOptions
from rubrictool.refinement.pairs import PoolRule
from rubrictool.rows.records import Criterion, JudgingMode, Prompt, Response, Rubric
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.amend import Item, Proposal

PROMPTS, CANDIDATES, ROUNDS, FIRST, EACH = 50, 16, 4, 12, 3
"""Prompts, and for each of them: candidates, rounds, criteria of the first rubric, criteria that a round adds."""


@dataclass
class Counting:
    """A judge that counts: a candidate meets a criterion the sooner the better it is, and the easier the criterion is."""

    judging: JudgingMode
    name: str = "counting"
    judgements: int = 0
    verdicts_asked: int = 0
    distinct: set[tuple[str, str, str]] = field(default_factory=set)

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        """Count the question. Return verdicts that are drawn by the texts."""
        self.judgements += 1
        self.verdicts_asked += len(criteria)
        self.distinct |= {(prompt.id, response.id, criterion.criterion) for criterion in criteria}
        return [Verdict(id=c.id, met=_is_met(prompt.id, c.criterion, response.id)) for c in criteria]


@cache
def _is_met(prompt: str, criterion: str, response: str) -> bool:
    odds = _normal(f"{prompt} {response}") - _normal(f"{prompt} {criterion}")
    return random.Random(f"{prompt} {criterion} {response}").random() < 1 / (1 + math.exp(-odds))


@cache
def _normal(name: str) -> float:
    return random.Random(name).gauss(0, 1)


class _Adding:
    """A proposer that adds criteria of weights 1 to 3 each time."""

    name = "adding"

    async def propose(self, prompt: Prompt) -> Proposal:
        """Never asked: a first rubric is given."""
        raise NotImplementedError(prompt.id)

    async def separate(
        self, prompt: Prompt, criteria: Sequence[Criterion], first: JudgedResponse, second: JudgedResponse
    ) -> Proposal:
        """Return new criteria, drawn by the pair."""
        shown = sorted((first.response.id, second.response.id))
        draw = random.Random(f"{prompt.id} {shown} {len(criteria)}")
        items = (Item(criterion=f"{draw.random()}", weight=draw.choice((1, 2, 3))) for _ in range(EACH))
        return Proposal(tuple(items))


async def counts(pool_rule: PoolRule, judging: JudgingMode) -> Counting:
    """Return what refining the drawn prompts asks the judge under a pool rule."""
    judge = Counting(judging)
    for number in range(PROMPTS):
        draw = random.Random(number)
        prompt = Prompt(id=str(number), prompt="?")
        criteria = tuple(Criterion(criterion=f"first {n}", weight=draw.choice((1, 2, 3))) for n in range(FIRST))
        pool = [
            Response(id=str(n), prompt_id=prompt.id, model=f"m{n}", response=f"number {n}") for n in range(CANDIDATES)
        ]
        await refine(
            prompt,
            pool,
            judge=judge,
            proposer=_Adding(),
            rubric=Rubric(id=prompt.id, criteria=criteria),
            options=RefineOptions(pool_rule=pool_rule, rounds=ROUNDS, seed=number),
        )
    return judge


def table() -> None:
    """Print judge calls and verdicts per prompt for each pool rule, with the share of `drop-used`."""
    rows = []
    for rule in get_args(PoolRule):
        whole, alone = (asyncio.run(counts(rule, judging)) for judging in get_args(JudgingMode))
        rows.append((rule, [whole.judgements, alone.verdicts_asked, len(alone.distinct)]))
    base = dict(rows)["drop-used"]
    print(
        "\n| `--pool` | judge calls, all at once | verdicts per criterion | of these not in the cache |\n|---|---|---|---|"
    )
    for rule, figures in rows:
        cells = (f"{one / PROMPTS:.1f} ({one / of:.0%})" for one, of in zip(figures, base, strict=True))
        print(f"| `{rule}` | " + " | ".join(cells) + " |")
    print()


if __name__ == "__main__":
    table()
