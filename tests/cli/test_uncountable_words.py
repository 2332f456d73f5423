"""A row whose words cannot be counted fails alone, before it costs anything, in every command."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chat import chat_server
from shell import Shell

CRITERIA = [
    {"criterion": "Has 2 or 3 words.", "weight": 1, "check": {"words": {"min": 2, "max": 3}}},
    {"criterion": "Is true.", "weight": 2},
]
TEXTS = ["แมวกินปลาทุกวัน", "Cats eat fish.", "Fish, daily."]
"""One text whose words are written together, and two others."""


@pytest.fixture
def given(shell: Shell) -> list[Any]:
    """The responses, then the option that names their rubric."""
    rows = [{"id": f"r{n}", "prompt_id": "p", "model": f"m{n}", "response": text} for n, text in enumerate(TEXTS)]
    rubrics = shell.write("rubrics.jsonl", [{"id": "p", "prompt": "What do cats eat?", "criteria": CRITERIA}])
    return [shell.write("responses.jsonl", rows), "--rubrics", rubrics]


@pytest.mark.parametrize("command", [["score"], ["filter-top-k", "-k", "2"], ["filter-top-k", "-k", "3"]])
@pytest.mark.parametrize("judging", ["all-at-once", "per-criterion"])
def test_the_others_are_judged_and_nobody_is_asked_about_it(
    shell: Shell, given: list[Any], command: list[str], judging: str
) -> None:
    with chat_server() as server:
        ran = shell(*command, *given, "--judge", server.spec, "--judging", judging, "--no-cache", "-o", "out.jsonl")
    assert (ran.code, {row["id"] for row in shell.read("out.jsonl")}) == (1, {"r1", "r2"})
    assert [(row["id"], row["error"]["kind"]) for row in shell.read("out.jsonl.failed.jsonl")] == [
        ("r0", "uncountable_words")
    ]
    assert TEXTS[0] not in json.dumps(server.requests, ensure_ascii=False)


def test_a_dry_run_of_refine_still_counts_the_others(shell: Shell, given: list[Any]) -> None:
    prompts = shell.write("prompts.jsonl", [{"id": "p", "prompt": "What do cats eat?"}])
    refining = ["refine", prompts, "--responses", *given, "--rounds", "1", "--no-cache", "--summary", "out.json"]
    with chat_server() as server:
        models = ["--judge", server.spec, "--proposer", server.spec]
        planned = shell(*refining, *models, "--dry-run")
        bound = shell.read("out.json")[0]["calls"]
        shell(*refining, *models)
    assert planned.code == 0
    assert shell.read("out.json")[0]["calls"] <= bound
