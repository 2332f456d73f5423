"""Of questions that begin alike one goes ahead, and nobody waits for it longer than it usually takes."""

from __future__ import annotations

import asyncio

import pytest

from rubrictool.models.demand import Demand
from rubrictool.models.prefix_gate import KNOWN, PrefixGate


def test_of_the_questions_that_begin_alike_one_goes_ahead() -> None:
    order: list[str] = []

    async def go(gate: PrefixGate, name: str, release: asyncio.Event | None) -> None:
        async with gate.wait_for_prefix(("beginning",)) as over:
            order.append(name)
            if release:
                await release.wait()
            over()

    async def main() -> None:
        gate, release = PrefixGate(Demand()), asyncio.Event()
        first = asyncio.create_task(go(gate, "first", release))
        await asyncio.sleep(0)
        others = [asyncio.create_task(go(gate, name, None)) for name in ("second", "third")]
        await asyncio.sleep(0.01)
        assert order == ["first"]
        release.set()
        await asyncio.gather(first, *others)

    asyncio.run(main())
    assert order == ["first", "second", "third"]


def test_one_who_went_ahead_and_failed_holds_nobody_up() -> None:
    async def main() -> None:
        gate = PrefixGate(Demand())
        with pytest.raises(ValueError, match="gone"):
            async with gate.wait_for_prefix(("beginning",)):
                raise ValueError("gone")
        async with gate.wait_for_prefix(("beginning",)):
            pass

    asyncio.run(main())


def test_nobody_waits_for_a_leader_that_takes_much_longer_than_others() -> None:
    demand = Demand()

    async def ask(gate: PrefixGate, key: str, answered: asyncio.Event) -> None:
        async with gate.wait_for_prefix((key,)) as on_first_response:
            await answered.wait()
            on_first_response()

    async def main() -> None:
        gate, quick, never = PrefixGate(demand), asyncio.Event(), asyncio.Event()
        quick.set()
        leader = asyncio.create_task(ask(gate, "stalled", never))
        await asyncio.sleep(0)
        follower = asyncio.create_task(ask(gate, "stalled", quick))
        await asyncio.sleep(0)
        assert demand.blocked == 1
        for number in range(KNOWN):
            await ask(gate, f"usual {number}", quick)
        await follower
        assert not leader.done()
        leader.cancel()

    asyncio.run(main())
    assert demand.blocked == 0


def test_a_follower_that_waits_uses_no_slot_so_that_more_questions_are_wanted() -> None:
    demand = Demand()
    with demand.asking(), demand.asking():
        assert not demand.fills(2)
        assert demand.fills(2, begun=6)
        with demand.blocking():
            assert not demand.fills(2, begun=0)
            # However many wait, the slots are to be filled.
            assert demand.fills(2, begun=6)
