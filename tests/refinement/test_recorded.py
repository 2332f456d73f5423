"""The recorded run of the sample: pairs from the better half, rubrics within the bound, and no question left unanswered."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

import pytest
from shell import Shell

Rows = list[dict[str, Any]]


@pytest.fixture
def recorded(shell: Shell, sample: Path) -> tuple[Rows, Rows]:
    """The refined rubrics and the trace of the default refinement, replayed."""
    replies = f"replay:{sample / 'replies.jsonl'}"
    given = [sample / "prompts.jsonl", "--judge", replies, "--proposer", replies, "--no-cache"]
    ran = shell("refine", *given, "-o", "r.jsonl", "--trace", "t.jsonl")
    assert ran.code == 0, ran.err
    return shell.read("r.jsonl"), shell.read("t.jsonl")


def test_no_pair_lies_below_the_median_of_the_first_pool_and_no_rubric_is_above_the_bound(
    recorded: tuple[Rows, Rows],
) -> None:
    rubrics, trace = recorded
    first = {row["prompt_id"]: {one["id"]: one["score"] for one in row["pool"]} for row in trace if row["round"] == 1}
    assert len(rubrics) == len(first) == 13
    assert all(len(rubric["criteria"]) <= 24 for rubric in rubrics)
    for row in trace:
        scores = first[row["prompt_id"]]
        assert min(scores[name] for name in row["pair"]) >= median(scores.values())


def test_each_round_has_its_answer_and_says_what_was_found_better(recorded: tuple[Rows, Rows]) -> None:
    rubrics, trace = recorded
    assert [rubric["stopped"] for rubric in rubrics] == ["done"] * 13
    assert len(trace) == 4 * 13
    assert {row["better"] for row in trace} == {"first", "second", "neither"}
    assert all(row["why"] for row in trace)
    unchanged = [row for row in trace if not row["accepted"]]
    assert {row["reason"] for row in unchanged} == {"the proposer names no change"}
