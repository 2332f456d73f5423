"""What a server's refusal is about, by its words and its headers."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_SCHEMA_WORDS = ("response_format", "response format", "schema", "structured output", "guided", "grammar")


def refuses_temperature(message: str) -> bool:
    """Whether a refusal is about the temperature (several providers' reasoning models take none)."""
    lowered = message.lower()
    return "temperature" in lowered and any(
        word in lowered for word in ("support", "unsupported", "only", "deprecated")
    )


def refuses_schema(message: str) -> bool:
    """Whether a refusal is about the form that the reply was to take."""
    return any(word in message.lower() for word in _SCHEMA_WORDS)


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
    except (ValueError, TypeError, OverflowError):
        return None
