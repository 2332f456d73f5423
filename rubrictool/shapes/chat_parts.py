"""Take apart what is asked and what is answered, where a format holds both in one list of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def as_chat(value: Any, role: str) -> list[Any]:
    """Return a prompt or a response as messages; a text is what the role says."""
    return [{"role": role, "content": value}] if isinstance(value, str) else list(value)


def plain(messages: Sequence[Any], role: str) -> Any:
    """Return the text of a single message that is nothing but text, else the messages."""
    if len(messages) != 1 or not isinstance(messages[0], Mapping):
        return list(messages)
    only = messages[0]
    is_text = {name for name, value in only.items() if value is not None} == {"role", "content"}
    return only["content"] if is_text and only["role"] == role and isinstance(only["content"], str) else list(messages)


def asked_and_answered(messages: Sequence[Any]) -> tuple[Any, Any]:
    """Return what is asked, up to the last message of the user, and what is answered to it, [] where nothing is."""
    end = asked_until(messages)
    return plain(messages[:end], "user"), plain(messages[end:], "assistant")


def asked_until(messages: Sequence[Any]) -> int:
    """Return how many messages ask: those up to the last one of the user, or before the first answer."""
    roles = [role_of(message) for message in messages]
    return len(roles) - roles[::-1].index("user") if "user" in roles else _opening(roles)


def role_of(message: Any) -> Any:
    """Return who says a message, None for what is no message."""
    return message.get("role") if isinstance(message, Mapping) else None


def _opening(roles: Sequence[Any]) -> int:
    return roles.index("assistant") if "assistant" in roles else len(roles)


def same_start(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Return how many items or characters two sequences begin with alike."""
    shorter = min(len(one), len(other))
    return next((place for place in range(shorter) if one[place] != other[place]), shorter)
