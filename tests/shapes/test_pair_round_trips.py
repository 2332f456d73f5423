"""Test what is written in a format reads as what it was, but for what is reported lost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rubrictool import formats
from rubrictool.rows.ids import same_text
from rubrictool.rows.inputs import Input
from rubrictool.shapes.fields import Fields
from rubrictool.shapes.shape import Contents, Shape
from rubrictool.shapes.table import named
from rubrictool.shapes.writing import Given

Columns = dict[str, Any]

WRITABLE = [
    "alpaca",
    "alpaca-eval",
    "alpaca-eval-annotations",
    "arena-hard-answers",
    "arena-hard-judgments",
    "arena-hard-questions",
    "evalkit-labels",
    "healthbench-meta-eval",
    "llama-factory",
    "messages",
    "openrlhf",
    "preference",
    "sharegpt",
    "slime",
    "trl-grpo",
    "ultrafeedback",
    "ultrafeedback-binarized",
    "verifiers-rows",
    "verl",
]
"""Formats of responses, comparisons and training rows."""

words = st.builds("{} {}".format, st.sampled_from(["Blue", "Grün ≤", "1", "{x}", "null"]), st.integers(0, 99))
numbers = st.integers(-9, 9).filter(bool)


def message(role: str) -> st.SearchStrategy[Columns]:
    return st.fixed_dictionaries({"role": st.just(role), "content": words})


chats = st.tuples(
    st.lists(message("system"), max_size=1), st.booleans(), message("user"), message("assistant")
).flatmap(lambda parts: st.just([*parts[0], *([parts[2], parts[3]] if parts[1] else []), parts[2]]))

prompts = st.fixed_dictionaries(
    {"prompt": words | chats, "id": words}, optional={"reference": words, "topic": words | st.lists(st.integers())}
)

criteria = st.lists(
    st.fixed_dictionaries(
        {"criterion": words, "weight": numbers},
        optional={"tags": st.lists(words, max_size=2), "role": st.just("veto"), "dimension": words, "why": words},
    ),
    min_size=1,
    max_size=3,
).map(
    lambda items: [
        item | {"id": f"n{place}"} for place, item in enumerate([{"criterion": "Is there", "weight": 2}, *items])
    ]
)

responses = st.lists(
    st.fixed_dictionaries(
        {"response": words, "model": words},
        optional={"score": st.floats(0, 1), "flavour": words, "met": st.lists(st.sampled_from([True, False, None]))},
    ),
    min_size=2,
    max_size=3,
    unique_by=(lambda row: row["response"], lambda row: row["model"]),
)

outcomes = st.sampled_from(["a", "b", "tie"]).map(lambda winner: {"winner": winner}) | st.sampled_from(
    [0.0, 0.25, 0.5, 1.0]
).map(lambda share: {"preference": share})

comparisons = st.tuples(outcomes, st.dictionaries(st.just("judge"), words, max_size=1)).map(
    lambda parts: [{"a": 0, "b": 1} | parts[0] | parts[1]]
)


@st.composite
def rows(draw: st.DrawFn) -> tuple[Columns, list[Columns], list[Columns], list[Columns]]:
    rubric: list[Columns] = draw(criteria)
    answers: list[Columns] = draw(responses)
    for answer in answers:
        met = answer.pop("met", [])
        if met:
            ids = [one["id"] for one in rubric]
            answer["verdicts"] = [{"id": name, "met": one} for name, one in zip(ids, met, strict=False)]
    return draw(prompts), rubric, answers, draw(comparisons)


def written(
    shape: Shape, parts: tuple[Columns, list[Columns], list[Columns], list[Columns]]
) -> tuple[list[Columns], Given]:
    prompt, rubric, answers, compared = parts
    taken = Given(
        Fields(prompt),
        Fields({}),
        [Fields(one, "criteria.") for one in rubric],
        [Fields(one, "responses.", {"id": f"r{place}"}) for place, one in enumerate(answers)],
        [Fields(one, "comparisons.") for one in compared],
    )
    assert shape.write is not None
    return shape.write(taken), taken


def decoded(value: Any) -> Any:
    """A row as it is read from its file, with the JSON in its texts as what it stands for."""
    if isinstance(value, dict):
        return {name: decoded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [decoded(one) for one in value]
    return decoded(json.loads(value)) if isinstance(value, str) and value.startswith(('{"', '[{"')) else value


def texts(values: Iterable[Any]) -> set[str]:
    return {same_text(value) for value in values}


def outcome(contents: Contents, comparison: Columns) -> tuple[str, str, float]:
    """The texts that are compared, in order, and the share of the first."""
    sides = [same_text(contents.responses[comparison[side]]["response"]) for side in "ab"]
    share = comparison.get("preference", {"a": 1.0, "tie": 0.5, "b": 0.0}.get(comparison.get("winner", "")))
    assert share is not None
    return (sides[0], sides[1], share) if sides[0] < sides[1] else (sides[1], sides[0], 1 - share)


@pytest.mark.parametrize("name", WRITABLE)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(parts=rows())
def test_what_is_written_reads_as_what_it_was(
    name: str, parts: tuple[Columns, list[Columns], list[Columns], list[Columns]]
) -> None:
    shape, (prompt, rubric, answers, compared) = named(name), parts
    found, taken = written(shape, parts)
    lost = taken.lost()
    if not found:
        return
    source = Input(found, shape=shape)
    held = [contents for _, contents in source.parts()]
    flattened = "messages (written as one text)" in lost
    if any(contents.prompt for contents in held) and "prompt" not in lost and not flattened:
        assert texts(contents.prompt["prompt"] for contents in held if contents.prompt) == texts([prompt["prompt"]])
    if "criteria.criterion" not in lost:
        ours = {(one["criterion"], one["weight"]) for one in rubric}
        theirs = [
            (one["criterion"], one["weight"])
            for contents in held
            for one in (contents.rubric or {}).get("criteria", ())
        ]
        assert set(theirs) <= ours if "criteria.weight" not in lost else True
        assert (
            not theirs
            or {text for text, _ in theirs} == {text for text, _ in ours}
            or "responses.verdicts" in lost
            or name == "healthbench-meta-eval"
        )
    if "responses.response" not in lost:
        back = texts(one["response"] for contents in held for one in contents.responses if "response" in one)
        assert back <= texts(one["response"] for one in answers)
    if shape.pairs and not any(one.startswith("comparisons.") for one in lost):
        whole = Contents(responses=answers)
        back_outcomes = [outcome(contents, one) for contents in held for one in contents.comparisons if "a" in one]
        assert not back_outcomes or back_outcomes == [outcome(whole, one) for one in compared]


SAME_TEXT_TWICE: tuple[Columns, list[Columns], list[Columns], list[Columns]] = (
    {"prompt": "Name a colour.", "id": "p1"},
    [{"criterion": "Is one", "weight": weight, "id": f"n{weight}"} for weight in (1, 2)],
    [{"response": "Blue.", "verdicts": [{"id": f"n{weight}", "met": True} for weight in (1, 2)]}],
    [],
)
"""Two criteria that only their ids tell apart."""


@pytest.mark.parametrize("name", WRITABLE)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(parts=rows())
@example(parts=SAME_TEXT_TWICE)
def test_rows_that_were_written_are_written_again_without_loss(
    name: str, parts: tuple[Columns, list[Columns], list[Columns], list[Columns]]
) -> None:
    found, _ = written(named(name), parts)
    if found and name != "evalkit-labels":
        conversion = formats.convert(Input(found, shape=named(name)), name)
        assert [decoded(row) for row in conversion] == [decoded(row) for row in found]
        assert conversion.lost == {}
