"""By how much one of two systems scores higher on the same prompts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rubrictool.analysis.intervals import Estimate
from rubrictool.analysis.paired_tests import detectable_difference, sign_flip_test, standard_deviation
from rubrictool.analysis.winrates import mean, prompt_means
from rubrictool.rows.records import Comparison, Outcome, Row


@dataclass(frozen=True)
class ScoreDifference:
    """By how much `a` scores higher on the same prompts: the mean over prompts with its 95 % interval, in scores.

    `detectable` is the smallest difference detectable with `n` prompts (power 80 %), None where the prompts do not differ
    and so do not tell. `standard_error` is None for one prompt. `sign_flip_p` tests whether the mean is 0.
    """

    mean: float
    low: float
    high: float
    n: int
    standard_error: float | None
    sign_flip_p: float
    detectable: float | None

    @property
    def estimate(self) -> Estimate:
        """The mean with its interval."""
        return Estimate(self.mean, self.low, self.high)

    def columns(self) -> dict[str, Any]:
        """The figures by name."""
        return asdict(self)


def score_difference(outcomes: Iterable[Outcome | Comparison], *, seed: int = 0) -> ScoreDifference | None:
    """The paired difference of the scores in `score_a` and `score_b`, a prompt counting its mean; None where a row lacks them.

    The interval comes from resampling prompts. Where all prompts differ by the same, it allows for prompts that were not
    seen, within what the scores span.
    """
    rows = list(outcomes)
    scores = [scored for row in rows if (scored := _scores(row))]
    if not rows or len(scores) < len(rows):
        return None
    pairs = zip(rows, scores, strict=True)
    differences = prompt_means((row.prompt_id, one - other) for row, (one, other) in pairs)
    bounds = _resampled(differences, max(map(max, scores)) - min(map(min, scores)), seed)
    deviation, n = standard_deviation(differences), len(differences)
    return ScoreDifference(
        mean=bounds.value,
        low=bounds.low,
        high=bounds.high,
        n=n,
        standard_error=None if deviation is None else deviation / n**0.5,
        sign_flip_p=sign_flip_test(differences, seed=seed),
        detectable=detectable_difference(deviation, n) if deviation else None,
    )


def _scores(row: Row) -> tuple[float, float] | None:
    """The two scores of a comparison that was made by scores."""
    columns = (row.unknown().get(name) for name in ("score_a", "score_b"))
    # A row of someone else's may have other things in these columns, and true is no score.
    scores = [float(value) for value in columns if isinstance(value, int | float) and not isinstance(value, bool)]
    return (scores[0], scores[1]) if len(scores) == 2 else None


def _resampled(differences: Sequence[float], widest: float, seed: int) -> Estimate:
    import numpy as np

    from rubrictool.analysis.resampling import estimate, totals

    n = len(differences)
    (sums,) = totals(np.asarray(differences, dtype=float), seed=seed)
    return estimate(mean(differences), sums / n, n, span=(-widest, widest))
