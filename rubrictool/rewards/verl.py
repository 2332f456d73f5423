"""Rewards for verl: `compute_score`, named by `reward.custom_reward_function.path` and `.name`.

The rubric travels in `extra_info["rubric"]` as JSON text, the prompt in `extra_info["prompt"]`; `reward_kwargs` are the options.
verl takes numbers only, and each call sees one completion: `on_error` must be a number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rubrictool.rewards.rows import rollout_of
from rubrictool.rewards.settings import VARIABLES
from rubrictool.rewards.shared_cores import core_of


async def compute_score(
    data_source: str | None = None,  # noqa: ARG001  verl gives it by name
    solution_str: Any = None,
    ground_truth: Any = None,
    extra_info: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> dict[str, Any]:
    """Return the reward under `score`, beside columns that are the same for every sample; without a judgement `base` is NaN."""
    options = {name: value for name, value in kwargs.items() if name in VARIABLES}
    rollout = rollout_of(solution_str, {"label": ground_truth, **(extra_info or {})})
    [reward] = await core_of(options, on_error=None).rewards([rollout])
    return reward.columns() | {"base": math.nan if reward.base is None else reward.base}
