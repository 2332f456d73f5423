"""Refuse inputs that name one file twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rubrictool.cli.files import place_of
from rubrictool.errors import InputError
from rubrictool.rows.input_files import STDIN


def one_stdin(*paths: str | None) -> None:
    """Raise `InputError` where two inputs would both read standard input."""
    if sum(path == STDIN for path in paths) > 1:
        raise InputError("- (standard input) can be read only once; put one of the inputs into a file")


def once_each(paths: Sequence[str]) -> None:
    """Raise `InputError` for a file that is named twice, be it by two paths."""
    places = Counter(place_of(name) for name in paths)
    if twice := next((name for name in paths if places[place_of(name)] > 1), None):
        raise InputError(f"{twice}: is named twice; name each file of scores once")
