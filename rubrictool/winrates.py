"""Which of two responses is better, in both orders, and how often one side wins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rubrictool.intervals import interval
from rubrictool.records import Comparison, Orders, Outcome, Prompt, Reasons, Response, Rubric, Winner
from rubrictool.replies import Side
from rubrictool.roles import Comparer, Judge
from rubrictool.rubrics import TIE
from rubrictool.run import all_of
from rubrictool.scoring import score

_CREDIT: dict[Winner, float] = {"a": 1.0, "tie": 0.5, "b": 0.0}
_SHOWN_AB: dict[Side, Winner] = {"first": "a", "second": "b", "tie": "tie"}
_SHOWN_BA: dict[Side, Winner] = {"first": "b", "second": "a", "tie": "tie"}


async def compare(prompt: Prompt, a: Response, b: Response, judge: Comparer) -> Comparison:
    """Which of two responses wins; a winner must win in both presentation orders, all else is a tie.

    Raises `ModelFailure`.
    """
    ab, ba = await all_of(judge.prefer(prompt, a, b), judge.prefer(prompt, b, a))
    orders = Orders(ab=_SHOWN_AB[ab.side], ba=_SHOWN_BA[ba.side])
    winner = orders.ab if orders.ab == orders.ba else "tie"
    told = {"reasons": Reasons(ab=ab.reason, ba=ba.reason)} if ab.reason or ba.reason else {}
    return Comparison(prompt_id=prompt.id, a=a.id, b=b.id, winner=winner, orders=orders, judge=judge.name, **told)


async def compare_by_rubric(prompt: Prompt, a: Response, b: Response, judge: Judge, rubric: Rubric) -> Comparison:
    """Which of two responses has the higher score under a rubric; scores within 1e-9 are tied.

    Neither is shown beside the other, so there is one order only. Raises `ModelFailure`.
    """
    one, other = await all_of(*(score(prompt, rubric, response, judge) for response in (a, b)))
    winner = _higher(one.score, other.score)
    return Comparison(
        prompt_id=prompt.id, a=a.id, b=b.id, winner=winner, orders=Orders(ab=winner, ba=winner), judge=judge.name
    )


def _higher(a: float, b: float) -> Winner:
    return "tie" if abs(a - b) <= TIE else "a" if a > b else "b"


@dataclass(frozen=True)
class WinRate:
    """How often `a` wins: fractions of 1 over prompts, a tie counting one half.

    `n` is the number of prompts; wins, losses, ties and flips (each order named another winner) count comparisons.
    `win_rate_ab` and `win_rate_ba` are the rates in each presentation order, None where the rows do not tell.
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

    def columns(self) -> dict[str, Any]:
        """The figures by name."""
        return asdict(self)


def win_rate(outcomes: Iterable[Outcome | Comparison], *, seed: int = 0) -> WinRate:
    """The win rate of `a` with its 95 % interval, each prompt counting its mean. Raises `ValueError` for no rows."""
    rows = list(outcomes)
    per_prompt = _prompt_means((row.prompt_id, credit(row)) for row in rows)
    bounds = interval(list(per_prompt.values()), seed=seed)
    results = Counter(_result(credit(row)) for row in rows)
    return WinRate(
        win_rate=sum(per_prompt.values()) / len(per_prompt),
        low=bounds.low,
        high=bounds.high,
        n=len(per_prompt),
        wins=results["a"],
        losses=results["b"],
        ties=results["tie"],
        flips=sum(row.orders is not None and {row.orders.ab, row.orders.ba} == {"a", "b"} for row in rows),
        win_rate_ab=_order_rate(rows, "ab"),
        win_rate_ba=_order_rate(rows, "ba"),
        method=bounds.method,
    )


def credit(row: Outcome | Comparison) -> float:
    """What a comparison counts for `a`: 1, 0, one half for a tie, or the stated probability."""
    if row.winner is not None:
        return _CREDIT[row.winner]
    assert isinstance(row, Outcome)
    assert row.preference is not None
    return row.preference


def _prompt_means(credits: Iterable[tuple[str, float]]) -> dict[str, float]:
    by_prompt: dict[str, list[float]] = {}
    for prompt_id, value in credits:
        by_prompt.setdefault(prompt_id, []).append(value)
    return {prompt_id: sum(values) / len(values) for prompt_id, values in by_prompt.items()}


def _result(value: float) -> Winner:
    return "tie" if abs(value - 0.5) <= TIE else "a" if value > 0.5 else "b"


def _order_rate(rows: list[Outcome | Comparison], order: str) -> float | None:
    if any(row.orders is None for row in rows):
        return None
    means = _prompt_means((row.prompt_id, _CREDIT[getattr(row.orders, order)]) for row in rows)
    return sum(means.values()) / len(means)
