"""Test what optimising a reward that is partly wrong gains, against the paper's figures, plain integration and enumeration."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubrictool.analysis.estimators import sampled_policy, theory
from rubrictool.analysis.estimators.policy_tilt import FloatArray
from rubrictool.analysis.estimators.sampled_policy import Levels
from rubrictool.analysis.estimators.theory import Wrong

FIGURES = sorted((Path(__file__).parents[3] / "docs" / "figures").glob("*.svg"))

MAPPINGS: list[tuple[Wrong, float | None]] = [
    ("none", None), ("all", None), ("top", 0.25), ("top", 0.5), ("worst", 0.5), ("worst", 0.9),
]  # fmt: skip

kls = st.floats(-6, math.log10(12)).map(lambda power: 10**power)
shares = st.floats(0.01, 0.99)
mappings = st.one_of(
    st.sampled_from([("none", None), ("all", None)]), st.tuples(st.sampled_from(["top", "worst"]), shares)
)
scores = st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 0.7, 1.0])
samples = st.lists(st.tuples(scores, st.floats(-5, 5).map(lambda value: round(value, 3))), min_size=1, max_size=20)
betas = st.floats(-4, 4).map(lambda power: 10**power)


def gold(u: FloatArray, wrong: Wrong, share: float | None) -> FloatArray:
    """The gold quantile at proxy quantile u: the mappings as the paper writes them (each is its own inverse)."""
    c = share or 0.0
    reversed_top, reversed_worst = np.where(u <= 1 - c, u, 2 - c - u), np.where(u <= c, c - u, u)
    return {"none": u, "all": 1 - u, "top": reversed_top, "worst": reversed_worst}[wrong]


def integral(values: FloatArray, weights: FloatArray) -> float:
    return float(np.sum(values * weights))


def nodes(beta: float, *breaks: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Quantiles, their weights in an integral over 0..1, and the logarithm of the optimised density there.

    Gauss-Legendre on panels that end at the breaks and grow from the top down, where the density falls off with beta.
    """
    falling = 1 - beta * np.concatenate((np.linspace(0, 80, 161), np.geomspace(80, 1e9, 40)))
    ends = np.unique(np.concatenate((falling, np.linspace(0, 1, 33), breaks)).clip(0, 1))
    at, weight = np.polynomial.legendre.leggauss(10)
    middle, half = (ends[1:] + ends[:-1]) / 2, (ends[1:] - ends[:-1]) / 2
    u, weights = (middle[:, None] + half[:, None] * at).ravel(), (half[:, None] * weight).ravel()
    log_density = (u - 1) / beta
    return u, weights, log_density - math.log(integral(np.exp(log_density), weights))


@pytest.mark.parametrize(
    ("kl", "beta", "rates"),
    [
        (0.5, 0.24281, [0.7737, 0.2263, 0.7462, 0.6313, 0.7556, 0.4718]),
        (1, 0.13606, [0.8646, 0.1354, 0.8035, 0.6170, 0.8583, 0.5625]),
        (2, 0.04979, [0.9502, 0.0498, 0.7975, 0.5498, 0.9502, 0.8428]),
        (3, 0.01832, [0.9817, 0.0183, 0.7683, 0.5183, 0.9817, 0.9780]),
        (8, 0.00012, [0.9999, 0.0001, 0.7501, 0.5001, 0.9999, 0.9999]),
    ],
)
def test_the_curves_of_the_paper_run_through_known_points(kl: float, beta: float, rates: list[float]) -> None:
    assert round(theory.beta_for_kl(kl), 5) == beta
    assert [round(theory.win_rate(kl, wrong, share=share), 4) for wrong, share in MAPPINGS] == rates


@given(kls, mappings)
@settings(max_examples=100, deadline=None)
def test_every_closed_form_is_its_integral(kl: float, mapping: tuple[Wrong, float | None]) -> None:
    wrong, share = mapping
    beta = theory.beta_for_kl(kl)
    u, weights, log_density = nodes(beta, share or 0.0, 1 - (share or 0.0))
    density = np.exp(log_density)
    rate = integral(density * gold(u, wrong, share), weights)
    assert theory.win_rate(kl, wrong, share=share) == pytest.approx(rate, rel=1e-9)
    assert kl == pytest.approx(integral(density * log_density, weights), rel=1e-9, abs=1e-13)


