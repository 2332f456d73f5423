"""Signal and noise of all that was judged: by judge, dimension, prompt and criterion, between judges, and in decisions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from rubrictool.analysis.intervals import RESAMPLES
from rubrictool.analysis.judgings import Judge, Judging, Table, Unit, by_judge, tables
from rubrictool.analysis.pair_accuracy import Accuracy, accuracies, pairs_of
from rubrictool.analysis.resampling import Array, Sums, estimate, totals
from rubrictool.analysis.signal_noise import (
    TARGET,
    Figure,
    Signal,
    group_means,
    of_pairs,
    of_units,
    of_verdicts,
    phis,
    signal_noise,
)
from rubrictool.analysis.tails import Pool


class Scope(NamedTuple):
    """What figures are about: a `kind` (`judge`, `dimension`, `prompt` or `criterion`) and the `name` of one.

    `prompt_id` and `rubric` are None where there are several.
    """

    kind: str
    name: str
    judge: Judge
    prompt_id: str | None = None
    rubric: str | None = None


@dataclass(frozen=True)
class ScopeFigures:
    """The figures of one place. `closest` is the criterion that a criterion goes along with most, and its phi."""

    place: Scope
    signal: Signal
    closest: tuple[str, float] | None = None

    def columns(self) -> dict[str, Any]:
        """The figures by name, those with an interval under three."""
        kind, name, (judge, judging), prompt_id, rubric = self.place
        named = {"kind": kind, "name": name, "judge": judge, "judging": judging}
        told = self.signal
        counts = {"prompts": told.prompts, "units": told.units, "samples": told.samples}
        closest, phi = self.closest or (None, None)
        return {
            **named,
            **{"prompt_id": prompt_id, "rubric": rubric, **counts},
            **_spread_all(told.figures._asdict()),
            **{"samples_needed": told.samples_needed, "closest": closest, "closest_phi": phi},
        }


_WITHOUT_INTERVAL = {"snr_one", "snr", "all_met", "never_met"}


def _spread_all(figures: Mapping[str, Any]) -> dict[str, float | None]:
    """Each figure under its name, and the ends of its interval where it has one."""
    plain = {name: value for name, value in figures.items() if name in _WITHOUT_INTERVAL}
    spread = {
        f"{name}{end}": value
        for name, figure in figures.items()
        if name not in _WITHOUT_INTERVAL
        for end, value in zip(("", "_low", "_high"), figure or (None, None, None), strict=True)
    }
    return plain | spread


def signals(
    judgings: Iterable[Judging],
    *,
    unit: Unit = "response",
    target: float = TARGET,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Iterator[ScopeFigures]:
    """The figures of each judge: its own, those of the dimensions, of the prompts, and of the criteria.

    A criterion of a rubric that serves several prompts is one criterion over all of them.
    """
    for judge, own in by_judge(judgings).items():
        found = list(_places(judge, tables(own), unit))
        figures = signal_noise([one.sums for one in found], target=target, seed=seed, resamples=resamples)
        for one, signal in zip(found, figures, strict=True):
            yield ScopeFigures(one.place, signal, one.closest)


class _Found(NamedTuple):
    """A place, the sums of what is known of it, and the criterion that goes along with it."""

    place: Scope
    sums: Sums
    closest: tuple[str, float] | None = None


_WHOLE, _DIMENSION, _CRITERION = "whole", "dimension", "criterion"

_Rows = Mapping[tuple[str, str], Array]
"""What one table adds to the sums of itself, of its dimensions and of its criteria, by kind and name."""


def _places(judge: Judge, of_judge: Sequence[Table], unit: Unit) -> Iterator[_Found]:
    """What there is to tell of a judge: each place with what is known of it."""
    rows: dict[tuple[str, str], _Rows] = {}
    criteria = [found for own in _by_rubric(of_judge) for found in _criteria(judge, own, rows, unit)]
    told = [(table, rows[table.key]) for table in of_judge]
    yield _Found(Scope("judge", judge[0], judge), _summed(told, (_WHOLE, "")))
    for name in sorted({name for table in of_judge for name in table.dimensions}):
        yield _Found(Scope("dimension", name, judge), _summed(told, (_DIMENSION, name)))
    for table, of in told:
        place = Scope("prompt", table.prompt_id, judge, table.prompt_id, table.rubric)
        yield _Found(place, _summed([(table, of)], (_WHOLE, "")))
    yield from criteria


def _criteria(judge: Judge, own: Sequence[Table], rows: dict[tuple[str, str], _Rows], unit: Unit) -> Iterator[_Found]:
    """The criteria of one rubric; what each of its tables adds is left in `rows`."""
    together = _Together()
    for table in own:
        found = phis(table.shares())
        together.add(table.criteria, found)
        rows[table.key] = _of_table(table, found, unit)
    told = [(table, rows[table.key]) for table in own]
    prompt_id = own[0].prompt_id if len(own) == 1 else None
    closest = together.closest()
    for name in dict.fromkeys(name for table in own for name in table.criteria):
        place = Scope("criterion", name, judge, prompt_id, own[0].rubric)
        yield _Found(place, _summed(told, (_CRITERION, name)), closest.get(name))


def _by_rubric(of_judge: Iterable[Table]) -> Iterable[list[Table]]:
    """The tables of each rubric; where no row names one, each prompt has its own."""
    found: dict[tuple[str, str], list[Table]] = {}
    for table in of_judge:
        found.setdefault((table.rubric, "" if table.rubric else table.prompt_id), []).append(table)
    return found.values()


def _of_table(table: Table, found: Array, unit: Unit) -> _Rows:
    """What one table adds, from the phis of its criteria."""
    _, samples, whose = table.samples(np.hstack([table.values, table.met]), unit)
    units, verdicts = of_units(samples, whose), of_verdicts(table.met, table.responses, table.drawn)
    inside = table.inside()
    scopes = np.hstack([units[: len(inside)], inside @ verdicts, of_pairs(found, inside)])
    keys = [(_WHOLE, ""), *((_DIMENSION, name) for name in table.dimensions)]
    alone = np.hstack([units[len(inside) :], verdicts, np.zeros((len(verdicts), 2))])
    keys += [(_CRITERION, name) for name in table.criteria]
    return dict(zip(keys, [*scopes, *alone], strict=True))


def _summed(told: Iterable[tuple[Table, _Rows]], key: tuple[str, str]) -> Sums:
    """What tables add to one place."""
    return _by_prompt((table.prompt_id, rows[key]) for table, rows in told if key in rows)


def _by_prompt(added: Iterable[tuple[str, Array]]) -> Sums:
    """What is added up over prompts, where a prompt may have several tables."""
    prompts: dict[str, Array] = {}
    for prompt_id, row in added:
        prompts[prompt_id] = prompts[prompt_id] + row if prompt_id in prompts else row
    return Sums(tuple(prompts), np.array(list(prompts.values())))


class _Together:
    """The criteria of one rubric that go along, by the mean phi over the prompts in which both differ."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._sums, self._counts = np.zeros((0, 0)), np.zeros((0, 0))

    def add(self, names: Iterable[str], found: Array) -> None:
        """Add the phis of one prompt."""
        own = [self._places.setdefault(name, len(self._places)) for name in names]
        if new := len(self._places) - len(self._sums):
            self._sums, self._counts = (np.pad(of, (0, new)) for of in (self._sums, self._counts))
        cells, there = np.ix_(own, own), ~np.isnan(found)
        self._sums[cells] += np.where(there, found, 0.0)
        self._counts[cells] += there

    def closest(self) -> dict[str, tuple[str, float]]:
        """By criterion the one that it goes along with most, the first of those that do as much, and the phi."""
        names = list(self._places)
        with np.errstate(invalid="ignore"):
            means = np.where(self._counts > 0, self._sums / self._counts, -np.inf).round(12)
        best = ((name, int(np.argmax(row)), float(row.max())) for name, row in zip(names, means, strict=True))
        return {name: (names[place], phi) for name, place, phi in best if math.isfinite(phi)}


