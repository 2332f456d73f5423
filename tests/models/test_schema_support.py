"""Structured output: one probe decides, what is refused is given up, and who is denied is told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from fakes import Said, Scripted, model_of
from hypothesis import given
from hypothesis import strategies as st

from rubrictool.errors import Denied, Final, ModelFailure, ModelUnusable, Refused, Transient
from rubrictool.models.backend import Completion, Request
from rubrictool.models.cache import Cache
from rubrictool.models.client import Model
from rubrictool.models.question import Question
from rubrictool.models.schema_support import PROBE, obeyed
from rubrictool.questions import criterion
from rubrictool.questions import judge as judge_question

OBEYED = json.dumps({"ready": "yes", "reason": "so", "parts": [1]})
GOOD = '{"c1": "yes"}'
QUESTION = Question([{"role": "user", "content": "Is it?"}])


def parse(reply: str) -> bool:
    return judge_question.parse(reply, count=1)[0].met is True


def asked(*said: Said, cache: Cache | None = None, **options: object) -> tuple[Model, Scripted]:
    backend = Scripted(*said)
    return model_of(backend, cache=cache, backoff_s=0.001, **options), backend  # type: ignore[arg-type]


def ask(model: Model) -> bool:
    return asyncio.run(model.ask(QUESTION, parse, schema=judge_question.schema(1)))


def kinds(backend: Scripted) -> list[tuple[str, bool]]:
    return [(str(r.messages[0]["content"]), r.schema is not None) for r in backend.requests]


def test_a_model_that_obeys_the_probe_is_asked_with_a_schema() -> None:
    model, backend = asked(OBEYED, GOOD)
    assert ask(model)
    assert kinds(backend) == [(PROBE, True), ("Is it?", True)]


def test_a_model_that_greets_is_asked_in_words() -> None:
    model, backend = asked("Good day.", GOOD)
    assert ask(model)
    assert kinds(backend) == [(PROBE, True), ("Is it?", False)]


def test_a_probe_that_was_not_obeyed_is_cached_too(tmp_path: Path) -> None:
    ask(asked("Good day.", GOOD, cache=Cache(tmp_path / "c.db"))[0])
    again, silent = asked(GOOD, cache=Cache(tmp_path / "c.db"))
    asyncio.run(again.ask(Question([{"role": "user", "content": "And it?"}]), parse, schema=judge_question.schema(1)))
    assert kinds(silent) == [("And it?", False)]


def test_a_probe_that_was_obeyed_is_cached(tmp_path: Path) -> None:
    ask(asked(OBEYED, GOOD, cache=Cache(tmp_path / "c.db"))[0])
    again, silent = asked(GOOD, cache=Cache(tmp_path / "c.db"))
    asyncio.run(again.ask(Question([{"role": "user", "content": "And it?"}]), parse, schema=judge_question.schema(1)))
    assert kinds(silent) == [("And it?", True)]


ENDLESS = Completion('{"ready": "no", "reason": "no", "parts": [' + "\n" * 80, truncated=True)


def test_a_truncated_probe_that_begins_as_an_enforced_schema_makes_it_is_obedience(tmp_path: Path) -> None:
    # SmolLM2 on vLLM: white space without end, while with the schema every verdict was well formed.
    model, backend = asked(ENDLESS, GOOD, cache=Cache(tmp_path / "c.db"))
    assert ask(model)
    again, silent = asked(GOOD, cache=Cache(tmp_path / "c.db"))
    asyncio.run(again.ask(Question([{"role": "user", "content": "And it?"}]), parse, schema=judge_question.schema(1)))
    assert kinds(backend) == [(PROBE, True), ("Is it?", True)]
    assert kinds(silent) == [("And it?", True)]


@pytest.mark.parametrize("reply", ['{"ready":\n\n\n', '{"ready": "yes"', ' {"ready": "yes",\n"reason": "so'])
def test_a_beginning_with_the_keys_in_order_is_enough(reply: str) -> None:
    assert obeyed(reply)


@pytest.mark.parametrize("reply", ["{ \n\n", '{"greeting":', '{"ready": "yes", "name":', '{"reason": "so", "ready":'])
def test_a_beginning_that_anybody_writes_is_not(reply: str) -> None:
    assert not obeyed(reply)


def test_nothing_is_probed_for_an_answer_that_is_cached(tmp_path: Path) -> None:
    ask(asked("Good day.", GOOD, cache=Cache(tmp_path / "c.db"))[0])
    model, backend = asked(Final("must not be asked"), cache=Cache(tmp_path / "c.db"))
    assert ask(model)
    assert backend.requests == []


def test_a_refused_schema_is_given_up_and_said_once() -> None:
    said: list[str] = []
    model, backend = asked(OBEYED, Refused("no maxLength", suspects=["schema"]), GOOD, notify=said.append)
    assert ask(model)
    assert [formed for _, formed in kinds(backend)] == [True, True, False]
    assert len(said) == 1


def test_a_bare_control_character_in_a_string_is_no_disobedience() -> None:
    assert obeyed('{"ready": "no", "reason": "a\b\nb", "parts": [1, 1]}')
    assert criterion.parse('{"reason": "a\b\nb", "met": "no"}').reason == "a\b\nb"


def test_a_probe_that_is_refused_means_words() -> None:
    model, backend = asked(Refused("response_format", suspects=["schema"]), GOOD)
    assert ask(model)
    assert [formed for _, formed in kinds(backend)] == [True, False]


def test_a_denied_key_ends_the_run() -> None:
    model, backend = asked(Denied("HTTP 401"))
    with pytest.raises(ModelUnusable, match="check the key"):
        ask(model)
    assert len(backend.requests) == 1


def test_a_probe_out_of_reach_costs_no_row_and_a_later_row_probes_again() -> None:
    model, backend = asked(Transient("503"), GOOD, OBEYED, '{"c1": "no"}', attempts=1)

    async def twice() -> None:
        assert await model.ask(QUESTION, parse, schema=judge_question.schema(1))
        assert not await model.ask(QUESTION, parse, schema=judge_question.schema(1))

    asyncio.run(twice())
    assert kinds(backend) == [(PROBE, True), ("Is it?", False), (PROBE, True), ("Is it?", True)]


def test_a_server_whose_error_speaks_of_schemas_is_asked_in_words_from_the_first_probe_on() -> None:
    said: list[str] = []

    class Fragile(Scripted):
        async def complete(self, request: Request) -> Completion:
            await super().complete(request)
            if request.schema:
                raise Transient("HTTP 500: grammar compiler", suspects=["schema"], named=True)
            return Completion(GOOD)

    backend = Fragile("")
    model = model_of(backend, attempts=1, notify=said.append)

    async def thrice() -> None:
        for _ in range(3):
            assert await model.ask(QUESTION, parse, schema=judge_question.schema(1))

    asyncio.run(thrice())
    assert [formed for _, formed in kinds(backend)] == [True, False, False, False]
    assert ["grammar compiler" in line for line in said] == [True]


def test_a_refusal_that_only_speaks_of_schemas_leaves_the_others_theirs() -> None:
    model, backend = asked(OBEYED, Refused("schema?", suspects=["schema"]), Final("an essay on schemas"), GOOD)

    async def twice() -> None:
        with pytest.raises(ModelFailure, match="an essay"):
            await model.ask(QUESTION, parse, schema=judge_question.schema(1))
        assert await model.ask(QUESTION, parse, schema=judge_question.schema(1))

    asyncio.run(twice())
    assert [formed for _, formed in kinds(backend)] == [True, True, False, True]


def test_a_probe_answered_with_brackets_alone_is_no_obedience() -> None:
    assert not obeyed("[" * 100_000)


def test_who_sets_the_form_by_hand_is_not_probed() -> None:
    model, backend = asked(GOOD, args={"response_format": {"type": "text"}})
    assert ask(model)
    assert kinds(backend) == [("Is it?", False)]


def test_the_schema_is_sent_and_is_no_part_of_the_key() -> None:
    plain = Request("m", QUESTION.messages, 0, 16)
    formed = Request("m", QUESTION.messages, 0, 16, schema=judge_question.schema(2))
    assert formed.key() == plain.key()
    assert formed.body()["response_format"]["json_schema"]["schema"]["required"] == ["c1", "c2"]
    assert "response_format" not in plain.body()


@given(st.integers(1, 12), st.booleans(), st.data())
def test_what_obeys_our_schemas_is_read_by_our_parsers(count: int, reasons: bool, data: st.DataObject) -> None:
    words = st.sampled_from(["yes", "no"])
    entry = st.fixed_dictionaries({"reason": st.text(min_size=1, max_size=9), "met": words}) if reasons else words
    reply = data.draw(st.fixed_dictionaries(dict.fromkeys(judge_question.schema(count)["required"], entry)))
    found = judge_question.parse(json.dumps(reply), count=count)
    assert [v.id for v in found] == [f"c{place}" for place in range(1, count + 1)]
    assert all((v.reason is not None) == reasons for v in found)
