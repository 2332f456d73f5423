"""Let dimensions interact in a score: two that are both needed, or of which one suffices.

A Choquet integral of pairs (2-additive, Grabisch 1997): of dimensions with importances phi, which add up to 1, and values x it is
sum(phi_k x_k) - 1/2 sum(I_kl |x_k - x_l|). With I above 0 the lower of two counts more (both are needed), below 0 the higher (one
suffices). It rises in each value as long as no dimension's importance is below half the sum of its |I|.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Interactions = Mapping[tuple[str, str], float]
"""The interaction of two dimensions, by their names in order."""

SPELLING = "DIMENSION,DIMENSION=I (-2 <= I <= 2, not 0)"

ROUNDING = 1e-9


def interaction(text: str) -> tuple[tuple[str, str], float] | None:
    """Return the two dimensions and the interaction that a text such as `facts,style=0.3` names.

    None for a text that ends in no number. Raises `ValueError` for a text with a number that names no interaction.
    """
    names, _, number = text.rpartition("=")
    try:
        value = float(number)
    except ValueError:
        return None
    one, comma, other = (part.strip() for part in names.partition(","))
    if not (one and comma and other) or "," in other or one == other or not 0 < abs(value) <= 2:
        raise ValueError(f"{text!r} is no interaction of two dimensions; write {SPELLING}")
    return (min(one, other), max(one, other)), value


def effect(interactions: Interactions, values: Mapping[str, float]) -> float:
    """Return what interactions add to the weighted mean of dimensions; a dimension that has no value interacts with none."""
    return (
        -sum(
            value * abs(values[one] - values[other])
            for (one, other), value in interactions.items()
            if one in values and other in values
        )
        / 2
    )


def check(interactions: Interactions, weights: Mapping[str, float], possible: float) -> None:
    """Raise `ValueError` where a score would fall although more is met: where a dimension interacts by more than it weighs.

    `weights` are the positive weights of the dimensions, `possible` is that of all criteria.
    """
    for name, weight in weights.items():
        strength = math.fsum(
            abs(value) for pair, value in interactions.items() if name in pair and {*pair} <= weights.keys()
        )
        if weight / possible < strength / 2 - ROUNDING:
            raise ValueError(
                f"the dimension {name} has {weight / possible:.3g} of the positive weight, and its interactions {strength:.3g}"
                " together: half of that is more, so that a score would fall where more is met; make them weaker"
            )


def spelled(interactions: Interactions) -> Sequence[str]:
    """Return the texts that name the interactions."""
    return [f"{one},{other}={value!r}".removesuffix(".0") for (one, other), value in interactions.items()]
