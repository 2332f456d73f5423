"""Show the report of `agree` as lines for people, no wider than the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rubrictool.cli.tables import MOST_ROWS, interval, judge_name, legend, number, shown, table
from rubrictool.text.wording import counted

if TYPE_CHECKING:
    from rubrictool.analysis.agreement import AgreementReport
    from rubrictool.analysis.kappa import GroupAgreement
    from rubrictool.analysis.verdict_rows import JudgeKey

LEGEND = (
    "within criteria: kappa where chance is the label of another response, same criterion. balanced: the mean of sens."
    " (sensitivity, the share of verdicts labelled met that the judge calls met) and spec. (specificity, the share of those"
    " labelled unmet that it calls unmet); chance is 0.5. judge met, label met: the share of verdicts and of labels that are"
    " met. Intervals are 95 % over prompts; --summary has all of them."
)

KAPPA_HEADS = ("criteria", "n", "kappa", "within criteria")
RATE_HEADS = ("criteria", "balanced", "sens.", "spec.", "judge met", "label met")

MOST_NAMED = 8
"""Groups that a line names before it counts the rest."""


def lines(report: AgreementReport) -> Iterator[str]:
    """Yield what was left out, then the tables of each judge."""
    yield from (f"agree: {reason}: {count}" for reason, count in report.left_out.items() if count)
    for judge, groups in report.judges.items():
        yield ""
        yield f"{judge_name(judge)}: {counted(groups[0].n, 'labelled verdict')} on {counted(groups[0].prompts, 'prompt')}"
        yield from _tables(groups)
    yield ""
    yield from legend(LEGEND)


def _tables(groups: Sequence[GroupAgreement]) -> Iterator[str]:
    # A group of all verdicts would repeat the first row.
    shown_groups = [groups[0], *(one for one in groups[1:] if one.n < groups[0].n)]
    yield from table(KAPPA_HEADS, [_kappas(one) for one in shown_groups], most=MOST_ROWS)
    yield ""
    yield from table(RATE_HEADS, [_rates(one) for one in shown_groups], most=MOST_ROWS)


def _kappas(one: GroupAgreement) -> tuple[str, ...]:
    return (_group(one), str(one.n), interval(one.figures.kappa), interval(one.figures.kappa_within))


def _rates(one: GroupAgreement) -> tuple[str, ...]:
    figures = one.figures
    rates = (figures.sensitivity, figures.specificity, figures.met_judge, figures.met_labels)
    return (_group(one), interval(figures.balanced_accuracy), *(number(rate and rate.value) for rate in rates))


def _group(one: GroupAgreement) -> str:
    kind, name = one.group
    return shown(name if kind == "all" else f"{kind} {name}")


def conclusions(report: AgreementReport) -> Iterator[str]:
    """Yield for each judge what its figures do not show."""
    for judge, groups in report.judges.items():
        yield from _conclusions(judge_name(judge), groups)


def _conclusions(judge: str, groups: Sequence[GroupAgreement]) -> Iterator[str]:
    overall = groups[0]
    if not overall.better_than_chance:
        yield f"agree: {judge} is not shown to be better than chance: {_why_not(overall)}"
        return
    if unshown := [_group(one) for one in groups[1:] if not one.better_than_chance]:
        more = f" and {len(unshown) - MOST_NAMED} more" if len(unshown) > MOST_NAMED else ""
        yield f"agree: {judge} is not shown to be better than chance on: {', '.join(unshown[:MOST_NAMED])}{more}"
    if overall.figures.kappa_within is None:
        yield (
            f"agree: {judge}: no prompt has two labelled responses, so it is not known whether it distinguishes"
            " responses or only criteria that are often met from others"
        )


def _why_not(one: GroupAgreement) -> str:
    from rubrictool.analysis.kappa import MIN_PROMPTS

    kappa, balanced, within = one.figures.kappa, one.figures.balanced_accuracy, one.figures.kappa_within
    if one.prompts < MIN_PROMPTS:
        return f"{counted(one.prompts, 'prompt')} are too few; at least {MIN_PROMPTS} prompts need labels"
    if kappa is None or balanced is None:
        return "the labels are all met or all unmet"
    if kappa.high < 0:
        return f"it is worse, kappa {interval(kappa)}"
    if within and within.low <= 0 < kappa.low and balanced.low > 0.5:
        return (
            "it distinguishes criteria that are often met from others, but not responses: kappa within criteria"
            f" {interval(within)}"
        )
    return f"kappa {interval(kappa)}, balanced accuracy {interval(balanced)}; chance is 0 and 0.5"


def shortfalls(judges: Mapping[JudgeKey, Sequence[GroupAgreement]], threshold: float) -> str:
    """Return which judges miss a threshold for kappa, with the reason; empty where all reach it."""
    reasons = ((judge, _shortfall(groups[0], threshold)) for judge, groups in judges.items())
    return "; ".join(f"{judge_name(judge)}: {reason}" for judge, reason in reasons if reason)


def _shortfall(one: GroupAgreement, threshold: float) -> str:
    kappa = one.figures.kappa
    if kappa is None or one.figures.balanced_accuracy is None:
        return f"not shown: {_why_not(one)}"
    if kappa.high < threshold:
        return f"worse: the whole interval of kappa lies below {threshold:g}"
    if kappa.low <= threshold:
        return f"not shown: lower end of kappa's interval: {kappa.low:.3f}; label more prompts to narrow it"
    return "" if one.better_than_chance else f"not shown: {_why_not(one)}"
