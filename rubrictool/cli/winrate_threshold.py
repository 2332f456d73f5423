"""Hold win rates against the threshold of `winrate`, and word why it is missed."""

from __future__ import annotations

from rubrictool.analysis.intervals import ENOUGH_TO_RELY_ON
from rubrictool.analysis.win_rate import ThresholdDecision, WinRate, prompts_to_show
from rubrictool.analysis.win_rates import WinRateReport
from rubrictool.cli.session import Session
from rubrictool.cli.winrate_pair import short, smallest_detectable
from rubrictool.rubric.weights import TIE
from rubrictool.text.wording import counted


def check_threshold(session: Session, report: WinRateReport, threshold: float, difference: float) -> None:
    """Note the decision on each pair, and miss the threshold unless all are shown."""
    decisions = report.decisions(threshold, difference)
    session.figures["decision"] = min(decisions.values(), key=WORST_FIRST.index)
    many = len(decisions) > 1
    if many:
        session.figures["decisions"] = {systems.a: decision for systems, decision in decisions.items()}
    missed = [
        (f"{short(pair.systems.a)}: " if many else "") + _why(decisions[pair.systems], pair.rate, threshold, difference)
        for pair in report.primary
        if decisions[pair.systems] != "shown"
    ]
    if missed:
        session.miss("; ".join(missed))


WORST_FIRST: tuple[ThresholdDecision, ...] = ("worse", "not shown", "underpowered", "shown")
"""Order in which one decision stands for those on several systems."""


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
