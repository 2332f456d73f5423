"""A Python whose vLLM is a fake: it serves verdicts, starts a stubborn child, and dies, hangs or fails where it is told to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
        with Path("asked_ports").open("a") as asked:
            print(port, file=asked)
        if self.headers["Authorization"] != "Bearer " + os.environ["VLLM_API_KEY"]:
            self.send_error(401)
        elif "Because 2." in question and "--dies" in sys.argv:
            os._exit(3)
        elif "Because 2." in question and "--dies-once" in sys.argv and not Path("died").exists():
            Path("died").touch()
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
with Path("gpus").open("a") as gpus:
    print(os.environ.get("CUDA_VISIBLE_DEVICES", "all"), file=gpus)
server.serve_forever()
'''


def fake_vllm(directory: Path) -> Path:
    """Return the Python; its servers write into the directory who they are and what they got."""
    folder = directory / "lib" / "vllm" / "entrypoints" / "openai"
    folder.mkdir(parents=True)
    (folder / "api_server.py").write_text(SERVER)
    for package in (folder, folder.parent, folder.parent.parent):
        (package / "__init__.py").touch()
    wrapper = directory / "python"
    path = directory / "lib"
    wrapper.write_text(f'#!/bin/sh\ncd "{directory}" && PYTHONPATH="{path}" exec "{sys.executable}" "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def all_gone(directory: Path, *, servers: int) -> bool:
    """Return whether so many servers and their children have ended; a process that only waits to be counted out has."""
    pids = (directory / "pids").read_text().split()
    states = subprocess.run(["ps", "-o", "stat=", "-p", ",".join(pids)], capture_output=True, text=True, check=False)
    assert len(pids) == 2 * servers, "each server and its child"
    return all(state.startswith("Z") for state in states.stdout.split())
