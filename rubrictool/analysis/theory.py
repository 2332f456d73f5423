"""What a policy gains by optimising a reward that is partly wrong, and how far from its base it goes for that.

After "Chasing the Tail" (arXiv 2509.21500): Proposition 1, Theorem 1, Figure 2. Optimising a proxy reward r under a KL penalty
`beta` reweights base responses by exp(r / beta). KL is in nats; a win rate is the chance to beat a base response, ties one half.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt

from rubrictool.rubric.weights import TIE

FloatArray = npt.NDArray[np.float64]

Reals = TypeVar("Reals", float, FloatArray)

Values = Sequence[float] | npt.NDArray[Any]

Wrong = Literal["none", "all", "top", "worst"]

MOST_KL = 700
"""Beyond this KL, in nats, `beta` would be below what floats hold."""

_FLAT, _STEEP = 1e-200, 1e308
"""The least and the greatest 1 / beta that are computed with: beyond them nothing changes."""

_SMALL = 0.1
"""Below this 1 / beta, power series: the closed forms subtract numbers that are almost equal."""

_NODES = (np.arange(8192) + 0.5) / 8192
"""Where `win_rate_under` looks: the middles of equal shares of an optimised policy's responses."""


class Point(NamedTuple):
    """A place in the plane of Figure 2: KL from the base policy in nats, and the win rate against it."""

    kl: float
    win_rate: float


# Theorem 1: the proxy ranks a continuum of responses without ties.


def kl(beta: Reals) -> Reals:
    """KL in nats of the policy optimised at `beta` > 0, whatever the proxy gets wrong (Theorem 1); shaped like `beta`.

    Proxy scores are uniform on (0, 1), so `beta` is in units of the proxy's quantile; infinity is the base policy itself.
    Raises `ValueError` where `beta` is not above 0.
    """
    betas = np.asarray(beta, dtype=float)
    if not np.all(betas > 0):
        raise ValueError("beta must be above 0")
    return _like(beta, _kl(1 / np.clip(betas, 1 / _STEEP, 1 / _FLAT)))


def beta_for_kl(kl: Reals) -> Reals:
    """The `beta` whose policy has this KL, the inverse of `kl`; infinity for 0; shaped like `kl`.

    Raises `ValueError` where `kl` is not in 0..700.
    """
    tilt = _tilt(kl)
    return _like(kl, np.where(np.asarray(kl) == 0, math.inf, 1 / tilt))


def win_rate(kl: Reals, wrong: Wrong = "none", *, share: float | None = None) -> Reals:
    """The win rate, which is also the mean gold quantile, at a KL for the mappings of Figure 2a; shaped like `kl`.

    `wrong` is what the proxy ranks in reverse: nothing, all, or only the `share` of base responses whose gold reward is
    highest (`top`) or lowest (`worst`). Raises `ValueError` for a KL outside 0..700, and for a share outside 0..1, missing,
    or out of place.
    """
    return _like(kl, _win_rate(_tilt(kl), _segments(wrong, share)))


def win_rate_under(kl: Reals, gold: Callable[[FloatArray], FloatArray]) -> Reals:
    """The win rate at a KL for any mapping, by numeric integration of Theorem 1 (to about 1e-4); shaped like `kl`.

    `gold(u)`, elementwise, is the mean gold quantile of base responses at proxy quantile u: the inverse of the paper's f,
    or, since the integral is linear, its mean where the proxy is noisy. Raises `ValueError` as `win_rate` does.
    """
    tilt = _tilt(kl)[..., np.newaxis]
    # Where the quantiles of the base go under optimisation: the inverse of its cdf, so that no density overflows.
    reached = 1 + np.log1p((1 - _NODES) * np.expm1(-tilt)) / tilt
    return _like(kl, gold(np.clip(reached, 0, 1)).mean(axis=-1))


