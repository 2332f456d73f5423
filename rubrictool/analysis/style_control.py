"""Estimate win rates at equal length or style: one logistic model of all systems that met one baseline.

logit P(system s beats the baseline on prompt i) = strength_s + difficulty_i + slope · z, with a penalty on difficulties alone.
The slope is shared by all systems: alone, a system that is always longer is extrapolated. (AlpacaEval 2 fits each system alone.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rubrictool.analysis.directions import systems_of
from rubrictool.analysis.existing_comparisons import Compared, read_comparisons
from rubrictool.analysis.intervals import ENOUGH_FOR_INTERVAL, ENOUGH_TO_RELY_ON, Figure, estimate_columns
from rubrictool.analysis.prompt_means import mean
from rubrictool.analysis.resampling import Array, drawn_counts, varies
from rubrictool.analysis.text_styles import NO_COUNT, STYLES, Control, counted_comparisons, is_count
from rubrictool.analysis.win_rate import ThresholdDecision, credit, interval_decision
from rubrictool.analysis.win_rates import common_opponent
from rubrictool.errors import InputError
from rubrictool.rows.columns import own_columns
from rubrictool.rows.frames import frame
from rubrictool.rows.joins import grouped
from rubrictool.rows.jsonl import Source, opened
from rubrictool.rubric.weights import TIE

if TYPE_CHECKING:
    import pandas

PENALTY = 0.3
"""Weight of half the squared difficulty of a prompt."""

RESAMPLED_FITS = 2_000

FITTED_AT_ONCE = 100_000
"""Values of comparisons in the resamples that are fitted together: as many as stay in a processor's cache."""

ENOUGH_TO_CONTROL = 60
"""Fewest prompts for an interval without a warning: of 15 to 40 it holds the truth in 85 to 92 % of simulated worlds."""

MOST_SEPARATED = 0.025
"""Largest share of resamples in which what is held equal decides every comparison: of more, they are an end of the interval."""

LEAST_SHARE, ENOUGH_SYSTEMS = 0.2, 8
"""Share of prompts on which a system must be longer, and shorter, to be estimated; not asked of 8 systems that share a slope."""

MOST_STEPS, LONGEST_STEP, PRECISION, STEADY, FARTHEST = 60, 2.0, 1e-7, 1e-9, 15.0
"""Newton steps at most, the longest, the step at which to stop, what is added to the diagonal, the largest strength or slope."""


class Fit(NamedTuple):
    """Strengths, slopes and difficulties: the last axis has systems, styles and prompts; more axes may be in front."""

    strengths: Array
    slopes: Array
    difficulties: Array


class StyleTable(NamedTuple):
    """Comparisons by prompt (row) and slot (column): the k-th comparison of a system on a prompt has its k-th slot.

    `weights` are 1 / the system's comparisons on the prompt, 0 where there is none. `styles` has a third axis, what is held
    equal; `owners` has a row for each slot and a column for each system, 1 where the slot is the system's.
    """

    names: tuple[str, ...]
    credits: Array
    weights: Array
    styles: Array
    owners: Array

    @property
    def met(self) -> Array:
        """Return 1 where a system (column) was compared on a prompt (row), else 0."""
        return np.asarray(self.weights @ self.owners > 0, dtype=float)


@dataclass(frozen=True)
class ControlledRate:
    """The win rate of a system at equal length or style, beside the raw one.

    `controlled` is None for a system that is refused, for the `reason`; `longer` and `shorter` are the shares of its prompts.
    `strength` is None where the system only won, or only lost.
    """

    system: str
    prompts: int
    win_rate: float
    controlled: Figure | None
    strength: float | None
    longer: float
    shorter: float
    reason: str = ""

    def decision(self, threshold: float) -> ThresholdDecision:
        """Return what the controlled interval says of a threshold; none, and one of fewer than 10 prompts, decides nothing."""
        if self.controlled is None or self.prompts < ENOUGH_TO_RELY_ON:
            return "not shown"
        return interval_decision(self.controlled.low, self.controlled.high, threshold)

    def columns(self) -> dict[str, Any]:
        """Return the figures by name."""
        found = dict(vars(self)) | {"reason": self.reason or None}
        return found | estimate_columns("controlled", found.pop("controlled"))


