"""Print the report of `winrate --control`: win rates at equal length or style, beside the raw ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rubrictool.analysis.existing_comparisons import Compared
from rubrictool.analysis.style_control import Control, ControlledRate, ControlledReport, control_comparisons
from rubrictool.cli.few_prompts import few_prompts
from rubrictool.cli.session import Session
from rubrictool.cli.tables import NONE, interval, number, signed, table
from rubrictool.cli.winrate_options import ReportOptions
from rubrictool.cli.winrate_pair import short
from rubrictool.cli.winrate_report import close


def controlling(
    rows: Sequence[Compared], control: Control, *, seed: int
) -> Callable[[Session, Sequence[Compared], ReportOptions], None]:
    """Return the report on comparisons with their rates at equal length or style.

    Raises `InputError` for comparisons without the columns that it takes, or without one baseline.
    """
    found = control_comparisons(rows, control, seed=seed)

    def close_controlled(session: Session, rows: Sequence[Compared], options: ReportOptions) -> None:
        close(session, rows, options)
        session.figures["control"] = {"of": control} | found.figures()
        for line in _lines(found, control):
            session.tell(line)

    return close_controlled


def _lines(found: ControlledReport, control: Control) -> Iterator[str]:
    against = f" against {short(found.baseline)}" if found.baseline else ""
    yield f"winrate: at equal {control}{against}, 95 % intervals over prompts"
    yield from table(
        ("system", "win rate", f"at equal {control}", "longer", "shorter"), [_row(one) for one in found.systems]
    )
    slopes = ", ".join(f"{name.replace('_', ' ')} {signed(slope)}" for name, slope in found.slopes.items())
    yield f"winrate: effect on the log-odds, shared by all systems: {slopes}"
    yield from (f"winrate: {_name(one)}: {one.reason}" for one in found.systems if one.reason)
    yield from (f"winrate: {line}" for line in few_prompts([(one.system, one.prompts) for one in found.systems]))


def _row(one: ControlledRate) -> tuple[str, ...]:
    controlled = NONE if one.controlled is None else interval(one.controlled)
    return (_name(one), number(one.win_rate), controlled, f"{one.longer:.0%}", f"{one.shorter:.0%}")


def _name(one: ControlledRate) -> str:
    return short(one.system or "a")
