"""Any OpenAI-compatible server, straight over HTTP."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import orjson

from rubrictool.backends import Completion, Request, refuses_temperature
from rubrictool.errors import BackendError, Final, TemperatureRefused, Transient
from rubrictool.texts import one_line

if TYPE_CHECKING:
    import aiohttp

MAX_REPLY = 8 * 2**20
_TRANSIENT_STATUS = {408, 409, 425, 429}


class HttpServer:
    """The chat completions of one model at one or several addresses (`http://host:port/v1`), taken in turn."""

    recorded = False

    def __init__(self, addresses: Sequence[str], *, api_key: str | None = None, timeout_s: float = 300) -> None:
        self._addresses = itertools.cycle(address.rstrip("/") for address in addresses)
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def complete(self, request: Request) -> Completion:
        """The server's reply. Raises `Transient`, `TemperatureRefused` or `Final`."""
        body = orjson.dumps(request.body())
        status, headers, content = await self._send("POST", "/chat/completions", body)
        if status == 200:
            return completion(content)
        raise refusal(status, headers, content)

    async def only_model(self) -> str:
        """The name of the server's only model. Raises `Final` where it serves none or several."""
        status, headers, content = await self._send("GET", "/models", None)
        if status != 200:
            raise refusal(status, headers, content)
        names = _model_names(content)
        if len(names) != 1:
            raise Final(f"it serves {len(names)} models ({', '.join(names[:5])}); write NAME@URL")
        return names[0]

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()
            self._session = None

    async def _send(self, method: str, path: str, body: bytes | None) -> tuple[int, Mapping[str, str], bytes]:
        import aiohttp

        try:
            async with self._connected().request(
                method, next(self._addresses) + path, data=body, allow_redirects=False
            ) as response:
                return response.status, response.headers, await _bounded(response.content)
        except TimeoutError:
            raise Transient(f"no answer within {self._timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Transient(
                f"the connection failed: {one_line(str(error) or type(error).__name__, width=200)}"
            ) from None

    def _connected(self) -> aiohttp.ClientSession:
        """One session for the life of the run, opened where the event loop is."""
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=30),
                headers={"Content-Type": "application/json", **self._headers},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _bounded(stream: aiohttp.StreamReader) -> bytes:
    """The body, up to 8 MiB: no chat completion is longer."""
    content = bytearray()
    async for chunk in stream.iter_any():
        content += chunk
        if len(content) > MAX_REPLY:
            raise Transient(f"the reply is larger than {MAX_REPLY // 2**20} MiB")
        await asyncio.sleep(0)
    return bytes(content)


def completion(content: bytes) -> Completion:
    """A server's 200 as a completion. Raises `Transient` where it is none, `Final` where the model refused."""
    envelope = _json(content)
    choice = _first(envelope.get("choices"))
    message = choice.get("message")
    if not isinstance(message, dict):
        raise Transient(f"a 200 that is no chat completion: {_shown(content)}")
    if choice.get("finish_reason") == "content_filter" or message.get("refusal"):
        raise Final(f"the model refused: {one_line(str(message.get('refusal') or 'content filter'), width=200)}")
    usage = envelope.get("usage") if isinstance(envelope.get("usage"), dict) else {}
    return Completion(
        text=message["content"] if isinstance(message.get("content"), str) else "",
        truncated=choice.get("finish_reason") == "length",
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
    )


def refusal(status: int, headers: Mapping[str, str], content: bytes) -> BackendError:
    """What a status other than 200 means for the request."""
    message = f"HTTP {status}: {_shown(content)}"
    if status in _TRANSIENT_STATUS or status >= 500:
        return Transient(message, retry_after=retry_after(headers))
    if status == 400 and refuses_temperature(message):
        return TemperatureRefused(message)
    return Final(message)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The server's wish in seconds, from `retry-after-ms` or `Retry-After` (seconds or an HTTP date)."""
    lowered = {name.lower(): value.strip() for name, value in headers.items()}
    milliseconds = _seconds(lowered.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = lowered.get("retry-after", "")
    return _until(value) if _seconds(value) is None else _seconds(value)


def _seconds(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _until(date: str) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _json(content: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise Transient(f"a 200 that is not JSON: {_shown(content)}") from None
    if not isinstance(value, dict):
        raise Transient(f"a 200 that is no chat completion: {_shown(content)}")
    return value


def _first(choices: Any) -> dict[str, Any]:
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _count(usage: Any, name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) else 0


def _model_names(content: bytes) -> list[str]:
    models = _json(content).get("data")
    return (
        [m["id"] for m in models if isinstance(m, dict) and isinstance(m.get("id"), str)]
        if isinstance(models, list)
        else []
    )


def _shown(content: bytes) -> str:
    return one_line(content[:2000].decode(errors="replace"), width=200) or "an empty body"
