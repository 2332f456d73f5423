"""Processor time of reading a row in another tool's shape, beside a row of ours that holds the same."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "shapes"))

from examples import EXAMPLES

from rubrictool.rows.columns import Row
from rubrictool.rows.jsonl import Rows, encode_value
from rubrictool.rows.records import Response, Rubric

ROWS = 5000
READ: dict[str, tuple[type[Row], str]] = {
    "healthbench": (Rubric, "knee"),
    "rar": (Rubric, "?"),
    "alpaca-eval": (Response, "coffee"),
}


def cpu_us(path: Path, kind: type[Row]) -> float:
    """Return the microseconds that a row takes, in the best of three runs."""
    took = []
    for _ in range(3):
        began = time.process_time()
        count = sum(1 for _ in Rows(path, kind))
        took.append((time.process_time() - began) / count * 1e6)
    return min(took)


def main() -> None:
    """Measure and print the figures."""
    with tempfile.TemporaryDirectory() as name:
        theirs, ours = Path(name, "theirs.jsonl"), Path(name, "ours.jsonl")
        for shape, (kind, word) in READ.items():
            text = json.dumps(EXAMPLES[shape][0])
            lines = (text.replace(word, f"{word} {number}").replace("p1", f"p{number}") for number in range(ROWS))
            theirs.write_text("\n".join(lines) + "\n")
            ours.write_text("".join(f"{encode_value(row.columns())}\n" for _, row in Rows(theirs, kind)))
            foreign, own = cpu_us(theirs, kind), cpu_us(ours, kind)
            print(f"| {shape} | {foreign:.0f} | {own:.0f} | {foreign / own:.2f} |")


if __name__ == "__main__":
    main()
