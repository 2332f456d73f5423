"""Count the failures of a judge that others stand beside: their rows succeed, and would hide that it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rubrictool.errors import ModelFailure, ModelUnusable

PATIENCE = 64
"""Consecutive questions on which a judge fails before the run ends: as many as are asked at once by default."""

NOT_ASKED = ("budget", "not_tried")
"""Failures that say nothing of a judge."""


class JudgeFailures:
    """The questions in a row on which a judge failed, and the `latest` failure, None as long as there is none."""

    def __init__(self, judge: str) -> None:
        self._judge, self._in_a_row = judge, 0
        self.latest: ModelFailure | None = None

    def note(self, failure: ModelFailure | None, questions: int = 1) -> None:
        """Count the questions of one judgement, which failed on all of them but for the partial ones, or on none."""
        if failure is None:
            self._in_a_row = 0
        elif failure.kind not in NOT_ASKED:
            answered = min(len(failure.partial), questions - 1)
            self._in_a_row = questions - answered if answered else self._in_a_row + questions
            self.latest = failure

    def check(self) -> None:
        """Raise `ModelUnusable` where the judge failed on so many questions in a row that it fails on everything."""
        if self.latest and self._in_a_row >= PATIENCE:
            raise ModelUnusable(
                "unavailable",
                f"{self._judge}: failed on {self._in_a_row} questions in a row; check it, or leave it out: {self.reason}",
            ) from self.latest

    @property
    def reason(self) -> str:
        """Return why the judge failed last, empty where it did not."""
        return self.latest.message.removeprefix(f"{self._judge}: ") if self.latest else ""

    @contextmanager
    def counting(self, questions: int = 1) -> Iterator[None]:
        """Note how a judgement by so many questions ends. Raises `ModelUnusable` as `check` does."""
        try:
            yield
        except ModelFailure as failure:
            self.note(failure, questions)
            self.check()
            raise
        self.note(None)
