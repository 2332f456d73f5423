"""Tables with the responses of two models side by side, compared or not: response_a, response_b, model_a, model_b, winner.

Chatbot Arena has whole conversations instead, in conversation_a and conversation_b; what both begin with is the prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rubrictool.shapes.chat_parts import asked_until, plain, role_of, same_start
from rubrictool.shapes.fields import Fields
from rubrictool.shapes.shape import ColumnValues, Contents, Shape
from rubrictool.shapes.taking import named, without_nulls

_RESPONSES = ("response", "answer", "output", "completion")
_PROMPTS = ("prompt", "question", "instruction", "query")
_CONVERSATIONS = ("conversation_a", "conversation_b")
_SIDES = (("_a", "_b"), ("_A", "_B"))

_OF_OTHERS = ("pair_id", "label", "annotator", "session_id", "rubric", "rubrics")
"""Columns of other formats that have two responses side by side."""


def _columns(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the columns of the two responses, None where there are no such two."""
    pairs = ((f"{name}{a}", f"{name}{b}") for name in _RESPONSES for a, b in _SIDES)
    return next((pair for pair in pairs if all(side in row for side in pair)), None)


def _are_conversations(row: Mapping[str, Any]) -> bool:
    return all(isinstance(row.get(name), list | tuple) and any(map(role_of, row[name])) for name in _CONVERSATIONS)


def _matches(row: Mapping[str, Any]) -> bool:
    if _are_conversations(row):
        return True
    asked = any(name in row for name in _PROMPTS)
    return asked and _columns(row) is not None and not any(name in row for name in _OF_OTHERS)


def _read(row: Fields) -> Contents:
    asked = named(row, "id", "prompt_id", "question_id", "id")
    sides = _columns(dict.fromkeys(row.names())) or _CONVERSATIONS
    models = [_model(row, side) for side in sides]
    prompt, answers = _conversations(row) if sides == _CONVERSATIONS else _texts(row, sides)
    compared = _compared(row, models)
    return Contents(
        asked | {"prompt": prompt} | without_nulls({"reference": row.text("reference", None)}),
        None,
        [{"response": answer, "model": model} for answer, model in zip(answers, models, strict=True)],
        [compared | {"a": 0, "b": 1, "system_a": models[0], "system_b": models[1]}] if compared else (),
        columns=row.rest(),
    )


def _texts(row: Fields, sides: tuple[str, str]) -> tuple[Any, list[Any]]:
    """Take the prompt and the two responses from columns of their own."""
    prompt = next(name for name in _PROMPTS if name in row)
    return row.value(prompt), [row.value(side) for side in sides]


def _conversations(row: Fields) -> tuple[Any, list[Any]]:
    """Take the messages that both conversations begin with, and what follows them in each.

    An answer ends each conversation, so where both are the same the prompt ends with the last message of the user.
    """
    one, other = (row.items(side) for side in _CONVERSATIONS)
    shared = min(same_start(one, other), asked_until(one), asked_until(other))
    if not shared:
        raise row.fault(
            _CONVERSATIONS[1], f"begins with another message than {_CONVERSATIONS[0]}; they need one prompt"
        )
    return plain(one[:shared], "user"), [plain(messages[shared:], "assistant") for messages in (one, other)]


def _model(row: Fields, side: str) -> str:
    """Take the writer of a side, which is called by its letter where no column names it."""
    letter = side[-1]
    names = (f"{name}_{letter}" for name in ("model", "generator", "system"))
    return next((row.name(name) for name in names if name in row), letter.lower())


def _compared(row: Fields, models: list[str]) -> ColumnValues:
    """Take who won; empty where the two were not compared."""
    if "preference" in row:
        return {"preference": row.number("preference")}
    if "winner" not in row:
        return {}
    winner = row.text("winner")
    spelled = {f"{name}{letter}": letter for name in ("", "model_", "response_") for letter in "ab"}
    spelled |= {"A": "a", "B": "b", models[0]: "a", models[1]: "b"}
    if winner.lower().startswith("tie") or winner in ("both_bad", "both_good"):
        return {"winner": "tie"}
    if winner not in spelled:
        raise row.fault("winner", f"must be a, b, tie, {models[0]} or {models[1]}")
    return {"winner": spelled[winner]}


SHAPE = Shape("response-pairs", "responses of two models", _matches, _read, pairs=True)
