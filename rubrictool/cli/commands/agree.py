"""rubrictool agree: measure how far a judge agrees with labels beyond chance."""

from __future__ import annotations

from typing import Annotated

import typer

from rubrictool.cli.agree_table import conclusions, lines, shortfalls
from rubrictool.cli.inputs import Inputs
from rubrictool.cli.options import OutputFlags, ReadingFlags, Seed
from rubrictool.cli.session import Session
from rubrictool.rows.columns import Row


def command(
    scores: Annotated[
        str, typer.Argument(metavar="SCORES", help="Score rows of the judge; - is stdin.", show_default=False)
    ],
    reading: ReadingFlags,
    files: OutputFlags,
    labels: Annotated[
        str,
        typer.Option(metavar="FILE", help="Labels, as rows with prompt_id, id and verdicts.", show_default=False),
    ],
    rubrics: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Rubric rows, for groups by dimension, check and sign.", show_default=False),
    ] = None,
    fail_under: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Exit 3 unless the interval of kappa is above it; 0 requires better than chance.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Measure how far a judge agrees with labels.

    Cohen's kappa, balanced accuracy, sensitivity and specificity, with intervals over prompts, for each judge in SCORES.
    Verdicts and labels are joined on prompt, response and criterion; null is not judged. No model is asked. One row per
    group of criteria.

    Example: rubrictool agree scores.jsonl --labels experts.jsonl --rubrics rubrics.jsonl --fail-under 0.4
    """
    from rubrictool.analysis.agreement import agreement

    given = Inputs(reading, scores, labels, rubrics)
    report = agreement(given.of(scores), given.of(labels), rubrics=given.of(rubrics), seed=seed)
    session = Session("agree", files, inputs=given, reports=True)

    async def main() -> None:
        rows = [Row.model_validate(row) for row in report.rows()]
        await session.write(rows, total=len(rows))
        session.figures |= {"left_out": dict(report.left_out), "groups": report.rows()}
        for line in lines(report):
            session.tell(line)
        for line in conclusions(report):
            session.tell(line, "yellow")
        session.tell("")
        if fail_under is not None and (missed := shortfalls(report.judges, fail_under)):
            session.miss(missed)

    session.run(main)
