"""Test what is written as TOML is read again as it was."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rubrictool.text.toml import toml_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_an_object_comes_back_as_it_was(columns: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text(columns)) == columns


def test_lists_of_objects_are_tables_and_nulls_are_left_out() -> None:
    criteria = [{"description": 'Says "no"\nat once', "weight": 2.0, "id": None}, {"description": "Is short"}]
    assert toml_text({"criterion": criteria, "judge": {"mode": "batched"}, "note": None}) == (
        '[judge]\nmode = "batched"\n\n[[criterion]]\ndescription = "Says \\"no\\"\\nat once"\nweight = 2.0\n\n'
        '[[criterion]]\ndescription = "Is short"\n'
    )