@dataclass(frozen=True)
class ControlledReport:
    """The win rates of systems against one baseline at equal length or style, with the slope of each thing held equal.

    `counted` is what was counted from the texts, length in characters; the rest was taken from columns, in their unit. In
    `separated` of the resamples what is held equal decides every comparison, so that their rates are arbitrary; where there are
    more than 2.5 %, or fewer than 5 prompts, there are no intervals, for the reason in `no_intervals`.
    """

    systems: tuple[ControlledRate, ...]
    slopes: Mapping[str, Figure]
    baseline: str | None = None
    counted: tuple[str, ...] = ()
    separated: int = 0
    no_intervals: str = ""

    def rows(self) -> list[dict[str, Any]]:
        """Return the columns of each system."""
        return [one.columns() for one in self.systems]

    def to_frame(self) -> pandas.DataFrame:
        """Return the rows as a pandas table."""
        return frame(self.rows())

    def figures(self) -> dict[str, Any]:
        """Return all figures as JSON values."""
        slopes = {name: estimate_columns("slope", slope) for name, slope in self.slopes.items()}
        told = {"counted": list(self.counted), "separated": self.separated, "no_intervals": self.no_intervals or None}
        return {"baseline": self.baseline, **told, "slopes": slopes, "systems": self.rows()}


def controlled_win_rates(
    comparisons: Source, control: Control = "length", *, responses: Source | None = None, seed: int = 0
) -> ControlledReport:
    """Return the win rate of each system at equal length, or at equal length, headings, list items and bold spans.

    They are taken from columns (`length_a`, `headings_a`, `list_items_a`, `bold_spans_a` and those of b), else counted from the
    texts in the rows or in `responses`, by prompt and response id. All systems are compared with one baseline. Prompts are
    drawn again with `seed`, with the rows of all systems, for intervals.

    Raises `InputError` for rows with neither, with weights, and for systems without one baseline.
    """
    source = opened(comparisons, "comparisons")
    rows, counted = counted_comparisons(read_comparisons(source).rows, control, source, responses)
    return control_comparisons(rows, control, counted=counted, seed=seed)


def control_comparisons(
    rows: Sequence[Compared],
    control: Control,
    *,
    baseline: str | None = None,
    counted: tuple[str, ...] = (),
    seed: int = 0,
) -> ControlledReport:
    """Return the controlled win rates of comparisons with counts; of those with the baseline where one is given."""
    if any(row.columns().get("weight") is not None for row in rows):
        raise InputError("comparisons: weight: a controlled rate counts every prompt alike; leave the weights out")
    rows = [row for row in rows if baseline is None or systems_of(row).b == baseline]
    baseline = baseline or _baseline(rows)
    table = style_table(rows, STYLES[control])
    found = fit(table)
    missing = _not_resampled(table)
    again = None if missing else _resampled(table, found, seed)
    separated = int(_at_limit(again.slopes).sum()) if again else 0
    missing = missing or _too_many(separated)
    drawn = None if missing else again
    rates = _figures(controlled(table, found), drawn and drawn.rates, table.met.sum(axis=0))
    slopes = _figures(found.slopes, drawn and drawn.slopes, [len(table.credits)] * len(found.slopes))
    systems = grouped((systems_of(row).a, row) for row in rows)
    refusable = len(table.names) < ENOUGH_SYSTEMS
    decided = _SEPARATED if _at_limit(found.slopes) else ""
    return ControlledReport(
        tuple(
            _rate(name, systems[name], rate, float(strength), refusable=refusable, separated=decided)
            for name, rate, strength in zip(table.names, rates, found.strengths, strict=True)
        ),
        dict(zip(STYLES[control], slopes, strict=True)),
        baseline,
        counted,
        separated,
        missing,
    )


def _at_limit(slopes: Array) -> NDArray[np.bool_]:
    """Return for each fit whether a slope has no most likely value, and ends at the largest that is tried."""
    return np.asarray((np.abs(slopes) > FARTHEST - PRECISION).any(axis=-1))


def _not_resampled(table: StyleTable) -> str:
    """Return why resamples would say nothing, empty where they do."""
    if len(table.credits) < ENOUGH_FOR_INTERVAL:
        return f"fewer than {ENOUGH_FOR_INTERVAL} prompts"
    won, met = ((table.weights * credits).sum(axis=0) @ table.owners for credits in (table.credits, 1))
    return "each system only won, or only lost" if ((won <= TIE) | (met - won <= TIE)).all() else ""


def _too_many(separated: int) -> str:
    """Return why so many separated resamples give no intervals, empty where they do."""
    if separated <= MOST_SEPARATED * RESAMPLED_FITS:
        return ""
    return (
        f"in {separated:,} of {RESAMPLED_FITS:,} resamples what is controlled for alone decides every comparison; give more"
        " prompts"
    )


_SEPARATED = (
    "what is controlled for alone decides every comparison, so that nothing tells how it would be if that were equal"
)


