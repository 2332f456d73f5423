"""Read an input file or pipe, more than once if need be, as the numbered JSON objects on its lines."""

from __future__ import annotations

import codecs
import json
import os
import select
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from rubrictool.errors import InputError
from rubrictool.rows.foreign_files import HEAD, kind_of
from rubrictool.rows.strict_json import DEPTH_LIMIT, strict

STDIN = "-"

MAX_LINE = 16 * 2**20

LONGEST_READ_S = 0.2
"""Longest wait for more of a pipe, in seconds, before signals are looked at."""

_CHUNK = 2**16


class InputFile:
    """The numbered JSON objects of a file."""

    def __init__(self, path: str | Path, name: str) -> None:
        self._name, self._file = name, _open(path)

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        self._file.seek(0)
        return _values(self._name, self._file)


def _open(path: str | Path) -> IO[bytes]:
    """Return a file that can be read again; what cannot be rewound, such as a pipe, is copied to a temporary file."""
    if str(path) == STDIN and sys.stdin is None:
        raise InputError("stdin: is closed; name a file")
    try:
        file = sys.stdin.buffer if str(path) == STDIN else open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if file.seekable() and str(path) != STDIN:
        return file
    return _spooled(file)


def _spooled(pipe: IO[bytes]) -> IO[bytes]:
    """Copy a pipe to a temporary file and return that.

    A signal that arrives just before a read blocks is seen only once the read returns, so no read may wait for long.
    """
    spool = tempfile.TemporaryFile()  # noqa: SIM115
    while True:
        if select.select([pipe], [], [], LONGEST_READ_S)[0]:
            chunk = os.read(pipe.fileno(), _CHUNK)
            if not chunk:
                return spool
            spool.write(chunk)


class _TooLong(Exception):
    """A line is longer than any row may be."""


class _Lines:
    """The lines of a file, none longer than 16 MiB, with the number of the last one read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.number = file, 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> bytes:
        line = self._file.readline(MAX_LINE + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > MAX_LINE:
            raise _TooLong("the line is longer than 16 MiB; split the row")
        return line if self.number > 1 else line.removeprefix(codecs.BOM_UTF8)


def _values(name: str, file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the JSON objects of a file with the numbers of their lines; blank lines are passed over."""
    import jsonlines

    lines, first = _Lines(file), True
    reader = jsonlines.Reader(lines, loads=strict)
    while True:
        try:
            value = reader.read(type=dict, skip_empty=True)
        except EOFError:
            return
        except (jsonlines.InvalidLineError, RecursionError, _TooLong) as error:
            foreign = kind_of(_head(file), "FILE" if name == "stdin" else name) if first else None
            raise InputError(f"{name}:{lines.number}: {foreign or _why(error)}") from None
        yield lines.number, value
        first = False


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(HEAD)


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return f"nested too deeply; {DEPTH_LIMIT}"
    if isinstance(error, _TooLong):
        return str(error)
    cause = error.__cause__
    if isinstance(cause, UnicodeDecodeError):
        return "is not UTF-8; convert the file first, naming its encoding (for example iconv -f WINDOWS-1252 -t UTF-8)"
    if isinstance(cause, json.JSONDecodeError):
        return f"is not JSON: {cause.msg} at column {cause.colno}; each line must hold one JSON object"
    if cause is None:
        return "is not a JSON object; each line must hold one, {...} (of an array: jq -c '.[]' FILE)"
    return str(cause)
