"""Start a vLLM server for a run, at the first request, and end it with the run."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp

from rubrictool.errors import Final, InputError, Transient, install
from rubrictool.models.backend import Completion, Price, Request, VllmLaunch
from rubrictool.models.backends import process_supervisor
from rubrictool.models.backends.http import HttpServer
from rubrictool.text.patterns import linear
from rubrictool.text.wording import printable

MODULE = "vllm.entrypoints.openai.api_server"

POLL_S, NOTIFY_EVERY_S = 0.5, 15.0

LAST_LINES = 15

_ERROR = linear(r"\b[A-Z]\w*(?:Error|Exception): .+")

_OURS = {"--model", "--host", "--port", "--api-key", "--served-model-name", "--uds"}


class VllmServer:
    """vLLM's OpenAI server with one model, on a free port of the loopback interface, behind a key of its own.

    Its process group is tied to a pipe of ours, so that it ends with this process in whatever way that ends. Raises
    `InputError` where vLLM is not installed, and at the first question where the server does not start.
    """

    recorded = False
    price: Price | None = None

    def __init__(
        self,
        model: str,
        launch: VllmLaunch,
        *,
        timeout_s: float = 300,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        if not model:
            raise InputError("vllm: names no model; write vllm:PATH-OR-ID")
        if taken := [arg for arg in launch.args if _flag(arg) in _OURS]:
            raise InputError(f"vllm: {taken[0]} is set by rubrictool; leave it out", code="vllm_args")
        self._model, self._args = model, launch.args
        self._python = _with_vllm(launch.python)
        self._timeout_s, self._notify = timeout_s, notify
        self._starting: asyncio.Task[HttpServer] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._log = Path()

    async def complete(self, request: Request) -> Completion:
        """Return the server's reply. Raises as `HttpServer` does, and `Final` once the server is gone."""
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._start())
        server = await asyncio.shield(self._starting)
        try:
            return await server.complete(request)
        except Transient as error:
            if self._process is None or self._process.returncode is None:
                raise
            raise Final(f"the vLLM server ended: {error}; its log: {self._log}") from None

    async def close(self) -> None:
        """End the server and wait until it is gone."""
        if self._starting:
            self._starting.cancel()
            started = await asyncio.gather(self._starting, return_exceptions=True)
            for server in started:
                if isinstance(server, HttpServer):
                    await server.close()
        if self._process and self._process.stdin:
            self._process.stdin.close()
            await self._process.wait()
        self._starting = self._process = None

    async def _start(self) -> HttpServer:
        port, key, started_at = _free_port(), secrets.token_urlsafe(16), time.monotonic()
        self._process = await self._spawned(port, key)
        self._notify(f"vllm: starting {self._model} at http://127.0.0.1:{port} (log: {self._log})")
        await self._healthy(f"http://127.0.0.1:{port}/health", started_at)
        self._notify(f"vllm: {self._model} is ready after {time.monotonic() - started_at:.0f} s")
        return HttpServer([f"http://127.0.0.1:{port}/v1"], api_key=key, timeout_s=self._timeout_s, notify=self._notify)

    async def _spawned(self, port: int, key: str) -> asyncio.subprocess.Process:
        serve = [self._python, "-m", MODULE, "--model", self._model, "--host", "127.0.0.1", "--port", str(port)]
        handle, path = tempfile.mkstemp(prefix="rubrictool-vllm-", suffix=".log")
        self._log = Path(path)
        with os.fdopen(handle, "wb") as log:
            return await asyncio.create_subprocess_exec(
                *[sys.executable, "-I", str(process_supervisor.__file__), *serve, *self._args],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, "VLLM_API_KEY": key},
                start_new_session=True,
            )

    async def _healthy(self, url: str, started_at: float) -> None:
        """Wait until the server answers. Raises `InputError` with the end of its log where it ends instead."""
        assert self._process is not None
        notified_at = time.monotonic()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while not await _answers(session, url):
                if self._process.returncode is not None:
                    raise InputError(
                        f"vllm:{self._model}: the server did not start; its log ends:\n{self._last_lines()}"
                    )
                if time.monotonic() - notified_at >= NOTIFY_EVERY_S:
                    notified_at = time.monotonic()
                    self._notify(f"vllm: still starting after {notified_at - started_at:.0f} s")
                await asyncio.sleep(POLL_S)

    def _last_lines(self) -> str:
        """Return the end of the log with the first error in it: vLLM's last one only says that there was one."""
        text = printable(self._log.read_text(errors="replace"))
        first = _ERROR.search(text)
        cause = f"\nThe first error in it: {first[0]}" if first else ""
        ending = "\n".join(f"    {line}" for line in text.splitlines()[-LAST_LINES:])
        return f"{ending}{cause}\nThe whole log: {self._log}"


def _flag(arg: str) -> str:
    return arg.partition("=")[0].replace("_", "-")


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.status == 200
    except (aiohttp.ClientError, OSError):
        return False


def _with_vllm(python: str | None) -> str:
    """Return the interpreter that has vLLM. Raises `InputError` where there is none."""
    if python is None:
        found = importlib.util.find_spec("vllm")
        if found is None or found.origin is None:  # a mere folder of that name has no origin
            raise InputError(
                f"vllm: is not installed here; {install('vllm')}, or name a Python that has it", code="vllm_python"
            )
        return sys.executable
    look = "import importlib.util as u, sys; sys.exit(getattr(u.find_spec('vllm'), 'origin', None) is None)"
    try:
        looked = subprocess.run([python, "-c", look], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise InputError(
            f"{python}: cannot be run as the Python of vLLM: {error.strerror}", code="vllm_python"
        ) from None
    if looked.returncode != 0:
        raise InputError(
            f"{python}: has no vLLM installed; {install('vllm')} there, or name another Python", code="vllm_python"
        )
    return python


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
