"""A fake OpenAI-compatible server that costs as little CPU as Python allows, so that its clients can be measured."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import re
import signal
import time
import zlib
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from statistics import NormalDist
from typing import IO, Any, NamedTuple

CRITERION = re.compile(rb"\\n(c\d+): ")
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
FORMAT = b'"response_format":'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
MODELS = b'{"object":"list","data":[{"id":"bench","object":"model","created":1700000000,"owned_by":"bench"}]}'
COMPLETION = (
    b'{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"bench","choices":'
    b'[{"index":0,"message":{"role":"assistant","content":%b,"refusal":null},"logprobs":null,"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}'
)


EDGE = 64
"""Requests at the beginning and at the end that are left out of the mean in flight."""

Latency = Callable[[float], float]
"""Return the seconds of a request by its draw, which is uniform in [0, 1)."""

LATENCIES: Mapping[str, Latency] = {
    "constant": lambda _: 0.2,
    "lognormal": lambda draw: 0.12 * math.exp(NormalDist().inv_cdf(min(max(draw, 1e-6), 1 - 1e-6))),
    "stalls": lambda draw: 10.0 if draw < 0.003 else 0.2,
}


class Field(NamedTuple):
    """A key of the reply, and the JSON of the two values that a hash of the request chooses between."""

    key: str
    first: str
    second: str


@dataclass
class Book:
    """A record of requests: when each came and when it was answered, and the prefixes that were answered."""

    dump: IO[bytes] | None = None
    came: array[float] = field(default_factory=lambda: array("d"))
    spans: list[tuple[float, float]] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)
    prefixes: set[int] = field(default_factory=set)
    hits: int = 0
    latencies_s: float = 0
    cpu_before: float = 0

    def note(self, body: bytes, latency_s: float) -> int:
        """Count a request, and keep its body where that is wished; return the name of its prefix."""
        if not self.came:
            self.cpu_before = time.process_time()
        self.came.append(time.perf_counter())
        self.latencies_s += latency_s
        if self.dump:
            self.dump.write(body.replace(b"\n", b" ") + b"\n")
        prefix = zlib.crc32(body[: max(body.find(b"<response-"), 0)])
        self.hits += prefix in self.answered
        self.prefixes.add(prefix)
        return prefix

    def end(self, prefix: int, came: float) -> None:
        """Count an answer."""
        self.spans.append((came, time.perf_counter()))
        self.answered.add(prefix)

    def told(self) -> bytes:
        """The figures as JSON; `hits` are of the requests that were not the first with their prefix."""
        began, ended = self.came[0] if self.came else 0.0, max((end for _, end in self.spans), default=0.0)
        followers = len(self.came) - len(self.prefixes)
        told = {
            "requests": len(self.came),
            "seconds": max(0.0, ended - began),
            "cpu_s": time.process_time() - self.cpu_before,
            "latencies_s": self.latencies_s,
            "in_flight": self._mean_in_flight(),
            "hits": self.hits / followers if followers else 1.0,
        }
        return json.dumps(told).encode()

    def _mean_in_flight(self) -> float:
        """The mean number of requests in flight between the arrival of the first and that of the last 64."""
        if len(self.came) <= 2 * EDGE:
            return 0.0
        begin, end = self.came[EDGE], self.came[-EDGE]
        return sum(max(0.0, min(last, end) - max(first, begin)) for first, last in self.spans) / (end - begin)


class Connection(asyncio.Protocol):
    """One keep-alive connection; the latency is that of each request, not of the connection."""

    def __init__(self, book: Book, latency: Latency) -> None:
        self._book, self._latency, self._received = book, latency, b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer on."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that has come in whole."""
        self._received = self._received + data if self._received else data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self._received, 0, end + 2)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._received) < whole:
                return
            path, body = self._received[: self._received.find(b" HTTP/")], self._received[end + 4 : whole]
            self._received = self._received[whole:]
            self._answer(path, body)

    def _answer(self, path: bytes, body: bytes) -> None:
        if path.startswith(b"GET"):
            content = self._book.told() if path.endswith(b"/count") else MODELS
            self._transport.write(HEAD % (len(content), content))
            return
        # By the question alone, so that all clients meet the same latencies, and runs can be repeated.
        latency_s = self._latency(zlib.crc32(body[::-1]) / 2**32)
        prefix, came, content = self._book.note(body, latency_s), time.perf_counter(), completion(body)
        if latency_s:
            self._loop.call_later(latency_s, self._send, content, prefix, came)
        else:
            self._send(content, prefix, came)

    def _send(self, content: bytes, prefix: int, came: float) -> None:
        self._book.end(prefix, came)
        if not self._transport.is_closing():
            self._transport.write(HEAD % (len(content), content))


