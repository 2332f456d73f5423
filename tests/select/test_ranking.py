"""Ties, draws and pairs: decided by the seed and the ids, never by the order of the rows."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubrictool.refinement.pairs import PairRule, choose_pair, pair_left, shown_order
from rubrictool.rows.records import Scored
from rubrictool.select.ranking import best, ranked


def row(name: str, score: float = 0.5, model: str | None = "m", response: str | None = None) -> Scored:
    return Scored(id=name, prompt_id="p", response=response or f"text of {name}", model=model, score=score)


def names(pair: tuple[object, object] | None) -> list[str]:
    assert pair is not None
    return [member.id for member in pair]  # type: ignore[attr-defined]


@given(st.lists(st.sampled_from([0.1, 0.5, 0.5 + 1e-10, 0.9]), min_size=1, max_size=12), st.randoms())
@settings(max_examples=80, deadline=None)
def test_ranking_is_the_same_whatever_the_order_of_the_rows(scores: list[float], shuffler: random.Random) -> None:
    rows = [row(str(n), score) for n, score in enumerate(scores)]
    shuffled = rows.copy()
    shuffler.shuffle(shuffled)
    order = ranked(rows, seed=1)
    assert order == ranked(shuffled, seed=1)
    assert sorted(member.id for member in order) == sorted(member.id for member in rows)
    assert all(one.score >= other.score - 1e-9 for one, other in pairwise(order))


def test_ties_go_to_other_rows_under_another_seed() -> None:
    rows = [row(str(n)) for n in range(10)]
    assert len({ranked(rows, seed=seed)[0].id for seed in range(30)}) > 4


def test_top_takes_one_of_each_distinct_value() -> None:
    rows = [row("a", 0.9), row("b", 0.8), row("c", 0.7, "n")]
    assert [kept.row.id for kept in best(rows, 2, seed=0, distinct=lambda r: r.model)] == ["a", "c"]


def test_great_takes_the_two_highest_and_great_diverse_the_highest_by_another_model() -> None:
    pool = [row("a", 0.9), row("b", 0.8), row("c", 0.7, "n"), row("d", 0.6, "n")]
    assert names(choose_pair(pool, "great", seed=0)) == ["a", "b"]
    assert names(choose_pair(pool, "great-diverse", seed=0)) == ["a", "c"]


def test_a_near_copy_is_no_other_view() -> None:
    text = "one two three four five six seven eight nine ten eleven twelve"
    pool = [row("a", 0.9, response=text), row("b", 0.8, "n", response=text + " thirteen"), row("c", 0.1, "o")]
    assert names(choose_pair(pool, "great-diverse", seed=0)) == ["a", "c"]
    thought = [row("a", 0.9, response=text), row("b", 0.8, "n", response=f"<think>{'other words ' * 50}</think>{text}")]
    assert choose_pair(thought, "great-diverse", seed=0) is None
    assert not pair_left(thought, "great-diverse")


def test_good_draws_two_of_the_writer_with_most_and_ties_go_by_name() -> None:
    pool = (
        [row(f"m{n}", model="m") for n in range(3)] + [row(f"n{n}", model="n") for n in range(3)] + [row("z", 1, "z")]
    )
    pairs = {tuple(sorted(names(choose_pair(pool, "good", seed=seed)))) for seed in range(30)}
    assert {name[0] for pair in pairs for name in pair} == {"m"}
    assert len(pairs) == 3


def test_random_does_not_look_at_scores() -> None:
    pool = [row(str(n), n / 10) for n in range(6)]
    assert len({tuple(names(choose_pair(pool, "random", seed=seed))) for seed in range(40)}) > 8


@pytest.mark.parametrize("rule", ["good", "great", "great-diverse", "random"])
def test_a_shown_pair_is_passed_over_and_at_last_none_is_left(rule: PairRule) -> None:
    pool = [row(str(n), n / 10, "mn"[n % 2] if rule == "great-diverse" else "m") for n in range(4)]
    shown: set[frozenset[str]] = set()
    while pair_left(pool, rule, shown=shown):
        pair = frozenset(names(choose_pair(pool, rule, seed=3, shown=shown)))
        assert pair not in shown
        shown.add(pair)
    assert choose_pair(pool, rule, seed=3, shown=shown) is None
    assert len(shown) == (4 if rule == "great-diverse" else 6)


def test_the_order_in_which_a_pair_is_shown_says_nothing_about_scores() -> None:
    firsts = []
    for n in range(200):
        better, worse = row(f"a{n}", 0.9), row(f"b{n}", 0.1)
        assert shown_order((better, worse), seed=0) == shown_order((worse, better), seed=0)
        firsts.append(shown_order((better, worse), seed=0)[0] == better)
    assert 70 < sum(firsts) < 130


def drawn(rows: list[Scored], k: int, **more: object) -> dict[str, int]:
    return {kept.row.id: kept.drawn_from for kept in best(rows, k, seed=0, **more)}  # type: ignore[arg-type]


def test_who_was_kept_by_lot_is_known_with_how_many_drew() -> None:
    rows = [row("a", 0.9), *(row(name, 0.5) for name in "bcd"), row("e", 0.1)]
    assert drawn(rows, 1) == {"a": 1}
    assert sorted(drawn(rows, 2).values()) == [1, 3]
    assert sorted(drawn(rows, 3).values()) == [1, 3, 3]
    assert set(drawn(rows, 4).values()) == {1}, "all who tied have a place"
    assert set(drawn(rows, 9).values()) == {1}


def test_of_one_value_who_stands_for_it_may_be_drawn_too() -> None:
    rows = [row("a", 0.5, "m"), row("b", 0.5, "m"), row("c", 0.5, "n"), row("d", 0.1, "o")]
    assert sorted(drawn(rows, 2, distinct=lambda r: r.model).values()) == [1, 2]
    assert list(drawn(rows, 1, distinct=lambda r: r.model).values()) == [3]
