"""Who wins, in both orders; and how sure a rate is."""

from __future__ import annotations

import asyncio

import pytest
from fakes import WordJudge
from hypothesis import given, settings
from hypothesis import strategies as st

from rubrictool.intervals import interval, wilson
from rubrictool.records import Comparison, Outcome, Prompt, Response, Rubric
from rubrictool.replies import Preference, Side
from rubrictool.winrates import compare, compare_by_rubric, win_rate

PROMPT = Prompt(id="p", prompt="x")
A, B = Response(id="a", prompt_id="p", response="A"), Response(id="b", prompt_id="p", response="B")


class Says:
    """A comparer that gives one answer when A is shown first and another when B is."""

    name = "says"

    def __init__(self, ab: Side, ba: Side) -> None:
        self._said = {"a": Preference(ab, "so I say"), "b": Preference(ba)}

    async def prefer(self, prompt: Prompt, first: Response, second: Response) -> Preference:
        assert prompt.id == second.prompt_id
        return self._said[first.id]


def duel(ab: Side, ba: Side) -> Comparison:
    return asyncio.run(compare(PROMPT, A, B, Says(ab, ba)))


@pytest.mark.parametrize(
    ("ab", "ba", "winner"),
    [
        ("first", "second", "a"),
        ("second", "first", "b"),
        ("first", "first", "tie"),
        ("second", "second", "tie"),
        ("first", "tie", "tie"),
        ("tie", "tie", "tie"),
    ],
)
def test_a_winner_wins_in_both_orders(ab: Side, ba: Side, winner: str) -> None:
    assert duel(ab, ba).winner == winner


def test_by_a_rubric_the_higher_score_wins_and_each_response_is_judged_once() -> None:
    judge = WordJudge()
    rubric = Rubric.model_validate({"id": "p", "criteria": [{"criterion": "A", "weight": 1}]})
    found = asyncio.run(compare_by_rubric(PROMPT, A, B, judge, rubric))
    assert (found.winner, found.orders.ab, found.orders.ba) == ("a", "a", "a")
    assert [name for name, _ in judge.asked] == ["a", "b"]


def test_a_flip_is_a_tie_and_counted_and_the_rates_of_each_order_are_told() -> None:
    rate = win_rate([duel("first", "first"), duel("first", "second"), duel("first", "tie")])
    assert (rate.wins, rate.losses, rate.ties, rate.flips, rate.n) == (1, 0, 2, 1, 1)
    assert [rate.win_rate_ab, rate.win_rate_ba] == pytest.approx([1, 0.5])


def test_a_prompt_counts_its_mean() -> None:
    rows = [Outcome(prompt_id="p", winner="a")] * 9 + [Outcome(prompt_id="q", winner="b")]
    rate = win_rate(rows)
    assert (rate.win_rate, rate.n, rate.wins, rate.win_rate_ab) == (0.5, 2, 9, None)


def test_few_prompts_get_wilsons_interval_with_half_credits() -> None:
    assert interval([1.0] * 5 + [0.5] * 2 + [0.0] * 3) == wilson(6, 10)
    low, high, method = wilson(6, 10)
    assert (round(low, 4), round(high, 4), method) == (0.3127, 0.8318, "wilson")


def test_many_prompts_are_resampled_with_the_seed() -> None:
    credits = [number * 37 % 101 / 100 for number in range(200)]
    one = interval(credits, seed=1)
    assert one == interval(credits, seed=1) != interval(credits, seed=2)
    assert one.method == "bootstrap"
    assert one.low < sum(credits) / 200 < one.high
    assert 0.06 < one.high - one.low < 0.1


def test_where_nothing_varies_the_interval_is_still_one() -> None:
    bounds = interval([1.0] * 500)
    assert (bounds.method, bounds.high) == ("wilson", 1.0)
    assert 0.98 < bounds.low < 1


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=60))
@settings(max_examples=100, deadline=None)
def test_an_interval_holds_the_rate_and_stays_within_0_and_1(credits: list[float]) -> None:
    bounds, rate = interval(credits), sum(credits) / len(credits)
    assert 0 <= bounds.low <= rate + 1e-12
    assert rate - 1e-12 <= bounds.high <= 1


def test_no_rows_have_no_rate() -> None:
    with pytest.raises(ValueError, match="at least one"):
        interval([])
