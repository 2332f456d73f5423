"""Strengths, ranks and corrections hold the golden figures, what other solvers give, and the truth of simulated worlds."""

from __future__ import annotations

import json
import math
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize

import rubrictool as rt
from rubrictool.analysis.comparisons.bradley_terry import (
    PairTable,
    cluster_covariance,
    connected,
    deviance,
    strengths,
)
from rubrictool.analysis.comparisons.existing_comparisons import read_comparisons
from rubrictool.analysis.comparisons.pairs_together import simultaneous
from rubrictool.analysis.comparisons.system_ranking import ranking
from rubrictool.analysis.estimators.intervals import Z95
from rubrictool.analysis.estimators.paired_tests import holm, sign_test
from rubrictool.errors import InputError

GOLDEN = Path(__file__).parents[2] / "golden"
EXPECTED: dict[str, Any] = json.loads((GOLDEN / "bt_expected.json").read_text(encoding="utf-8"))
SYSTEMS: dict[str, dict[str, Any]] = EXPECTED["systems"]
Floats = NDArray[np.float64]


def golden_table() -> PairTable:
    return PairTable.of(read_comparisons(GOLDEN / "bt_comparisons.jsonl").rows)


def totals_of(table: PairTable) -> Floats:
    return np.asarray(table.wins(table.credits, table.met).sum(axis=0))


def test_the_golden_comparisons_give_the_golden_strengths() -> None:
    table = golden_table()
    found = strengths(totals_of(table))
    error = np.sqrt(np.diag(cluster_covariance(table, found)))
    for place, name in enumerate(table.names):
        expected = SYSTEMS[name]
        assert found[place] == pytest.approx(expected["strength"], abs=1e-6)
        assert error[place] == pytest.approx(expected["cluster_se"], abs=1e-5)
        assert found[place] - Z95 * error[place] == pytest.approx(expected["low"], abs=2e-5)
    assert float(deviance(totals_of(table), found)) == pytest.approx(EXPECTED["intransitivity"]["deviance"], abs=1e-6)


def test_the_golden_comparisons_give_the_golden_ranking() -> None:
    found = rt.rank_systems(GOLDEN / "bt_comparisons.jsonl")
    assert (found.method, found.freedom, found.prompts) == ("bootstrap", EXPECTED["intransitivity"]["df"], 30)
    for one in found.systems:
        expected = SYSTEMS[one.system]
        assert one.elo == pytest.approx(expected["elo_about_1000"], abs=2e-3)
        assert one.standard_error == pytest.approx(expected["bootstrap_se"], abs=0.01)
        assert (one.low, one.high) == pytest.approx((expected["low"], expected["high"]), abs=0.035)
        assert [one.rank, [one.rank_low, one.rank_high]] == [expected["rank"], expected["rank_bootstrap_95"]]
    assert found.deviance_p is not None
    assert 0.5 < found.deviance_p < 0.8
    assert list(found.to_frame()["system"]) == ["alpha", "beta", "gamma", "delta"]


def test_the_golden_pairs_are_corrected_as_they_should_be() -> None:
    report = rt.win_rates(GOLDEN / "bt_comparisons.jsonl")
    for pair, expected in zip(report.pairs, EXPECTED["pairs"], strict=True):
        assert pair.among is not None
        assert pair.systems == (expected["a"], expected["b"])
        assert pair.rate.sign_p == pytest.approx(expected["sign_p"], abs=1e-6)
        assert pair.among.sign_p_holm == pytest.approx(expected["holm_p"], abs=1e-6)
        assert pair.among.fitted == pytest.approx(expected["fitted"], abs=1e-6)
        ends = [min(1, end) for end in expected["simultaneous"]]
        assert [pair.among.simultaneous_low, pair.among.simultaneous_high] == pytest.approx(ends, abs=0.03)
    assert report.critical == pytest.approx(EXPECTED["max_t_critical_value"], abs=0.12)


@st.composite
def tables(draw: st.DrawFn) -> Floats:
    """Wins of 2 to 5 systems in a circle and at random, so that strengths are finite."""
    size = draw(st.integers(2, 5))
    cells = draw(st.lists(st.integers(0, 9), min_size=size * size, max_size=size * size))
    wins = np.array(cells, dtype=float).reshape(size, size) / 2
    np.fill_diagonal(wins, 0)
    wins[np.arange(size), (np.arange(size) + 1) % size] += 0.5
    return wins