@given(kls, mappings)
@settings(max_examples=50, deadline=None)
def test_any_mapping_can_be_integrated(kl: float, mapping: tuple[Wrong, float | None]) -> None:
    wrong, share = mapping
    found = theory.win_rate_under(kl, lambda u: gold(u, wrong, share))
    assert found == pytest.approx(theory.win_rate(kl, wrong, share=share), abs=1e-4)


@pytest.mark.parametrize("beta", [0.01, 0.1, 1.0, 10.0])
def test_kl_is_what_theorem_1_prints(beta: float) -> None:
    top = math.exp(1 / beta)
    printed = ((1 / beta - 1) * top + 1) / (top - 1) - math.log(beta) - math.log(top - 1)
    assert theory.kl(beta) == pytest.approx(printed, abs=1e-12)


@given(st.floats(-12, math.log10(theory.MAX_KL) - 0.01).map(lambda power: 10**power))
@settings(max_examples=100, deadline=None)
def test_beta_for_kl_undoes_kl(kl: float) -> None:
    assert theory.kl(theory.beta_for_kl(kl)) == pytest.approx(kl, rel=1e-10)


@given(kls, mappings)
@settings(max_examples=100, deadline=None)
def test_being_right_is_best_and_being_wrong_everywhere_worst(kl: float, mapping: tuple[Wrong, float | None]) -> None:
    wrong, share = mapping
    best, rate = theory.win_rate(kl), theory.win_rate(kl, wrong, share=share)
    assert 1 - best - 1e-12 <= rate <= best + 1e-12
    assert theory.win_rate(kl, "all") == pytest.approx(1 - best)


@given(kls, kls)
@settings(max_examples=50, deadline=None)
def test_with_a_right_proxy_every_step_gains(one: float, other: float) -> None:
    assert theory.win_rate(min(one, other)) <= theory.win_rate(max(one, other)) + 1e-12


def test_no_optimisation_wins_half_and_a_little_wins_the_root_of_a_sixth_of_the_kl() -> None:
    assert (theory.beta_for_kl(0), theory.kl(math.inf), theory.win_rate(0)) == (math.inf, 0, 0.5)
    assert theory.win_rate(1e-10) - 0.5 == pytest.approx(math.sqrt(1e-10 / 6), rel=1e-6)


def test_far_from_the_base_only_the_very_top_counts() -> None:
    far = [theory.win_rate(theory.MAX_KL, wrong, share=share) for wrong, share in MAPPINGS]
    assert far == pytest.approx([1, 0, 0.75, 0.5, 1, 1])


def test_a_wrong_top_peaks_and_a_larger_one_earlier_and_lower() -> None:
    quarter, half = theory.peak("top", share=0.25), theory.peak("top", share=0.5)
    assert (round(quarter.kl, 2), round(quarter.win_rate, 4)) == (1.37, 0.8134)
    assert (round(half.kl, 2), round(half.win_rate, 4)) == (0.58, 0.6322)


@given(st.floats(0.001, 1), st.floats(1e-6, 12))
@settings(max_examples=100, deadline=None)
def test_no_kl_gives_more_than_the_peak(share: float, kl: float) -> None:
    assert theory.win_rate(kl, "top", share=share) <= theory.peak("top", share=share).win_rate + 1e-12


def test_what_is_right_at_the_top_never_peaks_and_what_is_wrong_throughout_is_best_left_alone() -> None:
    assert theory.peak("none") == theory.peak("worst", share=0.9) == theory.peak("top", share=0) == (math.inf, 1)
    assert theory.peak("all") == theory.peak("top", share=0.8) == theory.peak("worst", share=1) == (0, 0.5)


def test_ranking_the_top_right_is_nearly_enough() -> None:
    kl = np.linspace(0, 12, 1201)
    gap = theory.win_rate(kl) - theory.envelope(kl, 0.4)
    assert (round(float(gap.max()), 4), round(float(kl[gap.argmax()]), 2)) == (0.0454, 0.27)
    late = [round(theory.win_rate(kl) - theory.envelope(kl, 0.1), 3) for kl in (2.0, 2.5, 3.0)]
    assert late == [0.107, 0.031, 0.004]


@given(st.permutations(range(8)), st.integers(0, 8), st.floats(0.01, 10))
@settings(max_examples=100, deadline=None)
def test_no_ranking_of_the_rest_is_worse_than_the_reversed_one(order: list[int], right: int, beta: float) -> None:
    rest, top = [place for place in order if place < 8 - right], list(range(8 - right, 8))
    some, reverse = (
        sampled_policy.optimised(list(range(8)), ranks, beta=beta)
        for ranks in (rest + top, sorted(rest, reverse=True) + top)
    )
    assert some.win_rate >= reverse.win_rate - 1e-12


