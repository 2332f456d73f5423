"""Rollouts that trainers dump: a judgement that failed is no score, and what cannot be told is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import EXAMPLES

from rubrictool.errors import InputError
from rubrictool.rows.inputs import Input
from rubrictool.rows.jsonl import Rows
from rubrictool.rows.records import Response

VERL = EXAMPLES["verl-rollouts"][0]
TRL = EXAMPLES["trl-completions"][0]


@pytest.mark.parametrize("name", ["verl-rollouts", "trl-completions"])
def test_a_dump_has_the_score_the_verdicts_and_the_step(name: str) -> None:
    [row] = Rows(EXAMPLES[name], Response).rows()
    columns = row.unknown()
    assert (columns["score"], columns["step"], columns["vetoed"], columns["rubric"]) == (0.75, 3, False, "0f3c9a")
    assert columns["verdicts"][0] == {"id": "c1", "met": True}


@pytest.mark.parametrize(
    ("dumped", "asked"),
    [
        ("user\nHow?\nassistant\n", "How?"),
        ("system\nYou are Qwen.\nuser\nHow?\n\nSay why.\nassistant\n", "How?\n\nSay why."),
        ("user\nHow?\nassistant\n<think>\n", "How?"),
        ("user\nHow?\nassistant\n<think>\n\n</think>\n\n", "How?"),
        ("user\nHow?\nassistant\nSo.\nuser\nWhy?\nassistant\n", None),
        ("How?", None),
        ("Name a user\nof this.", None),
    ],
)
def test_the_prompt_of_a_single_turn_is_its_text_without_the_chat_around_it(dumped: str, asked: str | None) -> None:
    [row] = Rows([VERL | {"input": dumped}], Response).rows()
    assert row.columns()["prompt"] == (asked or dumped)


def test_the_number_that_stands_for_a_failed_judgement_is_no_score() -> None:
    failed = Input([VERL | {"score": 0.0, "base": None, "failed": 1, "verdicts": "{}"}, VERL])
    first, second = Rows(failed, Response).rows()
    assert ("score" in first.unknown(), second.unknown()["score"]) == (False, 0.75)
    assert "judgements that failed, so without a score: 1" in str(failed.recognised())


def test_rows_of_one_prompt_are_counted_as_one_prompt() -> None:
    dumped = Input([VERL | {"input": f"Question {n % 4}", "output": str(n)} for n in range(12)])
    Rows(dumped, Response).rows()
    assert str(dumped.recognised()).endswith(", 4 prompts, 12 responses")
    chats = [[{"role": "user", "content": f"Question {n % 3}"}] for n in range(6)]
    logged = Input([TRL | {"prompt": chat, "completion": str(n)} for n, chat in enumerate(chats)])
    Rows(logged, Response).rows()
    assert str(logged.recognised()).endswith(", 3 prompts, 6 responses")


def test_nan_is_null_in_what_verl_dumps_and_nowhere_else(tmp_path: Path) -> None:
    file = tmp_path / "3.jsonl"
    file.write_text('{"input": "q", "output": "a", "score": 0.5, "step": 3, "base": NaN}\n', encoding="utf-8")
    [row] = Rows(file, Response).rows()
    assert (row.unknown()["score"], "base" in row.unknown()) == (0.5, False)
    for text in (
        '{"prompt": "q", "response": "a", "n": NaN}',
        '{"input": "q", "output": "a", "score": Infinity, "step": 3}',
    ):
        file.write_text(text + "\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"3\.jsonl:1: (n|score): (NaN|Infinity) is no JSON number"):
            Rows(file, Response).rows()


def test_the_only_reward_function_of_trl_is_the_score_and_of_several_one_is_named() -> None:
    bare = {"step": 1, "prompt": "q", "completion": "a", "advantage": 0.1}
    [row] = Rows([bare | {"length_reward": 0.25}], Response).rows()
    assert row.unknown()["score"] == 0.25
    several = bare | {"length_reward": 0.25, "style_reward": 1.0}
    with pytest.raises(InputError, match="rows:1: score: may be the column length_reward or style_reward; read one"):
        Rows([several], Response).rows()
    [row] = Rows(Input([several], names={"style_reward": "score"}), Response).rows()
    assert row.unknown()["score"] == 1.0


def test_verdicts_that_are_no_object_are_an_error() -> None:
    with pytest.raises(InputError, match="rows:1: verdicts: must be an object, or its JSON text"):
        Rows([VERL | {"verdicts": "[1]"}], Response).rows()
    with pytest.raises(InputError, match="rows:1: rubric_verdicts: must be JSON"):
        Rows([TRL | {"rubric_verdicts": "{"}], Response).rows()