@given(tables())
@settings(max_examples=40, deadline=None)
def test_strengths_are_those_of_a_general_solver(wins: Floats) -> None:
    def loss(values: Floats) -> float:
        apart = values[:, None] - values[None, :]
        return float((wins * np.logaddexp(0, -apart)).sum() + values.sum() ** 2)

    theirs = optimize.minimize(loss, np.zeros(len(wins)), method="BFGS", options={"gtol": 1e-8})
    ours = strengths(wins)
    assert ours == pytest.approx(theirs.x, abs=2e-3)
    assert loss(ours) <= loss(theirs.x) + 1e-9
    assert strengths(np.stack([wins, 2 * wins, wins.T])) == pytest.approx(np.stack([ours, ours, -ours]), abs=1e-6)


def row(prompt: str, a: str, b: str, winner: str, **columns: Any) -> dict[str, Any]:
    return {"prompt_id": prompt, "system_a": a, "system_b": b, "winner": winner, **columns}


def test_several_comparisons_of_a_pair_on_a_prompt_count_as_one() -> None:
    once = [row(f"p{n}", a, b, "ab"[n % 2]) for n in range(6) for a, b in combinations("xyz", 2)]
    doubled = [*once, *(one for one in once if one["prompt_id"] == "p0")]
    assert rt.rank_systems(once).rows() == rt.rank_systems(doubled).rows()


def test_a_baseline_has_a_rating_of_1000_and_the_others_are_relative_to_it() -> None:
    found = {one.system: one for one in rt.rank_systems(GOLDEN / "bt_comparisons.jsonl", baseline="delta").systems}
    assert (found["delta"].elo, found["delta"].elo_low) == (1000, None)
    apart = SYSTEMS["alpha"]["elo_about_1000"] - SYSTEMS["delta"]["elo_about_1000"]
    assert found["alpha"].elo - 1000 == pytest.approx(apart, abs=2e-3)
    assert found["alpha"].elo_low is not None
    assert found["alpha"].elo_low > 1000


def test_a_system_that_never_loses_has_no_strength_and_the_parts_are_named() -> None:
    rows = [row(f"p{n}", a, b, "a" if a == "x" else "ab"[n % 2]) for n in range(8) for a, b in combinations("xyz", 2)]
    with pytest.raises(InputError, match="the best first: x; y, z"):
        rt.rank_systems(rows)
    report = rt.win_rates(rows)
    assert (report.ranking, report.figures()["ranking"]) == (None, None)
    assert report.pairs[0].among is not None
    assert report.pairs[0].among.fitted is None
    assert "x; y, z" in report.unranked


def test_systems_that_never_met_have_no_common_ranking() -> None:
    rows = [row(f"p{n}", a, b, "ab"[n % 2]) for n in range(8) for a, b in (("v", "w"), ("x", "y"))]
    with pytest.raises(InputError, match="v, w; x, y"):
        rt.rank_systems(rows)


def test_rows_without_names_cannot_be_ranked() -> None:
    with pytest.raises(InputError, match="name no systems"):
        rt.rank_systems([{"prompt_id": "p", "winner": "a"}])


@pytest.mark.parametrize(("prompts", "method"), [(4, None), (5, "bootstrap"), (39, "bootstrap"), (40, "sandwich")])
def test_intervals_depend_on_the_number_of_prompts(prompts: int, method: str | None) -> None:
    winners = {("x", "y"): "abt", ("x", "z"): "aab", ("y", "z"): "bta"}
    names = {"a": "a", "b": "b", "t": "tie"}
    rows = [row(f"p{n}", *pair, names[of[n % 3]]) for n in range(prompts) for pair, of in winners.items()]
    found = rt.rank_systems(rows)
    assert found.method == method
    assert {one.low is None for one in found.systems} == {method is None}
    assert {one.rank_low is None for one in found.systems} == {method is None}


def test_resamples_without_finite_strengths_are_drawn_again_and_counted() -> None:
    rows = [row(f"p{n}", a, b, "b" if n < 2 else "a") for n in range(12) for a, b in combinations("xyz", 2)]
    found = rt.rank_systems(rows)
    assert 0 < found.redrawn < 2_000
    x, y, z = found.systems
    assert all(one.low is not None and math.isfinite(one.low) for one in (x, z))
    assert y.strength == pytest.approx(0)
    assert (y.low, y.rank_low) == (None, 2), "halfway between both in each resample"


