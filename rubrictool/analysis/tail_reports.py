"""All that is said about scores in the tail: accuracy by region, ties at the top, predicted over-optimization."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rubrictool.analysis.intervals import Estimate
from rubrictool.analysis.overoptimization import Peak, Point, Prediction, predict
from rubrictool.analysis.pair_accuracy import Accuracy, Agreement, accuracies, pairs_of
from rubrictool.analysis.resampling import estimate, totals
from rubrictool.analysis.tails import Pool, top_scores


class Top(NamedTuple):
    """What a file leaves undecided at the top, over the prompts with two responses or more, of which there is at least one.

    `mass` is the mean share of a prompt's responses at its highest score, `tied` the share of prompts whose two highest
    scores are tied.
    """

    prompts: int
    mass: Estimate
    tied: Estimate


@dataclass(frozen=True)
class Optimisation:
    """What optimising a policy for each file's scores would do, and for gold itself (the best that any score could)."""

    policy: str
    by_file: tuple[Prediction, ...]
    gold: Prediction


@dataclass(frozen=True)
class Report:
    """The figures of score files over the same responses. `accuracy` is by writer; under None are all pairs.

    `unpredicted` is why there is no `optimisation`.
    """

    files: tuple[str, ...]
    gold: str
    prompts: int
    responses: int
    accuracy: Mapping[str | None, Sequence[Accuracy]]
    tops: tuple[Top, ...]
    optimisation: Optimisation | None
    unpredicted: str = ""

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row per file and region, and per writer where they are told apart; figures that are missing are null."""
        for writer, accuracy in self.accuracy.items():
            for one in accuracy:
                named = {"file": self.files[one.file], "region": one.region.name}
                yield named | ({"model": writer} if writer else {}) | _columns(one)

    def figures(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        told = self.optimisation
        return {
            "gold": self.gold,
            "prompts": self.prompts,
            "responses": self.responses,
            "regions": list(self.rows()),
            "top_scores": [{"file": file} | _top(top) for file, top in zip(self.files, self.tops, strict=True)],
            "optimization": {"unpredicted": self.unpredicted} if told is None else _optimisation(self.files, told),
        }


def report(
    pools: Sequence[Pool],
    files: Sequence[str],
    *,
    gold: str = "gold",
    by_writer: bool = False,
    policy: str | None = None,
    seed: int = 0,
) -> Report:
    """The report on the scores of `files`, which each pool has in this order; `gold` is the name of what they are held to.

    At least one pool must hold two responses.
    `policy` is the writer to predict over-optimization of; none is needed where the responses have only one.
    """
    pairs, names = pairs_of(pools), writers(pools)
    accuracy: dict[str | None, Sequence[Accuracy]] = {None: accuracies(pairs, seed=seed)}
    if by_writer:
        accuracy |= {name: accuracies(pairs.of_writer(name), seed=seed) for name in names}
    chosen, why_not = _policy(pools, policy)
    optimisation = _predicted(pools, len(files), chosen, seed) if chosen else None
    return Report(
        tuple(files),
        gold,
        len(pools),
        sum(len(pool.gold) for pool in pools),
        accuracy,
        tuple(_top_of(pools, file, seed) for file in range(len(files))),
        optimisation,
        "" if optimisation else why_not or f"no prompt has two responses by {chosen}",
    )


def writers(pools: Sequence[Pool]) -> list[str]:
    """Who wrote responses, by name."""
    return sorted({name for pool in pools for name in pool.writers if name})


def _policy(pools: Sequence[Pool], named: str | None) -> tuple[str | None, str]:
    """The writer whose responses are samples of the policy, or why there is none."""
    known = writers(pools)
    if named or (len(known) == 1 and all(name for pool in pools for name in pool.writers)):
        return named or known[0], ""
    if not known:
        return None, "it needs samples of the policy itself, and the rows do not say who wrote them (`model`)"
    return None, f"it needs samples of the policy itself, and {len(known)} models wrote these; --policy MODEL names it"


def _predicted(pools: Sequence[Pool], files: int, policy: str, seed: int) -> Optimisation | None:
    own = [pool.of_writer(policy) for pool in pools]
    by_file = [predict(own, file, seed=seed) for file in range(files)]
    ideal = predict([pool._replace(scores=(pool.gold,)) for pool in own], 0, seed=seed)
    told = tuple(prediction for prediction in by_file if prediction)
    return Optimisation(policy, told, ideal) if ideal else None


def _top_of(pools: Sequence[Pool], file: int, seed: int) -> Top:
    shares = np.array(top_scores(pools, file)).T
    (drawn,), prompts = totals(shares, seed=seed), len(shares)
    mass, tied = (estimate(float(shares[:, i].mean()), drawn[:, i] / prompts, prompts) for i in range(2))
    return Top(prompts, mass, tied)


def _columns(one: Accuracy) -> dict[str, Any]:
    counts = {"prompts": one.prompts, "pairs": one.pairs, "wins": one.wins, "ties": one.ties, "losses": one.losses}
    told = [("", one.found), ("matched_", one.matched)]
    agreed = {name: value for prefix, agreement in told for name, value in _agreement(prefix, agreement).items()}
    rest = _spread("beyond_gap", one.beyond) | _spread("difference", one.difference)
    return counts | {"gold_gap": one.gap} | agreed | rest


def _agreement(prefix: str, agreement: Agreement | None) -> dict[str, float | None]:
    return {
        **_spread(f"{prefix}strict", agreement and agreement.strict),
        f"{prefix}tie": agreement and agreement.tie,
        f"{prefix}loss": agreement and agreement.loss,
        **_spread(f"{prefix}half_credit", agreement and agreement.half_credit),
    }


def _spread(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    """A figure and its interval under three names."""
    value, low, high = estimate or (None, None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _top(top: Top) -> dict[str, Any]:
    return {"prompts": top.prompts} | _spread("mass", top.mass) | _spread("tied", top.tied)


def _optimisation(files: Sequence[str], told: Optimisation) -> dict[str, Any]:
    by_file = [{"file": file} | _prediction(one) for file, one in zip(files, told.by_file, strict=True)]
    return {"policy": told.policy, "files": by_file, "gold_itself": _prediction(told.gold)}


def _prediction(one: Prediction) -> dict[str, Any]:
    return {
        "prompts": one.prompts,
        "fewest_samples": one.fewest,
        "kl_ceiling": one.ceiling,
        "peak": _peak(one.peak),
        "tilted": [_point("beta", point) for point in one.tilted],
        "best_of": [_point("n", point) for point in one.best_of],
    }


def _peak(peak: Peak) -> dict[str, Any]:
    drop = {"turns_down": peak.turns_down} | _spread("drop", peak.drop)
    beta = peak.beta if math.isfinite(peak.beta) else None
    return {"beta": beta} | _spread("kl", peak.kl) | _spread("win_rate", peak.win_rate) | drop


def _point(by: str, point: Point) -> dict[str, Any]:
    rates = _spread("win_rate", point.win_rate) | _spread("gold", point.gold)
    return {by: point.by, "kl": point.kl} | rates | {"effective_samples": point.effective}
