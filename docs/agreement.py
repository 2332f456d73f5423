"""Does the order that offline rubrics give agree with the quality labels of the sample data?

Run as `python docs/agreement.py`; the table stands in docs/models.md. Three rubrics per prompt are compared over the
same pairs of responses: the first one, the one after four rounds, and a control that grew as much by random words.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

import rubrictool as rt
from rubrictool.checks import Check
from rubrictool.prompts import Judged
from rubrictool.ranking import top_is_tied
from rubrictool.roles import Proposer
from rubrictool.rubrics import TIE, Item, Proposal
from rubrictool.texts import normal, visible, words

SAMPLE = Path(__file__).parent.parent / "sample_data" / "prompts.jsonl"
SEEDS = range(8)
TOP = 4


class RandomWords:
    """A control: adds as many criteria as another proposer would, on random words that one of the pair has."""

    name = "random-words"

    def __init__(self, other: Proposer, seed: int) -> None:
        self._other, self._seed = other, seed

    async def propose(self, prompt: rt.Prompt) -> Proposal:
        """The other's first rubric."""
        return await self._other.propose(prompt)

    async def separate(
        self, prompt: rt.Prompt, criteria: Sequence[rt.Criterion], first: Judged, second: Judged
    ) -> Proposal:
        """The criteria as they are, and as many new ones as the other would add, with its weights."""
        proposed = await self._other.separate(prompt, criteria, first, second)
        kept = [item for item in proposed.items if item.id]
        new = [item for item in proposed.items if not item.id]
        pair = (first.response.response, second.response.response)
        lone = _lone_words(*pair)
        drawn = random.Random(f"{self._seed} {prompt.id} {pair}").sample(lone, min(len(new), len(lone)))
        added = [
            Item(criterion=f'Has the word "{word}".', weight=item.weight, check=Check(contains=(word,)))
            for word, item in zip(drawn, new, strict=False)
        ]
        return Proposal((*kept, *added))


def _lone_words(one: str, other: str) -> list[str]:
    """The words that stand in only one of two texts, also as a part of another word."""
    texts = normal(visible(one)), normal(visible(other))
    return sorted({word for text in texts for word in words(text) if (word in texts[0]) != (word in texts[1])})


async def measure() -> pd.DataFrame:
    """One row per rubric: how pairs of different quality are ordered, and how many prompts have a tie at the top."""
    prompts = rt.read(SAMPLE, rt.Prompt)
    judge, offline = await rt.judge("offline"), await rt.proposer("offline")
    first = [await rt.propose(prompt, offline) for prompt in prompts]
    rows = [{"rubric": "first", **await _agreement(prompts, first, judge)}]
    after = [await _refined(prompt, judge, offline) for prompt in prompts]
    rows.append({"rubric": "after four rounds", **await _agreement(prompts, after, judge)})
    control = []
    for seed in SEEDS:
        grown = [await _refined(prompt, judge, RandomWords(offline, seed)) for prompt in prompts]
        control.append(await _agreement(prompts, grown, judge))
    figures = pd.DataFrame(control)
    rows.append({"rubric": f"control, mean of {len(SEEDS)}", **figures.mean().round(3)})
    rows.append({"rubric": "control, lowest", **figures.min().round(3)})
    rows.append({"rubric": "control, highest", **figures.max().round(3)})
    return pd.DataFrame(rows)


async def _refined(prompt: rt.Prompt, judge: Any, proposer: Any) -> rt.Rubric:
    return (await rt.refine(prompt, prompt.responses, judge=judge, proposer=proposer)).rubric


async def _agreement(prompts: Sequence[rt.Prompt], rubrics: Sequence[rt.Rubric], judge: Any) -> dict[str, float]:
    results: list[tuple[float, bool]] = []
    tied = 0
    for prompt, rubric in zip(prompts, rubrics, strict=True):
        scores = [await rt.score(prompt, rubric, response, judge) for response in prompt.responses]
        tied += top_is_tied(scores)
        results += _pairs(scores)
    table = pd.DataFrame(results, columns=["result", "top"])
    return {**_shares(table, ""), **_shares(table[table.top], "top "), "tied tops": tied}


def _pairs(scores: Sequence[rt.Score]) -> Iterator[tuple[float, bool]]:
    """1 for a pair ordered as the labels order it, 0.5 for a tie, 0 for the contrary; and whether both are at the top."""
    labelled = [(score.score, int(score.unknown()["quality"])) for score in scores]
    for (one, better), (other, worse) in combinations(sorted(labelled, key=lambda pair: -pair[1]), 2):
        if better > worse:
            yield (0.5 if abs(one - other) <= TIE else float(one > other)), worse >= TOP


def _shares(table: pd.DataFrame, prefix: str) -> dict[str, float]:
    counts = table.result.value_counts()
    named = {
        f"{prefix}{name}": float(counts.get(value, 0)) for name, value in (("win", 1.0), ("tie", 0.5), ("loss", 0.0))
    }
    return {**named, f"{prefix}half-credit": round(float(table.result.mean()), 3)}


def table() -> None:
    """Print the table in Markdown."""
    frame = asyncio.run(measure())
    print("\n| " + " | ".join(frame.columns) + " |\n|" + "---|" * len(frame.columns))
    for row in frame.itertuples(index=False):
        print("| " + " | ".join(value if isinstance(value, str) else f"{value:g}" for value in row) + " |")
    print()


if __name__ == "__main__":
    table()
