"""A small run with known changes: one prompt, two rounds, two judgings, of which one contradicts the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rubrictool.rows.records import Criterion
from rubrictool.rubric.weights import rubric_hash

Columns = dict[str, Any]

FIRST: list[Columns] = [
    {"id": "c1", "criterion": "Names a dry cloth", "weight": 2},
    {"id": "c2", "criterion": "Warns of the fridge", "weight": 1},
]
SECOND: list[Columns] = [
    {"id": "c1", "criterion": "Names a dry cloth", "weight": 2},
    {"id": "c2", "criterion": "Warns of the cold fridge", "weight": 3},
    {"id": "c3", "criterion": "Says how long bread keeps", "weight": 1, "proposer": "p"},
]

PROMPT: Columns = {"id": "bread", "prompt": "How do I store bread?"}

RESPONSES: list[Columns] = [
    {
        "prompt_id": "bread",
        "id": f"r{number}",
        "model": model,
        "response": f"Answer {number}.",
        "prompt": PROMPT["prompt"],
    }
    for number, model in enumerate(["ash", "ash", "oak", "oak"], start=1)
]


def hash_of(criteria: Sequence[Columns]) -> str:
    return rubric_hash([Criterion.model_validate(one) for one in criteria])


def scores(criteria: Sequence[Columns], met: Sequence[str], **columns: Any) -> list[Columns]:
    """The score rows of the four responses, each with its verdicts as a text such as `101`."""
    return [_score(row, criteria, verdicts) | columns for row, verdicts in zip(RESPONSES, met, strict=True)]


def _score(row: Mapping[str, Any], criteria: Sequence[Columns], verdicts: str) -> Columns:
    pairs = list(zip(criteria, verdicts, strict=True))
    total = sum(one["weight"] for one in criteria)
    return {
        **row,
        "score": sum(one["weight"] for one, met in pairs if met == "1") / total,
        "verdicts": [{"id": one["id"], "met": {"1": True, "0": False, "-": None}[met]} for one, met in pairs],
        "judge": "j",
        "judging": "all-at-once",
        "rubric": hash_of(criteria),
    }


BEFORE = scores(FIRST, ["11", "10", "01", "00"])
AFTER = scores(SECOND, ["111", "000", "011", "001"])
"""r2 meets c1 before and not after, though c1 is the same criterion."""

ROUNDS: list[Columns] = [
    {
        "prompt_id": "bread",
        "round": 1,
        "pool": [{"id": row["id"], "model": row["model"], "score": 0.5} for row in RESPONSES],
        "pair": ["r3", "r1"],
        "before": {"rubric": hash_of(FIRST), "scores": [0.33, 1.0]},
        "after": {"rubric": hash_of(FIRST), "scores": [0.33, 1.0]},
        "changes": {"kept": ["c1", "c2"], "added": [], "rewritten": [], "dropped": []},
        "accepted": False,
        "reason": "nothing changes",
        "better": "neither",
        "why": "Both say the same.",
    },
    {
        "prompt_id": "bread",
        "round": 2,
        "pool": [{"id": row["id"], "model": row["model"], "score": 0.5} for row in RESPONSES[:2]],
        "pair": ["r2", "r1"],
        "before": {"rubric": hash_of(FIRST), "scores": [0.67, 1.0]},
        "after": {"rubric": hash_of(SECOND), "scores": [0.0, 1.0]},
        "changes": {
            "kept": ["c1"],
            "added": [SECOND[2]],
            "rewritten": [{"id": "c2", "before": FIRST[1], "after": SECOND[1]}],
            "dropped": [],
        },
        "accepted": True,
        "reason": "always",
        "better": "second",
        "why": "Only the second says how long it keeps.",
    },
]

RUBRIC: Columns = {**PROMPT, "criteria": SECOND, "rounds": 1, "stopped": "done"}
