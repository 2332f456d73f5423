"""Count the answers that models gave for a row.

A row may be decided by checks, by the cache or by a rule; such a row says nothing about whether the model works.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Answers:
    """The number of answers received by one task and by the tasks that it started."""

    count: int = 0


_of_work: ContextVar[Answers | None] = ContextVar("answers", default=None)


def count_answers() -> Answers:
    """Count answers from now on, in this task and in those that it starts."""
    answers = Answers()
    _of_work.set(answers)
    return answers


def note_answer() -> None:
    """Count an answer for the task that is waiting for it."""
    if answers := _of_work.get():
        answers.count += 1
