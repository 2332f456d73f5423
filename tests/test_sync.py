"""Blocking calls: the same results as awaiting, with or without a running event loop, and nothing left open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from chat import ChatServer, chat_server
from fakes import WordJudge

import rubrictool as rt

PROMPT = rt.Prompt(id="p", prompt="How is bread kept?")
RUBRIC = rt.Rubric.model_validate({"id": "p", "criteria": [{"criterion": "cloth", "weight": 1}]})


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as server:
        yield server


def response(text: str) -> rt.Response:
    return rt.Response(id=text, prompt_id="p", response=text)


def test_a_blocking_call_returns_what_awaiting_returns() -> None:
    awaited = asyncio.run(rt.score(PROMPT, RUBRIC, response("a cloth"), WordJudge()))
    assert rt.sync.score(PROMPT, RUBRIC, response("a cloth"), WordJudge()) == awaited
    assert rt.sync.run(rt.score(PROMPT, RUBRIC, response("a cloth"), WordJudge())) == awaited


def test_a_notebook_whose_loop_is_running_may_block(server: ChatServer) -> None:
    async def cell() -> float:
        with rt.RunContext() as context:
            judge = rt.sync.judge(server.spec, context)
            return rt.sync.score(PROMPT, RUBRIC, response("a cloth"), judge).score

    assert asyncio.run(cell()) == 1.0


def test_calls_made_at_once_keep_their_order_and_a_failure_its_place() -> None:
    texts = ["a cloth", "!fail", "a fridge"]
    results = rt.sync.run_all(rt.score(PROMPT, RUBRIC, response(text), WordJudge()) for text in texts)
    assert [result if isinstance(result, Exception) else result.score for result in results] == [1, results[1], 0]
    assert isinstance(results[1], rt.ModelFailure)


def test_an_error_that_is_no_failure_of_the_model_is_raised() -> None:
    with pytest.raises(rt.InputError, match="no such model"):
        rt.sync.run_all([rt.judge("nonsense/x")])


def test_leaving_a_context_closes_its_models(server: ChatServer) -> None:
    with rt.RunContext() as context:
        judge = rt.sync.judge(server.spec, context)
    with pytest.raises(rt.InputError, match="closed"):
        rt.sync.score(PROMPT, RUBRIC, response("too late"), judge)


def test_a_call_that_would_wait_for_itself_is_refused() -> None:
    async def nested() -> rt.Score:
        return rt.sync.score(PROMPT, RUBRIC, response("a cloth"), WordJudge())

    with pytest.raises(rt.InputError, match="await the async function"):
        rt.sync.run(nested())
