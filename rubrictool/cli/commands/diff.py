"""rubrictool diff: compare two files of rubrics, or two files of scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from rubrictool.cli.inputs import Inputs, once_each
from rubrictool.cli.options import Quiet, ReadingFlags, Render
from rubrictool.cli.terminal.sheet_output import write_sheets
from rubrictool.cli.terminal.sheets import Sheet
from rubrictool.errors import InputError


def command(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Rubrics or scores before.", show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same after; - is stdin.", show_default=False)],
    reading: ReadingFlags,
    rubrics: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="Rubric rows of the scores, where OLD and NEW were judged by two; repeatable.",
            show_default=False,
        ),
    ] = None,
    render: Render = None,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Compare two files of rubrics, or of scores.

    Of rubrics: the criteria that were added, dropped, merged, reweighted or rewritten, word by word ([-removed-]{+added+}). Of
    scores: the movement by model and prompt, the verdicts that changed, the rows in one file only; verdicts by two rubrics are
    compared where --rubrics has a criterion of the same text in both. Exits with 0 whether or not they differ.

    Example: rubrictool diff first.jsonl refined.jsonl
    """
    once_each([old, new])
    once_each(rubrics or ())
    given = Inputs(reading, old, new, *(rubrics or ()))
    kinds = [_is_scores(given, path) for path in (old, new)]
    if kinds[0] != kinds[1]:
        words = ("scores" if kind else "rubrics" for kind in kinds)
        raise InputError(f"diff: {' is compared with '.join(words)}: {old}, {new}; give two files of one kind")
    if rubrics and not kinds[0]:
        raise InputError(f"--rubrics {rubrics[0]}: is for two files of scores; {old} and {new} are rubrics")
    sheets, lines = _scores(given, old, new, rubrics or ()) if kinds[0] else _rubrics(given, old, new)
    write_sheets("diff", sheets, render, [] if quiet else [*given.lines(), *lines])


def _is_scores(given: Inputs, path: str) -> bool:
    """Return whether a file holds scores: its first row has verdicts or a score, and no criteria."""
    opened = given.of(path)
    if opened.shape is not None:
        return not opened.holds("rubrics")
    first = opened.first_row() or {}
    return "criteria" not in first and ("verdicts" in first or "score" in first)


def _rubrics(given: Inputs, old: str, new: str) -> tuple[list[Sheet], list[str]]:
    from rubrictool.cli.terminal.rubric_sheets import RubricChanges
    from rubrictool.rows.joins import Texts, filled, rubrics_by_prompt
    from rubrictool.rows.jsonl import Rows
    from rubrictool.rows.records import Rubric

    texts = Texts(Rows(given.of(old), Rubric))
    before, after = (rubrics_by_prompt(given.of(path), texts) for path in (old, new))
    for path, rubrics in ((old, before), (new, after)):
        filled(list(rubrics), path)
    found = RubricChanges(before, after)
    return [found.sheet()], [found.summary()]


def _scores(given: Inputs, old: str, new: str, rubrics: Sequence[str]) -> tuple[list[Sheet], list[str]]:
    from rubrictool.analysis.judgings.score_changes import score_changes
    from rubrictool.cli.terminal.score_change_sheets import score_change_sheets, summary_lines

    found = score_changes(given.of(old), given.of(new), rubrics=[given.of(path) for path in rubrics])
    return score_change_sheets(found), list(summary_lines(found))
