"""What judges said of responses, once or again and again: prompt by prompt as arrays that figures are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Literal, NamedTuple

import numpy as np

from rubrictool.analysis.resampling import Array, Places, numbered
from rubrictool.analysis.signal_noise import group_means

Unit = Literal["response", "model"]
"""What signal is between: responses, each with its repeated judgings, or models, each with its responses."""

Judge = tuple[str, str]
"""Who judged, and how it was asked."""


class AskedCriterion(NamedTuple):
    """A criterion as a judging holds it; `given` is one that the judge did not decide then, such as a check."""

    name: str
    dimension: str | None = None
    weight: float = 1.0
    given: bool = False


class Judging(NamedTuple):
    """What one judge said of one response one time: which criteria are met, and what it scores.

    `met` has one verdict for each of `asked` (None: not judged), which judgings by one rubric share; `value` is the score,
    None where it cannot be told.
    """

    judge: Judge
    rubric: str
    prompt_id: str
    response_id: str
    writer: str
    asked: tuple[AskedCriterion, ...]
    met: tuple[bool | None, ...]
    value: float | None


def by_judge(judgings: Iterable[Judging]) -> dict[Judge, list[Judging]]:
    """The judgings of each judge."""
    found: dict[Judge, list[Judging]] = {}
    for judging in judgings:
        found.setdefault(judging.judge, []).append(judging)
    return found


def tables(judgings: Iterable[Judging]) -> list[Table]:
    """What one judge said, prompt by prompt and rubric by rubric: what is judged by another rubric is no repetition."""
    found: dict[tuple[str, str], list[Judging]] = {}
    for judging in judgings:
        found.setdefault((judging.prompt_id, judging.rubric), []).append(judging)
    return [Table(rows) for rows in found.values()]


class Table:
    """The judgings of one prompt by one judge under one rubric, as arrays with one row per judging.

    `met` has one column for each of `criteria` (1, 0, NaN for none), and `drawn` tells which of it the judge gave then;
    `values` are the score and what each of `dimensions` is worth (NaN where that cannot be told). `criteria` and
    `response_ids` have their places, `dimensions` those of their criteria; `responses` are the judgings' places.
    """

    def __init__(self, rows: Sequence[Judging]) -> None:
        self.prompt_id, self.rubric = rows[0].prompt_id, rows[0].rubric
        self.response_ids, self.responses = numbered(row.response_id for row in rows)
        self._writers = {row.response_id: row.writer for row in rows}
        value = np.array([np.nan if row.value is None else row.value for row in rows])
        self.asked = list(dict.fromkeys(row.asked for row in rows))
        self.criteria, _ = numbered(one.name for asked in self.asked for one in asked)
        self.dimensions = _dimensions(self.asked, self.criteria)
        self.met, worth = (
            np.full((len(rows), len(self.criteria)), np.nan),
            np.full((len(rows), len(self.dimensions)), np.nan),
        )
        self.drawn = np.zeros(self.met.shape, dtype=bool)
        for asked in self.asked:
            own = [place for place, row in enumerate(rows) if row.asked == asked]
            cells = np.ix_(own, [self.criteria[one.name] for one in asked])
            self.met[cells] = met = np.array([rows[place].met for place in own], dtype=float)
            self.drawn[cells] = [not one.given for one in asked]
            worth[own] = _worth(asked, tuple(self.dimensions), met)
        self.values = np.column_stack([value, worth])

    @property
    def key(self) -> tuple[str, str]:
        """The prompt and the rubric, of which a judge has one table."""
        return self.prompt_id, self.rubric

    def inside(self) -> Array:
        """Which criteria (columns) all together and each dimension (rows) have, 1 or 0."""
        found = np.zeros((1 + len(self.dimensions), len(self.criteria)))
        found[0] = 1.0
        for row, own in enumerate(self.dimensions.values(), start=1):
            found[row, own] = 1.0
        return found

    def shares(self) -> Array:
        """How often each response meets each criterion, NaN where it was not judged: response by criterion."""
        return group_means(self.met, self.responses)[1]

    def in_common(self, other: Table) -> tuple[Array, Array]:
        """How often each of the two judges says met where both gave verdicts: arrays by response and criterion."""
        responses = [name for name in self.response_ids if name in other.response_ids]
        criteria = [name for name in self.criteria if name in other.criteria]
        return self._drawn_shares(responses, criteria), other._drawn_shares(responses, criteria)

    def _drawn_shares(self, responses: Sequence[str], criteria: Sequence[str]) -> Array:
        shares = group_means(np.where(self.drawn, self.met, np.nan), self.responses)[1]
        rows, columns = [self.response_ids[name] for name in responses], [self.criteria[name] for name in criteria]
        return np.asarray(shares[np.ix_(rows, columns)])

    def samples(self, columns: Array, unit: Unit) -> tuple[Iterable[str], Array, Places]:
        """The units' names, their samples, and whose each sample is.

        They are the judgings of a response, or the responses of a model, each with its mean.
        """
        if unit == "response":
            return self.response_ids, columns, self.responses
        models, whose = numbered(self._writers[name] for name in self.response_ids)
        return models, group_means(columns, self.responses)[1], whose


def _dimensions(several: Iterable[Sequence[AskedCriterion]], places: Mapping[str, int]) -> dict[str, list[int]]:
    """By dimension, sorted, the places of its criteria."""
    found: dict[str, dict[int, None]] = {}
    for one in chain.from_iterable(several):
        if one.dimension:
            found.setdefault(one.dimension, {})[places[one.name]] = None
    return {name: list(found[name]) for name in sorted(found)}


def _worth(asked: tuple[AskedCriterion, ...], dimensions: tuple[str, ...], met: Array) -> Array:
    """What each dimension is worth in each judging: `sum(w met) / sum(|w|)`, NaN where not all its criteria were judged."""
    shares = _shares_of(asked, dimensions)
    unknown = np.isnan(met).astype(float) @ (shares != 0) > 0
    return np.where(unknown | ~shares.any(axis=0), np.nan, np.nan_to_num(met) @ shares)


@lru_cache(maxsize=4096)
def _shares_of(asked: tuple[AskedCriterion, ...], dimensions: tuple[str, ...]) -> Array:
    """The share of its dimension's weight that each criterion has: criterion by dimension, 0 where it is not in it."""
    weights = np.array([[one.weight if one.dimension == name else 0.0 for name in dimensions] for one in asked])
    weights = weights.reshape(len(asked), len(dimensions))
    # By the largest first: a sum of large weights may be more than a number can hold.
    weights = weights / np.maximum(np.abs(weights).max(axis=0, initial=0), _LEAST)
    return np.asarray(weights / np.maximum(np.abs(weights).sum(axis=0), _LEAST))


_LEAST = np.finfo(float).tiny
