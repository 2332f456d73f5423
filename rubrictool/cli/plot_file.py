"""A picture that a command draws: seen to before anything is spent, put in its place whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from rubrictool.cli.files import Staged, seen_to
from rubrictool.cli.options import Files
from rubrictool.errors import InputError, install

KINDS = (".svg", ".png")


def seen_to_plot(plot: Path | None, files: Files, reads: Sequence[str | None]) -> None:
    """Raise `InputError` for a plot that could not be drawn, or whose file is another's."""
    if plot is None:
        return
    if plot.suffix.lower() not in KINDS:
        raise InputError(f"--plot {plot}: must end in {' or '.join(KINDS)}")
    if find_spec("matplotlib") is None:
        raise InputError(f"--plot needs matplotlib, which is not installed; {install('plot')}")
    if not os.path.isdir(plot.parent):
        raise InputError(f"--plot {plot}: there is no directory {plot.parent}")
    outputs = {"--output": files.output, "--summary": files.summary, "--failures": files.failures}
    seen_to({**outputs, "--plot": str(plot)}, reads=reads)


def kind_of(plot: Path) -> str:
    """The kind of picture that a file name asks for, `svg` or `png`."""
    return plot.suffix.lower().lstrip(".")


def put(plot: Path, picture: bytes) -> None:
    """Write beside the place and put it there whole. Raises `InputError` where it cannot be written."""
    with Staged(plot) as file:
        file.write_bytes(picture)
        file.finish()
        file.commit()
