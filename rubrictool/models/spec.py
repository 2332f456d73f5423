"""Turn a model SPEC into a model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from rubrictool.errors import BackendError, InputError
from rubrictool.models.backend import Backend, LimitName
from rubrictool.models.backends.proxies import is_loopback
from rubrictool.models.client import Model
from rubrictool.models.context import Endpoint, RunContext
from rubrictool.models.origins import API_KEY, Key, any_key, key_for
from rubrictool.models.rate_limiter import RateLimiter
from rubrictool.text.patterns import linear

OFFLINE = "offline"

_AT_ADDRESS = linear(r"(?:(?P<name>.*?)@)?(?P<addresses>https?://.*)")

_BARE_ADDRESS = linear(r"(?:[^@]*@)?[\pL\pN_.-]+:\d{2,5}(?:/\S*)?|[^@]+@[\pL\pN_.-]+/(?:\S*/)?v1/?")
"""An address without its http://, with a port or behind a name: no provider's model is called so."""

_RESERVED_ARGS = {
    "model", "messages", "n", "api_key", "api_base", "base_url", "timeout", "num_retries", "max_retries",
}  # fmt: skip

_LIMITS: tuple[LimitName, ...] = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True)
class ModelConfig:
    """A role's parameters: which model, how warm, how long, and what else goes into the request."""

    spec: str = OFFLINE
    temperature: float | None = 0
    max_tokens: int = 4096
    args: Mapping[str, Any] = field(default_factory=dict)
    limit_name: LimitName = "max_tokens"


async def connect(asked: ModelConfig, access: RunContext) -> Model:
    """The model behind a spec. Raises `InputError` where it cannot be used as it is set up; nothing was spent."""
    return await access.connections.run(lambda: _connected(_settled(asked), access))


async def _connected(asked: ModelConfig, access: RunContext) -> Model:
    name, backend, pace = await _endpoint(asked.spec, access)
    price = backend.price if backend.recorded else access.prices.get(name) or access.prices.get("") or backend.price
    if access.budget.max_cost is not None and price is None:
        raise InputError(
            f"--max-cost: nobody knows the price of {name}; give --price IN,OUT in dollars a million tokens"
        )
    return Model(
        name,
        backend,
        cache=None if backend.recorded else access.connections.cache(access.cache),
        pace=pace,
        budget=access.budget,
        price=price,
        attempts=access.attempts,
        temperature=asked.temperature,
        max_tokens=asked.max_tokens,
        limit_name=asked.limit_name,
        args=asked.args,
        max_wait_s=access.max_wait_s,
        tell=access.tell,
        connections=access.connections,
        on_wait=access.on_wait,
    )


async def _endpoint(spec: str, access: RunContext) -> Endpoint:
    """What answers for a spec, opened by the first who asks for it."""
    async with access.connections.opening:
        if spec not in access.endpoints:
            name, backend = await _answering(spec, access)
            access.connections.add(backend)
            access.endpoints[spec] = Endpoint(name, backend, RateLimiter(access.concurrency))
        return access.endpoints[spec]


def warmth(asked: ModelConfig) -> float | None:
    """The temperature that a role is asked at, None for the model's own. Raises `InputError` for one that is none."""
    return _settled(asked).temperature


def _settled(asked: ModelConfig) -> ModelConfig:
    """The parameters, with the temperature and the limit where the extra arguments name them.

    Raises `InputError` for arguments that are not a role's to set, and for a limit that bounds nothing.
    """
    if reserved := sorted(_RESERVED_ARGS & asked.args.keys()):
        raise InputError(f"{asked.spec}: {reserved[0]} cannot be set by extra arguments")
    args = dict(asked.args)
    if args.pop("stream", False) is not False:
        raise InputError(f"{asked.spec}: stream can only be false: replies are read whole")
    temperature = _checked_warmth(asked.spec, args.pop("temperature", asked.temperature))
    limits = [(name, args.pop(name)) for name in _LIMITS if name in args]
    if len(limits) > 1:
        raise InputError(f"{asked.spec}: give one of {' and '.join(_LIMITS)}, not both")
    name, limit = limits[0] if limits else (asked.limit_name, asked.max_tokens)
    if type(limit) is not int or limit < 1:
        raise InputError(f"{asked.spec}: {name} must be a whole number from 1 on")
    return replace(asked, temperature=temperature, max_tokens=limit, limit_name=name, args=args)


