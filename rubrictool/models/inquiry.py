"""A request with its parser, as the retry loop takes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from rubrictool.models.backend import Completion, Request
from rubrictool.models.token_replies import DecidingToken, TokenReply

T = TypeVar("T")

Parse = Callable[[str], T]
"""Return the answer that a reply holds. Raises `Unreadable` with the complaint to send back."""


@dataclass(frozen=True)
class Inquiry(Generic[T]):
    """A question: a request with its parser.

    The request's schema is sent where the model supports schemas. `show_complaint` sends an unreadable reply back with
    what is wrong with it. `probing` asks what the model supports, so a schema is sent in any case. With `deciding`, what
    is parsed and kept is a `TokenReply`.
    """

    request: Request
    parse: Parse[T]
    show_complaint: bool = True
    probing: bool = False
    deciding: DecidingToken | None = None

    def reply_of(self, completion: Completion) -> str:
        """Return what is parsed and kept of a completion. Raises `Unreadable` where no deciding token can be looked for."""
        return TokenReply.of(completion, self.deciding).stored() if self.deciding else completion.text


class AskAttempt(NamedTuple):
    """One request of an inquiry.

    `build` makes it when its turn comes, by what the model has refused until then. `number` counts from 1 on;
    `next_is_last` says that only one more is allowed, `ahead` that it goes before questions that were not asked yet.
    """

    build: Callable[[], Request]
    number: int
    next_is_last: bool = False
    probing: bool = False
    ahead: bool = False
