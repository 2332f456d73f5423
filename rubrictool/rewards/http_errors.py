"""Define what a reward server refuses a request with, and what becomes of our own errors over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from rubrictool.errors import FailureKind, InputError, RowFailure

RETRY_S = 1
"""Seconds after which a client may try again where the server has too much to do."""


HttpKind = (
    FailureKind
    | Literal[
        "bad_input",
        "on_error",
        "too_large",
        "too_many",
        "not_json",
        "incomplete",
        "slow_body",
        "busy",
        "cache",
        "internal",
        "unknown_host",
        "unauthorized",
        "forbidden",
        "not_found",
    ]
)
"""The reason why a request was refused; docs/rewards.md says of each what happened."""


class HttpError(Exception):
    """A request is answered with an error: its status, a word for programs, and words for people.

    `field` is the part of the body that is wrong, where it is one.
    """

    def __init__(
        self,
        status: int,
        kind: HttpKind,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.message, self.field = status, kind, message, field
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """Return the error as JSON."""
        named = {} if self.field is None else {"field": self.field}
        return {"error": {"kind": self.kind, "message": self.message, **named}}


def bad_field(field: str, reason: str) -> HttpError:
    """Return the error of a body in which a field is wrong."""
    return HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_input", f"{field}: {reason}", field=field)


def busy(message: str) -> HttpError:
    """Return the error of a request that may be made again soon."""
    headers = {"Retry-After": str(RETRY_S)}
    return HttpError(HTTPStatus.SERVICE_UNAVAILABLE, "busy", message, headers=headers)


def of_input(error: InputError) -> HttpError:
    """Return the error of a rollout or a rubric that cannot be used; its text begins with its place."""
    if error.code == "cache":
        return HttpError(HTTPStatus.INTERNAL_SERVER_ERROR, "cache", str(error))
    field = str(error).partition(": ")[0]
    return HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_input", str(error), field=field)


def of_judge(error: RowFailure) -> HttpError:
    """Return the error of a judge that did not decide: 502, or 503 once the budget of the server is spent."""
    status = HTTPStatus.SERVICE_UNAVAILABLE if error.kind == "budget" else HTTPStatus.BAD_GATEWAY
    return HttpError(status, error.kind, str(error))
