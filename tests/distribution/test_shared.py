"""Test what the driver keeps for all workers: who asks which question, and what is reserved of the budget."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from rubrictool.distribution.messages import Claim, Put, Reserve, Settle
from rubrictool.distribution.shared import Account, Claims
from rubrictool.models.budget import Budget
from rubrictool.models.cache import Cache


class Answers:
    """The answers that two workers got, in order."""

    def __init__(self) -> None:
        self.all: list[tuple[str, int, Any]] = []

    def to(self, worker: str) -> Any:
        return lambda number, value: self.all.append((worker, number, value))


def test_a_question_is_asked_by_one_worker_and_its_reply_is_for_all(tmp_path: Path) -> None:
    claims, said = Claims(Cache(tmp_path / "c.db"), lambda _: None), Answers()
    claims.claim("a", Claim(1, "key"), said.to("a"))
    claims.claim("b", Claim(2, "key"), said.to("b"))
    assert said.all == [("a", 1, None)]
    claims.put(Put("key", "m", "yes"))
    claims.release("a", "key")
    assert said.all[1:] == [("b", 2, "yes")]


def test_where_the_first_worker_fails_or_dies_the_next_one_asks(tmp_path: Path) -> None:
    claims, said = Claims(Cache(tmp_path / "c.db"), lambda _: None), Answers()
    for number, worker in enumerate("abc"):
        claims.claim(worker, Claim(number, "key"), said.to(worker))
    claims.release("a", "key")
    claims.drop("b")
    assert said.all == [("a", 0, None), ("b", 1, None), ("c", 2, None)]


def test_a_claim_that_was_withdrawn_or_whose_worker_died_is_never_answered(tmp_path: Path) -> None:
    claims, said = Claims(Cache(tmp_path / "c.db"), lambda _: None), Answers()
    for number, worker in enumerate("abc"):
        claims.claim(worker, Claim(number, "key"), said.to(worker))
    claims.withdraw("b", 1)
    claims.drop("c")
    claims.release("a", "key")
    assert said.all == [("a", 0, None)]


async def two_accounts(said: Answers) -> tuple[Account, Account]:
    """Two accounts of a budget that has room for the reservation of the first, for which the second waits."""
    budget = Budget(max_cost=1.0)
    one, other = Account(budget, said.to("one")), Account(budget, said.to("other"))
    one.reserve(Reserve(1, 0.6))
    other.reserve(Reserve(2, 0.6))
    await asyncio.sleep(0)
    assert said.all == [("one", 1, None)]
    return one, other


def test_what_a_dead_worker_had_reserved_counts_as_spent() -> None:
    async def main() -> list[tuple[str, int, Any]]:
        said = Answers()
        one, _ = await two_accounts(said)
        one.close()
        await asyncio.sleep(0.01)
        return said.all

    assert asyncio.run(main())[1:] == [("other", 2, "another call could pass the limit of $1")]


def test_what_was_settled_is_free_for_others() -> None:
    async def main() -> list[tuple[str, int, Any]]:
        said = Answers()
        one, _ = await two_accounts(said)
        one.settle(Settle(0.6, 0.1))
        await asyncio.sleep(0.01)
        return said.all

    assert asyncio.run(main()) == [("one", 1, None), ("other", 2, None)]
