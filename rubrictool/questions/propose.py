"""Ask for a first rubric, from the prompt alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from pydantic import ValidationError

from rubrictool.errors import Unreadable
from rubrictool.models.json_schema import WEIGHT, Schema, array_of, object_of, string
from rubrictool.models.question import Question
from rubrictool.questions.json_replies import (
    LIKE_AN_ID,
    QUOTES_IGNORED,
    RepeatedKeys,
    has_any,
    last_answer,
    without_repeats,
)
from rubrictool.questions.templates import Templates
from rubrictool.rows.checks import Check
from rubrictool.rows.jsonl import explain
from rubrictool.rows.records import Criterion, Prompt
from rubrictool.rubric.amend import Item, Proposal, amend, valid_criteria
from rubrictool.text.patterns import linear

MAX_NEW_CRITERIA = 24
"""New criteria of one answer; an answer that keeps criteria may have as many more."""

MAX_CRITERION_LENGTH = 400

NEW_CRITERION = {"criterion": string(MAX_CRITERION_LENGTH), "weight": WEIGHT}
"""The schema of a new criterion's fields."""

_BRACKET = linear(r"[\[\]{}]")

# Placeholders that a form may have for a criterion: in brackets, without letters and digits, or a word for it.
_PLACEHOLDER = linear(
    r"(?i)[^\pL\pN]*|[\s\pZ]*(?:<[^<>]*>|\[[^\[\]]*\]|\{[^{}]*\})[\s\pZ]*"
    r"|[^\pL\pN]*(?:(?:an?|another|its|new|one|the|your) )*(?:criterion|criteria|one|text|string)(?: text)?[^\pL\pN]*"
)

_ANSWER_FIELDS = {"criteria", "dropped"}

_ITEM_FIELDS = {"id", "criterion", "weight", "dimension", "check"}

_WEIGHTS = {"1": 1, "2": 2, "3": 3, "1.0": 1, "2.0": 2, "3.0": 3}


def question(templates: Templates, prompt: Prompt) -> Question:
    """Ask for the criteria by which an expert would score answers to a prompt."""
    return templates.question("propose", prompt)


def schema() -> Schema:
    """Return the schema of a first rubric."""
    return object_of(criteria=array_of(object_of(**NEW_CRITERION), min_items=1, max_items=MAX_NEW_CRITERIA))


def parse(reply: str, criteria: Sequence[Criterion] = (), *, proposer: str) -> Proposal:
    """Return a proposal for a rubric with these criteria.

    Raises `Unreadable` where the reply cannot be read, or leaves a rubric that cannot score.
    """
    proposal = read(reply, known=[criterion.id for criterion in criteria])
    try:
        valid_criteria(amend(criteria, proposal, proposer=proposer).criteria)
    except ValidationError as error:
        raise Unreadable(f"the rubric could not score: {explain(error)}") from None
    return proposal


def read(reply: str, *, known: Collection[str] = ()) -> Proposal:
    """Return the items of a reply, and the ids that it drops; `known` are the ids of the rubric that was shown.

    Raises `Unreadable` for an empty list, weights other than 1, 2, 3, unknown or repeated ids, and checks that cannot run.
    """
    found = last_answer(reply, _items_and_dropped)
    if found is None:
        raise Unreadable(
            'there is no JSON array of criteria in it, each with "criterion" and "weight"' + QUOTES_IGNORED
        )
    items, dropped = [_item(value, place) for place, value in enumerate(found[0], start=1)], found[1]
    if not items:
        raise Unreadable("the list of criteria is empty")
    _check_ids([item.id for item in items if item.id is not None] + dropped, known)
    return Proposal(tuple(items), frozenset(dropped))


def _items_and_dropped(value: Any) -> tuple[list[Any], list[str]] | None:
    if isinstance(value, list) and not isinstance(value, RepeatedKeys):
        is_rubric = all(isinstance(item, str | dict | RepeatedKeys) for item in value)
        items = [item for item in value if isinstance(item, str) or has_any(item, _ITEM_FIELDS)]
        return (items, []) if is_rubric and (items or not value) else None
    if not has_any(value, {"criteria"}):
        return None
    answer = without_repeats(value, _ANSWER_FIELDS)
    if answer is None:
        return [value], []
    if not isinstance(answer["criteria"], list):
        return None
    dropped = answer.get("dropped") or []
    return answer["criteria"], [str(name) for name in dropped] if isinstance(dropped, list) else [str(dropped)]


def _item(value: Any, place: int) -> Item:
    fields = _item_fields(value, place)
    text = fields.get("criterion")
    if isinstance(text, str) and text.strip() and (_PLACEHOLDER.fullmatch(text) or LIKE_AN_ID.fullmatch(text.strip())):
        raise Unreadable(f"item {place} is a placeholder or an id; write out what the criterion asks for")
    if "id" not in fields and not fields.keys() >= {"criterion", "weight"}:
        raise Unreadable(f"item {place} is new (it has no id) and needs both criterion and weight")
    if "weight" in fields:
        fields["weight"] = _weight(fields["weight"], place)
    return _validated(fields, place)


def _item_fields(value: Any, place: int) -> dict[str, Any]:
    """Return the fields of an item; a text alone is a criterion of weight 1."""
    if isinstance(value, str):
        return {"criterion": value, "weight": 1}
    if not isinstance(value, dict | RepeatedKeys):
        raise Unreadable(f'item {place} is no object with "criterion" and "weight"')
    item = without_repeats(value, _ITEM_FIELDS | _ANSWER_FIELDS)
    if item is None:
        raise Unreadable(f"item {place} has the same key twice")
    return {name: item[name] for name in _ITEM_FIELDS if name in item and (name == "check" or item[name] is not None)}


def _validated(fields: dict[str, Any], place: int) -> Item:
    try:
        if isinstance(fields.get("check"), dict):
            fields["check"] = Check.model_validate(fields["check"])
        return Item.model_validate(fields)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"]) or "check"
        raise Unreadable(f"item {place}: {field} cannot be used") from None


def _weight(value: Any, place: int) -> int:
    weight = _WEIGHTS.get(str(value).strip())
    if weight is None or isinstance(value, bool):
        raise Unreadable(f"the weight of item {place} must be 1, 2 or 3")
    return weight


def _check_ids(given: Sequence[str], known: Collection[str]) -> None:
    """Raise `Unreadable` for an id that is unknown or given twice."""
    if unknown := sorted({_without_brackets(name) for name in given if name not in known}):
        raise Unreadable(f"there is no criterion {', '.join(unknown[:20])}; leave the id out for a new one")
    if twice := [_without_brackets(name) for name, count in Counter(given).items() if count > 1]:
        raise Unreadable(f"{', '.join(twice[:20])} is named twice; say one thing of each criterion")


def _without_brackets(name: str) -> str:
    """Return the beginning of an id without brackets, which could be read as an answer in a complaint."""
    return _BRACKET.sub("", name)[:40]
