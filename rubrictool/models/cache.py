"""The cache of replies: one SQLite file that several commands may share, and that survives being killed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from weakref import WeakSet

from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

from rubrictool.errors import InputError

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, model TEXT NOT NULL, reply TEXT NOT NULL) WITHOUT ROWID"
)

BUSY_S = 60.0
"""Longest wait for another process that writes to the file."""

_FORMAT = 1


class Recorded(NamedTuple):
    """One stored reply: the key of its question, the model that gave it, its text."""

    key: str
    model: str
    reply: str


def cache_path(given: Path | None = None) -> Path:
    """Return the path of the cache: the given file, else `$RUBRICTOOL_CACHE`, else one in the user's cache directory."""
    if given or os.environ.get("RUBRICTOOL_CACHE"):
        return given or Path(os.environ["RUBRICTOOL_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "rubrictool" / "replies.db"


class ReplyStore(Protocol):
    """Replies by the key of their question, as those who ask need them."""

    def get(self, key: str) -> str | None:
        """Return the stored reply to a question, or None."""
        ...

    def put(self, key: str, model: str, reply: str) -> None:
        """Store a reply that parsed."""
        ...

    def claimed(self, key: str) -> AbstractAsyncContextManager[None]:
        """Be the only process of the run that asks a question, during this block."""
        ...


_ALONE = nullcontext()


class Cache:
    """Replies by the key of their question.

    Every `put` is one committed transaction in WAL mode: a killed process loses nothing it had put. A fork of this process,
    and a copy that was sent to another one, have a connection of their own.
    Raises `InputError` where the file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open()

    def __reduce__(self) -> tuple[type[Cache], tuple[Path]]:
        return Cache, (self.path.absolute(),)

    def _open(self) -> None:
        try:
            self._db = open_file(self.path)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from None
        self._is_inherited = False
        _open_caches.add(self)

    def leave_to_parent(self) -> None:
        """Close the copy of the parent's connection in a fork; the next use opens one of this process.

        SQLite takes the parent's locks for this process's own as long as a copy is open, and would write into a log that the
        parent has deleted.
        """
        self._db.close()
        self._is_inherited = True

    def get(self, key: str) -> str | None:
        """Return the stored reply to a question, or None."""
        rows = self._run("SELECT reply FROM replies WHERE key = ?", key)
        return str(rows[0][0]) if rows else None

    def put(self, key: str, model: str, reply: str) -> None:
        """Store a reply that parsed; a later one to the same question replaces it."""
        self._run("INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", key, model, reply)

    def claimed(self, key: str) -> AbstractAsyncContextManager[None]:  # noqa: ARG002  see `ReplyStore`
        """Do nothing: this process is the whole run."""
        return _ALONE

    def __iter__(self) -> Iterator[Recorded]:
        self._reopen_in_fork()
        try:
            yield from map(Recorded._make, self._db.execute("SELECT key, model, reply FROM replies ORDER BY key"))
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _run(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        self._reopen_in_fork()
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _reopen_in_fork(self) -> None:
        if self._is_inherited:
            self._open()

    def _unusable(self, error: Exception) -> InputError:
        return InputError(
            f"{self.path}: the cache cannot be used ({error}); name another file, or run without a cache", code="cache"
        )

    def close(self) -> None:
        """Close the file; the cache cannot be used afterwards."""
        _open_caches.discard(self)
        self._is_inherited = False
        self._db.close()


_open_caches: WeakSet[Cache] = WeakSet()


def _leave_to_parent() -> None:
    for cache in _open_caches:
        cache.leave_to_parent()


os.register_at_fork(after_in_child=_leave_to_parent)


def is_busy(error: BaseException) -> bool:
    """Return whether an error says that another connection has the file."""
    # The lowest byte is the code; the others tell, for instance, that another process recovers the file after a crash.
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


# SQLite's own waiting does not cover the change to WAL, which two commands may make of one new file at once.
@retry(retry=retry_if_exception(is_busy), stop=stop_after_delay(BUSY_S), wait=wait_random(0, 0.05), reraise=True)
def open_file(path: Path) -> sqlite3.Connection:
    """Return a connection to a cache, which is made where there is none. Raises `OSError` and `sqlite3.Error`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Created here, not by SQLite, so that replies are never readable by others, not even for a moment.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    # Models are asked on another thread than the one which may have opened their cache; SQLite itself takes turns.
    db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    found = known_format(db)
    db.execute(_SCHEMA)
    if found != _FORMAT:
        db.execute(f"PRAGMA user_version = {_FORMAT}")
    return db


def known_format(db: sqlite3.Connection) -> int:
    """Return the format of a cache, 0 where none is told. Raises `sqlite3.DatabaseError` for one that is not known."""
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    if found not in (0, _FORMAT):
        raise sqlite3.DatabaseError(f"its format is {found}, this version reads {_FORMAT}")
    return found


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Return a connection that writes nothing, and makes no file where there is none."""
    address = path.absolute().as_uri()
    db = sqlite3.connect(f"{address}?mode=rw", uri=True, timeout=BUSY_S)
    try:
        db.execute("SELECT 1 FROM sqlite_master")
    except sqlite3.OperationalError:
        db.close()
        # In a folder that cannot be written SQLite has no place for its index of the write-ahead log.
        if os.access(path.parent, os.W_OK) or has_content(Path(f"{path}-wal")):
            raise
        db = sqlite3.connect(f"{address}?immutable=1", uri=True)
    return db


def has_content(path: Path) -> bool:
    """Return whether there is a file that is not empty."""
    return os.path.exists(path) and os.path.getsize(path) > 0