def _baseline(rows: Sequence[Compared]) -> str | None:
    pairs = list(dict.fromkeys(map(systems_of, rows)))
    found = common_opponent(pairs)
    if len(pairs) > 1 and found is None:
        raise InputError("comparisons: systems are controlled against one baseline; keep the comparisons with one")
    return found


def _rate(
    name: str, rows: Sequence[Compared], rate: Figure, strength: float, *, refusable: bool, separated: str
) -> ControlledRate:
    by_prompt = list(grouped((row.prompt_id, row) for row in rows).values())
    differences = [[_count(row, "length", "a") - _count(row, "length", "b") for row in some] for some in by_prompt]
    longer, shorter = (mean([mean([float(sign * d > 0) for d in some]) for some in differences]) for sign in (1, -1))
    raw = mean([mean([credit(row) for row in some]) for some in by_prompt])
    refused = separated or (_refused(longer, shorter) if refusable else "")
    return ControlledRate(
        system=name,
        prompts=len(by_prompt),
        win_rate=raw,
        controlled=None if refused else rate,
        strength=strength if 0 < raw < 1 else None,
        longer=longer,
        shorter=shorter,
        reason=refused,
    )


def _refused(longer: float, shorter: float) -> str:
    """Return why a system has no controlled rate; empty where it has one."""
    if min(longer, shorter) >= LEAST_SHARE:
        return ""
    return (
        f"longer on {longer:.0%} of its prompts and shorter on {shorter:.0%}: with fewer than {ENOUGH_SYSTEMS} systems"
        f" each needs {LEAST_SHARE:.0%}, or its rate at equal length is extrapolated"
    )


def style_table(rows: Sequence[Compared], styles: Sequence[str]) -> StyleTable:
    """Return the table of comparisons. Raises `InputError` for rows without the columns of `styles`."""
    names = {name: place for place, name in enumerate(dict.fromkeys(systems_of(row).a for row in rows))}
    prompts = {name: place for place, name in enumerate(dict.fromkeys(row.prompt_id for row in rows))}
    met = grouped(((systems_of(row).a, row.prompt_id), place) for place, row in enumerate(rows))
    slots = {
        slot: place
        for place, slot in enumerate(
            dict.fromkeys((system, k) for (system, _), some in met.items() for k in range(len(some)))
        )
    }
    values = _styles(rows, styles)
    credits, weights = np.zeros((2, len(prompts), len(slots)))
    held = np.zeros((len(prompts), len(slots), len(styles)))
    for (system, prompt), some in met.items():
        for k, row in enumerate(some):
            at = prompts[prompt], slots[system, k]
            credits[at], weights[at], held[at] = credit(rows[row]), 1 / len(some), values[row]
    owners = np.zeros((len(slots), len(names)))
    for (system, _), place in slots.items():
        owners[place, names[system]] = 1
    return StyleTable(tuple(names), credits, weights, held, owners)


def _styles(rows: Sequence[Compared], styles: Sequence[str]) -> Array:
    """Return what is held equal (columns) of each comparison: length by the spread of its system, others by that of all."""
    counts = np.array([[[_count(row, style, side) for side in "ab"] for style in styles] for row in rows])
    a, b = counts[..., 0], counts[..., 1]
    found = np.divide(a - b, a + b, out=np.zeros_like(a), where=a + b > 0)
    found /= _spread(found)
    systems = np.array([systems_of(row).a for row in rows])
    for name in dict.fromkeys(systems):
        of_system = systems == name
        differences = (a - b)[of_system, 0]
        found[of_system, 0] = np.tanh(differences / _spread(differences))
    return np.asarray(found)


def _spread(values: Array) -> Array:
    """Return the standard deviation along the first axis, infinite where nothing differs: such a column counts 0."""
    found = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1:])
    return np.where(found > 0, found, np.inf)


def _count(row: Compared, style: str, side: str) -> float:
    value = own_columns(row).get(f"{style}_{side}")
    if not is_count(value):
        raise InputError(f"comparisons: {row.prompt_id}: {style}_{side}: {NO_COUNT}; add the column, or correct it")
    return float(value)


def fit(table: StyleTable, times: Array | None = None, start: Fit | None = None) -> Fit:
    """Return the most likely strengths, slopes and difficulties, by Newton's method (difficulties by Schur's complement).

    `times` says how often each prompt was drawn, shape (fits, prompts), for many fits at once; once for one fit without it.
    """
    drawn = np.ones((1, len(table.credits))) if times is None else times
    found = start or Fit(*(np.zeros(n) for n in (len(table.names), table.styles.shape[-1], len(table.credits))))
    state = Fit(*(np.broadcast_to(part, (len(drawn), part.shape[-1])) for part in found))
    for _ in range(MOST_STEPS):
        step = _step(table, drawn, state)
        before, state = (
            state,
            Fit(*(np.clip(part + move, -FARTHEST, FARTHEST) for part, move in zip(state, step, strict=True))),
        )
        if all(np.abs(part - old).max() < PRECISION for part, old in zip(state, before, strict=True)):
            break
    return Fit(*(part[0] for part in state)) if times is None else state


