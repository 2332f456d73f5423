"""A real trainer takes our rewards, and what they ask for is learnt."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

PYTHON = os.environ.get("RUBRICTOOL_TEST_TRL_PYTHON")

pytestmark = [
    pytest.mark.trl,
    pytest.mark.skipif(not PYTHON, reason="RUBRICTOOL_TEST_TRL_PYTHON names no Python with TRL"),
]

STEPS = 25

LIMIT_S = 600


def test_the_mean_reward_of_a_toy_rubric_rises(tmp_path: Path) -> None:
    script = Path(__file__).parent / "train.py"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    assert PYTHON
    ran = subprocess.run(
        [PYTHON, script, "here", str(STEPS)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env=environment,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    figures = json.loads(ran.stdout.splitlines()[-1])
    rewards = figures["rewards"]
    assert len(rewards) == STEPS
    assert sum(rewards[:5]) / 5 < 0.65
    assert sum(rewards[-5:]) / 5 > 0.9
    assert {"rewards/RubricScore/mean", "rubric/no_contrast", "rubric/failed"} <= set(figures["names"])
