"""Rows as records: what a value may be, and what stands in for one that is missing."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from rubrictool.rows.columns import Row
from rubrictool.rows.comparisons import ExternalComparison
from rubrictool.rows.records import Criterion, Prompt, Response, Rubric, Scored
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.weights import rubric_hash
from rubrictool.text.encoding import canonical, digest

CRITERIA = [{"criterion": "Is right.", "weight": 1}]


@pytest.mark.parametrize("weight", [0.5, 1, 2.25, -6, 1e300])
def test_the_weights_of_people_stay_as_they_are(weight: float) -> None:
    written = Criterion.model_validate({"criterion": "x", "weight": weight}).columns()["weight"]
    assert (written, type(written)) == (weight, type(weight))


@pytest.mark.parametrize("weight", [0, -0.0, float("nan"), float("inf"), 10**400, -(10**400), True, "3", None])
def test_a_weight_is_a_finite_number_other_than_0(weight: object) -> None:
    with pytest.raises(ValidationError):
        Criterion.model_validate({"criterion": "x", "weight": weight})


@pytest.mark.parametrize("score", [float("nan"), 10**400, False, "0.5"])
def test_a_score_is_a_finite_number(score: object) -> None:
    with pytest.raises(ValidationError):
        Scored.model_validate({"prompt_id": "p", "response": "x", "score": score})


@pytest.mark.parametrize(
    ("kind", "row", "field"),
    [
        (Response, {"prompt": None, "response": "x"}, "prompt_id"),
        (Rubric, {"prompt": None, "criteria": CRITERIA}, "id"),
    ],
)
def test_a_prompt_of_null_names_no_row(kind: type[Row], row: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(row)
    assert caught.value.errors()[0]["loc"] == (field,)


def test_a_response_is_named_by_its_prompt_its_writer_and_its_text() -> None:
    row = Response.model_validate({"prompt_id": "p", "model": "m", "response": "x", "id": None})
    assert row.id == digest(canonical(["p", "m", "x"]))


@pytest.mark.parametrize("candidate", [{"prompt_id": "other", "response": "x"}, {"id": "twice", "response": "x"}])
def test_the_candidates_of_a_prompt_are_its_own_and_each_has_its_id(candidate: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"belongs to another|stands for two"):
        Prompt.model_validate({"id": "p", "prompt": "q", "responses": [candidate, {"id": "twice", "response": "y"}]})


def test_criteria_without_an_id_are_named_by_their_place_which_nobody_else_may_have() -> None:
    named = [{"criterion": "x", "weight": 1}, {"criterion": "y", "weight": 1, "id": "own"}]
    assert [c.id for c in Rubric.model_validate({"id": "p", "criteria": named}).criteria] == ["c1", "own"]
    with pytest.raises(ValidationError, match="c1 stands for two"):
        Rubric.model_validate({"id": "p", "criteria": [named[0], {**named[1], "id": "c1"}]})


def test_a_veto_alone_cannot_score() -> None:
    with pytest.raises(ValidationError, match="nothing could score"):
        Rubric.model_validate({"id": "p", "criteria": [{**CRITERIA[0], "role": "veto"}]})


@pytest.mark.parametrize("met", ["yes", 1, "null"])
def test_a_verdict_is_true_or_false_or_null_where_it_was_not_judged(met: object) -> None:
    with pytest.raises(ValidationError):
        Verdict.model_validate({"id": "c1", "met": met})


@pytest.mark.parametrize("fields", [{}, {"winner": "A"}, {"preference": 1.5}, {"winner": "a", "preference": 1.0}])
def test_an_outcome_is_a_winner_or_a_probability(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ExternalComparison.model_validate({"prompt_id": "p", **fields})


def test_columns_may_have_any_name() -> None:
    row = {"id": "p", "prompt": "x", "columns": 1, "unknown": 2, "model_config": 3, "self": 4, "model_extra": 5}
    assert Prompt.model_validate(row).columns() == row


def test_null_is_no_value_where_a_table_was_written_as_json() -> None:
    """Arrow and pandas give every row all columns, so that what one rubric has is null in the next."""
    bare = {"criterion": "x", "weight": 1, "check": {"words": {"max": 5}}}
    full = {
        **bare,
        **dict.fromkeys(("id", "dimension", "role", "proposer")),
        "check": {**dict.fromkeys(("contains", "matches", "format")), "words": {"min": None, "max": 5}},
    }
    one, other = (Rubric.model_validate({"id": "p", "criteria": [criterion]}) for criterion in (bare, full))
    assert rubric_hash(one.criteria) == rubric_hash(other.criteria)
    assert other.criteria[0].id == "c1"
    assert Prompt.model_validate({"id": None, "prompt": "q", "responses": None}).responses == ()
    assert Verdict.model_validate({"id": "c1", "met": True, "samples": None, "p": None}).samples == ()


def test_null_is_no_criterion_and_no_check() -> None:
    for nothing in ({"criterion": None, "weight": 1}, {"criterion": "x", "weight": 1, "check": {"contains": None}}):
        with pytest.raises(ValidationError):
            Criterion.model_validate(nothing)
