"""Test what so many prompts can show: held to golden figures, to simulated worlds and to scipy's noncentral t."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rubrictool.analysis.estimators.paired_tests import sign_test
from rubrictool.analysis.estimators.power import (
    detectable_by_sign_test,
    detectable_from_half,
    detectable_mean,
    detectable_win_rate,
    prompts_needed,
    variance_at_half,
)

GOLDEN: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "golden" / "power.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("row", GOLDEN["win_rate"], ids=lambda row: f"{row['prompts']} prompts, {row['ties']} tied")
def test_the_detectable_difference_of_a_win_rate_is_the_golden_one(row: dict[str, Any]) -> None:
    assert round(detectable_from_half((1 - row["ties"]) / 4, row["prompts"]), 4) == row["formula"]
    assert detectable_by_sign_test(row["prompts"], row["ties"]) == row["exact_sign_test"]


@pytest.mark.parametrize("row", GOLDEN["prompts_needed"], ids=lambda row: f"{row['difference']}, {row['ties']} tied")
def test_the_prompts_that_a_difference_takes_are_the_golden_ones(row: dict[str, Any]) -> None:
    assert prompts_needed((1 - row["ties"]) / 4, row["difference"]) == row["formula"]


@pytest.mark.parametrize("row", GOLDEN["score_difference"], ids=lambda row: f"{row['prompts']} prompts")
def test_the_detectable_difference_of_scores_is_the_golden_one(row: dict[str, Any]) -> None:
    assert detectable_mean(1.0, row["prompts"]) == pytest.approx(row["standardised"], rel=5e-4)


def test_a_lopsided_rate_shows_no_smaller_difference_than_an_even_one() -> None:
    """131 wins, 673 losses, 1 draw: around the rate seen it would be 0.036, at which the power is far below 80 %."""
    lopsided = [1.0] * 131 + [0.0] * 673 + [0.5]
    even = [1.0] * 402 + [0.0] * 402 + [0.5]
    found = detectable_win_rate(lopsided)
    assert found == detectable_win_rate(even) == pytest.approx(0.0493, abs=5e-5)
    assert detectable_from_half(0.2304, 805) == pytest.approx(0.0473, abs=5e-5)


@pytest.mark.parametrize(("prompts", "ties"), [(805, 0.08), (300, 0.5), (250, 0.0)])
def test_a_rate_that_far_off_is_found_in_80_of_100_worlds(prompts: int, ties: float) -> None:
    draws, variance = np.random.default_rng(prompts), (1 - ties) / 4
    difference = detectable_from_half(variance, prompts)
    chances = [(1 - ties) / 2 - difference, ties, (1 - ties) / 2 + difference]
    worlds = draws.choice([-0.5, 0, 0.5], p=chances, size=(3000, prompts))
    means, errors = worlds.mean(axis=1), worlds.std(axis=1, ddof=1) / math.sqrt(prompts)
    assert np.mean(np.abs(means) > 1.96 * errors) == pytest.approx(0.8, abs=0.025)


@pytest.mark.parametrize(("prompts", "ties"), [(12, 0.0), (40, 0.25), (120, 0.5)])
def test_the_sign_test_finds_it_in_80_of_100_worlds(prompts: int, ties: float) -> None:
    difference = detectable_by_sign_test(prompts, ties)
    assert difference is not None
    draws = np.random.default_rng(prompts)
    chances = [(1 - ties) / 2 - difference, ties, (1 - ties) / 2 + difference]
    worlds = draws.choice([-1, 0, 1], p=chances, size=(2000, prompts))
    assert np.mean([sign_test(world) <= 0.05 for world in worlds]) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("prompts", [5, 6, 9, 17, 60, 1000])
def test_the_power_of_the_t_test_is_that_of_scipys_noncentral_t(prompts: int) -> None:
    found = detectable_mean(2.0, prompts)
    assert found is not None
    critical, shift = stats.t.ppf(0.975, prompts - 1), found / 2 * math.sqrt(prompts)
    inside = stats.nct.cdf(critical, prompts - 1, shift) - stats.nct.cdf(-critical, prompts - 1, shift)
    assert inside == pytest.approx(0.2, abs=1e-6)


@pytest.mark.parametrize(
    "credits",
    [
        [1.0] * 5,
        [1.0] * 5 + [0.5] * 300,
        [0.5] * 50,
        [0.0, 1.0] * 3 + [0.5] * 24,
        [0.75] * 4 + [0.5] * 3,
        [1.0],
    ],
)
def test_what_no_outcome_of_the_prompts_could_show_is_not_detectable(credits: list[float]) -> None:
    assert detectable_win_rate(credits) is None
    of_numpy: Any = np.array(credits)
    assert detectable_win_rate(of_numpy) is None


def test_fewer_than_five_prompts_show_no_difference_of_scores() -> None:
    assert detectable_mean(1.0, 4) is None


@given(st.floats(0.01, 0.25), st.floats(0.005, 0.5))
@settings(max_examples=100, deadline=None)
def test_as_many_prompts_as_are_needed_show_the_difference(variance: float, difference: float) -> None:
    needed = prompts_needed(variance, difference)
    if difference**2 > variance:
        assert needed is None
    else:
        assert needed is not None
        assert detectable_from_half(variance, needed) <= difference * (1 + 1e-9) or needed < 4
        assert needed < 5 or detectable_from_half(variance, needed - 1) > difference * (1 - 1e-9)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_a_detectable_difference_can_occur_and_is_the_same_from_the_other_side(credits: list[float]) -> None:
    found = detectable_win_rate(credits)
    assert found == detectable_win_rate([1 - credit for credit in credits])
    assert found is None or 0 < found <= math.fsum(abs(credit - 0.5) for credit in credits) / len(credits) + 1e-9
    assert 0 <= variance_at_half(credits) <= 0.25