def envelope(kl: Reals, correct: float) -> Reals:
    """The lowest win rate at a KL that a proxy can have which ranks the top share `correct` right (Figure 2b); shaped like `kl`.

    By the rearrangement inequality that is the proxy which reverses the rest. Raises `ValueError` as `win_rate` does.
    """
    return win_rate(kl, "worst", share=1 - correct)


def peak(wrong: Wrong, *, share: float | None = None) -> Point:
    """Where a mapping of Figure 2a has its highest win rate: optimising further makes the policy worse.

    A KL of infinity says that the win rate never peaks but rises to 1; a KL of 0 that the base policy is the best.
    Raises `ValueError` for a share outside 0..1, missing, or out of place.
    """
    segments = _segments(wrong, share)
    if segments[-1].right:
        return Point(math.inf, 1.0)
    # The sign of the slope at KL 0: the covariance of proxy and gold is (1 - 2 sum of the reversed lengths cubed) / 12.
    if 2 * sum(segment.length**3 for segment in segments if not segment.right) >= 1:
        return Point(0.0, 0.5)
    tilt = _highest(segments)
    return Point(float(_kl(tilt)), float(_win_rate(tilt, segments)))


def best_of_n(n: int) -> Point:
    """The best of `n` base responses by a proxy that is right and never ties: win rate n / (n + 1), KL log n - (n - 1) / n.

    Raises `ValueError` where `n` is below 1.
    """
    _check_draws(n)
    return Point(math.log(n) - (n - 1) / n, n / (n + 1))


# Proposition 1 on a sample: proxy scores may tie, as rubric scores do.


@dataclass(frozen=True)
class Optimised:
    """What an optimised policy gets, where a sample of responses to one prompt stands for the base policy.

    `reward` is the mean gold reward. `ceiling` is the KL that no optimisation of this proxy can pass: log(n / k) nats, where
    k of the n responses tie at its top (log n without ties). `effective_size`, 1 / sum of squared weights, is how many
    responses the figures rest on: from n down to k.
    """

    win_rate: float
    reward: float
    kl: float
    ceiling: float
    effective_size: float


def optimised(proxy: Values, gold: Values, *, beta: float) -> Optimised:
    """What optimising `proxy` at `beta` > 0 gains on a sample: Proposition 1 with the sample as the base policy.

    `proxy` and `gold`, both of shape (n,), are the scores and the true rewards of n responses to one prompt; average the
    results over prompts. `beta` is in units of the proxy. Values within 1e-9 are tied, and a tie is half a win. Raises
    `ValueError` for samples that are empty, not finite or of different length, and where `beta` is not above 0.
    """
    scores, rewards = _columns(proxy, gold)
    ties = _ties(scores)
    return _gains(ties, _tilted(ties.masses, ties.values, beta), rewards)


def best_of(proxy: Values, gold: Values, *, n: int) -> Optimised:
    """What the best of `n` draws by `proxy` gains, exactly, ties broken at random; draws are with replacement.

    So the sample stands for the base policy, as in `optimised`, and `n` may exceed its size. Raises `ValueError` as
    `optimised` does, and where `n` is below 1.
    """
    _check_draws(n)
    scores, rewards = _columns(proxy, gold)
    ties = _ties(scores)
    return _gains(ties, np.diff(np.cumsum(ties.counts / len(scores)) ** n, prepend=0.0), rewards)


class Levels(NamedTuple):
    """A proxy with ties: the distinct scores it gives, each with a share of base responses; all of shape (k,).

    `masses` are the shares, which add up to 1; `values` the scores; `quantiles` the mean gold quantiles at each level.
    """

    masses: Values
    values: Values
    quantiles: Values


def levels(proxy: Values, gold: Values) -> Levels:
    """The levels of a proxy on a sample, lowest first. Ties and errors as in `optimised`."""
    scores, rewards = _columns(proxy, gold)
    ties = _ties(scores)
    quantiles = np.bincount(ties.level, weights=_mid_ranks(rewards)) / ties.counts
    return Levels(ties.masses, ties.values, quantiles)


