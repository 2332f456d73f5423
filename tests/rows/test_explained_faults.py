"""Messages about rows are ours: field and reason in plain words, with the columns of the file and what would do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from shell import Shell

from rubrictool.errors import InputError
from rubrictool.formats import convert
from rubrictool.rows.columns import Row
from rubrictool.rows.comparisons import Comparison, ExternalComparison
from rubrictool.rows.jsonl import Rows, explain
from rubrictool.rows.records import Prompt, Response, Rubric, Score
from rubrictool.rows.traces import Round

THEIRS = re.compile(
    r"Input should|valid (dictionary|string|number|tuple|list)|Value error|Tuple|instance of|validation error|parse"
)
KINDS: tuple[type[Row], ...] = (Prompt, Response, Rubric, Score, Comparison, ExternalComparison, Round)
VALUES = st.recursive(
    st.sampled_from([None, True, 0, -1, 2.5, 1e300, "", "x", "tie"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "criterion", "weight", "met", "p", "min"]), inner)
    ),
    max_leaves=5,
)


def fault_of(kind: type[Row], columns: dict[str, Any]) -> str:
    try:
        kind.model_validate(columns)
    except ValidationError as error:
        return explain(error)
    return ""


@given(st.data(), st.sampled_from(KINDS))
def test_no_fault_of_a_row_is_told_in_the_words_of_a_library(data: st.DataObject, kind: type[Row]) -> None:
    names = st.sampled_from([*kind.model_fields])
    columns = data.draw(st.dictionaries(names, VALUES)) | {"prompt_id": "p", "id": "i"}
    assert not THEIRS.search(fault_of(kind, columns))


@pytest.mark.parametrize(
    ("row", "kind", "said"),
    [
        (
            {"mine": "Why?"},
            Prompt,
            "prompt: field required; the row has: mine; if one of them is the prompt, read it as prompt",
        ),
        (
            {"question": "Why?", "mine": "So."},
            Response,
            "response: field required; the row has: question, mine; if one",
        ),
        ({"mine": 5}, Prompt, "prompt: field required; the row has: mine"),
        (
            {"criteria": ["Short"]},
            Rubric,
            "give the prompt's id, or its text under prompt, or the id * for every prompt",
        ),
        (
            {"answer": "So."},
            Response,
            "prompt_id: field required; the row has: answer; give the prompt's id, or its text",
        ),
        ({"prompt_id": "p", "winner": "c"}, ExternalComparison, "winner: must be 'a', 'b' or 'tie'"),
        ({"prompt_id": "p", "preference": 2}, ExternalComparison, "preference: must be at most 1"),
    ],
)
def test_a_fault_names_the_columns_of_the_file_and_what_would_do(
    row: dict[str, object], kind: type[Row], said: str
) -> None:
    with pytest.raises(InputError, match=re.escape(f"rows:1: {said}" if said[0] != "g" else said)):
        Rows([row], kind).rows()


def test_a_column_that_no_file_has_is_told_with_the_columns_of_each_file(shell: Shell) -> None:
    one, two = (
        shell.write("a.jsonl", [{"question": "Why?", "mine": "So."}]),
        shell.write("b.jsonl", [{"criteria": ["x"]}]),
    )
    ran = shell("score", one, "--rubrics", two, "--map", "yours=response")
    assert ran.code == 2
    assert f"no first row has that column; {one} has question, mine; {two} has criteria" in ran.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("healthbensh", "no format that is written; did you mean healthbench"),
        ("Preferences", "did you mean preference"),
        ("prbench", "PRBench is read, not written; there are alpaca,"),
        ("qqq", "no format that is written; there are alpaca,"),
    ],
)
def test_an_unknown_format_is_answered_with_those_that_can_be_used_so(name: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as told:
        convert([{"prompt": "Why?"}], name)
    assert "prbench" not in str(told.value).removeprefix("PRBench")
    assert told.value.code == "formats"
