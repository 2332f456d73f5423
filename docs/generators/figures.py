"""Draw Figures 2a and 2b of the paper from `analysis/estimators/theory.py`, and keep the figures of the documentation up to date.

`generate.figure` calls this in each run of cog: `cog -r` writes a figure that has changed, `cog --check` fails for it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rubrictool.analysis.estimators.policy_tilt import FloatArray
from rubrictool.analysis.estimators.theory import Wrong, envelope, peak, win_rate

FOLDER = Path(__file__).parents[1] / "figures"

CARD, INK, FAINT, GRID = "#ffffff", "#1d2733", "#56657a", "#e3e8ef"
RED, ORANGE, BLUE, TEAL = "#b42318", "#b54708", "#1f5fbf", "#0e7569"
DARK = {
    CARD: "#161b22", INK: "#e6edf3", FAINT: "#9aa7b8", GRID: "#2c3440",
    RED: "#ff8a80", ORANGE: "#f5a65b", BLUE: "#79b8ff", TEAL: "#56d4bc",
}  # fmt: skip
"""The colour that each turns into where the reader's system is dark. The card turns with the ink, so either is legible."""

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "rubrictool",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": FAINT,
    "axes.edgecolor": FAINT,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 13,
    "grid.color": GRID,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "figure.constrained_layout.w_pad": 0.15,
    "figure.constrained_layout.h_pad": 0.15,
    "lines.linewidth": 2,
    "lines.solid_capstyle": "round",
}


def keep(name: str, svg: str, *, check: bool) -> None:
    """Write a figure unless the one that is kept shows the same. Raises `RuntimeError` instead where `check` is set."""
    path = FOLDER / name
    if path.exists() and same_picture(path.read_text(encoding="utf-8"), svg):
        return
    if check:
        raise RuntimeError(f"docs/figures/{name} is stale; draw it again with: cog -r -P -I docs/generators docs/*.md")
    path.write_text(svg, encoding="utf-8")


class _Content(NamedTuple):
    """The content of a picture: which matplotlib drew it, its words, and the places of its lines and points."""

    version: str
    words: list[str]
    places: list[float]


TOLERANCE = 0.02
"""Points by which lines may differ: other processors round other last digits."""


def same_picture(one: str, other: str) -> bool:
    """Return whether two drawings show the same: the words in any case, the places if one matplotlib drew both."""
    a, b = _content(one), _content(other)
    if a.words != b.words:
        return False
    if a.version != b.version:
        return True
    return len(a.places) == len(b.places) and all(
        math.isclose(x, y, abs_tol=TOLERANCE) for x, y in zip(a.places, b.places, strict=True)
    )


def _content(svg: str) -> _Content:
    # Text drawn as glyphs stands in comments.
    words = re.findall(r"<!-- (.*?) -->|<text[^>]*>(.*?)</text>", svg, re.DOTALL)
    version = re.search(r"Matplotlib v([\w.]+)", svg)
    drawn = " ".join(re.findall(r'\b(?:d|x|y|transform)="([^"]*)"', svg))
    places = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", drawn)]
    return _Content(version[1] if version else "", [comment or text for comment, text in words], places)


def drawing(name: str) -> str:
    """Return a figure of this module as SVG."""
    draw, told = FIGURES[name]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 4.4), facecolor=CARD, layout="constrained")
        draw(figure.add_subplot())
        drawn = StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return _for_the_web(drawn.getvalue(), told)


def win_rates(axes: Axes) -> None:
    """Figure 2a: what optimisation gains, by what the proxy ranks wrong."""
    _frame(axes, "What the proxy ranks wrong decides what optimising it gains", most=8)
    _curve(axes, "worst", 0.9, TEAL)
    _curve(axes, "none", None, INK, linewidth=3.2)
    _curve(axes, "worst", 0.5, BLUE, linestyle=(0, (3, 2)))
    _curve(axes, "top", 0.25, ORANGE)
    _curve(axes, "top", 0.5, RED)
    _curve(axes, "all", None, FAINT)
    _mark_peak(axes, 0.25, ORANGE)
    _mark_peak(axes, 0.5, RED)
    _name_curves(axes)
    axes.set_ylim(-0.03, 1.1)


