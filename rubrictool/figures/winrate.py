"""Win rates as a picture: each with its interval and its outcomes, and of many systems the matrix of all who met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from rubrictool.analysis.matches import Match, Systems, matrix, names
from rubrictool.figures.style import FAINT, INK, saved, style
from rubrictool.text.wording import shortened

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

WON, LOST, OPEN = "#0072B2", "#D55E00", "#555555"
"""Told apart by the colour-blind too (Okabe and Ito)."""
TIED, FLIPPED = "#dcdcdc", "#a9a9a9"
BAND = "#f0f0f0"
BOTH_WAYS = LinearSegmentedColormap.from_list("both ways", [LOST, "#ffffff", WON])
LONGEST_NAME = 22
MATRIX = "Win rate of the row over the column"
EVEN = 0.5

# All in inches, so that nothing is squeezed however many rows there are.
ROW, CELL = 0.4, (0.78, 0.46)
ABOVE, BELOW, EDGE, GAP = 0.5, 1.3, 0.2, 0.35
RATES, INTERVAL, OUTCOMES = 3.4, 1.3, 2.9
LETTER = 0.085
SLANTED = 0.75
"""For the names over the matrix."""


def draw(found: Sequence[Match], kind: str, *, baseline: str | None = None, threshold: float | None = None) -> bytes:
    """The picture as a file of this kind, `svg` or `png`; the same matches always give the same svg.

    Left, the win rate of each system against the baseline (of each pair, without one) with its 95 % interval, on a band of
    differences from one half below the smallest detectable one; the best stands on top. Beside it, what the comparisons came to.
    Right, where others met too, the win rate of each row's system over each column's.
    """
    told = sorted(_told(found, baseline), key=lambda match: match.rate.win_rate)
    wide = len(told) < len(found) or (baseline is None and len(found) > 1)
    everybody = _ranked(found, baseline) if wide else []
    labels = [_label(match, baseline) for match in told]
    with matplotlib.rc_context(style({"legend.fontsize": 8.5})):
        page = _Page(labels, [_short(name, 16) for name in everybody])
        _rates(page.axes(page.rates, RATES, page.rows), told, labels, threshold)
        _outcomes(page.axes(page.outcomes, OUTCOMES, page.rows), told)
        page.title(
            page.rates, f"Win rate against {_short(baseline)}" if baseline else "Win rate of the first over the second"
        )
        page.title(page.outcomes, "Outcomes")
        if wide:
            _matrix(
                page.axes(page.matrix, CELL[0] * len(everybody), CELL[1] * len(everybody), under=SLANTED),
                found,
                everybody,
            )
            page.title(page.matrix, MATRIX)
        return saved(page.figure, kind)


class _Page:
    """The figure and where its parts begin, in inches from the left; `rows` is how high the rows are together."""

    def __init__(self, labels: Sequence[str], systems: Sequence[str]) -> None:
        self.rates = EDGE + LETTER * max(map(len, labels)) + 0.1
        self.outcomes = self.rates + RATES + INTERVAL + GAP
        self.matrix = self.outcomes + OUTCOMES + GAP + LETTER * max(map(len, systems), default=0)
        self.rows = ROW * len(labels)
        matrix = max(CELL[0] * len(systems), len(MATRIX) * LETTER * 0.9)
        width = (self.matrix + matrix if systems else self.outcomes + OUTCOMES) + 2 * EDGE
        self._size = (width, ABOVE + max(self.rows + BELOW, SLANTED + CELL[1] * len(systems) + EDGE))
        self.figure = Figure(figsize=self._size)

    def axes(self, left: float, width: float, height: float, *, under: float = 0) -> Axes:
        """Axes of a size, hung under the titles and so much deeper."""
        across, up = self._size
        return self.figure.add_axes((left / across, 1 - (ABOVE + under + height) / up, width / across, height / up))

    def title(self, left: float, text: str) -> None:
        """A title over what begins there."""
        across, up = self._size
        self.figure.text(left / across, 1 - 0.2 / up, text, fontsize=10, fontweight="bold", va="top", color=INK)


def _told(found: Sequence[Match], baseline: str | None) -> list[Match]:
    return [match for match in found if baseline is None or match.systems.b == baseline]


def _ranked(found: Sequence[Match], baseline: str | None) -> list[str]:
    """All systems, the one with the highest mean win rate first, the baseline among them."""
    rates, everybody = matrix(found), names(found)
    means = {
        name: [rate.value for pair, rate in rates.items() if pair.a == name and baseline in (None, name, pair.b)]
        for name in everybody
    }
    return sorted(
        everybody, key=lambda name: EVEN if name == baseline else sum(means[name]) / len(means[name]), reverse=True
    )


def _rates(axes: Axes, told: Sequence[Match], labels: Sequence[str], threshold: float | None) -> None:
    """A dot and an interval for each match."""
    for place, match in enumerate(told):
        rate = match.rate
        axes.add_patch(Rectangle((EVEN - rate.detectable, place - 0.31), 2 * rate.detectable, 0.62, color=BAND, lw=0))
        around = [[max(0.0, rate.win_rate - rate.low)], [max(0.0, rate.high - rate.win_rate)]]
        axes.errorbar(rate.win_rate, place, xerr=around, color=_colour(match), **_DOT)
        text = f"{rate.win_rate:.2f} [{rate.low:.2f}, {rate.high:.2f}]"
        axes.annotate(text, (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=8.5, color=INK)
    axes.axvline(EVEN, color=FAINT, linewidth=0.8, zorder=1)
    if threshold is not None:
        axes.axvline(threshold, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    axes.set_yticks(range(len(told)), labels)
    axes.set(xlim=_span(told, threshold), ylim=(-0.5, len(told) - 0.5), xlabel="win rate")
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.legend(handles=_rates_key(told, threshold), **_below(len(told)))


_DOT: dict[str, Any] = {"fmt": "o", "markersize": 5.5, "elinewidth": 1.6, "capsize": 0, "zorder": 5}


def _colour(match: Match) -> str:
    """By what the interval shows."""
    return WON if match.rate.low > EVEN else LOST if match.rate.high < EVEN else OPEN


def _span(told: Sequence[Match], threshold: float | None) -> tuple[float, float]:
    """As far on both sides of even as anything lies, so that even stands in the middle."""
    ends = [end for match in told for end in (match.rate.low, match.rate.high, EVEN + match.rate.detectable)]
    farthest = max(abs(end - EVEN) for end in [*ends, EVEN if threshold is None else threshold])
    half = min(EVEN, max(0.1, farthest + 0.03)) + 0.01
    return EVEN - half, EVEN + half


def _rates_key(told: Sequence[Match], threshold: float | None) -> list[Artist]:
    """What the marks mean that occur."""
    found = {_colour(match) for match in told}
    labels = {WON: "better, 95 % interval", LOST: "worse, 95 % interval", OPEN: "undecided, 95 % interval"}
    shown: list[Artist] = [
        Line2D([], [], color=colour, marker="o", markersize=5.5, linewidth=1.6, label=label)
        for colour, label in labels.items()
        if colour in found
    ]
    band = Patch(color=BAND, label="below the smallest detectable difference")
    limit = Line2D([], [], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), label="threshold")
    return [*shown, band, *([limit] if threshold is not None else [])]


def _outcomes(axes: Axes, told: Sequence[Match]) -> None:
    """The shares of comparisons won, flipped, tied and lost."""
    for place, match in enumerate(told):
        left = 0.0
        for share, count, colour, ink in _shares(match):
            axes.barh(place, share, 0.62, left=left, color=colour, edgecolor="white", linewidth=0.6)
            if share > 0.07:
                axes.text(left + share / 2, place, f"{count:,}", ha="center", va="center", fontsize=8, color=ink)
            left += share
    axes.set(xlim=(0, 1), ylim=(-0.5, len(told) - 0.5), xlabel="share of comparisons, and their number")
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
    found = {colour for match in told for share, _, colour, _ in _shares(match) if share}
    key = [Patch(color=colour, label=label) for label, colour in _OUTCOMES.items() if colour in found]
    axes.legend(handles=key, **_below(len(told)))


_OUTCOMES = {"win": WON, "flip (the order decided)": FLIPPED, "tie": TIED, "loss": LOST}


def _shares(match: Match) -> list[tuple[float, int, str, str]]:
    """Share, count, colour and colour of the text of each outcome; a flip is a tie, shown apart."""
    rate = match.rate
    flips = min(rate.flips, rate.ties)
    counts = (rate.wins, flips, rate.ties - flips, rate.losses)
    inks = ("white", INK, INK, "white")
    together = sum(counts)
    return [(n / together, n, colour, ink) for n, colour, ink in zip(counts, _OUTCOMES.values(), inks, strict=True)]


def _below(rows: int) -> dict[str, Any]:
    """A legend under the axis, as far below it however many rows there are."""
    return {
        "loc": "upper left",
        "bbox_to_anchor": (-0.02, -0.48 / (ROW * rows)),
        "borderaxespad": 0,
        "ncols": 2,
        "columnspacing": 1.4,
        "handlelength": 1.6,
    }


def _matrix(axes: Axes, found: Sequence[Match], everybody: Sequence[str]) -> None:
    rates = matrix(found)
    for down, one in enumerate(everybody):
        for across, other in enumerate(everybody):
            rate = rates.get(Systems(one, other))
            if rate is None:
                axes.text(across, down, "–", ha="center", va="center", color=FAINT)
                continue
            axes.add_patch(Rectangle((across - 0.5, down - 0.5), 1, 1, color=BOTH_WAYS(rate.value), ec="white", lw=1))
            ink = "white" if abs(rate.value - EVEN) > 0.33 else INK
            axes.text(across, down - 0.12, f"{rate.value:.2f}", ha="center", va="center", color=ink, fontsize=9)
            around = f"{rate.low:.2f}–{rate.high:.2f}"
            axes.text(across, down + 0.22, around, ha="center", va="center", color=ink, fontsize=6.5)
    places = range(len(everybody))
    axes.set_xticks(places, [_short(name, 16) for name in everybody], rotation=30, ha="left", rotation_mode="anchor")
    axes.set_yticks(places, [_short(name, 16) for name in everybody])
    axes.tick_params(length=0, top=False, labeltop=True, labelbottom=False)
    axes.set(xlim=(-0.5, len(everybody) - 0.5), ylim=(len(everybody) - 0.5, -0.5))
    axes.spines[:].set_visible(False)


def _label(match: Match, baseline: str | None) -> str:
    one, other = match.systems
    return _short(one) if baseline else f"{_short(one, 14)} / {_short(other, 14)}"


def _short(name: str | None, width: int = LONGEST_NAME) -> str:
    """A name that fits."""
    return shortened(name or "", width=width)
