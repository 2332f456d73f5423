"""A signal ends a command with one line and 130, whatever the command is doing, and leaves no unfinished file."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from background import start, until
from chat import ChatServer, chat_server

ALL = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
RUBRIC = {"id": "*", "criteria": [{"criterion": "Is right.", "weight": 1}]}
PROMPT = {"id": "p", "prompt": "Why?"}

IMPATIENT = """
import os, runpy, signal, sys

module, number = sys.argv[1], int(sys.argv[2])

class Impatient:
    '''Gets a signal while a module is being looked for, and goes on as code does that hides exceptions.'''
    def find_spec(self, name, *_):
        if name == module:
            sys.meta_path.remove(self)
            try:
                os.kill(os.getpid(), number)
            except BaseException:
                pass

sys.meta_path.insert(0, Impatient())
sys.argv = ["rubrictool", *sys.argv[3:]]
runpy.run_module("rubrictool", run_name="__main__")
"""


def write(path: Path, *rows: Mapping[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def is_interrupted(code: int | None, words: str) -> bool:
    return code == 130 and words.splitlines()[-1].startswith("rubrictool: ") and "interrupted" in words.splitlines()[-1]


@pytest.mark.parametrize("how", ALL)
@pytest.mark.parametrize("module", ["typer", "pydantic", "rubrictool.cli.commands.propose", "asyncio"])
def test_while_modules_are_imported_one_line_is_all(tmp_path: Path, module: str, how: signal.Signals) -> None:
    write(tmp_path / "p.jsonl", PROMPT)
    command = [sys.executable, "-c", IMPATIENT, module, str(int(how)), "propose", "p.jsonl", "-o", "out.jsonl"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (ran.returncode, ran.stderr) == (130, "rubrictool: interrupted\n")
    assert {path.name for path in tmp_path.iterdir()} == {"p.jsonl"}


def test_a_module_that_the_run_itself_imports_is_no_hiding_place(tmp_path: Path) -> None:
    write(tmp_path / "p.jsonl", PROMPT)
    model = ["--proposer", "x@http://127.0.0.1:9/v1", "-o", "out.jsonl", "--no-cache"]
    command = [sys.executable, "-c", IMPATIENT, "aiohttp", "2", "propose", "p.jsonl", *model]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert is_interrupted(ran.returncode, ran.stderr)
    assert "Traceback" not in ran.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"p.jsonl"}


@pytest.mark.parametrize("how", ALL)
@pytest.mark.parametrize("name", ["-", "pipe"])
def test_while_the_input_is_still_being_read(tmp_path: Path, name: str, how: signal.Signals) -> None:
    os.mkfifo(tmp_path / "pipe")
    reading, writing = os.pipe()
    process = start(tmp_path, "propose", name, "-o", "out.jsonl", stdin=reading)
    with os.fdopen(writing, "wb") as stdin, open(tmp_path / "pipe", "wb") if name == "pipe" else stdin as feed:
        # More than a pipe holds: once it is written, somebody reads.
        feed.write((json.dumps(PROMPT | {"note": "x" * 1_000_000}) + "\n").encode())
        feed.flush()
        process.send_signal(how)
        assert process.wait(timeout=20) == 130
    assert process.communicate()[1] == "rubrictool: interrupted\n"


@pytest.mark.parametrize("how", ALL)
def test_a_computation_without_an_end_in_sight_is_ended(tmp_path: Path, how: signal.Signals) -> None:
    (tmp_path / "out.jsonl").write_text("old")
    many = [{"criterion": f"Names the {n} reason for the {n} delay in words.", "weight": 1} for n in range(6000)]
    write(tmp_path / "r.jsonl", {"id": "*", "criteria": many})
    process = start(tmp_path, "lint", "r.jsonl", "-o", "out.jsonl")
    until(lambda: any(tmp_path.glob(".*.part")))
    process.send_signal(how)
    _, words = process.communicate(timeout=20)
    assert is_interrupted(process.returncode, words)
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()}.keys() == {"out.jsonl", "r.jsonl"}
    assert (tmp_path / "out.jsonl").read_text() == "old"


SLOW_TO_CLOSE = """
import asyncio, pathlib, sys
from rubrictool import cli
from rubrictool.models.backends.http import HttpServer

async def close(self):
    pathlib.Path("closing").touch()
    await asyncio.sleep(600)

HttpServer.close = close
cli.main()
"""


def test_a_second_signal_does_not_wait_for_an_orderly_end(tmp_path: Path) -> None:
    write(tmp_path / "p.jsonl", PROMPT)
    with chat_server(30) as server:
        model = ["--proposer", server.spec, "--no-cache", "-o", "out.jsonl"]
        process = subprocess.Popen(
            [sys.executable, "-c", SLOW_TO_CLOSE, "propose", "p.jsonl", *model],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: bool(server.requests))
        process.send_signal(signal.SIGINT)
        until((tmp_path / "closing").exists)
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=20)
    assert is_interrupted(process.returncode, words)
    assert "Traceback" not in words
    assert {path.name for path in tmp_path.iterdir()} == {"p.jsonl", "closing"}


def asking(tmp_path: Path, server: ChatServer) -> list[str]:
    write(tmp_path / "p.jsonl", PROMPT)
    return ["propose", "p.jsonl", "--proposer", server.spec, "--no-cache", "-o", "out.jsonl"]


def test_a_terminal_that_is_gone_leaves_no_unfinished_file(tmp_path: Path) -> None:
    with chat_server(30) as server:
        arguments = [sys.executable, "-m", "rubrictool", *asking(tmp_path, server)]
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(tmp_path)
            os.execv(sys.executable, arguments)
        until(lambda: bool(server.requests))
        assert any(tmp_path.glob(".*.part"))
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    assert {path.name for path in tmp_path.iterdir()} == {"p.jsonl"}


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    with chat_server(0.2) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "rubrictool", *asking(tmp_path, server)],
            cwd=tmp_path,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
            stderr=subprocess.DEVNULL,
        )
        until(lambda: bool(server.probes))
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=20) == 0
    assert (tmp_path / "out.jsonl").exists()


COMMITTING = """
import os, pathlib, signal, sys
from rubrictool import interrupts
from rubrictool.cli.files import Staged, commit

interrupts.install()
with Staged(pathlib.Path("out.jsonl")) as file:
    file.write("{}")
    commit(file)
    os.kill(os.getpid(), signal.SIGINT)
print("done")
"""


def test_files_that_are_in_their_places_are_not_called_interrupted(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", COMMITTING], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "done\n", "")