def optimised_levels(levels: Levels, *, beta: float) -> Point:
    """What optimising a proxy with ties at `beta` > 0, in units of its values, leads to (Proposition 1).

    Raises `ValueError` for levels that are empty, not finite, of different length or whose masses are not shares of 1, and
    where `beta` is not above 0.
    """
    masses, values, quantiles = _checked(levels)
    chosen = _tilted(masses, values, beta)
    return Point(_divergence(chosen, masses), float(chosen @ quantiles))


def ceiling(levels: Levels) -> Point:
    """Where a proxy with ties ends as beta goes to 0: KL log(1 / m) and the mean gold quantile, of the share m at its top.

    Raises `ValueError` as `optimised_levels` does.
    """
    masses, values, quantiles = _checked(levels)
    top = values >= values.max() - TIE
    mass = float(masses[top].sum())
    return Point(max(0.0, -math.log(mass)), float(masses[top] @ quantiles[top]) / mass)


# The continuum. A uniform variable under the density exp(tilt * u) stays so on each segment, scaled: no overflow anywhere.


class _Segment(NamedTuple):
    """Base responses between two gold quantiles, which the proxy puts in this same place, in the right order or reversed."""

    start: float
    stop: float
    right: bool

    @property
    def length(self) -> float:
        return self.stop - self.start


def _segments(wrong: Wrong, share: float | None) -> list[_Segment]:
    """The segments of a mapping of Figure 2, lowest first, none of them empty."""
    if wrong in ("none", "all"):
        if share is not None:
            raise ValueError("a share goes with `top` and `worst` only")
        return [_Segment(0.0, 1.0, wrong == "none")]
    if share is None or not 0 <= share <= 1:
        raise ValueError(f"`{wrong}` needs a share from 0 to 1")
    cut = 1 - share if wrong == "top" else share
    both = [_Segment(0.0, cut, wrong == "top"), _Segment(cut, 1.0, wrong == "worst")]
    return [segment for segment in both if segment.length > 0]


def _win_rate(tilt: FloatArray, segments: Sequence[_Segment]) -> FloatArray:
    parts = (_mass(tilt, segment) * _mean_gold(tilt, segment) for segment in segments)
    return sum(parts, start=np.zeros_like(tilt))


def _mass(tilt: FloatArray, segment: _Segment) -> FloatArray:
    """The share of an optimised policy's responses that lie in a segment."""
    ends_below_top = np.exp(-tilt * (1 - segment.stop))
    return ends_below_top * np.expm1(-tilt * segment.length) / np.expm1(-tilt)


def _mean_gold(tilt: FloatArray, segment: _Segment) -> FloatArray:
    """The mean gold quantile of an optimised policy's responses within a segment."""
    along = _mean(tilt * segment.length)
    return segment.start + segment.length * (along if segment.right else 1 - along)


def _mean(tilt: FloatArray) -> FloatArray:
    """The mean of a uniform variable under the density exp(tilt * u), from 1/2 to 1."""
    small, tilt = np.minimum(tilt, _SMALL), np.maximum(tilt, _FLAT)
    series = 1 / 2 + small / 12 - small**3 / 720 + small**5 / 30240 - small**7 / 1209600
    return np.where(tilt < _SMALL, series, -1 / np.expm1(-tilt) - 1 / tilt)


def _kl(tilt: FloatArray) -> FloatArray:
    """KL of the density exp(tilt * u) from the uniform one."""
    small, rest = np.minimum(tilt, _SMALL), -np.expm1(-tilt)
    series = small**2 / 24 - small**4 / 960 + small**6 / 36288 - small**8 / 1382400
    return np.where(tilt < _SMALL, series, tilt * np.exp(-tilt) / rest - 1 - np.log(rest) + np.log(tilt))


def _tilt(kl: float | FloatArray) -> FloatArray:
    """The tilt, 1 / beta, of a KL, by halving the interval of its logarithm."""
    wanted = np.asarray(kl, dtype=float)
    if not np.all((wanted >= 0) & (wanted <= MOST_KL)):
        raise ValueError(f"a KL must lie between 0 and {MOST_KL}")
    # KL is at most tilt**2 / 24 and above log(tilt) - 1.
    low, high = np.log(np.maximum(np.sqrt(24 * wanted), _FLAT)), wanted + 1
    for _ in range(64):
        middle = (low + high) / 2
        below = _kl(np.exp(middle)) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(np.exp((low + high) / 2))


