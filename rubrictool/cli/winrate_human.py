"""Print the report of `winrate --human`: win rates corrected by people's labels, and the check of their threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from rubrictool.analysis.existing_comparisons import Compared, read_comparisons
from rubrictool.analysis.intervals import Figure
from rubrictool.analysis.label_correction import (
    ENOUGH_DIFFERING,
    ENOUGH_LABELS,
    CorrectedMean,
    CorrectedWinRate,
    correct_comparisons,
)
from rubrictool.cli.session import Session
from rubrictool.cli.tables import interval
from rubrictool.cli.winrate_options import ReportOptions
from rubrictool.cli.winrate_pair import short
from rubrictool.cli.winrate_report import close
from rubrictool.cli.winrate_threshold import WORST_FIRST
from rubrictool.rows.jsonl import Source
from rubrictool.text.wording import counted

ASSUMED = "this holds where the labelled prompts are a random draw from the same prompts"


def correction(
    rows: Sequence[Compared], labels: Source
) -> Callable[[Session, Sequence[Compared], ReportOptions], None]:
    """Return the report on comparisons with their correction by labels; a threshold is held against the corrected rates.

    Raises `InputError` for labels that are no comparisons, or not of these.
    """
    found = correct_comparisons(rows, read_comparisons(labels).rows)

    def close_corrected(session: Session, rows: Sequence[Compared], options: ReportOptions) -> None:
        close(session, rows, replace(options, fail_under=None))
        session.figures["human"] = [one.columns() for one in found]
        for one in found:
            for line in _lines(one.rate):
                session.tell(f"winrate: {_label(one)}{line}")
        session.tell(f"winrate: {ASSUMED}")
        if options.fail_under is not None:
            _check(session, found, options.fail_under)

    return close_corrected


def _label(one: CorrectedWinRate) -> str:
    return f"{short(one.systems.a)} over {short(one.systems.b)}: " if any(one.systems) else ""


def _lines(found: CorrectedMean) -> Iterator[str]:
    """Yield the corrected rate, or why there is none, and the bias of the judge."""
    labels = f"{counted(found.labelled, 'labelled prompt')} and {found.unlabelled:,} without a label"
    if found.value is None:
        yield f"no corrected rate: {labels}; label at least {ENOUGH_LABELS} prompts"
    else:
        rate = interval(Figure(found.value, found.low, found.high))
        yield f"corrected by people {rate} from {labels}, weight of the judge {found.judge_weight:.2f}"
    error = "" if found.judge_bias_se is None else f" (standard error {found.judge_bias_se:.3f})"
    worth = "" if found.labels_worth is None else f"; worth {found.labels_worth:.0f} labels alone"
    yield f"people alone {found.human_alone:.3f}, bias of the judge {found.judge_bias:+.3f}{error}{worth}"
    if found.value is not None and found.differing < ENOUGH_DIFFERING:
        yield (
            f"judge and people differ on {found.differing} of {counted(found.labelled, 'labelled prompt')}, fewer than"
            f" {ENOUGH_DIFFERING}: the interval counts two differences more; label more prompts to narrow it"
        )


def _check(session: Session, found: Sequence[CorrectedWinRate], threshold: float) -> None:
    """Note the decisions, and miss the threshold unless all corrected intervals are above it."""
    decisions = [one.rate.decision(threshold) for one in found]
    session.figures["decision"] = min(decisions, key=WORST_FIRST.index)
    missed = [
        f"{_label(one)}{decision}: the corrected interval is {_ends(one.rate)}, the threshold {threshold:g}"
        for one, decision in zip(found, decisions, strict=True)
        if decision != "shown"
    ]
    if missed:
        session.miss("; ".join(missed))


def _ends(found: CorrectedMean) -> str:
    return "none" if found.low is None or found.high is None else f"{found.low:.3f} to {found.high:.3f}"
