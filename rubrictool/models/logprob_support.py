"""Find out whether a model tells the log-probabilities of tokens, with one small question."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from rubrictool.errors import ModelFailure, ModelUnusable
from rubrictool.models.backend import Completion
from rubrictool.models.token_replies import TokenReply

PROBE = "Answer with one word: yes or no. Is one less than two?"

COUNTS = (20, 5)
"""Numbers of likeliest tokens that are asked for, one after the other: the most that OpenAI and vLLM give, then others' most."""


def first_token(completion: Completion) -> int | None:
    """Return the place of the first token that has others beside it."""
    return next((place for place, token in enumerate(completion.tokens) if len(token.top) > 1), None)


def told(reply: str) -> bool:
    """Return whether the reply to the probe came with log-probabilities of several tokens at one place."""
    return TokenReply.parse(reply).top is not None


class LogprobSupport:
    """The number of likeliest tokens that one model tells at each place: found out once, before it is asked for any.

    `probe` asks it the small question for so many and returns whether they were told, or raises `ModelFailure`.
    """

    def __init__(self, name: str, probe: Callable[[int], Awaitable[bool]]) -> None:
        self._name, self._probe = name, probe
        self._probing: asyncio.Task[int] | None = None

    async def count(self) -> int:
        """Return the number to ask for. Raises `ModelUnusable` where none are told."""
        if self._probing is None:
            self._probing = asyncio.ensure_future(self._found())
        return await asyncio.shield(self._probing)

    def close(self) -> None:
        """Cancel a probe that is under way."""
        if self._probing:
            self._probing.cancel()

    async def _found(self) -> int:
        why = "a reply came without them"
        for count in COUNTS:
            try:
                if await self._probe(count):
                    return count
            except ModelFailure as failure:
                if failure.kind == "budget":
                    return count  # no question is asked any more; a dry run counts them as they would be
                if failure.kind == "unavailable":
                    self._probing = None  # a later question probes again
                    return count
                why = failure.message.removeprefix(f"{self._name}: ")
        raise ModelUnusable(
            "refused",
            f"{self._name}: does not tell the log-probabilities of tokens, which were asked for ({why}); ask a model that tells "
            "them, such as one that vLLM serves, or ask without them",
        )
