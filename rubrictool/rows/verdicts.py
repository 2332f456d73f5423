"""Define verdicts: what one judge, or several, decided on one criterion of a response, and how much of it that counts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rubrictool.rows.columns import IdText, Row
from rubrictool.rows.levels import LevelLabel

Share = Annotated[float, Field(ge=0, le=1)]

SHARE_DECIMALS = 6
"""Decimals of a soft verdict: scores of equal verdicts are then equal, and any others differ by more than a tie."""


class Vote(Row):
    """One of several verdicts on one criterion, with whose it is and which sample, where that is told."""

    met: bool | None
    level: LevelLabel | None = None
    value: Share | None = None
    p: Share | None = None
    abstained: bool = False
    hard: str | None = None
    place: int | None = None
    judge: str | None = None
    sample: int | str | None = None

    @property
    def share(self) -> float | None:
        """Return how much of the criterion is met, as of a verdict."""
        return _share(self)

    @property
    def soft(self) -> bool:
        """Return whether the verdict counts its probability."""
        return _counts_p(self)

    @property
    def decided(self) -> float | None:
        """Return the share that the decision means, as of a verdict."""
        return _decided(self)


class Verdict(Row):
    """The decision on one criterion of a response; `p` is the judge's probability in [0, 1], where it gave one.

    A `met` of None is not judged, or undecided between samples. It is never a no: whoever reads verdicts passes over it.
    On a criterion with levels, `level` is the label of the one that is reached, `value` what it counts, and `met` is True for
    the last. A soft verdict has the expected share as its `value`, and where the judge's probability is not known, `hard` tells
    why; a calibrated one has in `raw_p` what the judge gave. With `abstained`, the judge said that it cannot tell. `place` is
    where it was shown the criterion, from 1, in an order that was drawn. `samples` are the verdicts of several samples, `p` is
    then the share of them that say yes, and `value` the mean. `judges` are the verdicts of the judges of a panel,
    or of those that were asked one after the other; `strong` is what the last of these says alone, where that was asked.
    """

    id: IdText
    met: bool | None
    p: Share | None = None
    level: LevelLabel | None = None
    value: Share | None = None
    raw_p: Share | None = None
    abstained: bool = False
    hard: str | None = None
    place: int | None = None
    reason: str | None = None
    samples: Annotated[tuple[Vote, ...], Field(strict=False)] = ()
    judges: Annotated[tuple[Vote, ...], Field(strict=False)] = ()
    strong: Vote | None = None

    @property
    def judged(self) -> bool:
        """Return whether there is a verdict on the criterion; samples that disagree count as one."""
        return self.met is not None or any(vote.met is not None for vote in self.samples)

    @property
    def share(self) -> float | None:
        """Return how much of the criterion is met: the value of its level, the expected share of a soft verdict, else 1 or 0.

        None where it is not judged.
        """
        return _share(self)

    @property
    def soft(self) -> bool:
        """Return whether the verdict counts its probability, or the mean of those of its samples."""
        return _counts_p(self) and (not self.samples or any(vote.soft for vote in self.samples))

    @property
    def split(self) -> bool:
        """Return whether the judges of a panel abstain together, since they are evenly split."""
        return self.abstained and len({vote.decided for vote in self.judges} - {None}) > 1

    @property
    def decided(self) -> float | None:
        """Return the share that the decision means: 1 or 0 of a soft verdict on a criterion without levels, else `share`."""
        return _decided(self)


def _share(verdict: Vote | Verdict) -> float | None:
    return verdict.value if verdict.value is not None or verdict.met is None else float(verdict.met)


def _counts_p(verdict: Vote | Verdict) -> bool:
    """Return whether a verdict counts its probability; a number that a model wrote beside its answer is not counted."""
    return verdict.p is not None and verdict.value is not None


def _decided(verdict: Vote | Verdict) -> float | None:
    decides = verdict.met is not None and verdict.level is None and verdict.soft
    return float(bool(verdict.met)) if decides else _share(verdict)
