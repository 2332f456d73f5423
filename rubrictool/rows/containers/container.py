"""Define a container: a way in which rows stand in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from rubrictool.rows.places import PlaceUnit


@dataclass(frozen=True)
class Container:
    """A way in which rows stand in a file. `kind` is one for those that may stand beside each other as parts of one input.

    `read` yields rows with their numbers, of lines or of rows as `unit` says, and raises `RowFault` and
    `FileFault`. One that `seeks` cannot be read while it is decompressed.
    """

    name: str
    kind: str
    read: Callable[[IO[bytes]], Iterator[tuple[int, dict[str, Any]]]]
    unit: PlaceUnit = "line"
    seeks: bool = False
