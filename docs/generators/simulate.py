"""Measure how much refinement finds of what it looks for, in worlds where the truth is known.

Run as `python docs/generators/simulate.py`; it writes simulation.json beside it, whose tables stand in
docs/simulation.md. It takes ten minutes on two cores, and gives the same figures every time.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rubrictool.analysis.tails.gold import in_deciding_half
from rubrictool.refinement.accept import AcceptRule
from rubrictool.rows.records import Response
from rubrictool.rubric.limits import Limits
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
BASE_PROMPTS, CELL_PROMPTS, SMALL_PROMPTS = 400, 120, 6
WORLDS, WORLD_PROMPTS = 100, 16


@dataclass(frozen=True)
class Cell:
    """A world that differs from the base world by `changes`, and options of `refine` under a name."""

    changes: Mapping[str, float] = field(default_factory=dict)
    name: str = ""
    options: Options = plain


def given(**options: Any) -> Options:
    """The same options of `refine` for every pool."""
    return lambda _world, _pool: options


keep, drop_used = given(pool_rule="keep"), given(pool_rule="drop-used")


FLAWLESS = {"misled": 0.0, "wrong": 0.0, "forgets": 0.0, "judge_error": 0.0}
TANGLED = {"overlaps": 0.3, "clashes": 0.15, "needs": 0.3}
"""Three of four points hang together with another one, so that quality is no sum."""
FLATTERED = {"flattered": 0.75, "style_cost": 1.0}
"""The judge is taken in by style, which costs quality: what a policy can exploit."""
SWAYED = {"swayed": 0.9, "style_cost": 1.0}
"""The judge is taken in by length."""


def cells() -> Iterator[Cell]:
    """The base world first, then what is changed."""
    yield Cell()
    yield Cell(FLAWLESS)
    for misled, wrong in ((0.0, 0.0), (0.0, 0.15), (0.5, 0.0), (0.5, 0.15)):
        yield Cell({"misled": misled, "wrong": wrong})
    yield from (Cell({"judge_error": error}) for error in (0.0, 0.15))
    yield from (Cell(name="`--pool drop-used`", options=drop_used), Cell(name="`--pool keep`", options=keep))
    yield Cell({"style_cost": 1.0, "misled": 0.5})
    yield from (Cell({"gap": 0.0}), Cell({"behind": 1.5}), Cell({"own": 1}))
    yield from (Cell(TANGLED), Cell(FLATTERED), Cell(SWAYED))


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


def _both(one: Options, other: Options) -> Options:
    return lambda world, pool: {**one(world, pool), **other(world, pool)}


@dataclass(frozen=True)
class Study:
    """Ways to refine that are compared in some worlds on the same prompts: so many in the first world, in each other one."""

    ways: Mapping[str, tuple[Arm, Options]]
    contrasts: Sequence[tuple[str, str]]
    worlds: Sequence[Cell] = (Cell(),)
    prompts: tuple[int, int] = (200, 200)


ROUNDS = {name: ARMS[name] for name in ("4 great", "4 great & diverse")}

ACCEPTING = Study(
    ways={f"{arm}, {rule}": (of, options) for arm, of in ROUNDS.items() for rule, options in RULES.items()},
    contrasts=[(f"{arm}, {rule}", f"{arm}, always") for arm in ROUNDS for rule in RULES if rule != "always"],
    worlds=(
        Cell(),
        Cell(FLAWLESS),
        Cell({"misled": 0.5, "wrong": 0.3}),
        Cell({"style_cost": 1.0, "misled": 0.5}),
        Cell({"judge_error": 0.15}),
    ),
    prompts=(80, 80),
)
"""Worlds in which acceptance rules are compared: a proposer that seldom or often goes wrong, and a judge that does."""

PAIR = ARMS["4 great & diverse"]
MANY = 1_000
UNLIMITED = Limits(max_criteria=MANY, max_new=MANY)

VIEWS = {
    "contrast": PAIR,
    "contrast, drawn pair": replace(PAIR, pairs="random", like="contrast"),
    "union": replace(PAIR, view="union", like="contrast"),
    "single": replace(PAIR, view="single", like="contrast"),
    "blind": replace(PAIR, view="blind", pairs="random", like="contrast"),
}
"""Views of the proposer at the same size; who looks at nothing needs no scores."""

FREE = {
    "contrast, free": replace(PAIR, max_new=MANY),
    "union, free": replace(PAIR, view="union", max_new=MANY),
    "single, free": replace(PAIR, view="single", max_new=MANY),
    "blind, free": replace(PAIR, view="blind", pairs="random", max_new=MANY),
}
"""The same where the proposer writes all that it notices."""


def _against(names: Sequence[str], *, base: str = "initial") -> list[tuple[str, str]]:
    """The first of some ways against each other one, and each against the first rubric."""
    return [*((names[0], other) for other in names[1:]), *((name, base) for name in names)]


VIEWING = Study(
    ways={name: (arm, given(limits=UNLIMITED)) for name, arm in VIEWS.items()},
    contrasts=_against(list(VIEWS)),
    worlds=(Cell(), Cell(FLAWLESS), Cell(TANGLED), Cell(FLATTERED), Cell({"own": 1})),
    prompts=(800, 240),
)

GROWING = Study(
    ways={name: (arm, given(limits=UNLIMITED)) for name, arm in FREE.items()},
    contrasts=_against(list(FREE)),
    worlds=(Cell(), Cell(TANGLED), Cell(FLATTERED)),
    prompts=(160, 160),
)

POOLS = ("diverse", "mixed")
POOL_RULES: Mapping[str, Options] = {"drop-used": drop_used, "keep": keep, "narrow": given(pool_rule="narrow")}
SHARES: Mapping[str, Options] = {
    f"narrow, {share:g}": given(pool_rule="narrow", keep_share=share) for share in (0.25, 0.75)
}


def _pooling(size: int, prompts: int, more: Mapping[str, Options] = MappingProxyType({})) -> Study:
    """Pool rules in pools of equals and of mixed quality."""
    tried = {**POOL_RULES, **more}
    return Study(
        ways={
            f"{writers}, {rule}": (replace(PAIR, writers=writers, candidates=size), options)
            for writers in POOLS
            for rule, options in tried.items()
        },
        contrasts=[
            (f"{writers}, {rule}", f"{writers}, drop-used")
            for writers in POOLS
            for rule in tried
            if rule != "drop-used"
        ],
        prompts=(prompts, 0),
    )


LARGE = {"obvious": 10, "rare": 40, "style": 10}
"""A world with more to ask for than any rubric may hold."""


def _limited(most: int, new: int) -> tuple[Arm, Options]:
    """Six rounds under limits of a rubric's size; the proposer is told how many criteria a round may add."""
    return replace(PAIR, rounds=6, max_new=new), given(limits=Limits(max_criteria=most, max_new=new))


