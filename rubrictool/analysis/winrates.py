"""How often one side wins over prompts, how sure that is, and what it says of a threshold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rubrictool.analysis.intervals import Estimate, interval
from rubrictool.analysis.paired_tests import (
    detectable_difference,
    prompts_needed,
    sign_flip_test,
    sign_test,
    standard_deviation,
)
from rubrictool.rows.records import Comparison, Outcome, Winner
from rubrictool.rubric.weights import TIE

CREDIT: dict[Winner, float] = {"a": 1.0, "tie": 0.5, "b": 0.0}
"""What a comparison counts for `a`."""


@dataclass(frozen=True)
class WinRate:
    """How often `a` wins: fractions of 1 over prompts, a tie counting one half.

    `n` is the number of prompts; wins, losses, ties and flips (each order named another winner) count comparisons.
    `win_rate_ab` and `win_rate_ba` are the rates in each presentation order, None where the rows do not tell.
    `standard_error` is that of the mean over prompts (n - 1 in the denominator), None for one prompt. In
    `discrete_win_rate` a preference counts as the win, loss or half that it is nearest to. `sign_p` and `sign_flip_p` test
    whether the rate is one half; `detectable` is the smallest difference from it detectable with `n` prompts
    (power 80 %, two-sided test at 5 %).
    """

    win_rate: float
    low: float
    high: float
    n: int
    wins: int
    losses: int
    ties: int
    flips: int
    win_rate_ab: float | None
    win_rate_ba: float | None
    method: str
    standard_error: float | None
    discrete_win_rate: float
    sign_p: float
    sign_flip_p: float
    detectable: float

    @property
    def estimate(self) -> Estimate:
        """The rate with its interval."""
        return Estimate(self.win_rate, self.low, self.high)

    def columns(self) -> dict[str, Any]:
        """The figures by name."""
        return asdict(self)


def win_rate(outcomes: Iterable[Outcome | Comparison], *, seed: int = 0) -> WinRate:
    """The win rate of `a` with its 95 % interval, each prompt counting its mean. Raises `ValueError` for no rows."""
    rows = list(outcomes)
    credits = prompt_means((row.prompt_id, credit(row)) for row in rows)
    bounds = interval(credits, seed=seed)
    results = Counter(_result(credit(row)) for row in rows)
    deviation = standard_deviation(credits)
    return WinRate(
        win_rate=mean(credits),
        low=bounds.low,
        high=bounds.high,
        n=len(credits),
        wins=results["a"],
        losses=results["b"],
        ties=results["tie"],
        flips=sum(row.orders is not None and {row.orders.ab, row.orders.ba} == {"a", "b"} for row in rows),
        win_rate_ab=_order_rate(rows, "ab"),
        win_rate_ba=_order_rate(rows, "ba"),
        method=bounds.method,
        standard_error=None if deviation is None else deviation / len(credits) ** 0.5,
        discrete_win_rate=mean(prompt_means((row.prompt_id, CREDIT[_result(credit(row))]) for row in rows)),
        sign_p=sign_test([value - 0.5 for value in credits]),
        sign_flip_p=sign_flip_test([value - 0.5 for value in credits], seed=seed),
        detectable=detectable_difference(deviation or MOST_DEVIATION, len(credits)),
    )


MOST_DEVIATION = 0.5
"""What credits in [0, 1] can deviate from their mean at most; so much is supposed where prompts show no deviation."""


def credit(row: Outcome | Comparison) -> float:
    """What a comparison counts for `a`: 1, 0, one half for a tie, or the stated probability."""
    if row.winner is not None:
        return CREDIT[row.winner]
    assert isinstance(row, Outcome)
    assert row.preference is not None
    return row.preference


def prompt_means(credits: Iterable[tuple[str, float]]) -> list[float]:
    """The mean of each prompt's values, from pairs of prompt id and value."""
    by_prompt: dict[str, list[float]] = {}
    for prompt_id, value in credits:
        by_prompt.setdefault(prompt_id, []).append(value)
    return [mean(values) for values in by_prompt.values()]


def _result(value: float) -> Winner:
    return "tie" if abs(value - 0.5) <= TIE else "a" if value > 0.5 else "b"


def _order_rate(rows: list[Outcome | Comparison], order: str) -> float | None:
    if any(row.orders is None for row in rows):
        return None
    return mean(prompt_means((row.prompt_id, CREDIT[getattr(row.orders, order)]) for row in rows))


def mean(values: Collection[float]) -> float:
    """The mean of values, at least one."""
    return sum(values) / len(values)


Decision = Literal["shown", "worse", "not shown", "underpowered"]
"""What an interval says of a threshold: all above it, all below it, neither; or neither, with too few prompts."""


def decision(rate: WinRate, threshold: float, distance: float) -> Decision:
    """Return what the interval of a win rate says of a threshold. `distance` is the difference in question, 0 for none.

    "underpowered" is "not shown" with too few prompts: the smallest detectable difference is larger than `distance`.
    """
    if rate.low >= threshold:
        return "shown"
    if rate.high < threshold:
        return "worse"
    return "underpowered" if TIE < distance < rate.detectable else "not shown"


def prompts_to_show(rate: WinRate, distance: float) -> int:
    """How many prompts like these would show a difference of this size with a power of 80 %."""
    return prompts_needed((rate.standard_error or MOST_DEVIATION / rate.n**0.5) * rate.n**0.5, distance)