def _highest(segments: Sequence[_Segment]) -> FloatArray:
    """The tilt at which a win rate with a single peak has it, by finer and finer grids."""
    low, high = math.log(1e-3), math.log(1e3 / segments[-1].length)
    for _ in range(6):
        grid = np.linspace(low, high, 101)
        best = int(np.argmax(_win_rate(np.exp(grid), segments)))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 100)]
    return np.asarray(math.exp((low + high) / 2))


def _like(given: Reals, found: FloatArray) -> Reals:
    """What was found as a float where a number was given."""
    return cast(Reals, float(found) if np.ndim(given) == 0 else found)


# Samples and levels.


class _Ties(NamedTuple):
    """The distinct values of a column, lowest first; how many have each; and the place of each row's value among them."""

    values: FloatArray
    counts: npt.NDArray[np.intp]
    level: npt.NDArray[np.intp]

    @property
    def masses(self) -> FloatArray:
        return self.counts / len(self.level)


def _ties(column: FloatArray) -> _Ties:
    ordered = np.sort(column)
    values = ordered[np.diff(ordered, prepend=-math.inf) > TIE]
    level = np.searchsorted(values, column, side="right") - 1
    return _Ties(values, np.bincount(level), level)


def _mid_ranks(column: FloatArray) -> FloatArray:
    """For each row the share of rows below it, half of its ties included."""
    ties = _ties(column)
    return (np.cumsum(ties.masses) - ties.masses / 2)[ties.level]


def _tilted(masses: FloatArray, values: FloatArray, beta: float) -> FloatArray:
    """The share of each level under the policy optimised at `beta`."""
    if not beta > 0:
        raise ValueError("beta must be above 0")
    with np.errstate(over="ignore"):
        shares: FloatArray = masses * np.exp((values - values.max()) / beta)
    return shares / np.sum(shares)


def _gains(ties: _Ties, chosen: FloatArray, gold: FloatArray) -> Optimised:
    """What a policy gets that gives each level of the proxy a share, equal for all responses on it."""
    weights = (chosen / ties.counts)[ties.level]
    return Optimised(
        win_rate=float(weights @ _mid_ranks(gold)),
        reward=float(weights @ gold),
        kl=_divergence(chosen, ties.masses),
        ceiling=math.log(len(gold) / ties.counts[-1]),
        effective_size=float(1 / (weights @ weights)),
    )


def _divergence(chosen: FloatArray, base: FloatArray) -> float:
    """KL of one distribution over levels from another, in nats; rounding never makes it negative."""
    some = chosen > 0
    return max(0.0, float(chosen[some] @ np.log(chosen[some] / base[some])))


def _checked(levels: Levels) -> tuple[FloatArray, ...]:
    masses, values, quantiles = _columns(*levels)
    if not (np.all(masses > 0) and abs(masses.sum() - 1) <= TIE):
        raise ValueError("masses must be above 0 and add up to 1")
    if not np.all((quantiles >= 0) & (quantiles <= 1)):
        raise ValueError("quantiles must lie between 0 and 1")
    return masses, values, quantiles


def _columns(*columns: Values) -> tuple[FloatArray, ...]:
    """Columns as arrays of one shape (n,)."""
    arrays = tuple(np.asarray(column, dtype=float) for column in columns)
    if arrays[0].ndim != 1 or len({array.shape for array in arrays}) != 1:
        raise ValueError("columns must be flat and of one length")
    if not arrays[0].size or not all(np.isfinite(array).all() for array in arrays):
        raise ValueError("columns must be finite and not empty")
    return arrays


def _check_draws(n: int) -> None:
    if n < 1:
        raise ValueError("the best of n needs an n of at least 1")
