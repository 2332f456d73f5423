"""Work in a fork of the test's process, as `multiprocessing` and data loaders make them."""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LONG_S = 20.0
"""Seconds after which a test says that a fork hangs."""


def in_fork(work: Callable[[], T]) -> T:
    """Return what the work returns in a fork."""
    forks = multiprocessing.get_context("fork")
    results, end = forks.Pipe(duplex=False)
    process = forks.Process(target=lambda: end.send(work()))
    with warnings.catch_warnings():
        # From Python 3.12 on, forking beside a thread warns; that it goes well is what is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    end.close()
    try:
        assert results.poll(LONG_S), "the fork hangs"
        found: T = results.recv()
    finally:
        process.kill()
        process.join()
        results.close()
    return found
