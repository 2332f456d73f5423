"""Read the rate limits that a server publishes in the headers of its replies.

Their names differ: OpenAI, Azure, Groq, Mistral and gateways write `x-ratelimit-remaining-requests`, some with the period behind
it (`-tokens-minute`, `-requests-day`), Anthropic `anthropic-ratelimit-input-tokens-remaining`, the IETF's drafts
`RateLimit-Remaining` or `RateLimit: "name";r=5;t=30`. So a name is read word by word.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple

from rubrictool.models.backend import RateLimit, RateLimitKind
from rubrictool.models.backends.waits import amount, duration, moment
from rubrictool.text.patterns import linear

_FIELDS = {"limit", "remaining", "reset", "renewalperiod"}

_REQUESTS, _TOKENS = {"request", "requests", "req"}, {"token", "tokens"}

_INPUT, _OUTPUT = {"input", "prompt"}, {"output", "generated", "completion"}

_PERIODS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0, "week": 604800.0, "month": 2592000.0}

_LONGEST_PERIOD_S = 60.0
"""Longest period of a limit that asks for an even pace; what an hour or a day allows may be used at once."""

_PARAMETER = linear(r"\b(q|w|window|qu|r|t|limit|remaining|reset)=\"?([0-9a-z.-]+)")


class _Told(NamedTuple):
    """The headers about one limit: the words of their names beside the field, and their values by field."""

    words: tuple[str, ...]
    fields: Mapping[str, str]


def published_limits(headers: Mapping[str, str]) -> tuple[RateLimit, ...]:
    """Return the limits, of a minute or less, that the headers of a reply tell; none that cannot be true."""
    told = {_plain(name): str(value) for name, value in headers.items() if "rate" in name.lower()}
    if not told:
        return ()
    now = _server_time(headers)
    policy = _policy(told.get("ratelimit-policy", ""))
    groups = [*_grouped(told), *_structured(told.get("ratelimit", ""), policy)]
    return tuple(limit for one in groups if (limit := _limit(one, policy, now)))


def _plain(name: str) -> str:
    """Return the name of a header without what litellm and some gateways add to it."""
    return name.lower().removeprefix("llm_provider-").replace("rate-limit", "ratelimit").replace("_", "-")


def _server_time(headers: Mapping[str, str]) -> float:
    """Return the time by the server's clock, which it names moments by; ours where it does not tell."""
    dates = (value for name, value in headers.items() if name.lower() in ("date", "llm_provider-date"))
    return _time_of(next(dates, "")) or time.time()


@lru_cache(maxsize=16)
def _time_of(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _grouped(told: Mapping[str, str]) -> Iterator[_Told]:
    """Yield the headers with one field each, together where the other words of their names are the same."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for name, value in told.items():
        field, words = _field(name)
        if field:
            found.setdefault(words, {})[field] = value
    yield from (_Told(words, fields) for words, fields in found.items())


@lru_cache(maxsize=256)
def _field(name: str) -> tuple[str, tuple[str, ...]]:
    """Return the field that a header's name ends or begins with, and the other words of the name; no field where it has none."""
    before, _, after = name.partition("ratelimit-")
    words = after.split("-")
    field = next((word for word in words if word in _FIELDS), "")
    # Behind x-ai-ratelimit- stand the names of an operator's own instances (APISIX, Kong).
    if not field or before.startswith("x-ai"):
        return "", ()
    words.remove(field)
    # Anthropic's limits are per minute.
    return field, (*words, "minute") if before.startswith("anthropic") else tuple(words)


def _structured(header: str, policy: Mapping[str, Mapping[str, str]]) -> Iterator[_Told]:
    """Yield the limits of the header `RateLimit`: `limit=9, remaining=5, reset=4`, or `"name";r=5;t=4` for each quota."""
    whole = _parameters(header)
    if "remaining" in whole:
        yield _Told((), whole)
    for part in header.split(",") if "r" in whole else ():
        state, quota = _parameters(part), policy.get(_leading(part), {})
        if "r" in state and quota.get("qu", "requests") == "requests":
            fields = {"remaining": state["r"], "reset": state.get("t", ""), "renewalperiod": quota.get("w", "")}
            yield _Told((_leading(part),), {**fields, "limit": quota.get("q", "")})


def _policy(text: str) -> dict[str, dict[str, str]]:
    """Return the parameters of each quota: `100;w=60` or `"name";q=100;w=60`, by what stands before them."""
    return {_leading(part): _parameters(part) for part in text.split(",") if ";" in part}


def _leading(part: str) -> str:
    return part.partition(";")[0].strip()


def _parameters(text: str) -> dict[str, str]:
    return {str(name): str(value) for name, value in _PARAMETER.findall(text)} if "=" in text else {}


def _limit(told: _Told, policy: Mapping[str, Mapping[str, str]], now: float) -> RateLimit | None:
    """Return a limit, None where its numbers contradict each other, its period is long or it counts something else."""
    kind, period_s = _kind(told.words), _period_s(told, policy)
    limit, remaining = _number(told.fields.get("limit", "")), _number(told.fields.get("remaining", ""))
    if kind is None or (limit is None and remaining is None) or (period_s or 0) > _LONGEST_PERIOD_S:
        return None
    if limit is not None and (limit < 1 or (remaining or 0) > limit):
        return None
    reset_s = moment(told.fields.get("reset", ""), now)
    conventional = bool({*_REQUESTS, *_TOKENS} & {*told.words})
    return RateLimit(" ".join(told.words), kind, limit, remaining, reset_s, period_s, conventional=conventional)


@lru_cache(maxsize=256)
def _kind(words: tuple[str, ...]) -> RateLimitKind | None:
    given = set(words)
    if given & _TOKENS:
        return "input_tokens" if given & _INPUT else "output_tokens" if given & _OUTPUT else "tokens"
    plain = all(_named_period_s(word) or word.startswith('"') for word in words)
    return "requests" if given & _REQUESTS or plain else None


def _period_s(told: _Told, policy: Mapping[str, Mapping[str, str]]) -> float | None:
    """Return the period of a limit where its name, its own header or the policy tells it."""
    limit = told.fields.get("limit", "")
    quota = {**policy, **_policy(limit)}.get(_leading(limit.partition(",")[0]), {})
    given = (told.fields.get("renewalperiod", ""), quota.get("w", ""), quota.get("window", ""))
    named = (*map(_number, given), *map(_named_period_s, told.words))
    return next((seconds for seconds in named if seconds), None)


@lru_cache(maxsize=256)
def _named_period_s(word: str) -> float | None:
    return _PERIODS.get(word) or _PERIODS.get(word.removesuffix("s")) or duration(word)


def _number(text: str) -> float | None:
    """Return the number that a value begins with: `100`, or of `100, 100;w=60` the first; None where it is none."""
    return amount(_leading(text.partition(",")[0]))
