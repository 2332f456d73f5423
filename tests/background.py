"""Commands that a test runs as processes of their own, beside itself.

A fresh Python takes most of a second of processor time to import what a command needs. These processes are forked from one that
has imported it already, which is the only difference. Tests of imports and of the shell's redirections start a Python.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pkgutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext
from multiprocessing.reduction import DupFd
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingUnixStreamServer
from typing import Any

import rubrictool

PATIENCE_S = 60

_LOOKING = threading.Lock()
"""Held to look whether processes have ended, as each start does: of two threads that look at once, one finds no exit code."""


@cache
def _forks() -> ForkServerContext:
    """Return the maker of processes: from the first use on, one process stands ready that has imported all these modules."""
    forks = multiprocessing.get_context("forkserver")
    own = [module.name for module in pkgutil.walk_packages(rubrictool.__path__, "rubrictool.")]
    lazy = ["aiohttp", "numpy", "regex", "rich.progress", "rich.table"]
    forks.set_forkserver_preload(["pytest", *lazy, *(name for name in own if not name.endswith("__main__"))])
    return forks


class Streams:
    """The descriptors of a process's standard input, output and error, on their way to it."""

    def __init__(self, *descriptors: int) -> None:
        self.descriptors = descriptors

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, tuple(map(DupFd, self.descriptors))


def _arrived(*sent: Any) -> Streams:
    return Streams(*(one.detach() for one in sent))


def _run(directory: Path, arguments: list[str], environment: Mapping[str, str], streams: Streams) -> None:
    """Become `rubrictool ARGUMENTS`."""
    from rubrictool.__main__ import main

    for number, descriptor in enumerate(streams.descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin, sys.stdout = os.fdopen(0, encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    sys.argv = ["rubrictool", *arguments]
    main()


class Command:
    """A command under way, with as much of `subprocess.Popen` as tests need."""

    def __init__(
        self, directory: Path, arguments: tuple[object, ...], environment: Mapping[str, str], streams: Streams
    ) -> None:
        words = [str(argument) for argument in arguments]
        self._process = _forks().Process(target=_run, args=(directory, words, dict(environment), streams))
        with _LOOKING:
            self._process.start()
        for descriptor in set(streams.descriptors):
            os.close(descriptor)

    @property
    def returncode(self) -> int | None:
        with _LOOKING:
            return self._process.exitcode

    def wait(self, timeout: float = PATIENCE_S) -> int:
        """Return the exit code; a command that does not end in time is killed."""
        wait([self._process.sentinel], timeout)
        if (code := self.returncode) is None:
            self._process.kill()
            raise TimeoutError(f"the command did not end within {timeout} s")
        return code

    def send_signal(self, number: signal.Signals) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        self._process.kill()


class PipedCommand(Command):
    """A command whose rows and words can be read."""

    def __init__(
        self, directory: Path, arguments: tuple[object, ...], environment: Mapping[str, str], stdin: int
    ) -> None:
        (rows, rows_end), (words, words_end) = os.pipe(), os.pipe()
        self.stdout, self.stderr = os.fdopen(rows, encoding="utf-8"), os.fdopen(words, encoding="utf-8")
        streams = Streams(stdin, rows_end, words_end)
        super().__init__(directory, arguments, environment, streams)

    def communicate(self, timeout: float = PATIENCE_S) -> tuple[str, str]:
        """Return what comes out until the command ends."""
        with ThreadPoolExecutor(2) as readers, self.stdout, self.stderr:
            rows, words = readers.submit(self.stdout.read), readers.submit(self.stderr.read)
            self.wait(timeout)
            return rows.result(), words.result()


def start(directory: Path, *arguments: object, stdin: int | None = None) -> PipedCommand:
    """The command as a process of its own, with its cache in the directory and a descriptor as its standard input."""
    environment = {**os.environ, "RUBRICTOOL_CACHE": str(directory / "cache.db")}
    return PipedCommand(directory, arguments, environment, os.open(os.devnull, os.O_RDONLY) if stdin is None else stdin)


_CLIENT = """#!{python} -ISE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [json.dumps([os.getcwd(), sys.argv[1:], dict(os.environ)]).encode()], [0, 1, 2])
    server.shutdown(socket.SHUT_WR)
    sys.exit(int(server.recv(16)))
"""


class _Starting(BaseRequestHandler):
    """Start a command with the streams of the process that asks, and tell it the exit code."""

    def handle(self) -> None:
        message, streams, _, _ = socket.recv_fds(self.request, 2**16, 3)
        while more := self.request.recv(2**16):
            message += more
        directory, arguments, environment = json.loads(message)
        command = Command(Path(directory), tuple(arguments), environment, Streams(*streams))
        self.request.sendall(str(command.wait()).encode())


@contextmanager
def on_the_path(directory: Path) -> Iterator[str]:
    """A search path for shells on which `rubrictool` is a small program that has the command started here, on its own streams.

    Streams other than the first three, and closed ones, it does not hand on.
    """
    place = directory / "on_the_path"
    place.mkdir()
    program, address = place / "rubrictool", str(place / "socket")
    program.write_text(_CLIENT.format(python=sys.executable, address=address))
    program.chmod(0o755)
    with ThreadingUnixStreamServer(address, _Starting) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield os.pathsep.join([str(place), str(Path(sys.executable).parent), os.environ["PATH"]])
        server.shutdown()


def until(true: Callable[[], bool]) -> None:
    """Wait for something to happen, 20 s at most."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)
