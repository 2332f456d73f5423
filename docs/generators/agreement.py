"""Does the order that offline rubrics give agree with the quality labels of the sample data?

Run as `python docs/generators/agreement.py`; the table stands in docs/models.md. Three rubrics per prompt are compared over the
same pairs of responses: the first one, the one after four rounds, and a control that grew as much, with the same weights, by
random words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations, repeat
from pathlib import Path

import pandas as pd

import rubrictool as rt
from rubrictool.judging.protocols import Proposer
from rubrictool.questions.separate import JudgedResponse
from rubrictool.rows.checks import Check
from rubrictool.rubric.amend import Item, Proposal
from rubrictool.rubric.weights import TIE
from rubrictool.select.ranking import top_is_tied
from rubrictool.text.encoding import draw
from rubrictool.text.reasoning import without_reasoning
from rubrictool.text.words import normal, words

SAMPLE = Path(__file__).parents[2] / "sample_data" / "prompts.jsonl"
SEEDS = range(20)
TOP = 4


Weights = Mapping[tuple[str, int], Sequence[float]]
"""The weights of what a proposer added, by the prompt's id and the number of criteria there were before."""


class Watched:
    """Another proposer, and what it added in each round."""

    def __init__(self, other: Proposer) -> None:
        self.name, self._other = other.name, other
        self.added: dict[tuple[str, int], list[float]] = {}

    async def propose(self, prompt: rt.Prompt) -> Proposal:
        """The other's first rubric."""
        return await self._other.propose(prompt)

    async def separate(
        self, prompt: rt.Prompt, criteria: Sequence[rt.Criterion], first: JudgedResponse, second: JudgedResponse
    ) -> Proposal:
        """The other's proposal."""
        proposed = await self._other.separate(prompt, criteria, first, second)
        new = [item.weight for item in proposed.items if item.id is None and item.weight is not None]
        self.added[prompt.id, len(criteria)] = [float(weight) for weight in new]
        return proposed


class RandomWords:
    """A control: adds as many criteria as another proposer added, on random words that only one of the pair has."""

    name = "random-words"

    def __init__(self, added: Weights, seed: int) -> None:
        self._added, self._seed = added, seed

    async def propose(self, prompt: rt.Prompt) -> Proposal:
        """Nothing of its own: the control begins with a rubric that it is given."""
        raise NotImplementedError

    async def separate(
        self, prompt: rt.Prompt, criteria: Sequence[rt.Criterion], first: JudgedResponse, second: JudgedResponse
    ) -> Proposal:
        """New criteria with the other's weights on words that it did not have yet."""
        said = {text for c in criteria if c.check for text in c.check.contains or ()}
        lone = _lone_words(str(first.response.response), str(second.response.response))
        fresh = sorted(lone - said, key=lambda word: draw(self._seed, prompt.id, word))
        weights = self._added[prompt.id, len(criteria)]
        added = [
            Item(criterion=f'Has the word "{word}".', weight=weight, check=Check(contains=(word,)))
            for word, weight in zip(fresh, weights, strict=False)
        ]
        return Proposal(tuple(added))


def _lone_words(one: str, other: str) -> set[str]:
    """The words that stand in only one of two texts, also as a part of another word."""
    texts = normal(without_reasoning(one)), normal(without_reasoning(other))
    return {word for text in texts for word in words(text) if (word in texts[0]) != (word in texts[1])}


def measure() -> pd.DataFrame:
    """One row per rubric: how pairs of different quality are ordered, and how many prompts have a tie at the top."""
    first, after, added = asyncio.run(_offline())
    with ProcessPoolExecutor() as workers:
        control = pd.DataFrame(workers.map(_control, repeat(first), repeat(added), SEEDS))
    rows = [{"rubric": "first", **_agreement(first)}, {"rubric": "after four rounds", **_agreement(after)}]
    for name, figures in (("mean", control.mean()), ("lowest", control.min()), ("highest", control.max())):
        rows.append({"rubric": f"control, {name} of {len(SEEDS)}", **figures})
    return pd.DataFrame(rows)


async def _offline() -> tuple[list[rt.Rubric], list[rt.Rubric], Weights]:
    """The first rubrics, the refined ones, and what each round of refining added."""
    proposer = Watched(await rt.proposer())
    first = [await rt.propose(prompt, proposer) for prompt in rt.read(SAMPLE, rt.Prompt)]
    return first, await _refined(first, proposer), proposer.added


def _control(first: Sequence[rt.Rubric], added: Weights, seed: int) -> dict[str, float]:
    """Return how rubrics that grew by random words agree with the labels."""
    return _agreement(asyncio.run(_refined(first, RandomWords(added, seed))))


async def _refined(first: Sequence[rt.Rubric], proposer: Proposer) -> list[rt.Rubric]:
    """The rubrics after four rounds of great-diverse."""
    prompts, judge = rt.read(SAMPLE, rt.Prompt), await rt.judge()
    return [
        (await rt.refine(prompt, prompt.responses, judge=judge, proposer=proposer, rubric=rubric)).rubric
        for prompt, rubric in zip(prompts, first, strict=True)
    ]


def _agreement(rubrics: Sequence[rt.Rubric]) -> dict[str, float]:
    scores = asyncio.run(_scores(rubrics))
    table = pd.DataFrame([pair for pool in scores for pair in _pairs(pool)], columns=["result", "top"])
    tied = sum(top_is_tied(pool) for pool in scores) / len(scores)
    return {**_shares(table, ""), **_shares(table[table.top], "top "), "tied tops": tied}


async def _scores(rubrics: Sequence[rt.Rubric]) -> list[list[rt.Score]]:
    """The scores of each prompt's whole pool."""
    prompts, judge = rt.read(SAMPLE, rt.Prompt), await rt.judge()
    return [
        [await rt.score(prompt, rubric, response, judge) for response in prompt.responses]
        for prompt, rubric in zip(prompts, rubrics, strict=True)
    ]


def _pairs(scores: Sequence[rt.Score]) -> Iterator[tuple[float, bool]]:
    """1 for a labelled pair ordered as the labels order it, 0.5 for a tie, 0 for the contrary; whether both are at the top."""
    labelled = [(score.score, int(score.unknown()["quality"])) for score in scores if "quality" in score.unknown()]
    for (one, better), (other, worse) in combinations(sorted(labelled, key=lambda pair: -pair[1]), 2):
        if better > worse:
            yield (0.5 if abs(one - other) <= TIE else float(one > other)), worse >= TOP


def _shares(table: pd.DataFrame, prefix: str) -> dict[str, float]:
    counts = table.result.value_counts()
    named = {
        f"{prefix}{name}": float(counts.get(value, 0)) for name, value in (("win", 1.0), ("tie", 0.5), ("loss", 0.0))
    }
    return {**named, f"{prefix}half-credit": float(table.result.mean())}


def table() -> None:
    """Print the table in Markdown: counts as they are, shares with three digits."""
    frame = measure()
    print("\n| " + " | ".join(frame.columns) + " |\n|" + "---|" * len(frame.columns))
    for _, row in frame.iterrows():
        print("| " + " | ".join(_cell(name, value) for name, value in row.items()) + " |")
    print()


def _cell(column: object, value: str | float) -> str:
    if isinstance(value, str):
        return value
    share = str(column).endswith(("half-credit", "tied tops"))
    return f"{value:.3f}" if share else f"{value:.1f}".removesuffix(".0")


if __name__ == "__main__":
    table()
