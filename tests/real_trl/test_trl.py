"""A real trainer takes our rewards, in its process and over HTTP, what they ask for is learnt, and its log is read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

PYTHON = os.environ.get("RUBRICTOOL_TEST_TRL_PYTHON")

pytestmark = [
    pytest.mark.trl,
    pytest.mark.skipif(not PYTHON, reason="RUBRICTOOL_TEST_TRL_PYTHON names no Python with TRL"),
]

STEPS = 25
"""Steps in which the toy is learnt."""

SERVED_STEPS = 5

LIMIT_S = 600


class Runs(NamedTuple):
    """Two trainings from the same beginning: what they told, their directory, and what the reward server of one logged."""

    here: dict[str, Any]
    over_http: dict[str, Any]
    directory: Path
    requests: list[dict[str, Any]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Both trainings, in one process: most of its time goes into its imports."""
    directory = tmp_path_factory.mktemp("trained")
    with served(directory) as (server, address):
        here, over_http = trained(directory, "here", STEPS, f"{address}/score", SERVED_STEPS)
        server.terminate()
        assert server.stderr
        records = [json.loads(line) for line in server.stderr]
        assert server.wait(30) == 0
    return Runs(here, over_http, directory, [one for one in records if one["event"] == "request"])


@contextmanager
def served(directory: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A reward server as a process of its own, and its address."""
    words = [sys.executable, "-m", "rubrictool", "serve", "--on-error", "raise", "--port", "0"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=directory) as server:
        assert server.stderr
        try:
            record = next(one for line in server.stderr if (one := json.loads(line))["event"] == "listening")
            yield server, record["url"]
        finally:
            server.kill()


def trained(directory: Path, *runs: str | int) -> list[dict[str, Any]]:
    """The figures of trainings, whose rewards and steps are given."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(directory), "HF_HUB_OFFLINE": "1"}
    assert PYTHON
    ran = subprocess.run(
        [PYTHON, Path(__file__).parent / "train.py", *map(str, runs)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env=environment,
        cwd=directory,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    figures: list[dict[str, Any]] = json.loads(ran.stdout.splitlines()[-1])
    return figures


def test_the_mean_reward_of_a_toy_rubric_rises(runs: Runs) -> None:
    rewards = runs.here["rewards"]
    assert len(rewards) == STEPS
    assert sum(rewards[:5]) / 5 < 0.65
    assert sum(rewards[-5:]) / 5 > 0.9
    assert {"rewards/RubricScore/mean", "rubric/no_contrast", "rubric/failed"} <= set(runs.here["names"])


def test_a_policy_is_trained_the_same_over_http(runs: Runs) -> None:
    assert runs.over_http["rewards"] == pytest.approx(runs.here["rewards"][:SERVED_STEPS], abs=1e-6)
    assert [(one["status"], one["rollouts"]) for one in runs.requests] == [(200, 32)] * SERVED_STEPS


def told(runs: Runs, *arguments: object) -> list[dict[str, Any]]:
    """The rows of a command, run by the Python that has TRL, and so what Parquet needs."""
    assert PYTHON
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root, "RUBRICTOOL_CACHE": str(runs.directory / "replies.db")}
    words = [PYTHON, "-m", "rubrictool", *map(str, arguments)]
    ran = subprocess.run(words, capture_output=True, text=True, cwd=runs.directory, env=environment, check=False)
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_monitor_reads_the_completions_that_trl_logs(runs: Runs) -> None:
    figures = [row for row in told(runs, "monitor", "0/completions", "--window", 1) if row["kind"] == "window"]
    assert [row["window"] for row in figures] == [str(step) for step in range(1, STEPS + 1)]
    assert sum(row["failed"] for row in figures) == 0
    # Of each prompt there are as many completions in a step as of the others, or twice as many: its mean is not quite theirs.
    assert [row["score"] for row in figures] == pytest.approx(runs.here["rewards"], abs=0.1)


def test_refine_and_score_take_the_completions_that_trl_logs(runs: Runs) -> None:
    prompts = runs.directory / "prompts.jsonl"
    prompts.write_text('{"prompt": "Name a colour."}\n', encoding="utf-8")
    dump = ["--responses", "0/completions", "--model-column", "step"]
    [rubric] = told(runs, "refine", prompts, *dump, "--rounds", 1)
    assert rubric["criteria"]
    (runs.directory / "rubrics.jsonl").write_text(json.dumps({**rubric, "id": "*"}), encoding="utf-8")
    rows = told(runs, "score", "0/completions/completions_00003.parquet", "--rubrics", "rubrics.jsonl")
    assert len(rows) == 32
    assert {row["step"] for row in rows} == {3}
