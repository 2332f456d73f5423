"""Test whether two systems differ on the same prompts: exact and seeded tests."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rubrictool.analysis.estimators.paired_tests import sign_flip_test, sign_test
from rubrictool.analysis.estimators.prompt_means import standard_deviation

DIFFERENCES = st.lists(st.integers(-8, 8).map(lambda eighths: eighths / 8), max_size=9)


def test_the_sign_test_doubles_the_binomial_tail_and_leaves_ties_out() -> None:
    assert sign_test([1.0] * 9 + [-1.0] + [0.0] * 7) == 2 * (1 + 10) / 2**10
    assert sign_test([0.5, -0.5]) == sign_test([0.0]) == sign_test([]) == 1


def test_the_sign_test_holds_for_thousands_of_prompts() -> None:
    """The figure is that of a normal tail with the continuity correction."""
    won, n = 5200, 10_000
    z = (won - 0.5 - n / 2) / math.sqrt(n / 4)
    assert sign_test([1.0] * won + [-1.0] * (n - won)) == pytest.approx(math.erfc(z / math.sqrt(2)), rel=0.01)


@pytest.mark.parametrize(("won", "lost"), [(499, 501), (500, 501), (480, 521), (6_000, 6_200), (249_000, 250_000)])
def test_the_sign_test_of_many_prompts_is_quick_and_that_of_scipy(won: int, lost: int) -> None:
    """A sum of exact binomial coefficients takes minutes for half a million prompts."""
    expected = stats.binomtest(won, won + lost).pvalue
    assert sign_test([1.0] * won + [-1.0] * lost) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(("won", "lost", "p"), [(38, 26, 0.168643), (60, 40, 0.056888), (700, 500, 0.0)])
@pytest.mark.parametrize("kind", [np.float64, np.int64, np.int8])
def test_numbers_of_numpy_are_tested_as_pythons_are(kind: type, won: int, lost: int, p: float) -> None:
    """Their sums have 64 bits: from 64 prompts on the binomial coefficients overflowed, and the p-value was 1."""
    differences: Any = np.array([1] * won + [-1] * lost).astype(kind)
    assert sign_test(differences) == pytest.approx(p, abs=1e-6)
    assert sign_flip_test(differences) == pytest.approx(sign_flip_test([1.0] * won + [-1.0] * lost))


@given(DIFFERENCES)
@settings(max_examples=60, deadline=None)
def test_both_tests_say_what_scipy_says(differences: list[float]) -> None:
    won, lost = sum(one > 0 for one in differences), sum(one < 0 for one in differences)
    assert sign_test(differences) == pytest.approx(stats.binomtest(won, won + lost).pvalue if won + lost else 1)
    if len(differences) > 1 and won + lost:
        flipped = stats.permutation_test([differences], np.mean, permutation_type="samples", n_resamples=np.inf)
        assert sign_flip_test(differences) == pytest.approx(flipped.pvalue)


@given(DIFFERENCES)
@settings(max_examples=60, deadline=None)
def test_few_differences_are_flipped_in_every_way(differences: list[float]) -> None:
    """Against the definition itself; eighths, so that sums are exact."""
    seen = abs(sum(differences))
    sums = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    assert sign_flip_test(differences) == pytest.approx(sum(one >= seen for one in sums) / len(sums))


@given(DIFFERENCES, st.floats(0.1, 10))
@settings(max_examples=40, deadline=None)
def test_sides_and_units_do_not_matter(differences: list[float], unit: float) -> None:
    for test in (sign_test, sign_flip_test):
        assert test([-unit * one for one in differences]) == pytest.approx(test(differences))


def test_many_differences_are_flipped_by_draws_of_the_seed_near_the_exact_value() -> None:
    differences = [math.sin(n) + 0.1 for n in range(60)]
    one, again, other = (sign_flip_test(differences, seed=seed) for seed in (1, 1, 2))
    assert one == again != other
    z = sum(differences) / math.sqrt(sum(d * d for d in differences))
    assert one == pytest.approx(math.erfc(z / math.sqrt(2)), abs=0.02)
    assert sign_flip_test([1.0] * 500) == 1 / 10_000


def test_where_nothing_differs_no_test_finds_anything() -> None:
    draws = np.random.default_rng(5)
    found = [
        [test(list(draws.choice([-1, -0.5, 0, 0.5, 1], 20))) <= 0.05 for test in (sign_test, sign_flip_test)]
        for _ in range(300)
    ]
    assert max(np.mean(found, axis=0)) < 0.075


def test_one_value_has_no_deviation() -> None:
    assert standard_deviation([3.0]) is None
    assert standard_deviation([1.0, 3.0]) == pytest.approx(math.sqrt(2))
