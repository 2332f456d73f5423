"""rubrictool show: print rubrics as tables."""

from __future__ import annotations

from typing import Annotated

import typer

from rubrictool.cli.inputs import Inputs, once_each
from rubrictool.cli.options import Quiet, ReadingFlags, Render, RubricsArgument
from rubrictool.cli.terminal.sheet_output import write_sheets
from rubrictool.errors import InputError


def command(
    rubrics: RubricsArgument,
    reading: ReadingFlags,
    prompt: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Show the rubric of this prompt; repeatable. [default: all]", show_default=False),
    ] = None,
    scores: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="Score rows, for the share of responses that meet each criterion; repeatable.",
            show_default=False,
        ),
    ] = None,
    render: Render = None,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Print rubrics as tables.

    Weight, criterion, dimension, check and origin (a person or the model that proposed it); with --scores also the share of
    verdicts that say met, their spread (standard deviation) and the share by model. No model is asked.

    Example: rubrictool show refined.jsonl --prompt health-knee-ibuprofen --scores scores.jsonl
    """
    from rubrictool.analysis.judgings.criterion_shares import criterion_shares
    from rubrictool.cli.terminal.rubric_sheets import rubric_sheet
    from rubrictool.rows.joins import Texts, filled, rubrics_by_prompt
    from rubrictool.rows.jsonl import Rows
    from rubrictool.rows.records import Rubric

    once_each([rubrics, *(scores or ())])
    given = Inputs(reading, rubrics, *(scores or ()))
    source = Rows(given.of(rubrics), Rubric, name="rubrics")
    texts = Texts(source)
    known = rubrics_by_prompt(given.of(rubrics), texts)
    filled(list(known), source.name)
    if unknown := next((name for name in prompt or () if name not in known), None):
        raise InputError(
            f"--prompt {unknown}: {source.name} has no rubric of that prompt; it has {', '.join(list(known)[:3])}"
            + (f" and {len(known) - 3} more" if len(known) > 3 else "")
        )
    found = criterion_shares(known, texts, *map(given.of, scores)) if scores else None
    chosen = [known[name] for name in prompt] if prompt else list(known.values())
    sheet = rubric_sheet(chosen, found.shares if found else None)
    write_sheets("show", [sheet], render, [] if quiet else [*given.lines(), *(found.notes if found else ())])
