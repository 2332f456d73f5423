"""The protocols of the roles: Judge, Comparer, Proposer. Any object with these methods can be used.

Each method raises `ModelFailure` where no usable answer was received, and never returns made-up data in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from rubrictool.questions.compare import Preference
from rubrictool.questions.separate import JudgedResponse
from rubrictool.rows.calibrations import Calibration
from rubrictool.rows.judge_ids import judge_id
from rubrictool.rows.records import Criterion, JudgingMode, Prompt, Response
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.amend import Proposal
from rubrictool.text.trace_views import WHOLE, TraceView


class Judge(Protocol):
    """Decide which criteria a response meets. `name` and `judging` go into every row that was judged.

    A judge that is shown part of a conversation has a `TraceView` as its attribute `view`, and one that may return verdicts
    that are `abstained` has the attribute `abstains`, one whose verdicts may count any share the attribute `soft`. `judge_id`
    names all that decides its verdicts; without it, the name and
    the way of judging do.
    """

    name: str
    judging: JudgingMode

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        """Return one verdict per criterion, in their order and under their ids.

        A `ModelFailure` may hold the verdicts that were received (`partial`).
        """
        ...


def view_of(role: object) -> TraceView:
    """Return what a judge or a comparer is shown of a conversation: everything, where it has no `view`."""
    view: TraceView = getattr(role, "view", WHOLE)
    return view


def judge_id_of(judge: Judge) -> str:
    """Return the id under which the verdicts of a judge may be pooled."""
    own: str | None = getattr(judge, "judge_id", None)
    return own or judge_id(judge=judge.name, judging=judge.judging)


def comparer_id_of(judge: Judge | Comparer) -> str | None:
    """Return the id under which the preferences of a judge may be pooled, None where it has none."""
    own: str | None = getattr(judge, "comparer_id", None)
    return own


def may_abstain(judge: object) -> bool:
    """Return whether a judge may say that it cannot tell."""
    return bool(getattr(judge, "abstains", False))


def is_soft(judge: object) -> bool:
    """Return whether the verdicts of a judge may count any share from 0 to 1."""
    return bool(getattr(judge, "soft", False))


def questions_about(criteria: Sequence[Criterion], judging: JudgingMode) -> int:
    """Return how many questions a judge is asked about criteria."""
    return len(criteria) if judging == "per-criterion" else 1


def calibrations_of(judge: object) -> tuple[Calibration, ...]:
    """Return the calibrations of a judge, and of the judges that it is made of."""
    found: tuple[Calibration, ...] = getattr(judge, "calibrations", ())
    return found


def check_rubric(judge: object, rubric: str, prompt_id: str) -> None:
    """Raise `InputError` for a rubric, by its hash, to which a calibration of a judge does not apply."""
    for calibration in calibrations_of(judge):
        calibration.check_rubric(rubric, prompt_id)


@runtime_checkable
class Comparer(Protocol):
    """Decide which of two responses is better. `comparer_id` names all that decides its preferences, where it has one."""

    name: str

    async def prefer(self, prompt: Prompt, first: Response, second: Response) -> Preference:
        """Return the better response, by the order in which they are given, or a tie."""
        ...


class Proposer(Protocol):
    """Write the criteria of rubrics. `name` goes into every criterion that it wrote."""

    name: str

    async def propose(self, prompt: Prompt) -> Proposal:
        """Return a first rubric, from the prompt alone."""
        ...

    async def separate(
        self, prompt: Prompt, criteria: Sequence[Criterion], first: JudgedResponse, second: JudgedResponse
    ) -> Proposal:
        """Return the changes of a rubric that tell two responses apart."""
        ...
