"""filter-top-k --rubrics: the best responses of each prompt, judged no further than it takes to know them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import typer

from rubrictool.cli.empties import scored_without_judge, tell_empty
from rubrictool.cli.inputs import one_stdin
from rubrictool.cli.options import Asking, Files, JudgeFlags, MissingRubric, Parameters, Wording, asked
from rubrictool.cli.session import Session
from rubrictool.cli.top_k_options import Choice, marked, tell_draws
from rubrictool.cli.unused_options import of_asking, of_role, refuse_idle
from rubrictool.errors import RowFailure
from rubrictool.judging.protocols import Judge
from rubrictool.models.answers import Answers, count_answers, note_answer
from rubrictool.rows.joins import Texts, by_prompt, prompt_of, prompts_by_id, rubric_for, rubrics_by_prompt, scorable
from rubrictool.rows.jsonl import Rows
from rubrictool.rows.records import Prompt, Response, Rubric
from rubrictool.rubric.empty_response import FAILURE, Empty, is_empty
from rubrictool.select.early_stop import Failed, Raced, race
from rubrictool.steps.map_rows import Outcome
from rubrictool.steps.score import score

SIDE_BY_SIDE = 2
"""Prompts that race at once for each request there may be: near its end a race asks about one response at a time, and the
first in the row may be the last to finish. With 1 a server stood idle for a quarter of the time, 4 was hardly faster."""


def run(
    context: typer.Context,
    responses: str,
    rubrics: str,
    judging: JudgeFlags,
    parameters: Parameters,
    wording: Wording,
    files: Files,
    asking: Asking,
    *,
    prompts: str | None,
    missing_rubric: MissingRubric,
    empty: Empty | None,
    choice: Choice,
) -> None:
    """Write the best responses of each prompt as score rows, in the order of the input."""
    one_stdin(responses, rubrics, prompts)
    given = _Given.read(responses, rubrics, prompts, choice, skip_missing=missing_rubric == "skip")
    role = asked(judging.judge, judging.judge_args, "--judge-args", parameters)
    refuse_idle(
        context,
        of_role("judge", judging.judge, "judge_args", "temperature", "max_tokens"),
        *of_asking(asking, judging.judge),
    )
    session = Session(
        "filter-top-k", files, asking, wording, specs=[judging.judge], reads=[responses, rubrics, prompts]
    )

    async def main() -> None:
        session.warn_if_empty(len(given.rows))
        session.say_offline(judge=role)
        judge = await session.judge(role, judging)
        races = _Races(given, judge, choice, empty)
        work = partial(_in_full, given, judge, empty) if session.dry_run else races.outcome
        largest = max((len(pool) for pool in given.pools.values()), default=1)
        await session.do(given.rows, work, lambda row: row, total=len(given.rows), ahead=SIDE_BY_SIDE * largest)
        _close(session, races)
        count = sum(is_empty(row.response) for row in given.rows)
        tell_empty(session, "filter-top-k", count, scored_without_judge(count, races.failed_empty))

    session.run(main)


@dataclass(frozen=True)
class _Given:
    """The responses, and the rubrics and prompts by their ids; races begin with whole pools, so all are held."""

    rows: Sequence[Response]
    pools: Mapping[str, Sequence[Response]]
    rubrics: Mapping[str, Rubric]
    prompts: Mapping[str, Prompt]

    @classmethod
    def read(cls, responses: str, rubrics: str, prompts: str | None, choice: Choice, *, skip_missing: bool) -> _Given:
        """What the files hold. Raises `InputError` for a row that could not be raced."""
        texts = Texts()
        known, asked_of = rubrics_by_prompt(rubrics, texts), prompts_by_id(prompts, texts)
        rows = Rows(responses, Response)
        scorable(rows, known, asked_of, texts, skip_missing=skip_missing)
        for line, row in rows:
            choice.check(rows, line, row)
        every = rows.rows()
        return cls(every, by_prompt(every), known, asked_of)

    def of(self, row: Response) -> tuple[Prompt, Rubric]:
        """The prompt and the rubric of a response. Raises `RowFailure` where it has no rubric."""
        rubric = rubric_for(row.prompt_id, self.rubrics)
        if rubric is None:
            raise RowFailure("missing_rubric", f"no rubric for the prompt {row.prompt_id}")
        prompt = prompt_of(row, rubric, self.prompts)
        assert prompt is not None, "the first pass has seen to it"
        return prompt, rubric


async def _in_full(given: _Given, judge: Judge, empty: Empty | None, row: Response) -> Outcome:
    """What a dry run asks: everything, for how much a race saves is known only afterwards."""
    return Outcome((await score(*given.of(row), row, judge, empty=empty),))


class _Races:
    """The races of all prompts, each begun with the first of its rows, and what they came to."""

    def __init__(self, given: _Given, judge: Judge, choice: Choice, empty: Empty | None) -> None:
        self._given, self._judge, self._choice, self._empty = given, judge, choice, empty
        self.failed_empty = 0
        self._under_way: dict[str, _UnderWay] = {}

    async def outcome(self, row: Response) -> Outcome:
        """What becomes of one response: a score row where it is kept. Raises `RowFailure`."""
        prompt, rubric = self._given.of(row)
        if row.prompt_id not in self._under_way:
            self._under_way[row.prompt_id] = self._begun(prompt, rubric)
        try:
            return await self._under_way[row.prompt_id].outcome(row)
        except RowFailure as failure:
            self.failed_empty += failure.kind == FAILURE
            raise

    def finished(self) -> list[Raced]:
        """How those races went that came to their end."""
        return [raced for one in self._under_way.values() if (raced := one.raced())]

    def _begun(self, prompt: Prompt, rubric: Rubric) -> _UnderWay:
        pool, choice = self._given.pools[prompt.id], self._choice

        async def course(failed: Failed) -> Raced:
            return await race(
                prompt,
                rubric,
                pool,
                self._judge,
                k=choice.k,
                seed=choice.seed,
                distinct=choice.value_of,
                failed=failed,
                empty=self._empty,
            )

        return _UnderWay(course)


class _UnderWay:
    """One race under way, and whose judgement has failed in it so far: those rows need not wait for its end."""

    def __init__(self, course: Callable[[Failed], Coroutine[Any, Any, Raced]]) -> None:
        self._failures: dict[str, asyncio.Future[RowFailure]] = {}
        self._answers = Answers()
        self._task = asyncio.create_task(self._raced(course))
        # Rows that were given up never ask how it ended.
        self._task.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def outcome(self, row: Response) -> Outcome:
        """What becomes of a response once that is known. Giving up on one ends the race."""
        failure = self._failure_of(row)
        either: list[asyncio.Future[Any]] = [self._task, failure]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._task.cancel()
            raise
        if failure.done():
            raise failure.result()
        if self._answers.count:
            # They came to the task of the race, not to this row's.
            note_answer()
        return Outcome(tuple(marked(*kept) for kept in self._task.result().kept if kept.row.id == row.id))

    def raced(self) -> Raced | None:
        """How it ended, None where it did not."""
        ended = self._task.done() and not self._task.cancelled() and not self._task.exception()
        return self._task.result() if ended else None

    async def _raced(self, course: Callable[[Failed], Coroutine[Any, Any, Raced]]) -> Raced:
        self._answers = count_answers()
        return await course(self._fail)

    def _fail(self, row: Response, failure: RowFailure) -> None:
        self._failure_of(row).set_result(failure)

    def _failure_of(self, row: Response) -> asyncio.Future[RowFailure]:
        return self._failures.setdefault(row.id, asyncio.get_running_loop().create_future())


def _close(session: Session, races: _Races) -> None:
    if session.dry_run:
        session.figures["formula"] = (
            "every question about every response; how much of it a race saves, only racing tells"
        )
        return
    finished = races.finished()
    kept, asked, in_full = (
        (sum(counts) for counts in zip(*map(_counts, finished), strict=True)) if finished else (0, 0, 0)
    )
    saved = 1 - asked / in_full if in_full else 0.0
    session.figures |= {"kept": kept, "questions": asked, "questions_in_full": in_full, "saved": saved}
    drawn = sum(any(one.drawn_from > 1 for one in raced.kept) for raced in finished)
    tell_draws(session, drawn, len(finished), "scores that are tied, or may be,")
    session.tell(f"filter-top-k: rows kept: {kept:,}; {asked:,} of {in_full:,} questions asked, {saved:.0%} saved")


def _counts(raced: Raced) -> tuple[int, int, int]:
    return len(raced.kept), raced.asked, raced.in_full
