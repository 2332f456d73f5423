"""Rate limits that servers publish are approached without refusals; headers that are wrong cost a minute or two, and no row.

The servers are simulated in virtual time. Each takes 10 requests a second, and refuses bursts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest
from limited import Bucket, LimitedServer, Window, asked, everything

from rubrictool.models.backend import Completion, Request, Usage

Headers = Callable[[float], Mapping[str, object]]

PER_S = 10


def named(limit: object, remaining: object, reset: object, *, kind: str = "-requests") -> dict[str, object]:
    values = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"x-ratelimit-{name}{kind}": value for name, value in values.items()}


class Case(NamedTuple):
    """A server: the counter that it publishes, its other counter, and what it says of the first."""

    counter: Bucket | Window
    burst: Bucket
    headers: Headers

    def server(self, latency_s: float) -> LimitedServer:
        def accepts(server: LimitedServer, now: float) -> bool:
            return all([self.counter(server, now), self.burst(server, now)])

        return LimitedServer(accepts, latency_s=latency_s, spread=0.5, headers=self.headers)


def openai() -> Case:
    """The bucket of a minute, whole again when what was used is refilled."""
    a = Bucket(PER_S, 600)
    return Case(a, Bucket(PER_S, 2), lambda _: named(600, int(a.tokens), f"{(600 - a.tokens) / PER_S * 1000:.0f}ms"))


def openai_in_seconds() -> Case:
    a = Bucket(PER_S, 600)
    return Case(a, Bucket(PER_S, 5), lambda _: named(600, int(a.tokens), math.ceil((600 - a.tokens) / PER_S)))


def small_bucket() -> Case:
    a = Bucket(PER_S, 2)
    return Case(a, Bucket(PER_S, 2), lambda _: named(600, int(a.tokens), f"{(2 - a.tokens) / PER_S:.3f}s"))


def window() -> Case:
    a = Window(600, 60)
    return Case(a, Bucket(PER_S, 2), lambda now: named(600, 600 - a.used, f"{a.left_s(now):.1f}s"))


def plain_window() -> Case:
    a = Window(600, 60)
    return Case(a, Bucket(PER_S, 5), lambda now: named(600, 600 - a.used, int(a.left_s(now)), kind=""))


def drafts() -> Case:
    a = Window(600, 60)
    policy = {"RateLimit-Policy": '"default";q=600;w=60'}
    return Case(
        a, Bucket(PER_S, 2), lambda now: policy | {"RateLimit": f'"default";r={600 - a.used};t={a.left_s(now):.0f}'}
    )


def mistral() -> Case:
    a = Window(600, 60)
    return Case(
        a,
        Bucket(PER_S, 2),
        lambda _: {"x-ratelimit-limit-req-minute": 600, "x-ratelimit-remaining-req-minute": 600 - a.used},
    )


def anthropic() -> Case:
    a = Bucket(PER_S, 600)
    return Case(
        a,
        Bucket(PER_S, 2),
        lambda _: {
            "anthropic-ratelimit-requests-limit": 600,
            "anthropic-ratelimit-requests-remaining": int(a.tokens),
            "anthropic-ratelimit-requests-reset": f"{round((600 - a.tokens) / PER_S)}s",
        },
    )


@pytest.mark.parametrize("latency_s", [0.2, 2.0])
@pytest.mark.parametrize(
    "case", [openai, openai_in_seconds, small_bucket, window, plain_window, drafts, mistral, anthropic]
)
def test_a_published_limit_is_used_up_and_bursts_are_not_sent(case: Callable[[], Case], latency_s: float) -> None:
    server = case().server(latency_s)
    took = asked(server, 700)
    assert took.lost == 0
    assert server.refused_share < 0.01
    # The first and the last replies are waited for.
    assert PER_S * (took.seconds - 4 * latency_s) * 0.95 <= 700


@pytest.mark.parametrize("case", [openai, window, anthropic])
def test_several_workers_use_up_a_published_limit_together_and_send_no_bursts(case: Callable[[], Case]) -> None:
    server = case()._replace(burst=Bucket(PER_S, 8)).server(0.2)
    took = asked(server, 700, workers=4)
    assert took.lost == 0
    assert server.refused_share < 0.02
    assert PER_S * took.seconds * 0.9 <= 700


def test_a_window_that_others_have_used_is_waited_for() -> None:
    a = Window(600, 60)
    a.used = 590
    server = LimitedServer(a, headers=lambda now: named(600, 600 - a.used, f"{a.left_s(now):.1f}s"))
    took = asked(server, 200)
    assert (took.lost, server.refused_at) == (0, [])
    assert 60 < took.seconds < 90


@pytest.mark.parametrize("seconds", [1, 10])
def test_the_period_of_a_limit_per_second_is_found(seconds: int) -> None:
    a = Window(PER_S * seconds, seconds)
    server = LimitedServer(a, headers=lambda now: named(a.limit, a.limit - a.used, f"{a.left_s(now):.2f}s"))
    took = asked(server, 900)
    assert (took.lost, server.refused_at) == (0, [])
    assert took.seconds < 140


class Metered(LimitedServer):
    """A server whose replies take tokens by their number, of a bucket of 1000 a second."""

    def __init__(self) -> None:
        self.bucket, self.tokens = Bucket(1000, 60_000), 0
        super().__init__(everything, headers=self.say)

    def say(self, now: float) -> Mapping[str, object]:
        self.bucket.refill(now)
        left = self.bucket.tokens
        return named(60_000, int(max(0, left)), f"{(60_000 - left) / 1000:.3f}s", kind="-tokens")

    async def complete(self, request: Request) -> Completion:
        used = 155 + 10 * (len(self.sent_at) % 20)
        self.bucket.tokens -= used
        self.tokens += used
        completion = await super().complete(request)
        return Completion("yes", usage=Usage(used - 55, 55), rate_limits=completion.rate_limits)


def test_published_tokens_are_counted_as_replies_report_them() -> None:
    server = Metered()
    took = asked(server, 1000, max_tokens=256)
    assert took.lost == 0
    assert server.bucket.tokens > 30_000
    assert server.tokens / took.seconds > 950


def constant(*values: object, kind: str = "-requests") -> Headers:
    return lambda _: named(*values, kind=kind)


@pytest.mark.parametrize(
    "headers",
    [
        constant(600, 0, "60s"),
        constant(600, 0, "1h"),
        constant(600, 3, "50s"),
        constant(1, 0, "60s"),
        constant(1000, 0, "59s", kind="-tokens"),
        constant("", 0, "30s"),
        constant(200, 150, "6h"),
        constant("1e15", "1e15", "1ms"),
        lambda now: named(5, 1, "9s", kind=f"-requests-n{int(now * 1000)}"),
    ],
)
def test_headers_that_are_not_meant_cost_minutes_at_most_and_no_row(headers: Headers) -> None:
    took = asked(LimitedServer(everything, headers=headers), 500)
    assert took.lost == 0
    assert took.seconds < 200


def test_no_request_waits_longer_than_about_a_minute_whatever_the_limit_says() -> None:
    server = LimitedServer(everything, headers=constant(1, 1, "60s"))
    asked(server, 20)
    gaps = [after - before for before, after in zip(server.sent_at, server.sent_at[1:], strict=False)]
    assert max(gaps) < 63


def test_a_reply_that_was_overtaken_changes_nothing() -> None:
    def headers(now: float) -> Mapping[str, object]:
        return named(600, 0, "60s") if now < 0.5 else named(600, 590, "30s")

    server = LimitedServer(everything, latency_s=1.5, spread=1.0, headers=headers)
    assert asked(server, 100).seconds < 40
