"""Errors go from one process to another and stay what they were."""

from __future__ import annotations

import pickle

import pytest

from rubrictool.errors import Abstained, InputError, ModelFailure, RowFailure, RubrictoolError, Transient


@pytest.mark.parametrize(
    "error",
    [
        InputError("bad", code="cache"),
        RowFailure("unavailable", "message", attempts=2),
        ModelFailure("refused", "message", attempts=1, partial=[1, 2]),
        Abstained("message", [1, 2]),
        Transient("busy", retry_after=3.0, overloaded=True),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_can_be_pickled_with_all_that_it_holds(error: RubrictoolError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
