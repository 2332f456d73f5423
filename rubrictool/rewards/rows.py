"""Read a rollout out of the columns that trainers carry along with a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rubrictool.errors import InputError
from rubrictool.rewards.rollouts import Rollout
from rubrictool.rows.strict_json import chat_or_text, strict

_RUBRIC = ("rubric", "rubrics", "criteria")
_LABEL = ("label", "ground_truth", "answer")


def rollout_of(completion: Any, columns: Mapping[str, Any]) -> Rollout:
    """Return a rollout from a completion and the columns of its row.

    The rubric is a column `rubric` (`rubrics`, `criteria`), or stands in the label, as JSON text of criteria or of an object that
    holds some of these columns. A prompt may be the JSON text of a chat, as tables have it. Raises `InputError` for a label
    that looks like JSON and is none.
    """
    known = {**labelled(columns), **{name: value for name, value in columns.items() if value is not None}}
    name, asked = known.get("prompt_id"), known.get("prompt")
    return Rollout(
        completion,
        chat_or_text(asked) if isinstance(asked, str) else asked,
        next((known[column] for column in _RUBRIC if holds_something(known.get(column))), None),
        None if name is None else str(name),
        known.get("reference") if isinstance(known.get("reference"), str) else None,
    )


def holds_something(value: Any) -> bool:
    """Return whether a column holds something; the array that Parquet's lists become has no truth of its own."""
    return bool(value.size) if hasattr(value, "size") else bool(value)


def labelled(columns: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the label holds."""
    label: Any = next((columns[name] for name in _LABEL if holds_something(columns.get(name))), None)
    if hasattr(label, "tolist"):
        label = label.tolist()
    if isinstance(label, str) and label.lstrip()[:1] in ("{", "["):
        try:
            label = strict(label)
        except (ValueError, RecursionError) as error:
            raise InputError(f"label: is no JSON ({error}); it must be the text of an object with a rubric") from None
    if isinstance(label, list):
        return {"rubric": label}
    return label if isinstance(label, Mapping) else {}
