"""The figures of `signal` as lines for people, no wider than the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rubrictool.cli.tables import MOST_ROWS, NONE, interval, judge_name, legend, number, signed, table
from rubrictool.text.wording import counted

if TYPE_CHECKING:
    from rubrictool.analysis.judgings import Judge, Unit
    from rubrictool.analysis.pair_accuracy import Accuracy
    from rubrictool.analysis.signal_noise import Figure
    from rubrictool.analysis.signal_reports import Between, ScopeFigures

WORST = 5


def lines(
    told: Sequence[ScopeFigures],
    between: Sequence[Between],
    decided: Mapping[Judge, Sequence[Accuracy]],
    *,
    unit: Unit,
    target: float,
) -> Iterator[str]:
    """The report judge by judge, then between judges."""
    for judge, accuracy in decided.items():
        own = [one for one in told if one.place.judge == judge]
        yield ""
        yield f"{judge_name(judge)}: {_counts(own[0], unit)}"
        yield from _figures([one for one in own if one.place.kind in ("judge", "dimension")], unit)
        yield from _worst([one for one in own if one.place.kind == "criterion"])
        yield from _decisions(accuracy)
    yield ""
    yield from legend(LEGEND.format(unit=unit, target=target))
    if between:
        yield ""
        yield "two judges on the same criterion of the same response:"
        rows = [
            (f"{judge_name(one.one)}, {judge_name(one.other)}", str(one.n), interval(one.flip_rate)) for one in between
        ]
        yield from table(("judges", "verdicts", "share that differ"), rows, most=MOST_ROWS)
    yield ""


LEGEND = (
    "signal: the range over the {unit}s to a prompt. noise: the standard deviation of the samples of one {unit}. ratio: signal"
    " / noise. reliability: of the mean of all samples of a {unit}. needed: samples per {unit} for a reliability of {target:g}."
    " flips: the share of repeated verdicts that differ. all met, none met: the share of criteria that all or no responses meet."
    " phi: the correlation of two criteria's verdicts. Intervals are 95 % over prompts; --summary has all of them."
)


def _counts(one: ScopeFigures, unit: Unit) -> str:
    told = one.signal
    units = counted(told.units, "response") if unit == "response" else f"{told.units:,} models by prompt"
    return f"{counted(told.prompts, 'prompt')}, {units}, {counted(told.samples, 'sample')}"


def _figures(told: Sequence[ScopeFigures], unit: Unit) -> Iterator[str]:
    heads = ("criteria", "prompts", "signal", "noise", "ratio", "reliability", "needed")
    yield from table(heads, [_of_units(one) for one in told], most=MOST_ROWS)
    yield ""
    yield from table(
        ("criteria", "flips", "all met", "none met", "phi"), [_of_verdicts(one) for one in told], most=MOST_ROWS
    )
    if told[0].signal.figures.noise is None:
        yield from legend(
            f"no {unit} has two samples, so noise cannot be estimated; judge the responses again and give both files"
        )


def _of_units(one: ScopeFigures) -> tuple[str, ...]:
    told, figures = one.signal, one.signal.figures
    needed = NONE if told.samples_needed is None else str(told.samples_needed)
    spread = (_plain(figures.signal), _plain(figures.noise), number(figures.snr_one))
    return (_name(one), str(told.prompts), *spread, interval(figures.reliability), needed)


def _of_verdicts(one: ScopeFigures) -> tuple[str, ...]:
    figures = one.signal.figures
    contrast = (number(figures.all_met), number(figures.never_met))
    return (_name(one), interval(figures.flip_rate), *contrast, _plain(figures.redundancy))


def _name(one: ScopeFigures) -> str:
    return "all criteria" if one.place.kind == "judge" else one.place.name


def _plain(figure: Figure | None) -> str:
    return number(figure.value if figure else None)


def _worst(criteria: Sequence[ScopeFigures]) -> Iterator[str]:
    """The criteria on which the judge contradicts itself most."""
    flipping = [one for one in criteria if one.signal.figures.flip_rate and one.signal.figures.flip_rate.value > 0]
    if not flipping:
        return
    flipping.sort(key=lambda one: one.signal.figures.flip_rate or (0,), reverse=True)
    yield ""
    yield f"  criteria that flip: {len(flipping)} of {len(criteria)}; most often:"
    rows = [
        (_criterion(one), _plain(one.signal.figures.flip_rate), _plain(one.signal.figures.reliability))
        for one in flipping
    ]
    yield from table(("criterion", "flips", "reliability"), rows[:WORST])


def _criterion(one: ScopeFigures) -> str:
    where = one.place.prompt_id or "all prompts"
    return f"{where} {one.place.name}"


def _decisions(accuracy: Sequence[Accuracy]) -> Iterator[str]:
    if not accuracy:
        return
    yield ""
    yield from legend(
        "pairs ordered as the reference orders them, by region of the reference (a tie is worth 1/2); beyond its gaps: how"
        " much more than of all pairs whose scores lie as far apart"
    )
    yield from table(("region", "pairs", "accuracy", "beyond its gaps"), [_decided(one) for one in accuracy])


def _decided(one: Accuracy) -> tuple[str, ...]:
    found = one.found and one.found.half_credit
    return (one.region.name, str(one.pairs), interval(found), signed(one.beyond))
