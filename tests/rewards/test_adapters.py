"""The same case has the same reward through the hook of each trainer, called as that trainer calls it."""

from __future__ import annotations

import asyncio
import inspect
import json
import math
import pickle
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import WordJudge

from rubrictool.errors import InputError, ModelFailure
from rubrictool.rewards import areal, openrlhf, slime, verl
from rubrictool.rewards import verifiers as verifiers_hook
from rubrictool.rewards.core import RewardOptions
from rubrictool.rewards.ms_swift import SwiftReward
from rubrictool.rewards.shared_cores import forget_cores
from rubrictool.rewards.trl import RubricScore

CRITERIA = [{"criterion": "red", "weight": 3}, {"criterion": "blue", "weight": 1}]
LABEL = json.dumps({"rubric": CRITERIA, "prompt_id": "p"})
PROMPT = [{"role": "user", "content": "Name colours."}]


@pytest.fixture(autouse=True)
def _word_judge(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A judge without a model, where options name none; failed judgements become -1 where a number must be chosen."""
    monkeypatch.setattr(RewardOptions, "judge", WordJudge())
    monkeypatch.delenv("RUBRICTOOL_JUDGE", raising=False)
    monkeypatch.setenv("RUBRICTOOL_ON_ERROR", "-1")
    forget_cores()
    yield
    forget_cores()


def by_trl(text: str) -> Any:
    [found] = RubricScore()(prompts=["Name colours."], completions=[text], completion_ids=[[1]], rubric=[CRITERIA])
    return found


def by_trl_chat(text: str) -> Any:
    [found] = RubricScore()(
        prompts=[PROMPT], completions=[[{"role": "assistant", "content": text}]], rubric=[json.dumps(CRITERIA)]
    )
    return found


def by_verl(text: str) -> Any:
    extra = {"rubric": json.dumps(CRITERIA), "prompt": "Name colours.", "index": 0, "num_turns": 2}
    call = verl.compute_score(data_source="x", solution_str=text, ground_truth="", extra_info=extra)
    return asyncio.run(call)["score"]


def by_slime(text: str) -> Any:
    sample = SimpleNamespace(prompt="Name colours.", response=text, label=LABEL, metadata={})
    return asyncio.run(slime.reward(SimpleNamespace(), sample))


def by_openrlhf(text: str) -> Any:
    return openrlhf.reward_func([f"<s>Name colours.{text}</s>"], ["<s>Name colours."], [LABEL])["rewards"]


def by_verifiers(text: str) -> Any:
    task = SimpleNamespace(data=SimpleNamespace(idx=0, id="p", prompt="Name colours.", info={"rubric": CRITERIA}))
    trace = SimpleNamespace(branches=[SimpleNamespace(messages=[*PROMPT, {"role": "assistant", "content": text}])])
    return asyncio.run(verifiers_hook.reward(task=task, trace=trace))


def by_swift(text: str) -> Any:
    call = SwiftReward(args=None)(
        [text], messages=[[*PROMPT, {"role": "assistant", "content": text}]], rubric=[CRITERIA]
    )
    return asyncio.run(call)[0]


def by_areal(text: str) -> Any:
    return areal.reward_fn("<s>Name colours.", f"{text}<|im_end|>", [1], [2], rubric=CRITERIA, prompt_id="p")


HOOKS = [by_trl, by_trl_chat, by_verl, by_slime, by_openrlhf, by_verifiers, by_swift, by_areal]

NUMBERS_ONLY = [by_verl, by_openrlhf, by_areal]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize(
    ("text", "reward"),
    [("red", 0.75), ("red and blue", 1.0), ("", 0.0), ("röd, красный", 0.0), ("red " * 25_000, 0.75)],
    ids=["one criterion", "all", "empty", "not ASCII", "100 kB"],
)
def test_the_same_case_has_the_same_reward(hook: Any, text: str, reward: float) -> None:
    assert hook(text) == reward


@pytest.mark.parametrize("hook", HOOKS)
def test_a_failed_judgement_becomes_the_number_that_was_chosen(hook: Any) -> None:
    assert hook("!fail") == -1


@pytest.mark.parametrize("hook", NUMBERS_ONLY)
@pytest.mark.parametrize("chosen", [None, "none", "raise", "group_mean"])
def test_a_trainer_that_takes_numbers_only_must_be_given_one(
    hook: Any, chosen: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUBRICTOOL_ON_ERROR", chosen or "")
    with pytest.raises(InputError, match=r"choose a number|RUBRICTOOL_ON_ERROR to a number"):
        hook("red")


@pytest.mark.parametrize(("hook", "default"), [(by_trl, None), (by_swift, None)])
def test_a_trainer_that_knows_none_gets_it(hook: Any, default: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUBRICTOOL_ON_ERROR")
    assert hook("!fail") is default


@pytest.mark.parametrize("hook", [by_slime, by_verifiers])
def test_a_trainer_that_ends_the_rollout_gets_the_error(hook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUBRICTOOL_ON_ERROR")
    with pytest.raises(ModelFailure):
        hook("!fail")


def test_verls_keys_are_the_same_with_and_without_a_judgement() -> None:
    calls = [
        verl.compute_score(solution_str=text, extra_info={"rubric": CRITERIA, "prompt": "q"})
        for text in ("red", "!fail")
    ]
    judged, failed = (asyncio.run(call) for call in calls)
    assert list(judged) == list(failed)
    assert (judged["failed"], failed["failed"], math.isnan(failed["base"])) == (0, 1, True)


def test_verl_takes_the_hook_for_async() -> None:
    assert inspect.iscoroutinefunction(verl.compute_score)


def test_a_list_of_samples_is_a_group_be_it_nested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUBRICTOOL_ON_ERROR", "group_mean")
    samples = [
        SimpleNamespace(prompt="q", response=text, label=LABEL, metadata=None) for text in ("red", "!fail", "blue")
    ]
    assert asyncio.run(slime.reward(None, samples)) == [0.75, 0.5, 0.25]
    assert asyncio.run(slime.reward(None, [samples[:2], samples[2:]])) == [[0.75, 0.5], [0.25]]


def test_the_log_has_the_same_columns_and_figures_at_each_step() -> None:
    extra: list[dict[str, list[Any]]] = []
    metrics: list[dict[str, float]] = []
    for texts in (["red", "blue"], ["!fail", "!fail"]):
        extra.append({})
        metrics.append({})
        RubricScore()(
            prompts=["q"] * 2,
            completions=texts,
            rubric=[CRITERIA] * 2,
            log_extra=extra[-1].__setitem__,
            log_metric=metrics[-1].__setitem__,
        )
    assert extra[0].keys() == extra[1].keys()
    assert metrics[0].keys() == metrics[1].keys()
    assert (metrics[0]["rubric/no_contrast"], metrics[1]["rubric/failed"]) == (0.0, 2.0)


def test_the_reward_function_of_trl_pickles() -> None:
    reward = RubricScore(judge="offline")
    copy = pickle.loads(pickle.dumps(reward))
    checked = [{"criterion": "Mentions red.", "weight": 1, "check": {"contains": ["red"]}}]
    assert copy(prompts=["q"], completions=["red"], rubric=[checked]) == [1.0]


@pytest.mark.parametrize(
    ("query", "completion"),
    [
        ("<s>Q: red</s>", " red"),
        ("<s>Q: red<|im_end|>\n", " red"),
        ("<s>Q: red <|im_end|><|endoftext|>", " red "),
        ("<s>Q: a </s> in the text stays", " a </s> in the text stays"),
    ],
)
def test_openrlhfs_query_is_cut_to_the_response(query: str, completion: str) -> None:
    assert openrlhf.completion_of(query, "<s>Q:") == completion


def test_a_label_that_looks_like_json_and_is_none_is_bad_input() -> None:
    with pytest.raises(InputError, match="label: is no JSON"):
        openrlhf.reward_func(["q a"], ["q"], ['{"rubric": ['])


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(InputError, match="jugde: is no option of rewards; there are aggregate"):
        RubricScore(jugde="offline")
