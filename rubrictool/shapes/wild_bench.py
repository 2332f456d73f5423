"""WildBench's rows: a judge's choice between two models, and its scores of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rubrictool.shapes.fields import Fields
from rubrictool.shapes.shape import Contents, Shape, has

_SHARES = {0: 0.5, 1: 0.75, 2: 1.0}
"""What a win of each extent counts as. The benchmark's reward of -1 to 1 is twice the mean, less 1."""


def _read_pair(row: Fields) -> Contents:
    """Read model_A as `a`. Files show the models in random places; figures put each pair of systems in one order."""
    session, a, b = row.name("session_id"), row.text("model_A"), row.text("model_B")
    share, outputs = _share(row, a, b), row.value("model_outputs", None)
    texts = [outputs.get(name) for name in (a, b)] if isinstance(outputs, Mapping) else []
    told = len(texts) == 2 and a != b and all(isinstance(text, str) for text in texts)
    responses = [
        {"prompt_id": session, "response": text, "model": name} for text, name in zip(texts, (a, b), strict=True)
    ]
    compared = {"prompt_id": session, "system_a": a, "system_b": b, "preference": share} | (
        {"a": 0, "b": 1} if told else {}
    )
    return Contents(None, None, responses if told else [], [compared], columns=row.rest())


def _share(row: Fields, a: str, b: str) -> float:
    winner, extent = row.text("winner"), row.number("extent")
    if extent not in _SHARES or (winner == "tie") != (extent == 0):
        raise row.fault("extent", "must be 0 for a tie, 1 for better or 2 for much better")
    if winner not in (a, b, "tie"):
        raise row.fault("winner", f"must be {a}, {b} or tie")
    return 1 - _SHARES[int(extent)] if winner == b else _SHARES[int(extent)]


def _read_score(row: Fields) -> Contents:
    response: dict[str, Any] = {"prompt_id": row.name("session_id"), "model": row.text("model_test")}
    response |= {"response": row.text("model_output"), "score": row.number("score")}
    return Contents(responses=[response], columns=row.rest())


PAIRWISE = Shape(
    "wildbench-pairwise",
    "WildBench comparisons",
    has("session_id", "model_A", "model_B", "winner", "extent"),
    _read_pair,
    pairs=True,
)

SCORES = Shape(
    "wildbench-scores", "WildBench scores", has("session_id", "model_test", "model_output", "score"), _read_score
)
