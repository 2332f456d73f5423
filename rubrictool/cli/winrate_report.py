"""Print the report of `winrate`, draw it, and check its threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rubrictool.analysis.existing_comparisons import Compared
from rubrictool.analysis.win_rate import WinRate
from rubrictool.analysis.win_rates import WinRateReport, win_rate_report
from rubrictool.cli.colours import Style
from rubrictool.cli.github import write_job_summary
from rubrictool.cli.plot_file import plot_kind, save_plot
from rubrictool.cli.session import Session
from rubrictool.cli.winrate_options import EVEN, ReportOptions
from rubrictool.cli.winrate_pair import pair_lines
from rubrictool.cli.winrate_sheet import win_rate_sheet
from rubrictool.cli.winrate_systems import system_lines
from rubrictool.cli.winrate_threshold import check_threshold
from rubrictool.steps.pairings import SystemPair


def close(session: Session, rows: Sequence[Compared], options: ReportOptions) -> None:
    """Print the report, note it in the summary, draw it, and check the threshold."""
    if not rows:
        session.miss("no comparison, so --fail-under cannot be checked" if options.fail_under is not None else "")
        return
    report = win_rate_report(rows, baseline=options.baseline, seed=options.seed)
    session.figures |= report.figures()
    alone = len(report.pairs) == 1
    lines = pair_lines(report.pairs[0], options.labels) if alone else system_lines(report)
    session.tell(next(lines), _colour(report.pairs[0].rate) if alone else "")
    for line in lines:
        session.tell(line)
    if options.plot:
        _draw(report, options, options.plot)
    if options.fail_under is not None:
        check_threshold(session, report, options.fail_under, options.difference)
    if options.render:
        write_job_summary(win_rate_sheet(report, options.labels, session.ending))


def _draw(report: WinRateReport, options: ReportOptions, plot: Path) -> None:
    from rubrictool.figures.winrate import draw

    labels = SystemPair(*options.labels)
    named = tuple(pair if any(pair.systems) else replace(pair, systems=labels) for pair in report.pairs)
    save_plot(plot, draw(replace(report, pairs=named), plot_kind(plot), threshold=options.fail_under))


def _colour(rate: WinRate) -> Style:
    """Return the colour of a win rate: whether its interval lies above or below 0.5."""
    return "green" if rate.low > EVEN else "red" if rate.high < EVEN else ""
