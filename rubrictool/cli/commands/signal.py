"""rubrictool signal: measure signal and noise of stored judgings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import typer

from rubrictool.cli.inputs import Inputs, once_each
from rubrictool.cli.options import OutputFlags, ReadingFlags, Seed
from rubrictool.cli.session import Session
from rubrictool.cli.terminal import benchmark_table
from rubrictool.cli.terminal.signal_table import lines
from rubrictool.cli.unused_options import Idle, refuse_idle
from rubrictool.rows.columns import Row

LONG = frozenset({"prompt", "criterion"})
"""Kinds of rows that the summary leaves out, since there may be thousands."""


def command(
    context: typer.Context,
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
    of: Annotated[
        Literal["judgings", "benchmark"],
        typer.Option(
            help="Measure repeated judgings of responses, or the benchmark: means of models, and of their steps."
        ),
    ] = "judgings",
    subset: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="With --of benchmark: also each subset of the prompts, and the best ones together.",
            show_default=False,
        ),
    ] = None,
    last: Annotated[
        int,
        typer.Option(min=2, metavar="N", help="With --of benchmark: noise is that of the last N steps (column step)."),
    ] = 5,
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
    verdicts. With --of benchmark the same for the means of models over all prompts, noise being that of their last steps, and how
    often they order two models as --against does. No model is asked.

    Example: rubrictool signal first.jsonl again.jsonl --rubrics rubrics.jsonl --against strong.jsonl
    """
    once_each(scores)
    refuse_idle(
        context,
        Idle(of != "benchmark", "without --of benchmark", ("subset", "last")),
        Idle(of == "benchmark", "with --of benchmark", ("rubrics", "unit", "target")),
    )
    given = Inputs(reading, *scores, rubrics, against)
    read = [given.of(path) for path in scores]
    if of == "benchmark":
        from rubrictool.analysis.benchmarks.benchmark_signal import benchmark_signal

        benchmark = benchmark_signal(*read, against=given.of(against), subset=subset, last=last, seed=seed)
        _end(given, files, benchmark.rows(), {"of": of, "last": last}, benchmark_table.lines(benchmark))
        return
    from rubrictool.analysis.noise.signal import signal

    report = signal(*read, rubrics=given.of(rubrics), against=given.of(against), unit=unit, target=target, seed=seed)
    told = {"unit": unit, "target": target, "value": report.value}
    _end(given, files, report.rows(), told, lines(report, unit=unit, target=target))


def _end(
    given: Inputs, files: OutputFlags, rows: Sequence[dict[str, Any]], told: dict[str, Any], words: Iterator[str]
) -> None:
    """Write the rows, the summary with those that are not about a single prompt or criterion, and the report in words."""
    session = Session("signal", files, inputs=given, reports=True)

    async def main() -> None:
        await session.write(map(Row.model_validate, rows), total=len(rows))
        session.figures |= {**told, "figures": [one for one in rows if one["kind"] not in LONG]}
        for line in words:
            session.tell(line)

    session.run(main)
