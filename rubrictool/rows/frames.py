"""Show rows as a pandas table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas


def frame(rows: Iterable[Mapping[str, Any]], columns: Iterable[str] = ()) -> pandas.DataFrame:
    """Return a table with one row for each mapping of columns, in order; `columns` are those of a table without rows."""
    import pandas

    return pandas.DataFrame.from_records(given) if (given := list(rows)) else pandas.DataFrame(columns=list(columns))