def _checked_warmth(spec: str, given: Any) -> float | None:
    if given is not None and (type(given) not in (int, float) or not 0 <= given < math.inf):
        raise InputError(f"{spec}: temperature must be a number from 0 on")
    return given  # type: ignore[no-any-return]


async def _answering(spec: str, access: RunContext) -> tuple[str, Backend]:
    kind, _, rest = spec.partition(":")
    if not spec.strip():
        raise InputError("the model is empty; name one, or write offline")
    if kind == "replay":
        from rubrictool.models.backends.replay import Replay

        return spec, Replay(rest)
    if kind == "vllm":
        from rubrictool.models.backends.vllm import VllmServer

        return rest, VllmServer(rest, access.vllm, timeout_s=access.timeout_s, tell=access.tell)
    if served := _AT_ADDRESS.match(spec):
        return await _server(served["name"] or "", _addresses(spec), access)
    if _BARE_ADDRESS.fullmatch(spec):
        _, at, address = spec.rpartition("@")
        raise InputError(f"{address}: the address lacks its http://; write {'NAME@' if at else ''}http://{address}")
    from rubrictool.models.backends.hosted import Hosted

    return spec, Hosted(spec, timeout_s=access.timeout_s, needs_key=not access.dry_run)


def file_of(spec: str | None) -> str | None:
    """Return the file that a spec names, which is an input; None where it names none."""
    kind, _, rest = (spec or "").partition(":")
    return rest if kind == "replay" and rest else None


def _addresses(spec: str) -> list[str]:
    """The addresses of a server's spec; none for a spec of another kind."""
    served = _AT_ADDRESS.match(spec)
    return [url.strip() for url in served["addresses"].split(",")] if served else []


async def _server(name: str, addresses: Sequence[str], access: RunContext) -> tuple[str, Backend]:
    from rubrictool.models.backends.http import HttpServer

    for address in addresses:
        _check_address(address)
    key = _key(addresses, access)
    if key.value and not access.allow_http_key:
        _refuse_plain_http(addresses, key)
    server = HttpServer(
        addresses, api_key=key.value, key_name=key.variable, timeout_s=access.timeout_s, tell=access.tell
    )
    if name:
        return name, server
    if access.dry_run:
        access.tell(f"{addresses[0]}: a dry run does not ask for the model's name, so cached replies are not counted")
        return addresses[0], server
    try:
        return await server.only_model(), server
    except BackendError as error:
        await server.close()
        raise InputError(f"{','.join(addresses)}: cannot tell the model's name: {error}") from None


def _key(addresses: Sequence[str], access: RunContext) -> Key:
    """The key of a server; that it has none is told where others may have one."""
    others = [found for spec in (*access.specs, *access.endpoints) if (found := _addresses(spec))]
    key = key_for(addresses, others)
    if key.value is None and key.variable != API_KEY and any_key():
        access.tell(
            f"{addresses[0]}: no key is sent; with several servers in a run each has a variable of its own: {key.variable}"
        )
    return key


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port out of range, half of an IPv6 address
        known = False
    if not known:
        raise InputError(f"{url.rpartition('@')[2]}: is no address; write http://HOST:PORT/v1")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InputError(f"{parts.hostname}: the address must hold no key or query; put the key into {API_KEY}")


def _refuse_plain_http(addresses: Sequence[str], key: Key) -> None:
    """Raise `InputError` for an address to which the key would go for all to read."""
    for url in addresses:
        parts = urlsplit(url)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise InputError(
                f"{url}: {key.variable} would go over plain http; use https, or --allow-http-key if you must"
            )
