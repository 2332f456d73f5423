"""Find our columns under the other names that people give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rubrictool.shapes.shape import PartName

_PROMPT = {
    "prompt": ("instruction", "question", "query", "messages", "input", "problem", "conversation", "user_prompt"),
    "reference": ("reference_answer", "reference_response", "ideal_completion"),
}
_ASKED = {"prompt_id": ("question_id", "uid", "task_id", "uuid", "sample_id")}
_OTHER_NAMES: dict[PartName, dict[str, tuple[str, ...]]] = {
    "prompts": {"id": ("prompt_id", *_ASKED["prompt_id"])} | _PROMPT,
    "responses": {
        **_ASKED,
        **_PROMPT,
        "response": ("output", "completion", "answer", "generation", "model_output", "prediction", "response_text"),
        "model": ("generator", "model_name", "model_id", "response_model", "writer"),
    },
    "rubrics": {"id": ("prompt_id", *_ASKED["prompt_id"]), "criteria": ("rubrics", "rubric", "checklist")} | _PROMPT,
    "comparisons": {**_ASKED, "winner": ("preferred",)},
}

_OF_CRITERION = {
    "criterion": ("criteria", "description", "requirement", "text", "question", "content", "criterion_text"),
    "weight": ("points", "score", "importance"),
}


class Doubt(ValueError):
    """Several columns of a row may be one of ours."""


def other_names(row: Mapping[str, Any], part: PartName) -> dict[str, str]:
    """Return the columns of a row that are ours under other names, by these. Raises `Doubt` where two may be the same one."""
    found = {}
    for ours, theirs in _OTHER_NAMES[part].items():
        there = [name for name in theirs if row.get(name) is not None and name not in found]
        if row.get(ours) is not None or not there:
            continue
        if len(there) > 1 and ours not in _TAKES_FIRST:
            raise Doubt(f"{ours}: may be the column {' or '.join(there)}")
        found[there[0]] = ours
    return found


_TAKES_FIRST = {"id", "prompt_id", "model", "reference"}
"""ColumnValues whose other names are told apart by their order: any of them names the row."""


def with_our_names(row: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a row with columns under their new names, and criteria in ours."""
    row = {names.get(name, name): value for name, value in row.items()} if names else row
    criteria = row.get("criteria")
    return row | {"criteria": [_criterion(one) for one in criteria]} if isinstance(criteria, list | tuple) else row


def _criterion(item: Any) -> Any:
    if isinstance(item, str):
        return {"criterion": item, "weight": 1}
    if not isinstance(item, Mapping) or ("criterion" in item and "weight" in item):
        return item
    names = {}
    for ours, theirs in _OF_CRITERION.items():
        there = [name for name in theirs if name in item]
        if ours not in item and len(there) == 1:
            names[there[0]] = ours
    return {names.get(name, name): value for name, value in item.items()}
