"""Find out with one small question whether a model obeys a JSON schema."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from rubrictool.errors import ModelFailure, Transient
from rubrictool.models.json_schema import WEIGHT, YES_OR_NO, array_of, object_of, string
from rubrictool.text.patterns import linear

PROBE = "Greet me in one short sentence."

PROBE_SCHEMA = object_of(ready=YES_OR_NO, reason=string(20), parts=array_of(WEIGHT, least=1, most=2))
"""Has every keyword that the others have, so that a model which refuses one is found out."""


_BEGINS_AS_ENFORCED = linear(r'\s*\{\s*"ready"\s*:\s*(?:"(?:yes|no)"\s*(?:,\s*"reason"\s*:(?s:.*))?)?')


def obeyed(reply: str) -> bool:
    """Return whether the reply to the probe obeys its schema; a greeting has this form only if the schema is enforced.

    The beginning is enough: under an enforced schema a small model may write white space up to the output limit.
    """
    if _BEGINS_AS_ENFORCED.fullmatch(reply):
        return True
    try:
        value = json.loads(reply, strict=False)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and list(value) == list(PROBE_SCHEMA["properties"])


class SchemaSupport:
    """Whether one model is sent schemas.

    `probe` asks it the small question and returns whether the schema was obeyed, or raises `ModelFailure`. `open` is
    False where no schema is to be sent whatever the model could.
    """

    def __init__(
        self,
        name: str,
        probe: Callable[[], Awaitable[bool]],
        *,
        open: bool,
        tell: Callable[[str], None],
    ) -> None:
        self._name, self._probe, self._open, self._tell = name, probe, open, tell
        self._probing: asyncio.Task[bool] | None = None
        self._probed_in_vain = 0

    async def taken(self) -> bool:
        """Whether the model obeys a schema; it is asked once.

        Raises `ModelUnusable` where no question to it has an answer.
        """
        if not self._open:
            return False
        if self._probing is None:
            self._probing = asyncio.ensure_future(self._found_out())
        return await asyncio.shield(self._probing)

    @property
    def obeys(self) -> bool:
        """Return whether the model is known to obey a schema, and has refused none since."""
        probing = self._probing
        return self._open and probing is not None and probing.done() and not probing.cancelled() and probing.result()

    def give_up(self, why: str) -> None:
        """Ask for the form in words from now on, and say so once."""
        if self._open:
            self._tell(f"{self._name}: no schemas from now on ({why}); asking for the form in words")
        self._open = False

    def close(self) -> None:
        """Wait for no probe any longer."""
        if self._probing:
            self._probing.cancel()

    async def _found_out(self) -> bool:
        try:
            return await self._probe()
        except ModelFailure as failure:
            return self._without_an_answer(failure)

    def _without_an_answer(self, failure: ModelFailure) -> bool:
        """What a probe says that brought no reply; without a budget there is no question that it could serve."""
        if failure.kind == "unavailable":
            self._put_off_probing(failure)
        return failure.kind == "budget"

    def _put_off_probing(self, failure: ModelFailure) -> None:
        """Let a later question probe again, once: some servers break down over a schema alone.

        A server that was merely busy or out of reach has refused nothing, so nothing is said of it.
        """
        self._probing = None
        self._probed_in_vain += 1
        if self._probed_in_vain < 2:
            return
        if isinstance(failure.__cause__, Transient) and failure.__cause__.suspects:
            self.give_up(failure.message)
        self._open = False
