"""A run stops once it is decided, whoever answers first, and a rerun stops where it did."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubrictool.analysis.comparisons.sequential_run import SequentialRun
from rubrictool.errors import ModelFailure, RowFailure
from rubrictool.models.answers import note_cached, refuse_where_cached_only
from rubrictool.rows.comparisons import Comparison
from rubrictool.rows.records import Response
from rubrictool.steps.map_rows import Outcome
from rubrictool.steps.pairings import Pairing, SystemPair, in_drawn_order


def met(prompts: int, *, each: int = 1, systems: Sequence[SystemPair | None] = (None,)) -> list[Pairing[Response]]:
    def response(side: str, n: int, k: int) -> Response:
        return Response(id=f"{side}{n}-{k}", prompt_id=f"p{n}", response=side)

    return [
        Pairing(response("a", n, k), response("b", n, k), pair)
        for n in range(prompts)
        for k in range(each)
        for pair in systems
    ]


class World:
    """A judge with a cache: comparisons are won, lost or fail as `results` says; answers take random turns of the loop."""

    def __init__(self, results: Sequence[str], seed: int = 0) -> None:
        self.results, self.seed = results, seed
        self.cache: set[int] = set()
        self.asked: list[int] = []
        self.at_once = self.most_at_once = 0

    async def run(self, pairings: Sequence[Pairing[Response]], slots: int) -> list[int]:
        """Make comparisons until it is decided; return the numbers of those that were made."""
        self.asked = []
        draws = random.Random(self.seed + slots)

        async def work(numbered: tuple[int, Any]) -> Outcome:
            index = numbered[0]
            result = self.results[index % len(self.results)]
            if result != "free":
                await self._answer(index, result, draws)
            row = {"prompt_id": pairings[index].prompt_id, "a": "x", "b": "y", "judge": "j"}
            winner = result if result in ("a", "b", "tie") else "tie"
            made = Comparison.model_validate({**row, "winner": winner, "orders": {"ab": winner, "ba": winner}})
            return Outcome((made,), note=(index, made))

        run = SequentialRun(pairings, threshold=0.5, slots=slots)
        items = list(enumerate(pairings))
        gated = await run.gated(work, items)
        found = await asyncio.gather(*(gated(item) for item in items), return_exceptions=True)
        assert all(not isinstance(one, BaseException) or isinstance(one, RowFailure) for one in found)
        return [n for n, one in enumerate(found) if isinstance(one, Outcome) and not one.left_out]

    async def _answer(self, index: int, result: str, draws: random.Random) -> None:
        if index in self.cache:
            note_cached()
            return
        refuse_where_cached_only()
        self.asked.append(index)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        for _ in range(draws.randrange(12)):
            await asyncio.sleep(0)
        self.at_once -= 1
        if result == "fails":
            raise ModelFailure("refused", "no")
        self.cache.add(index)


def decided_at(results: Sequence[str]) -> int:
    """The place after which a run of one comparison each is decided, looked up one at a time."""
    world = World(results)
    made = asyncio.run(world.run(met(len(results)), 1))
    return max([*made, *world.asked]) + 1


def test_one_at_a_time_nothing_is_asked_beyond_the_decision() -> None:
    world = World(["a"] * 60)
    made = asyncio.run(world.run(met(60), 1))
    assert made == world.asked == list(range(len(made)))
    assert 5 < len(made) < 30


@given(
    st.lists(st.sampled_from(["a", "a", "a", "tie", "b", "fails", "free"]), min_size=1, max_size=50),
    st.integers(1, 24),
    st.integers(0, 99),
)
@settings(max_examples=80, deadline=None)
def test_answers_in_any_order_ask_for_no_more_than_the_few_ahead(results: list[str], slots: int, seed: int) -> None:
    last = decided_at(results)
    world = World(results, seed)
    made = asyncio.run(world.run(met(len(results)), slots))
    assert max(world.asked, default=0) < last + min(slots // 2, last // 10) or last == len(results)
    assert {place for place in range(last) if results[place] != "fails"} <= set(made)
    assert {place for place in world.asked if results[place] != "fails"} <= set(made)


@given(
    st.lists(st.sampled_from(["a", "a", "a", "tie", "b", "free"]), min_size=1, max_size=50),
    st.integers(1, 24),
    st.integers(1, 24),
    st.integers(1, 3),
)
@settings(max_examples=80, deadline=None)
def test_a_rerun_asks_nothing_and_makes_the_same(results: list[str], slots: int, later: int, each: int) -> None:
    pairings = met(len(results), each=each)
    world = World(results)
    made = asyncio.run(world.run(pairings, slots))
    assert asyncio.run(world.run(pairings, later)) == made
    assert world.asked == []


@given(
    st.lists(st.sampled_from(["a", "a", "tie", "b", "fails"]), min_size=5, max_size=40), st.integers(1, 16), st.data()
)
@settings(max_examples=50, deadline=None)
def test_an_interrupted_run_goes_on_where_it_was(results: list[str], slots: int, data: st.DataObject) -> None:
    whole = World(results)
    last = decided_at(results)
    kept = data.draw(st.sets(st.integers(0, max(0, last - 1))))
    whole.cache = {place for place in kept if results[place] != "fails"}
    before = set(whole.cache)
    made = asyncio.run(whole.run(met(len(results)), slots))
    assert not before & set(whole.asked)
    assert max(whole.asked, default=0) < last + max(1, slots // 2)
    assert {place for place in range(last) if results[place] != "fails"} <= set(made)


@pytest.mark.parametrize("results", [["a"] * 300, ["a", "a", "b"] * 100, ["a", "tie", "b", "a"] * 100])
def test_many_slots_risk_a_tenth_and_are_used(results: list[str]) -> None:
    last = decided_at(results)
    world = World(results)
    made = asyncio.run(world.run(met(len(results)), 64))
    assert last <= len(made) <= last + last // 10
    assert world.most_at_once >= 5


def test_each_two_systems_stop_on_their_own() -> None:
    pairs = (SystemPair("good", "base"), SystemPair("same", "base"))
    world = World(["a", "tie"])
    pairings = met(50, systems=pairs)
    made = asyncio.run(world.run(pairings, 4))
    per_pair = [sum(pairings[n].systems == pair for n in made) for pair in pairs]
    assert per_pair[0] < 30
    assert per_pair[1] == 50


def test_a_prompt_that_was_begun_is_finished() -> None:
    world = World(["a"])
    pairings = met(40, each=3)
    made = asyncio.run(world.run(pairings, 1))
    assert len(made) % 3 == 0
    assert len(made) < 90


def test_the_drawn_order_depends_on_seed_and_prompt_alone() -> None:
    pairings = met(20)
    one, other = in_drawn_order(pairings, 0), in_drawn_order(pairings[::-1], 0)
    assert [pairing.prompt_id for pairing in one] == [pairing.prompt_id for pairing in other]
    assert one not in (pairings, in_drawn_order(pairings, 1))


@pytest.mark.parametrize("slots", [1, 64])
def test_what_all_fails_is_never_decided(slots: int) -> None:
    world = World(["fails"])
    assert asyncio.run(world.run(met(30), slots)) == []
    assert len(world.asked) == 30
