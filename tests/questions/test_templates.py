"""Questions as models see them: foreign text cannot escape its fence, and prefixes stay the same byte for byte."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubrictool.errors import InputError
from rubrictool.models.schema_support import PROBE_SCHEMA
from rubrictool.questions import compare, judge, propose, separate
from rubrictool.questions.separate import JudgedResponse
from rubrictool.questions.templates import Templates, fence, fill, shipped_template, template_names
from rubrictool.rows.records import Prompt, Response, Rubric
from rubrictool.rows.verdicts import Verdict

PROMPT = Prompt(id="p", prompt="Why {criteria}?", reference="Because.")


def judged(response: str, *, use_reference: bool = False) -> str:
    templates = Templates(use_reference=use_reference)
    (message,) = judge.question(templates, PROMPT, ["Is right.", "Is kind."], response).messages
    return str(message["content"])


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_text_closes_its_own_fence(text: str) -> None:
    fenced = fence("x", text)
    opening, closing = fenced.split("\n", 1)[0], fenced.rsplit("\n", 1)[1]
    assert closing == opening.replace("<", "</")
    assert (fenced.count(opening), fenced.count(closing)) == (1, 1)
    assert f"\n{text}\n" in fenced


@given(st.text(max_size=100), st.text(max_size=100))
@settings(max_examples=100, deadline=None)
def test_templates_are_filled_in_one_pass(one: str, other: str) -> None:
    assert fill("<{first}|{second}>", {"first": one or "x", "second": other or "x"}) == f"<{one or 'x'}|{other or 'x'}>"


def test_a_response_full_of_placeholders_stays_text_and_stands_there_once() -> None:
    text = "{response} {criteria} {prompt} verbatim"
    assert judged(text).count(text) == 1


def test_what_differs_between_responses_comes_last() -> None:
    one, other = judged("alpha"), judged("omega")
    shared = len([None for a, b in zip(one, other, strict=False) if a == b])
    assert one[: one.rindex("<response-")] == other[: other.rindex("<response-")]
    assert shared > 0.9 * len(one) - 100
    assert one.index("Why {criteria}?") < one.index("c1: Is right.") < one.index("alpha")


def test_reasoning_is_not_shown() -> None:
    assert "secret" not in judged("<think>secret</think>open")


def test_the_reference_is_shown_only_when_asked_for() -> None:
    assert "Because." not in judged("x")
    assert "Because." in judged("x", use_reference=True)


def test_the_judge_sees_no_weights_and_the_proposer_sees_them_with_the_verdicts() -> None:
    criteria = Rubric.model_validate(
        {"id": "p", "criteria": [{"id": "k", "criterion": "Is right.", "weight": 2}]}
    ).criteria
    one, other = (
        JudgedResponse(Response(prompt_id="p", response=text), (Verdict(id="k", met=text == "x"),)) for text in "xy"
    )
    (message,) = separate.question(Templates(), PROMPT, criteria, (one, other)).messages
    assert "c1 (weight 2): Is right." in message["content"]
    assert "c1: first yes, second no" in message["content"]
    assert "weight" not in judged("x")
    bare = JudgedResponse(one.response), JudgedResponse(other.response)
    (unjudged,) = separate.question(Templates(), PROMPT, criteria, bare).messages
    assert "A judge found" not in unjudged["content"]
    assert "\n\n\n" not in unjudged["content"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("{response}", "{answer}"), "is unknown"),
        (("{response}", ""), "lacks"),
        (("{prompt}", "{prompt} {response}"), "twice"),
    ],
)
def test_a_template_that_would_not_do_is_refused(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    (tmp_path / "judge.txt").write_text(shipped_template("judge").replace(*change), encoding="utf-8")
    with pytest.raises(InputError, match=reason):
        Templates(tmp_path)


@pytest.mark.parametrize("name", template_names())
def test_each_template_stands_beside_its_question_schema_and_parser(name: str) -> None:
    module = import_module(f"rubrictool.questions.{name}")
    assert all(callable(getattr(module, part)) for part in ("question", "schema", "parse"))


def keywords(schema: object) -> set[str]:
    """The keywords of a JSON schema, those of its parts too; the names of properties are none."""
    if isinstance(schema, list):
        return {word for part in schema for word in keywords(part)}
    if not isinstance(schema, dict):
        return set()
    parts = [part for word, part in schema.items() if word != "properties"]
    return set(schema) | keywords(parts) | keywords(list(schema.get("properties", {}).values()))


def test_the_probe_has_every_keyword_of_the_schemas_that_are_sent() -> None:
    sent = (judge.schema(3, reasons=True), compare.schema(reasons=True), propose.schema(), separate.schema(3))
    assert {word for schema in sent for word in keywords(schema)} <= keywords(PROBE_SCHEMA)
