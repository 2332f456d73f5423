"""Read the log-probabilities of a reply's tokens, in the form of chat completions or in that of text completions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rubrictool.models.backend import LOGPROB_ROUNDING, Token, TopTokens


def tokens_of(told: Any) -> tuple[Token, ...]:
    """Return the tokens that a choice's `logprobs` tell; none where it tells none, or one of them has no text."""
    if not isinstance(told, Mapping):
        return ()
    try:
        return tuple(_of_chat(told["content"]) if told.get("content") else _of_text(told))
    except (KeyError, TypeError, ValueError):
        return ()


def _of_chat(content: Any) -> Iterator[Token]:
    """Yield tokens from `[{"token", "logprob", "top_logprobs": [{"token", "logprob"}]}]`."""
    for entry in map(dict, content):
        top = map(dict, entry.get("top_logprobs") or [entry])
        yield Token(_text(entry["token"]), _likeliest((one["token"], one.get("logprob")) for one in top))


def _of_text(told: Mapping[str, Any]) -> Iterator[Token]:
    """Yield tokens from `{"tokens": [..], "top_logprobs": [{TOKEN: LOGPROB}]}`."""
    for text, top in zip(told.get("tokens") or (), told.get("top_logprobs") or (), strict=True):
        yield Token(_text(text), _likeliest((top or {}).items()))


def _likeliest(top: Any) -> TopTokens:
    """Return tokens with their log-probability; those that a server tells to be impossible, by null or -9999, are left out.

    A number that is no log-probability stays: whoever reads the tokens has to see it.
    """
    known = [(_text(token), float(told)) for token, told in top if isinstance(told, int | float) or told in _NO_NUMBERS]
    return tuple((token, _rounded(told)) for token, told in known if not told <= _IMPOSSIBLE)


_IMPOSSIBLE = -9000.0

_NO_NUMBERS = ("NaN", "Infinity", "-Infinity")
"""Constants that JSON lacks and servers write; `envelope.parsed` reads them as their names."""


def _rounded(told: float) -> float:
    return min(told, 0.0) if told <= LOGPROB_ROUNDING else told


def _text(token: Any) -> str:
    if not isinstance(token, str):
        raise TypeError("a token is a text")
    return token