def test_a_circle_of_wins_does_not_fit_and_is_told() -> None:
    circle = {("x", "y"): 36, ("y", "z"): 36, ("x", "z"): 4}
    rows = [row(f"p{n}", *pair, "a" if n < won else "b") for pair, won in circle.items() for n in range(40)]
    found = rt.rank_systems(rows)
    assert found.deviance_p is not None
    assert found.deviance_p < 0.01
    assert [one.strength for one in found.systems] == pytest.approx([0, 0, 0], abs=1e-6)


def test_two_systems_fit_in_any_case() -> None:
    found = rt.rank_systems([row(f"p{n}", "x", "y", "aab"[n % 3]) for n in range(30)])
    assert (found.freedom, found.deviance_p) == (0, None)
    assert found.deviance == pytest.approx(0, abs=1e-9)


# Simulated worlds. `docs/generators/rankings.py` looks at many more.


def world(draws: np.random.Generator, prompts: int, skills: tuple[float, ...], spread: float = 0.0) -> PairTable:
    """All systems meet on each prompt, a fifth of the comparisons tie; `spread` is that of a system's skill over prompts."""
    own = np.array(skills) + spread * draws.standard_normal((prompts, len(skills)))
    pairs = tuple(combinations(range(len(skills)), 2))
    chances = np.column_stack([1 / (1 + np.exp(own[:, b] - own[:, a])) for a, b in pairs])
    credits = np.where(draws.random(chances.shape) < 0.2, 0.5, draws.random(chances.shape) < chances)
    return PairTable(tuple("wxyz"[: len(skills)]), pairs, np.ones(chances.shape), credits.astype(float))


SKILLS = (0.6, 0.0, -0.6)


def held(prompts: int, worlds: int, draws: int) -> tuple[float, float]:
    """The shares of strengths and of ranks in their intervals."""
    many = world(np.random.default_rng(1), 100_000, SKILLS, 0.7)
    truth, generator = strengths(totals_of(many)), np.random.default_rng(prompts)
    inside, ranks = [], []
    for number in range(worlds):
        table = world(generator, prompts, SKILLS, 0.7)
        if not connected(totals_of(table)):
            continue
        for one in ranking(table, seed=number, draws=draws).systems:
            place = "wxyz".index(one.system)
            assert one.low is not None
            assert one.high is not None
            assert one.rank_low is not None
            assert one.rank_high is not None
            inside.append(one.low <= truth[place] <= one.high)
            ranks.append(one.rank_low <= place + 1 <= one.rank_high)
    return float(np.mean(inside)), float(np.mean(ranks))


@pytest.mark.parametrize("prompts", [20, 60])
def test_intervals_of_strengths_and_ranks_hold_the_truth(prompts: int) -> None:
    strength, rank = held(prompts, worlds=50, draws=100)
    assert 0.88 <= strength <= 0.999
    assert rank >= 0.9


def test_the_model_is_rejected_in_at_most_5_of_100_worlds_where_it_holds() -> None:
    generator = np.random.default_rng(8)
    tables_of = (world(generator, 40, SKILLS) for _ in range(60))
    rejected = [(ranking(table, draws=80).deviance_p or 1) < 0.05 for table in tables_of if connected(totals_of(table))]
    assert float(np.mean(rejected)) <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 60)


def test_all_intervals_hold_together_in_95_of_100_worlds() -> None:
    generator, skills = np.random.default_rng(4), (0.4, 0.0, 0.0, -0.4)
    truth = world(np.random.default_rng(1), 100_000, skills, 0.7).credits.mean(axis=0)
    together, alone = [], []
    for number in range(80):
        table = world(generator, 60, skills, 0.7)
        found = simultaneous(table, seed=number, most_draws=200)
        assert found is not None
        together.append(
            all((low or 0) <= rate <= (high or 0) for (low, high), rate in zip(found.ends, truth, strict=True))
        )
        error = table.credits.std(axis=0, ddof=1) / math.sqrt(60)
        alone.append(bool((np.abs(table.credits.mean(axis=0) - truth) <= Z95 * error).all()))
    assert 0.88 <= float(np.mean(together)) <= 1
    assert float(np.mean(alone)) < 0.9


