"""Rows that are written in another shape and read again are the rows that they were, but for what was reported."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rubrictool.rows.ids import same_text
from rubrictool.shapes.fields import Fields
from rubrictool.shapes.reversal import reverse
from rubrictool.shapes.shape import ColumnValues, Contents, Shape
from rubrictool.shapes.table import SHAPES, candidates
from rubrictool.shapes.writing import Given

WITH_RUBRICS = [shape for shape in SHAPES if shape.write and shape.name in {
    "healthbench", "junkaiz-rubrics", "rubrics-json", "rar", "rubrichub", "oumi", "open-instruct", "ragas", "prometheus",
    "autorubric", "verifiers", "gandalf", "rewardkit", "evalkit", "paperbench",
}]  # fmt: skip

WORDS = st.sampled_from(
    ["Names the dose", "Does not name it", "Is it short?", "Begins with [1] (2)", "Ünïcode ≤ 5 «x»"]
)
TEXTS = st.builds("{} {}".format, WORDS, st.integers(0, 99))
LEVELS = [{"label": str(n), "value": (n - 1) / 4, "description": f"level {n}"} for n in range(1, 6)]
PLAIN_LEVELS = [{"label": label, "value": value} for label, value in (("bad", 0.0), ("fair", 0.5), ("good", 1.0))]


def criteria() -> st.SearchStrategy[list[ColumnValues]]:
    optional = {
        "role": st.just("veto"),
        "dimension": st.sampled_from(["facts", "style"]),
        "levels": st.sampled_from([LEVELS, PLAIN_LEVELS]),
        "note": TEXTS,
    }
    one = st.fixed_dictionaries(
        {"criterion": TEXTS, "weight": st.sampled_from([1, 2, 3, 0.5, -1, -2])}, optional=optional
    )
    return st.lists(one, min_size=1, max_size=5).map(lambda found: [{"criterion": "Is there", "weight": 1}, *found])


PROMPTS = st.fixed_dictionaries(
    {"prompt": TEXTS}, optional={"id": st.just("p7"), "reference": TEXTS, "topic": st.just("history")}
)


def read(shape: Shape, rows: list[ColumnValues]) -> Contents:
    if shape.read_all:
        return shape.read_all([Fields(row) for row in rows])
    assert shape.read
    [row] = rows
    return shape.read(Fields(row))


def kept(columns: ColumnValues, fields: Fields) -> ColumnValues:
    """What was written of an object: all but what nobody took."""
    return {name: value for name, value in columns.items() if name not in fields.names()}


def expected(one: ColumnValues, fields: Fields, *, reverses: bool) -> ColumnValues:
    found = kept(one, fields)
    if reverses and found.get("weight", 1) < 0:
        return found | {"criterion": reverse(found["criterion"]), "weight": -found["weight"]}
    return found


def without_nulls(columns: ColumnValues) -> ColumnValues:
    return {name: value for name, value in columns.items() if value not in (None, [], "")}


def plain(one: Any) -> ColumnValues:
    """A criterion without what reading adds and weights of other scale say the same in."""
    return {
        name: value for name, value in without_nulls(one).items() if name not in ("tags", "polarity", "task_category")
    }


@pytest.mark.parametrize("shape", WITH_RUBRICS, ids=lambda shape: shape.name)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(prompt=PROMPTS, criteria=criteria())
def test_what_is_written_is_read_again(shape: Shape, prompt: ColumnValues, criteria: list[ColumnValues]) -> None:
    assert shape.write
    taken = Given(prompt if not shape.single else {"id": "*"}, {"criteria": criteria})
    rows = shape.write(taken)
    written = [
        expected(one, fields, reverses=bool(taken.changed) and shape.name in ("verifiers", "rewardkit"))
        for one, fields in zip(criteria, taken.criteria, strict=True)
        if "criterion" not in fields
    ]
    if not rows:
        assert not written or taken.lost()
        return
    assert [found.name for found in candidates(rows[0])] == [shape.name]
    contents = read(shape, rows)
    assert contents.rubric is not None
    again = contents.rubric["criteria"]
    if shape.name == "paperbench":
        total = sum(one["weight"] for one in written)
        again = [{**one, "weight": pytest.approx(one["weight"] * total)} for one in again]
    assert [plain(one) for one in again] == [plain(one) for one in written]
    if not shape.single:
        found = {**contents.columns, **(contents.prompt or {})}
        columns = kept(prompt, taken.prompt)
        assert same_text(found["prompt"]) == same_text(prompt["prompt"])
        assert {name: found[name] for name in columns if name != "prompt"} == {
            name: value for name, value in columns.items() if name != "prompt"
        }