def completion(body: bytes) -> bytes:
    """The chat completion that answers a request."""
    fields = _fields(body)
    if fields and fields[0].key == "better":
        fields = _changes(zlib.crc32(body))
    content = _content(fields, zlib.crc32(body) & ((1 << len(fields)) - 1))
    prompt_tokens, completion_tokens = len(body) // 4, len(content) // 4
    return COMPLETION % (content, prompt_tokens, completion_tokens, prompt_tokens + completion_tokens)


def _fields(body: bytes) -> tuple[Field, ...]:
    """Return what to answer: what the schema has, else a verdict on each criterion between the tags of judge.txt."""
    # Inside a message the quotes would be escaped, so this can only be the key.
    at = body.rfind(FORMAT)
    if at >= 0 and (wanted := _wanted(body[at + len(FORMAT) :])):
        return wanted
    start = body.find(b"<criteria-")
    names = CRITERION.findall(body, start, body.find(b"</criteria-", start)) if start >= 0 else []
    return _verdicts(tuple(names))


def _changes(number: int) -> tuple[Field, ...]:
    """A proposal for a pair: one more criterion, another for each pair."""
    add = json.dumps([{"criterion": f"Names the point {number}.", "weight": 2}])
    values = {"better": '"first"', "why": '"It says more."', "add": add, "change": "[]", "merge": "[]", "drop": "[]"}
    return tuple(Field(key, value, value) for key, value in values.items())


@lru_cache(maxsize=1024)
def _verdicts(names: Sequence[bytes]) -> tuple[Field, ...]:
    return tuple(Field(name.decode(), '"yes"', '"no"') for name in names)


@lru_cache(maxsize=1024)
def _wanted(tail: bytes) -> tuple[Field, ...]:
    """The fields that the response format demands; it stands at the start of `tail`, the rest of the request after it.

    All requests with one schema end alike, so that it is parsed once.
    """
    value, _ = json.JSONDecoder().raw_decode(tail.decode().lstrip())
    return _fields_of(value.get("json_schema", {}).get("schema", {}))


def _fields_of(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    return tuple(Field(key, *_choices(value)) for key, value in schema.get("properties", {}).items())


def _choices(schema: Mapping[str, Any]) -> tuple[str, str]:
    """The JSON of two values that obey a schema: the first two of an enum, else the simplest there are."""
    if alternatives := schema.get("anyOf"):
        return _choices(alternatives[0])
    if options := schema.get("enum"):
        return json.dumps(options[0]), json.dumps(options[1 % len(options)])
    if schema.get("type") == "object":
        return _object(_fields_of(schema), 0), _object(_fields_of(schema), -1)
    if schema.get("type") == "array":
        first, second = _choices(schema["items"])
        return f"[{first}]", f"[{second}]"
    return ('"good"', '"fair"') if schema.get("type") == "string" else ("1", "2")


@lru_cache(maxsize=2**16)
def _content(fields: tuple[Field, ...], bits: int) -> bytes:
    """Return what the model says, as a JSON string."""
    return json.dumps(_object(fields, bits) if fields else "Hello.").encode()


def _object(fields: Sequence[Field], bits: int) -> str:
    values = (field.second if bits >> place % 32 & 1 else field.first for place, field in enumerate(fields))
    return "{" + ", ".join(f'"{f.key}": {value}' for f, value in zip(fields, values, strict=True)) + "}"


async def serve(book: Book, latency: Latency, port: int) -> None:
    """Serve until SIGTERM: the port is printed at the start, what was seen at the end."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(lambda: Connection(book, latency), "127.0.0.1", port, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stopped.wait()
    server.close()
    if book.dump:
        book.dump.close()
    print(book.told().decode(), flush=True)


def main() -> None:
    """Run the server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=50, metavar="MS", help="Pause before each answer.")
    parser.add_argument("--latencies", choices=LATENCIES, help="Pauses of this distribution instead, in seconds.")
    parser.add_argument("--stretch", type=float, default=1, help="Multiply them.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--dump", type=Path, metavar="FILE", help="Write the body of each request here, one a line.")
    flags = parser.parse_args()
    book = Book(open(flags.dump, "wb") if flags.dump else None)  # noqa: SIM115
    drawn = LATENCIES[flags.latencies] if flags.latencies else lambda _: flags.latency / 1000
    asyncio.run(serve(book, lambda draw: drawn(draw) * flags.stretch, flags.port))


if __name__ == "__main__":
    main()
