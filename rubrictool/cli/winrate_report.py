"""Print the report of `winrate` with the decision on its threshold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rubrictool.analysis.directions import systems_of
from rubrictool.analysis.existing_comparisons import Compared
from rubrictool.analysis.intervals import ENOUGH_TO_RELY_ON, Estimate, Figure
from rubrictool.analysis.noise_floors import NoiseFloor
from rubrictool.analysis.paired_tests import SIGNIFICANT
from rubrictool.analysis.score_differences import ScoreDifference
from rubrictool.analysis.win_rate import ThresholdDecision, WinRate, prompts_to_show
from rubrictool.analysis.win_rates import (
    SystemComparison,
    WinRateReport,
    common_opponent,
    win_rate_report,
)
from rubrictool.cli.colours import Style
from rubrictool.cli.few_prompts import hints, without_interval
from rubrictool.cli.github import RenderingForGithub, write_job_summary
from rubrictool.cli.plot_file import plot_kind, save_plot
from rubrictool.cli.session import Session
from rubrictool.cli.tables import NONE, interval, number, signed, table
from rubrictool.cli.winrate_sheet import win_rate_sheet
from rubrictool.errors import InputError
from rubrictool.rubric.weights import TIE
from rubrictool.steps.pairings import Lineup, SystemPair
from rubrictool.text.wording import counted, shortened

if TYPE_CHECKING:
    from rubrictool.analysis.system_ranking import RankedSystem, Ranking

EVEN = 0.5

MATRIX_COLUMNS = 3
"""Columns of the matrix side by side, so that a line fits a terminal."""


@dataclass(frozen=True)
class ReportOptions:
    """The threshold, the plot and the seed; `labels` are the systems of two plain files, whose rows name none."""

    fail_under: float | None = None
    min_effect: float | None = None
    plot: Path | None = None
    seed: int = 0
    baseline: str | None = None
    labels: tuple[str, str] = ("a", "b")
    render: RenderingForGithub | None = None

    def __post_init__(self) -> None:
        if self.min_effect is not None and self.fail_under is None:
            raise InputError("--min-effect is the difference that --fail-under asks about; give that too")

    @property
    def difference(self) -> float:
        """Return the least difference that matters: given, or the distance from the threshold to 0.5."""
        return self.min_effect if self.min_effect is not None else abs((self.fail_under or EVEN) - EVEN)

    @property
    def threshold(self) -> float:
        """Return the threshold that a sequence is held to: given, or 0.5."""
        return EVEN if self.fail_under is None else self.fail_under

    def among(self, systems: Lineup) -> ReportOptions:
        """Return the options for systems in files. Raises `InputError` for a threshold without a baseline."""
        baseline = systems.baseline.name if systems.baseline else None
        if baseline is None and len(systems.systems) > 2:
            self._refuse_threshold()
        first, last = systems.systems[0], systems.everyone[-1]
        labels = (first.name, last.name) if first.name != last.name else (first.shown, last.shown)
        return replace(self, baseline=baseline, labels=labels)

    def check(self, rows: Iterable[Compared]) -> None:
        """Raise `InputError` for a threshold on comparisons of many systems without a baseline."""
        pairs = dict.fromkeys(systems_of(row) for row in rows)
        if len(pairs) > 1 and common_opponent(pairs) is None:
            self._refuse_threshold()

    def _refuse_threshold(self) -> None:
        if self.fail_under is not None:
            raise InputError(
                "--fail-under: of many systems each is compared with a baseline: name its file with --baseline, or keep the"
                " comparisons with one"
            )


def close(session: Session, rows: Sequence[Compared], options: ReportOptions) -> None:
    """Print the report, note it in the summary, draw it, and check the threshold."""
    if not rows:
        session.miss("no comparison, so --fail-under cannot be checked" if options.fail_under is not None else "")
        return
    report = win_rate_report(rows, baseline=options.baseline, seed=options.seed)
    session.figures |= report.figures()
    alone = len(report.pairs) == 1
    lines = _one(report.pairs[0], options.labels) if alone else _many(report)
    session.tell(next(lines), _colour(report.pairs[0].rate) if alone else "")
    for line in lines:
        session.tell(line)
    if options.plot:
        _draw(report, options, options.plot)
    if options.fail_under is not None:
        _check_threshold(session, report, options.fail_under, options.difference)
    if options.render:
        write_job_summary(win_rate_sheet(report, options.labels, session.ending))


def _draw(report: WinRateReport, options: ReportOptions, plot: Path) -> None:
    from rubrictool.figures.winrate import draw

    labels = SystemPair(*options.labels)
    named = tuple(pair if any(pair.systems) else replace(pair, systems=labels) for pair in report.pairs)
    save_plot(plot, draw(replace(report, pairs=named), plot_kind(plot), threshold=options.fail_under))


def _check_threshold(session: Session, report: WinRateReport, threshold: float, difference: float) -> None:
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
        return f"not shown, too few prompts: {_smallest(rate)}{_needed(rate, difference)}"
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


def _colour(rate: WinRate) -> Style:
    """Return the colour of a win rate: whether its interval lies above or below 0.5."""
    return "green" if rate.low > EVEN else "red" if rate.high < EVEN else ""


def _one(pair: SystemComparison, labels: tuple[str, str]) -> Iterator[str]:
    """Yield the figures of two systems, which are called by `labels` where rows do not name them."""
    rate = pair.rate
    one, other = (short(name) for name in (pair.systems if any(pair.systems) else labels))
    yield (
        f"winrate: {one} over {other}: {interval(rate.estimate)} over {counted(rate.n, 'prompt')} ({rate.method}): {counts(rate)}"
    )
    yield f"winrate: sign test {_p(rate.sign_p)}, sign-flip test {_p(rate.sign_flip_p)}; {_smallest(rate)}"
    if _disagree(rate):
        yield f"winrate: interval and tests disagree about 0.5; {INTERVAL_DECIDES}"
    if _sign_test_disagrees(rate):
        yield f"winrate: {_other_question(rate)}"
    if pair.difference:
        yield f"winrate: {_difference(pair.difference)}"
    if pair.noise:
        yield f"winrate: {_noise(pair.noise)}"
    if line := _position(rate):
        yield f"winrate: {line}"
    yield from (f"winrate: {line}" for line in _few([("", pair)]))


def _position(rate: WinRate) -> str:
    """Return in words that the judge favours a place; empty where the interval of the effect has 0 in it."""
    effect, low, high = rate.position_effect, rate.position_effect_low, rate.position_effect_high
    if effect is None or low is None or high is None or low <= 0 <= high:
        return ""
    place = "first" if effect > 0 else "second"
    return (
        f"position effect {effect:+.3f} (95 % interval {low:.3f} to {high:.3f}): the judge favours the response shown {place};"
        " the win rate has both orders"
    )


def counts(rate: WinRate) -> str:
    """Return how many comparisons were won, lost, tied and flipped."""
    decided = f"{counted(rate.wins, 'win')}, {counted(rate.losses, 'loss', 'losses')}"
    return f"{decided}, {counted(rate.ties, 'tie')}, {counted(rate.flips, 'flip')}"


def _few(pairs: Sequence[tuple[str, SystemComparison]]) -> Iterator[str]:
    """Yield lines on pairs with few prompts, by label. Score differences of fewer than 5 have no interval, win rates have one."""
    yield from without_interval([(label, pair.rate.n) for label, pair in pairs if pair.difference])
    yield from hints([(label, pair.rate.n) for label, pair in pairs])


def _difference(found: ScoreDifference) -> str:
    least = "" if found.detectable is None else f"; {_detectable(found.n)}: {found.detectable:.3f}"
    decides = ""
    if found.low is not None and found.estimate.contains(0) != (found.sign_flip_p >= SIGNIFICANT):
        decides = (
            "; interval and test disagree about 0, and the test decides (the interval is too short with few prompts)"
        )
    return f"mean score difference {signed(found.estimate)}, sign-flip test {_p(found.sign_flip_p)}{least}{decides}"


def _detectable(prompts: int) -> str:
    return f"smallest difference detectable with {counted(prompts, 'prompt')} (80 % power)"


def _smallest(rate: WinRate) -> str:
    """Return the smallest detectable difference from 0.5, `none` where no difference is detectable."""
    return f"{_detectable(rate.n)}: {'none' if rate.detectable is None else f'{rate.detectable:.3f}'}"


INTERVAL_DECIDES = "the interval decides, here, in the plot and for --fail-under"


def _disagree(rate: WinRate) -> bool:
    """Return whether the interval and the sign-flip test, which both ask about the rate, disagree about 0.5."""
    return (rate.sign_flip_p < SIGNIFICANT) != _excludes(rate.estimate, EVEN)


def _sign_test_disagrees(rate: WinRate) -> bool:
    """Return whether the sign test finds something else than the sign-flip test, or points the other way than the rate."""
    found = rate.sign_p < SIGNIFICANT
    against = (rate.prompts_won - rate.prompts_lost) * (rate.win_rate - EVEN) < 0
    return found != (rate.sign_flip_p < SIGNIFICANT) or (found and against)


def _other_question(rate: WinRate) -> str:
    """Return why the sign test says something else than the rate."""
    return (
        f"sign test and win rate disagree: {counted(rate.prompts_won, 'prompt')} won and {rate.prompts_lost:,} lost, at a rate"
        f" of {rate.win_rate:.3f}; the sign test asks whether prompts are won as often as lost, not whether the rate is 0.5"
    )


def _excludes(estimate: Estimate, value: float) -> bool:
    return not estimate.low <= value <= estimate.high


def _noise(found: NoiseFloor) -> str:
    return (
        f"judged twice, {interval(found.estimate)} of the winners changed: {found.changed} of "
        f"{found.comparisons}, {found.reversed} from one side to the other; the second win rate is {found.win_rate_again:.3f}"
    )


def _many(report: WinRateReport) -> Iterator[str]:
    """Yield the figures of many systems: each against the baseline, and all that met in a matrix."""
    against, first = report.baseline, report.primary
    yield f"winrate: {f'against {short(against)}' if against else 'all pairs'}, 95 % intervals over prompts"
    yield from table(_RATES, [_rates(pair, against) for pair in first])
    yield "winrate: sign-flip test of a rate of 0.5, sign test of as many prompts won as lost"
    yield "winrate: detectable: the smallest difference detectable with so many prompts (80 % power)"
    yield from table(_TESTS, [_tests(pair, against) for pair in first])
    if unlike := [pair_label(pair, against) for pair in first if _disagree(pair.rate)]:
        yield f"winrate: interval and tests disagree about 0.5 for {', '.join(unlike)}; {INTERVAL_DECIDES}"
    for pair in first:
        if _sign_test_disagrees(pair.rate):
            yield f"winrate: {pair_label(pair, against)}: {_other_question(pair.rate)}"
    yield f"winrate: {_multiple(len(report.pairs))}"
    if len(first) < len(report.pairs) or against is None:
        yield "winrate: the row's system over the column's"
        yield from _matrix(report)
    yield from _together(report)
    yield from _differences(first, against)
    yield from (f"winrate: {line}" for line in _few([(pair_label(pair, against), pair) for pair in first]))
    for pair in first:
        if pair.noise:
            yield f"winrate: {pair_label(pair, against)}: {_noise(pair.noise)}"


def _multiple(pairs: int) -> str:
    """Return what the corrected p-values of so many pairs say."""
    return (
        f"Holm: p-values corrected for {pairs} comparisons, so that in at most 5 % of cases any of those below {SIGNIFICANT} is"
        f" wrong; of the others {SIGNIFICANT * pairs:.2g} of {pairs} are below {SIGNIFICANT} on average where no systems differ"
    )


def _together(report: WinRateReport) -> Iterator[str]:
    """Yield the simultaneous intervals and the ranking of several systems."""
    against = report.baseline
    if report.critical is not None:
        yield f"winrate: intervals that hold together for all pairs in 95 % of cases ({report.critical:.2f} standard errors)"
        yield from table(("system", "win rate", "fitted"), [_simultaneous(pair, against) for pair in report.pairs])
    if report.ranking is None:
        yield f"winrate: {report.unranked}"
        return
    found = report.ranking
    elo = "1000 the mean" if against is None else f"1000 {short(against)}"
    how = (
        f"95 % intervals over {counted(found.prompts, 'prompt')} ({found.method})"
        if found.method
        else "too few prompts for intervals"
    )
    yield f"winrate: ranking by Bradley and Terry's strengths, as Elo ratings ({elo}); {how}"
    yield from table(("system", "Elo", "strength", "rank"), [_ranked(one) for one in found.systems])
    yield f"winrate: {_fit(found)}"


def _simultaneous(pair: SystemComparison, against: str | None) -> tuple[str, str, str]:
    among = pair.among
    assert among is not None
    label = pair_label(pair, against if pair.systems.b == against else None)
    return (
        label,
        interval(Figure(pair.rate.win_rate, among.simultaneous_low, among.simultaneous_high)),
        number(among.fitted),
    )


def _ranked(one: RankedSystem) -> tuple[str, ...]:
    elo = f"{one.elo:.0f}" if one.elo_low is None else f"{one.elo:.0f} [{one.elo_low:.0f}, {one.elo_high:.0f}]"
    rank = f"{one.rank}" if one.rank_low is None else f"{one.rank} [{one.rank_low}, {one.rank_high}]"
    return short(one.system), elo, signed(Figure(one.strength, one.low, one.high)), rank


def _fit(found: Ranking) -> str:
    """Return how well the strengths fit the rates of the pairs."""
    if found.deviance_p is None:
        return "the strengths fit any rates of so few pairs: nothing shows whether systems win in a circle"
    bad = found.deviance_p < SIGNIFICANT
    doubt = "; the strengths do not fit, as where systems win in a circle: read the matrix" if bad else ""
    return f"fit of the strengths: deviance {found.deviance:.2f} on {found.freedom}, {_p(found.deviance_p)}{doubt}"


def _differences(pairs: Sequence[SystemComparison], against: str | None) -> Iterator[str]:
    scored = [
        (pair_label(pair, against), signed(pair.difference.estimate), bare_p(pair.difference.sign_flip_p))
        for pair in pairs
        if pair.difference
    ]
    if scored:
        yield "winrate: mean score difference"
        yield from table(("system", "difference", "sign-flip p"), scored)


_RATES = ("system", "win rate", "n", "wins", "losses", "ties", "flips")

_TESTS = ("system", "sign p", "Holm", "sign-flip p", "Holm", "detectable")


def _rates(pair: SystemComparison, against: str | None) -> tuple[str, ...]:
    rate = pair.rate
    numbers = (f"{count:,}" for count in (rate.n, rate.wins, rate.losses, rate.ties, rate.flips))
    return (pair_label(pair, against), interval(rate.estimate), *numbers)


def _tests(pair: SystemComparison, against: str | None) -> tuple[str, ...]:
    rate, among = pair.rate, pair.among
    assert among is not None
    pairs_of_p = ((rate.sign_p, among.sign_p_holm), (rate.sign_flip_p, among.sign_flip_p_holm))
    tests = (bare_p(p) for both in pairs_of_p for p in both)
    return (pair_label(pair, against), *tests, number(rate.detectable))


def pair_label(pair: SystemComparison, against: str | None) -> str:
    """Return the systems of a pair, the first alone where all are compared with one."""
    one, other = (short(name, 24 if against else 14) for name in pair.systems)
    return one if against else f"{one} / {other}"


def _matrix(report: WinRateReport) -> Iterator[str]:
    """Yield the win rates of all who met, in blocks of columns that fit a terminal."""
    rates, systems = report.matrix(), report.systems
    for start in range(0, len(systems), MATRIX_COLUMNS):
        across = systems[start : start + MATRIX_COLUMNS]
        rows = [(short(one, 16), *(_cell(rates.get(SystemPair(one, other))) for other in across)) for one in systems]
        yield from table(("", *(short(name, 16) for name in across)), rows)


def _cell(rate: Estimate | None) -> str:
    return NONE if rate is None else f"{rate.value:.2f} [{rate.low:.2f}, {rate.high:.2f}]"


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def bare_p(value: float) -> str:
    """Return a p-value for a table."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def short(name: str, width: int = 24) -> str:
    """Return a name that fits into a line."""
    return shortened(name, width=width)
