"""Test what servers publish of their rate limits: every spelling of the headers, and nothing of those that cannot be true."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_hosted import Ask, ask, envelope  # noqa: F401
from test_http import answer_to, reply
from test_http import envelope as http_envelope

from rubrictool.errors import Transient
from rubrictool.models.backends.rate_headers import published_limits

DATE = "Sun, 29 Nov 2026 01:00:00 GMT"

OPENAI = {
    "x-ratelimit-limit-requests": "5000", "x-ratelimit-remaining-requests": "4999", "x-ratelimit-reset-requests": "12ms",
    "X-RateLimit-Limit-Tokens": "160000", "X-RateLimit-Remaining-Tokens": "159976", "X-RateLimit-Reset-Tokens": "6m0s",
}  # fmt: skip

Told = tuple[str, float | None, float | None, float | None, float | None]


def told(headers: Mapping[str, Any]) -> list[Told]:
    """Of each limit: its kind, the limit, what remains, the seconds until it is whole, and its period."""
    limits = published_limits({name: str(value) for name, value in headers.items()})
    return [(one.kind, one.limit, one.remaining, one.reset_s, one.period_s) for one in limits]


def prefixed(prefix: str, **values: object) -> dict[str, object]:
    return {f"{prefix}-{name.replace('_', '-')}": value for name, value in values.items()}


@pytest.mark.parametrize(
    ("headers", "limits"),
    [
        (OPENAI, [("requests", 5000, 4999, 0.012, None), ("tokens", 160000, 159976, 360, None)]),
        ({f"llm_provider-{name.lower()}": OPENAI[name] for name in list(OPENAI)[:3]}, [("requests", 5000, 4999, 0.012, None)]),
        # Groq, Azure
        (
            prefixed("x-ratelimit", limit_tokens=18000, remaining_tokens=17997, reset_tokens="7.66s"),
            [("tokens", 18000, 17997, 7.66, None)],
        ),
        (prefixed("x-ratelimit", remaining_requests=19, reset_requests=10), [("requests", None, 19, 10, None)]),
        # GitHub Models, Mistral, Kong, Fireworks
        (
            prefixed("x-ratelimit", limit_requests=1000, remaining_requests=999, renewalperiod_requests=60),
            [("requests", 1000, 999, None, 60)],
        ),
        (
            prefixed("x-ratelimit", limit_req_minute=720, remaining_req_minute=717, tokens_query_cost=52),
            [("requests", 720, 717, None, 60)],
        ),
        (prefixed("X-RateLimit", limit_second=5, remaining_second=4), [("requests", 5, 4, None, 1)]),
        (
            prefixed("x-ratelimit", limit_tokens_prompt=60000, remaining_tokens_prompt=100),
            [("input_tokens", 60000, 100, None, None)],
        ),
        (prefixed("x-ratelimit", limit_tokens_generated=600), [("output_tokens", 600, None, None, None)]),
        (prefixed("x-ratelimit-api_key", limit_requests=7, remaining_requests=5), [("requests", 7, 5, None, None)]),
        # the IETF's drafts, oldest first
        ({"RateLimit-Limit": "100, 100;w=60", "RateLimit-Remaining": 50, "RateLimit-Reset": 30}, [("requests", 100, 50, 30, 60)]),
        (
            {"RateLimit-Limit": "100", "RateLimit-Remaining": 50, "RateLimit-Reset": 5, "RateLimit-Policy": "100;w=10, 9;w=1"},
            [("requests", 100, 50, 5, 10)],
        ),
        ({"RateLimit": "limit=100, remaining=50, reset=5", "RateLimit-Policy": "100;w=10"}, [("requests", 100, 50, 5, 10)]),
        (
            {
                "RateLimit": '"burst";r=50;t=30, "daily";r=900;t=9',
                "RateLimit-Policy": '"burst";q=100;w=60, "daily";q=1000;w=86400',
            },
            [("requests", 100, 50, 30, 60)],
        ),
        ({"X-Rate-Limit-Limit": 10, "X-Rate-Limit-Remaining": 9, "X-Rate-Limit-Reset": 1}, [("requests", 10, 9, 1, None)]),
    ],
)  # fmt: skip
def test_each_spelling_is_read(headers: dict[str, Any], limits: list[Told]) -> None:
    assert told(headers) == limits


def test_anthropics_moments_are_by_the_servers_clock_and_its_limits_per_minute() -> None:
    headers = prefixed(
        "anthropic-ratelimit",
        requests_limit=1000, requests_remaining=999, requests_reset="2026-11-29T01:00:01Z",
        input_tokens_limit=80000, input_tokens_remaining=79000, input_tokens_reset="2026-11-29T01:00:20Z",
        output_tokens_limit=16000, output_tokens_remaining=16000, output_tokens_reset="2026-11-29T01:00:00Z",
    )  # fmt: skip
    assert told({"Date": DATE, **headers}) == [
        ("requests", 1000, 999, 1, 60),
        ("input_tokens", 80000, 79000, 20, 60),
        ("output_tokens", 16000, 16000, 0, 60),
    ]


@pytest.mark.parametrize("factor", [1, 1000], ids=["s", "ms"])
def test_a_reset_may_be_a_time_since_1970(factor: int) -> None:
    at = round((time.time() + 30) * factor)
    ((_, _, _, reset_s, _),) = told(prefixed("x-ratelimit", limit=50, remaining=0, reset=at))
    assert reset_s == pytest.approx(30, abs=2)


def test_a_clock_that_differs_changes_no_reset() -> None:
    theirs = datetime.now(UTC) + timedelta(hours=3)
    reset = (theirs + timedelta(seconds=20)).isoformat()
    headers = {"date": format_datetime(theirs, usegmt=True), **prefixed("x-ratelimit", limit=50, reset=reset)}
    assert told(headers)[0][3] == pytest.approx(20, abs=1.5)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "application/json", "x-generate-rate": "7"},
        prefixed("x-ratelimit", limit_requests=0, remaining_requests=0, reset_requests="1s"),
        prefixed("x-ratelimit", limit_requests=10, remaining_requests=11, reset_requests="1s"),
        prefixed("x-ratelimit", limit_requests="none", remaining_requests="-1", reset_requests="soon"),
        prefixed("x-ratelimit", limit_requests="nan", remaining_requests="inf", reset_requests="-5"),
        prefixed("x-ratelimit", limit_requests_day=1000, remaining_requests_day=3, reset_requests_day=33011.38),
        prefixed("x-ratelimit", limit_requests_1h=1000, remaining_requests_1h=3),
        prefixed("x-ratelimit", limit_tokens_per_day=1000, remaining_tokens_per_day=3),
        prefixed("x-ratelimit", limit_audio_seconds=1000, remaining_audio_seconds=3),
        prefixed("x-ai-ratelimit", limit_openai=1000, remaining_openai=3, reset_openai=5),
        {"RateLimit": '"c";r=5;t=1', "RateLimit-Policy": '"c";q=9;w=60;qu="content-bytes"'},
    ],
)
def test_what_is_long_of_something_else_or_cannot_be_true_is_no_limit(headers: dict[str, Any]) -> None:
    assert told(headers) == []


PARTS = st.sampled_from(
    ["x-", "ratelimit", "-limit", "-remaining", "-reset", "-requests", "-tokens", "-minute", "-", "_"]
)


@settings(max_examples=50)
@given(st.dictionaries(st.lists(PARTS, max_size=6).map("".join), st.text() | st.from_regex(r"[0-9;=,a-z\"-]{0,30}")))
def test_no_header_is_an_error(headers: dict[str, str]) -> None:
    for limit in published_limits({"ratelimit": "", **headers}):
        assert (limit.limit or 1) >= max(1, (limit.remaining or 0) if limit.limit else 0)


LINES = [f"{name}: {value}" for name, value in OPENAI.items()]


def test_they_come_with_replies_over_http() -> None:
    found = answer_to(reply("200 OK", http_envelope(message={"content": "Hi"}), *LINES))
    assert found.rate_limits == published_limits(OPENAI)


def test_they_come_with_refusals_over_http() -> None:
    with pytest.raises(Transient) as refused:
        answer_to(reply("429 Too Many Requests", b"{}", *LINES))
    assert refused.value.rate_limits == published_limits(OPENAI)


def test_they_come_with_litellms_replies_and_refusals(ask: Ask) -> None:  # noqa: F811
    assert ask(envelope(), headers=tuple(LINES)).rate_limits == published_limits(OPENAI)
    with pytest.raises(Transient) as refused:
        ask({"error": {"message": "slow down"}}, status="429 Too Many Requests", headers=tuple(LINES))
    assert refused.value.rate_limits == published_limits(OPENAI)
