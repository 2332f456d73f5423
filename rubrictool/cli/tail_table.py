"""The figures of `tail` as lines for people, at most 80 columns wide: files beneath each other, each under its letter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rubrictool.cli.tables import NONE, interval, number, signed, table
from rubrictool.text.wording import one_line

if TYPE_CHECKING:
    from rubrictool.analysis.intervals import Estimate
    from rubrictool.analysis.overoptimization import Point, Prediction
    from rubrictool.analysis.pair_accuracy import Accuracy
    from rubrictool.analysis.tail_reports import Optimisation, Report

WIDEST = 76
THESE = "these scores"

SHOWN_KL = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
"""The curve is told at the steps next to these."""
SHOWN_BEST_OF = (4, 16, 64)


def lines(report: Report) -> Iterator[str]:
    """The whole report."""
    letters = _letters(len(report.files))
    yield ""
    for letter, name in zip(letters, report.files, strict=True):
        yield f"{letter}  {one_line(name, width=WIDEST)}".strip()
    for writer, accuracy in report.accuracy.items():
        if writer is not None:
            yield from ("", one_line(f"pairs by {writer}: {_pairs(accuracy)}", width=WIDEST))
        told = accuracy if writer is None else [one for one in accuracy if one.pairs]
        if told:
            yield from _accuracy(told, letters)
        if writer is None:
            yield from _tops(report, letters)
    yield ""
    if report.optimisation:
        yield from _optimisation(report.optimisation, letters)
    else:
        yield f"no predicted over-optimization: {report.unpredicted}"


def _letters(files: int) -> list[str]:
    """What stands for each file, so that a row has room for its figures; nothing for the only one."""
    return [""] if files == 1 else [chr(ord("A") + file) if files <= 26 else str(file + 1) for file in range(files)]


def _accuracy(accuracy: Sequence[Accuracy], letters: Sequence[str]) -> Iterator[str]:
    """The regions, what each file is worth in them, and how that compares with all pairs and with the first file."""
    regions = [one for one in accuracy if one.file == 0]
    by_region = [one for region in regions for one in accuracy if one.region == region.region]
    yield ""
    yield from table(("region of gold", "prompts", "pairs", "mean gap"), [_region(one) for one in regions])
    yield ""
    of_scores = ("scores by region", "", "win (strict)", "tie", "loss", "half-credit")
    yield from _by_region(of_scores, [_found(one, letters) for one in by_region])
    compared = [one for one in by_region if one.matched or one.difference]
    if compared:
        yield ""
        yield "  half-credit of all pairs at the region's gaps, and the region's differences:"
        of_gaps = ("half-credit", "", "at its gaps", "region less that", f"less {letters[0]}'s")
        yield from _by_region(of_gaps, [_compared(one, letters) for one in compared])


def _pairs(accuracy: Sequence[Accuracy]) -> int:
    """How many pairs there are in all, by the region that holds the others."""
    return max(one.pairs for one in accuracy)


def _by_region(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table in which a region is named once, and columns of blanks are left out."""
    told = [place for place, column in enumerate(zip(*rows, strict=True)) if any(column)]
    before = ["", *(row[0] for row in rows)]
    once = [("" if name == last else name, *cells) for last, (name, *cells) in zip(before, rows, strict=False)]
    head, *kept = ([row[place] for place in told] for row in (heads, *once))
    yield from table(head, kept)


def _region(one: Accuracy) -> tuple[str, ...]:
    return one.region.name, f"{one.prompts:,}", f"{one.pairs:,}", NONE if one.gap is None else f"{one.gap:.3g}"


def _found(one: Accuracy, letters: Sequence[str]) -> tuple[str, ...]:
    place, agreed = (one.region.name, letters[one.file]), one.found
    if agreed is None:
        return (*place, *[NONE] * 4)
    return (*place, interval(agreed.strict), number(agreed.tie), number(agreed.loss), interval(agreed.half_credit))


def _compared(one: Accuracy, letters: Sequence[str]) -> tuple[str, ...]:
    matched = one.matched.half_credit.value if one.matched else None
    difference = signed(one.difference) if len(letters) > 1 else ""
    return (one.region.name, letters[one.file], number(matched), signed(one.beyond), difference)


def _tops(report: Report, letters: Sequence[str]) -> Iterator[str]:
    """What is left undecided at the top."""
    yield ""
    rows = [
        (letter or THESE, interval(top.mass), interval(top.tied))
        for letter, top in zip(letters, report.tops, strict=True)
    ]
    yield from table(("at the top score", "share of responses", "two best tied"), rows)


def _optimisation(told: Optimisation, letters: Sequence[str]) -> Iterator[str]:
    gold = told.gold
    yield one_line(f"predicted over-optimization of {told.policy}", width=WIDEST)
    yield f"  {gold.prompts} prompts with at least {gold.fewest} samples; KL above {gold.ceiling:.2f} cannot be estimated"
    for letter, one in zip(letters, told.by_file, strict=True):
        yield ""
        yield from _curve(letter, one)
    yield ""
    heads = ("peak", "win rate", "KL", "falls after it by")
    rows = [_peak(letter or THESE, one) for letter, one in zip(letters, told.by_file, strict=True)]
    yield from table(heads, [*rows, _peak("gold itself", gold)])


def _curve(letter: str, one: Prediction) -> Iterator[str]:
    rows = [(f"beta {point.by:.2g}", *_point(point)) for point in _told(one.tilted)]
    best = [(f"best of {point.by:g}", *_point(point)) for point in one.best_of if point.by in SHOWN_BEST_OF]
    yield from table((letter, "KL", "win rate", "gold", "effective n"), [*rows, *best])


def _told(curve: Sequence[Point]) -> Iterable[Point]:
    reach = curve[-1].kl
    near = [min(curve, key=lambda point: abs(point.kl - kl)) for kl in SHOWN_KL if kl < reach]
    return dict.fromkeys([*near, curve[-1]])


def _point(point: Point) -> tuple[str, ...]:
    gold = f"{point.gold.value:.3g} [{point.gold.low:.3g}, {point.gold.high:.3g}]"
    return f"{point.kl:.2f}", interval(point.win_rate), gold, f"{point.effective:.1f}"


def _peak(name: str, one: Prediction) -> tuple[str, ...]:
    peak = one.peak
    return name, interval(peak.win_rate), _nats(peak.kl), interval(peak.drop)


def _nats(kl: Estimate) -> str:
    return f"{kl.value:.2f} [{kl.low:.2f}, {kl.high:.2f}]"
