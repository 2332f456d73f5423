"""Shaping stretches the top of scores and keeps their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubrictool.rubric.shaping import shaping

SCORES = st.floats(-2, 1)


@pytest.mark.parametrize(
    ("steepness", "shaped"), [(4, [0.119203, 0.439055, 0.664169]), (2, [0.268941, 0.618719, 0.790359])]
)
def test_the_top_is_stretched(steepness: int, shaped: list[float]) -> None:
    assert [shaping(f"exp:{steepness}")(score) for score in (0.5, 0.8, 0.9)] == pytest.approx(shaped, abs=1e-6)


@given(SCORES, SCORES, st.floats(0.01, 100))
def test_no_order_changes(one: float, other: float, steepness: float) -> None:
    shape = shaping(f"exp:{steepness!r}")
    low, high = sorted([one, other])
    assert shape(low) <= shape(high)
    assert shape(1.0) == 1.0


@given(st.floats(-2, 0))
def test_what_is_not_above_zero_stays(score: float) -> None:
    assert shaping("exp:4")(score) == score


@pytest.mark.parametrize("text", ["exp", "exp:", "exp:0", "exp:-1", "exp:nan", "exp:inf", "pow:2", ""])
def test_anything_else_is_no_shaping(text: str) -> None:
    with pytest.raises(ValueError, match="is no shaping"):
        shaping(text)
