"""Run the arms of the experiment: rubrics refined in different ways in one world, with controls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rubrictool.refinement.loop import refine
from rubrictool.refinement.options import Evidence, RefineOptions
from rubrictool.refinement.pairs import PairRule
from rubrictool.rows.records import Criterion, Prompt, Response, Rubric
from rubrictool.simulation.judge import COIN, SimulatedJudge
from rubrictool.simulation.measures import Measured, Policy
from rubrictool.simulation.proposer import SHOWS, SimulatedProposer
from rubrictool.simulation.world import World, attributes, diverse, good, great, prompt, write
from rubrictool.steps.propose import propose

POOL = 16

Options = Callable[[World, Sequence[Response]], Mapping[str, Any]]
"""Other options of `refine`, by world and candidates: a pool rule, a rule of acceptance and what that knows."""


def plain(_world: World, _pool: Sequence[Response]) -> Mapping[str, Any]:
    """Return no options: the defaults of `refine`."""
    return {}


@dataclass(frozen=True)
class Arm:
    """A way to refine: how many candidates of whom, which pairs, how many rounds."""

    writers: str
    candidates: int
    pairs: PairRule
    rounds: int


ARMS = {
    "1 good": Arm("good", 2, "good", 1),
    "4 good": Arm("good", POOL, "good", 4),
    "1 great": Arm("great", 2, "great", 1),
    "4 great": Arm("great", POOL, "great", 4),
    "4 great & diverse": Arm("diverse", POOL, "great-diverse", 4),
    "4 random": Arm("great", POOL, "random", 4),
    "4 random & diverse": Arm("diverse", POOL, "random", 4),
}
"""The arms that refine. The first rubric, the placebo and the rubric of all points stand beside them."""

CONTRASTS = (
    ("1 good", "initial"),
    ("1 great", "1 good"),
    ("4 good", "1 good"),
    ("4 great", "1 great"),
    ("4 great", "4 good"),
    ("4 great & diverse", "4 great"),
    ("4 great & diverse", "1 great"),
    ("4 great", "4 random"),
    ("4 great & diverse", "4 random & diverse"),
    ("4 great & diverse", "placebo"),
    ("4 random & diverse", "placebo"),
    ("placebo", "initial"),
)


def measure(world: World, number: int, options: Options = plain) -> dict[str, Measured]:
    """Return every arm on one prompt of a world; each arm's `refine` gets the options for its candidates as they are."""
    asked, judge = prompt(number), SimulatedJudge(world)
    tried = asyncio.run(rubrics(world, asked, judge, options))
    samples = Policy(world, asked.id, judge)
    return {name: samples.measured(criteria) for name, criteria in tried.items()}


def ways(world: World, number: int, tried: Mapping[str, tuple[Arm, Options]]) -> dict[str, Measured]:
    """Return several ways to refine one prompt of a world, each an arm and its options, under names of your own."""
    asked, judge = prompt(number), SimulatedJudge(world)
    samples = Policy(world, asked.id, judge)

    async def refined() -> dict[str, tuple[Criterion, ...]]:
        first = await propose(asked, SimulatedProposer(world))
        return {name: await _refined(world, asked, judge, first, arm, of) for name, (arm, of) in tried.items()}

    return {name: samples.measured(criteria) for name, criteria in asyncio.run(refined()).items()}


async def rubrics(
    world: World, asked: Prompt, judge: SimulatedJudge, options: Options = plain
) -> dict[str, tuple[Criterion, ...]]:
    """Return the rubric of every arm and control for one prompt."""
    first = await propose(asked, SimulatedProposer(world))
    refined = {name: await _refined(world, asked, judge, first, arm, options) for name, arm in ARMS.items()}
    coins = placebo(first, refined["4 great & diverse"])
    return {"initial": first.criteria, **refined, "placebo": coins, "all points": all_points(world, asked.id)}


async def _refined(
    world: World, asked: Prompt, judge: SimulatedJudge, first: Rubric, arm: Arm, options: Options
) -> tuple[Criterion, ...]:
    pool = candidates(world, asked.id, arm)
    given = dict(options(world, pool))
    evidence = Evidence(signal=given.pop("signal", {}), weak=given.pop("weak", ()))
    refinement = await refine(
        asked,
        pool,
        judge=judge,
        proposer=SimulatedProposer(world),
        rubric=first,
        options=RefineOptions(pairs=arm.pairs, rounds=arm.rounds, seed=world.seed, **given),
        evidence=evidence,
    )
    return refinement.rubric.criteria


def candidates(world: World, prompt_id: str, arm: Arm) -> Sequence[Response]:
    """Return the pool of an arm: responses of one writer, or one each of diverse writers."""
    if arm.writers == "diverse":
        return [write(world, prompt_id, writer, 1)[0] for writer in diverse(world, arm.candidates)]
    return write(world, prompt_id, good(world) if arm.writers == "good" else great(world), arm.candidates)


def placebo(first: Rubric, refined: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    """Return a refined rubric in which each added criterion is a coin toss, with its weight unchanged."""
    old = {criterion.id for criterion in first.criteria}
    return tuple(
        criterion if criterion.id in old else criterion.model_copy(update={"criterion": f"{COIN} {criterion.id}."})
        for criterion in refined
    )


def all_points(world: World, prompt_id: str) -> tuple[Criterion, ...]:
    """Return the ideal rubric of the world: every point, with its weight."""
    points = (attribute for attribute in attributes(world, prompt_id) if attribute.kind != "style")
    return tuple(
        Criterion(id=f"c{place}", criterion=f"{SHOWS} the {point.name}.", weight=point.weight)
        for place, point in enumerate(points, start=1)
    )
