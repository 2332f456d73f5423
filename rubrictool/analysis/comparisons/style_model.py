"""Fit the logistic model of comparisons in which length or style has an effect: all systems that met one baseline.

logit P(system s beats the baseline on prompt i) = strength_s + difficulty_i + slope · z, with a penalty on difficulties alone.
The slope is shared by all systems: alone, a system that is always longer is extrapolated. (AlpacaEval 2 fits each system alone.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rubrictool.analysis.comparisons.directions import systems_of
from rubrictool.analysis.comparisons.existing_comparisons import Compared
from rubrictool.analysis.comparisons.text_styles import NO_COUNT, is_count
from rubrictool.analysis.comparisons.win_rate import credit
from rubrictool.analysis.estimators.resampling import Array
from rubrictool.errors import InputError
from rubrictool.rows.columns import own_columns
from rubrictool.rows.joins import grouped

PENALTY = 0.3
"""Weight of half the squared difficulty of a prompt."""

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
    counts = np.array([[[count_of(row, style, side) for side in "ab"] for style in styles] for row in rows])
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


def count_of(row: Compared, style: str, side: str) -> float:
    """Return what is counted of one response of a comparison. Raises `InputError` where no column has it."""
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


def at_limit(slopes: Array) -> NDArray[np.bool_]:
    """Return for each fit whether a slope has no most likely value, and ends at the largest that is tried."""
    return np.asarray((np.abs(slopes) > FARTHEST - PRECISION).any(axis=-1))
