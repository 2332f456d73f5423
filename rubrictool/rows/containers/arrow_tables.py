"""Read Parquet and Arrow files, a few rows at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from rubrictool.rows.containers.arrow_values import Convert, converter
from rubrictool.rows.containers.delimited import MAX_COLUMNS
from rubrictool.rows.containers.faults import FileFault, RowFault, too_long
from rubrictool.rows.containers.lines import MAX_ROW
from rubrictool.rows.containers.pyarrow_import import need_pyarrow
from rubrictool.text.wording import one_line

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet

MAX_FOOTER = 16 * 2**20
"""Bytes of the description at the end of a Parquet file: it is read at once, and takes several times as much memory."""

BATCH_BYTES = 2**21
"""Bytes that the rows of a batch have together, about."""

BATCH_ROWS = 256
"""Rows of a batch at most."""

_PAGE_OVERHEAD = 2**18
"""Bytes of a row that its pages may have beside its values: headers, levels and statistics."""

_MAGIC = 4
_LENGTH = 4


def parquet_rows(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the numbered rows of a Parquet file. Raises `FileFault` and `RowFault`."""
    need_pyarrow("a Parquet file")
    import pyarrow.parquet

    _check_footer(file)
    with _damage("Parquet"):
        table = pyarrow.parquet.ParquetFile(file, pre_buffer=False, buffer_size=2**18)
        yield from table_rows(_parquet_batches(table))


def arrow_file_rows(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the numbered rows of an Arrow file (Feather). Raises `FileFault` and `RowFault`."""
    need_pyarrow("an Arrow file")
    import pyarrow

    with _damage("Arrow"):
        table = pyarrow.ipc.open_file(file)
        yield from table_rows(map(table.get_batch, range(table.num_record_batches)))


def arrow_stream_rows(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the numbered rows of an Arrow stream, as the library datasets writes them. Raises `FileFault` and `RowFault`."""
    need_pyarrow("an Arrow file")
    import pyarrow

    with _damage("Arrow"):
        table = pyarrow.ipc.open_stream(file)
        yield from table_rows(table)


@contextmanager
def _damage(kind: str) -> Iterator[None]:
    """Turn what pyarrow raises for broken files into a `FileFault`."""
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, EOFError) as error:
        raise FileFault(
            f"the {kind} file is cut off or damaged ({one_line(str(error), width=100)}); get it again"
        ) from None


def _check_footer(file: IO[bytes]) -> None:
    """Raise `FileFault` for a file without a footer, or with one that is too large: pyarrow reads it whole."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _LENGTH - _MAGIC))
    end = file.read()
    length = int.from_bytes(end[:_LENGTH], "little")
    file.seek(0)
    if size < 3 * _MAGIC or end[_LENGTH:] != b"PAR1" or length > size:
        raise FileFault("the Parquet file is cut off or damaged (it does not end as one); get it again")
    if length > MAX_FOOTER:
        raise FileFault(
            f"the Parquet file has a footer of {length / 2**20:,.0f} MiB, more than the {MAX_FOOTER // 2**20} that are read;"
            " write it with fewer columns or larger row groups"
        )


def _parquet_batches(table: pyarrow.parquet.ParquetFile) -> Iterator[pyarrow.RecordBatch]:
    """Yield batches of each row group whose rows are few enough, by the size that the group has on average.

    The memory of a batch is given back before the next is read: the allocator would keep it, some 40 MiB more.
    """
    import pyarrow

    first, pool = 1, pyarrow.default_memory_pool()
    for number in range(table.num_row_groups):
        group = table.metadata.row_group(number)
        _check_group(group, first)
        first += group.num_rows
        row_bytes = group.total_byte_size / max(1, group.num_rows)
        rows = int(max(1, min(BATCH_ROWS, BATCH_BYTES / max(1, row_bytes))))
        for batch in table.iter_batches(batch_size=rows, row_groups=[number], use_threads=False):
            yield batch
            pool.release_unused()


def _check_group(group: pyarrow.parquet.RowGroupMetaData, first: int) -> None:
    """Raise `RowFault` where the metadata tells that a row has more than 16 MiB; reading it takes several times as much."""
    if group.total_byte_size > max(1, group.num_rows) * (MAX_ROW + _PAGE_OVERHEAD):
        last = first + group.num_rows - 1
        raise RowFault(first, too_long("row" if last <= first else f"longest of the rows {first:,} to {last:,}"))


def table_rows(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the numbered rows of batches. Raises `FileFault` and `RowFault`."""
    converters: dict[str, Convert | None] = {}
    number = 0
    for batch in batches:
        converters = converters or _converters(batch.schema)
        batch.validate(full=True)
        for start in range(0, len(batch), BATCH_ROWS):
            rows = batch.slice(start, BATCH_ROWS)
            _check_size(rows, number + 1)
            for values in zip(*(column.to_pylist() for column in rows.columns), strict=True):
                number += 1
                yield number, _row(number, converters, values)


def _converters(schema: pyarrow.Schema) -> dict[str, Convert | None]:
    """Return what turns the values of each column into JSON values."""
    if len(schema) > MAX_COLUMNS:
        raise FileFault(
            f"has {len(schema):,} columns, more than the {MAX_COLUMNS:,} that are read; is it a table of rows?"
        )
    if twice := [name for name, count in Counter(schema.names).items() if count > 1]:
        raise FileFault(f"{one_line(twice[0], width=60)}: two columns have this name; rename one")
    return {field.name: _converter(field) for field in schema}


def _converter(field: pyarrow.Field) -> Convert | None:
    try:
        return converter(field)
    except ValueError as error:
        raise FileFault(f"{one_line(field.name, width=60)}: {error}") from None


def _check_size(rows: pyarrow.RecordBatch, first: int) -> None:
    """Raise `RowFault` for a row of more than 16 MiB."""
    if rows.nbytes > MAX_ROW:
        for place in range(len(rows)):
            if rows.slice(place, 1).nbytes > MAX_ROW:
                raise RowFault(first + place, too_long("row"))


def _row(number: int, converters: dict[str, Convert | None], values: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row without its nulls, which are absent columns."""
    row = {}
    for (name, convert), value in zip(converters.items(), values, strict=True):
        if value is not None:
            try:
                row[name] = convert(value) if convert else value
            except ValueError as error:
                raise RowFault(number, f"{one_line(name, width=60)}: {error}") from None
    return row
