"""Estimate the tokens of a request before it is sent, for limits of tokens per minute."""

from __future__ import annotations

from rubrictool.models.backend import Request, Usage
from rubrictool.models.budget import BYTES_A_TOKEN, OVERHEAD, max_usage


class TokenEstimate:
    """The tokens that requests to one model took so far, per byte of the question and per reply."""

    def __init__(self) -> None:
        self._bytes = self._prompt_tokens = self._completion_tokens = self._replies = 0

    def expected(self, request: Request) -> float:
        """Return the tokens that a request is expected to take; before the first reply its output limit is taken for used."""
        size = _bytes(request)
        if not self._replies:
            return size / BYTES_A_TOKEN + request.max_tokens
        return size * self._prompt_tokens / self._bytes + self._completion_tokens / self._replies

    def note(self, request: Request, usage: Usage) -> None:
        """Learn from the usage of a reply."""
        self._bytes += _bytes(request)
        self._prompt_tokens += usage.prompt_tokens
        self._completion_tokens += usage.completion_tokens
        self._replies += 1


def _bytes(request: Request) -> int:
    return max_usage(request).prompt_tokens - OVERHEAD