def test_any_wrong_claim_stays_at_5_of_100_where_no_systems_differ() -> None:
    generator, wrong, raw = np.random.default_rng(6), [], []
    for _ in range(400):
        table = world(generator, 40, (0.0, 0.0, 0.0, 0.0), 0.7)
        p_values = [sign_test(list(column - 0.5)) for column in table.credits.T]
        wrong.append(min(holm(p_values)) < 0.05)
        raw.append(min(p_values) < 0.05)
    assert float(np.mean(wrong)) <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 400)
    assert float(np.mean(raw)) > 0.08


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=60)
def test_corrected_p_values_are_larger_in_the_same_order_and_at_most_1(p_values: list[float]) -> None:
    found = holm(p_values)
    assert all(p <= corrected <= 1 for p, corrected in zip(p_values, found, strict=True))
    assert [found[place] for place in np.argsort(p_values)] == sorted(found)
    assert min(found) == min(1.0, len(p_values) * min(p_values))


def test_a_pair_that_always_wins_has_no_simultaneous_interval_and_the_others_keep_theirs() -> None:
    generator = np.random.default_rng(0)
    table = world(generator, 60, (0.2, 0.0, -0.2))
    table.credits[:, 0] = 1
    found = simultaneous(table)
    assert found is not None
    assert [low is None for low, _ in found.ends] == [True, False, False]


def test_fewer_than_five_prompts_have_no_simultaneous_intervals() -> None:
    assert simultaneous(world(np.random.default_rng(0), 4, (0.0, 0.0, 0.0))) is None


def test_systems_that_only_won_have_strengths_far_apart_and_harm_no_other_fit() -> None:
    """Of the runs of a fitted model some have no finite strengths."""
    wins = np.array([[[0, 5, 5], [0, 0, 5], [0, 0, 0]], [[0, 3, 4], [2, 0, 3], [1, 2, 0]]], float)
    found = strengths(wins)
    assert found[0, 0] - found[0, 2] > 20
    assert deviance(wins, found)[0] == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(found[1], strengths(wins[1]), atol=1e-8)


@given(st.integers(2, 6), st.integers(1, 9), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_no_table_of_wins_stops_the_fit(systems: int, prompts: int, seed: int) -> None:
    """Also where strengths are infinite, or systems never met, as in runs of the model with few prompts."""
    generator = np.random.default_rng(seed)
    wins = generator.binomial(prompts, generator.random(), size=(5, systems, systems)) * (generator.random() < 0.7)
    found = strengths(
        np.stack([*wins.astype(float), np.zeros((systems, systems)), np.triu(np.ones((systems, systems)), 1)])
    )
    assert np.isfinite(found).all()


@pytest.mark.parametrize("prompts", [1, 2, 3, 6])
def test_few_prompts_have_a_report_all_the_same(prompts: int) -> None:
    rows = [row(f"p{n}", a, b, "ab"[(n + (a == "x")) % 2]) for n in range(prompts) for a, b in combinations("xyz", 2)]
    assert rt.win_rates([*rows, row("p0", "x", "y", "a"), row("p0", "y", "z", "a"), row("p0", "x", "z", "b")]).pairs


def of_ties(prompts: int, *pairs: tuple[str, str]) -> list[dict[str, Any]]:
    return [row(f"p{n}", *pair, "tie") for n in range(prompts) for pair in pairs]


@pytest.mark.parametrize(
    ("prompts", "reason"),
    [(4, "fewer than 5 prompts"), *[(n, "the results do not differ between prompts") for n in (5, 15, 30, 60)]],
)
def test_where_all_comparisons_tie_ratings_and_ranks_have_no_intervals_for_a_reason(prompts: int, reason: str) -> None:
    for baseline in (None, "z"):
        found = rt.rank_systems(of_ties(prompts, *combinations("xyz", 2)), baseline=baseline)
        assert (found.method, found.no_intervals, found.figures()["no_intervals"]) == (None, reason, reason)
        for one in found.systems:
            assert (one.elo, one.rank, one.low, one.elo_low, one.rank_low) == (1000, 1, None, None, None)


@pytest.mark.parametrize("prompts", [12, 30, 60])
def test_a_system_like_the_baseline_on_every_prompt_has_no_interval_and_shares_its_rank(prompts: int) -> None:
    results = ["aabt"[n % 4].replace("t", "tie") for n in range(prompts)]
    beaten = [row(f"p{n}", name, "z", won) for n, won in enumerate(results) for name in "xy"]
    x, y, z = rt.rank_systems([*beaten, *of_ties(prompts, ("x", "y"))], baseline="y").systems
    assert x.elo == pytest.approx(1000)
    assert (x.system, x.elo_low, x.rank, y.rank, z.rank) == ("x", None, 1, 1, 3)
    assert z.elo_low is not None
    assert x.low is not None
