"""Items of OpenAI's Responses API as messages of a chat.

The output of that API is a list in which calls of tools, their results and reasoning stand beside the messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

REASONING = "reasoning"
"""The type of an item, and of the message made of it, that holds nothing but reasoning."""


def as_messages(items: Any) -> Any:
    """Return a list with each such item as the message that it stands for; messages, and what is no list, as they are.

    Columns without a place in a message stay beside it.
    """
    return [_as_message(item) for item in items] if isinstance(items, list | tuple) else items


def _as_message(item: Any) -> Any:
    kind = item.get("type") if isinstance(item, Mapping) and "role" not in item else None
    found = _MESSAGES.get(kind) if isinstance(kind, str) else None
    return found(item) if found else item


def _without(item: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in names}


def _call(item: Mapping[str, Any]) -> dict[str, Any]:
    arguments = "input" if "input" in item else "arguments"
    function = {"name": item.get("name"), "arguments": item.get(arguments)}
    call = {"id": item.get("call_id"), "type": "function", "function": function}
    rest = _without(item, "type", "call_id", "name", arguments)
    return {"role": "assistant", "content": None, "tool_calls": [call], **rest}


def _result(item: Mapping[str, Any]) -> dict[str, Any]:
    rest = _without(item, "type", "call_id", "output")
    return {"role": "tool", "tool_call_id": item.get("call_id"), "content": item.get("output"), **rest}


def _reasoning(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": "", **_without(item, "content", "role")}


_MESSAGES: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "function_call": _call,
    "custom_tool_call": _call,
    "function_call_output": _result,
    "custom_tool_call_output": _result,
    REASONING: _reasoning,
}
