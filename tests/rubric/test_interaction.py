"""Dimensions that interact, and the shaping of the whole: golden figures, and what has to hold for any rubric."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rubrictool.rows.records import Criterion
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.interaction import check, effect, interaction
from rubrictool.rubric.saturation import Aggregate, aggregate
from rubrictool.rubric.weights import bounds, check_interactions, score

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "rubicon_expected.json").read_text())


@pytest.mark.parametrize("case", GOLDEN["interaction"])
def test_the_golden_integrals_hold(case: dict) -> None:  # type: ignore[type-arg]
    interactions = {(one, other): value for one, other, value in case["interaction"]}
    check(interactions, case["importance"], 1.0)
    weighted = sum(case["importance"][name] * share for name, share in case["shares"].items())
    assert weighted + effect(interactions, case["shares"]) == pytest.approx(case["value"])


def rubric(*dimensions: tuple[str, int], veto: bool = False) -> list[Criterion]:
    """Criteria of weight 1: so many of each dimension."""
    names = [name for name, count in dimensions for _ in range(count)]
    criteria = [Criterion(id=f"c{n}", criterion=f"Is {n}.", weight=1, dimension=name) for n, name in enumerate(names)]
    return [*criteria, *([Criterion(id="v", criterion="Is kind.", weight=1, role="veto")] if veto else [])]


def scored(criteria: Sequence[Criterion], met: Sequence[bool | None], *texts: str) -> float:
    verdicts = [Verdict(id=criterion.id, met=one) for criterion, one in zip(criteria, met, strict=True)]
    return score(criteria, verdicts, aggregate(texts))


def test_both_are_needed_above_0_and_one_suffices_below() -> None:
    criteria = rubric(("a", 1), ("b", 1))
    assert scored(criteria, [True, False], "weighted", "a,b=0.5") == 0.25
    assert scored(criteria, [True, False], "weighted", "b,a=-0.5") == 0.75
    assert scored(criteria, [True, True], "weighted", "a,b=0.5") == 1


def test_the_whole_order_is_weights_curves_interaction_shaping_veto() -> None:
    whole = GOLDEN["whole"]
    interacted = whole["interaction"]
    assert Aggregate(shaping=aggregate(["exp:4"]).shaping).shaping is not None
    shaped = aggregate(["exp:4"]).shaping
    assert shaped is not None
    assert shaped(interacted) == pytest.approx(whole["shaped_kappa_4"], abs=1e-6)
    criteria = rubric(("a", 1), ("b", 1), veto=True)
    assert scored(criteria, [True, True, False], "a,b=0.5", "exp:4") == whole["with_unmet_veto"]


def test_the_whole_golden_example_holds_from_verdicts_to_the_score() -> None:
    whole, weights = GOLDEN["whole"], [("a", 2.1), ("a", 2.0), ("a", 0.9), ("b", 1.0), ("b", 1.0)]
    criteria = [
        Criterion(id=f"c{n}", criterion=f"Is {n}.", weight=weight, dimension=name)
        for n, (name, weight) in enumerate(weights)
    ]
    met, texts = [True, True, False, True, False], ("cap:0.6,0.25", "a,b=0.3")
    assert scored(criteria, met, *texts) == pytest.approx(whole["interaction"], abs=1e-6)
    assert scored(criteria, met, *texts, "exp:4") == pytest.approx(whole["shaped_kappa_4"], abs=1e-6)


SHARES = st.lists(st.booleans(), min_size=7, max_size=7)
STRENGTH = st.floats(-0.5, 0.5).filter(lambda value: abs(value) > 1e-3)
THREE = rubric(("a", 3), ("b", 2), ("c", 2))


@given(
    SHARES, STRENGTH, STRENGTH, st.sampled_from([(), ("cap:0.6,0.25",), ("log:2",)]), st.sampled_from([(), ("exp:4",)])
)
def test_a_score_stays_in_bounds_and_falls_nowhere_where_more_is_met(
    met: list[bool], ab: float, bc: float, curves: tuple[str, ...], shape: tuple[str, ...]
) -> None:
    texts = (*curves, f"a,b={ab}", f"b,c={bc / 8}", *shape)
    assume(abs(ab) + abs(bc / 8) < 4 / 7)
    check_interactions(THREE, aggregate(texts))
    steps = [scored(THREE, [one or place < more for place, one in enumerate(met)], *texts) for more in range(8)]
    assert all(before <= after + 1e-9 for before, after in pairwise(steps))
    assert steps[-1] == pytest.approx(1)
    assert scored(THREE, [False] * 7, *texts) == pytest.approx(0)


@given(SHARES, st.integers(0, 6), STRENGTH)
def test_a_missing_verdict_keeps_the_score_within_its_bounds(met: list[bool], missing: int, strength: float) -> None:
    some = [None if place == missing else one for place, one in enumerate(met)]
    verdicts = [Verdict(id=criterion.id, met=one) for criterion, one in zip(THREE, some, strict=True)]
    of = aggregate([f"a,b={strength}", "exp:2"])
    low, high = bounds(THREE, verdicts, of)
    assert low - 1e-9 <= scored(THREE, met, f"a,b={strength}", "exp:2") <= high + 1e-9


def test_interactions_that_outweigh_a_dimension_are_refused_and_those_of_absent_ones_are_not() -> None:
    criteria = rubric(("a", 3), ("b", 1))
    with pytest.raises(ValueError, match=r"the dimension b has 0.25 of the positive weight, and its interactions 0.6"):
        check_interactions(criteria, aggregate(["a,b=0.6"]))
    check_interactions(criteria, aggregate(["b,c=2", "a,b=0.5"]))
    assert scored(criteria, [True] * 3 + [False], "b,c=2") == 0.75


@pytest.mark.parametrize("text", ["a=0.5", "a,b,c=0.5", "a,a=0.5", "a,=1", "a,b=0", "a,b=3", "a,b=nan"])
def test_texts_that_name_no_interaction_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no interaction of two dimensions"):
        interaction(text)


def test_all_that_makes_a_score_is_spelled_and_read_back() -> None:
    found = aggregate(["cap:0.6,0.25", "a=log:2", "b,a=0.3", "exp:4"])
    assert found.spelled() == ("cap:0.6,0.25", "a=log:2", "a,b=0.3", "exp:4")
    assert aggregate(found.spelled()) == found
    for twice in (["a,b=0.3", "b,a=0.1"], ["exp:4", "exp:2"], ["log:2", "log:3"]):
        with pytest.raises(ValueError, match="would have two"):
            aggregate(twice)
