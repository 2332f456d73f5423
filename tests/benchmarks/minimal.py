"""The least that must happen to score rows whose verdicts are all in the cache: a floor for rubrictool score."""

from __future__ import annotations

import argparse
import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from rubrictool.models.backend import Request
from rubrictool.questions import judge as judge_question
from rubrictool.questions.templates import Templates
from rubrictool.rows.records import Prompt, Rubric
from rubrictool.rubric.weights import rubric_hash

MODEL = "bench"
TEMPLATES = Templates()


class ModelConfig(NamedTuple):
    """The things that the responses to one prompt have in common."""

    prompt: Prompt
    criteria: list[str]
    weights: dict[str, float]
    told: dict[str, str]


def asked(line: str) -> ModelConfig:
    """A rubric row, made ready."""
    rubric = Rubric.model_validate(json.loads(line))
    told = {"judge": MODEL, "judging": "all-at-once", "rubric": rubric_hash(rubric.criteria)}
    weights = {criterion.id: criterion.weight for criterion in rubric.criteria}
    assert rubric.prompt is not None
    return ModelConfig(
        Prompt(id=rubric.id, prompt=rubric.prompt), [c.criterion for c in rubric.criteria], weights, told
    )


def scored(row: dict[str, Any], about: ModelConfig, cache: sqlite3.Connection) -> dict[str, Any]:
    """A response row with its stored verdicts and its score."""
    messages = judge_question.question(TEMPLATES, about.prompt, about.criteria, row["response"]).messages
    key = Request(MODEL, messages, 0, 4096).key()
    (reply,) = cache.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
    met = {name: answer == "yes" for name, answer in json.loads(reply).items()}
    verdicts = [{"id": name, "met": yes} for name, yes in met.items()]
    return row | {"score": share(about.weights, met), "verdicts": verdicts} | about.told


def share(weights: Mapping[str, float], met: Mapping[str, bool]) -> float:
    """The weighted share of criteria met, where no weight is negative."""
    return sum(weight for name, weight in weights.items() if met[name]) / sum(weights.values())


def rows(responses: Path, rubrics: Path, cache: sqlite3.Connection) -> Iterator[bytes]:
    """All score rows as lines."""
    with open(rubrics) as file:
        by_prompt = {known.prompt.id: known for known in map(asked, file)}
    with open(responses) as file:
        for row in map(json.loads, file):
            yield orjson.dumps(scored(row, by_prompt[row["prompt_id"]], cache)) + b"\n"


def main() -> None:
    """Read, look up, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("responses", "rubrics", "cache", "output"):
        parser.add_argument(name, type=Path)
    flags = parser.parse_args()
    cache = sqlite3.connect(flags.cache)
    with open(flags.output, "wb") as output:
        output.writelines(rows(flags.responses, flags.rubrics, cache))


if __name__ == "__main__":
    main()
