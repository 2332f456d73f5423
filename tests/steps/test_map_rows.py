"""Many rows side by side: in order, to the end where there is one, and given up where the model is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from rubrictool.errors import ModelFailure, RowFailure
from rubrictool.models.answers import note_answer
from rubrictool.steps.map_rows import FAIR_TRIAL, Outcome, map_rows


def kinds(work: Callable[[int], str | None], *, rows: int, at_once: int) -> list[str | None]:
    """What becomes of each row, by the kind of its failure, when `work` says what happens to it.

    The model answers for a row that does not fail, unless that row is settled without it (`unasked`).
    """

    async def fails(row: int) -> Outcome:
        await asyncio.sleep(0)
        kind = work(row)
        if kind == "missing_rubric":
            raise RowFailure(kind, "no")
        if kind not in (None, "unasked"):
            raise ModelFailure(str(kind), "no")
        if kind is None:
            await asyncio.create_task(answered())
        return Outcome()

    async def answered() -> None:
        note_answer()

    async def main() -> list[str | None]:
        outcomes = [outcome async for _, outcome in map_rows(range(rows), fails, at_once=at_once)]
        return [outcome.failure.kind if outcome.failure else None for outcome in outcomes]

    return asyncio.run(main())


def test_a_model_out_of_reach_ends_the_run_after_as_many_rows_as_are_tried_at_once() -> None:
    assert kinds(lambda _: "unavailable", rows=5, at_once=2) == ["unavailable"] * 2 + ["not_tried"] * 3


def test_rows_done_before_the_model_went_away_are_kept() -> None:
    assert kinds(lambda row: "unavailable" if row > 1 else None, rows=6, at_once=2)[:2] == [None, None]


@pytest.mark.parametrize("kind", ["refused", "unreadable", "truncated"])
def test_hard_rows_do_not_end_the_run_of_a_model_that_has_answered(kind: str) -> None:
    assert "not_tried" not in kinds(lambda row: kind if row > 0 else None, rows=50, at_once=2)


@pytest.mark.parametrize("kind", ["refused", "unreadable"])
def test_a_model_that_never_answers_as_it_should_gets_a_fair_trial(kind: str) -> None:
    assert kinds(lambda _: kind, rows=12, at_once=1) == [kind] * FAIR_TRIAL + ["not_tried"] * (12 - FAIR_TRIAL)


def test_one_row_that_is_out_of_luck_among_others_ends_nothing() -> None:
    assert "not_tried" not in kinds(lambda row: "unavailable" if row % 2 else None, rows=20, at_once=2)


@pytest.mark.parametrize("settled", ["unasked", "missing_rubric", "budget"])
def test_rows_that_asked_nobody_do_not_hide_that_the_model_is_gone(settled: str) -> None:
    found = kinds(lambda row: settled if row % 3 == 2 else "unavailable", rows=30, at_once=4)
    assert (found.count("unavailable"), found.count("not_tried") > 10) == (4, True)


@pytest.mark.parametrize("settled", ["unasked", "missing_rubric"])
def test_rows_that_asked_nobody_do_not_vouch_for_a_model_that_is_of_no_use(settled: str) -> None:
    found = kinds(lambda row: settled if row % 3 == 2 else "unreadable", rows=30, at_once=1)
    assert found.count("unreadable") == FAIR_TRIAL


def test_rows_that_asked_nobody_are_no_failures_either() -> None:
    assert "not_tried" not in kinds(lambda row: [None, "unasked", "unavailable"][row % 3], rows=60, at_once=2)
    assert kinds(lambda _: "unasked", rows=9, at_once=2) == [None] * 9


def test_rows_for_which_there_is_no_money_say_nothing_of_the_model() -> None:
    assert kinds(lambda _: "budget", rows=9, at_once=2) == ["budget"] * 9


def test_giving_up_begins_nothing_that_waited_for_its_turn() -> None:
    begun: list[int] = []

    async def main() -> None:
        turn = asyncio.Semaphore(1)

        async def work(row: int) -> Outcome:
            async with turn:
                begun.append(row)
                await asyncio.sleep(0)
                raise ModelFailure("unavailable", "no")

        assert [item async for item, _ in map_rows(range(20), work, at_once=10, patience=2)] == [*range(20)]

    asyncio.run(main())
    assert begun == [0, 1]


def test_leaving_cancels_every_row_under_way() -> None:
    cancelled: list[int] = []

    async def work(row: int) -> Outcome:
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.append(row)
        return Outcome()

    async def main() -> None:
        run = asyncio.create_task(anext(map_rows(range(5), work, at_once=3)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)

    asyncio.run(main())
    assert cancelled == [0, 1, 2]
