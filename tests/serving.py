"""Serve models to tests: the part that their servers have in common; what they answer is for each to say."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar


class Server(ThreadingHTTPServer):
    """Serves the model `tiny` on this machine."""

    daemon_threads = True
    request_queue_size = 256

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def spec(self) -> str:
        return f"tiny@{self.address}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self) -> dict[str, Any]:
        """The request, read to its end."""
        return dict(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


S = TypeVar("S", bound=Server)


@contextmanager
def running(server: S) -> Iterator[S]:
    """The server while it serves."""
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def envelope(
    text: str | None,
    *,
    finish_reason: str = "stop",
    usage: Mapping[str, int] | None = None,
    logprobs: object = None,
    **message: str,
) -> bytes:
    """A chat completion."""
    told = {} if logprobs is None else {"logprobs": logprobs}
    choice = {"message": {"role": "assistant", "content": text, **message}, "finish_reason": finish_reason, **told}
    billed = {} if usage is None else {"usage": usage}
    return json.dumps({"model": "tiny", "choices": [{"index": 0, **choice}], **billed}).encode()


def http(status: str, body: bytes, *headers: str) -> bytes:
    """A whole response as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