def _name_curves(axes: Axes) -> None:
    """Names where the curves of Figure 2a end, or where they go their own way."""
    axes.text(1.62, 0.66, "worst 90 % wrong", color=TEAL)
    axes.annotate(
        "worst 50 % wrong", (0.87, win_rate(0.87, "worst", share=0.5)), (0.4, 1.04), color=BLUE,
        arrowprops={"arrowstyle": "-", "color": BLUE, "shrinkA": 2, "shrinkB": 1, "relpos": (0.15, 0)},
    )  # fmt: skip
    for height, name, colour in (
        (1.0, "correct", INK), (0.75, "top 25 % wrong", ORANGE), (0.5, "top 50 % wrong", RED), (0.0, "reversed", FAINT)
    ):  # fmt: skip
        axes.text(8.1, height, name, color=colour, va="center")


def envelopes(axes: Axes) -> None:
    """Figure 2b: the least that optimisation gains where the proxy is right about the top."""
    _frame(axes, "The least that a proxy can gain which ranks the top right", most=4)
    for tenth in range(1, 10):
        axes.plot(_grid(4), envelope(_grid(4), tenth / 10), color=BLUE, linewidth=1.6)
    axes.plot(_grid(4), win_rate(_grid(4)), color=INK, linewidth=3)
    axes.set_ylim(0.43, 1.02)
    for tenth, place, name in ((1, 1.37, "top 10 % right"), (2, 0.85, "20 %"), (3, 0.6, "30 %"), (4, 0.42, "40 %")):
        _name_on_the_line(axes, tenth / 10, place, name)
    axes.text(0.62, 0.83, "50 to 100 %", color=INK, ha="right")


def _name_on_the_line(axes: Axes, correct: float, place: float, name: str) -> None:
    before, at, after = envelope(np.array([place - 0.05, place, place + 0.05]), correct)
    axes.text(
        place, at, name, color=BLUE, size=10, ha="center", va="center", transform_rotates_text=True,
        rotation=float(np.degrees(np.arctan2(after - before, 0.1))), rotation_mode="anchor",
        bbox={"facecolor": CARD, "edgecolor": "none", "pad": 0.6},
    )  # fmt: skip


def _curve(axes: Axes, wrong: Wrong, share: float | None, colour: str, **line: Any) -> None:
    grid = _grid(8)
    axes.plot(grid, win_rate(grid, wrong, share=share), color=colour, **line)


def _mark_peak(axes: Axes, share: float, colour: str) -> None:
    top = peak("top", share=share)
    axes.plot(top.kl, top.win_rate, "o", color=colour, markeredgecolor=CARD, markersize=8)
    axes.annotate(f"{top.win_rate:.2f}", top, (-3, -17), textcoords="offset points", color=colour, ha="center")


def _grid(most: int) -> FloatArray:
    """KLs from 0, denser at the start, where win rates rise with the root of the KL."""
    return np.linspace(0, most**0.5, 161) ** 2


def _frame(axes: Axes, title: str, *, most: int) -> None:
    axes.set_title(title, pad=14)
    axes.set_xlim(0, most)
    axes.set_xticks(range(most + 1))
    axes.set_xlabel("KL from the base policy (nats)")
    axes.set_ylabel("win rate against the base policy")
    axes.tick_params(length=0, labelcolor=FAINT)


def _for_the_web(svg: str, told: str) -> str:
    """The drawing with a description and colours for a dark page."""
    rules = "".join(
        f'[style*="{what}: {light}"]{{{what}:{dark}!important}}'
        for light, dark in DARK.items()
        for what in ("fill", "stroke")
    )
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{told}" ', 1)
    return svg.replace("</style>", f"@media (prefers-color-scheme: dark){{{rules}}}</style>", 1)


FIGURES: dict[str, tuple[Callable[[Axes], None], str]] = {
    "win-rate-by-kl.svg": (
        win_rates,
        "Win rate by KL: a proxy wrong at the top peaks early, one wrong at the bottom does not",
    ),
    "envelope.svg": (envelopes, "Lowest win rate by KL where the top 10, 20, ..., 100 % are ranked right"),
}
"""The function that draws each, and what it shows in words."""
