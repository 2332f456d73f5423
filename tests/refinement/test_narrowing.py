"""The pool rule `narrow`: the best half of the pool stays after each round, and no pair is shown twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from fakes import ListProposer, WordJudge

from rubrictool.errors import InputError, ModelFailure
from rubrictool.refinement.loop import Refinement, refine
from rubrictool.refinement.options import Evidence, RefineOptions
from rubrictool.refinement.pairs import choose_pair
from rubrictool.rows.records import Criterion, Prompt, Response, Rubric
from rubrictool.rows.verdicts import Verdict

PROMPT = Prompt(id="p", prompt="Count.")

BITS = 6

RUBRIC = Rubric(id="p", criteria=tuple(Criterion(criterion=f"bit{place}", weight=2.0**place) for place in range(BITS)))
"""A response that meets the bits of a number scores that number / 63: no two are tied."""


def response(number: int, *, model: str | None = None, more: str = "") -> Response:
    """The response that scores `number` / 63, under the number as its id."""
    bits = [f"bit{place}" for place in range(BITS) if number >> place & 1]
    return Response(
        id=str(number), prompt_id="p", model=model or f"m-{number}", response=f"{' '.join(bits)} {more} n{number}"
    )


def numbers(refined: Refinement) -> list[set[int]]:
    """The pool of each round."""
    return [{int(member.id) for member in row.pool} for row in refined.rounds]


def pairs(refined: Refinement) -> list[set[int]]:
    """The pair of each round."""
    return [set(map(int, row.pair or ())) for row in refined.rounds]


def run(
    pool: Sequence[Response],
    *,
    judge: WordJudge | None = None,
    later: Sequence[str] = ("u", "v", "w", "x", "y", "z"),
    evidence: Evidence = Evidence(),  # noqa: B008  frozen
    **options: Any,
) -> Refinement:
    return asyncio.run(
        refine(
            PROMPT,
            pool,
            judge=judge or WordJudge(),
            proposer=ListProposer(later=later),
            rubric=RUBRIC,
            options=RefineOptions(**options),
            evidence=evidence,
        )
    )


def test_sixteen_candidates_are_eight_then_four_for_32_judgements_in_place_of_52() -> None:
    pool = [response(number) for number in range(16)]
    judge, other = WordJudge(), WordJudge()
    refined = run(pool, judge=judge)
    assert numbers(refined) == [set(range(16)), set(range(8, 16)), set(range(12, 16)), set(range(12, 16))]
    assert len(judge.asked) == 16 + 8 + 4 + 4
    run(pool, judge=other, pool_rule="drop-used")
    assert len(other.asked) == 16 + 14 + 12 + 10


def test_no_pair_is_shown_twice_and_none_below_the_best() -> None:
    refined = run([response(number) for number in range(16)], rounds=6)
    assert pairs(refined) == [{15, 14}, {15, 13}, {15, 12}, {14, 13}, {14, 12}, {13, 12}]


def test_all_that_tie_with_the_last_one_stay() -> None:
    """Of 32, 16, 8 and four that are like it, three would stay."""
    pool = [response(32), response(16), response(8), *(response(8, more=name) for name in ("k", "l", "m"))]
    named = [row.model_copy(update={"id": str(place), "model": f"w{place}"}) for place, row in enumerate(pool)]
    refined = run([*named, response(0).model_copy(update={"id": "6"})], rounds=2, keep_share=0.4, keep_least=2)
    assert numbers(refined)[1] == {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize(("share", "least", "stay"), [(0.7, 2, 7), (0.5, 6, 6), (0.25, 2, 3), (1.0, 2, 10)])
def test_a_share_of_the_pool_stays_and_at_least_so_many(share: float, least: int, stay: int) -> None:
    refined = run([response(number) for number in range(10)], rounds=2, keep_share=share, keep_least=least)
    assert len(refined.rounds[1].pool) == stay


def test_where_all_pairs_of_the_best_were_shown_the_next_pair_stays_beside_them() -> None:
    refined = run([response(number) for number in range(10)], rounds=2, keep_share=0.2, keep_least=2)
    assert (numbers(refined)[1], pairs(refined)[1]) == ({9, 8, 7}, {9, 7})


def test_where_the_best_half_is_by_one_writer_the_best_of_another_stays_too() -> None:
    pool = [response(number, model="strong" if number > 2 else f"weak-{number}") for number in range(12)]
    refined = run(pool, rounds=3)
    assert pairs(refined) == [{11, 2}, {11, 1}, {10, 1}]
    assert numbers(refined)[1] == {6, 7, 8, 9, 10, 11, 1}


def test_a_near_copy_is_no_second_writer() -> None:
    text = "one two three four five six seven eight nine ten eleven twelve"
    copies = [
        response(number, more=text).model_copy(update={"response": f"{text} bit5"}) for number in (60, 61, 62, 63)
    ]
    refined = run([*copies, response(3), response(1)], rounds=2)
    assert [len(pair & {3, 1}) for pair in pairs(refined)] == [1, 1]
    assert refined.rubric.stopped == "done"


def test_a_candidate_that_could_not_be_judged_has_no_rank_and_stays() -> None:
    class Tires(WordJudge):
        async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
            if response.id == "1" and len(self.asked) < 11:
                raise ModelFailure("unavailable", "no judge")
            return await super().verdicts(prompt, criteria, response)

    refined = run([response(number) for number in range(12)], judge=Tires(), rounds=2)
    assert numbers(refined) == [set(range(12)) - {1}, {11, 10, 9, 8, 7, 6, 1}]


@pytest.mark.parametrize("rule", ["good", "random"])
def test_drawn_pairs_are_never_repeated_and_each_candidate_comes_before_one_comes_twice(rule: str) -> None:
    pool = [response(number, model="m") for number in range(6)]
    judge = WordJudge()
    refined = run(pool, judge=judge, pairs=rule, rounds=6)
    shown = [frozenset(pair) for pair in pairs(refined)]
    assert len(set(shown)) == 6
    assert set(Counter(name for pair in shown[:3] for name in pair).values()) == {1}
    assert ([len(row.pool) for row in refined.rounds], judge.asked) == ([6] * 6, [])


def test_drawn_pairs_are_drawn_from_the_whole_pool_also_where_a_rule_has_it_judged() -> None:
    refined = run([response(number) for number in range(10)], pairs="random", accept="separates", rounds=2)
    assert [len(row.pool) for row in refined.rounds] == [10, 10]


def test_two_candidates_are_shown_once() -> None:
    refined = run([response(1), response(2)])
    assert (len(refined.rounds), refined.rubric.stopped) == (1, "no_pairs")


def test_the_scores_under_which_the_pair_was_chosen_narrow_the_pool_also_after_a_trial() -> None:
    """The new criterion turns the order round, so that the last would be the first."""
    pool = [response(number, more="turned" if number < 4 else "") for number in range(10)]
    always, held = (run(pool, rounds=2, accept=rule, later=["turned", "x"]) for rule in ("always", "separates"))
    assert numbers(always) == numbers(held) == [set(range(10)), {5, 6, 7, 8, 9}]


def test_candidates_of_known_quality_that_left_the_pool_are_still_judged_in_trials() -> None:
    pool = [response(number) for number in range(16)]
    known = {str(number): float(number) for number in range(0, 16, 2)}
    judge = WordJudge()
    refined = run(
        pool, judge=judge, accept="label-agreement", evidence=Evidence(signal=known), later=["n15", "n3", "x", "y"]
    )
    trials = Counter(len(ids) for _, ids in judge.asked)
    assert all(row.reason.startswith("agreement with the labels of ") for row in refined.rounds)
    assert trials[BITS] == 16
    assert {name for name, ids in judge.asked[-10:] if len(ids) > BITS} >= {"0", "2", "4"}
    assert numbers(refined)[3] == {12, 13, 14, 15}


def test_a_drawn_pair_of_few_candidates_is_still_the_first_of_the_draw() -> None:
    pool = [response(number, model="m") for number in range(5)]
    first = choose_pair(pool, "random", seed=1)
    assert first is not None
    ids = frozenset(row.id for row in first)
    second = choose_pair(pool, "random", seed=1, shown=[ids])
    assert second is not None
    assert not ids & {row.id for row in second}


@pytest.mark.parametrize("wrong", [{"keep_share": 50}, {"keep_share": -0.1}, {"keep_least": 1}])
def test_a_share_that_is_none_and_too_few_candidates_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        RefineOptions(**wrong)
