"""How fast a model is asked: a quick start, fewer at once after an overload, and a pause that holds everybody."""

from __future__ import annotations

import asyncio

from rubrictool.models.rate_limiter import INITIAL_WINDOW, RateLimiter


async def fill(pace: RateLimiter, count: int) -> list[asyncio.Task[None]]:
    """So many requests that are never answered, as far as they are let in."""

    async def stay() -> None:
        async with pace.slot():
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(stay()) for _ in range(count)]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


def test_a_run_begins_with_few_and_doubles_each_round_trip_up_to_the_limit() -> None:
    pace, widths = RateLimiter(100), []
    for _ in range(3):
        widths.append(int(pace.window))
        for _ in range(int(pace.window)):
            pace.on_success()
    assert widths == [INITIAL_WINDOW, 2 * INITIAL_WINDOW, 100]


def test_no_more_than_the_window_are_in_flight_and_one_that_leaves_lets_another_in() -> None:
    async def main() -> None:
        pace = RateLimiter(3)
        tasks = await fill(pace, 5)
        assert pace.in_flight == 3
        tasks[0].cancel()
        await asyncio.gather(tasks[0], return_exceptions=True)
        await asyncio.sleep(0)
        assert pace.in_flight == 3
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert pace.in_flight == 0

    asyncio.run(main())


def test_an_overload_halves_once_for_all_that_was_under_way_and_then_grows_by_one_a_round_trip() -> None:
    async def main() -> None:
        pace = RateLimiter(32)
        sent = asyncio.get_running_loop().time()
        for _ in range(5):
            pace.on_overload(started_at=sent, pause_s=0)
        assert pace.window == 16
        for _ in range(16):
            pace.on_success()
        assert 16.9 < pace.window < 17.1

    asyncio.run(main())


def test_nobody_goes_during_a_pause_and_everybody_after_it() -> None:
    async def main() -> None:
        pace = RateLimiter(8)
        loop = asyncio.get_running_loop()
        pace.on_overload(started_at=loop.time(), pause_s=0.05)
        opens = loop.time() + 0.05
        entered = []

        async def go() -> None:
            async with pace.slot() as began:
                entered.append(began)

        await asyncio.gather(*(go() for _ in range(6)))
        assert len(entered) == 6
        assert min(entered) >= opens - 0.005

    asyncio.run(main())
