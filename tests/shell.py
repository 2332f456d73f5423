"""The command line as a test drives it: rows in files, a run in this process, what came out."""

from __future__ import annotations

import json
import os
import pty
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from background import Command, Streams

from rubrictool import cli

Rows = list[dict[str, Any]]


class Ran(NamedTuple):
    """The outcome of a command: its exit code, its rows on stdout, its words on stderr."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> Rows:
        return [json.loads(line) for line in self.out.splitlines()]


class Shell:
    """A directory of one's own, and commands run in it."""

    def __init__(self, directory: Path, captured: pytest.CaptureFixture[str]) -> None:
        self.directory, self._captured = directory, captured

    def __call__(self, *arguments: object) -> Ran:
        """Run `rubrictool ARGUMENTS`."""
        self._captured.readouterr()
        code = cli.run([str(argument) for argument in arguments])
        out, err = self._captured.readouterr()
        return Ran(code, out, err)

    def write(self, name: str, rows: Iterable[Mapping[str, Any]]) -> Path:
        """A JSON Lines file of these rows."""
        path = self.directory / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return path

    def read(self, name: str) -> Rows:
        """The rows of a file."""
        return [json.loads(line) for line in (self.directory / name).read_text(encoding="utf-8").splitlines()]

    def names(self) -> set[str]:
        """The files that lie in the directory, hidden ones too."""
        return {path.name for path in self.directory.iterdir()}


def on_a_terminal(directory: Path, *arguments: object, rows_too: bool = False, **environment: str) -> str:
    """Return what a command writes to a terminal of 100 columns: its words, and its rows if wished."""
    ours, theirs = pty.openpty()
    settings = {**_colourless(), "COLUMNS": "100", "TERM": "xterm", **environment}
    rows = theirs if rows_too else os.open(os.devnull, os.O_WRONLY)
    command = Command(directory, arguments, settings, Streams(theirs, rows, theirs))
    seen = "".join(_chunks(ours))
    command.wait()
    return seen


def _chunks(terminal: int) -> list[str]:
    chunks = []
    try:
        while chunk := os.read(terminal, 65536):
            chunks.append(chunk)
    except OSError:  # how Linux says that the other side has closed
        pass
    os.close(terminal)
    return [b"".join(chunks).decode()]


def _colourless() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
