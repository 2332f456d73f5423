"""Rubrics that are written in another shape and read again are the rubrics that they were, but for what was reported."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pair_examples import PAIR_EXAMPLES

from rubrictool.formats.bundles import bundles
from rubrictool.rows.ids import same_text
from rubrictool.rows.inputs import Input
from rubrictool.rows.jsonl import Rows, encode_value
from rubrictool.rows.records import Rubric
from rubrictool.shapes.fields import Fields
from rubrictool.shapes.reversal import REVERSED_PENALTY, reverse
from rubrictool.shapes.shape import ColumnValues, Shape
from rubrictool.shapes.table import SHAPES

WRITTEN_ONLY = {"tinker-cookbook"}
TRAINING = {"verl", "trl-grpo", "openrlhf", "slime", "verifiers-rows"}
WITHOUT_RUBRICS = {"reward-json", *PAIR_EXAMPLES} - TRAINING
BOTH_WAYS = [shape for shape in SHAPES if shape.write and shape.name not in WRITTEN_ONLY | WITHOUT_RUBRICS]

WORDS = st.sampled_from(
    ["Names the dose", "Does not name it", "Is it short?", "Begins with [1] (2)", "Ünïcode ≤ 5 «x»"]
)
TEXTS = st.builds("{} {}".format, WORDS, st.integers(0, 99))
LEVELS = [{"label": str(n), "value": (n - 1) / 4, "description": f"level {n}"} for n in range(1, 6)]
PLAIN_LEVELS = [{"label": label, "value": value} for label, value in (("bad", 0.0), ("fair", 0.5), ("good", 1.0))]
CRITERION = st.fixed_dictionaries(
    {"criterion": TEXTS, "weight": st.sampled_from([1, 2, 3, 0.5, -1, -2])},
    optional={
        "role": st.just("veto"),
        "dimension": st.sampled_from(["facts", "style"]),
        "levels": st.sampled_from([LEVELS, PLAIN_LEVELS]),
        "check": st.just({"contains": ["dose"]}),
        "note": TEXTS,
    },
).map(lambda one: {name: value for name, value in one.items() if name != "check" or "levels" not in one})
RUBRICS = st.fixed_dictionaries(
    {
        "prompt": TEXTS,
        "criteria": st.lists(CRITERION, max_size=4).map(lambda found: [{"criterion": "Is there", "weight": 1}, *found]),
    },
    optional={"id": st.just("p7"), "reference": TEXTS, "topic": st.just("history")},
)

ADDED = {"id", "tags", "polarity", "task_category"}
"""Columns that reading or writing adds to a criterion; ids here are those of places, which move up when a criterion is lost."""


def less(columns: ColumnValues, *names: str) -> ColumnValues:
    return {name: value for name, value in columns.items() if name not in names and value not in (None, [], "")}


def expected(one: ColumnValues, fields: Fields, *, reverses: bool) -> ColumnValues:
    """Return what was written of a criterion: all but what nobody took, and the reverse of a penalty where that was reported."""
    kept = less(one, *fields.names(), *ADDED)
    if reverses and kept["weight"] < 0:
        return kept | {"criterion": reverse(kept["criterion"]), "weight": -kept["weight"]}
    return kept


@pytest.mark.parametrize("shape", BOTH_WAYS, ids=lambda shape: shape.name)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rubric=RUBRICS)
def test_what_is_written_is_read_again(shape: Shape, rubric: ColumnValues) -> None:
    assert shape.write
    row = {"id": "*", "criteria": rubric["criteria"]} if shape.single else rubric
    [bundle] = bundles([Input([row])], whole=True)
    taken = bundle.given()
    rows = shape.write(taken)
    written = [
        expected(one, fields, reverses=REVERSED_PENALTY in taken.changed)
        for one, fields in zip(row["criteria"], taken.criteria, strict=True)
        if "criterion" not in fields
    ]
    if not rows:
        assert not written
        return
    source = Input(rows)
    assert source.shape == shape, "what was written is told by its columns"
    [again] = Rows(source, Rubric).rows()
    columns = json.loads(encode_value(again.columns()))
    read = [less(one, *ADDED) for one in columns["criteria"]]
    if shape.name == "paperbench":  # Shares of a node say what its weights said.
        total = sum(one["weight"] for one in written)
        read = [{**one, "weight": pytest.approx(one["weight"] * total)} for one in read]
    assert read == written
    if not shape.single:
        assert same_text(again.prompt) == same_text(row["prompt"])
        rest = less(row, "prompt", "criteria", *taken.prompt.names(), *taken.rubric.names())
        assert {name: columns[name] for name in rest} == rest