def test_a_number_gives_a_float_and_an_array_its_shape() -> None:
    grid = np.array([[0.5, 1.0, 2.0]])
    assert type(theory.win_rate(1)) is type(theory.kl(1)) is type(theory.beta_for_kl(1)) is float
    for found in (theory.kl(grid), theory.beta_for_kl(grid), theory.envelope(grid, 0.1), theory.win_rate(grid, "all")):
        assert found.shape == (1, 3)
    assert theory.win_rate(grid)[0, 1] == theory.win_rate(1.0)
    assert theory.win_rate_under(grid, lambda u: u).shape == (1, 3)


def test_many_responses_ranked_right_follow_the_theorem() -> None:
    quantiles = (np.arange(4000) + 0.5) / 4000
    for beta in (10, 0.5, 0.05):
        found = sampled_policy.optimised(quantiles, quantiles, beta=beta)
        assert found.kl == pytest.approx(theory.kl(beta), abs=1e-5)
        assert found.win_rate == pytest.approx(theory.win_rate(theory.kl(beta)), abs=1e-5)
        assert found.reward == pytest.approx(found.win_rate)


def test_a_sample_is_weighted_by_its_proxy_scores() -> None:
    found = sampled_policy.optimised([0, 1, 1], [5.0, 7.0, 6.0], beta=1 / math.log(2))
    assert found.win_rate == pytest.approx((1 / 6 + 2 * 5 / 6 + 2 * 3 / 6) / 5)
    assert found.reward == pytest.approx((5 + 2 * 7 + 2 * 6) / 5)
    assert found.kl == pytest.approx(0.2 * math.log(3 / 5) + 0.8 * math.log(6 / 5))
    assert (found.effective_size, found.ceiling) == pytest.approx((25 / 9, math.log(3 / 2)))


@given(samples, betas)
@settings(max_examples=100, deadline=None)
def test_kl_stays_below_its_ceiling_and_the_ceiling_below_log_n(sample: list[tuple[float, float]], beta: float) -> None:
    found = sampled_policy.optimised(*zip(*sample, strict=True), beta=beta)
    assert 0 <= found.kl <= found.ceiling + 1e-12
    assert found.ceiling <= math.log(len(sample)) + 1e-12
    assert 1 - 1e-12 <= found.effective_size <= len(sample) + 1e-9


@given(samples, betas)
@settings(max_examples=100, deadline=None)
def test_only_the_order_of_gold_counts_for_the_win_rate_and_only_differences_of_the_proxy(
    sample: list[tuple[float, float]], beta: float
) -> None:
    proxy, rewards = np.array(sample).T
    found = sampled_policy.optimised(proxy, rewards, beta=beta)
    moved = sampled_policy.optimised(proxy + 8, np.arctan(rewards), beta=beta)
    assert (moved.win_rate, moved.kl) == pytest.approx((found.win_rate, found.kl), rel=1e-6, abs=1e-9)


@given(samples, betas)
@settings(max_examples=100, deadline=None)
def test_levels_hold_all_of_a_sample_that_optimisation_sees(sample: list[tuple[float, float]], beta: float) -> None:
    proxy, rewards = np.array(sample).T
    whole, levels = sampled_policy.optimised(proxy, rewards, beta=beta), sampled_policy.levels(proxy, rewards)
    assert sampled_policy.optimised_levels(levels, beta=beta) == pytest.approx((whole.kl, whole.win_rate))
    assert sampled_policy.ceiling(levels).kl == pytest.approx(whole.ceiling)


@pytest.mark.parametrize("mass", [0.01, 0.1, 0.5])
def test_a_score_that_many_get_caps_the_kl(mass: float) -> None:
    levels = Levels([1 - mass, mass], [0.8, 1.0], [(1 - mass) / 2, 1 - mass / 2])
    assert sampled_policy.ceiling(levels) == pytest.approx((math.log(1 / mass), 1 - mass / 2))
    assert sampled_policy.optimised_levels(levels, beta=1e-300) == pytest.approx(sampled_policy.ceiling(levels))