@dataclass(frozen=True)
class Between:
    """How often two judges differ: the share of `n` verdicts on the same criterion of the same response that do."""

    one: Judge
    other: Judge
    prompts: int
    n: int
    flip_rate: Figure

    def columns(self) -> dict[str, Any]:
        """The figures by name."""
        judges = {"judge": self.one[0], "judging": self.one[1]}
        counts = {"prompts": self.prompts, "n": self.n}
        return {
            "kind": "judges",
            "name": self.other[0],
            **judges,
            **counts,
            **_spread_all({"flip_rate": self.flip_rate}),
        }


def between_judges(judgings: Iterable[Judging], *, seed: int = 0) -> Iterator[Between]:
    """How often each two judges differ on what both judged. Repeated verdicts count by their shares."""
    judges = by_judge(judgings)
    by_key = {judge: {table.key: table for table in tables(own)} for judge, own in judges.items() if len(judges) > 1}
    for (one, ours), (other, theirs) in combinations(by_key.items(), 2):
        differ = ((key[0], _differing(table, theirs[key])) for key, table in ours.items() if key in theirs)
        if common := [(prompt_id, counts) for prompt_id, counts in differ if counts[1]]:
            yield _between(one, other, _by_prompt(common), seed)


def _differing(one: Table, other: Table) -> Array:
    """How many of the verdicts that both gave on the same differ, and how many these are."""
    ours, theirs = one.in_common(other)
    differ = ours + theirs - 2 * ours * theirs
    return np.array([np.nansum(differ), (~np.isnan(differ)).sum()])


