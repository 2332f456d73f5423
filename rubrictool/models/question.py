"""A question to a model: messages, what they are about, which beginnings they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Ask = Mapping[str, Any]
"""One message as it is sent: `{"role": .., "content": ..}`, and what else a chat gives it."""


class Question(NamedTuple):
    """What is said to a model.

    `about` names what the question is about (a prompt's id): such questions are best answered by one server. `shared`
    are names of the beginnings that this question has in common with others, the shortest first.
    """

    messages: Sequence[Ask]
    about: str = ""
    shared: Sequence[str] = ()
