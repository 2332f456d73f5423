"""The size of a rubric is held by rule: by weight, then by what verdicts tell apart, then by age; a person's criteria stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rubrictool.rows.records import Criterion, can_score
from rubrictool.rubric.amend import Item, Proposal, amend
from rubrictool.rubric.limits import Limits, limit_of, within_limits


def written(*weights: float, proposer: str | None = "m", begin: int = 1) -> tuple[Criterion, ...]:
    """Criteria with these weights, by a proposer or by a person."""
    return tuple(
        Criterion(id=f"c{n}", criterion=f"Point {n}.", weight=weight, proposer=proposer)
        for n, weight in enumerate(weights, start=begin)
    )


def left(
    before: Sequence[Criterion],
    proposed: Sequence[Criterion],
    limits: Limits,
    spread: Mapping[str, float] | None = None,
) -> tuple[list[str], list[tuple[str, str | None]]]:
    criteria, refused = within_limits(before, proposed, limits, spread=spread or {})
    return [c.id for c in criteria], [(refusal.criterion.id, limit_of(refusal)) for refusal in refused]


def test_of_the_new_criteria_the_heaviest_stay_and_among_equals_the_first_named() -> None:
    before, new = written(1), written(2, 1, 3, 2, 2, begin=2)
    kept, refused = left(before, before + new, Limits(max_new=3))
    assert kept == ["c1", "c2", "c4", "c5"]
    assert refused == [("c3", "max_new"), ("c6", "max_new")]


def test_above_the_bound_the_least_weight_goes_then_the_least_spread_then_the_newest() -> None:
    rubric = written(3, 1, 2, 2, 2, 2)
    spread = {"c2": 0.25, "c3": 0.2, "c4": 0.0, "c5": 0.2, "c6": 0.2}
    gone = [left(rubric, rubric, Limits(max_criteria=count), spread)[1] for count in (5, 4, 3)]
    assert [[name for name, _ in one] for one in gone] == [["c2"], ["c2", "c4"], ["c2", "c4", "c6"]]
    assert {limit for one in gone for _, limit in one} == {"max_criteria"}


def test_a_criterion_without_verdicts_has_nothing_against_it() -> None:
    rubric = written(2, 2, 2)
    assert left(rubric, rubric, Limits(max_criteria=2), {"c1": 0.25, "c2": 0.24})[0] == ["c1", "c3"]
    assert left(rubric, rubric, Limits(max_criteria=2))[0] == ["c1", "c2"]


def test_a_persons_rubric_of_40_stays_40_and_takes_no_more() -> None:
    person = written(*[1] * 40, proposer=None)
    kept, refused = left(person, person + written(3, 3, begin=41), Limits())
    assert kept == [c.id for c in person]
    assert refused == [("c42", "max_criteria"), ("c41", "max_criteria")]


@pytest.mark.parametrize(
    "proposal",
    [
        Proposal(tuple(Item(id=f"c{n}", criterion=f"Sharper {n}.", weight=1) for n in range(1, 31))),
        Proposal((Item(id="c3", weight=3),)),
    ],
)
def test_what_a_person_wrote_stays_a_persons_though_a_proposer_rewrites_it(proposal: Proposal) -> None:
    rubric = written(*[2] * 30, proposer=None)
    for _ in range(2):
        after = amend(rubric, proposal, proposer="m").criteria
        assert within_limits(rubric, after, Limits(), spread={}) == (after, ())
        rubric = after
    assert [c.proposer for c in rubric].count("m") == len(proposal.items)


def test_a_reason_names_the_limit_and_what_speaks_against_the_criterion() -> None:
    before = written(2, 2)
    _, refused = within_limits(before, before + written(1, begin=3), Limits(1, 0), spread={"c2": 0.1, "c1": 0.2})
    assert [refusal.reason for refusal in refused] == [
        "max_new: a round adds at most 0, the heaviest first",
        "max_criteria: a rubric holds at most 1; this one has weight 2, verdicts with variance 0.100",
    ]


def test_the_last_criterion_that_can_score_stays() -> None:
    penalties = written(-3, -3, proposer=None)
    rubric = (*penalties, *written(1, 2, begin=3))
    assert left(rubric, rubric, Limits(max_criteria=2))[0] == ["c1", "c2", "c4"]
    assert left((), written(1, 2), Limits(max_new=0))[0] == ["c2"]


def test_a_whole_new_rubric_may_be_longer_than_the_old_one_by_what_a_round_may_add() -> None:
    before, new = written(*[2] * 10), written(*[2] * 16, begin=11)
    assert len(left(before, new, Limits().for_replacement(10))[0]) == 14
    assert len(left(before, new, Limits(max_criteria=8).for_replacement(10))[0]) == 8
    assert len(left(before[:2], new, Limits().for_replacement(2))[0]) == 6


WEIGHTS = st.sampled_from([-2, 1, 2, 3])
AUTHORS = st.sampled_from([None, "m"])


@st.composite
def proposals(draw: st.DrawFn) -> tuple[tuple[Criterion, ...], tuple[Criterion, ...], Limits, dict[str, float]]:
    """Draw a rubric, what a proposal makes of it (criteria dropped, rewritten and added), limits and spreads."""
    old = [(draw(WEIGHTS), draw(AUTHORS)) for _ in range(draw(st.integers(1, 8)))]
    before = (
        *written(1, proposer=draw(AUTHORS)),
        *(c for n, (weight, who) in enumerate(old, start=2) for c in written(weight, proposer=who, begin=n)),
    )
    items = [Item(id=c.id, weight=draw(st.sampled_from([1, 2, 3]))) for c in before if draw(st.booleans())]
    new = [Item(criterion=f"New {n}.", weight=draw(st.sampled_from([1, 2, 3]))) for n in range(draw(st.integers(0, 8)))]
    dropped = draw(st.sets(st.sampled_from([c.id for c in before[1:]])))
    after = amend(before, Proposal((*items, *new), frozenset(dropped)), proposer="m").criteria
    assume(can_score(after))
    spread = {c.id: draw(st.sampled_from([0.0, 0.1, 0.25])) for c in before if draw(st.booleans())}
    return before, after, Limits(draw(st.integers(1, 10)), draw(st.integers(0, 6))), spread


@settings(max_examples=80, deadline=None)
@given(proposals())
def test_the_limits_hold_whatever_is_proposed(
    drawn: tuple[tuple[Criterion, ...], tuple[Criterion, ...], Limits, dict[str, float]],
) -> None:
    before, after, limits, spread = drawn
    kept, refused = within_limits(before, after, limits, spread=spread)
    old, persons = {c.id for c in before}, [c for c in after if c.by_person]
    assert [c for c in after if c in kept] == list(kept), "the order stays"
    assert set(persons) <= set(kept), "nothing that a person wrote is removed"
    assert {c.id for c in after} == {c.id for c in kept} | {refusal.criterion.id for refusal in refused}
    assert len(kept) + len(refused) == len(after)
    assert can_score(kept)
    for some, others, most in (
        ([c for c in kept if c.id not in old], [c for c in kept if c.id in old], limits.max_new),
        ([c for c in kept if not c.by_person], persons, limits.max_criteria - len(persons)),
    ):
        assert len(some) <= max(0, most) or (len(some) == 1 and not can_score(others)), "a rubric must be able to score"
    assert within_limits(before, kept, limits, spread=spread) == (kept, ()), "a second time changes nothing"
    assert within_limits(kept, kept, limits, spread=spread)[0] == kept