def _between(one: Judge, other: Judge, sums: Sums, seed: int) -> Between:
    differ, n = sums.columns.sum(axis=0)
    value = Figure(float(differ / n))
    if len(sums.prompts) > 1:
        (drawn,) = totals(sums.columns, seed=seed)
        value = Figure(*estimate(value.value, drawn[:, 0] / drawn[:, 1], len(sums.prompts)))
    return Between(one, other, len(sums.prompts), int(n), value)


Values = Mapping[tuple[str, str], float]
"""What each unit is worth, by its prompt and its name."""


def values(judgings: Iterable[Judging], unit: Unit = "response") -> dict[tuple[str, str], float]:
    """The mean value of each response, or of each model's responses to a prompt."""
    found: dict[tuple[str, str], list[float]] = {}
    for table in tables(judgings):
        names, samples, whose = table.samples(table.values[:, :1], unit)
        for name, mean in zip(names, group_means(samples, whose)[1][:, 0].tolist(), strict=True):
            if not math.isnan(mean):
                found.setdefault((table.prompt_id, name), []).append(mean)
    return {place: math.fsum(several) / len(several) for place, several in found.items()}


def decisions(cheap: Values, reference: Values, *, seed: int = 0) -> list[Accuracy]:
    """How often one judge orders two units of a prompt as the reference does, by region of the reference.

    Half-credit is the decision accuracy: a tie is worth 1/2, and pairs that the reference ties are left out. No regions where
    no prompt has two units that both know.
    """
    prompts: dict[str, list[str]] = {}
    for prompt_id, name in reference:
        if (prompt_id, name) in cheap:
            prompts.setdefault(prompt_id, []).append(name)
    pools = [_pool(prompt_id, names, cheap, reference) for prompt_id, names in prompts.items()]
    return accuracies(pairs_of(pools), seed=seed) if any(len(pool.gold) > 1 for pool in pools) else []


def _pool(prompt_id: str, names: Sequence[str], cheap: Values, reference: Values) -> Pool:
    gold, scores = (tuple(of[prompt_id, name] for name in names) for of in (reference, cheap))
    return Pool(prompt_id, (None,) * len(names), gold, (scores,))


def decision_columns(judge: Judge, one: Accuracy) -> dict[str, Any]:
    """The figures of one region by name, None where there are no pairs."""
    found, matched = one.found, one.matched
    counts = {"prompts": one.prompts, "pairs": one.pairs, "wins": one.wins, "ties": one.ties, "losses": one.losses}
    figures = {
        "decision_accuracy": found and found.half_credit,
        "strict": found and found.strict,
        "matched": matched and matched.half_credit,
        "beyond_gap": one.beyond,
    }
    named = {"kind": "decision", "name": one.region.name, "judge": judge[0], "judging": judge[1]}
    return {**named, **counts, "reference_gap": one.gap, **_spread_all(figures)}
