"""Finding the k best responses to a prompt with fewer questions: whoever can no longer be among them is asked no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rubrictool.errors import ModelFailure, RowFailure
from rubrictool.judging.protocols import Judge
from rubrictool.rows.records import Criterion, Judging, Prompt, Response, Rubric, Score, Verdict
from rubrictool.rubric.empty_response import Empty
from rubrictool.select.ranking import Kept
from rubrictool.select.score_bounds import Ask, Race, Value
from rubrictool.steps.score import decided, score

Failed = Callable[[Response, RowFailure], None]


@dataclass(frozen=True)
class Raced:
    """How a race ended.

    `kept` are the k best, judged to the end, best first. Questions were `asked`; to judge everybody `in_full` would have
    been needed.
    """

    kept: tuple[Kept[Score], ...]
    asked: int
    in_full: int


async def race(
    prompt: Prompt,
    rubric: Rubric,
    pool: Sequence[Response],
    judge: Judge,
    *,
    k: int,
    seed: int = 0,
    distinct: Value | None = None,
    failed: Failed = lambda *_: None,
    empty: Empty | None = None,
) -> Raced:
    """The k best of a prompt's responses: the rows that `score` and then `ranking.best` would give.

    `drawn_from` counts who tied or, not judged to the end, may have. A response whose judgement fails is out and reported
    to `failed` at once; the others race as if it had not been there. A judge that answers about each criterion alone is
    asked criterion by criterion, any other about a whole response; about an empty one (see `scoring.score`) nobody is.
    """
    runners = [row for row in pool if _starts(row, rubric, failed, empty)]
    together = judge.judging != "per-criterion"
    course = Race(rubric.criteria, runners, k=k, seed=seed, together=together, distinct=distinct, empty=empty)
    await _run(course, prompt, judge, failed)
    kept = [
        Kept(await score(prompt, rubric, row, _Decided(judge, verdicts.values()), empty=empty), drawn_from)
        for row, verdicts, drawn_from in course.kept()
    ]
    return Raced(tuple(kept), course.asked, course.in_full)


def _starts(row: Response, rubric: Rubric, failed: Failed, empty: Empty | None) -> bool:
    """Whether a response races: one that cannot be scored whatever the judge says is reported instead."""
    try:
        decided(rubric.criteria, row, empty)
    except RowFailure as failure:
        failed(row, failure)
        return False
    return True


async def _run(course: Race, prompt: Prompt, judge: Judge, failed: Failed) -> None:
    """Ask until nothing more needs to be known; leaving cancels what is under way."""
    under_way: dict[asyncio.Task[list[Verdict]], Ask] = {}
    try:
        while True:
            for ask in course.next():
                under_way[asyncio.create_task(judge.verdicts(prompt, ask.criteria, ask.response))] = ask
            if not under_way:
                return
            done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                _take_in(course, under_way.pop(task).response, task, failed)
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def _take_in(course: Race, response: Response, task: asyncio.Task[list[Verdict]], failed: Failed) -> None:
    try:
        course.answered(response, task.result())
    except ModelFailure as failure:
        if course.failed(response):
            failed(response, failure)


class _Decided:
    """A judge who repeats what was decided, so that a raced row is written as any score is."""

    def __init__(self, judge: Judge, verdicts: Iterable[Verdict]) -> None:
        self.name: str = judge.name
        self.judging: Judging = judge.judging
        self._verdicts = {verdict.id: verdict for verdict in verdicts}

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:  # noqa: ARG002
        """The verdicts on these criteria."""
        return [self._verdicts[criterion.id] for criterion in criteria]
