"""End a training run whose trainer would swallow an error of its reward function and go on without a reward."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class RunEnded(BaseException):
    """An error after which no reward can be given, worded for the trainer's log."""


@contextmanager
def errors_end_the_run() -> Iterator[None]:
    """Raise `RunEnded` for every error of this block."""
    try:
        yield
    except Exception as error:
        # Whatever it is, the trainer would go on.
        raise RunEnded(f"no reward can be given, so the run ends: {type(error).__name__}: {error}") from error
