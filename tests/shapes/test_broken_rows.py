"""Any value of any format may be of another type: an error names the field, or it is read and nothing is lost in silence."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from examples import EXAMPLES

from rubrictool.errors import InputError
from rubrictool.formats.bundles import bundles
from rubrictool.rows.inputs import Input
from rubrictool.rows.jsonl import encode_value
from rubrictool.shapes.table import candidates, named

Path = tuple[str | int, ...]
Columns = dict[str, Any]

MARK = "a text that stands nowhere else"
NUMBER = 987654
WRONG = [None, True, NUMBER, 10**400, MARK, "[1", [], [None], [MARK], {"other": MARK}]
FAULT = re.compile(r"rows:\d+: [A-Za-z_][^:\n]*: .+")

NOTED = {
    "rubrichub": ("rubrics", 1),
    "rubric-kit": ("criteria", "looks_up"),
    "mt-bench-answers": ("choices", 0, "turns", 1),
}
"""Parts that are left out as a whole and counted: a criterion of weight 0, one on tool calls, a later turn."""


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all values inside a value; of a list its first two."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for name, one in inner:
        yield from paths(one, (*path, name))


def changed(row: Columns, path: Path, value: Any) -> Columns:
    row = copy.deepcopy(row)
    *outer, last = path
    inner: Any = row
    for name in outer:
        inner = inner[name]
    inner[last] = value
    return row


class Reading(NamedTuple):
    """All that is read of rows, as text, what is told of them, and the error that ended it."""

    read: str
    told: str | None = None
    fault: str = ""

    @classmethod
    def of(cls, rows: list[Columns], name: str) -> Reading:
        source = Input(rows, shape=named(name))
        try:
            parts = [part for bundle in bundles([source], whole=False) for part in bundle.rows.values()]
        except InputError as error:
            return cls("", fault=str(error))
        return cls("\n".join(encode_value(row) for part in parts for row in part), source.recognised())

    def is_clear(self) -> bool:
        return not self.fault or FAULT.match(self.fault) is not None

    def lacks(self, value: Any) -> bool:
        text = json.dumps(value)
        return any(mark in text and mark not in self.read for mark in (MARK, str(NUMBER)))


NAMES = [name for name in EXAMPLES if named(name).read or named(name).read_all]


@pytest.mark.parametrize("name", NAMES)
def test_a_value_of_another_type_is_named_or_read(name: str) -> None:
    first, *others = EXAMPLES[name]
    whole, noted = Reading.of([first, *others], name), NOTED.get(name, ("",))
    for path in paths(first):
        for value in WRONG:
            row = changed(first, path, value)
            found, _ = Reading.of([row, *others], name), candidates(row)
            assert found.is_clear(), (path, value, found.fault)
            if not found.fault and found.told == whole.told and path[: len(noted)] != noted:
                assert not found.lacks(value), (path, value)


@pytest.mark.parametrize("name", NAMES)
def test_a_column_that_nobody_knows_travels_wherever_it_stands(name: str) -> None:
    first, *others = EXAMPLES[name]
    noted = NOTED.get(name, ("",))
    for path in [(), *(path for path in paths(first) if isinstance(at(first, path), dict))]:
        found = Reading.of([changed(first, (*path, "nobody knows"), MARK), *others], name)
        assert found.is_clear(), path  # The names in some objects are names of criteria, or scores.
        assert found.fault or path[: len(noted)] == noted or MARK in found.read, path


def at(value: Any, path: Path) -> Any:
    for name in path:
        value = value[name]
    return value
