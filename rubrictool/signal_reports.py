"""Signal and noise of all that was judged: by judge, dimension, prompt and criterion, between judges, and in decisions."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any, Literal, NamedTuple

import numpy as np

from rubrictool.intervals import RESAMPLES
from rubrictool.pair_accuracy import Accuracy, accuracies, pairs_of
from rubrictool.resampling import estimate, totals
from rubrictool.signal_noise import TARGET, Figure, Part, Signal, Verdicts, phis, signal_noise
from rubrictool.tails import Pool

Unit = Literal["response", "model"]
"""What signal is between: responses, each with its repeated judgings, or models, each with its responses."""

Judge = tuple[str, str]
"""Who judged, and how it was asked."""


@dataclass(frozen=True)
class Judging:
    """What one judge said of one response one time: which criteria are met (None: not judged), and what it scores.

    `value` is the score, None where it cannot be told; `dimensions` are the values of the dimensions of which all criteria
    are judged; `dimension_of` names the dimension of each criterion, None for one without.
    """

    judge: Judge
    rubric: str
    prompt_id: str
    response_id: str
    writer: str
    met: Mapping[str, bool | None]
    value: float | None
    dimensions: Mapping[str, float]
    dimension_of: Mapping[str, str | None]


class Place(NamedTuple):
    """What figures are about: a `kind` (`judge`, `dimension`, `prompt` or `criterion`) and the `name` of one.

    `prompt_id` and `rubric` are None where there are several.
    """

    kind: str
    name: str
    judge: Judge
    prompt_id: str | None = None
    rubric: str | None = None


@dataclass(frozen=True)
class Told:
    """The figures of one place. `closest` is the criterion that a criterion goes along with most, and its phi."""

    place: Place
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


_Tables = Mapping[tuple[str, str], Sequence[Judging]]
"""The judgings of one judge by prompt and rubric: what is judged by another rubric is no repetition."""


def signals(
    judgings: Iterable[Judging], *, unit: Unit = "response", target: float = TARGET, seed: int = 0
) -> Iterator[Told]:
    """The figures of each judge: its own, those of the dimensions, of the prompts, and of the criteria.

    A criterion of a rubric that serves several prompts is one criterion over all of them.
    """
    for judge, own in by_judge(judgings).items():
        tables = _tables(own)
        for place, parts, closest in _places(judge, tables, unit):
            yield Told(place, signal_noise(parts, target=target, seed=seed), closest)


def by_judge(judgings: Iterable[Judging]) -> dict[Judge, list[Judging]]:
    """The judgings of each judge."""
    found: dict[Judge, list[Judging]] = {}
    for judging in judgings:
        found.setdefault(judging.judge, []).append(judging)
    return found


def _tables(judgings: Iterable[Judging]) -> _Tables:
    found: dict[tuple[str, str], list[Judging]] = {}
    for judging in judgings:
        found.setdefault((judging.prompt_id, judging.rubric), []).append(judging)
    return found


_Found = tuple[Place, list[Part], tuple[str, float] | None]


def _places(judge: Judge, tables: _Tables, unit: Unit) -> Iterator[_Found]:
    """What there is to tell of a judge: each place with what is known of it."""
    whole = {table: _part(rows, _value, _criteria_of(rows), unit) for table, rows in tables.items()}
    yield Place("judge", judge[0], judge), list(whole.values()), None
    for name in sorted({name for row in chain(*tables.values()) for name in row.dimension_of.values() if name}):
        held = [rows for rows in tables.values() if _within(rows, name)]
        parts = [_part(rows, _of_dimension(name), _within(rows, name), unit) for rows in held]
        yield Place("dimension", name, judge), parts, None
    for (prompt_id, rubric), part in whole.items():
        yield Place("prompt", prompt_id, judge, prompt_id, rubric), [part], None
    yield from _criteria(judge, tables, whole, unit)


def _criteria(judge: Judge, tables: _Tables, whole: Mapping[tuple[str, str], Part], unit: Unit) -> Iterator[_Found]:
    for (rubric, _), own in _by_rubric(tables).items():
        closest = _closest([whole[table].verdicts for table in own])
        prompt_id = own[0][0] if len(own) == 1 else None
        for name in _criteria_of([row for table in own for row in tables[table]]):
            parts = [_part(tables[table], _of_criterion(name), [name], unit) for table in own]
            yield Place("criterion", name, judge, prompt_id, rubric), parts, closest.get(name)


def _by_rubric(tables: _Tables) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """The tables of each rubric; where no row names one, each prompt has its own."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for prompt_id, rubric in tables:
        found.setdefault((rubric, "" if rubric else prompt_id), []).append((prompt_id, rubric))
    return found


