"""Word where a row stands in its file, as messages name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

PlaceUnit = Literal["line", "row"]
"""The unit by which rows of a file are counted: lines of text, or rows where a file has no lines."""


class RowPlaces(Protocol):
    """The wording of places by the numbers of rows, for one input."""

    def of(self, number: int) -> str:
        """Return the file and the place in it: `file:7`, or `file:row 7`."""
        ...

    def within(self, number: int) -> str:
        """Return the place for a reader who knows the file: `on line 7`, or `in row 7`."""
        ...


@dataclass(frozen=True)
class FilePlaces:
    """The wording of places in one file."""

    name: str
    unit: PlaceUnit = "line"

    def of(self, number: int) -> str:
        """Return the file and the place in it: `file:7`, or `file:row 7`."""
        return f"{self.name}:{number}" if self.unit == "line" else f"{self.name}:row {number}"

    def within(self, number: int) -> str:
        """Return the place for a reader who knows the file: `on line 7`, or `in row 7`."""
        return f"on line {number}" if self.unit == "line" else f"in row {number}"
