"""Define the exit codes, with the exceptions that end a command early. Bad input is an `InputError`."""

from __future__ import annotations

SOME_FAILED, BAD_INPUT, MISSED, INTERRUPTED, READER_GONE = 1, 2, 3, 130, 141


class Interrupted(Exception):
    """Ctrl-C or SIGTERM came; outputs are as they were before."""


class ReaderGone(Exception):
    """Whoever read our standard output has closed it."""
