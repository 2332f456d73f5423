"""The paper's worked example (appendix I), end to end through `score` and `refine` with recorded replies."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from shell import Shell

FIRST_WEIGHTS = [3, 3, 3, 3, 2, 2, 2, 1, 1]
REFINED_WEIGHTS = [3, 3, 3, 3, 2, 2, 2, 2, 2, 1, 1, 3]
PROMPT = {"id": "p", "prompt": "Explain the treatment."}
ONE = {"id": "one", "prompt_id": "p", "model": "m", "response": "The first great answer."}
OTHER = {"id": "other", "prompt_id": "p", "model": "n", "response": "The second great answer."}


def criteria(weights: list[int], word: str) -> list[dict[str, Any]]:
    return [{"criterion": f"{word} point {place}.", "weight": weight} for place, weight in enumerate(weights, start=1)]


def verdicts(count: int, *unmet: int) -> str:
    return json.dumps({f"c{n}": "no" if n in unmet else "yes" for n in range(1, count + 1)})


RECORDED = [
    {"contains": ["First point 1.", "You sharpen a rubric"], "reply": json.dumps(criteria(REFINED_WEIGHTS, "Refined"))},
    {"contains": ["First point 9.", ONE["response"]], "reply": verdicts(9, 7)},
    {"contains": ["First point 9.", OTHER["response"]], "reply": verdicts(9, 7)},
    {"contains": ["Refined point 12.", ONE["response"]], "reply": verdicts(12, 9)},
    {"contains": ["Refined point 12.", OTHER["response"]], "reply": verdicts(12, 7, 9, 11)},
]


def test_a_tie_at_18_of_20_becomes_25_and_22_of_27(shell: Shell) -> None:
    replies = f"replay:{shell.write('replies.jsonl', RECORDED)}"
    prompts, pool = shell.write("p.jsonl", [PROMPT]), shell.write("pool.jsonl", [ONE, OTHER])
    first = shell.write("first.jsonl", [{**PROMPT, "criteria": criteria(FIRST_WEIGHTS, "First")}])

    before = shell("score", pool, "--rubrics", first, "--judge", replies).rows
    assert [row["score"] for row in before] == [pytest.approx(Fraction(18, 20))] * 2

    roles = ["--judge", replies, "--proposer", replies]
    given = ["--rubrics", first, "--responses", pool, "--rounds", 1, "--trace", "trace.jsonl"]
    assert shell("refine", prompts, *given, *roles, "-o", "refined.jsonl").code == 0
    (refined,) = shell.read("refined.jsonl")
    assert [criterion["weight"] for criterion in refined["criteria"]] == REFINED_WEIGHTS
    (trace,) = shell.read("trace.jsonl")
    assert trace["before"]["scores"] == [pytest.approx(0.9)] * 2

    after = shell("score", pool, "--rubrics", "refined.jsonl", "--judge", replies).rows
    assert [row["score"] for row in after] == [pytest.approx(Fraction(25, 27)), pytest.approx(Fraction(22, 27))]
