"""Measure the agreement of verdicts with labels within criteria that several prompts share: kappa with chance across prompts.

Where each prompt has one response, no other response to it could give the chance that kappa within criteria needs. A rubric
that serves many prompts has the same criteria for all of them, so that the label of a response to any other prompt does. A
judge that knows which criteria are often met, and reads nothing, then has 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rubrictool.analysis.estimators.intervals import RESAMPLES, Figure
from rubrictool.analysis.estimators.resampling import Array, Places, drawn_counts, estimate, numbered
from rubrictool.analysis.labels.labelled_verdicts import LabelledVerdict, differing_pairs
from rubrictool.rows.joins import grouped


def shared_kappa(pairs: Sequence[LabelledVerdict], *, seed: int = 0, resamples: int = RESAMPLES) -> Figure | None:
    """Return kappa over the criteria that at least two prompts share, None where there is no such criterion.

    1 - differing / expected, at least -1: the expected number compares the verdict on a response with the label of another
    response to any prompt, same criterion. The interval is over prompts.
    """
    shared = _of_several_prompts(pairs)
    if not shared:
        return None
    prompts, of_prompt = numbered(pair.prompt_id for pair in shared)
    blocks = list(_blocks(shared, of_prompt))
    value = _kappa(blocks, np.ones((1, len(prompts))))[0]
    if np.isnan(value):
        return None
    drawn = [_kappa(blocks, counts) for _, counts in drawn_counts(len(prompts), seed=seed, resamples=resamples)]
    return estimate(float(value), np.concatenate(drawn), len(prompts), span=(-1, 1))


def _of_several_prompts(pairs: Sequence[LabelledVerdict]) -> list[LabelledVerdict]:
    """Return the pairs whose criterion at least two prompts share."""
    prompts: dict[str, set[str]] = {}
    for pair in pairs:
        if pair.shared:
            prompts.setdefault(pair.criterion, set()).add(pair.prompt_id)
    return [pair for pair in pairs if pair.shared and len(prompts[pair.criterion]) > 1]


class _Block(NamedTuple):
    """The counts of criteria that the same prompts share.

    `sums`, shape (prompts, 5 * criteria), are numbers of verdicts, of verdicts met, of labels met, the squares of both, and
    the squared differences of verdicts from their label. `own`, shape (prompts, 2 * criteria), counts the pairs of a verdict
    and a label on the same response: all of them, and by how much they differ.
    """

    prompts: Places
    sums: Array
    own: Array


def _blocks(pairs: Sequence[LabelledVerdict], of_prompt: Places) -> Iterator[_Block]:
    criteria, of_criterion = numbered(pair.criterion for pair in pairs)
    cells, of_cell = numbered(zip(of_criterion.tolist(), of_prompt.tolist(), strict=True))
    by_prompts = grouped((tuple(by_cell), by_cell) for by_cell in _cells_by_criterion(cells, len(criteria)))
    sums, own = _sums(pairs, of_cell), _own(pairs, of_cell)
    for prompts, criteria_of_block in by_prompts.items():
        places = np.array([list(by_cell.values()) for by_cell in criteria_of_block]).T
        flat = (columns[places].transpose(0, 2, 1).reshape(len(prompts), -1) for columns in (sums, own))
        yield _Block(np.array(prompts, dtype=np.intp), *flat)


def _cells_by_criterion(cells: dict[tuple[int, int], int], criteria: int) -> list[dict[int, int]]:
    """Return for each criterion the index of its cell by prompt, prompts in order."""
    found: list[dict[int, int]] = [{} for _ in range(criteria)]
    for (criterion, prompt), place in sorted(cells.items()):
        found[criterion][prompt] = place
    return found


def _sums(pairs: Sequence[LabelledVerdict], of_cell: Places) -> Array:
    """Return the columns of `_Block.sums` for each criterion of a prompt, shape (cells, 5)."""
    met, label = (np.array(column, dtype=float) for column in zip(*((p.met, p.label) for p in pairs), strict=True))
    columns = (np.ones_like(met), met, label, met**2 + label**2, (met - label) ** 2)
    return np.column_stack([np.bincount(of_cell, column) for column in columns])


def _own(pairs: Sequence[LabelledVerdict], of_cell: Places) -> Array:
    """Return the columns of `_Block.own` for each criterion of a prompt, shape (cells, 2)."""
    responses, of_response = numbered(zip(of_cell.tolist(), (pair.response_id for pair in pairs), strict=True))
    n, met, labels, squares, _ = _sums(pairs, of_response).T
    whose = np.array([cell for cell, _ in responses], dtype=np.intp)
    return np.column_stack([np.bincount(whose, n**2), np.bincount(whose, differing_pairs(n, met, labels, squares))])


def _kappa(blocks: Sequence[_Block], counts: Array) -> Array:
    """Return kappa for each resample, given how often it drew each prompt (columns); NaN where it is undefined."""
    observed, expected = np.zeros(len(counts)), np.zeros(len(counts))
    for block in blocks:
        drawn = counts[:, block.prompts]
        n, met, labels, squares, differ = np.split(drawn @ block.sums, 5, axis=1)
        # A response that was drawn several times is not another response to itself.
        own, own_differing = np.split(drawn**2 @ block.own, 2, axis=1)
        others = n**2 - own
        possible = others > 0
        by_chance = n * (differing_pairs(n, met, labels, squares) - own_differing) / np.where(possible, others, 1)
        observed += np.where(possible, differ, 0).sum(axis=1)
        expected += np.where(possible, by_chance, 0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.maximum(1 - observed / expected, -1.0))
