"""Show rows as a pandas table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas


def frame(rows: Iterable[Mapping[str, Any]]) -> pandas.DataFrame:
    """Return a table with one row for each mapping of columns, in order."""
    import pandas

    return pandas.DataFrame.from_records(list(rows))
