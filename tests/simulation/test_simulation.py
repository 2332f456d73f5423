"""A world with known truth: its draws, its judge and proposer, and what rubrics are worth in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rubrictool.analysis.estimators import sampled_policy
from rubrictool.analysis.estimators.policy_tilt import mid_ranks
from rubrictool.questions.separate import JudgedResponse
from rubrictool.refinement.pairs import NEAR_COPY
from rubrictool.rows.records import Criterion, Response, Rubric
from rubrictool.rubric.amend import Proposal
from rubrictool.simulation import (
    ARMS,
    Policy,
    SimulatedJudge,
    SimulatedProposer,
    View,
    World,
    attributes,
    diverse,
    drawn,
    gold,
    good,
    great,
    measure,
    plain,
    policy,
    prompt,
    summary,
    ways,
    write,
)
from rubrictool.simulation.experiment import all_points, placebo
from rubrictool.simulation.measures import agreement, alike, differing, half_credit, trained
from rubrictool.simulation.world import Writer, links, shown
from rubrictool.steps.score import score
from rubrictool.text.words import similarity

RESULTS = Path(__file__).parents[2] / "docs" / "generators" / "simulation.json"
FLAWLESS = World(misled=0.0, wrong=0.0, forgets=0.0, notices=1.0, judge_error=0.0)


def separate(world: World, first: str, second: str, criteria: Sequence[Criterion] = ()) -> Proposal:
    """Return what the simulated proposer makes of two texts."""
    shown = [
        JudgedResponse(Response(id=name, prompt_id="p1", response=text)) for name, text in (("a", first), ("b", second))
    ]
    return asyncio.run(SimulatedProposer(world).separate(prompt(1), criteria, *shown))


def texts(proposal: Proposal) -> set[str | None]:
    return {item.criterion for item in proposal.items if item.id is None}


def names(kind: str, count: int) -> str:
    return " ".join(f"Note the {kind} {place}." for place in range(1, count + 1))


def test_what_is_written_depends_on_the_seed_and_the_names_alone() -> None:
    once = write(World(), "p1", great(World()), 3)
    write(World(), "p2", good(World()), 5)
    assert write(World(), "p1", great(World()), 8)[:3] == once
    assert write(World(seed=1), "p1", great(World()), 3) != once


def test_the_better_writer_writes_better_and_of_obvious_points_both_write_most() -> None:
    world = World()
    weak, strong = (write(world, "p1", writer, 50) for writer in (good(world), great(world)))
    assert np.mean([gold(world, r) for r in strong]) > np.mean([gold(world, r) for r in weak]) + 3
    obvious = [sum(name.startswith("obvious") for name in shown(r.response)) for r in weak]
    assert np.mean(obvious) / world.obvious > 0.8


def test_a_gap_persists_over_all_responses_of_a_writer_and_is_its_own() -> None:
    world = World(rare_ease=9.0)
    rare = {attribute.name for attribute in attributes(world, "p1") if attribute.kind == "rare"}
    lacking = [rare - shown(" ".join(str(r.response) for r in write(world, "p1", w, 20))) for w in diverse(world, 3)]
    assert all(lacking)
    assert lacking[0] != lacking[1]


def test_style_takes_from_the_quality_only_where_it_costs() -> None:
    response = Response(prompt_id="p1", response="Note the style mark 1. Note the style mark 2.")
    assert (gold(World(), response), gold(World(style_cost=0.5), response)) == (0, -1)


def test_the_same_content_in_other_words_is_no_near_copy() -> None:
    sure = World(gap=0.0, rare_ease=30.0, obvious_ease=30.0, habit=1.0)
    one, other = (write(sure, "p1", Writer(name, 0.0, "x"), 1)[0].response for name in "ab")
    assert shown(one) == shown(other)
    assert similarity(str(one), str(other)) < NEAR_COPY


def test_the_judge_errs_at_the_chosen_rate_and_always_in_the_same_places() -> None:
    world = World(judge_error=0.15)
    responses = write(world, "p1", great(world), 400)
    found = [SimulatedJudge(world).met(["Shows the rare point 1."], r)[0] for r in responses]
    truth = ["rare point 1" in shown(r.response) for r in responses]
    assert 0.1 < np.mean(np.array(found) != np.array(truth)) < 0.2
    assert [SimulatedJudge(world).met(["Shows the rare point 1."], r)[0] for r in reversed(responses)] == found[::-1]


def test_a_judge_without_error_reads_what_is_shown_and_what_is_left_out() -> None:
    response = Response(id="a", prompt_id="p1", response="Note the rare point 12.")
    asked = ("Shows the rare point 12.", "Shows the rare point 1.", "Leaves out the rare point 1.")
    assert SimulatedJudge(FLAWLESS).met(asked, response) == [True, False, True]


def test_the_proposer_asks_for_what_tells_the_two_apart_and_is_not_asked_for_yet() -> None:
    known = [Criterion(id="c1", criterion="Shows the rare point 2.", weight=1)]
    assert texts(separate(FLAWLESS, names("rare point", 3), names("rare point", 1), known)) == {
        "Shows the rare point 3."
    }


def test_a_proposer_without_error_passes_over_style_and_a_misled_one_does_not() -> None:
    assert texts(separate(FLAWLESS, names("style mark", 2), "")) == set()
    misled = replace(FLAWLESS, misled=1.0)
    assert texts(separate(misled, "", names("style mark", 2))) == {f"Shows the style mark {n}." for n in (1, 2)}


def test_a_proposer_with_points_the_wrong_way_round_asks_for_their_absence_whoever_has_them() -> None:
    wrong = replace(FLAWLESS, wrong=1.0)
    assert texts(separate(wrong, names("rare point", 1), "")) == {"Leaves out the rare point 1."}
    assert texts(separate(wrong, "", names("rare point", 1))) == {"Leaves out the rare point 1."}
    assert texts(separate(wrong, names("obvious point", 1), "")) == {"Shows the obvious point 1."}


def test_the_proposer_writes_no_more_than_it_may_and_never_forgets_all() -> None:
    criteria = [Criterion(id=f"c{n}", criterion=f"Shows the obvious point {n}.", weight=1) for n in (1, 2)]
    proposal = separate(replace(FLAWLESS, forgets=1.0), names("rare point", 9), "", criteria)
    assert (len(texts(proposal)), proposal.dropped) == (FLAWLESS.most, frozenset())
    half = separate(replace(FLAWLESS, forgets=0.5, seed=3), "", "", [*criteria, *all_points(FLAWLESS, "p1")[2:]])
    assert 0 < len(half.dropped) < 17


def test_rewards_are_the_scores_that_the_pipeline_gives() -> None:
    world, criteria = World(flattered=0.5, swayed=0.5), all_points(World(), "p1")
    judge, rubric, written = (
        SimulatedJudge(world),
        Rubric(id="p1", criteria=criteria),
        write(world, "p1", policy(world), 20),
    )
    scored = [asyncio.run(score(prompt(1), rubric, response, judge)).score for response in written]
    assert Policy(world, "p1").rewards(criteria)[:20] == pytest.approx(scored)
    assert (judge.calls, judge.asked) == (20, 20 * len(criteria))


def test_a_judge_that_style_takes_in_says_yes_to_what_is_not_there_and_never_no_to_what_is() -> None:
    plain, taken_in = (SimulatedJudge(replace(FLAWLESS, flattered=chance)) for chance in (0.0, 1.0))
    styled = [Response(id=f"r{n}", prompt_id="p1", response=names("style mark", n)) for n in range(6)]
    asked = [f"Shows the rare point {n}." for n in range(1, 13)]
    assert [sum(plain.met(asked, response)) for response in styled] == [0] * 6
    yes = [sum(taken_in.met(asked, response)) for response in styled]
    assert (yes[0], yes[5]) == (0, 12)
    assert yes == sorted(yes)
    assert taken_in.met(["Shows the style mark 1."], styled[5]) == [True]


def test_a_judge_that_length_takes_in_says_yes_to_long_responses() -> None:
    judge = SimulatedJudge(replace(FLAWLESS, swayed=1.0))
    long = Response(id="r", prompt_id="p1", response=" ".join((names("obvious point", 5), names("style mark", 5))))
    asked = [f"Shows the rare point {n}." for n in range(1, 13)] * 20
    assert sum(judge.met(asked, long.model_copy(update={"response": "Nothing."}))) == 0
    assert 0 < np.mean([judge.met(asked, long.model_copy(update={"id": f"r{n}"})) for n in range(40)]) < 0.2


@pytest.mark.parametrize(
    ("relation", "expected"),
    [("overlaps", max), ("clashes", lambda *_: 0), ("needs", lambda *both: sum(both))],
)
def test_points_that_hang_together_are_worth_less_than_their_sum(relation: str, expected: Any) -> None:
    world = replace(World(), **{relation: 1.0})  # type: ignore[arg-type]
    known, linked = attributes(world, "p1"), links(world, "p1")
    assert len(linked) == 8
    for link in linked:
        one, other = known[link.one], known[link.other]
        both = Response(prompt_id="p1", response=f"Note the {one.name}. Note the {other.name}.")
        assert gold(world, both) == expected(one.weight, other.weight)
        alone = Response(prompt_id="p1", response=f"Note the {other.name}.")
        assert gold(world, alone) == (0 if relation == "needs" else other.weight)


@pytest.mark.parametrize(
    ("view", "expected"),
    [("contrast", {2, 3}), ("union", {1, 2, 3}), ("single", {1, 2}), ("blind", set(range(1, 13)))],
)
def test_a_view_decides_what_may_become_a_criterion(view: View, expected: set[int]) -> None:
    proposer = SimulatedProposer(replace(FLAWLESS, obvious=0), view, max_new=99)
    texts_shown = ("Note the rare point 1. Note the rare point 2.", "Note the rare point 1. Note the rare point 3.")
    pair = [JudgedResponse(Response(id=text, prompt_id="p1", response=text)) for text in texts_shown]
    proposal = asyncio.run(proposer.separate(prompt(1), (), *pair))
    assert texts(proposal) == {f"Shows the rare point {n}." for n in expected}


def test_an_arm_that_is_filled_up_has_the_size_of_the_other_after_each_round() -> None:
    contrast = ARMS["4 great & diverse"]
    arms = {"contrast": contrast, "union": replace(contrast, view="union", like="contrast")}
    arms["blind"] = replace(contrast, view="blind", pairs="random", like="contrast")
    for number in range(5):
        found = ways(World(forgets=0.0), number, {name: (arm, plain) for name, arm in arms.items()})
        assert found["contrast"].criteria == found["union"].criteria == found["blind"].criteria
        assert (found["contrast"].calls > 0, found["blind"].calls) == (True, 0)


def test_pairs_of_two_regions_are_weighed_to_the_same_gaps() -> None:
    quality = np.array([9.0, 8.0, 7.0, 4.0, 3.0, 3.0])
    one, other = (differing(quality, np.array(places)) for places in ((0, 1, 2), (3, 4, 5)))
    (pairs, weights), (others, theirs) = alike(one, other)
    assert weights[pairs.gap == 2].sum() == 0  # the other region has no such gap
    assert weights.sum() == pytest.approx(theirs.sum()) == pytest.approx(1.0)
    assert half_credit(quality, pairs, weights) == 1.0
    assert half_credit(-quality, others, theirs) == 0.0
    assert half_credit(np.zeros(6), pairs, weights) == 0.5


def test_training_is_that_of_the_theory() -> None:
    rewards, quality = np.array([0.0, 0.2, 0.2, 0.9, 0.9, 1.0]), np.array([1.0, 0.0, 2.0, 3.0, 3.0, 2.0])
    betas = np.array([3.0, 0.3, 0.01])
    kl, win_rate = trained(rewards, mid_ranks(quality), betas)
    expected = [sampled_policy.optimised(rewards, quality, beta=beta) for beta in betas]
    assert kl == pytest.approx([one.kl for one in expected])
    assert win_rate == pytest.approx([one.win_rate for one in expected])


def test_pairs_are_won_by_the_truth_tied_by_a_constant_and_lost_by_the_contrary() -> None:
    quality = np.array([1.0, 2.0, 2.0, 5.0])
    pairs = differing(quality, np.arange(4))
    assert agreement(quality, pairs) == (1, 0, 0)
    assert agreement(np.zeros(4), pairs) == (0, 1, 0)
    assert agreement(-quality, pairs) == (0, 0, 1)
    assert np.isnan(agreement(quality, differing(np.ones(4), np.arange(4)))).all()


def test_a_placebo_weighs_what_the_refined_rubric_weighs_and_knows_nothing() -> None:
    first = Rubric(id="p1", criteria=(Criterion(id="c1", criterion="Shows the obvious point 1.", weight=2),))
    refined = (*first.criteria, Criterion(id="c2", criterion="Shows the rare point 1.", weight=3))
    coins = placebo(first, refined)
    assert [(c.id, c.weight) for c in coins] == [("c1", 2), ("c2", 3)]
    tossed = [Policy(World(), f"p{n}").measured(coins[1:]) for n in range(12)]
    assert np.mean([one.win + one.loss for one in tossed]) > 0.4
    assert abs(np.mean([one.half for one in tossed]) - 0.5) < 0.03


def test_random_worlds_lie_within_their_ranges_and_differ() -> None:
    worlds = [drawn(seed) for seed in range(50)]
    for parameter in fields(World)[1:]:
        values = {getattr(world, parameter.name) for world in worlds}
        assert parameter.metadata["low"] <= min(values) < max(values) <= parameter.metadata["high"]
        assert all(type(value) is type(parameter.default) for value in values)


def test_a_soft_judge_decides_as_the_hard_one_and_its_probabilities_order_verdicts_better() -> None:
    world, rubric = World(judge_error=0.2), [f"Shows the rare point {number}." for number in range(1, 9)]
    responses = write(world, "p1", great(world), 60)
    criteria = [Criterion(id=f"c{n}", criterion=text, weight=1) for n, text in enumerate(rubric)]
    judges = [SimulatedJudge(world, "per-criterion", sureness=sureness) for sureness in (None, 1.0, 3.0)]

    def verdicts(judge: SimulatedJudge) -> list[Any]:
        return [one for row in responses for one in asyncio.run(judge.verdicts(prompt(1), criteria, row))]

    hard, soft, sure = map(verdicts, judges)
    assert [one.met for one in hard] == [one.met for one in soft] == [one.met for one in sure]
    true = [text[6:-1].removeprefix("the ") in shown(row.response) for row in responses for text in rubric]
    assert np.mean([(one.p - label) ** 2 for one, label in zip(soft, true, strict=True)]) < np.mean(
        [(one.p - label) ** 2 for one, label in zip(sure, true, strict=True)]
    )
    means = [np.mean([one.p for one, label in zip(soft, true, strict=True) if label is side]) for side in (True, False)]
    assert means[0] > 0.6 > 0.4 > means[1]


def test_options_of_the_experiment_go_to_refine_for_each_arms_candidates() -> None:
    told: list[int] = []

    def options(world: World, pool: Sequence[Response]) -> dict[str, Any]:
        told.append(len(pool))
        return {"pool_rule": "keep"} if world.seed == 0 else {"no_such_option": 1}

    assert measure(World(), 0, options)["4 great"].calls != measure(World(), 0)["4 great"].calls
    assert sorted(told) == [2, 2, 16, 16, 16, 16, 16]
    with pytest.raises(TypeError, match="no_such_option"):
        measure(World(seed=1), 0, options)


def test_the_documented_figures_come_out_again_on_a_few_prompts() -> None:
    documented = json.loads(RESULTS.read_text(encoding="utf-8"))["small"]
    found = summary([measure(World(), number) for number in range(documented["prompts"])], resamples=100)
    for name, arm in documented["arms"].items():
        assert found["arms"][name]["half"] == pytest.approx(arm["half"], abs=1e-3)
        assert found["arms"][name]["1"] == pytest.approx(arm["1"], abs=1e-3)
