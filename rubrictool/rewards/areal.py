"""Rewards for AReaL: `RLVRWorkflow(reward_fn="rubrictool.rewards.areal.reward_fn")`.

AReaL gives a reward function 15 seconds and, after three retries, takes 0 in its place: wrap the function in
`AsyncRewardWrapper(reward_fn, timeout_seconds=...)` with more time than the judge needs. The rubric is a column of the data set;
options come from the environment. AReaL takes numbers only: RUBRICTOOL_ON_ERROR must be one.
"""

from __future__ import annotations

from typing import Any

from rubrictool.rewards.openrlhf import completion_of
from rubrictool.rewards.rows import rollout_of
from rubrictool.rewards.shared_cores import core_of


def reward_fn(prompt: str, completions: str, prompt_ids: Any = None, completion_ids: Any = None, **data: Any) -> float:  # noqa: ARG001
    """Return the reward of a completion, which is decoded with special tokens."""
    asked = data.get("messages") or prompt
    rollout = rollout_of(completion_of(completions, ""), {**data, "prompt": asked})
    [found] = core_of(on_error=None).rewards_sync([rollout])
    assert found.reward is not None
    return found.reward
