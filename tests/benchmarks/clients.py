"""The clients that rubrictool is measured beside: each sends the requests of a file, and nothing else is done."""

from __future__ import annotations

import argparse
import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

Send = Callable[[bytes], Awaitable[str]]


async def over_aiohttp(url: str, bodies: Iterator[bytes], at_once: int) -> int:
    """The bodies as they are, over one session."""
    import aiohttp

    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as session:

        async def send(body: bytes) -> str:
            async with session.post(f"{url}/chat/completions", data=body) as response:
                return str(orjson.loads(await response.read())["choices"][0]["message"]["content"])

        return await _side_by_side(send, bodies, at_once)


async def over_openai(url: str, bodies: Iterator[bytes], at_once: int) -> int:
    """Over `openai.AsyncOpenAI` as it comes, without its retries."""
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:

        async def send(body: bytes) -> str:
            completion = await client.chat.completions.create(**orjson.loads(body))
            return completion.choices[0].message.content or ""

        return await _side_by_side(send, bodies, at_once)


async def over_litellm(url: str, bodies: Iterator[bytes], at_once: int) -> int:
    """Over `litellm.acompletion` as it comes, without its retries."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    async def send(body: bytes) -> str:
        asked: dict[str, Any] = orjson.loads(body)
        asked["model"] = f"openai/{asked['model']}"
        completion = await litellm.acompletion(**asked, api_base=url, api_key="none", max_retries=0)
        return completion.choices[0].message.content or ""

    return await _side_by_side(send, bodies, at_once)


async def _side_by_side(send: Send, bodies: Iterator[bytes], at_once: int) -> int:
    """Return how many bodies were sent and answered, by `at_once` tasks that take them from one iterator."""

    async def work() -> int:
        return sum([_read(await send(body)) for body in bodies])

    return sum(await asyncio.gather(*(work() for _ in range(at_once))))


def _read(reply: str) -> int:
    assert reply, "a reply without a text"
    return 1


def over_threads(url: str, bodies: Iterator[bytes], threads: int) -> int:
    """Over synchronous `openai.OpenAI` clients, one in each thread of a pool."""
    from openai import OpenAI

    # Threads may not share a running generator; the clients are built before the first request is sent.
    queue, built = iter(list(bodies)), threading.Barrier(threads, timeout=300)

    def work() -> int:
        with OpenAI(base_url=url, api_key="none", max_retries=0) as client:
            built.wait()
            sent = (client.chat.completions.create(**orjson.loads(body)) for body in queue)
            return sum(_read(completion.choices[0].message.content or "") for completion in sent)

    with ThreadPoolExecutor(threads) as pool:
        return sum(future.result() for future in [pool.submit(work) for _ in range(threads)])


ASYNCHRONOUS = {"aiohttp": over_aiohttp, "openai": over_openai, "litellm": over_litellm}


def main() -> None:
    """Send the requests and print how many were answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client", choices=[*ASYNCHRONOUS, "threads"])
    parser.add_argument("url", help="http://HOST:PORT/v1")
    parser.add_argument("bodies", type=Path, help="One request a line, as server.py --dump writes them.")
    parser.add_argument("--limit", type=int, default=0, help="Send only the first so many; 0: all.")
    parser.add_argument("--at-once", type=int, default=256, help="Tasks, or threads.")
    flags = parser.parse_args()
    with open(flags.bodies, "rb") as file:
        bodies = islice((line.rstrip(b"\n") for line in file), flags.limit or None)
        if flags.client == "threads":
            print(over_threads(flags.url, bodies, flags.at_once))
        else:
            print(asyncio.run(ASYNCHRONOUS[flags.client](flags.url, bodies, flags.at_once)))


if __name__ == "__main__":
    main()
