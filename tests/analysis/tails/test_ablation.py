"""Test what groups of criteria add to the accuracy of scores: golden figures, sums, vetoes, the placebo, coverage."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubrictool.analysis.estimators.shapley import EXACT, coalitions
from rubrictool.analysis.tails.ablation import Ablation, RegionAblation, ablate
from rubrictool.errors import InputError

GOLDEN = Path(__file__).parents[2] / "golden"
Rows = list[dict[str, Any]]


def of(found: Ablation, region: str = "all") -> RegionAblation:
    return next(one for one in found.regions if one.region.name == region)


def world(
    met: Mapping[str, Sequence[Sequence[bool | None]]], gold: Sequence[Sequence[float]], **criterion: Any
) -> tuple[Rows, Rows]:
    """Score rows and rubrics of prompts: verdicts by round, prompt and response, one criterion of weight 1 for each round."""
    scores: Rows = [
        {
            "prompt_id": f"p{prompt}",
            "id": f"p{prompt}/{place}",
            "response": "x",
            "score": 0.5,
            "quality": quality,
            "verdicts": [{"id": f"c{name}", "met": met[name][prompt][place]} for name in met],
        }
        for prompt, of_prompt in enumerate(gold)
        for place, quality in enumerate(of_prompt)
    ]
    criteria = [{"id": f"c{name}", "criterion": f"Is {name}.", "weight": 1, "round": int(name)} for name in met]
    criteria[-1] |= criterion
    return scores, [{"id": f"p{prompt}", "prompt": f"p{prompt}", "criteria": criteria} for prompt in range(len(gold))]


def test_the_golden_verdicts_give_the_golden_figures() -> None:
    expected = json.loads((GOLDEN / "ablation_expected.json").read_text())
    found = ablate(str(GOLDEN / "ablation_scores.jsonl"), str(GOLDEN / "ablation_rubrics.jsonl"), by="round")
    for region, figures in expected.items():
        one = of(found, region)
        assert one.whole
        assert one.whole.value == pytest.approx(figures["half_credit"], abs=1e-6)
        for name in ("shapley", "without", "leave_one_out", "alone"):
            assert {g.group: getattr(g, name).value for g in one.groups} == pytest.approx(figures[name], abs=1e-6)


@given(st.integers(1, 5), st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_the_shapley_value_is_the_mean_over_all_orders_of_what_a_player_adds(players: int, seed: int) -> None:
    found = coalitions(players)
    values = np.random.default_rng(seed).random(len(found.sets))
    value = {tuple(members): own for members, own in zip(found.sets, values, strict=True)}
    added = np.zeros(players)
    orders = list(permutations(range(players)))
    for order in orders:
        before = np.zeros(players, dtype=bool)
        for player in order:
            after = before | (np.arange(players) == player)
            added[player] += (value[tuple(after)] - value[tuple(before)]) / len(orders)
            before = after
    assert found.counts @ values == pytest.approx(added)


def test_of_many_players_drawn_orders_share_out_all_there_is_and_give_each_its_own_in_a_sum() -> None:
    found = coalitions(EXACT + 5)
    worth = np.arange(EXACT + 5.0)
    assert found.counts @ (found.sets @ worth) == pytest.approx(worth)
    values = np.random.default_rng(0).random(len(found.sets))
    everyone, nobody = np.ones(EXACT + 5, bool), np.zeros(EXACT + 5, bool)
    assert (found.counts @ values).sum() == pytest.approx(values[found.place(everyone)] - values[found.place(nobody)])


def test_a_veto_caps_the_score_in_every_set_and_is_no_group() -> None:
    scores, rubrics = world({"0": [[True, True]], "1": [[False, True]]}, [[1, 2]], role="veto")
    (group,) = of(ablate(scores, rubrics, by="round")).groups
    assert (group.group, group.alone.value, group.shapley.value) == ("initial", 1.0, 0.5)


def test_a_response_with_a_verdict_missing_is_left_out_and_counted() -> None:
    scores, rubrics = world({"0": [[True, False, True]], "1": [[False, True, None]]}, [[2, 1, 3]])
    found = ablate(scores, rubrics, by="round")
    assert (found.responses, found.left_out["with_verdicts_missing"]) == (2, 1)


def test_several_samples_count_by_their_mean() -> None:
    scores, rubrics = world({"0": [[True, True]]}, [[2, 1]])
    for row, votes in zip(scores, ([True, True], [True, False]), strict=True):
        row["verdicts"][0]["samples"] = [{"met": met, "sample": number} for number, met in enumerate(votes)]
    (group,) = of(ablate(scores, rubrics, by="round")).groups
    assert group.alone.value == 1.0


def test_rounds_are_told_by_the_first_rubrics_or_by_the_trace() -> None:
    scores, rubrics = world({"0": [[True, False]], "1": [[False, True]]}, [[2, 1]])
    bare = [
        {**rubric, "criteria": [{k: v for k, v in c.items() if k != "round"} for c in rubric["criteria"]]}
        for rubric in rubrics
    ]
    first = [{**bare[0], "criteria": bare[0]["criteria"][:1]}]
    standing = {"rubric": "h", "scores": [None, None]}
    row = {
        "prompt_id": "p0",
        "round": 3,
        "pool": [],
        "pair": None,
        "before": standing,
        "after": standing,
        "reason": "r",
    }
    trace = [row | {"accepted": True, "changes": {"added": bare[0]["criteria"][1:]}}]
    assert [group.group for group in of(ablate(scores, bare, by="round", initial=first)).groups] == [
        "initial",
        "later",
    ]
    assert [group.group for group in of(ablate(scores, bare, by="round", initial=trace)).groups] == [
        "initial",
        "round 3",
    ]
    with pytest.raises(InputError, match="nothing tells in which round"):
        ablate(scores, bare, by="round")


def test_criteria_that_know_nothing_are_worth_what_random_ones_are() -> None:
    draws = np.random.default_rng(5)
    gold = [list(range(8))] * 40
    first = [[bool(draws.random() < 0.3 + place / 14) for place in range(8)] for _ in gold]
    known = [[place > 3 for place in range(8)] for _ in gold]
    lots = [[bool(draws.random() < 0.5) for _ in range(8)] for _ in gold]
    useless = of(ablate(*world({"0": first, "1": lots}, gold), by="round"))
    useful = of(ablate(*world({"0": first, "1": known}, gold), by="round"))
    assert useless.beyond_placebo
    assert useless.beyond_placebo.contains(0)
    assert useful.beyond_placebo
    assert useful.beyond_placebo.above(0.1)


def test_intervals_hold_what_groups_are_truly_worth() -> None:
    """Two criteria that say which of two responses is better with chances of 0.8 and 0.65, in 20 worlds of 12 prompts."""
    draws, true = np.random.default_rng(0), {"initial": 0.8, "round 1": 0.65}
    gold, held = [[0.0, 0.0, 1.0, 1.0]] * 12, dict.fromkeys(true, 0)
    for _ in range(20):
        met = {
            str(place): (draws.random((12, 4)) < np.where(np.array(gold) == 1, chance, 1 - chance)).tolist()
            for place, chance in enumerate(true.values())
        }
        for group in of(ablate(*world(met, gold), by="round")).groups:
            held[group.group] += group.alone.contains(true[group.group])
    assert all(count >= 17 for count in held.values())
