"""A plan from a pilot holds the golden figures, and what it promises in simulated worlds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rubrictool as rt
from rubrictool.analysis.comparisons.planning import CreditSpread, credit_spread
from rubrictool.analysis.estimators.intervals import Z95
from rubrictool.analysis.estimators.power import prompts_needed
from rubrictool.errors import InputError
from rubrictool.rows.comparisons import ExternalComparison

GOLDEN = Path(__file__).parents[2] / "golden"
EXPECTED: dict[str, Any] = json.loads((GOLDEN / "plan_expected.json").read_text(encoding="utf-8"))


def comparisons(*prompts: list[float], **columns: Any) -> list[dict[str, Any]]:
    return [
        {"prompt_id": f"p{n}", "preference": credit, **columns}
        for n, credits in enumerate(prompts)
        for credit in credits
    ]


def test_the_golden_pilot_gives_the_golden_plan() -> None:
    (plan,) = rt.plan_win_rates(GOLDEN / "plan_pilot.jsonl")
    spread = plan.spread
    found = (spread.between, spread.within, spread.mean)
    assert found == pytest.approx([EXPECTED[name] for name in ("between", "within", "mean")], abs=1e-6)
    assert [
        {"prompts": row.prompts, "responses": row.responses, "detectable": round(row.detectable or 0, 4)}
        for row in plan.detectable
    ] == EXPECTED["detectable"]
    assert [
        {"difference": row.difference, "responses": row.responses, "prompts": row.prompts_needed} for row in plan.needed
    ] == EXPECTED["prompts_needed"]
    assert plan.best_responses == round(EXPECTED["best_responses_per_prompt"]["unrounded"])


def test_ties_alone_give_the_prompts_of_one_response_each() -> None:
    (plan,) = rt.plan_win_rates(ties=0.3, differences=[0.2])
    assert {row.difference: row.prompts_needed for row in plan.needed} == {0.05: 548, 0.1: 135, 0.2: 32}
    assert {row.responses for row in plan.detectable} == {1}
    assert plan.best_responses is None


def test_where_everything_ties_nothing_is_detectable_and_the_prompts_are_those_without_ties() -> None:
    for plan in (*rt.plan_win_rates(ties=1), *rt.plan_win_rates(comparisons([0.5, 0.5], [0.5, 0.5]))):
        assert {row.detectable for row in plan.detectable} == {None}
        assert next(row.prompts_needed for row in plan.needed if row.difference == 0.1) == 194


def test_a_difference_that_no_rate_of_such_prompts_has_takes_no_number_of_prompts() -> None:
    (plan,) = rt.plan_win_rates(ties=0.9, differences=[0.3])
    assert [(row.prompts_needed, row.calls) for row in plan.needed if row.difference == 0.3] == [(None, None)]


def test_one_comparison_each_plans_for_one_response_and_refuses_more() -> None:
    pilot = comparisons([1], [0], [1], [0.5])
    (plan,) = rt.plan_win_rates(pilot)
    assert (plan.spread.within, plan.best_responses, {row.responses for row in plan.detectable}) == (None, None, {1})
    with pytest.raises(InputError, match="plan for one"):
        rt.plan_win_rates(pilot, responses=[2])
    with pytest.raises(InputError, match="plan for one"):
        rt.plan_win_rates(ties=0.2, responses=[4])


@pytest.mark.parametrize(("pilot", "ties"), [(None, None), (comparisons([1], [0]), 0.1)])
def test_a_plan_rests_on_a_pilot_or_on_ties_and_not_on_both(pilot: Any, ties: float | None) -> None:
    with pytest.raises(InputError, match="either a pilot"):
        rt.plan_win_rates(pilot, ties=ties)


@pytest.mark.parametrize(
    "wrong",
    [{"differences": [0.0]}, {"differences": [float("nan")]}, {"responses": [0]}, {"prompt_cost": -1.0}, {"ties": 1.1}],
    ids=str,
)
def test_numbers_that_cannot_be_planned_for_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        rt.plan_win_rates(**{"ties": 0.1} | wrong)


def test_one_prompt_is_no_pilot() -> None:
    with pytest.raises(InputError, match="at least two prompts"):
        rt.plan_win_rates(comparisons([1, 0]))


def test_prompts_that_do_not_differ_have_no_best_number_of_responses() -> None:
    (plan,) = rt.plan_win_rates(comparisons([1, 0], [0, 1], [1, 0]))
    assert (plan.spread.between, plan.best_responses) == (0, None)
    few, many = (row.detectable for row in plan.detectable if row.prompts == 100 and row.responses in (1, 4))
    assert few is not None
    assert many == pytest.approx(few / 2, rel=0.05)


def test_each_two_systems_have_a_plan_of_their_own() -> None:
    one = comparisons([1, 0], [1, 1], system_a="x", system_b="base")
    plans = rt.plan_win_rates([*one, *comparisons([0, 0], [1, 0], system_a="y", system_b="base")])
    assert [plan.systems.a for plan in plans] == ["x", "y"]
    assert set(plans[1].to_frame()["system_a"]) == {"y"}


@given(st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=4), min_size=2, max_size=12))
@settings(max_examples=60)
def test_variances_are_not_negative_and_more_responses_never_hide_more(prompts: list[list[float]]) -> None:
    (plan,) = rt.plan_win_rates(comparisons(*prompts))
    assert plan.spread.between >= 0
    assert (plan.spread.within or 0) >= 0
    for n in {row.prompts for row in plan.detectable}:
        found = [row.detectable or 0 for row in plan.detectable if row.prompts == n]
        assert found == sorted(found, reverse=True)


def test_unequal_numbers_of_comparisons_give_variances_without_bias() -> None:
    """Rates of prompts from a beta distribution with variance 1/20; what is left of p (1 - p) is 1/5 on average."""
    draws, found = np.random.default_rng(3), []
    for _ in range(150):
        rates, sizes = draws.beta(2, 2, 30), draws.integers(1, 5, 30)
        rows = [
            ExternalComparison(prompt_id=str(n), preference=float(won))
            for n, (rate, size) in enumerate(zip(rates, sizes, strict=True))
            for won in draws.random(size) < rate
        ]
        found.append(credit_spread(rows))
    assert np.mean([one.between for one in found]) == pytest.approx(0.05, abs=0.006)
    assert np.mean([one.within or 0 for one in found]) == pytest.approx(0.2, abs=0.006)


@pytest.mark.parametrize("responses", [1, 2, 4])
def test_with_the_prompts_that_are_planned_the_difference_is_found_in_80_of_100_runs(responses: int) -> None:
    """Prompts' own rates are from a beta distribution around 0.6, a third of the variance; a z test around 1/2."""
    rate, share = 0.6, 1 / 3
    spread = CreditSpread(share * rate * (1 - rate), (1 - share) * rate * (1 - rate), rate)
    needed = prompts_needed(spread.variance_at_half(responses), rate - 0.5)
    assert needed
    draws, size = np.random.default_rng(responses), 1 / share - 1
    own = draws.beta(size * rate, size * (1 - rate), size=(4000, needed))
    credits = draws.binomial(responses, own) / responses - 0.5
    z = credits.sum(axis=1) / np.sqrt((credits**2).sum(axis=1))
    assert float(np.mean(np.abs(z) > Z95)) == pytest.approx(0.8, abs=0.035)
