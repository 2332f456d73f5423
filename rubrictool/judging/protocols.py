"""The roles Judge, Comparer and Proposer as protocols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rubrictool.questions.compare import Preference
from rubrictool.questions.separate import JudgedResponse
from rubrictool.rows.records import Criterion, Judging, Prompt, Response, Verdict
from rubrictool.rubric.amend import Proposal


class Judge(Protocol):
    """Who decides. `name` and `judging` go into every row that it judged.

    It raises `ModelFailure` where no answer could be had, and returns no null in its place; the failure holds the verdicts
    that there are, where some are.
    """

    name: str
    judging: Judging

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        """One verdict per criterion, in their order and under their ids."""
        ...


class Comparer(Protocol):
    """Who says which of two responses is better."""

    name: str

    async def prefer(self, prompt: Prompt, first: Response, second: Response) -> Preference:
        """Which response is better, the first shown or the second, or neither."""
        ...


class Proposer(Protocol):
    """Who writes criteria. Both questions raise `ModelFailure` where no answer could be had."""

    name: str

    async def propose(self, prompt: Prompt) -> Proposal:
        """A first rubric, from the prompt alone."""
        ...

    async def separate(
        self, prompt: Prompt, criteria: Sequence[Criterion], first: JudgedResponse, second: JudgedResponse
    ) -> Proposal:
        """How the rubric must change to tell two responses apart."""
        ...
