"""rubrictool signal: measure signal and noise of stored judgings."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from rubrictool.cli.inputs import Inputs, once_each
from rubrictool.cli.options import OutputFlags, ReadingFlags, Seed
from rubrictool.cli.session import Session
from rubrictool.cli.signal_table import lines
from rubrictool.rows.columns import Row

LONG = frozenset({"prompt", "criterion"})
"""Kinds of rows that the summary leaves out, since there may be thousands."""


def command(
    scores: Annotated[list[str], typer.Argument(metavar="SCORES", help="Score rows; - is stdin.", show_default=False)],
    reading: ReadingFlags,
    files: OutputFlags,
    rubrics: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Rubric rows, for dimensions, weights and checks.", show_default=False),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Scores of a reference judge, to compare the order of pairs with.", show_default=False
        ),
    ] = None,
    unit: Annotated[
        Literal["response", "model"],
        typer.Option(help="Units that signal is measured between: responses, or the models that wrote them."),
    ] = "response",
    target: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="Target reliability of the mean of all samples.")
    ] = 0.9,
    seed: Seed = 0,
) -> None:
    """Measure how well and steadily verdicts tell responses apart.

    Signal (the range over responses), noise (the standard deviation of repeated judgings of one response), their ratio,
    reliability, samples needed for a target reliability, flip rate, criteria that all or no responses meet, redundancy: by judge,
    dimension, prompt and criterion. Repeated judgings are repeated rows, in one file or several, or the lists `samples` of
    verdicts. No model is asked.

    Example: rubrictool signal first.jsonl again.jsonl --rubrics rubrics.jsonl --against strong.jsonl
    """
    from rubrictool.analysis.signal import signal

    once_each(scores)
    given = Inputs(reading, *scores, rubrics, against)
    read = [given.of(path) for path in scores]
    report = signal(*read, rubrics=given.of(rubrics), against=given.of(against), unit=unit, target=target, seed=seed)
    session = Session("signal", files, inputs=given, reports=True)

    async def main() -> None:
        columns = report.rows()
        await session.write(map(Row.model_validate, columns), total=len(columns))
        figures = [one for one in columns if one["kind"] not in LONG]
        session.figures |= {"unit": unit, "target": target, "value": report.value, "figures": figures}
        for line in lines(report, unit=unit, target=target):
            session.tell(line)

    session.run(main)
