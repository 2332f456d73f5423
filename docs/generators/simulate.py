"""How much does refinement find of what it looks for, in worlds where the truth is known?

Run as `python docs/generators/simulate.py`; it writes simulation.json beside it, whose tables stand in
docs/simulation.md. It takes some minutes on two cores, and gives the same figures every time.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from rubrictool.analysis.gold import in_deciding_half
from rubrictool.refinement.accept import AcceptRule
from rubrictool.rows.records import Response
from rubrictool.simulation import (
    ARMS,
    Arm,
    Measured,
    Options,
    World,
    drawn,
    gold,
    good,
    measure,
    plain,
    summary,
    ways,
    write,
)
from rubrictool.text.encoding import draw

RESULTS = Path(__file__).with_name("simulation.json")
BASE_PROMPTS, CELL_PROMPTS, SMALL_PROMPTS = 400, 200, 6
WORLDS, WORLD_PROMPTS = 200, 24


@dataclass(frozen=True)
class Cell:
    """A world that differs from the base world by `changes`, and options of `refine` under a name."""

    changes: Mapping[str, float] = field(default_factory=dict)
    name: str = ""
    options: Options = plain


def keep(_world: World, _pool: Sequence[Response]) -> Mapping[str, Any]:
    """The pool rule `keep`."""
    return {"pool_rule": "keep"}


FLAWLESS = {"misled": 0.0, "wrong": 0.0, "forgets": 0.0, "judge_error": 0.0}


def cells() -> Iterator[Cell]:
    """The base world first, then what is changed."""
    yield Cell()
    yield Cell(FLAWLESS)
    for misled, wrong in product((0.0, 0.25, 0.5), (0.0, 0.15)):
        if (misled, wrong) != (0.25, 0.15):
            yield Cell({"misled": misled, "wrong": wrong})
    yield from (Cell({"judge_error": error}) for error in (0.0, 0.15))
    yield from (Cell({"forgets": chance}) for chance in (0.0, 0.15))
    yield Cell(name="`--pool keep`", options=keep)
    yield from (Cell({"style_cost": 1.0, "misled": misled}) for misled in (0.25, 0.5))
    yield from (Cell({"gap": 0.0}), Cell({"behind": 1.5}), Cell({"own": 1}))


ROUNDS = {name: ARMS[name] for name in ("4 great", "4 great & diverse")}
RULE_PROMPTS = 120
RULE_WORLDS = (
    Cell(),
    Cell(FLAWLESS),
    Cell({"misled": 0.5, "wrong": 0.3}),
    Cell({"style_cost": 1.0, "misled": 0.5}),
    Cell({"judge_error": 0.15}),
    Cell(name="`--pool keep`", options=keep),
)
"""Where acceptance rules are compared: a proposer that seldom or often goes wrong, and a judge that does."""


def accepting(rule: AcceptRule, knows: Options = plain) -> Options:
    """A rule of acceptance, and what it is told of a pool."""
    return lambda world, pool: {"accept": rule, **knows(world, pool)}


def labels(world: World, pool: Sequence[Response], *, off: float = 0) -> Mapping[str, Any]:
    """Half of the responses with their quality, which may be off by a draw of at most so much."""
    known = (row for row in pool if in_deciding_half(world.seed, row.id))
    return {"signal": {row.id: gold(world, row) + off * (2 * _share(world, row) - 1) for row in known}}


def rough(world: World, pool: Sequence[Response]) -> Mapping[str, Any]:
    """Labels that are off by as much as the heaviest point."""
    return labels(world, pool, off=3)


def weaker(world: World, pool: Sequence[Response]) -> Mapping[str, Any]:
    """As many responses of a good writer as the pool has, and who is stronger."""
    weak = write(world, pool[0].prompt_id, good(world), len(pool))
    return {"weak": weak, "signal": {row.id: 1.0 for row in pool} | {row.id: 0.0 for row in weak}}


def _share(world: World, row: Response) -> float:
    return int(draw(world.seed, "label", row.prompt_id, row.id)[:8], 16) / 16**8


RULES: Mapping[str, Options] = {
    "always": plain,
    "separates": accepting("separates"),
    "label-agreement": accepting("label-agreement", labels),
    "label-correlation": accepting("label-correlation", labels),
    "label-correlation, rough": accepting("label-correlation", rough),
    "skill": accepting("skill", weaker),
}


def _ruled(number: int) -> list[dict[str, Measured]]:
    """One prompt in each of the worlds for rules, refined under each rule."""
    return [ways(_changed(cell), number, _under_rules(cell)) for cell in RULE_WORLDS]


def _under_rules(cell: Cell) -> dict[str, tuple[Arm, Options]]:
    return {
        f"{arm}, {rule}": (of, _both(cell.options, options))
        for arm, of in ROUNDS.items()
        for rule, options in RULES.items()
    }


def _both(one: Options, other: Options) -> Options:
    return lambda world, pool: {**one(world, pool), **other(world, pool)}


def _by_rule(rows: Sequence[list[dict[str, Measured]]]) -> list[dict[str, Any]]:
    """The worlds for rules, each rule against `always` on the same prompts."""
    against = [(f"{arm}, {rule}", f"{arm}, always") for arm in ROUNDS for rule in RULES if rule != "always"]
    return [
        {"changes": dict(cell.changes), "name": cell.name, **summary([row[place] for row in rows], contrasts=against)}
        for place, cell in enumerate(RULE_WORLDS)
    ]


def main() -> None:
    """Run everything and write the results."""
    # What is made holds no cycles; looking for some took a tenth of the time.
    with ProcessPoolExecutor(initializer=gc.disable) as workers:
        prompts = list(workers.map(_prompt, range(BASE_PROMPTS), chunksize=4))
        worlds = list(workers.map(_world, range(1, WORLDS + 1), chunksize=4))
        ruled = list(workers.map(_ruled, range(RULE_PROMPTS), chunksize=2))
    measured = [_summed(cell, [rows[place] for rows in prompts if place in rows]) for place, cell in enumerate(cells())]
    results = {"small": small(), "cells": measured, "worlds": worlds, "rules": _by_rule(ruled)}
    RESULTS.write_text(json.dumps(results, separators=(",", ":")) + "\n", encoding="utf-8")


def small() -> dict[str, Any]:
    """The base world on a few prompts: quick enough for a test to run again."""
    return summary([measure(World(), number) for number in range(SMALL_PROMPTS)], resamples=100)


def _prompt(number: int) -> dict[int, dict[str, Measured]]:
    """One prompt in every cell: after CELL_PROMPTS only in the base world. Cells share most of their draws."""
    tried = list(cells())[: None if number < CELL_PROMPTS else 1]
    return {place: measure(_changed(cell), number, cell.options) for place, cell in enumerate(tried)}


def _changed(cell: Cell) -> World:
    return replace(World(), **cell.changes)  # type: ignore[arg-type]


def _summed(cell: Cell, rows: Sequence[Mapping[str, Measured]]) -> dict[str, Any]:
    return {"changes": dict(cell.changes), "name": cell.name, **summary(rows)}


def _world(seed: int) -> dict[str, dict[str, Sequence[float]]]:
    """The contrasts of one random world by the measures that the page shows."""
    rows = [measure(drawn(seed), number) for number in range(WORLD_PROMPTS)]
    contrasts = summary(rows, resamples=200)["contrasts"]
    return {name: {key: contrast[key] for key in ("half", "1")} for name, contrast in contrasts.items()}


if __name__ == "__main__":
    main()
