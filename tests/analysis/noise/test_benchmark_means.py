"""Means of models over all prompts: what signal within prompts says nothing of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import rubrictool
from rubrictool.analysis.noise.benchmark_means import BenchmarkMeans, benchmark_means
from rubrictool.analysis.noise.decisions import UnitMeans


def scores(seed: int, *, step: float, interaction: float, prompts: int = 120, models: int = 4) -> list[dict[str, Any]]:
    """Three responses of each model to each prompt: models `step` apart, each better at some prompts than at others."""
    random = np.random.default_rng([6, seed])
    own = step * np.arange(models) + random.normal(scale=interaction, size=(prompts, models))
    return [
        {"prompt_id": f"p{p}", "id": f"p{p}-{m}-{k}", "model": f"m{m}", "response": "x", "judge": "j",
         "score": float(own[p, m] + random.normal(scale=0.2))}
        for p, m, k in np.ndindex(prompts, models, 3)
    ]  # fmt: skip


def found(seed: int, *, step: float, interaction: float) -> tuple[float, BenchmarkMeans]:
    report = rubrictool.signal(scores(seed, step=step, interaction=interaction), unit="model")
    icc = report.scopes[0].signal.figures.icc_k
    assert icc is not None
    ((_, benchmark),) = report.benchmarks.items()
    return icc.value, benchmark


def test_models_that_differ_on_single_prompts_only_are_not_told_apart_by_their_means() -> None:
    worlds = [found(seed, step=0.0, interaction=0.5) for seed in range(8)]
    assert min(icc for icc, _ in worlds) > 0.9
    assert np.mean([one.reliability for _, one in worlds]) < 0.5


def test_models_that_differ_a_little_on_all_prompts_are() -> None:
    worlds = [found(seed, step=0.05, interaction=0.0) for seed in range(4)]
    assert max(icc for icc, _ in worlds) < 0.5
    assert min(one.reliability or 0 for _, one in worlds) > 0.9
    assert min(one.gap_over_error or 0 for _, one in worlds) > 4


def figures(means: UnitMeans) -> tuple[Any, ...]:
    found = benchmark_means(means)
    assert found is not None
    return found.prompts, found.models, found.gap, found.gap_over_error, found.reliability


def test_the_figures_of_a_known_table() -> None:
    """Differences 1, 0, 2, 0, 2: mean 1, standard error 1 / sqrt(5) = 1 / t; of two models the reliability is 1 - 1 / t²."""
    table = [[1, 2], [2, 2], [0, 2], [1, 1], [1, 3]]
    means = {(f"p{p}", f"m{m}"): float(value) for p, row in enumerate(table) for m, value in enumerate(row)}
    assert figures(means) == pytest.approx((5, 2, 1.0, math.sqrt(5), 0.8))
    assert figures(means | {("q", "m0"): 9.0}) == figures(means), "not all models answered q"


def test_one_model_or_few_prompts_have_no_benchmark() -> None:
    assert benchmark_means({(f"p{p}", "m"): p / 10 for p in range(9)}) is None
    assert benchmark_means({(f"p{p}", m): p / 10 for p in range(4) for m in "ab"}) is None
    assert benchmark_means({}) is None


def test_models_that_are_always_equal_have_no_reliability() -> None:
    assert figures({(f"p{p}", m): p / 10 for p in range(9) for m in "ab"}) == (9, 2, 0.0, None, None)
    shifted = figures({(f"p{p}", m): p / 10 + (m == "a") for p in range(9) for m in "ab"})
    assert (shifted[3], shifted[4]) == (None, pytest.approx(1.0))
