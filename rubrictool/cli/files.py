"""Files that a command writes: whole or not at all."""

from __future__ import annotations

import glob
import json
import os
import shlex
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import IO, Any, Protocol, Self

from rubrictool import interrupts
from rubrictool.cli.exit_codes import ReaderGone
from rubrictool.errors import InputError
from rubrictool.rows.jsonl import MAX_LINE, STDIN
from rubrictool.text.encoding import canonical, digest

STDOUT = "-"
FAILED = ".failed.jsonl"
_COMPRESSED = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd", ".lz4": "lz4", ".zip": "zip"}
"""Suffixes of compressed files, and the programs that write them."""
_TABLES = (".parquet", ".arrow", ".feather", ".xlsx", ".xls", ".csv", ".tsv")
_OPEN_FILES = ("/dev/fd", "/proc/self/fd")
_DEVICES = ("/dev", *_OPEN_FILES)


class Sink(Protocol):
    """Where lines go. Leaving one that was not committed takes back what can be taken back."""

    def write(self, line: str) -> None: ...

    def finish(self) -> None:
        """Write what is still to be written."""
        ...

    def commit(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def commit(*sinks: Sink | None) -> None:
    """Put all in their places, once everything is written: a full disk is found before the first."""
    for sink in sinks:
        if sink:
            sink.finish()
    interrupts.ignore()
    for sink in sinks:
        if sink:
            sink.commit()


class Stdout:
    """Standard output, a line at a time, so that the next command in the pipe can begin; UTF-8 whatever the locale."""

    def __enter__(self) -> Self:
        if sys.stdout is None:
            raise InputError("standard output is closed; write to a file with -o")
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing can be taken back."""

    def write(self, line: str) -> None:
        """Write a line. Raises `ReaderGone` when nobody reads any more, `InputError` when it cannot be written."""
        try:
            sys.stdout.buffer.write(line.encode() + b"\n")
            sys.stdout.buffer.flush()
        except OSError as error:
            # What Python flushes at exit must not meet the fault again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if isinstance(error, BrokenPipeError):
                raise ReaderGone from None
            raise _unwritable("standard output", error) from None

    def finish(self) -> None:
        """Nothing to do: what was written is out."""

    def commit(self) -> None:
        """Nothing to do either."""


class Staged:
    """A file written beside its place, and put there when the command has come to its end.

    Raises `InputError` where it cannot be written; to begin with, before anything is spent.
    """

    def __init__(self, path: Path) -> None:
        number = _open_file(path)
        self._path = place_of(path) if number is None else path
        # Devices, pipes and what is open already have no place beside them, and nothing to put back.
        direct = number is not None or (os.path.exists(self._path) and not os.path.isfile(self._path))
        self._stage = self._path if direct else _stage_of(self._path)
        if not direct:
            interrupts.unfinished.add(str(self._stage))
        try:
            self._file: IO[bytes] = open(self._stage if number is None else os.dup(number), "wb")  # noqa: SIM115
        except OSError as error:
            # There is no stage, and asking to remove it would fail as opening it did.
            interrupts.unfinished.discard(str(self._stage))
            raise _unwritable(path, error) from None
        if not direct:
            self._keep_mode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave what was there before as it was; after `commit` there is nothing left to do."""
        with suppress(OSError):
            self._file.close()
        self._discard()

    def write(self, line: str) -> None:
        """Write a line to the stage."""
        self.write_bytes(line.encode() + b"\n")

    def write_bytes(self, content: bytes) -> None:
        """Write bytes to the stage."""
        try:
            self._file.write(content)
        except OSError as error:
            raise _unwritable(self._path, error) from None

    def finish(self) -> None:
        """Write what is still in memory."""
        try:
            self._file.close()
        except OSError as error:
            raise _unwritable(self._path, error) from None

    def commit(self) -> None:
        """Put the file in its place."""
        if self._staged:
            self._stage.replace(self._path)
            interrupts.unfinished.discard(str(self._stage))

    @property
    def _staged(self) -> bool:
        """Whether there is a stage, and lines do not go straight to their place."""
        return self._stage != self._path

    def _discard(self) -> None:
        if self._staged:
            self._stage.unlink(missing_ok=True)
            interrupts.unfinished.discard(str(self._stage))

    def _keep_mode(self) -> None:
        """Give the stage the permissions of the file that it will replace."""
        # There may be no such file, and some file systems have no permissions.
        with suppress(OSError):
            os.fchmod(self._file.fileno(), stat.S_IMODE(self._path.stat().st_mode))


def place_of(path: str | Path) -> Path:
    """Return the absolute path of a file, links followed as far as they lead."""
    return Path(os.path.realpath(path))


def _open_file(path: str | Path) -> int | None:
    """Return the number of the open file that a path such as /dev/stdout or /dev/fd/3 stands for, None for other paths.

    Such a file is written to as it is: what its opener has written stays, and a shell's `>>` appends.
    """
    parent, name = os.path.split(path)
    number = {"/dev/stdout": "1", "/dev/stderr": "2"}.get(str(path), name if parent in _OPEN_FILES else "")
    return int(number) if number.isdecimal() else None


def _unwritable(path: Path | str, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be written: {error.strerror}")


def _stage_of(path: Path) -> Path:
    """A name beside the place that no other running command uses; what a killed one left there is cleared away."""
    for pid, left in _stages_of(path):
        if not _is_running(pid):
            # Opening the new stage tells why nothing can be written here.
            with suppress(OSError):
                left.unlink()
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _stages_of(path: Path) -> Iterator[tuple[int, Path]]:
    """The stages beside a place, each with the number of the process that writes it."""
    for stage in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        pid = stage.name.removesuffix(".part").rpartition(".")[2]
        if pid.isdecimal():
            yield int(pid), stage


def _in_use(path: Path) -> bool:
    """Whether another running command writes to a place."""
    return any(pid != os.getpid() and _is_running(pid) for pid, _ in _stages_of(path))


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


class Failures(Staged):
    """The rows that could not be finished: a staged file that is not there when nothing was written.

    `run` names the command and its files where the file's name does not, and stands in each row's error. What an earlier
    run with the same name wrote is removed; what another run wrote is not.
    """

    def __init__(self, path: Path, run: str | None) -> None:
        super().__init__(path)
        self.path, self.run = path, run
        self._count = 0

    @classmethod
    def open(cls, given: str | None, output: str, command: str, reads: Sequence[str | None]) -> Self:
        """Open the given file, else the one that is named after the output, else the one named after the input.

        Another run may have a name of the last kind as well, running or finished: then the name gets -2, -3, ...
        """
        run = digest(canonical([command, *map(_identity, [output, *reads])]))
        if given is not None:
            return cls(Path(given), run)
        place = failures_path(None, output, command, reads)
        try:
            return cls(place, None) if is_regular(output) else cls._unclaimed(place, run)
        except InputError as error:
            raise InputError(f"{error}; name another file for the rows that fail", code="failures") from None

    @classmethod
    def _unclaimed(cls, place: Path, run: str) -> Self:
        name = place.name.removesuffix(FAILED)
        for number in count(1):
            path = place if number == 1 else place.with_name(f"{name}-{number}{FAILED}")
            if _in_use(path) or (os.path.exists(path) and not _was_written_by(run, path)):
                continue
            found = cls(path, run)
            # Of two that begin at the same moment each may see the other only now; both go on to other names.
            if not _in_use(path):
                return found
            found.__exit__()
        raise AssertionError("numbers do not end")

    def write(self, line: str) -> None:
        """Write a line to the stage."""
        self._count += 1
        super().write(line)

    def commit(self) -> None:
        """Put the file in its place, or take an old one away."""
        if self._count:
            super().commit()
        elif (
            self._staged and os.path.isfile(self._path) and (self.run is None or _was_written_by(self.run, self._path))
        ):
            self._path.unlink()


def _identity(path: str | None) -> str | None:
    return path if path in (None, STDIN) else str(place_of(path))


def _was_written_by(run: str, path: Path) -> bool:
    """Whether the first row of a file carries the name of a run."""
    try:
        with path.open("rb") as file:
            row: Any = json.loads(file.readline(MAX_LINE))
    except (OSError, ValueError, RecursionError):
        return False
    error = row.get("error") if isinstance(row, dict) else None
    return isinstance(error, dict) and error.get("run") == run


def sink(path: str) -> Sink:
    """Where rows go: standard output for `-`, else a staged file."""
    return Stdout() if _is_stdout(path) else Staged(Path(path))


def _is_stdout(path: str) -> bool:
    return path == STDOUT or _open_file(path) == 1


def on_terminal(path: str) -> bool:
    """Whether rows would run down a terminal, where people read what stands on stderr."""
    return _is_stdout(path) and sys.stdout is not None and sys.stdout.isatty()


def is_regular(output: str) -> bool:
    """Whether rows go to a file with a name: not to standard output, a pipe or a device."""
    path = Path(output)
    return output != STDOUT and str(path.parent) not in _DEVICES and (not os.path.exists(path) or os.path.isfile(path))


def failures_path(given: str | None, output: str, command: str, reads: Sequence[str | None]) -> Path:
    """Return where unfinished rows go: the given file, else the output's whole name plus `.failed.jsonl`.

    Where the output is no file that stays, the name is made of the first input that is one, and the command, in the current
    directory: `responses.score.failed.jsonl`. Where all inputs are pipes, it begins with `stdin`.
    """
    if given is not None:
        return Path(given)
    if is_regular(output):
        return Path(f"{output}{FAILED}")
    files = (path for path in reads if path is not None and path != STDIN and os.path.isfile(path))
    return Path(f"{Path(next(files, 'stdin')).stem}.{command}{FAILED}")


def _check_format(flag: str, path: str) -> None:
    """Raise `InputError` for a name that promises another format than text, or than JSON Lines."""
    suffix = Path(path).suffix.lower()
    if suffix in _COMPRESSED and flag != "--plot":
        remedy = f"leave {suffix} out and compress afterwards" + (
            f", or pipe it (rubrictool ... | {_COMPRESSED[suffix]} > {shlex.quote(path)})" if flag == "--output" else ""
        )
        raise InputError(f"{flag} {path}: files are written without compression; {remedy}")
    if suffix in _TABLES:
        raise InputError(
            f"{flag} {path}: rows are written as JSON Lines, not as {suffix}; name it .jsonl, and convert it afterwards"
        )


def seen_to(outputs: Mapping[str, str | None], *, reads: Sequence[str | None] = ()) -> None:
    """Raise `InputError` where two outputs would go to one file, or one to a file that is read."""
    seen = {place_of(path): "an input" for path in reads if path not in (None, STDOUT)}
    for flag, path in outputs.items():
        if path is None or (path == STDOUT and flag == "--output"):
            continue
        if path != STDOUT:
            _check_format(flag, path)
        if path == STDOUT:
            raise InputError(f"{flag} -: only rows go to standard output; name a file")
        place = place_of(path)
        if place in seen:
            raise InputError(f"{flag} and {seen[place]} name the same file, {path}")
        seen[place] = flag
