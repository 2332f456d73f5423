"""rubrictool tail: report how far scores can be trusted among the best responses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rubrictool.analysis.tails.gold import file_and_column
from rubrictool.cli.inputs import Inputs, once_each
from rubrictool.cli.options import OutputFlags, Plot, ReadingFlags, Seed
from rubrictool.cli.plot_file import check_plot, plot_kind, save_plot
from rubrictool.cli.session import Session
from rubrictool.cli.terminal import ablation_table, exploits_table, tail_table
from rubrictool.cli.unused_options import Idle, refuse_idle
from rubrictool.errors import InputError
from rubrictool.rows.columns import Row
from rubrictool.rows.input_files import STDIN

if TYPE_CHECKING:
    from rubrictool.analysis.tails.ablation import Ablation
    from rubrictool.analysis.tails.exploits import ExploitReport
    from rubrictool.analysis.tails.tail import TailReport


_WORDS = {"TailReport": tail_table, "Ablation": ablation_table, "ExploitReport": exploits_table}


def command(
    context: typer.Context,
    scores: Annotated[
        list[str],
        typer.Argument(
            metavar="SCORES", help="Score rows, one file per set of rubrics; - is stdin.", show_default=False
        ),
    ],
    reading: ReadingFlags,
    files: OutputFlags,
    gold: Annotated[
        str | None,
        typer.Option(
            metavar="FILE[:COLUMN]",
            help="What the scores are held to: labels, preferences or a stronger judge's scores. "
            "[default: the rows' column quality]",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        Literal["model"] | None,
        typer.Option(help="Also for the pairs of each writer alone.", show_default=False),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Predict over-optimization of this writer. [default: the only one]",
            show_default=False,
        ),
    ] = None,
    held_out: Annotated[
        bool,
        typer.Option(
            "--held-out",
            help="Use only the half of the responses whose labels refine did not use to accept rubrics (same --seed).",
        ),
    ] = False,
    gaps: Annotated[
        Literal["gold", "rank"],
        typer.Option(help="Compare regions at equal distances in gold, whose steps must be equal, or in its ranks."),
    ] = "gold",
    ablate: Annotated[
        Literal["round", "dimension", "proposer"] | None,
        typer.Option(
            help="Report instead what the criteria of each round, dimension or proposer add. Needs --rubrics.",
            show_default=False,
        ),
    ] = None,
    rubrics: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="With --ablate: the rubrics that the scores are by.", show_default=False),
    ] = None,
    initial: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="With --ablate round: the trace of refine, or the rubrics before it. [default: the criteria's column round]",
            show_default=False,
        ),
    ] = None,
    exploits: Annotated[
        bool,
        typer.Option(
            "--exploits",
            help="Report instead openings, phrases, formats and so on that buy score and not gold, with vetoes to consider.",
        ),
    ] = False,
    plot: Plot = None,
    seed: Seed = 0,
) -> None:
    """Measure how far scores can be trusted among the best.

    Reports how often the scores order two responses to a prompt as gold does, by region of gold, and what optimising a policy for
    them would do to gold. No model is asked. Rows: one per file and region.

    Example: rubrictool tail before.jsonl after.jsonl --gold labels.jsonl --plot tail.svg
    """
    from rubrictool.analysis.tails.ablation import ablate as ablation
    from rubrictool.analysis.tails.exploits import exploits as find_exploits
    from rubrictool.analysis.tails.tail import TailReport, tail

    refuse_idle(
        context,
        Idle(exploits, "with --exploits", ("ablate", "by", "policy", "gaps", "plot")),
        Idle(ablate is None, "without --ablate", ("rubrics", "initial")),
        Idle(ablate is not None, "with --ablate", ("by", "policy", "gaps", "plot")),
        Idle(ablate != "round", "without --ablate round", ("initial",)),
    )
    gold_file, column = file_and_column(gold) if gold else (None, None)
    given = Inputs(reading, *scores, gold_file, rubrics, initial)
    once_each(scores)
    check_plot(plot, files, given.paths)
    if (ablate or exploits) and len(scores) > 1:
        raise InputError(f"--{'exploits' if exploits else 'ablate'} takes one file of scores; run it once for each")
    if ablate and not rubrics:
        raise InputError(
            "--ablate needs the criteria's weights; give --rubrics FILE, the rubrics that the scores are by"
        )
    gold_of = given.of(gold_file)
    report: TailReport | Ablation | ExploitReport
    if exploits:
        report = find_exploits(given.of(scores[0]), gold_of, column, held_out=held_out, seed=seed)
    elif ablate and rubrics:
        report = ablation(
            given.of(scores[0]),
            given.of(rubrics),
            gold_of,
            column,
            by=ablate,
            initial=given.of(initial),
            held_out=held_out,
            seed=seed,
        )
    else:
        report = tail(
            {"stdin" if path == STDIN else path: given.of(path) for path in scores},
            gold_of,
            column,
            by_writer=by == "model",
            policy=policy,
            held_out=held_out,
            gaps=gaps,
            seed=seed,
        )
    words = _WORDS[type(report).__name__]
    session = Session("tail", files, inputs=given, reports=True)

    async def main() -> None:
        for line in words.notes(report):
            session.tell(f"tail: {line}")
        if plot and isinstance(report, TailReport):
            _draw(report, plot)
        rows = [Row.model_validate(columns) for columns in report.rows()]
        await session.write(rows, total=len(rows))
        session.figures |= {"files": list(report.files), "held_out": held_out, **report.figures()}
        for line in words.lines(report):
            session.tell(line)
        for line in words.warnings(report):
            session.tell(f"tail: {line}")

    session.run(main)


def _draw(report: TailReport, plot: Path) -> None:
    from rubrictool.figures.tail import draw

    save_plot(plot, draw(report, plot_kind(plot)))
