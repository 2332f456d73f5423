"""The library chooses, pairs and judges as filter-top-k does, and returns typed rows."""

from __future__ import annotations

import asyncio

import pytest

import rubrictool as rt
from rubrictool.rows.records import Scored

SCORES = [
    {"id": name, "prompt_id": "p", "prompt": "Why?", "response": f"text {name}", "model": model, "score": score}
    for name, model, score in [("a", "m", 0.5), ("b", "m", 0.9), ("c", "n", 0.5), ("d", "n", 0.1)]
]


def test_the_best_rows_come_in_the_order_of_the_source_and_say_who_was_drawn() -> None:
    found = rt.top_k(SCORES, rt.TopKOptions(k=2))
    rows = list(found)
    assert all(isinstance(row, Scored) for row in rows)
    assert {row.id: row.unknown().get("tied") for row in rows}.items() >= {("b", None)}
    assert [row.unknown()["tied"] for row in rows if row.id != "b"] == [2]
    assert (len(found), found.prompts, found.drawn_prompts) == (2, 1, 1)
    assert list(found.to_frame()["id"]) == [row.id for row in rows]


def test_rows_are_distinct_in_a_column_that_all_must_have() -> None:
    options = rt.TopKOptions(k=2, distinct="model")
    assert [row.model for row in rt.top_k(SCORES, options)] == ["m", "n"]
    with pytest.raises(rt.InputError, match=r"rows:1: author: field required"):
        rt.top_k(SCORES, rt.TopKOptions(distinct="author"))


def test_pairs_are_rows_for_training() -> None:
    found = rt.preference_pairs(SCORES)
    assert [(row.chosen_id, row.rejected_id) for row in found.rows] == [("b", "d")]
    assert found.skipped == {"tied": 0, "overlapping": 0, "same_text": 0}
    assert list(found.to_frame()["margin"]) == [0.8]


def test_judging_until_the_best_are_known_gives_the_rows_of_scoring_all() -> None:
    async def judged() -> tuple[rt.JudgedTopK, list[rt.Score]]:
        prompt, judge = rt.Prompt(id="p", prompt="Why?"), await rt.judge()
        words = [{"criterion": word, "weight": 1, "check": {"contains": [word]}} for word in ("text", "b", "c")]
        rubric = rt.Rubric.model_validate({"id": "p", "criteria": words})
        pool = [rt.Response.model_validate(row) for row in SCORES]
        found = await rt.judge_top_k(prompt, rubric, pool, judge, options=rt.TopKOptions(k=1))
        return found, [await rt.score(prompt, rubric, row, judge) for row in pool]

    found, scores = asyncio.run(judged())
    kept = {row.id: row.score for row in found.rows}
    assert kept.items() <= {row.id: row.score for row in scores}.items()
    assert next(iter(kept.values())) == max(row.score for row in scores)
    assert found.rows[0].unknown()["tied"] == 2
