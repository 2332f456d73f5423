"""From a model's SPEC to the model, the judge or the proposer that plays it."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from rubrictool.backends import Backend
from rubrictool.cache import Cache
from rubrictool.errors import BackendError, InputError
from rubrictool.llm import Model
from rubrictool.prompts import Templates

API_KEY = "RUBRICTOOL_API_KEY"
OFFLINE = "offline"
_AT_ADDRESS = re.compile(r"(?:(?P<name>.*?)@)?(?P<addresses>https?://.*)")
_RESERVED_ARGS = {"model", "messages", "stream", "n"}


@dataclass(frozen=True)
class Access:
    """How the models of one run are reached: what they share."""

    cache: Callable[[], Cache | None] = lambda: None
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(64))
    attempts: int = 5
    timeout_s: float = 300
    allow_http_key: bool = False
    templates: Templates = field(default_factory=Templates)
    use_reference: bool = False
    tell: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class Asked:
    """A role's parameters: which model, how warm, how long, and what else goes into the request."""

    spec: str = OFFLINE
    temperature: float | None = 0
    max_tokens: int = 4096
    args: Mapping[str, Any] = field(default_factory=dict)


async def connect(asked: Asked, access: Access) -> Model:
    """The model behind a spec. Raises `InputError` where it cannot be used as it is set up; nothing was spent."""
    if reserved := sorted(_RESERVED_ARGS & asked.args.keys()):
        raise InputError(f"{asked.spec}: {reserved[0]} cannot be set by extra arguments")
    name, backend = await _answering(asked.spec, access)
    return Model(
        name,
        backend,
        cache=None if backend.recorded else access.cache(),
        slots=access.slots,
        attempts=access.attempts,
        temperature=asked.temperature,
        max_tokens=asked.max_tokens,
        args=asked.args,
        tell=access.tell,
    )


async def _answering(spec: str, access: Access) -> tuple[str, Backend]:
    kind, _, rest = spec.partition(":")
    if not spec.strip():
        raise InputError("the model is empty; name one, or write offline")
    if kind == "replay":
        from rubrictool.backends.replay import Replay

        return spec, Replay(rest)
    if kind == "vllm":
        raise InputError(f"{spec}: this version starts no server; run vLLM yourself and write NAME@http://HOST:PORT/v1")
    if served := _AT_ADDRESS.match(spec):
        return await _server(served["name"] or "", served["addresses"], access)
    from rubrictool.backends.hosted import Hosted

    return spec, Hosted(spec, timeout_s=access.timeout_s)


async def _server(name: str, addresses: str, access: Access) -> tuple[str, Backend]:
    from rubrictool.backends.http import HttpServer

    key = os.environ.get(API_KEY)
    urls = [_address(url.strip(), bool(key), access.allow_http_key) for url in addresses.split(",")]
    server = HttpServer(urls, api_key=key, timeout_s=access.timeout_s)
    if name:
        return name, server
    try:
        return await server.only_model(), server
    except BackendError as error:
        await server.close()
        raise InputError(f"{addresses}: cannot tell the model's name: {error}") from None


def _address(url: str, has_key: bool, allow_http_key: bool) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"{url}: is no address; write http://HOST:PORT/v1")
    if parts.username or parts.query or parts.fragment:
        raise InputError(f"{parts.hostname}: the address must hold no key or query; put the key into {API_KEY}")
    if has_key and parts.scheme == "http" and not _is_loopback(parts.hostname) and not allow_http_key:
        raise InputError(f"{url}: {API_KEY} would go over plain http; use https, or --allow-http-key if you must")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
