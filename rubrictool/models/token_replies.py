"""Keep a reply together with the likeliest tokens at the one place of it that decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from rubrictool.models.backend import Completion, TopTokens
from rubrictool.text.encoding import compact

DecidingToken = Callable[[Completion], int | None]
"""Return the index of the token that decides, None where there is none. Raises `Unreadable` for a reply that cannot be used."""

_DIGITS = 6

_LEAST, _MOST = -9999.0, 1.0
"""Range of the numbers that are kept: JSON has no infinities. A number above 0 by more than rounding is no log-probability."""


class TokenReply(NamedTuple):
    """A reply and the likeliest tokens at the place that decides; None where no token decides, or none were told.

    As a text, in caches and recordings, it is `{"reply": TEXT, "top": [[TOKEN, LOGPROB], ...]}`. Other tokens are not kept: they
    would be many times as long as the reply.
    """

    text: str
    top: TopTokens | None = None
    told: bool = True

    @classmethod
    def of(cls, completion: Completion, deciding: DecidingToken) -> TokenReply:
        """Return what is kept of a completion."""
        place = deciding(completion)
        top = None if place is None else completion.tokens[place].top
        return cls(completion.text, top, told=bool(completion.tokens))

    @classmethod
    def parse(cls, stored: str) -> TokenReply:
        """Return what a text holds; any other text is a reply without tokens."""
        try:
            held = json.loads(stored)
            top = held["top"]
            kept = None if top is None else tuple((str(token), float(logprob)) for token, logprob in top)
            return cls(held["reply"], kept, told=held.get("told", True))
        except (ValueError, TypeError, KeyError, RecursionError):
            return cls(stored, told=False)

    def stored(self) -> str:
        """Return the text that `parse` reads."""
        top = None if self.top is None else [[token, _kept(logprob)] for token, logprob in self.top]
        return compact({"reply": self.text, "top": top, **({} if self.told else {"told": False})})


def _kept(logprob: float) -> float:
    """Return a log-probability as it is kept; NaN, which JSON lacks, too, as a number that is none either."""
    return round(max(logprob, _LEAST), _DIGITS) if logprob < _MOST else _MOST
