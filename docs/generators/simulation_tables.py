"""The tables of docs/simulation.md, printed from the world's definition and from docs/simulation.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from rubrictool.analysis.estimators.intervals import agresti_coull
from rubrictool.simulation import BUDGETS, CONTRASTS, World, drawn

RESULTS = Path(__file__).with_name("simulation.json")
RATES = {f"{budget:g}": f"win rate at KL {budget:g}" for budget in BUDGETS}
MEASURES = {"half": "half-credit"} | {key: RATES[key] for key in ("0.5", "1", "2")}
REGIONS = {"half": "half-credit", "1": RATES["1"], "middle": "half-credit in the middle", "edge": "top less middle"}
SHORT = (
    ("1 great", "1 good"),
    ("4 great", "4 good"),
    ("4 great", "1 great"),
    ("4 great & diverse", "4 great"),
    ("4 great", "4 random"),
    ("4 great & diverse", "4 random & diverse"),
    ("4 great & diverse", "placebo"),
)
"""The contrasts that are shown for every cell."""


def world() -> None:
    """Every parameter: its default, the range of random worlds, and why."""
    rows = [(f"`{f.name}`", f"{f.default:g}", _range(f.metadata), f.metadata["why"]) for f in fields(World)[1:]]
    _print(("parameter", "base", "random worlds", "why"), rows)


def arms(**changes: float) -> None:
    """The arms in one world."""
    cell = _cell(changes)
    head = ("rubric", "criteria", "style", "wrong", "win", "tie", "loss", *MEASURES.values(), "highest", "at the end")
    _print(head, [(name, *_arm(figures)) for name, figures in cell["arms"].items()])


def contrasts(**changes: float) -> None:
    """The contrasts in one world."""
    found = _cell(changes)["contrasts"]
    names = [f"{one} - {other}" for one, other in CONTRASTS]
    _print(
        ("contrast", *MEASURES.values()),
        [(_named(name), *(_signed(found[name][key]) for key in MEASURES)) for name in names],
    )


def halves(measure: str = "half") -> None:
    """The half-credit of every arm, or its win rate at a KL, in every cell."""
    found = _results()["cells"]
    _print(
        ("changed", *found[0]["arms"]),
        [(_changed(cell), *(f"{arm[measure][0]:.3f}" for arm in cell["arms"].values())) for cell in found],
    )


def grid(measure: str = "half") -> None:
    """The contrasts of every cell by one measure."""
    names = [f"{one} - {other}" for one, other in SHORT]
    rows = [
        (_changed(cell), *(_signed(cell["contrasts"][name][measure]) for name in names)) for cell in _results()["cells"]
    ]
    _print(("changed", *map(_named, names)), rows)


def turns() -> None:
    """Print where the win rate of an arm is highest, and how much of it is lost at the end, in every cell."""
    found = _results()["cells"]
    names = [name for name in found[0]["arms"] if name not in ("initial", "all points")]
    _print(("changed", *names), [(_changed(cell), *(_turn(cell["arms"][name]) for name in names)) for cell in found])


def worlds(measure: str = "half", own: int | None = None) -> None:
    """In what share of random worlds each contrast is positive; in all of them, or in those of one kind of policy."""
    found = [row for seed, row in enumerate(_results()["worlds"], start=1) if own in (None, drawn(seed).own)]
    names = [f"{one} - {other}" for one, other in CONTRASTS]
    head = (
        "contrast",
        "positive in",
        "clearly so in",
        "clearly negative in",
        "lowest tenth",
        "median",
        "highest tenth",
    )
    _print(head, [(_named(name), *_shares([row[name][measure] for row in found])) for name in names])


def rules(measure: str = "half") -> None:
    """Print what each rule of acceptance gains over taking everything, by one measure, in every world for rules."""
    found = _results()["studies"]["rules"]
    arms = [name.removesuffix(", always") for name in found[0]["arms"] if name.endswith(", always")]
    for arm in arms:
        named = [name.removeprefix(f"{arm}, ") for name in found[0]["arms"] if name.startswith(f"{arm}, ")]
        rows = [
            (_changed(world), f"{world['arms'][f'{arm}, always'][measure][0]:.3f}", *_gains(world, arm, named, measure))
            for world in found
        ]
        _print((f"{arm}: changed", *named), rows)


def _gains(world: Mapping[str, Any], arm: str, named: Sequence[str], measure: str) -> list[str]:
    contrasts = world["contrasts"]
    return [_signed(contrasts[f"{arm}, {rule} - {arm}, always"][measure]) for rule in named if rule != "always"]


def written() -> None:
    """Print how many criteria each rule leaves, and how many of them are about style or wrong way round, in the base world."""
    base = _results()["studies"]["rules"][0]["arms"]
    rows = [(name, *(f"{arm[count]:.1f}" for count in ("criteria", "style", "wrong"))) for name, arm in base.items()]
    _print(("rubric", "criteria", "style", "wrong"), rows)


def views(study: str = "views") -> None:
    """Print what comes of each way to look at a pair, in the base world of a study."""
    base = _results()["studies"][study][0]["arms"]
    rows = [
        (
            name,
            *(f"{arm[count]:.1f}" for count in ("criteria", "style", "wrong")),
            *(_plain(arm[key]) for key in REGIONS),
        )
        for name, arm in base.items()
    ]
    _print(("rubric", "criteria", "style", "wrong", *REGIONS.values()), rows)


def compared(study: str = "views") -> None:
    """The contrasts of a study in its base world."""
    base = _results()["studies"][study][0]["contrasts"]
    _print(
        ("contrast", *REGIONS.values()),
        [(_named(name), *(_signed(contrast[key]) for key in REGIONS)) for name, contrast in base.items()],
    )


def elsewhere(study: str, measure: str) -> None:
    """Some contrasts of a study in each of its worlds, by one measure."""
    found = _results()["studies"][study]
    names = [name for name in found[0]["contrasts"] if not name.endswith("- initial")]
    rows = [
        (_changed(world), str(world["prompts"]), *(_signed(world["contrasts"][name][measure]) for name in names))
        for world in found
    ]
    _print(("changed", "prompts", *map(_named, names)), rows)


def sharpened() -> None:
    """By how much more each way to look at a pair is ahead of the first rubric at the top than in the middle, in each world."""
    found = _results()["studies"]["views"]
    names = [name for name in found[0]["contrasts"] if name.endswith("- initial")]
    rows = [(_changed(world), *(_signed(world["contrasts"][name]["edge"]) for name in names)) for world in found]
    _print(("changed", *(name.removesuffix(" - initial") for name in names)), rows)


def curve(**changes: float) -> None:
    """The win rate of the arms at each KL in one world, and how much is lost from the peak to the end."""
    rows = [(name, *(_plain(arm[key]) for key in RATES), _turn(arm)) for name, arm in _cell(changes)["arms"].items()]
    _print((_changed({"changes": changes, "name": ""}), *RATES.values(), "highest, lost at the end"), rows)


def pools(measure: str = "half") -> None:
    """Print what the pool rules are worth by one measure, and how many responses are judged, by size and kind of pool."""
    found = {name: of[0] for name, of in _results()["studies"].items() if name.startswith("pools of")}
    kinds, others = {"diverse": "equals", "mixed": "mixed"}, ("narrow", "keep")
    rows = [
        (
            f"{name.removeprefix('pools of ')} {shown}",
            str(world["prompts"]),
            *(f"{world['arms'][f'{kind}, {rule}']['calls']:.1f}" for rule in ("drop-used", *others)),
            _plain(world["arms"][f"{kind}, drop-used"][measure]),
            *(_signed(world["contrasts"][f"{kind}, {rule} - {kind}, drop-used"][measure]) for rule in others),
        )
        for name, world in found.items()
        for kind, shown in kinds.items()
    ]
    head = [f"judged, `{rule}`" for rule in ("drop-used", *others)]
    _print(("pool", "prompts", *head, "`drop-used`", *(f"`{rule}` − `drop-used`" for rule in others)), rows)


def shares() -> None:
    """Print what it is worth to keep another share of a pool of 16."""
    world = _results()["studies"]["pools of 16"][0]
    kinds, tried = {"diverse": "equals", "mixed": "mixed"}, {"0.25": ", 0.25", "0.5": "", "0.75": ", 0.75"}
    rows = [
        (
            f"{shown}, {share}",
            f"{world['arms'][f'{kind}, narrow{suffix}']['calls']:.1f}",
            *(_signed(world["contrasts"][f"{kind}, narrow{suffix} - {kind}, drop-used"][key]) for key in ("half", "1")),
        )
        for kind, shown in kinds.items()
        for share, suffix in tried.items()
    ]
    _print(("pool, share kept", "judged", "half-credit less `drop-used`", "win rate at KL 1 less `drop-used`"), rows)


def limits() -> None:
    """Print what each limit on the size gives, and what it gains over 24 criteria and 4 new ones a round."""
    for world in _results()["studies"]["limits"]:
        rows = [
            (
                name,
                f"{arm['criteria']:.1f}",
                f"{arm['verdicts']:.0f}",
                f"{arm['half'][0]:.3f}",
                f"{arm['1'][0]:.3f}",
                *(_gain(world["contrasts"].get(f"{name} - 24, 4 new"), key) for key in ("half", "1")),
            )
            for name, arm in world["arms"].items()
        ]
        head = ("criteria", "verdicts", "half-credit", "win rate at KL 1", "half-credit, gained", "win rate, gained")
        _print((f"{_changed(world)}; {world['prompts']} prompts", *head), rows)


def _gain(contrast: Mapping[str, Any] | None, key: str) -> str:
    return "" if contrast is None else _signed(contrast[key])


def _shares(estimates: Sequence[Sequence[float]]) -> tuple[str, ...]:
    """Return how often an estimate is positive, and how often its interval leaves out 0; what the estimates are like."""
    values, count = sorted(value for value, _, _ in estimates), len(estimates)
    positive = sum(value > 0 for value in values)
    bounds = agresti_coull(positive, count)
    clear = [sum(low > 0 for _, low, _ in estimates) / count, sum(high < 0 for _, _, high in estimates) / count]
    deciles = [values[count // 10], values[count // 2], values[-1 - count // 10]]
    return (
        f"{positive / count:.2f} ({bounds.low:.2f}..{bounds.high:.2f})",
        *(f"{share:.2f}" for share in clear),
        *(f"{value:+.3f}" for value in deciles),
    )


def _arm(figures: Mapping[str, Any]) -> list[str]:
    counts = [f"{figures[name]:.1f}" for name in ("criteria", "style", "wrong")]
    shares = [f"{figures[name]:.3f}" for name in ("win", "tie", "loss")]
    curve = [f"{win_rate:.3f} at KL {kl:.2f}" for kl, win_rate in (figures["peak"], figures["end"])]
    return [*counts, *shares, *(_plain(figures[key]) for key in MEASURES), *curve]


def _turn(figures: Mapping[str, Any]) -> str:
    (kl, highest), (_, end) = figures["peak"], figures["end"]
    return f"{highest:.3f} at KL {kl:.1f}" + (f", −{highest - end:.3f}" if highest - end >= 0.001 else "")


def _cell(changes: Mapping[str, float]) -> dict[str, Any]:
    found: dict[str, Any] = next(c for c in _results()["cells"] if c["changes"] == changes and not c["name"])
    return found


@cache
def _results() -> dict[str, Any]:
    results: dict[str, Any] = json.loads(RESULTS.read_text())
    return results


def _changed(cell: Mapping[str, Any]) -> str:
    said = [f"`{name}` {value:g}" for name, value in cell["changes"].items()]
    return ", ".join([*said, cell["name"]] if cell["name"] else said) or "nothing (base)"


def _range(metadata: Mapping[str, Any]) -> str:
    return f"{metadata['low']:g} to {metadata['high']:g}"


def _named(contrast: str) -> str:
    return contrast.replace(" - ", " − ")


def _plain(estimate: Sequence[float]) -> str:
    value, low, high = estimate
    return f"{value:.3f} ({low:.3f}..{high:.3f})"


def _signed(estimate: Sequence[float]) -> str:
    value, low, high = estimate
    return f"{value:+.3f} ({low:+.3f}..{high:+.3f})"


def _print(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()
