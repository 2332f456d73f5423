"""Rows that models are tuned on: instructions with an answer (Alpaca), messages, and ShareGPT's conversations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rubrictool.shapes.chat_parts import as_chat, asked_and_answered, role_of
from rubrictool.shapes.fields import Fields
from rubrictool.shapes.shape import ColumnValues, Contents, Shape, has
from rubrictool.shapes.taking import named, own_ids, prompt_columns, without_nulls
from rubrictool.shapes.writing import Given

_OUR_ROLES = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "assistant": "assistant",
    "model": "assistant",
    "system": "system",
    "function_call": "assistant",
    "observation": "tool",
    "tool": "tool",
}

_THEIR_ROLES = {"user": "human", "assistant": "gpt", "system": "system", "tool": "observation"}


def instruction_of(row: Fields) -> Any:
    """Take a prompt: the instruction with its input below, after the turns of a history."""
    parts = [row.text("instruction"), row.text("input", None)]
    asked = "\n\n".join(part for part in parts if part)
    system, history = row.text("system", None), row.items("history", ())
    if not (system or history):
        return asked
    turns = [turn for pair in history for turn in _turns(row, pair)]
    opening = [{"role": "system", "content": system}] if system else []
    return [*opening, *turns, {"role": "user", "content": asked}]


def _turns(row: Fields, pair: Any) -> list[ColumnValues]:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise row.fault("history", "must be a list of pairs of a question and an answer")
    return [{"role": role, "content": text} for role, text in zip(("user", "assistant"), pair, strict=True)]


def instruction_columns(given: Given, prompt: Any) -> ColumnValues:
    """Return a prompt as an instruction; turns before it are its history, as far as they are questions and answers."""
    if isinstance(prompt, str):
        return {"instruction": prompt, "input": ""}
    system, turns, last = _split(prompt)
    if last is None:
        return {"instruction": given.text(prompt), "input": ""}
    history = [[one["content"], other["content"]] for one, other in zip(turns[::2], turns[1::2], strict=True)]
    return {"instruction": last, "input": "", **without_nulls({"system": system, "history": history or None})}


def _split(messages: Sequence[Any]) -> tuple[str | None, Sequence[Any], str | None]:
    """Return the system's text, the turns before the last question, and that; None where they are anything else."""
    texts = [message.get("content") for message in messages]
    opening = int(role_of(messages[0]) == "system")
    roles = [role_of(message) for message in messages[opening:]]
    regular = len(roles) % 2 == 1 and roles == (["user", "assistant"] * len(roles))[: len(roles)]
    if not regular or not all(isinstance(text, str) for text in texts):
        return None, (), None
    return texts[0] if opening else None, messages[opening:-1], texts[-1]


def _read_alpaca(row: Fields) -> Contents:
    prompt = named(row, "id", "prompt_id") | {"prompt": instruction_of(row)}
    response = named(row, "id", "id") | without_nulls({"model": row.text("model", None)})
    return Contents(prompt, None, [response | {"response": row.text("output")}], columns=row.rest())


def _write_alpaca(given: Given) -> list[ColumnValues]:
    prompt, rest = given.prompt.value("prompt"), prompt_columns(given)
    return [
        {
            **instruction_columns(given, prompt),
            "output": given.text(one.value("response")),
            **rest,
            **own_ids(one),
            **given.travelling(one),
        }
        for one in given.responses
    ]


def _is_answered(row: Mapping[str, Any], name: str) -> bool:
    """Return whether a column is a list of messages that ends with an answer."""
    messages = row.get(name)
    if not isinstance(messages, list | tuple) or not messages or not isinstance(messages[-1], Mapping):
        return False
    return messages[-1].get("role", messages[-1].get("from")) in ("assistant", "gpt", "chatgpt", "model")


def is_unanswered(row: Mapping[str, Any]) -> bool:
    """Return whether a row is a conversation without an answer, which others like it may have."""
    asked = any(isinstance(row.get(name), list | tuple) for name in ("messages", "conversations"))
    return asked and not any(map(row.__contains__, _OF_OTHERS))


_OF_OTHERS = (
    *("prompt", "response", "responses", "chosen", "uid", "ground_truth", "rubrics", "rubric", "criteria"),
    *("winner", "preference"),
)
"""Columns of rows in which messages are something else."""


def _read_messages(row: Fields) -> Contents:
    prompt, answer = asked_and_answered(row.items("messages"))
    return _exchange(row, prompt, answer)


def _exchange(row: Fields, prompt: Any, answer: Any) -> Contents:
    if not prompt:
        raise row.fault("messages", "begins with an answer, and nothing is asked")
    asked = named(row, "id", "prompt_id") | {"prompt": prompt}
    if not answer:
        return Contents(asked, columns=row.rest(), notes=(_UNANSWERED,))
    response = named(row, "id", "id") | without_nulls({"model": row.text("model", None)})
    return Contents(asked, None, [response | {"response": answer}], columns=row.rest())


_UNANSWERED = "conversations without an answer"


def _write_messages(given: Given) -> list[ColumnValues]:
    prompt, rest = as_chat(given.prompt.value("prompt"), "user"), prompt_columns(given)
    return [
        {
            "messages": [*prompt, *as_chat(one.value("response"), "assistant")],
            **rest,
            **own_ids(one),
            **given.travelling(one),
        }
        for one in given.responses
    ]


def _read_sharegpt(row: Fields) -> Contents:
    turns = [_message(turn) for turn in row.objects("conversations")]
    system = row.text("system", None)
    opening = [{"role": "system", "content": system}] if system else []
    prompt, answer = asked_and_answered([*opening, *turns])
    return _exchange(row, prompt, answer)


def _message(turn: Fields) -> ColumnValues:
    return {"role": _OUR_ROLES[turn.choice("from", _OUR_ROLES)], "content": turn.text("value"), **turn.rest()}


def _write_sharegpt(given: Given) -> list[ColumnValues]:
    prompt, rest = as_chat(given.prompt.value("prompt"), "user"), prompt_columns(given)
    return [
        {
            "conversations": [
                {"from": _THEIR_ROLES.get(message["role"], "system"), "value": given.text([message])}
                for message in [*prompt, *as_chat(one.value("response"), "assistant")]
            ],
            **rest,
            **own_ids(one),
            **given.travelling(one),
        }
        for one in given.responses
    ]


ALPACA = Shape(
    "alpaca",
    "Alpaca instructions",
    has("instruction", "input", "output", lacks=["generator"]),
    _read_alpaca,
    write=_write_alpaca,
    per="response",
)

MESSAGES = Shape(
    "messages",
    "messages with an answer",
    lambda row: _is_answered(row, "messages") and not any(map(row.__contains__, _OF_OTHERS)),
    _read_messages,
    write=_write_messages,
    per="response",
)

SHAREGPT = Shape(
    "sharegpt",
    "ShareGPT conversations",
    lambda row: _is_answered(row, "conversations") and not any(map(row.__contains__, _OF_OTHERS)),
    _read_sharegpt,
    write=_write_sharegpt,
    per="response",
)
