"""Measure on simulated judges what levels, abstaining, several samples and a drawn order of the criteria buy.

The table stands in docs/judges.md. Each of ten criteria is met by a response wholly, in half or not at all, and the quality of a
response is the mean of that. A judge sees how much is met through noise, of which a half is the same in each sample, and answers
what is nearest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rubrictool.judging.criteria_order import drawn_order
from rubrictool.judging.repeated_judge import majority
from rubrictool.rows.levels import Level, of_level
from rubrictool.rows.records import Criterion, Prompt, Response
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.weights import TIE, score

PROMPTS, RESPONSES, CRITERIA = 100, 8, 10

NOISE = 0.4
"""Standard deviation of what a judge sees of a criterion, which counts 1; by place, from half of it to one and a half."""

UNSURE = 0.15
"""Distance from the border between yes and no below which a judge that may abstain does."""

LEVELS = tuple(Level(label=label, value=value) for label, value in (("none", 0), ("half", 0.5), ("full", 1)))

Numbers = np.ndarray

MET: Numbers = np.random.default_rng(0).choice([0.0, 0.5, 1.0], size=(PROMPTS * RESPONSES, CRITERIA))
SHARED: Numbers = np.random.default_rng(1).normal(size=MET.shape)


@dataclass(frozen=True)
class Asked:
    """The way in which a judge is asked; with `by_place` it sees the criteria less clearly the later they are shown."""

    levels: bool = False
    abstain: bool = False
    samples: int = 1
    by_place: bool = False
    shuffled: bool = False

    @property
    def criteria(self) -> list[Criterion]:
        """The criteria, as they are asked about."""
        levels = LEVELS if self.levels else None
        return [Criterion(id=f"c{n}", criterion=f"Says {n}.", weight=1, levels=levels) for n in range(CRITERIA)]

    def places(self, row: int, sample: int) -> list[int]:
        """The place of each criterion in the question about a response, from 0."""
        if not self.shuffled:
            return [*range(CRITERIA)]
        prompt = Prompt(id=f"p{row // RESPONSES}", prompt="?")
        order = drawn_order(
            self.criteria, prompt, Response(id=f"r{row}", prompt_id=prompt.id, response="?"), sample=sample
        )
        at = {criterion.id: place for place, criterion in enumerate(order)}
        return [at[f"c{n}"] for n in range(CRITERIA)]

    def seen(self, sample: int) -> Numbers:
        """Return how much of each criterion the judge sees to be met, shape (responses, criteria)."""
        own = np.random.default_rng((2, sample)).normal(size=MET.shape)
        noise = np.sqrt(0.5) * (SHARED + own)
        if self.by_place:
            places = np.array([self.places(row, sample) for row in range(len(MET))])
            noise = noise * (0.5 + places / (CRITERIA - 1))
        found: Numbers = MET + NOISE * noise
        return found

    def verdicts(self) -> list[list[Verdict]]:
        """The verdicts on each response."""
        samples = [[self._answers(of) for of in self.seen(sample).tolist()] for sample in range(self.samples)]
        if self.samples == 1:
            return samples[0]
        return [[majority(votes) for votes in zip(*of, strict=True)] for of in zip(*samples, strict=True)]

    def _answers(self, seen: Sequence[float]) -> list[Verdict]:
        return [self._answer(f"c{place}", one) for place, one in enumerate(seen)]

    def _answer(self, name: str, seen: float) -> Verdict:
        if self.levels:
            return Verdict(id=name, **of_level(min(LEVELS, key=lambda level: abs(level.value - seen))))
        if self.abstain and abs(seen - 0.75) < UNSURE:
            return Verdict(id=name, met=None, abstained=True)
        return Verdict(id=name, met=seen > 0.75)


def figures(asked: Asked) -> Iterator[float]:
    """Yield the share of given verdicts that are right, that of the criterion judged worst, the share not given, half-credit."""
    given = asked.verdicts()
    decided = np.array([[np.nan if one.share is None else one.share for one in of] for of in given])
    truth = MET if asked.levels else (MET == 1).astype(float)
    right = np.where(np.isnan(decided), np.nan, (decided if asked.levels else decided > 0.5) == truth)
    yield float(np.nanmean(right))
    yield float(np.nanmean(right, axis=0).min())
    yield float(np.isnan(decided).mean())
    scores = np.array([score(asked.criteria, of) for of in given])
    yield _half_credit(scores)


def _half_credit(scores: Numbers) -> float:
    """The share of pairs of responses to one prompt that scores order as their quality does, ties counted one half."""
    quality, scores = MET.mean(axis=1).reshape(PROMPTS, -1), scores.reshape(PROMPTS, -1)
    gaps, leads = (of[:, :, None] - of[:, None, :] for of in (quality, scores))
    ahead = leads[gaps > TIE]
    return float(np.mean((ahead > TIE) + 0.5 * (np.abs(ahead) <= TIE)))


CASES = (
    ("yes or no", 1, Asked()),
    ("three levels", 1, Asked(levels=True)),
    ("`--allow-abstain`", 1, Asked(abstain=True)),
    ("`--samples 3`", 3, Asked(samples=3)),
    ("a judge that reads later criteria worse", 1, Asked(by_place=True)),
    ("the same with `--shuffle-criteria`", 1, Asked(by_place=True, shuffled=True)),
    ("the same with `--samples 3`", 3, Asked(by_place=True, samples=3)),
    ("the same with both", 3, Asked(by_place=True, shuffled=True, samples=3)),
)


def table() -> None:
    """Print the table."""
    print("\n| answers | cost | right | worst criterion | not given | half-credit |\n|---|---:|---:|---:|---:|---:|")
    for name, cost, asked in CASES:
        right, worst, left, credit = figures(asked)
        print(f"| {name} | {cost} | {right:.1%} | {worst:.1%} | {left:.1%} | {credit:.3f} |")
    print()


if __name__ == "__main__":
    table()