_ValueOf = Callable[[Judging], float | None]


def _value(judging: Judging) -> float | None:
    return judging.value


def _of_dimension(name: str) -> _ValueOf:
    return lambda judging: judging.dimensions.get(name)


def _of_criterion(name: str) -> _ValueOf:
    return lambda judging: None if (met := judging.met.get(name)) is None else float(met)


def _criteria_of(rows: Iterable[Judging]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.met))


def _within(rows: Iterable[Judging], dimension: str) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name, of in row.dimension_of.items() if of == dimension))


def _part(rows: Sequence[Judging], value_of: _ValueOf, criteria: Collection[str], unit: Unit) -> Part:
    return Part(rows[0].prompt_id, list(_units(rows, value_of, unit).values()), _verdicts(rows, criteria))


def _units(rows: Sequence[Judging], value_of: _ValueOf, unit: Unit) -> dict[str, list[float]]:
    """The samples of each unit: the judgings of a response, or the responses of a model, each with its mean."""
    responses: dict[str, list[float]] = {}
    for row in rows:
        if (value := value_of(row)) is not None:
            responses.setdefault(row.response_id, []).append(value)
    if unit == "response":
        return responses
    models: dict[str, list[float]] = {}
    writers = {row.response_id: row.writer for row in rows}
    for response_id, samples in responses.items():
        models.setdefault(writers[response_id], []).append(_mean(samples))
    return models


def _mean(samples: Sequence[float]) -> float:
    return math.fsum(samples) / len(samples)


def _verdicts(rows: Sequence[Judging], criteria: Collection[str]) -> Verdicts:
    found: dict[str, dict[str, list[bool]]] = {name: {} for name in criteria}
    for row in rows:
        for name in criteria:
            if (met := row.met.get(name)) is not None:
                found[name].setdefault(row.response_id, []).append(met)
    return found


def _closest(verdicts: Sequence[Verdicts]) -> dict[str, tuple[str, float]]:
    """By criterion the one that it goes along with most, and the mean phi over the prompts in which both differ."""
    found: dict[tuple[str, str], list[float]] = {}
    for of in verdicts:
        for (one, other), phi in phis(of).items():
            found.setdefault((one, other), []).append(phi)
            found.setdefault((other, one), []).append(phi)
    closest: dict[str, tuple[str, float]] = {}
    for (one, other), several in found.items():
        phi = _mean(several)
        if one not in closest or phi > closest[one][1]:
            closest[one] = (other, phi)
    return closest


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
    shares = {judge: _shares(own) for judge, own in by_judge(judgings).items()}
    for (one, ours), (other, theirs) in combinations(shares.items(), 2):
        if common := [place for place in ours if place in theirs]:
            differ = [(place[0], ours[place] + theirs[place] - 2 * ours[place] * theirs[place]) for place in common]
            yield _between(one, other, differ, seed)


def _shares(judgings: Iterable[Judging]) -> dict[tuple[str, ...], float]:
    """The share of verdicts that say met, by prompt, rubric, response and criterion."""
    found: dict[tuple[str, ...], list[bool]] = {}
    for judging in judgings:
        for name, met in judging.met.items():
            if met is not None:
                found.setdefault((judging.prompt_id, judging.rubric, judging.response_id, name), []).append(met)
    return {place: sum(several) / len(several) for place, several in found.items()}


def _between(one: Judge, other: Judge, differ: Sequence[tuple[str, float]], seed: int) -> Between:
    sums: dict[str, tuple[float, int]] = {}
    for prompt_id, share in differ:
        total, n = sums.get(prompt_id, (0.0, 0))
        sums[prompt_id] = total + share, n + 1
    counts = np.array(list(sums.values()))
    value = float(counts[:, 0].sum() / len(differ))
    if len(sums) == 1:
        return Between(one, other, 1, len(differ), Figure(value))
    (drawn,) = totals(counts, seed=seed, resamples=RESAMPLES)
    spread = estimate(value, drawn[:, 0] / drawn[:, 1], len(sums))
    return Between(one, other, len(sums), len(differ), Figure(*spread))


Values = Mapping[tuple[str, str], float]
"""What each unit is worth, by its prompt and its name."""


def values(judgings: Iterable[Judging], unit: Unit = "response") -> dict[tuple[str, str], float]:
    """The mean value of each response, or of each model's responses to a prompt."""
    found: dict[tuple[str, str], list[float]] = {}
    for (prompt_id, _), rows in _tables(judgings).items():
        for name, samples in _units(rows, _value, unit).items():
            found.setdefault((prompt_id, name), []).append(_mean(samples))
    return {place: _mean(several) for place, several in found.items()}


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
