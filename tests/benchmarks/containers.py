"""Peak memory of whole commands that read a large file, in each container; every row is decided by a check."""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice, takewhile
from multiprocessing import get_context
from pathlib import Path
from typing import IO, Any

import processes

ROW_BYTES = 8192
"""Bytes of a row: an answer of some 1,300 words."""

SUFFIXES = ("jsonl", "json", "csv", "jsonl.gz", "jsonl.zst", "arrow", "parquet", "one-group.parquet")
"""Containers; the row groups of a Parquet file have 64 MiB, as common writers make them, or all rows."""

COMMANDS = {
    "score": ["score", "--rubrics", "rubric.jsonl", "--judge", "offline"],
    "filter-top-k": ["filter-top-k", "-k", "2"],
    "convert": ["convert", "--to", "alpaca"],
    "convert --to prompts": ["convert", "--to", "prompts"],
}

RUBRIC = {"id": "*", "criteria": [{"criterion": "Names a word.", "weight": 1, "check": {"contains": ["word"]}}]}


def rows(size: int) -> Iterator[dict[str, Any]]:
    """Rows of this many bytes together; no two are alike, so that they are compressed as real ones are."""
    for number in range(size // ROW_BYTES):
        words = (f"word {number * 7919 + place * 104_729:x}" for place in range(ROW_BYTES // 14))
        prompt, score = f"p{number // 4}", number % 7 / 7
        yield {"prompt_id": prompt, "prompt": f"Question {prompt}?", "response": " ".join(words), "score": score}


def write(path: Path, size: int) -> None:
    """Write the rows into the container that a name asks for."""
    if path.suffix in (".parquet", ".arrow"):
        _table(path, size)
        return
    with _opened(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        _TEXTS.get(path.suffix, _json_lines)(text, size)
        text.flush()


def _opened(path: Path) -> Any:
    if path.suffix == ".gz":
        return gzip.open(path, "wb", compresslevel=1)
    if path.suffix == ".zst":
        import pyarrow

        return pyarrow.CompressedOutputStream(str(path), "zstd")
    return open(path, "wb")


def _json_lines(file: IO[str], size: int) -> None:
    file.writelines(json.dumps(row) + "\n" for row in rows(size))


def _json_array(file: IO[str], size: int) -> None:
    for number, row in enumerate(rows(size)):
        file.write(f"{',' if number else '['}\n{json.dumps(row, indent=1)}")
    file.write("\n]\n")


def _csv(file: IO[str], size: int) -> None:
    table = csv.DictWriter(file, ["prompt_id", "prompt", "response", "score"])
    table.writeheader()
    table.writerows(rows(size))


_TEXTS: dict[str, Callable[[IO[str], int], None]] = {".json": _json_array, ".csv": _csv}


def _table(path: Path, size: int) -> None:
    """Write an Arrow stream in batches of 1,000 rows, as the library datasets does, or a Parquet file."""
    import pyarrow
    import pyarrow.parquet

    texts = [(name, pyarrow.string()) for name in ("prompt_id", "prompt", "response")]
    schema = pyarrow.schema([*texts, ("score", "f8")])
    given = rows(size)
    batches = iter(lambda: pyarrow.RecordBatch.from_pylist(list(islice(given, 1000)), schema), None)
    filled = takewhile(len, batches)
    if path.suffix == ".arrow":
        with pyarrow.ipc.new_stream(str(path), schema) as table:
            for batch in filled:
                table.write_batch(batch)
        return
    of_group = 2 * size if "one-group" in path.name else 2**26
    with pyarrow.parquet.ParquetWriter(path, schema) as file:
        while group := list(islice(filled, of_group // (1000 * ROW_BYTES))):
            table = pyarrow.Table.from_batches(group, schema)
            file.write_table(table, row_group_size=len(table))


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024, help="MiB of the rows, uncompressed.")
    parser.add_argument("--only", choices=SUFFIXES, action="append", help="This container; it can be repeated.")
    parser.add_argument("--command", choices=COMMANDS, action="append", help="This command; it can be repeated.")
    flags = parser.parse_args()
    for suffix in flags.only or SUFFIXES:
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            path = directory / f"rows.{suffix}"
            (directory / "rubric.jsonl").write_text(json.dumps(RUBRIC) + "\n")
            writer = get_context("spawn").Process(target=write, args=(path, flags.mib * 2**20))
            writer.start()
            writer.join()
            for command in flags.command or COMMANDS:
                head, *options = COMMANDS[command]
                line = [sys.executable, "-m", "rubrictool", head, path.name, *options, "-q", "-o", "out.jsonl"]
                run = processes.run(line, directory)
                held = path.stat().st_size / 2**20
                print(
                    f"| {suffix} | `{command}` | {held:,.0f} | {run.peak_mib:.0f} | {run.cpu_s:.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
