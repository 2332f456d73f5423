"""Shape a score: stretch the top, where good responses lie close together.

The order of responses stays. What changes are differences, and so the advantages that a group-relative trainer makes of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

STEEPEST = 100.0
"""Largest K: beyond it everything but the best is 0 to the last digit."""

SPELLING = f"exp:K (0 < K <= {STEEPEST:g})"


@dataclass(frozen=True)
class Shaping:
    """The function (e^(k x) - 1) / (e^k - 1) of a score x; scores of 0 and below stay as they are."""

    steepness: float

    def __call__(self, score: float) -> float:
        """Return the shaped score."""
        return score if score <= 0 else math.expm1(self.steepness * score) / math.expm1(self.steepness)

    def __str__(self) -> str:
        return f"exp:{self.steepness:g}"


def is_shaping(text: str) -> bool:
    """Return whether a text is meant to name a shaping, be it wrong."""
    return text.startswith("exp:")


def shaping(text: str) -> Shaping:
    """Return the shaping that a text such as `exp:4` names. Raises `ValueError` where it names none."""
    name, _, number = text.partition(":")
    try:
        steepness = float(number)
    except ValueError:
        steepness = math.nan
    if name != "exp" or not 0 < steepness <= STEEPEST:
        raise ValueError(f"{text!r} is no shaping; write {SPELLING}")
    return Shaping(steepness)