LIMITS = {
    f"{'free' if most == MANY else most}, {new} new": _limited(most, new)
    for most, new in ((24, 4), (12, 4), (16, 4), (32, 4), (MANY, 4), (24, 2), (24, 8), (MANY, 8))
}

LIMITING = Study(
    ways=LIMITS,
    contrasts=[(name, "24, 4 new") for name in LIMITS if name != "24, 4 new"],
    worlds=(
        Cell(LARGE),
        Cell({**LARGE, "misled": 0.5, "wrong": 0.3}),
        Cell({**LARGE, **TANGLED}),
        Cell({**LARGE, **FLATTERED}),
    ),
    prompts=(80, 60),
)


STUDIES: Mapping[str, Study] = {
    "rules": ACCEPTING,
    "views": VIEWING,
    "free": GROWING,
    "pools of 8": _pooling(8, 160),
    "pools of 10": _pooling(10, 400),
    "pools of 16": _pooling(16, 400, SHARES),
    "pools of 32": _pooling(32, 120),
    "limits": LIMITING,
}


def _tried(name: str, number: int) -> dict[int, dict[str, Measured]]:
    """One prompt in every world of a study that has so many."""
    study = STUDIES[name]
    return {
        place: ways(
            _changed(cell), number, {way: (arm, _both(cell.options, of)) for way, (arm, of) in study.ways.items()}
        )
        for place, cell in enumerate(study.worlds)
        if number < study.prompts[min(place, 1)]
    }


def _studied(name: str, workers: Executor) -> list[dict[str, Any]]:
    study = STUDIES[name]
    prompts = list(workers.map(partial(_tried, name), range(max(study.prompts)), chunksize=2))
    found = [[rows[place] for rows in prompts if place in rows] for place in range(len(study.worlds))]
    return [
        {"changes": dict(cell.changes), "name": cell.name, **summary(rows, contrasts=study.contrasts)}
        for cell, rows in zip(study.worlds, found, strict=True)
    ]


def main() -> None:
    """Run everything and write the results."""
    # What is made holds no cycles; looking for some took a tenth of the time.
    with ProcessPoolExecutor(initializer=gc.disable) as workers:
        prompts = list(workers.map(_prompt, range(BASE_PROMPTS), chunksize=4))
        worlds = list(workers.map(_world, range(1, WORLDS + 1), chunksize=4))
        studies = {name: _studied(name, workers) for name in STUDIES}
    measured = [_summed(cell, [rows[place] for rows in prompts if place in rows]) for place, cell in enumerate(cells())]
    results = {"small": small(), "cells": measured, "worlds": worlds, "studies": studies}
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
