"""Hold win rates against the threshold of `winrate`, and word why it is missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rubrictool.analysis.comparisons.win_rate import ThresholdDecision, WinRate, prompts_to_show
from rubrictool.analysis.comparisons.win_rates import WinRateReport
from rubrictool.analysis.estimators.intervals import ENOUGH_TO_RELY_ON
from rubrictool.cli.session import Session
from rubrictool.cli.winrate.pair import short, smallest_detectable
from rubrictool.rubric.weights import TIE
from rubrictool.text.wording import counted

WORST_FIRST: tuple[ThresholdDecision, ...] = ("worse", "not shown", "underpowered", "shown")
"""Order in which one decision stands for those on several systems."""


class ThresholdCheck(NamedTuple):
    """The decision on a system, and the reason where it is not shown to reach the threshold."""

    system: str
    decision: ThresholdDecision
    reason: str


def hold(session: Session, checks: Sequence[ThresholdCheck]) -> None:
    """Note the decision on each system, and miss the threshold unless all are shown."""
    session.figures["decision"] = min((one.decision for one in checks), key=WORST_FIRST.index)
    many = len(checks) > 1
    if many:
        session.figures["decisions"] = {one.system: one.decision for one in checks}
    missed = [f"{short(one.system)}: " * many + one.reason for one in checks if one.decision != "shown"]
    if missed:
        session.miss("; ".join(missed))


def checks_of(report: WinRateReport, threshold: float, difference: float) -> Iterator[ThresholdCheck]:
    """Yield what the interval of each win rate says of a threshold; `difference` is the least that matters."""
    decisions = report.decisions(threshold, difference)
    for pair in report.primary:
        decision = decisions[pair.systems]
        yield ThresholdCheck(pair.systems.a, decision, _why(decision, pair.rate, threshold, difference))


def _why(missed: ThresholdDecision, rate: WinRate, threshold: float, difference: float) -> str:
    """Return the reason of a missed threshold."""
    if missed == "worse":
        return f"worse: the whole interval lies below {threshold:g}"
    if missed == "underpowered":
        return f"not shown, too few prompts: {smallest_detectable(rate)}{_needed(rate, difference)}"
    if rate.n < ENOUGH_TO_RELY_ON:
        return f"not shown: {counted(rate.n, 'prompt')} decide nothing; give at least {ENOUGH_TO_RELY_ON}"
    return (
        f"not shown: the interval reaches below {threshold:g} ({rate.low:.3f}); for another run, decide the number of prompts"
        " before looking at results, or look at any time with --sequential"
    )


def _needed(rate: WinRate, difference: float) -> str:
    """Return how many prompts the difference in question takes; empty where no difference is in question."""
    if difference <= TIE:
        return ""
    prompts = prompts_to_show(rate, difference)
    return f"; the difference in question is {difference:.3g}, " + (
        "which no win rate can have with as many ties"
        if prompts is None
        else f"for which about {prompts:,} prompts are needed"
    )
