"""Rewards for verl: `compute_score`, named by `reward.custom_reward_function.path` and `.name`.

The rubric travels in `extra_info["rubric"]` as JSON text, the prompt in `extra_info["prompt"]`; `reward_kwargs` are the options.
verl takes numbers only, and each call sees one completion: `on_error` must be a number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rubrictool.rewards.rows import rollout_of
from rubrictool.rewards.shared_cores import core_of

DEADLINE_S = 270.0
"""The manager `rate_limited` waits `reward.timeout` for a reward, 300 s by default, and then takes 0 in its place."""

_OF_PATIENT_MANAGERS = {"num_turns", "experiment_name"}
"""What managers that wait as long as it takes put into `extra_info`: `naive` the first, `gdpo` the second."""

_OF_MODELS = ("reward_router_address", "reward_model_tokenizer")
"""What verl gives beside `reward_kwargs` where a reward model is deployed, too."""


class RunEnded(BaseException):
    """An error after which no reward can be given, worded for verl's log.

    It is no `Exception`: the manager `rate_limited` logs each of those and takes 0 in its place.
    """


async def compute_score(
    data_source: str | None = None,  # noqa: ARG001  verl gives it by name
    solution_str: Any = None,
    ground_truth: Any = None,
    extra_info: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> dict[str, Any]:
    """Return the reward under `score`, beside columns that are the same for every sample; without a judgement `base` is NaN.

    Raises `RunEnded` for every error where the manager may be `rate_limited`, the errors of the core elsewhere.
    """
    options = {name: value for name, value in kwargs.items() if name not in _OF_MODELS}
    given = {"label": ground_truth, **(extra_info or {})}
    if _OF_PATIENT_MANAGERS & given.keys():
        return await _columns(solution_str, given, options, None)
    try:
        return await _columns(solution_str, given, options, DEADLINE_S)
    except Exception as error:
        # Whatever it is, the manager would make a reward of it.
        raise RunEnded(f"no reward can be given, so the run ends: {type(error).__name__}: {error}") from error


async def _columns(
    completion: Any, given: Mapping[str, Any], options: Mapping[str, Any], deadline_s: float | None
) -> dict[str, Any]:
    core = core_of(options, on_error=None, deadline_s=deadline_s)
    [reward] = await core.rewards([rollout_of(completion, given)])
    return reward.columns() | {"base": math.nan if reward.base is None else reward.base}
