"""A rubric in the rows that convert writes for a trainer gives the rewards that it gives on its own: nothing of it is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import WordJudge

from rubrictool import formats
from rubrictool.rewards import openrlhf, slime, verl
from rubrictool.rewards import verifiers as verifiers_hook
from rubrictool.rewards.core import RewardOptions
from rubrictool.rewards.rows import rollout_of
from rubrictool.rewards.shared_cores import forget_cores
from rubrictool.rewards.trl import RubricScore
from rubrictool.rows.inputs import Input
from rubrictool.rows.jsonl import encode_value
from rubrictool.rows.records import Criterion, Prompt, Response
from rubrictool.rows.verdicts import Verdict

CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name colours."}]
CRITERIA = [
    {"criterion": "red", "weight": 3, "dimension": "warm"},
    {"criterion": "blue", "weight": -1, "dimension": "cold"},
    {"criterion": "Says green.", "weight": 1, "check": {"contains": ["green"]}},
    {"criterion": "Sells nothing.", "weight": 1, "role": "veto", "check": {"excludes": ["buy"]}},
    {"criterion": "grey", "weight": 1, "levels": [{"label": "none", "value": 0}, {"label": "much", "value": 1}]},
]
Ask = Callable[[dict[str, Any], str], float]


class Seeing(WordJudge):
    """A judge that remembers which prompts it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.prompts: list[Any] = []

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        self.prompts.append([dict(message) for message in prompt.columns()["prompt"]])
        return await super().verdicts(prompt, criteria, response)


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seeing]:
    seeing = Seeing()
    monkeypatch.setattr(RewardOptions, "judge", seeing)
    monkeypatch.delenv("RUBRICTOOL_JUDGE", raising=False)
    monkeypatch.setenv("RUBRICTOOL_ON_ERROR", "-9")
    forget_cores()
    yield seeing
    forget_cores()


def by_trl(row: dict[str, Any], text: str) -> float:
    columns = {name: [value] for name, value in row.items() if name != "prompt"}
    [found] = RubricScore()(prompts=[row["prompt"]], completions=[text], **columns)
    assert found is not None
    return found


def by_verl(row: dict[str, Any], text: str) -> float:
    told = {"data_source": row["data_source"], "ground_truth": row["reward_model"]["ground_truth"]}
    found = asyncio.run(verl.compute_score(solution_str=text, extra_info=row["extra_info"], **told))
    return float(found["score"])


def by_openrlhf(row: dict[str, Any], text: str) -> float:
    return float(openrlhf.reward_func([f"<s>asked{text}</s>"], ["<s>asked"], [row["label"]])["rewards"])


def by_slime(row: dict[str, Any], text: str) -> float:
    sample = SimpleNamespace(prompt=row["prompt"], response=text, label=row["label"], metadata=row["metadata"])
    return float(asyncio.run(slime.reward(SimpleNamespace(), sample)))


def by_verifiers(row: dict[str, Any], text: str) -> float:
    branch = SimpleNamespace(messages=[*row["prompt"], {"role": "assistant", "content": text}])
    task = SimpleNamespace(data=SimpleNamespace(idx=0, prompt=row["prompt"], info=row["info"]))
    return asyncio.run(verifiers_hook.reward(task=task, trace=SimpleNamespace(branches=[branch])))


HOOKS = {
    "trl-grpo": by_trl,
    "verl": by_verl,
    "openrlhf": by_openrlhf,
    "slime": by_slime,
    "verifiers-rows": by_verifiers,
}


HOOK_NAMES = {
    "trl-grpo": "RubricScore",
    "verl": "compute_score",
    "openrlhf": "reward_func",
    "slime": "reward",
    "verifiers-rows": "reward",
}


def written(format: str) -> tuple[dict[str, Any], formats.Conversion]:
    conversion = formats.convert(Input([{"id": "p1", "prompt": CHAT, "criteria": CRITERIA}]), format)
    [row] = [json.loads(encode_value(row)) for row in conversion]
    return row, conversion


@pytest.mark.parametrize(("format", "ask"), HOOKS.items(), ids=HOOKS)
def test_a_row_scores_as_its_rubric_does(format: str, ask: Ask, judge: Seeing) -> None:
    row, _ = written(format)
    # Of 5 points: red 3, green 1, grey 1, blue costs 1; a veto that is not met leaves nothing.
    assert [ask(row, text) for text in ("red", "red, green", "red, blue", "red; buy")] == [0.6, 0.8, 0.4, 0]
    assert judge.prompts == [CHAT] * 4, "the judge sees the prompt as the chat that it is"


@pytest.mark.parametrize("format", HOOKS)
def test_what_only_our_reward_function_reads_is_told(format: str) -> None:
    _, conversion = written(format)
    assert conversion.lost == {}
    partly = {"criteria.role": 1, "criteria.check": 2, "criteria.levels": 1, "criteria.dimension": 2}
    assert conversion.unread == (partly if format == "verl" else {"rubric": 1})
    assert callable(getattr(import_module(conversion.hook), HOOK_NAMES[format]))


def test_a_prompt_that_only_looks_like_a_chat_stays_text() -> None:
    for text in ("[1]", '[{"role": 1', '["role"]', '[{"a": "role"}]', "[" * 100_000 + '"role"'):
        assert rollout_of("x", {"prompt": text}).prompt == text
