"""Hold the size of a rubric: how many criteria it may have, and how many a round may add."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The most criteria that a refined rubric may hold, and the most that one round may add."""

    max_criteria: int = 24
    max_new: int = 4
