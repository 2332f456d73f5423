"""How `winrate` ends: the figures in words, in the summary and as a picture, and whether they pass the threshold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rubrictool.analysis.intervals import Estimate
from rubrictool.analysis.matches import Match, Systems, baseline_of, matches, matrix, names, systems_of
from rubrictool.analysis.noise_floors import NoiseFloor
from rubrictool.analysis.pairings import Opponents
from rubrictool.analysis.score_differences import ScoreDifference
from rubrictool.analysis.winrates import Decision, WinRate, decision, prompts_to_show
from rubrictool.cli.colours import Style
from rubrictool.cli.plot_file import kind_of, put
from rubrictool.cli.session import Session
from rubrictool.cli.tables import NONE, interval, number, signed, table
from rubrictool.errors import InputError
from rubrictool.rows.records import Comparison, Outcome
from rubrictool.text.wording import counted, shortened

EVEN = 0.5

ABREAST = 3
"""Columns of the matrix that stand side by side, so that a line fits a terminal."""


@dataclass(frozen=True)
class Closing:
    """What is asked of the figures, and who plays where files do not tell: `labels` are the systems of two plain files."""

    fail_under: float | None = None
    min_effect: float | None = None
    plot: Path | None = None
    seed: int = 0
    baseline: str | None = None
    labels: tuple[str, str] = ("a", "b")

    def __post_init__(self) -> None:
        if self.min_effect is not None and self.fail_under is None:
            raise InputError("--min-effect is the difference that --fail-under asks about; give that too")

    def among(self, who: Opponents) -> Closing:
        """The same for systems in files. Raises `InputError` for a threshold that nobody is held to."""
        baseline = who.baseline.name if who.baseline else None
        if baseline is None and len(who.systems) > 2:
            self._refuse_threshold()
        ends = (who.systems[0].name, baseline or who.systems[-1].name)
        return replace(self, baseline=baseline, labels=ends)

    def check(self, rows: Iterable[Outcome]) -> None:
        """Raise `InputError` for a threshold that nobody is held to: comparisons of many systems without a baseline."""
        pairs = list(dict.fromkeys(systems_of(row) for row in rows))
        if len(pairs) > 1 and baseline_of(pairs) is None:
            self._refuse_threshold()

    def _refuse_threshold(self) -> None:
        if self.fail_under is not None:
            raise InputError(
                "--fail-under: of many systems each is held to a baseline: name its file with --baseline, or keep the"
                " comparisons with one"
            )

    def close(self, session: Session, rows: Sequence[Outcome | Comparison]) -> None:
        """Say how it went, note it for the summary, draw it, and miss the threshold or not."""
        if not rows:
            session.miss("no comparison, so --fail-under cannot be checked" if self.fail_under is not None else "")
            return
        found = matches(rows, seed=self.seed)
        against = self.baseline or baseline_of([match.systems for match in found])
        session.figures |= self._figures(found, against)
        lines = _one(found[0]) if len(found) == 1 else _many(found, against)
        session.tell(next(lines), _verdict(found[0].rate) if len(found) == 1 else "")
        for line in lines:
            session.tell(line)
        if self.plot:
            self._draw(found, against, self.plot)
        if self.fail_under is not None:
            self._hold(session, [match for match in found if len(found) == 1 or match.systems.b == against])

    def _figures(self, found: Sequence[Match], against: str | None) -> dict[str, Any]:
        flat = found[0].columns() if len(found) == 1 else {}
        many = {"systems": names(found), "baseline": against, "pairs": [match.columns() for match in found]}
        return flat | (many if any(found[0].systems) or len(found) > 1 else {})

    def _draw(self, found: Sequence[Match], against: str | None, plot: Path) -> None:
        from rubrictool.figures.winrate import draw

        named = [match if any(match.systems) else replace(match, systems=Systems(*self.labels)) for match in found]
        put(plot, draw(named, kind_of(plot), baseline=against, threshold=self.fail_under))

    def _hold(self, session: Session, found: Sequence[Match]) -> None:
        """Hold each match to the threshold."""
        assert self.fail_under is not None
        distance = abs(self.fail_under - EVEN) if self.min_effect is None else self.min_effect
        decisions = [decision(match.rate, self.fail_under, distance) for match in found]
        session.figures["decision"] = min(decisions, key=WORST_FIRST.index)
        if len(found) > 1:
            session.figures["decisions"] = dict(zip((match.systems.a for match in found), decisions, strict=True))
        missed = [
            (f"{_short(match.systems.a)}: " if len(found) > 1 else "") + _why(of, match.rate, self.fail_under, distance)
            for match, of in zip(found, decisions, strict=True)
            if of != "shown"
        ]
        if missed:
            session.miss("; ".join(missed))


WORST_FIRST: tuple[Decision, ...] = ("worse", "not shown", "underpowered", "shown")
"""Of several systems, the decision that comes first here stands for all."""


def _why(missed: Decision, rate: WinRate, threshold: float, distance: float) -> str:
    if missed == "worse":
        return f"worse: the whole interval lies below {threshold:g}"
    if missed == "underpowered":
        return (
            f"not shown, too few prompts: {_smallest(rate)}; the difference in question is {distance:.3g}, for which "
            f"about {prompts_to_show(rate, distance):,} prompts are needed"
        )
    return f"not shown: the interval reaches below {threshold:g} ({rate.low:.3f}); more prompts would narrow it"


def _verdict(rate: WinRate) -> Style:
    """Return the colour of a win rate by what its interval says of 0.5."""
    return "green" if rate.low > EVEN else "red" if rate.high < EVEN else ""


def _one(match: Match) -> Iterator[str]:
    """The figures of two systems."""
    rate = match.rate
    yield (
        f"winrate: {interval(rate.estimate)} over {counted(rate.n, 'prompt')} ({rate.method}): "
        f"{counted(rate.wins, 'win')}, {counted(rate.losses, 'loss', 'losses')}, {counted(rate.ties, 'tie')}, "
        f"{counted(rate.flips, 'flip')}"
    )
    yield f"winrate: sign test {_p(rate.sign_p)}, sign-flip test {_p(rate.sign_flip_p)}; {_smallest(rate)}"
    if _disagree(rate):
        yield f"winrate: interval and tests disagree about 0.5; {INTERVAL_DECIDES}"
    if match.difference:
        yield f"winrate: {_difference(match.difference)}"
    if match.noise:
        yield f"winrate: {_noise(match.noise)}"


def _difference(found: ScoreDifference) -> str:
    least = "" if found.detectable is None else f"; {_detectable(found.n)}: {found.detectable:.3f}"
    decides = ""
    if _excludes(found.estimate, 0) != (found.sign_flip_p < SIGNIFICANT):
        decides = (
            "; interval and test disagree about 0, and the test decides (the interval is too short with few prompts)"
        )
    return f"mean score difference {signed(found.estimate)}, sign-flip test {_p(found.sign_flip_p)}{least}{decides}"


def _detectable(prompts: int) -> str:
    return f"smallest difference detectable with {counted(prompts, 'prompt')} (80 % power)"


def _smallest(rate: WinRate) -> str:
    """Name the smallest detectable difference from 0.5; beyond 0.5 there is none, since no rate is farther away."""
    return f"{_detectable(rate.n)}: {f'{rate.detectable:.3f}' if rate.detectable <= EVEN else 'none'}"


SIGNIFICANT = 0.05

INTERVAL_DECIDES = "the interval decides, here, in the plot and for --fail-under"


def _disagree(rate: WinRate) -> bool:
    """Return whether the interval says of 0.5 what one of the tests does not."""
    outside = _excludes(rate.estimate, EVEN)
    return any((p < SIGNIFICANT) != outside for p in (rate.sign_p, rate.sign_flip_p))


def _excludes(estimate: Estimate, value: float) -> bool:
    return not estimate.low <= value <= estimate.high


def _noise(found: NoiseFloor) -> str:
    return (
        f"judged twice, {interval(found.estimate)} of the winners changed: {found.changed} of "
        f"{found.comparisons}, {found.reversed} from one side to the other; the second win rate is {found.win_rate_again:.3f}"
    )


def _many(found: Sequence[Match], against: str | None) -> Iterator[str]:
    """The figures of many systems: each against the baseline, and all that met in a matrix."""
    first = [match for match in found if match.systems.b == against] or found
    yield f"winrate: {f'against {_short(against)}' if against else 'all pairs'}, 95 % intervals over prompts"
    yield from table(_RATES, [_rates(match, against) for match in first])
    yield "winrate: tests of a rate of 0.5; detectable: the smallest difference detectable with so many prompts (80 % power)"
    yield from table(_TESTS, [_tests(match, against) for match in first])
    if unlike := [_label(match, against) for match in first if _disagree(match.rate)]:
        yield f"winrate: interval and tests disagree about 0.5 for {', '.join(unlike)}; {INTERVAL_DECIDES}"
    if len(first) < len(found) or against is None:
        yield "winrate: the row's system over the column's"
        yield from _matrix(found)
    scored = [match for match in first if match.difference]
    if scored:
        yield "winrate: mean score difference"
        yield from table(("system", "difference", "sign-flip p"), [_scored(match, against) for match in scored])
    for match in first:
        if match.noise:
            yield f"winrate: {_label(match, against)}: {_noise(match.noise)}"


_RATES = ("system", "win rate", "n", "wins", "losses", "ties", "flips")

_TESTS = ("system", "sign p", "sign-flip p", "detectable")


def _rates(match: Match, against: str | None) -> tuple[str, ...]:
    rate = match.rate
    counts = (f"{count:,}" for count in (rate.n, rate.wins, rate.losses, rate.ties, rate.flips))
    return (_label(match, against), interval(rate.estimate), *counts)


def _tests(match: Match, against: str | None) -> tuple[str, ...]:
    rate = match.rate
    return (
        _label(match, against),
        _bare_p(rate.sign_p),
        _bare_p(rate.sign_flip_p),
        number(rate.detectable if rate.detectable <= EVEN else None),
    )


def _scored(match: Match, against: str | None) -> tuple[str, ...]:
    found = match.difference
    assert found is not None
    return _label(match, against), signed(found.estimate), _bare_p(found.sign_flip_p)


def _label(match: Match, against: str | None) -> str:
    one, other = (_short(name, 24 if against else 14) for name in match.systems)
    return one if against else f"{one} / {other}"


def _matrix(found: Sequence[Match]) -> Iterator[str]:
    """The win rates of all who met, in blocks of columns that fit a terminal."""
    rates, everybody = matrix(found), names(found)
    for start in range(0, len(everybody), ABREAST):
        across = everybody[start : start + ABREAST]
        rows = [(_short(one, 16), *(_cell(rates.get(Systems(one, other))) for other in across)) for one in everybody]
        yield from table(("", *(_short(name, 16) for name in across)), rows)


def _cell(rate: Estimate | None) -> str:
    return NONE if rate is None else f"{rate.value:.2f} [{rate.low:.2f}, {rate.high:.2f}]"


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def _bare_p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _short(name: str, width: int = 24) -> str:
    return shortened(name, width=width)
