"""The summary has the fields that its page names, and the page's recipes take it as it is."""

from __future__ import annotations

import csv
import json
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from shell import Shell

from rubrictool import row_schema
from rubrictool.cli import command_line

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


def test_the_schema_has_the_fields_that_the_page_names() -> None:
    run, _ = row_schema("summary")["oneOf"]
    assert run["properties"].keys() == NAMED | {"seed"}


@pytest.mark.parametrize("name", ["score", "winrate"])
def test_the_schema_refuses_a_summary_without_its_figures(summaries: dict[str, Any], name: str) -> None:
    validator, summary = Draft202012Validator(row_schema("summary")), summaries[name]
    assert validator.is_valid(summary)
    assert not [field for field in NAMED - {"command_line"} if validator.is_valid(without(summary, field))]


def without(row: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != field}


def test_the_command_line_can_be_run_again(summaries: dict[str, Any], shell: Shell) -> None:
    name, *words = shlex.split(summaries["score"]["command_line"])
    assert (name, shell(*words).code) == ("rubrictool", 0)
    again = json.loads(Path("score.json").read_text())
    assert {**again, "seconds": 0} == {**summaries["score"], "seconds": 0}


def test_a_command_that_draws_has_its_seed(summaries: dict[str, Any], shell: Shell) -> None:
    assert "seed" not in summaries["score"]
    assert summaries["winrate"]["seed"] == 0
    shell("winrate", "c.jsonl", "--seed=7", "-o", "w.jsonl", "--summary", "winrate.json")
    assert json.loads(Path("winrate.json").read_text())["seed"] == 7


@pytest.mark.usefixtures("summaries")
def test_a_dry_run_tells_its_command_line(shell: Shell) -> None:
    shell("score", "r.jsonl", "--rubrics", "rubrics.jsonl", "--dry-run", "--summary", "plan.json")
    assert json.loads(Path("plan.json").read_text())["command_line"].endswith("--dry-run --summary plan.json")


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("m@http://user:sesame@host:8000/v1", "m@http://***@host:8000/v1"),
        ("m@http://a:1/v1,http://sesame@b:2/v1", "m@http://a:1/v1,http://***@b:2/v1"),
        ("http://host/v1?api-key=sesame&version=2", "'http://host/v1?api-key=***&version=2'"),
        ('{"extra_headers": {"X-API-Key": "se\\"same"}, "max_tokens": 9}', "***"),
        ('--judge-args={"authorization":"Bearer sesame"}', "***"),
        ("--vllm-arg=--hf-token=sesame", "--vllm-arg=--hf-token=***"),
        ("--hf-token=sesame", "--hf-token=***"),
        ("--map=answer_key=reference", "--map=answer_key=reference"),
        ("it's 100 % key", "'it'\"'\"'s 100 % key'"),
    ],
)
def test_keys_and_passwords_are_hidden_in_a_command_line(word: str, kept: str) -> None:
    command_line.start("rubrictool score", [word], {})
    line = command_line.figures()["command_line"]
    assert kept in line
    assert "same" not in line


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
