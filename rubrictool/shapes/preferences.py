"""Preference pairs as trainers read them: a chosen and a rejected answer to each prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rubrictool.shapes.fields import Fields
from rubrictool.shapes.shape import ColumnValues, Contents, Shape
from rubrictool.shapes.writing import Given

_SIDES = ("chosen", "rejected")


_RUBRICS = ("rubric", "requirements")
"""Columns of pairs that are judged by a rubric, which have shapes of their own."""


def _matches(row: Mapping[str, Any]) -> bool:
    sides = all(isinstance(row.get(side), str | list | tuple) for side in _SIDES)
    return sides and "prompt" in row and not any(isinstance(row.get(name), str) for name in _RUBRICS)


def _read(row: Fields) -> Contents:
    prompt = row.value("prompt")
    responses = [
        {"response": answer_to(prompt, row.value(side)), "model": row.text(f"{side}_model", side)} for side in _SIDES
    ]
    named = {} if "prompt_id" not in row else {"id": row.name("prompt_id")}
    return Contents({**named, "prompt": prompt}, None, responses, [{"winner": "a", "a": 0, "b": 1}], columns=row.rest())


def answer_to(prompt: Any, answer: Any) -> Any:
    """Return an answer without the prompt's messages, which some files repeat before it; a single message is its text."""
    if not isinstance(answer, list | tuple):
        return answer
    asked = list(prompt) if isinstance(prompt, list | tuple) else [{"role": "user", "content": prompt}]
    own = list(answer[len(asked) :]) if list(answer[: len(asked)]) == asked else list(answer)
    return own[0]["content"] if _is_text(own) else own


def _is_text(messages: Sequence[Any]) -> bool:
    if len(messages) != 1 or not isinstance(messages[0], Mapping):
        return False
    return messages[0].keys() == {"role", "content"} and isinstance(messages[0]["content"], str)


def _write(given: Given) -> list[ColumnValues]:
    raise NotImplementedError


PAIRS = Shape("preference", "preference pairs", _matches, _read, pairs=True)
