"""Money: reserved before it is spent, never passed, and what nobody knows is not called nothing."""

from __future__ import annotations

import asyncio

import pytest
from fakes import Scripted, model_of

from rubrictool.errors import Final, ModelFailure, OverBudget, Transient
from rubrictool.models.backend import Completion, Price, Request, Usage
from rubrictool.models.budget import OVERHEAD, Budget, DryRun, Tally, max_usage
from rubrictool.models.client import Model
from rubrictool.models.question import Question
from rubrictool.questions import judge as judge_question

GOOD = '{"c1": "yes"}'
PRICE = Price(1e-6, 1e-6)


def question(text: str = "Is it?") -> Question:
    return Question([{"role": "user", "content": text}])


def parse(reply: str) -> bool:
    return judge_question.parse(reply, count=1)[0].met is True


def many(model: Model, count: int) -> list[bool | BaseException]:
    async def ask() -> list[bool | BaseException]:
        asked = (model.ask(question(f"Is it {number}?"), parse) for number in range(count))
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(ask())


def budget_failures(results: list[bool | BaseException]) -> int:
    return sum(isinstance(result, ModelFailure) and result.kind == "budget" for result in results)


def test_no_request_passes_the_limit_of_calls_retries_counted() -> None:
    backend = Scripted(Transient("503"), GOOD)
    results = many(model_of(backend, budget=Budget(max_calls=4), backoff_s=0.001), 8)
    assert len(backend.requests) == 4
    assert (results.count(True), budget_failures(results)) == (3, 5)


def test_a_limit_of_dollars_waits_for_what_is_under_way_and_is_never_passed() -> None:
    backend = Scripted(Completion(GOOD, usage=Usage(100, 10)))
    bound = PRICE.of(max_usage(Request("m", question("Is it 0?").messages, 0, 100)))
    budget = Budget(max_cost=bound * 2)
    model = model_of(backend, budget=budget, prices={"": PRICE}, max_tokens=100)
    results = many(model, 20)
    assert model.tally.cost_usd is not None
    assert model.tally.cost_usd <= budget.max_cost  # type: ignore[operator]
    assert results.count(True) == model.tally.calls > 2
    assert budget_failures(results) == 20 - model.tally.calls


def test_a_request_whose_bill_is_unknown_costs_what_was_reserved() -> None:
    backend = Scripted(Transient("lost", billable=True), Completion(GOOD, usage=Usage(1, 1)))
    bound = PRICE.of(max_usage(Request("m", question("Is it 0?").messages, 0, 100)))
    model = model_of(backend, budget=Budget(max_cost=1.5 * bound), prices={"": PRICE}, max_tokens=100, backoff_s=0.001)
    assert budget_failures(many(model, 1)) == 1
    assert (model.tally.calls, model.tally.unmetered) == (1, 1)


def test_replies_that_brought_no_answer_are_paid_for_as_the_server_says() -> None:
    usage = Usage(100, 10)
    lost = [
        Final("the model refused", billable=True, usage=usage),
        Transient("the reply is not whole", billable=True, usage=usage),
        Final("HTTP 400"),
    ]
    model = model_of(Scripted(*lost, GOOD), prices={"": PRICE}, attempts=1)
    many(model, 3)
    assert model.tally.cost_usd == pytest.approx(2 * PRICE.of(usage))
    assert (model.tally.prompt_tokens, model.tally.completion_tokens, model.tally.unmetered) == (200, 20, 0)


def test_reasoning_that_passes_the_limit_of_tokens_is_reserved_for_once_it_was_seen() -> None:
    backend = Scripted(Completion(GOOD, usage=Usage(10, 5000)))
    model = model_of(backend, budget=Budget(max_cost=0.022), prices={"": PRICE}, max_tokens=10)
    many(model, 1)
    many(model, 20)
    assert model.tally.cost_usd is not None
    assert model.tally.cost_usd <= 0.022
    assert model.tally.calls == 4


def test_another_model_that_answers_is_told_once_for_each_name_and_not_for_ever() -> None:
    said: list[str] = []
    replies_of = [Completion(GOOD, model=name) for name in ("m-2025-01-01", "small", "small", "other", *"abcdefg")]
    many(model_of(Scripted(*replies_of), "openai/m", notify=said.append), len(replies_of))
    assert said[:2] == [f"openai/m: replies name {name} as the model that answered" for name in ("small", "other")]
    assert len(said) == 5


def test_a_price_that_nobody_knows_makes_the_whole_unknown() -> None:
    known, unknown = Tally(), Tally()
    known.add(Usage(10, 1), PRICE)
    unknown.add(Usage(10, 1), None)
    assert known.cost_usd == pytest.approx(11e-6)
    assert (known + unknown).cost_usd is None
    assert (known + Tally()).cost_usd == known.cost_usd


def test_a_dry_run_sends_nothing_and_adds_up_the_most_that_could_be() -> None:
    backend, dry = Scripted(GOOD), DryRun()
    results = many(model_of(backend, budget=dry, prices={"": PRICE}, max_tokens=50), 3)
    assert (backend.requests, budget_failures(results)) == ([], 3)
    plan = dry.plan()
    assert (plan["calls"], plan["completion_tokens"]) == (3, 150)
    assert plan["prompt_tokens"] > 3 * OVERHEAD
    assert plan["cost_usd"] == pytest.approx((plan["prompt_tokens"] + 150) * 1e-6)
    assert plan["likely_prompt_tokens"] == pytest.approx(plan["prompt_tokens"] / 4, abs=3)
    assert plan["likely_questions_usd"] == pytest.approx(plan["likely_prompt_tokens"] * 1e-6)


def test_the_bound_holds_a_token_for_each_byte_that_is_sent_and_the_limit() -> None:
    text = "Größe 木 " * 10
    bound = max_usage(Request("m", [{"role": "user", "content": text}], 0, 77, {"stop": "x" * 500}))
    assert bound.prompt_tokens >= len(text.encode()) + 500 + OVERHEAD
    assert bound.completion_tokens == 77


def test_a_budget_that_is_spent_says_which_limit() -> None:
    with pytest.raises(OverBudget, match="limit of 0 calls"):
        asyncio.run(Budget(max_calls=0).reserve(Request("m", [], 0, 1), None))
