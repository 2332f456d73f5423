"""How long a server wishes us to wait, by its headers, else by its body."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from rubrictool.text.patterns import linear

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

_SPELLED = {"milli": "ms", "msec": "ms", "sec": "s", "min": "m", "hour": "h", "hr": "h", "day": "d"}

_PART = r"\d+(?:\.\d+)?\s*(?:milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)"

_DURATION = linear(rf"(?i)^\s*{_PART}(?:(?:\s|,|and)*{_PART})*\s*$")

_AMOUNT = linear(r"(?i)(\d+(?:\.\d+)?)\s*([a-z]+)")

_IN_WORDS = linear(
    rf"(?i)(?:again|retry|retrying|wait|resets?|available|back)\b[^0-9.]{{0,40}}?\b({_PART}(?:(?:\s|,|and)*{_PART}\b)*)(?:[^a-z0-9]|$)"
)

_DELAYS = {"retrydelay", "retry_delay", "retry_after", "retryafter", "retry_after_seconds"}

_DELAYS_MS = {"retry_after_ms", "retryafterms"}


def wish(headers: Mapping[str, str], body: Any = None, text: str = "") -> float | None:
    """Return the seconds after which the server wishes to be asked again, None where it names no time.

    In this order: `retry-after-ms`, `Retry-After`, the reset of an exhausted rate limit, a field of the body such as
    Google's `retryDelay`, and a text such as "try again in 17.2s".
    """
    found = (retry_after(headers), _reset(headers), _in_fields(body), _in_words(text))
    return next((seconds for seconds in found if seconds is not None), None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the server's wish in seconds, from `retry-after-ms` or `Retry-After` (seconds or an HTTP date)."""
    lowered = _lowered(headers)
    milliseconds = _seconds(lowered.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = lowered.get("retry-after", "")
    seconds = _seconds(value)
    return _until(value) if seconds is None else seconds


def duration(text: str) -> float | None:
    """Return the seconds of `17.2s`, `1m30s`, `500ms` or `2 hours`, None for anything else."""
    if not _DURATION.match(text):
        return None
    return sum(float(number) * _UNITS[_unit(word)] for number, word in _AMOUNT.findall(text))


def _unit(word: str) -> str:
    lowered = word.lower()
    spelled = next((unit for start, unit in _SPELLED.items() if lowered.startswith(start)), lowered)
    return spelled if spelled in _UNITS else spelled[0]


def _reset(headers: Mapping[str, str]) -> float | None:
    """Return when the rate limit opens of which nothing remains; with several, the latest."""
    lowered = _lowered(headers)
    resets = {name: value for name, value in lowered.items() if "ratelimit" in name and "reset" in name}
    spent = [
        value for name, value in resets.items() if _seconds(lowered.get(name.replace("reset", "remaining"), "")) == 0
    ]
    given = spent or (list(resets.values()) if len(resets) == 1 else [])
    times = [seconds for value in given if (seconds := _moment(value)) is not None]
    return max(times, default=None)


def _moment(value: str) -> float | None:
    """Return the seconds until a moment: a duration, seconds, a time since 1970 (s or ms), or a date."""
    number = _seconds(value)
    if number is None:
        length = duration(value)
        return length if length is not None else _until(value)
    if number < 1e9:
        return number
    return max(0.0, (number / 1000 if number > 1e11 else number) - time.time())


def _in_fields(body: Any) -> float | None:
    for name, value in _fields(body):
        lowered = name.lower().replace("-", "_")
        if lowered in _DELAYS | _DELAYS_MS:
            seconds = _seconds(str(value)) if isinstance(value, str | int | float) else None
            if seconds is not None:
                return seconds / 1000 if lowered in _DELAYS_MS else seconds
            if isinstance(value, str) and (length := duration(value)) is not None:
                return length
    return None


def _fields(value: Any, depth: int = 6) -> Iterator[tuple[str, Any]]:
    if depth and isinstance(value, dict):
        for name, inner in value.items():
            yield str(name), inner
            yield from _fields(inner, depth - 1)
    elif depth and isinstance(value, list):
        for inner in value:
            yield from _fields(inner, depth - 1)


def _in_words(text: str) -> float | None:
    found = _IN_WORDS.search(text)
    return duration(found[1].strip()) if found else None


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value.strip() for name, value in headers.items()}


def _seconds(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _until(date: str) -> float | None:
    try:
        when = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        try:
            when = datetime.fromisoformat(date)
        except ValueError:
            return None
    return max(0.0, when.timestamp() - time.time())