def test_nothing_optimised_wins_half_and_everything_optimised_ends_at_the_ceiling() -> None:
    proxy, rewards = [0.2, 0.9, 0.9 + 1e-12, 0.5], [1.0, 1.0, 3.0, 2.0]
    weak, strong = (sampled_policy.optimised(proxy, rewards, beta=beta) for beta in (math.inf, 1e-300))
    assert (weak.win_rate, weak.reward, weak.kl, weak.effective_size) == (0.5, 1.75, 0, 4)
    assert (strong.win_rate, strong.kl, strong.effective_size) == pytest.approx((0.5625, math.log(2), 2))
    assert sampled_policy.ceiling(sampled_policy.levels(proxy, rewards)) == pytest.approx((strong.kl, strong.win_rate))


def test_the_best_of_n_without_ties_has_its_closed_form() -> None:
    point = theory.best_of_n(16)
    assert (round(point.win_rate, 5), round(point.kl, 5)) == (0.94118, 1.83509)
    assert theory.best_of_n(1) == (0, 0.5)
    quantiles = np.arange(4000)
    found = sampled_policy.best_of(quantiles, quantiles, n=16)
    assert (found.kl, found.win_rate) == pytest.approx(point, abs=1e-4)


@given(st.integers(1, 10**9))
@settings(max_examples=50, deadline=None)
def test_the_best_of_n_gains_nearly_what_its_kl_allows_and_no_more(n: int) -> None:
    point = theory.best_of_n(n)
    assert -1e-12 <= theory.win_rate(point.kl) - point.win_rate < 0.01


@given(st.lists(st.tuples(scores, st.integers(0, 3)), min_size=1, max_size=5), st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_the_best_of_n_of_a_sample_is_what_enumeration_finds(sample: list[tuple[float, int]], n: int) -> None:
    weights = np.zeros(len(sample))
    for draws in itertools.product(range(len(sample)), repeat=n):
        best = [draw for draw in draws if sample[draw][0] == max(sample[other][0] for other in draws)]
        for draw in best:
            weights[draw] += 1 / len(best) / len(sample) ** n
    ranks = [np.mean([(a > b) + (a == b) / 2 for _, b in sample]) for _, a in sample]
    found = sampled_policy.best_of(*zip(*sample, strict=True), n=n)
    assert found.win_rate == pytest.approx(weights @ ranks)
    assert found.reward == pytest.approx(weights @ [reward for _, reward in sample])
    assert found.kl == pytest.approx(weights @ np.log(weights * len(sample) + (weights == 0)), abs=1e-12)
    assert found.effective_size == pytest.approx(1 / (weights @ weights))


@pytest.mark.parametrize("kl", [-0.1, math.nan, math.inf, 701.0])
def test_a_kl_out_of_reach_is_refused(kl: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 700"):
        theory.win_rate(kl)


@pytest.mark.parametrize("beta", [0.0, -1.0, math.nan])
def test_a_beta_that_is_not_above_0_is_refused(beta: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        theory.kl(beta)
    with pytest.raises(ValueError, match="above 0"):
        sampled_policy.optimised([1.0], [1.0], beta=beta)


@pytest.mark.parametrize(
    ("wrong", "share"), [("top", None), ("top", 1.1), ("worst", -0.1), ("worst", math.nan), ("all", 1.0), ("none", 0.0)]
)
def test_a_share_goes_with_a_part_that_is_wrong(wrong: Wrong, share: float | None) -> None:
    with pytest.raises(ValueError, match="share"):
        theory.win_rate(1.0, wrong, share=share)


@pytest.mark.parametrize(
    ("proxy", "rewards"), [([], []), ([1.0], [1.0, 2.0]), ([math.nan], [1.0]), ([1.0], [math.inf]), ([[1.0]], [[1.0]])]
)
def test_a_sample_without_sense_is_refused(proxy: list[float], rewards: list[float]) -> None:
    with pytest.raises(ValueError, match="columns"):
        sampled_policy.optimised(proxy, rewards, beta=1)


def test_levels_without_sense_and_no_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="masses"):
        sampled_policy.ceiling(Levels([0.5, 0.6], [0, 1], [0.2, 0.7]))
    with pytest.raises(ValueError, match="quantiles"):
        sampled_policy.optimised_levels(Levels([1], [0], [2]), beta=1)
    with pytest.raises(ValueError, match="at least 1"):
        theory.best_of_n(0)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda path: path.stem)
def test_the_figures_are_small_and_tell_no_date(figure: Path) -> None:
    drawn = figure.read_text(encoding="utf-8")
    assert len(drawn) < 80_000
    assert "dc:date" not in drawn
