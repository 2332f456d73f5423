"""Show what attacks on a judge gain as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rubrictool.cli.few_prompts import few_prompts
from rubrictool.cli.tables import interval, judge_name, legend, number, signed, table
from rubrictool.text.wording import counted

if TYPE_CHECKING:
    from rubrictool.analysis.audits import AttackEffect, AuditReport

HEADS = ("version", "gain", "won", "canary", "n")

LEGEND = (
    "gain: the mean change of the score by an attack that earns nothing. won: the share of the judge's verdicts that could move"
    " in favour of the response and did. canary: the share of responses on which the judge found a criterion met that no response"
    " meets. repeat is the same response judged again, the noise beside which attacks are read; only-... and key-... replace the"
    " response and are compared with no-answer, the others with clean. n: responses; failed ones are in no figure. Intervals are"
    " 95 % over prompts, from 5 on, each for itself: of 20 attacks, one may seem to gain by chance."
)


def lines(report: AuditReport) -> Iterator[str]:
    """Yield the table, and which attacks are shown to gain; nothing where nothing was judged."""
    if not any(effect.n for effect in report.effects):
        return
    yield ""
    judge = f"{judge_name(report.judge)}: " if report.judge else ""
    yield f"{judge}{counted(report.responses, 'response')} attacked"
    yield from table(HEADS, [_cells(effect) for effect in report.effects])
    yield ""
    yield from few_prompts([("", max(effect.prompts for effect in report.effects))])
    yield from legend(LEGEND)
    yield ""
    yield from (f"audit: {line}" for line in _conclusions(report))


def _cells(effect: AttackEffect) -> tuple[str, ...]:
    canary = number(effect.canary and effect.canary.value)
    return effect.attack, signed(effect.gain), interval(effect.won), canary, str(effect.n)


def _conclusions(report: AuditReport) -> Iterator[str]:
    gaining = [f"{one.attack} {signed(one.gain)}" for one in report.attacks if one.shown]
    yield f"attacks that are shown to gain: {', '.join(gaining) or 'none'}"
    # Without an interval nothing is shown, and the largest gain should not go unsaid.
    measured = [one for one in report.attacks if one.gain]
    if measured and not gaining:
        most = max(measured, key=lambda one: one.gain.value if one.gain else 0.0)
        yield f"largest gain: {most.attack} {signed(most.gain)}"
    fooled = [one.attack for one in report.attacks if one.canary and one.canary.value > 0]
    if fooled:
        yield f"attacks under which the judge found met what no response meets: {', '.join(fooled)}"
    if failed := [f"{one.attack} {one.failed}" for one in report.effects if one.failed]:
        yield f"responses without a judgement, in no figure: {', '.join(failed)}"


def excesses(report: AuditReport, threshold: float) -> str:
    """Return which attacks gain more than a threshold, or could not be measured; empty where there is none."""
    if not any(one.gain for one in report.attacks):
        return "no attack was judged, so --fail-over cannot be checked"
    reasons = ((one.attack, _excess(one, threshold)) for one in report.attacks)
    return "; ".join(f"{name} {reason}" for name, reason in reasons if reason)


def _excess(one: AttackEffect, threshold: float) -> str:
    if one.gain is None:
        return "was not judged on any response, so its gain is not known"
    if one.gain.value <= threshold:
        return ""
    if one.gain.above(threshold):
        return f"gains {signed(one.gain)}, the whole interval above {threshold:g}"
    return f"gains {signed(one.gain)}, more than {threshold:g}, which is not shown: more prompts would tell"
