"""The script that holds win rates at equal length against AlpacaEval's reads their files as they are."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[2] / "docs" / "generators"


def annotated(path: Path, system: str, seed: int) -> Path:
    draws = np.random.default_rng(seed)
    rows = [
        {"instruction": f"q{n}", "output_1": "x" * int(draws.integers(50, 500)), "generator_1": "base"}
        | {
            "output_2": "x" * int(draws.integers(50, 500)),
            "generator_2": system,
            "preference": 1 + float(draws.random()),
        }
        for n in range(30)
    ]
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def test_systems_of_the_leaderboard_are_fitted_but_for_the_baseline_and_those_made_to_deceive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(DOCS)
    import alpaca_eval

    for name, value in {"RESULTS": tmp_path / "found.json", "SIZES": (1, 2), "DRAWS": 2, "ALONE": "two"}.items():
        monkeypatch.setattr(alpaca_eval, name, value)
    names = ["one", "two", "three", "base", "NullModel", "unlisted"]
    with (tmp_path / "leaderboard.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows(
            [
                ["", "win_rate", "length_controlled_winrate"],
                *([name, 50 + n, 49 - n] for n, name in enumerate(names[:-1])),
            ]
        )
    files = [str(annotated(tmp_path / f"{name}.json", name, seed)) for seed, name in enumerate(names)]
    alpaca_eval.main(str(tmp_path / "leaderboard.csv"), *files)
    printed, found = capsys.readouterr().out, json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert [line.split()[0] for line in printed.splitlines()[:3]] == ["one", "two", "three"]
    assert [(row["systems"], row["draws"]) for row in found["rows"]] == [(1, 2), (2, 2), (3, 1)]
    assert found["alone"][:2] == [51, 48]
    assert all(0 <= row["least"] <= row["distance"] <= row["most"] for row in found["rows"])
    sys.modules.pop("alpaca_eval")
