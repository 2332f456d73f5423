"""A vLLM server that a command started is gone with it, and so is what that server started, however the command ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from background import PipedCommand, start, until

SERVER = r'''
"""Serves verdicts once it has started a child that does not listen to SIGTERM; writes down who it is and what it got."""

import json, os, re, subprocess, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        Path("health").touch()
        self.send("" if "--never-ready" not in sys.argv else None)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        question = body["messages"][0]["content"]
        if self.headers["Authorization"] != "Bearer " + os.environ["VLLM_API_KEY"]:
            self.send_error(401)
        elif "Because 2." in question and "--dies" in sys.argv:
            os._exit(3)
        elif "Because 2." in question and "--hangs" in sys.argv:
            Path("asked").touch()
            time.sleep(600)
        verdicts = dict.fromkeys(re.findall(r"^(c\d+): ", question, re.MULTILINE), "yes")
        self.send({"choices": [{"message": {"content": json.dumps(verdicts)}, "finish_reason": "stop"}]})

    def send(self, envelope):
        content = json.dumps(envelope).encode()
        self.send_response(503 if envelope is None else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if "--fails" in sys.argv:
    sys.exit("no such model: " + sys.argv[sys.argv.index("--model") + 1])
child = subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE)
child.stdout.readline()
port = int(sys.argv[sys.argv.index("--port") + 1])
server = ThreadingHTTPServer((sys.argv[sys.argv.index("--host") + 1], port), Handler)
with Path("pids").open("a") as pids:
    print(os.getpid(), child.pid, file=pids)
server.serve_forever()
'''


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python that has our fake of vLLM; logs go into the directory."""
    folder = tmp_path / "lib" / "vllm" / "entrypoints" / "openai"
    folder.mkdir(parents=True)
    (folder / "api_server.py").write_text(SERVER)
    for package in (folder, folder.parent, folder.parent.parent):
        (package / "__init__.py").touch()
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path / "lib"}" exec "{sys.executable}" "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return wrapper


def scoring(python: Path, *vllm_args: str) -> PipedCommand:
    """`rubrictool score` of four responses, under way in the directory that holds the Python."""
    rubric = {"id": "*", "criteria": [{"criterion": "Says so.", "weight": 1}]}
    rows = [{"prompt_id": "p", "prompt": "Why?", "response": f"Because {number}."} for number in range(4)]
    (python.parent / "responses.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (python.parent / "rubrics.jsonl").write_text(json.dumps(rubric) + "\n")
    files = ["responses.jsonl", "--rubrics", "rubrics.jsonl", "-o", "out.jsonl"]
    server = ["--judge", "vllm:/some/model", "--vllm-python", python, *(f"--vllm-arg={arg}" for arg in vllm_args)]
    return start(python.parent, "score", *files, *server)


def all_gone(directory: Path) -> bool:
    """Whether the server and its child have ended; a process that only waits to be counted out has."""
    pids = (directory / "pids").read_text().split()
    states = subprocess.run(["ps", "-o", "stat=", "-p", ",".join(pids)], capture_output=True, text=True, check=False)
    assert len(pids) == 2, "one server and its child"
    return all(state.startswith("Z") for state in states.stdout.split())


def test_a_server_serves_a_whole_command_and_is_gone_when_it_is_done(tmp_path: Path, python: Path) -> None:
    process = scoring(python)
    _, words = process.communicate(timeout=20)
    assert process.returncode == 0, words
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 4
    assert "vllm: /some/model is ready" in words
    until(lambda: all_gone(tmp_path))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_command_leaves_with_130_when_its_server_is_gone(
    tmp_path: Path, python: Path, how: signal.Signals
) -> None:
    (tmp_path / "out.jsonl").write_text("old")
    process = scoring(python, "--hangs")
    until((tmp_path / "asked").exists)
    process.send_signal(how)
    _, words = process.communicate(timeout=20)
    until(lambda: all_gone(tmp_path))
    assert (process.returncode, (tmp_path / "out.jsonl").read_text()) == (130, "old")
    assert "interrupted" in words
    assert "Traceback" not in words


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_command_interrupted_while_its_server_starts_leaves_none(
    tmp_path: Path, python: Path, how: signal.Signals
) -> None:
    process = scoring(python, "--never-ready")
    until((tmp_path / "health").exists)
    process.send_signal(how)
    _, words = process.communicate(timeout=20)
    until(lambda: all_gone(tmp_path))
    assert process.returncode == 130
    assert "Traceback" not in words


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP], ids=["kill -9", "SIGHUP"])
def test_a_killed_command_takes_its_server_with_it(tmp_path: Path, python: Path, how: signal.Signals) -> None:
    process = scoring(python, "--hangs")
    until((tmp_path / "asked").exists)
    assert not all_gone(tmp_path)
    process.send_signal(how)
    process.communicate(timeout=20)
    assert process.returncode == {signal.SIGKILL: -9, signal.SIGHUP: 130}[how]
    until(lambda: all_gone(tmp_path))


def test_a_command_killed_while_its_server_starts_takes_it_along(tmp_path: Path, python: Path) -> None:
    process = scoring(python, "--never-ready")
    until((tmp_path / "health").exists)
    process.kill()
    process.communicate(timeout=20)
    until(lambda: all_gone(tmp_path))


def test_a_server_that_dies_fails_the_rows_that_it_had_not_judged_and_leaves_no_child(
    tmp_path: Path, python: Path
) -> None:
    process = scoring(python, "--dies")
    _, words = process.communicate(timeout=20)
    done = (tmp_path / "out.jsonl").read_text().splitlines()
    failed = [json.loads(line) for line in (tmp_path / "out.jsonl.failed.jsonl").read_text().splitlines()]
    assert (process.returncode, len(done) + len(failed)) == (1, 4), words
    assert "Because 2." in {row["response"] for row in failed}
    assert all("the vLLM server ended" in row["error"]["message"] for row in failed)
    until(lambda: all_gone(tmp_path))


def test_a_server_that_does_not_start_ends_the_command_with_the_end_of_its_log(tmp_path: Path, python: Path) -> None:
    process = scoring(python, "--fails")
    _, words = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "the server did not start; its log ends:\n    no such model: /some/model" in words
    assert not (tmp_path / "out.jsonl").exists()
