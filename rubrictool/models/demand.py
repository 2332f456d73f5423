"""Count the questions that are being asked, so that a run begins as many rows as keep its models busy."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

QUEUE = 4
"""Questions for each slot, at which no more are wanted: enough that answers come and go without a gap."""


class Demand:
    """The questions of a run that wait for an answer.

    `blocked` ones wait until another question with the same beginning was answered (`prefix_gate`); the others hold a slot
    of a rate limiter or wait for one. `fell` is set whenever a question has ended or is blocked.
    """

    def __init__(self) -> None:
        self.questions = self.blocked = 0
        self.fell = asyncio.Event()

    def fills(self, slots: int, *, begun: int = 0) -> bool:
        """Return whether so many slots stay full without more questions, where `begun` rows have not asked theirs yet.

        As long as a slot would be free they do not, however many questions are blocked.
        """
        return self.questions - self.blocked + begun >= slots and self.questions + begun >= QUEUE * slots

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Count a question during this block."""
        self.questions += 1
        try:
            yield
        finally:
            self.questions -= 1
            self.fell.set()

    @contextmanager
    def blocking(self) -> Iterator[None]:
        """Count a question as blocked during this block."""
        self.blocked += 1
        self.fell.set()
        try:
            yield
        finally:
            self.blocked -= 1
