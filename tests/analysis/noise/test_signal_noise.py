"""Signal and noise: what they are on known tables, what they do not depend on, and how sure they are."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rubrictool.analysis.estimators.intervals import Figure
from rubrictool.analysis.estimators.resampling import Sums, totals, totals_of_each
from rubrictool.analysis.judgings.judgings import AskedCriterion, ResponseJudging
from rubrictool.analysis.noise.decisions import decisions, unit_means
from rubrictool.analysis.noise.judge_differences import judge_differences
from rubrictool.analysis.noise.signal_noise import (
    SignalFigures,
    SignalNoise,
    of_units,
    of_verdicts,
    phis,
    samples_needed,
    signal_noise,
)
from rubrictool.analysis.noise.signal_scopes import ScopeFigures, signals
from rubrictool.analysis.tails.pair_accuracy import RegionAccuracy
from rubrictool.analysis.tails.regions import EVERYWHERE
from rubrictool.linting import verdict_rules

TOY_A, TOY_B = ("1111", "1100", "0000"), ("1010", "0101", "1100")


def measured(units: Sequence[Sequence[float]], prompt_id: str = "p", judge: str = "j") -> list[ResponseJudging]:
    """Judgings that are a score alone: the samples of each unit."""
    return [
        ResponseJudging((judge, ""), "r", prompt_id, str(place), "m", (), (), value)
        for place, samples in enumerate(units)
        for value in samples
    ]


def toy(units: Sequence[str], prompt_id: str = "p") -> list[ResponseJudging]:
    """One criterion: a string of verdicts for each response."""
    return [judging(prompt_id, str(place), sign) for place, samples in enumerate(units) for sign in samples]


def judging(
    prompt: str, response: str, met: str, *, judge: str = "j", rubric: str = "r", writer: str = "m", checks: str = ""
) -> ResponseJudging:
    """One judging by a string of verdicts (- for none); the value is the share of what is met."""
    said = tuple(None if sign == "-" else sign == "1" for sign in met)
    asked = tuple(AskedCriterion(name, given=name in checks) for name in (f"c{n}" for n in range(1, len(met) + 1)))
    value = None if "-" in met else met.count("1") / len(met)
    return ResponseJudging((judge, ""), rubric, prompt, response, writer, asked, said, value)


def whole(judgings: Sequence[ResponseJudging]) -> SignalNoise:
    """The figures of the judge."""
    return next(one.signal for one in signals(judgings, resamples=100) if one.scope.kind == "judge")


def of(figure: Figure | None) -> float:
    assert figure is not None
    return figure.value


def told(found: Sequence[ScopeFigures], kind: str, name: str) -> SignalNoise:
    (one,) = [one.signal for one in found if (one.scope.kind, one.scope.name) == (kind, name)]
    return one


# Known tables.


def test_a_criterion_that_tells_three_responses_apart_in_four_samples_each() -> None:
    found = whole(toy(TOY_A))
    figures = found.figures
    assert (found.units, found.samples, of(figures.signal)) == (3, 12, 1)
    assert of(figures.noise) == pytest.approx(1 / 3)
    assert (figures.snr_one, figures.snr) == pytest.approx((3, 6))
    assert of(figures.icc_1) == pytest.approx(2 / 3)
    assert round(of(figures.icc_k), 6) == 0.888889
    assert found.samples_needed == 5
    assert of(figures.flip_rate) == pytest.approx(4 / 18)


def test_a_criterion_that_tells_nothing_apart_has_no_signal_and_no_number_of_samples_helps() -> None:
    found = whole(toy(TOY_B))
    figures = found.figures
    assert [of(figures.signal), figures.snr_one, figures.snr, of(figures.icc_k)] == [0, 0, 0, 0]
    assert found.samples_needed is None


def test_reliability_is_that_of_shrout_and_fleiss() -> None:
    """Six targets with four ratings each (Psychological Bulletin 86, 1979, table 2): ICC(1,1) .17 and ICC(1,4) .44."""
    ratings = ([9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7])
    figures = whole(measured(ratings)).figures
    assert round(of(figures.icc_1), 2) == 0.17
    assert round(of(figures.icc_k), 2) == 0.44


def test_without_repeats_there_is_signal_but_no_noise_to_see() -> None:
    found = whole(measured([[1.0], [0.5], [0.0]]))
    assert of(found.figures.signal) == 1
    assert found.figures.noise is found.figures.icc_k is found.figures.flip_rate is None
    assert (found.figures.snr, found.samples_needed) == (None, None)


def test_without_any_noise_the_ratio_is_none_and_one_sample_is_enough() -> None:
    found = whole(measured([[0.1] * 3, [0.7] * 3]))
    assert (of(found.figures.noise), found.figures.snr_one, of(found.figures.icc_k)) == (0, None, 1)
    assert found.samples_needed == 1


def test_signal_is_measured_within_prompts_and_one_prompt_has_no_interval() -> None:
    easy, hard = measured([[0.9, 0.8], [0.9, 0.8]], "easy"), measured([[0.1, 0.2], [0.1, 0.2]], "hard")
    assert of(whole([*easy, *hard]).figures.signal) == 0
    assert whole(easy).figures.signal == Figure(0, None, None)
    assert whole([*easy, *hard]).figures.noise != Figure(of(whole(easy).figures.noise))


def test_a_share_of_criteria_meets_all_or_none_and_two_that_go_along_are_found() -> None:
    rows = [judging("p", response, met) for response, met in zip("abcd", ["1101", "1010", "1101", "1010"], strict=True)]
    found = list(signals(rows))
    figures = told(found, "prompt", "p").figures
    assert (figures.all_met, figures.never_met, of(figures.non_contrastive)) == (0.25, 0, 0.25)
    assert of(figures.redundancy) == pytest.approx(-1 / 3)
    closest = {one.scope.name: one.closest for one in found if one.scope.kind == "criterion"}
    assert closest["c1"] is None
    assert closest["c2"] is not None
    assert closest["c2"][0] == "c4"
    assert closest["c2"][1] == pytest.approx(1)


def test_a_null_verdict_is_no_sample_and_no_unmet_criterion() -> None:
    rows = [judging("p", "a", "1-"), judging("p", "a", "11"), judging("p", "b", "0-"), judging("p", "b", "00")]
    found = list(signals(rows))
    assert [told(found, "criterion", name).samples for name in ("c1", "c2")] == [4, 2]
    assert told(found, "judge", "j").samples == 2
    assert of(told(found, "judge", "j").figures.flip_rate) == 0


def test_judgings_by_another_rubric_or_judge_are_no_repetition() -> None:
    rows = [judging("p", "a", "1"), judging("p", "a", "0", rubric="s"), judging("p", "a", "0", judge="k")]
    assert all(one.signal.figures.flip_rate is None for one in signals(rows))
    (found,) = judge_differences(rows)
    assert (found.one, found.other, found.n, found.flip_rate.value) == (("j", ""), ("k", ""), 1, 1.0)


def test_a_criterion_of_a_rubric_for_every_prompt_is_one_over_all_of_them() -> None:
    rows = [judging(p, p + response, met) for p in "pqr" for response, met in (("a", "11"), ("b", "01"))]
    places = [one.scope for one in signals(rows) if one.scope.kind == "criterion"]
    assert [(place.name, place.prompt_id) for place in places] == [("c1", None), ("c2", None)]
    unnamed = [judging(p, p + response, met, rubric="") for p in "pq" for response, met in (("a", "1"), ("b", "0"))]
    assert [one.scope.prompt_id for one in signals(unnamed) if one.scope.kind == "criterion"] == ["p", "q"]


def test_with_models_as_units_the_responses_are_the_samples() -> None:
    met = {"x": ["11", "10", "10", "11"], "y": ["00", "00", "00", "00"]}
    rows = [
        judging("p", f"{writer}{place // 2}", verdicts, writer=writer)
        for writer, of_writer in met.items()
        for place, verdicts in enumerate(of_writer)
    ]
    by_model = told(list(signals(rows, unit="model")), "prompt", "p")
    assert (by_model.units, by_model.samples) == (2, 4)
    assert (of(by_model.figures.signal), of(by_model.figures.noise)) == (0.75, 0)
    assert of(by_model.figures.flip_rate) == of(told(list(signals(rows)), "prompt", "p").figures.flip_rate)


# What the figures do not depend on.

UNITS = st.lists(st.lists(st.integers(0, 8).map(float), min_size=2, max_size=4), min_size=2, max_size=5)


@given(UNITS, st.lists(st.integers(-50, 50), min_size=5, max_size=5))
@settings(max_examples=60, deadline=None)
def test_noise_stays_what_it_is_however_far_the_units_are_apart(units: list[list[float]], shifts: list[int]) -> None:
    moved = [[value + shift for value in samples] for samples, shift in zip(units, shifts, strict=False)]
    here, there = (whole(measured(of_units)).figures for of_units in (units, moved))
    assert of(here.noise) == pytest.approx(of(there.noise))


@given(UNITS, st.integers(-50, 50), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_reliability_knows_no_scale(units: list[list[float]], shift: int, scale: int) -> None:
    other = [[scale * value + shift for value in samples] for samples in units]
    here, there = (whole(measured(of_units)) for of_units in (units, other))
    assert (here.figures.icc_k is None) == (there.figures.icc_k is None)
    if here.figures.icc_k and there.figures.icc_k:
        assert here.figures.icc_k.value == pytest.approx(there.figures.icc_k.value)
        assert 0 <= here.figures.icc_k.value <= 1


@given(st.floats(0.01, 0.99), st.floats(0.5, 0.99))
def test_the_samples_needed_reach_the_target_and_one_fewer_does_not(one: float, target: float) -> None:
    needed = samples_needed(one, target)
    assert needed is not None

    def of_mean(k: int) -> float:
        return k * one / (1 + (k - 1) * one)

    assert of_mean(needed) >= target - 1e-6
    assert needed == 1 or of_mean(needed - 1) < target


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=12))
def test_of_one_verdict_each_it_is_the_phi_that_lint_computes(said: list[tuple[bool, bool]]) -> None:
    columns = list(zip(*said, strict=True))
    found = phis(np.array(said, dtype=float))[0, 1]
    assert (0.0 if np.isnan(found) else found) == pytest.approx(
        verdict_rules.phi(verdict_rules.crossed(*map(verdict_rules.VerdictColumn.of, columns)))
    )


# How sure they are.


def simulated(prompts: int, samples: int, seed: int) -> NDArray[np.float64]:
    """Verdicts by prompt, response (six of them) and sample, each response meeting the criterion in a share of its own.

    The share is uniform, so the variance between responses is 1/12 and that within 1/6, and two judgings differ in a third.
    """
    random = np.random.default_rng([7, seed])  # not the draws that the resamples are made of
    share = random.random((prompts, 6, 1))
    return (random.random((prompts, 6, samples)) < share).astype(float)


def figures_of(met: NDArray[np.float64], **resampling: int) -> SignalFigures:
    """The figures of one criterion."""
    prompts, responses, samples = met.shape
    unit, drawn = np.repeat(np.arange(responses), samples), np.ones((responses * samples, 1), dtype=bool)
    columns = met.reshape(prompts, -1, 1)
    sums = [[*of_units(of, unit)[0], *of_verdicts(of, unit, drawn)[0], 0, 0] for of in columns]
    return signal_noise([Sums(tuple(map(str, range(prompts))), np.array(sums))], **resampling)[0].figures


TRUE = {"noise": (1 / 6) ** 0.5, "icc_1": 1 / 3, "icc_k": 3 / 5, "flip_rate": 1 / 3}


@pytest.mark.parametrize("prompts", [12, 30])
def test_intervals_cover_the_truth_as_often_as_they_say(prompts: int) -> None:
    trials = 300
    found = [figures_of(simulated(prompts, 3, seed), seed=seed, resamples=500) for seed in range(trials)]
    for name, truth in TRUE.items():
        figures = [getattr(one, name) for one in found]
        covered = sum(figure.low <= truth <= figure.high for figure in figures) / trials
        assert 0.91 <= covered <= 0.985, (name, covered)
        assert np.mean([figure.value for figure in figures]) == pytest.approx(truth, abs=0.02), name


def test_more_samples_measure_the_same_noise_and_the_same_share_that_tells_nothing_apart() -> None:
    few, many = (figures_of(simulated(3000, samples, 1), resamples=50) for samples in (2, 6))
    assert of(few.noise) == pytest.approx(of(many.noise), abs=0.01)
    assert of(few.icc_1) == pytest.approx(of(many.icc_1), abs=0.02)
    # One verdict on each of six responses is all met, or all unmet, once in 2^6 times each.
    assert of(few.non_contrastive) == pytest.approx(2 / 64, abs=0.005)
    assert of(many.non_contrastive) == pytest.approx(2 / 64, abs=0.005)


def test_reliability_is_what_two_halves_of_the_samples_correlate() -> None:
    met = simulated(500, 4, 2)
    halves = met.reshape(-1, 2, 2).mean(axis=2)
    found = figures_of(met[:, :, :2], resamples=50)
    assert of(found.icc_k) == pytest.approx(np.corrcoef(halves.T)[0, 1], abs=0.05)


def test_resampled_sums_of_many_figures_are_those_of_each_and_are_never_held_all_at_once() -> None:
    random = np.random.default_rng(3)
    several = [Sums(("p", "q"), random.random((2, 15))) for _ in range(1000)]
    tracemalloc.start()
    found = [of.sum() for of in totals_of_each(several, seed=1)]
    assert tracemalloc.get_traced_memory()[1] < 500e6, "all of them would be 1.2 GB"
    tracemalloc.stop()
    alone = [totals(several[place].columns, seed=1)[0].sum() for place in (0, -1)]
    assert [found[0], found[-1]] == pytest.approx(alone)
    assert len(found) == len(several)


# Decisions.


def everywhere(cheap: Sequence[float], reference: Sequence[float]) -> RegionAccuracy:
    of_cheap, of_reference = ({("p", str(n)): value for n, value in enumerate(side)} for side in (cheap, reference))
    return next(one for one in decisions(of_cheap, of_reference) if one.region == EVERYWHERE)


@pytest.mark.parametrize(
    ("cheap", "reference", "accuracy"),
    [([1, 2, 3], [1, 3, 2], 2 / 3), ([1, 1], [1, 2], 1 / 2), ([1, 2, 3], [5, 5, 9], 1.0)],
)
def test_a_tie_is_worth_half_and_what_the_reference_ties_is_left_out(
    cheap: list[float], reference: list[float], accuracy: float
) -> None:
    found = everywhere(cheap, reference).own
    assert found is not None
    assert found.half_credit.value == pytest.approx(accuracy)


def test_decisions_are_within_prompts_between_what_both_know_and_by_means_of_repeats() -> None:
    rows = [judging("p", "a", "10"), judging("p", "a", "11"), judging("p", "b", "10"), judging("q", "c", "11")]
    cheap = unit_means(rows)
    assert cheap == {("p", "a"): 0.75, ("p", "b"): 0.5, ("q", "c"): 1.0}
    (found,) = [one for one in decisions(cheap, cheap | {("p", "z"): 9.0}) if one.region == EVERYWHERE]
    assert (found.pairs, found.wins) == (1, 1)
    assert decisions(cheap, {("q", "c"): 1.0}) == []
    assert unit_means(rows, "model") == {("p", "m"): 0.625, ("q", "m"): 1.0}
