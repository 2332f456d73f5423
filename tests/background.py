"""Commands that a test runs as processes of their own, beside itself."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def start(directory: Path, *arguments: object) -> subprocess.Popen[str]:
    """The command as a process of its own, with its cache in the directory."""
    environment = {**os.environ, "RUBRICTOOL_CACHE": str(directory / "cache.db")}
    command = [sys.executable, "-m", "rubrictool", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def until(true: Callable[[], bool]) -> None:
    """Wait for something to happen, 20 s at most."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)
