"""Tables with the responses of two models side by side, compared or not: response_a, response_b, model_a, model_b, winner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rubrictool.shapes.fields import Fields
from rubrictool.shapes.shape import ColumnValues, Contents, Shape
from rubrictool.shapes.taking import named, without_nulls

_RESPONSES = ("response", "answer", "output", "completion")
_PROMPTS = ("prompt", "question", "instruction", "query")
_SIDES = (("_a", "_b"), ("_A", "_B"))

_OF_OTHERS = ("pair_id", "label", "annotator", "session_id", "rubric", "rubrics")
"""Columns of other formats that have two responses side by side."""


def _columns(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the columns of the two responses, None where there are no such two."""
    pairs = ((f"{name}{a}", f"{name}{b}") for name in _RESPONSES for a, b in _SIDES)
    return next((pair for pair in pairs if all(side in row for side in pair)), None)


def _matches(row: Mapping[str, Any]) -> bool:
    asked = any(name in row for name in _PROMPTS)
    return asked and _columns(row) is not None and not any(name in row for name in _OF_OTHERS)


def _read(row: Fields) -> Contents:
    asked = named(row, "id", "prompt_id", "question_id", "id")
    prompt = next(name for name in _PROMPTS if name in row)
    sides = _columns(dict.fromkeys(row.names())) or ("response_a", "response_b")
    models = [_model(row, side) for side in sides]
    responses = [{"response": row.value(side), "model": model} for side, model in zip(sides, models, strict=True)]
    compared = _compared(row, models)
    return Contents(
        asked | {"prompt": row.value(prompt)} | without_nulls({"reference": row.text("reference", None)}),
        None,
        responses,
        [compared | {"a": 0, "b": 1, "system_a": models[0], "system_b": models[1]}] if compared else (),
        columns=row.rest(),
    )


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
