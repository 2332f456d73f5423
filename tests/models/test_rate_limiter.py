"""Test how requests to one model are let go: so many at once, retries first, and nobody during a pause."""

from __future__ import annotations

import asyncio

from virtual_time import run

from rubrictool.models.load_control import INITIAL_WINDOW
from rubrictool.models.rate_limiter import RateLimiter


async def fill(limiter: RateLimiter, count: int) -> list[asyncio.Task[None]]:
    """So many requests that are never answered, as far as they are let in."""

    async def stay() -> None:
        async with limiter.slot():
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(stay()) for _ in range(count)]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def answered(limiter: RateLimiter, *, seconds: float) -> None:
    async with limiter.slot() as sent:
        await asyncio.sleep(seconds)
        limiter.on_success(sent)


def test_the_first_request_goes_alone_for_a_second_since_its_reply_may_tell_the_limits() -> None:
    async def main() -> list[int]:
        limiter, widths = RateLimiter(100), []
        everybody = [asyncio.create_task(answered(limiter, seconds=3)) for _ in range(40)]
        for _ in range(3):
            await asyncio.sleep(0.95)
            widths.append(limiter.in_flight)
        await asyncio.gather(*everybody)
        return widths

    assert run(main()) == [1, 9, 16]


def test_a_run_begins_with_few_and_doubles_each_round_trip_up_to_the_limit() -> None:
    async def main() -> list[int]:
        limiter, widths = RateLimiter(100), []
        await answered(limiter, seconds=0)
        everybody = [asyncio.create_task(answered(limiter, seconds=1)) for _ in range(500)]
        for _ in range(3):
            await asyncio.sleep(0.5)
            widths.append(limiter.in_flight)
            await asyncio.sleep(0.5)
        await asyncio.gather(*everybody)
        return widths

    assert run(main()) == [INITIAL_WINDOW, 2 * INITIAL_WINDOW, 100]


def test_no_more_than_the_window_are_in_flight_and_one_that_leaves_lets_another_in() -> None:
    async def main() -> None:
        limiter = RateLimiter(3)
        await answered(limiter, seconds=0)
        tasks = await fill(limiter, 5)
        assert limiter.in_flight == 3
        tasks[0].cancel()
        await asyncio.gather(tasks[0], return_exceptions=True)
        await asyncio.sleep(0)
        assert limiter.in_flight == 3
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert limiter.in_flight == 0

    asyncio.run(main())


def test_nobody_goes_during_a_pause_and_everybody_after_it() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(8)
        assert limiter.pause(5)
        assert not limiter.pause(5)
        entered = []

        async def go() -> None:
            async with limiter.slot() as sent:
                entered.append(sent.at)

        await asyncio.gather(*(go() for _ in range(6)))
        return entered

    assert run(main()) == [5] * 6


def test_requests_that_are_sent_again_go_before_new_ones_in_their_own_order() -> None:
    async def main() -> list[str]:
        limiter, order = RateLimiter(1), list[str]()

        async def go(name: str, *, ahead: bool) -> None:
            async with limiter.slot(ahead=ahead):
                order.append(name)
                await asyncio.sleep(1)

        names = ("first", "new", "again", "another", "once more")
        await asyncio.gather(*(go(name, ahead="again" in name or "more" in name) for name in names))
        return order

    assert run(main()) == ["first", "again", "once more", "new", "another"]


def test_a_limiter_serves_one_event_loop_after_another() -> None:
    limiter = RateLimiter(2)

    async def interrupted() -> None:
        limiter.pause(0.2)
        waiting = asyncio.create_task(answered(limiter, seconds=0))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(interrupted())
    asyncio.run(asyncio.wait_for(answered(limiter, seconds=0), 5))
    assert limiter.in_flight == 0
