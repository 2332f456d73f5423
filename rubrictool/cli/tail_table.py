"""The figures of `tail` as lines for people, at most 100 columns wide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rubrictool.texts import one_line

if TYPE_CHECKING:
    from rubrictool.overoptimization import Peak, Point, Prediction
    from rubrictool.pair_accuracy import Accuracy
    from rubrictool.resampling import Estimate
    from rubrictool.tail_reports import Optimisation, Report, Top

NONE = "-"
WIDEST = 96

SHOWN_KL = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
"""The curve is told at the steps next to these."""
SHOWN_BEST_OF = (4, 16, 64)


def lines(report: Report) -> Iterator[str]:
    """The whole report."""
    for writer, accuracy in report.accuracy.items():
        for file, name in enumerate(report.files):
            yield ""
            yield one_line(name if writer is None else f"{name}, pairs by {writer}", width=WIDEST)
            yield from _regions([one for one in accuracy if one.file == file])
            if writer is None:
                yield _top(report.tops[file])
    yield ""
    if report.optimisation:
        yield from _optimisation(report.files, report.optimisation)
    else:
        yield f"no predicted over-optimization: {report.unpredicted}"


def _regions(accuracy: Sequence[Accuracy]) -> Iterator[str]:
    heads = ("region", "prompts", "pairs", "win (strict)", "tie", "loss", "half-credit")
    yield from _table(heads, [_found(one) for one in accuracy])
    tails = [one for one in accuracy if one.matched]
    if tails:
        yield "  all pairs, at the gold gaps of the region; and how the region's half-credit differs from that:"
        heads = ("region", "gap", "win (strict)", "tie", "loss", "half-credit", "region less this")
        yield from _table(heads, [_matched(one) for one in tails])
    compared = [one for one in accuracy if one.difference]
    if compared:
        yield "  half-credit less the first file's, on the same pairs:"
        rows = [(one.region.name, _signed(one.difference)) for one in compared]
        yield from _table(("region", "difference"), rows)


def _found(one: Accuracy) -> tuple[str, ...]:
    agreed = one.found
    if agreed is None:
        return (one.region.name, "0", "0", *[NONE] * 4)
    shares = (_spread(agreed.strict), _share(agreed.tie), _share(agreed.loss), _spread(agreed.half_credit))
    return (one.region.name, str(one.prompts), str(one.pairs), *shares)


def _matched(one: Accuracy) -> tuple[str, ...]:
    agreed = one.matched
    assert agreed is not None
    assert one.gap is not None
    shares = (_spread(agreed.strict), _share(agreed.tie), _share(agreed.loss), _spread(agreed.half_credit))
    return (one.region.name, f"{one.gap:.3g}", *shares, _signed(one.beyond))


def _top(top: Top) -> str:
    return f"  at the top score: {_spread(top.mass)} of the responses; two best tied: {_spread(top.tied)}"


def _optimisation(files: Sequence[str], told: Optimisation) -> Iterator[str]:
    gold = told.gold
    yield one_line(f"predicted over-optimization of {told.policy}", width=WIDEST)
    yield f"  {gold.prompts} prompts with at least {gold.fewest} samples; no KL above {gold.ceiling:.2f} can be seen"
    for name, one in zip(files, told.by_file, strict=True):
        yield one_line(name, width=WIDEST)
        yield from _curve(one)
        yield f"  {_peak(one.peak)}"
    end = gold.tilted[-1]
    yield f"  for comparison, optimising gold itself ends at win rate {_spread(end.win_rate)}, KL {end.kl:.2f}"


def _curve(one: Prediction) -> Iterator[str]:
    heads = ("", "KL", "win rate", "gold", "effective samples")
    rows = [(f"beta {point.by:.2g}", *_point(point)) for point in _told(one.tilted)]
    best = [(f"best of {point.by:g}", *_point(point)) for point in one.best_of if point.by in SHOWN_BEST_OF]
    yield from _table(heads, [*rows, *best])


def _told(curve: Sequence[Point]) -> Iterable[Point]:
    reach = curve[-1].kl
    near = [min(curve, key=lambda point: abs(point.kl - kl)) for kl in SHOWN_KL if kl < reach]
    return dict.fromkeys([*near, curve[-1]])


def _point(point: Point) -> tuple[str, ...]:
    gold = f"{point.gold.value:.3g} [{point.gold.low:.3g}, {point.gold.high:.3g}]"
    return f"{point.kl:.2f}", _spread(point.win_rate), gold, f"{point.effective:.1f}"


def _peak(peak: Peak) -> str:
    at = f"win rate {_spread(peak.win_rate)}, KL {peak.kl.value:.2f} [{peak.kl.low:.2f}, {peak.kl.high:.2f}]"
    if peak.turns_down:
        return f"peak: {at}; then it falls, in {peak.falling:.0%} of resamples"
    return f"no peak, its end: {at}; falls in {peak.falling:.0%} of resamples"


def _spread(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _signed(estimate: Estimate | None) -> str:
    return f"{estimate.value:+.3f} [{estimate.low:+.3f}, {estimate.high:+.3f}]" if estimate else NONE


def _share(value: float) -> str:
    # Rounding must not show a share of nothing as -0.000.
    return f"{abs(value):.3f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns under their heads, the first one to the left, the others to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        cells = [
            f"{row[0]:<{widths[0]}}",
            *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        yield "  " + "  ".join(cells)
