"""Read an input file or pipe, more than once if need be, as numbered rows, whatever container they stand in."""

from __future__ import annotations

import os
import select
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from rubrictool.errors import InputError
from rubrictool.rows.containers.lines import MAX_ROW, RowFault
from rubrictool.rows.containers.recognise import HEAD, container_of
from rubrictool.rows.containers.streams import Damaged, compression_of, decompressed
from rubrictool.rows.foreign_files import kind_of
from rubrictool.rows.places import FilePlaces, RowPlaces

STDIN = "-"

MAX_LINE = MAX_ROW

LONGEST_READ_S = 0.2
"""Longest wait for more of a pipe, in seconds, before signals are looked at."""

_CHUNK = 2**16


class InputFile:
    """The numbered rows of a file; `places` words where they stand.

    The container is told by the content: JSON Lines, a JSON array or objects, a table of text, compressed or not.
    Raises `InputError` for other files, and while iterating for rows that are broken.
    """

    def __init__(self, path: str | Path, name: str) -> None:
        self._name, self._file = name, _open(path)
        head = self._head()
        if foreign := _kind(head, "FILE" if name == "stdin" else name):
            raise InputError(f"{name}:1: {foreign}")
        self._container = container_of(head)
        self.places: RowPlaces = FilePlaces(name, self._container.unit)

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        number = 0
        try:
            for number, row in self._container.read(self._content()):
                yield number, row
        except RowFault as fault:
            raise InputError(f"{self.places.of(fault.number)}: {fault.reason}") from None
        except Damaged as damage:
            raise InputError(f"{self.places.of(number + 1)}: {damage}") from None

    def _content(self) -> IO[bytes]:
        """Return the file from its beginning, decompressed."""
        self._file.seek(0)
        compression = compression_of(self._file.read(HEAD))
        self._file.seek(0)
        return decompressed(self._file, compression) if compression else self._file

    def _head(self) -> bytes:
        try:
            return self._content().read(HEAD)
        except Damaged as damage:
            raise InputError(f"{self._name}:1: {damage}") from None


def _kind(head: bytes, name: str) -> str | None:
    """Return what a file is that is not read, by the beginning of its content."""
    if again := compression_of(head):
        return f"is compressed twice; decompress it once ({again.program} -dc)"
    return kind_of(head, name)


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
