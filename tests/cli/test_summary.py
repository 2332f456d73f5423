"""The summary has the fields that its page names, and the page's recipes take it as it is."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from shell import Shell

PAGE = (Path(__file__).parents[2] / "docs" / "summary.md").read_text("utf-8")
RECIPES = [block.split("```", 1)[0] for block in PAGE.split("```python\n")[1:]]
NAMED = {
    name.strip(" `")
    for line in PAGE.splitlines()
    if line.startswith("| `")
    for name in line.split("|")[1].split(",")
}  # fmt: skip

CRITERION = {"criterion": "Red.", "weight": 1, "check": {"contains": ["red"]}}


@pytest.fixture
def summaries(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The summaries of a run of score and of winrate, in the current directory."""
    monkeypatch.chdir(shell.directory)
    rubrics = shell.write("rubrics.jsonl", [{"id": "p", "criteria": [CRITERION]}])
    responses = shell.write("r.jsonl", [{"prompt_id": "p", "prompt": "x", "response": "red", "model": "ash"}])
    shell("score", responses, "--rubrics", rubrics, "-o", "s.jsonl", "--summary", "score.json")
    comparisons = shell.write("c.jsonl", [{"prompt_id": "p", "winner": "a"}])
    shell("winrate", comparisons, "-o", "w.jsonl", "--summary", "winrate.json")
    return {name: json.loads(Path(f"{name}.json").read_text()) for name in ("score", "winrate")}


def test_every_field_that_the_page_names_is_there(summaries: dict[str, Any]) -> None:
    assert {"command", "rows", "cost_usd", "exit_code"} <= NAMED
    for summary in summaries.values():
        assert summary.keys() >= NAMED
    assert summaries["score"].keys() >= {"mean_score", "models"}
    assert summaries["winrate"].keys() >= {"win_rate", "low", "high", "n", "wins", "losses", "ties"}


class Tracker:
    """A tracker that keeps what is logged."""

    def __init__(self) -> None:
        self.logged: dict[str, Any] = {}

    def __enter__(self) -> Tracker:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def log(self, figures: dict[str, Any]) -> None:
        self.logged |= figures


@pytest.mark.usefixtures("summaries")
def test_the_recipes_of_trackers_log_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    wandb, mlflow = Tracker(), Tracker()
    table = lambda columns, data: [dict(zip(columns, row, strict=True)) for row in data]  # noqa: E731
    kept = lambda name: Path(name).read_text()  # noqa: E731
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=lambda **_: wandb, Table=table))
    runs = SimpleNamespace(start_run=lambda **_: mlflow, log_metrics=mlflow.log, log_artifact=kept)
    monkeypatch.setitem(sys.modules, "mlflow", runs)
    for recipe in RECIPES[:2]:
        exec(compile(recipe, "docs/summary.md", "exec"), {})
    assert wandb.logged["mean_score"] == 1
    assert wandb.logged["models"][0]["model"] == "ash"
    assert mlflow.logged["win_rate"] == 1


@pytest.mark.usefixtures("summaries")
def test_the_recipe_of_a_spreadsheet_adds_a_row_for_each_run() -> None:
    for _ in range(2):
        exec(compile(RECIPES[2], "docs/summary.md", "exec"), {})
    with open("runs.csv", newline="") as file:
        assert [(row["command"], row["mean_score"], row["win_rate"]) for row in csv.DictReader(file)] == [
            ("score", "1.0", "")
        ] * 2
