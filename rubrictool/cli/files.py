"""Files that a command writes: whole or not at all."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Protocol

from rubrictool.errors import InputError

STDOUT = "-"


class ReaderGone(Exception):
    """Whoever read our standard output has closed it."""


class Sink(Protocol):
    """Where lines go."""

    def write(self, line: str) -> None: ...

    def commit(self) -> None: ...

    def discard(self) -> None: ...


class Stdout:
    """Standard output, a line at a time, so that the next command in the pipe can begin; UTF-8 whatever the locale."""

    def write(self, line: str) -> None:
        """Write a line. Raises `ReaderGone` when nobody reads any more."""
        try:
            sys.stdout.buffer.write(line.encode() + b"\n")
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # What Python flushes at exit must not meet the broken pipe again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise ReaderGone from None

    def commit(self) -> None:
        """Nothing to do: what was written is out."""

    def discard(self) -> None:
        """Nothing can be taken back."""


class Staged:
    """A file written beside its place, and put there when the command has come to its end.

    Raises `InputError` where it could not be written, before anything is spent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        # Devices and pipes have no place beside them, and nothing to put back.
        special = self._path.exists() and not self._path.is_file()
        self._stage = self._path if special else _stage_of(self._path)
        try:
            self._file: IO[str] = open(self._stage, "w", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror}") from None

    def write(self, line: str) -> None:
        """Write a line to the stage."""
        self._file.write(line + "\n")

    def commit(self) -> None:
        """Put the file in its place."""
        self._file.close()
        if self._stage != self._path:
            self._stage.replace(self._path)

    def discard(self) -> None:
        """Leave what was there before as it was."""
        self._file.close()
        if self._stage != self._path:
            self._stage.unlink(missing_ok=True)


def _stage_of(path: Path) -> Path:
    """A name beside the place that no other running command uses; what a killed one left there is cleared away."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        pid = left.name.removesuffix(".part").rpartition(".")[2]
        if pid.isdigit() and not _is_running(int(pid)):
            left.unlink(missing_ok=True)
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class OnlyIfAny:
    """A staged file that is not there when nothing was written; a stale one from an earlier run goes too."""

    def __init__(self, path: Path) -> None:
        self._path, self._staged, self.count = path, Staged(path), 0

    def write(self, line: str) -> None:
        """Write a line to the stage."""
        self.count += 1
        self._staged.write(line)

    def commit(self) -> None:
        """Put the file in its place, or take an old one away."""
        if self.count:
            self._staged.commit()
            return
        self._staged.discard()
        if self._path.is_file():
            self._path.unlink()

    def discard(self) -> None:
        """Leave what was there before as it was."""
        self._staged.discard()


def sink(path: str) -> Sink:
    """Where rows go: standard output for `-`, else a staged file."""
    return Stdout() if path == STDOUT else Staged(Path(path))


def failures_path(given: str | None, output: str, command: str) -> Path:
    """Where unfinished rows go: the given file, else the output's whole name plus `.failed.jsonl`.

    Standard output, pipes and devices have no name to add to; the command's serves instead.
    """
    named = output != STDOUT and (not Path(output).exists() or Path(output).is_file())
    return Path(given or f"{output if named else command}.failed.jsonl")


def all_different(paths: Mapping[str, str | None]) -> None:
    """Raise `InputError` where two outputs would go to one file."""
    seen: dict[Path, str] = {}
    for flag, path in paths.items():
        if path in (None, STDOUT):
            continue
        place = Path(str(path)).resolve()
        if place in seen:
            raise InputError(f"{flag} and {seen[place]} name the same file, {path}")
        seen[place] = flag
