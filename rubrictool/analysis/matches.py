"""Several systems on the same prompts: who met whom, and how each pair of them came out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rubrictool.analysis.intervals import Estimate
from rubrictool.analysis.noise_floors import NoiseFloor, noise_floor
from rubrictool.analysis.score_differences import ScoreDifference, score_difference
from rubrictool.analysis.winrates import WinRate, win_rate
from rubrictool.rows.records import Comparison, Outcome


class Systems(NamedTuple):
    """The two systems of a comparison by name, empty where rows do not name them."""

    a: str
    b: str


@dataclass(frozen=True)
class Match:
    """Two systems on the same prompts: how often the first wins, and where rows tell, by what margin and how noisily."""

    systems: Systems
    rate: WinRate
    difference: ScoreDifference | None = None
    noise: NoiseFloor | None = None

    def columns(self) -> dict[str, Any]:
        """The figures by name, the names of the systems first where they have some."""
        named = {"system_a": self.systems.a, "system_b": self.systems.b} if any(self.systems) else {}
        parts = {"score_difference": self.difference, "noise_floor": self.noise}
        return named | self.rate.columns() | {name: part.columns() for name, part in parts.items() if part}


def systems_of(row: Outcome | Comparison) -> Systems:
    """The systems of a comparison from its columns `system_a` and `system_b`."""
    one, other = (row.unknown().get(name) for name in ("system_a", "system_b"))
    return Systems(one, other) if isinstance(one, str) and isinstance(other, str) else Systems("", "")


def matches(outcomes: Iterable[Outcome | Comparison], *, seed: int = 0) -> list[Match]:
    """A match for each pair of systems, in the order in which the rows first name them."""
    by_pair: dict[Systems, list[Outcome | Comparison]] = {}
    for row in outcomes:
        by_pair.setdefault(systems_of(row), []).append(row)
    return [_match(systems, rows, seed) for systems, rows in by_pair.items()]


def _match(systems: Systems, rows: Sequence[Outcome | Comparison], seed: int) -> Match:
    return Match(
        systems,
        win_rate(rows, seed=seed),
        score_difference(rows, seed=seed),
        noise_floor(rows, seed=seed),
    )


def baseline_of(pairs: Sequence[Systems]) -> str | None:
    """The one system that all others met and that met nobody as the first of a pair; None where there is none."""
    first, second = {pair.a for pair in pairs}, {pair.b for pair in pairs}
    return second.pop() if len(second) == 1 and first.isdisjoint(second) else None


def matrix(found: Iterable[Match]) -> dict[Systems, Estimate]:
    """The win rate of the first over the second of each two systems that met, seen from both sides."""
    one_way = {match.systems: match.rate.estimate for match in found}
    other_way = {
        Systems(pair.b, pair.a): Estimate(1 - rate.value, 1 - rate.high, 1 - rate.low) for pair, rate in one_way.items()
    }
    return other_way | one_way


def names(found: Sequence[Match]) -> list[str]:
    """The systems, each once: those that meet others in the order in which they are first named, then those that are met."""
    first, second = ([match.systems[side] for match in found] for side in (0, 1))
    return list(dict.fromkeys([*first, *second]))
