"""Measure what soft verdicts buy: the simulated judge with and without them, on rubrics that ask for every point there is.

The table stands in docs/judges.md. A policy writes 16 responses to each of 200 prompts; their quality is known, and the rubric
asks for each point with its weight, so that all errors are the judge's. A calibration is fitted on 30 other prompts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rubrictool.analysis.labels.calibration_fit import best_temperature
from rubrictool.rows.calibrations import scaled
from rubrictool.rubric.weights import TIE
from rubrictool.simulation import SimulatedJudge, World, attributes, policy, worth
from rubrictool.simulation.draws import Numbers
from rubrictool.simulation.world import Shows, what_shows

PROMPTS, LABELLED, RESPONSES = range(200), range(200, 230), 16

ERRORS = (0.05, 0.15, 0.3)

JUDGES = (
    ("yes or no", None, False),
    ("soft", 1.0, False),
    ("soft, 3 times too sure", 3.0, False),
    ("the same, calibrated", 3.0, True),
)


class Case(NamedTuple):
    """The worth of the responses to one prompt, and the verdicts on them: true ones, and those of a judge."""

    quality: Numbers
    true: Shows
    given: Numbers
    weights: Numbers

    @property
    def score(self) -> Numbers:
        """The score of each response."""
        found: Numbers = self.given @ self.weights / self.weights.sum()
        return found


def cases(world: World, sureness: float | None, prompts: Iterable[int] = PROMPTS) -> Iterator[Case]:
    """One case for each prompt."""
    judge = SimulatedJudge(world, "per-criterion", sureness=sureness)
    for number in prompts:
        prompt = f"p{number}"
        ids, shows = what_shows(world, prompt, policy(world), RESPONSES)
        points = [place for place, one in enumerate(attributes(world, prompt)) if one.kind != "style"]
        texts = [f"Shows the {attributes(world, prompt)[place].name}." for place in points]
        weights = np.array([attributes(world, prompt)[place].weight for place in points], dtype=float)
        met = judge.judged(prompt, texts, ids, shows).astype(float)
        given = met if sureness is None else judge.chances(prompt, texts, ids, shows)
        yield Case(worth(world, prompt, shows), shows[:, points], given, weights)


def calibrated(world: World, sureness: float | None) -> Iterator[Case]:
    """The cases with probabilities at the temperature that labels for other prompts give."""
    temperature = best_temperature(*_verdicts(list(cases(world, sureness, LABELLED))))
    for case in cases(world, sureness):
        yield case._replace(given=np.vectorize(scaled)(case.given, temperature))


def row(several: Sequence[Case]) -> list[float]:
    """Accuracy and AUC of verdicts; of pairs, half-credit and the share tied; tops that are tied; the quality of the best."""
    given, labels = _verdicts(several)
    true = labels > 0
    orders = np.concatenate([_orders(one) for one in several])
    return [
        float(np.mean((given > 0.5) == true)),
        _auc(given, true),
        float(np.mean((orders > 0) + 0.5 * (orders == 0))),
        float(np.mean(orders == 0)),
        float(np.mean([np.sum(one.score >= one.score.max() - TIE) > 1 for one in several])),
        float(np.mean([one.quality[one.score >= one.score.max() - TIE].mean() / one.quality.max() for one in several])),
    ]


def _verdicts(several: Sequence[Case]) -> tuple[Numbers, Numbers]:
    """All verdicts, and whether each criterion is met, 1 or 0."""
    given, true = (np.concatenate([getattr(one, name).ravel() for one in several]) for name in ("given", "true"))
    return given, true.astype(float)


def _orders(case: Case) -> Numbers:
    """Return how the scores order each pair whose quality differs: 1 rightly, 0 tied, -1 the other way."""
    gap = case.quality[:, None] - case.quality[None, :]
    ahead = (case.score[:, None] - case.score[None, :])[gap > TIE]
    return np.where(np.abs(ahead) <= TIE, 0.0, np.sign(ahead))


def _auc(given: Numbers, true: Shows) -> float:
    """The chance that a verdict on what is met is above one on what is not, ties counted one half."""
    _, places, counts = np.unique(given, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    met = int(true.sum())
    return float((ranks[true].sum() - met * (met + 1) / 2) / (met * (len(given) - met)))


HEADS = ("judge errs on", "verdicts", "right", "AUC", "half-credit", "pairs tied", "top tied", "best of 16")


def table() -> None:
    """Print the table."""
    print(f"\n| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}")
    for error in ERRORS:
        for name, sureness, fitted in JUDGES:
            found = row(list((calibrated if fitted else cases)(World(judge_error=error), sureness)))
            print(f"| {error:.0%} | {name} | {' | '.join(f'{one:.3f}' for one in found)} |")
    print()


if __name__ == "__main__":
    table()
