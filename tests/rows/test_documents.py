"""TOML and YAML files are one document, and are read as strictly as JSON."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import IO, Any

import pytest

from rubrictool.rows.containers.documents import toml_document, yaml_document
from rubrictool.rows.containers.faults import FileFault, RowFault

Reader = Callable[[IO[bytes]], Iterator[tuple[int, dict[str, Any]]]]


def rows(reader: Reader, text: str) -> list[tuple[int, dict[str, Any]]]:
    return list(reader(io.BytesIO(text.encode())))


def test_a_toml_file_is_one_row() -> None:
    text = '[judge]\nmode = "batched"\n\n[[criterion]]\ndescription = "Is short"\nweight = 2.0\nmade = 2026-11-29\n'
    criterion = {"description": "Is short", "weight": 2.0, "made": "2026-11-29"}
    assert rows(toml_document, text) == [(1, {"judge": {"mode": "batched"}, "criterion": [criterion]})]


def test_a_yaml_object_is_one_row_and_the_items_of_a_list_are_rows_on_their_lines() -> None:
    assert rows(yaml_document, "a: 1\nscores:\n  0: none\n  1: some\n") == [
        (1, {"a": 1, "scores": {"0": "none", "1": "some"}})
    ]
    text = "# criteria\n- requirement: Is short\n  weight: 2\n- requirement: Is new\n  since: 2026-11-29\n"
    assert rows(yaml_document, text) == [
        (2, {"requirement": "Is short", "weight": 2}),
        (4, {"requirement": "Is new", "since": "2026-11-29"}),
    ]


@pytest.mark.parametrize(
    ("reader", "text", "fault"),
    [
        (toml_document, "a = 1\na = 2\n", "is no TOML: Cannot overwrite a value"),
        (toml_document, "a = nan\n", "NaN is no JSON number"),
        (toml_document, "a = " + "[" * 150 + "]" * 150, "nested too deeply"),
        (yaml_document, "a: 1\nb: 2\na: 3\n", "a: the key stands twice in one object; keep one"),
        (yaml_document, "a: &x [1]\nb: *x\n", r"references \(\*name\) are not read"),
        (yaml_document, "a: !!python/object:os.system 1\n", "is no YAML: could not determine a constructor"),
        (yaml_document, "a: .nan\n", "NaN is no JSON number"),
        (yaml_document, "a: !!binary aGk=\n", "holds a value of the type bytes; write it as text"),
        (yaml_document, 'a: "\\ud800"\n', "half of a surrogate pair"),
        (yaml_document, "a: [1\nb: 2\n", "is no YAML"),
        (yaml_document, "just words\n", "is no object; write columns and their values"),
        (yaml_document, "[" * 1500, "is no YAML"),
    ],
)
def test_what_is_not_read_is_said(reader: Reader, text: str, fault: str) -> None:
    with pytest.raises((RowFault, FileFault), match=fault):
        rows(reader, text)


def test_a_fault_has_its_line() -> None:
    with pytest.raises(RowFault) as caught:
        rows(yaml_document, "- a: 1\n- b: 1\n  b: 2\n")
    assert caught.value.number == 2


def test_a_document_is_held_in_memory_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rubrictool.rows.containers.documents.MAX_DOCUMENT", 20)
    with pytest.raises(FileFault, match="is longer than 1 MiB"):
        rows(toml_document, "a = 'more than twenty bytes'\n")
    with pytest.raises(FileFault, match="is not UTF-8"):
        list(toml_document(io.BytesIO(b"a = '\xff'")))
