"""Read what `convert` wrote with the tools that it is for, and print what each saw as one JSON object.

Run by the Python that has the tools, in the directory of the files.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def from_datasets() -> Any:
    from datasets import load_dataset

    rows = load_dataset("json", data_files="trl-grpo.jsonl", split="train")
    verl = load_dataset("json", data_files="verl.jsonl", split="train")
    return {
        "trl": [rows.column_names, rows[0]["rubric"]],
        "verl": [sorted(verl.column_names), verl[0]["extra_info"]["rubric"], verl[0]["reward_model"]["style"]],
    }


def from_trl() -> Any:
    from datasets import load_dataset
    from trl.data_utils import is_conversational, maybe_extract_prompt

    pairs = load_dataset("json", data_files="preference.jsonl", split="train")
    return [maybe_extract_prompt(row)["prompt"] for row in pairs], [is_conversational(row) for row in pairs]


def from_alpaca_eval() -> Any:
    from alpaca_eval.metrics import get_winrate

    rows = [json.loads(line) for line in Path("alpaca-eval-annotations.jsonl").read_text().splitlines()]
    found = get_winrate(rows)
    return {
        name: float(found[name]) for name in ("win_rate", "standard_error", "n_wins", "n_draws", "discrete_win_rate")
    }


def from_autorubric() -> Any:
    from autorubric import Rubric

    criteria = [json.loads(line) for line in Path("autorubric.jsonl").read_text().splitlines()]
    rubric = Rubric.from_json(json.dumps(criteria))
    return [[one.requirement, one.weight] for one in rubric.rubric]


def from_verifiers() -> Any:
    from verifiers.v1.judges.rubric import load_criteria

    Path("criteria.json").write_text(Path("verifiers.jsonl").read_text())
    return [[one.name, one.text, one.weight, list(one.choices)] for one in load_criteria(Path("criteria.json"))]


TOOLS: dict[str, Callable[[], Any]] = {
    "datasets": from_datasets,
    "trl": from_trl,
    "alpaca_eval": from_alpaca_eval,
    "autorubric": from_autorubric,
    "verifiers": from_verifiers,
}

if __name__ == "__main__":
    print(json.dumps({name: read() for name, read in TOOLS.items()}))