def _step(table: StyleTable, drawn: Array, state: Fit) -> Fit:
    systems = len(table.names)
    logits = (state.strengths @ table.owners.T)[..., None, :] + state.difficulties[..., None]
    p = _chance(logits + np.einsum("psk,rk->rps", table.styles, state.slopes))
    left, spread = table.weights * (table.credits - p), table.weights * p * (1 - p)
    pull = left.sum(axis=-1) - PENALTY * state.difficulties
    firmness = spread.sum(axis=-1) + PENALTY
    cross = np.concatenate([spread @ table.owners, np.einsum("rps,psk->rpk", spread, table.styles)], axis=-1)
    share = (drawn / firmness)[..., None] * cross
    known = _information(table, drawn, spread) - np.swapaxes(share, -1, -2) @ cross
    gradient = _columns(table, drawn[..., None] * left) - (share * pull[..., None]).sum(axis=-2)
    move = np.linalg.solve(known + STEADY * np.eye(known.shape[-1]), gradient[..., None])[..., 0]
    # Each by itself: a strength on its way to infinity must not hold up the others.
    move = np.clip(move, -LONGEST_STEP, LONGEST_STEP)
    own = (pull - (cross @ move[..., None])[..., 0]) / firmness
    return Fit(move[..., :systems], move[..., systems:], own)


def _columns(table: StyleTable, values: Array) -> Array:
    """Return values of comparisons added up by the columns of the model: systems, then what is held equal."""
    by_style = np.einsum("rps,psk->rk", values, table.styles, optimize=True)
    return np.concatenate([values.sum(axis=-2) @ table.owners, by_style], axis=-1)


def _information(table: StyleTable, drawn: Array, spread: Array) -> Array:
    """Return the information on strengths and slopes at known difficulties; a comparison is of one system alone."""
    counted, systems = drawn[..., None] * spread, len(table.names)
    size = systems + table.styles.shape[-1]
    found = np.zeros((len(drawn), size, size))
    found[:, range(systems), range(systems)] = counted.sum(axis=-2) @ table.owners
    for k in range(systems, size):
        found[:, k] = _columns(table, counted * table.styles[..., k - systems])
        found[:, :, k] = found[:, k]
    return found


def _chance(logits: Array) -> Array:
    return np.asarray(0.5 + 0.5 * np.tanh(logits / 2))


def controlled(table: StyleTable, found: Fit, times: Array | None = None) -> Array:
    """Return the win rate of each system at equal style: the mean over its prompts, as often as they were drawn."""
    chances = _chance(found.strengths[..., None, :] + found.difficulties[..., None])
    counted = table.met if times is None else times[..., None] * table.met
    total = counted.sum(axis=-2)
    won = (chances * counted).sum(axis=-2)
    return np.asarray(np.divide(won, total, out=np.full(total.shape, np.nan), where=total > 0))


class _Resampled(NamedTuple):
    """The rates and slopes of resamples of the prompts (rows)."""

    rates: Array
    slopes: Array


def _resampled(table: StyleTable, start: Fit, seed: int) -> _Resampled:
    """Return resamples of the prompts, each fitted again; a prompt drawn twice counts as two."""
    size, rates, slopes = max(1, FITTED_AT_ONCE // table.styles.size), [], []
    for _, drawn in drawn_counts(len(table.credits), seed=seed, resamples=RESAMPLED_FITS):
        for first in range(0, len(drawn), size):
            times = drawn[first : first + size]
            found = fit(table, times, start)
            rates.append(controlled(table, found, times))
            slopes.append(found.slopes)
    return _Resampled(np.concatenate(rates), np.concatenate(slopes))


def _figures(values: Array, drawn: Array | None, prompts: Sequence[float]) -> list[Figure]:
    """Return values with the percentiles of their resamples, without these where there are none, or few prompts."""
    if drawn is None:
        return [Figure(float(value)) for value in values]
    return [_figure(float(value), own, n) for value, own, n in zip(values, drawn.T, prompts, strict=True)]


def _figure(value: float, drawn: Array, prompts: float) -> Figure:
    if prompts < ENOUGH_FOR_INTERVAL or not varies(drawn):
        return Figure(value)
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Figure(value, min(value, float(low)), max(value, float(high)))
