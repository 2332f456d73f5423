"""Define a container: a way in which rows stand in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from rubrictool.rows.places import PlaceUnit


@dataclass(frozen=True)
class Container:
    """A way in which rows stand in a file.

    `read` yields rows with their numbers, of lines or of rows as `unit` says, and raises `RowFault`.
    """

    name: str
    read: Callable[[IO[bytes]], Iterator[tuple[int, dict[str, Any]]]]
    unit: PlaceUnit = "line"
