"""Predictions from ladders of models, and bits per byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rubrictool.analysis.benchmarks.bits_per_byte import bits_per_byte
from rubrictool.analysis.benchmarks.scaling_laws import predict_from_ladder
from rubrictool.errors import InputError

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.mark.parametrize(("name", "tolerance"), [("exact", 0.002), ("noisy", 0.01)])
def test_the_golden_ladders_predict_the_golden_model(name: str, tolerance: float) -> None:
    pytest.importorskip("scipy")
    expected = json.loads((GOLDEN / "ladder_expected.json").read_text())[name]
    (found,) = predict_from_ladder(str(GOLDEN / f"ladder_{name}.jsonl"))
    assert found.loss == pytest.approx(expected["loss_predicted"], abs=tolerance)
    assert found.score == pytest.approx(expected["score_predicted"], abs=tolerance)
    assert found.score_from_loss == pytest.approx(expected["score_from_actual_loss"], abs=tolerance)
    assert found.loss_error == pytest.approx(expected["loss_relative_error"], abs=0.01)
    assert found.score_error == pytest.approx(expected["score_relative_error"], abs=0.01)


def test_a_ladder_needs_models_to_fit_with_and_one_to_predict() -> None:
    row = {"model": "m", "parameters": 1e8, "tokens": 1e9, "loss": 1.0, "score": 0.5}
    with pytest.raises(InputError, match="there are 4 and 1"):
        predict_from_ladder([row] * 4 + [row | {"role": "target"}])


def test_bits_per_byte_count_bytes_not_letters() -> None:
    assert bits_per_byte([-1.2, -0.3, -2.5], "naïve") == pytest.approx(4 / (0.6931471805599453 * 6))


@pytest.mark.parametrize(("log_probabilities", "text"), [([-1.0], ""), ([0.1], "a"), ([float("nan")], "a")])
def test_bits_per_byte_of_what_is_no_text_or_no_probability_are_refused(
    log_probabilities: list[float], text: str
) -> None:
    with pytest.raises(InputError):
        bits_per_byte(log_probabilities, text)
