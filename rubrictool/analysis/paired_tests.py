"""Whether two systems differ on the same prompts: paired tests over prompts, and how small a difference so many can show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rubrictool.analysis.intervals import FEW_VALUES, Z95

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Z80 = 0.8416212335729143
"""The normal quantile of a power of 80 %."""

FLIPS = 9_999
"""Drawn patterns of signs; with the one that was seen, 10,000."""

ALL_PATTERNS = 13
"""So many differences have no more patterns of signs than would be drawn, so all are looked at."""

SAME = 1e-9
"""Differences no farther from 0 than this are ties."""


def sign_test(differences: Sequence[float]) -> float:
    """The exact two-sided p-value of the sign test: that a prompt is won as likely as lost.

    `differences` holds one number for each prompt; ties are left out, and without any others the p-value is 1. Twice the
    smaller binomial tail with chance one half, at most 1 (Dixon and Mood 1946).
    """
    won, lost = (sum(sign * one > SAME for one in differences) for sign in (1, -1))
    n, tail, term = won + lost, 0, 1
    for k in range(min(won, lost) + 1):
        tail += term
        term = term * (n - k) // (k + 1)
    return min(1.0, 2 * tail / (1 << n))


def sign_flip_test(differences: Sequence[float], *, seed: int = 0) -> float:
    """The two-sided p-value of the sign-flip test: that a difference is as likely as its opposite (Fisher 1935).

    `differences` holds one number for each prompt. The p-value is the share of sign patterns whose mean is at least as far
    from 0 as the one seen: of all patterns where at most 13 prompts differ, else of 9,999 drawn ones and the one seen
    (Phipson and Smyth 2010), so that it is never 0. Without a difference it is 1.
    """
    kept = [one for one in differences if abs(one) > SAME]
    if not kept:
        return 1.0
    import numpy as np

    sizes = np.abs(np.asarray(kept, dtype=float))
    seen = abs(math.fsum(kept)) - SAME * float(sizes.sum())
    if len(kept) <= ALL_PATTERNS:
        return float(np.mean(_all_sums(sizes) >= seen))
    return (1 + int((_drawn_sums(sizes, seed) >= seen).sum())) / (FLIPS + 1)


def _all_sums(sizes: Array) -> Array:
    """The sum under each pattern of signs, without its own sign."""
    import numpy as np

    patterns = np.arange(2 ** len(sizes))[:, None] >> np.arange(len(sizes)) & 1
    return np.abs((2 * patterns - 1) @ sizes)


def _drawn_sums(sizes: Array, seed: int) -> Array:
    """The same for patterns drawn with the seed, in blocks, so that memory stays bounded."""
    import numpy as np

    draws, n = np.random.default_rng(seed), len(sizes)
    different, times = np.unique(sizes, return_counts=True)

    def some(patterns: int) -> Array:
        # Where sizes recur, as those of wins do, how many of a size keep their sign is quicker told than which.
        if FEW_VALUES * len(different) < n:
            return np.asarray((2 * draws.binomial(times, 0.5, size=(patterns, len(times))) - times) @ different)
        return np.asarray((2 * draws.integers(0, 2, size=(patterns, n), dtype=np.int8) - 1) @ sizes)

    block = max(1, 2_000_000 // n)
    sums: Array = np.concatenate([some(min(block, FLIPS - done)) for done in range(0, FLIPS, block)])
    return np.abs(sums)


def standard_deviation(values: Sequence[float]) -> float | None:
    """How far single values lie from their mean, with n - 1 in the denominator; None for fewer than two."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def detectable_difference(deviation: float, prompts: int) -> float:
    """The minimum detectable difference of a mean over so many prompts, in the unit of `deviation`.

    A true difference of this size would be shown with a power of 80 % by a two-sided test at 5 %:
    `(z(.975) + z(.8)) * deviation / sqrt(prompts)`, which is `2.80 * deviation / sqrt(prompts)` (Cohen 1988, section 2).
    `deviation` is the standard deviation over prompts.
    """
    return (Z95 + Z80) * deviation / math.sqrt(prompts)


def prompts_needed(deviation: float, difference: float) -> int:
    """How many prompts it takes until a difference of this size is detectable: the formula above, solved for them."""
    return math.ceil(((Z95 + Z80) * deviation / difference) ** 2)
