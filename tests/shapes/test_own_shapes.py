"""Whatever the code of somebody's own format does, the error names the row and the line of that code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from rubrictool import formats
from rubrictool.errors import InputError
from rubrictool.rows.inputs import Input
from rubrictool.rows.jsonl import Rows
from rubrictool.rows.records import Rubric
from rubrictool.shapes.table import named

HOUSE = """
from rubrictool.formats import Contents, Shape, has

def shape(read, write=None):
    return Shape("house", "the house's format", has("ask"), read, write=write)

def good(row):
    return Contents({"prompt": row.text("ask")}, {"criteria": [{"criterion": "Is short", "weight": 1}]})

PARTS = {"prompt": "Ask", "comparisons": [{"winner": "a", "a": 0, "b": 9}]}
RAISES = shape(lambda row: {}["key"])
NOTHING = shape(lambda row: None)
TEXT = shape(lambda row: Contents("Ask"))
FIELD = shape(lambda row: row.number("ask"))
PLACE = shape(lambda row: Contents({"prompt": "Ask"}, comparisons=[{"winner": "a", "a": 0, "b": 9}]))
RULE = shape(good).__class__("house", "the house's format", lambda row: row["other"], good)
WRITES = shape(good, lambda given: {}["key"])
NO_ROWS = shape(good, lambda given: None)
NO_JSON = shape(good, lambda given: [{"a": {1}}])
UNREAD = shape(None, lambda given: [])
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs.py").write_text(HOUSE, encoding="utf-8")
    (tmp_path / "divides.py").write_text("1 / 0", encoding="utf-8")
    (tmp_path / "breaks.py").write_text("def (", encoding="utf-8")
    (tmp_path / "ends.py").write_text("raise SystemExit(3)", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "theirs", raising=False)


ROWS: list[dict[str, Any]] = [{"ask": "Why?"}]


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("RAISES", r"rows:1: theirs:RAISES: KeyError: 'key' \(theirs\.py, line 11\) \(read as the house's format\)"),
        ("NOTHING", r"rows:1: read must return Contents, not NoneType"),
        ("TEXT", r"rows:1: each part of Contents must be a dict of columns, not str"),
        ("FIELD", r"rows:1: ask: must be a number"),
        ("PLACE", r"rows:1: a comparison names response 0 of 0, counted from 0"),
        ("UNREAD", r"rows: the house's format is written, not read"),
    ],
)
def test_what_reading_does_wrong_is_told_of_its_row(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Rows(Input(ROWS, shape=named(f"theirs:{name}")), Rubric).rows()


@pytest.mark.usefixtures("module")
def test_a_rule_that_fails_on_a_row_is_not_met() -> None:
    shape = named("theirs:RULE")
    [row] = Rows(Input(ROWS, shape=shape), Rubric).rows()
    assert (row.prompt, shape.matches(ROWS[0]), shape.matches({"other": 1})) == ("Why?", False, True)


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("WRITES", r"rows:1: cannot be written as the house's format: theirs:WRITES: KeyError: 'key' \(theirs"),
        ("NO_ROWS", r"rows:1: .*: write must return a list of rows"),
        ("NO_JSON", r"rows:1: .*: theirs:NO_JSON: TypeError: "),
    ],
)
def test_what_writing_does_wrong_is_told_of_its_row(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(formats.convert([{"prompt": "Why?"}], f"theirs:{name}"))


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("divides:X", r"cannot be imported: ZeroDivisionError: division by zero \(divides\.py, line 1\)"),
        ("breaks:X", r"cannot be imported: SyntaxError: "),
        ("ends:X", r"cannot be imported: SystemExit: 3"),
        ("theirs:NO_SUCH", r"cannot be imported: module 'theirs' has no attribute"),
        ("theirs:good", r"is no rubrictool\.formats\.Shape but function"),
        ("theirs:", r"write MODULE:NAME"),
        (":X", r"write MODULE:NAME"),
    ],
)
def test_a_module_that_cannot_be_imported_is_an_input_error(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        named(name)
