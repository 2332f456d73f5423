"""rubrictool winrate --control: win rates at equal length or style."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from shell import Shell

GOLDEN = Path(__file__).parents[1] / "golden" / "lc_comparisons.jsonl"


def test_rates_at_equal_length_stand_beside_the_raw_ones_with_what_is_refused(shell: Shell) -> None:
    shutil.copy(GOLDEN, "c.jsonl")
    ran = shell("winrate", "c.jsonl", "--control", "length", "--summary", "sum.json")
    found = json.loads(Path("sum.json").read_text(encoding="utf-8"))["control"]
    concise, _, verbose = found["systems"]
    assert (ran.code, found["of"], len(ran.rows)) == (0, "length", 120)
    assert concise["controlled"] == pytest.approx(0.555044, abs=1e-5)
    assert verbose["controlled"] is None
    assert "at equal length against base" in ran.err
    assert "effect on the log-odds, shared by all systems: length +1.741" in ran.err
    assert "verbose: longer on 98% of its prompts and shorter on 0%" in ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("c.jsonl --control style", "headings_a: must be a number of at least 0 in every row"),
        ("bare.jsonl --control length", "length_a: must be a number of at least 0 in every row"),
        ("c.jsonl --control length --sequential", "--sequential: has no effect with --control"),
        ("c.jsonl --control length --human c.jsonl", "--human: has no effect with --control"),
        ("c.jsonl --control length --plan", "--control: has no effect with --plan"),
        ("r.jsonl r.jsonl --control length", "--control: has no effect unless A is one file of finished comparisons"),
    ],
)
def test_what_cannot_be_controlled_is_refused_before_anything_is_written(
    shell: Shell, arguments: str, words: str
) -> None:
    shutil.copy(GOLDEN, "c.jsonl")
    shell.write("bare.jsonl", [{"prompt_id": "p", "winner": "a"}])
    shell.write("r.jsonl", [{"prompt_id": "p", "prompt": "?", "response": "!"}])
    ran = shell("winrate", *arguments.split())
    assert (ran.code, ran.rows) == (2, [])
    assert words in ran.err
