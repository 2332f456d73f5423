"""A model server for whole-command tests: answers our four questions sensibly, after a pause, and counts."""

from __future__ import annotations

import json
import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from serving import Handler, Server, envelope, http, running

from rubrictool.models.schema_support import PROBE


class ChatServer(Server):
    """Serves the model `tiny`: `replies` come first, then sensible answers, each after `pause_s`, billed as `usage` says.

    `requests` holds the bodies of all requests, `headers_seen` their headers; the probes for schemas, which it answers
    in its own words, stand in `probes` alone; `listed` counts how often its models were asked for. Questions with the text
    `held` wait until `release` is set. `answer` may be another function of the question. With `sure`, its verdicts have this
    probability, which it tells where it is asked to.
    """

    def __init__(self, pause_s: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pause_s = pause_s
        self.requests: list[dict[str, Any]] = []
        self.probes: list[dict[str, Any]] = []
        self.headers_seen: list[dict[str, str]] = []
        self.listed = 0
        self.status = 200
        self.replies: list[str] = []
        self.answer: Callable[[str], str] = answer
        self.usage: dict[str, int] | None = None
        self.sure: float | None = None
        self.held, self.release = "", threading.Event()


@contextmanager
def chat_server(pause_s: float = 0.0) -> Iterator[ChatServer]:
    with running(ChatServer(pause_s)) as server:
        yield server


def answer(question: str) -> str:
    """Return what the model says: a verdict on each criterion, a rubric, a new criterion, a winner, or a response."""
    if "Decide each criterion" in question:
        # The criteria stand in a fence, one a line.
        return json.dumps(dict.fromkeys(re.findall(r"^(c\d+): ", question, re.MULTILINE), "yes"))
    if "against one criterion" in question:
        return '{"met": "yes"}'
    if "You write a rubric" in question:
        return json.dumps([{"criterion": f"Point {number}.", "weight": number % 3 + 1} for number in range(4)])
    if "You sharpen a rubric" in question:
        return json.dumps({"criteria": [{"criterion": f"Point of {len(question)}.", "weight": 2}]})
    if "You compare two responses" in question:
        return '{"winner": "A"}'
    return f"A response to {len(question)} characters."


def logprobs(text: str, sure: float) -> dict[str, Any]:
    """The log-probabilities of a reply whose last text, its verdict, has so much of the probability."""
    found = re.fullmatch(r'(.*")([^"]+)("[^"]*)', text, re.DOTALL)
    pieces = found.groups() if found else (text,)
    return {"content": [{"token": piece, "top_logprobs": _likeliest(piece, sure)} for piece in pieces]}


def _likeliest(token: str, sure: float) -> list[dict[str, Any]]:
    other = "no" if token == "yes" else "yes"
    return [{"token": token, "logprob": math.log(sure)}, {"token": other, "logprob": math.log(1 - sure)}]


class _Handler(Handler):
    server: ChatServer

    def do_POST(self) -> None:
        body = self.body()
        if body["messages"][0]["content"] == PROBE:
            self.server.probes.append(body)
            self._say("Good day.")
            return
        self.server.requests.append(body)
        self.server.headers_seen.append(dict(self.headers.items()))
        time.sleep(self.server.pause_s)
        if self.server.held and self.server.held in json.dumps(body):
            self.server.release.wait(60)
        text = self.server.replies.pop(0) if self.server.replies else self.server.answer(body["messages"][0]["content"])
        self._say(text, logprobs(text, self.server.sure) if body.get("logprobs") and self.server.sure else None)

    def do_GET(self) -> None:
        self.server.listed += 1
        self._send(b'{"data": [{"id": "tiny"}]}')

    def _say(self, text: str, logprobs: object = None) -> None:
        self._send(envelope(text, usage=self.server.usage, logprobs=logprobs))

    def _send(self, content: bytes) -> None:
        try:
            self.connection.sendall(http(f"{self.server.status} ", content))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
