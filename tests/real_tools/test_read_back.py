"""Test what `convert` writes is read by the tools that it is for, and says the same there."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rubrictool import formats, win_rates
from rubrictool.rows.inputs import Input
from rubrictool.rows.jsonl import encode_value

PYTHON = os.environ.get("RUBRICTOOL_TEST_TOOLS_PYTHON")

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(not PYTHON, reason="RUBRICTOOL_TEST_TOOLS_PYTHON names no Python with the tools"),
]

RUBRIC = {
    "id": "p1",
    "prompt": "How do I store bread?",
    "criteria": [
        {"id": "cloth", "criterion": "Names a cloth", "weight": 3},
        {"id": "fridge", "criterion": "Puts it into the fridge", "weight": -2},
    ],
}

PAIR = {"prompt": "How do I store bread?", "chosen": "In a cloth.", "rejected": "In the sun."}

ANNOTATIONS = [
    {
        "instruction": f"Question {number}",
        "output_1": "Old.",
        "generator_1": "base",
        "output_2": "New.",
        "generator_2": "new",
        "preference": preference,
    }
    for number, preference in enumerate([1.0, 2.0, 1.9, 1.2, 0.0, 1.5])
]

WRITTEN: dict[str, list[dict[str, Any]]] = {
    "trl-grpo": [RUBRIC],
    "verl": [RUBRIC],
    "preference": [PAIR],
    "alpaca-eval-annotations": ANNOTATIONS,
    "autorubric": [RUBRIC],
    "verifiers": [RUBRIC],
}

LIMIT_S = 300


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return what each tool saw in the files."""
    folder = tmp_path_factory.mktemp("files")
    for name, rows in WRITTEN.items():
        written = formats.convert(Input(rows), name)
        (folder / f"{name}.jsonl").write_text("".join(f"{encode_value(row)}\n" for row in written), encoding="utf-8")
    assert PYTHON
    environment = {**os.environ, "HF_HOME": str(folder), "HF_HUB_OFFLINE": "1", "OPENAI_API_KEY": "none"}
    script = Path(__file__).parent / "read_back.py"
    ran = subprocess.run(
        [PYTHON, script], cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_datasets_loads_training_rows_with_their_rubrics(seen: Any) -> None:
    columns, rubric = seen["datasets"]["trl"]
    assert {"prompt", "rubric"} <= set(columns)
    names, text, style = seen["datasets"]["verl"]
    assert {"data_source", "prompt", "reward_model", "extra_info"} <= set(names)
    assert style == "rubric"
    for given in (rubric, text):
        criteria = json.loads(given) if isinstance(given, str) else given
        criteria = criteria["criteria"] if isinstance(criteria, dict) else criteria
        assert [(one["criterion"], one["weight"]) for one in criteria] == [
            ("Names a cloth", 3),
            ("Puts it into the fridge", -2),
        ]


def test_trl_reads_pairs_as_a_preference_data_set(seen: Any) -> None:
    assert seen["trl"] == [["How do I store bread?"], [False]]


def test_alpaca_evals_own_figures_are_ours(seen: Any) -> None:
    theirs = seen["alpaca_eval"]
    [pair] = win_rates(ANNOTATIONS).pairs
    assert theirs == {
        "win_rate": pytest.approx(100 * pair.rate.win_rate),
        "standard_error": pytest.approx(100 * (pair.rate.standard_error or 0)),
        "n_wins": pair.rate.wins,
        "n_draws": pair.rate.ties,
        "discrete_win_rate": pytest.approx(100 * pair.rate.discrete_win_rate),
    }


def test_autorubric_reads_requirements_and_weights(seen: Any) -> None:
    assert seen["autorubric"] == [["Names a cloth", 3], ["Puts it into the fridge", -2]]


def test_verifiers_reads_a_penalty_as_reversed_choices(seen: Any) -> None:
    assert seen["verifiers"] == [
        ["cloth", "Names a cloth", 3, ["no", "yes"]],
        ["fridge", "Puts it into the fridge", 2, ["yes", "no"]],
    ]


def test_the_trainers_own_code_gets_the_reward_of_the_rubric(tmp_path: Path) -> None:
    assert PYTHON
    script = Path(__file__).parent / "hooks.py"
    ran = subprocess.run([PYTHON, script], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    rewards = json.loads(ran.stdout.splitlines()[-1])
    assert rewards.pop("verl, denied").startswith("no reward can be given, so the run ends: ModelUnusable: ")
    assert rewards.pop("verl, late") == -1
    assert rewards.pop("ms-swift, missing") == [0, 1]
    hooks = ["verl", "verl's rate_limited", "verifiers", "openrlhf", "ms-swift", "areal", "areal's pool", "skyrl"]
    assert rewards == dict.fromkeys(hooks, 0.75)
