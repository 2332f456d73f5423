"""Share a value of sets of players out among the players (Shapley 1953)."""

from __future__ import annotations

from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rubrictool.analysis.estimators.resampling import Array

Sets = NDArray[np.bool_]

EXACT = 10
"""Most players whose every set is looked at; of more, sets are drawn."""

ORDERS = 200
"""Orders of many players that are drawn; each is walked from both ends."""


class Coalitions(NamedTuple):
    """Sets of players, shape (sets, players), and what the value of each counts in a player's share, shape (players, sets).

    All players, none, each alone and all but each are always among the sets.
    """

    sets: Sets
    counts: Array

    def place(self, members: Sets) -> int:
        """Return the place of one of the sets."""
        return int(np.flatnonzero((self.sets == members).all(axis=1))[0])


def coalitions(players: int, *, seed: int = 0) -> Coalitions:
    """Return the sets of players whose values give the Shapley values: exactly up to 10 players, else by drawn orders.

    The share of a player is the mean over orders of what it adds to those before it. Shares always sum up to the value of all
    less that of none.
    """
    return _every_set(players) if players <= EXACT else _drawn_sets(players, np.random.default_rng(seed))


def _every_set(players: int) -> Coalitions:
    sets = (np.arange(2**players)[:, None] >> np.arange(players) & 1).astype(bool)
    sizes = sets.sum(axis=1)
    # One over the number of orders in which just these come before the player: |S|! (n - |S| - 1)! / n!
    chance = np.array([1 / (players * comb(players - 1, size)) for size in range(players)] + [0.0])
    return Coalitions(sets, np.where(sets.T, chance[sizes - 1], -chance[sizes]))


def _drawn_sets(players: int, draws: np.random.Generator) -> Coalitions:
    orders = np.array([draws.permutation(players) for _ in range(ORDERS)])
    orders = np.vstack([orders, orders[:, ::-1]])
    # Those that stand among the first k, for k = 0 .. n: shape (orders, n + 1, players).
    before = np.argsort(orders, axis=1)[:, None, :] < np.arange(players + 1)[:, None]
    alone = np.eye(players, dtype=bool)
    sets, places = np.unique(np.vstack([before.reshape(-1, players), alone, ~alone]), axis=0, return_inverse=True)
    of_orders = places.ravel()[: before.shape[0] * before.shape[1]].reshape(before.shape[:2])
    counts = np.zeros((players, len(sets)))
    np.add.at(counts, (orders, of_orders[:, 1:]), 1 / len(orders))
    np.add.at(counts, (orders, of_orders[:, :-1]), -1 / len(orders))
    return Coalitions(sets, counts)
