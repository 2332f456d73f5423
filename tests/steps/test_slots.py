"""Slots stay full under latencies as real servers have them. In virtual time: what is measured is when requests are sent."""

from __future__ import annotations

import asyncio
import math
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import TypeVar

import pytest
import virtual_time
from chat import answer
from fakes import model_of

from rubrictool.judging.model_backed import ModelJudge, ModelProposer
from rubrictool.models.backend import Completion, Price, Request
from rubrictool.models.client import Model
from rubrictool.models.demand import Demand
from rubrictool.models.schema_support import PROBE
from rubrictool.refinement.loop import refine
from rubrictool.refinement.options import RefineOptions
from rubrictool.rows.records import Criterion, Prompt, Response, Rubric
from rubrictool.steps.compare import compare
from rubrictool.steps.map_rows import Outcome, Work, map_rows
from rubrictool.steps.sample import sample_all
from rubrictool.steps.score import score

LATENCIES: Mapping[str, Callable[[float], float]] = {
    "constant": lambda _: 0.2,
    "lognormal": lambda draw: 0.12 * math.exp(NormalDist().inv_cdf(min(max(draw, 1e-6), 1 - 1e-6))),
    "stalls": lambda draw: 10.0 if draw < 0.003 else 0.2,
}

EDGE = 32


class Server:
    """A backend that answers after a latency which the question decides, and knows how many requests it had in flight."""

    recorded = False
    price: Price | None = None

    def __init__(self, latencies: str) -> None:
        self._latency = LATENCIES[latencies]
        self.came: list[float] = []
        self.spans: list[tuple[float, float]] = []
        self.answered: set[str] = set()
        self.followers = self.hits = 0

    async def complete(self, request: Request) -> Completion:
        text = str(request.messages[-1]["content"])
        if text == PROBE:
            return Completion("Good day.")
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.came.append(began)
        prefix = text.partition("<response-")[0]
        self.hits += prefix in self.answered
        await asyncio.sleep(self._latency(zlib.crc32(f"{text}{request.sample}".encode()) / 2**32))
        self.answered.add(prefix)
        self.spans.append((began, loop.time()))
        return Completion(answer(text))

    async def close(self) -> None:
        """Nothing to close."""

    @property
    def mean_in_flight(self) -> float:
        """The mean number of requests in flight between the arrivals of the first and the last 32."""
        begin, end = self.came[EDGE], self.came[-EDGE]
        return sum(max(0.0, min(last, end) - max(first, begin)) for first, last in self.spans) / (end - begin)

    @property
    def hit_share(self) -> float:
        """The share of the requests with a prefix that was answered before, of those that were not the first with theirs."""
        return self.hits / (len(self.came) - len(self.answered))


def rows(prompts: int) -> list[tuple[Prompt, list[Response]]]:
    return [
        (
            Prompt(id=f"p{p}", prompt=f"Tell me about {p}."),
            [
                Response(id=f"p{p}-{r}", prompt_id=f"p{p}", model=f"m{r % 4}", response=f"About {p} is {r} to say.")
                for r in range(8)
            ],
        )
        for p in range(prompts)
    ]


T = TypeVar("T")


async def mapped(items: Sequence[T], work: Work[T], slots: int, demand: Demand) -> None:
    run = map_rows(items, work, lambda *_: (b"",), demand=demand, slots=slots, patience=slots)
    assert len([lines async for lines in run]) == len(items)


Job = Callable[[Model, Demand, int, int], Awaitable[None]]


async def scoring(model: Model, demand: Demand, slots: int, prompts: int) -> None:
    criteria = (Criterion(id="c1", criterion="Is kind.", weight=1),)

    async def work(item: tuple[Prompt, Response]) -> Outcome:
        prompt, response = item
        return Outcome((await score(prompt, Rubric(id=prompt.id, criteria=criteria), response, ModelJudge(model)),))

    await mapped([(prompt, one) for prompt, pool in rows(prompts) for one in pool], work, slots, demand)


async def sampling(model: Model, demand: Demand, slots: int, prompts: int) -> None:
    async def work(prompt: Prompt) -> Outcome:
        return Outcome((await sample_all(prompt, [model], 8)).responses)

    await mapped([prompt for prompt, _ in rows(prompts)], work, slots, demand)


async def comparing(model: Model, demand: Demand, slots: int, prompts: int) -> None:
    async def work(item: tuple[Prompt, Response, Response]) -> Outcome:
        return Outcome((await compare(*item, ModelJudge(model)),))

    pairs = [(prompt, *pair) for prompt, pool in rows(prompts) for pair in pairwise(pool)]
    await mapped(pairs, work, slots, demand)


async def refining(model: Model, demand: Demand, slots: int, prompts: int) -> None:
    async def work(item: tuple[Prompt, list[Response]]) -> Outcome:
        prompt, pool = item
        found = await refine(
            prompt, pool, judge=ModelJudge(model), proposer=ModelProposer(model), options=RefineOptions(rounds=2)
        )
        assert (found.failure, len(found.rounds)) == (None, 2)
        return Outcome((found.rubric,))

    await mapped(rows(prompts), work, slots, demand)


def measured(job: Job, latencies: str, slots: int, prompts: int) -> Server:
    server = Server(latencies)

    async def main() -> None:
        demand = Demand()
        await job(model_of(server, concurrency=slots, demand=demand), demand, slots, prompts)

    virtual_time.run(main())
    return server


@pytest.mark.parametrize("latencies", LATENCIES)
@pytest.mark.parametrize("job", [scoring, sampling, comparing, refining])
def test_slots_stay_full_whatever_the_latencies(job: Job, latencies: str) -> None:
    server = measured(job, latencies, slots=32, prompts=50)
    assert server.mean_in_flight >= (0.9 if job is refining else 0.95) * 32


@pytest.mark.parametrize("latencies", LATENCIES)
def test_followers_find_the_prefix_in_the_cache_all_the_same(latencies: str) -> None:
    assert measured(scoring, latencies, slots=64, prompts=100).hit_share >= 0.95
