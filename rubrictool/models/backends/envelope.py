"""Read a completion from a server's 200: which part is the reply, whether it is whole, what was billed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from rubrictool.errors import Final, NoAnswer, Transient
from rubrictool.models.backend import Completion, Usage
from rubrictool.models.backends.bodies import page_title
from rubrictool.models.backends.finish_reasons import FIELDS, Ending, ending
from rubrictool.models.backends.logprobs import tokens_of
from rubrictool.text.encoding import compact
from rubrictool.text.patterns import linear
from rubrictool.text.wording import one_line

_THOUGHTS = ("reasoning_content", "reasoning")

_LIKE_THOUGHTS = linear(r"(?i)reason|think|thought")

_PROMPT, _OUTPUT = ("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens")

_STATUS = linear(r"^[45][0-9]{2}$")

_CACHED = ("cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens", "num_cached_tokens")


def parsed(text: str) -> dict[str, Any]:
    """Return the JSON object of a body. Raises `Transient` where it is none."""
    try:
        value = _loaded(text)
    except (ValueError, RecursionError):
        raise _no_completion("not JSON", text) from None
    if not isinstance(value, dict):
        raise _no_completion("no chat completion", text)
    return value


def _loaded(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # Half of a surrogate pair, a line break within a text, NaN among log-probabilities: json reads them, NaN as its name.
        whole: str = json.dumps(json.loads(text, strict=False, parse_constant=str), ensure_ascii=False)
        return orjson.loads(whole.encode(errors="replace"))


def error_status(envelope: Mapping[str, Any]) -> int | None:
    """Return the status of an error that a gateway reports inside a 200, None where there is no such report.

    An error without a status of its own counts as 500: it is unknown whether it passes.
    """
    error = envelope.get("error") or (envelope if envelope.get("object") == "error" else None)
    if not error:
        return None
    codes = [str(held.get(name)) for held in (error, envelope) if isinstance(held, dict) for name in ("code", "status")]
    return next((int(code) for code in codes if _STATUS.search(code)), 500)


def completion(envelope: Mapping[str, Any], *, expects_json: bool = False, with_tokens: bool = False) -> Completion:
    """Return the completion of a chat completions envelope.

    `expects_json` says that the question asks for JSON: then a tool call's arguments, and content that is a JSON object
    itself, are the answer. `with_tokens` says that log-probabilities of tokens were asked for. Raises `Transient` where the
    reply broke off or is no chat completion, `NoAnswer` where its form holds no answer, `Final` where the model refused.
    """
    choice = _first(envelope.get("choices"))
    message = _message(choice)
    if message is None:
        raise _no_completion("no chat completion", compact(dict(envelope)))
    usage, content = usage_of(envelope.get("usage")), _Content(message)
    reason, end = _ending(choice)
    if end == "refused" or content.refusal:
        said = one_line(content.refusal, width=200) or f"finish reason {_quoted(reason)}"
        raise Final(f"the model refused: {said}", billable=True, usage=usage)
    if end == "broken":
        told = choice.get("error")
        why = f": {one_line(compact(told), width=200)}" if told else ""
        raise Transient(f"the reply is not whole: finish reason {_quoted(reason)}{why}", billable=True, usage=usage)
    truncated = end == "truncated"
    text = content.text
    if not truncated and not text.strip():
        text = _answer_elsewhere(content, usage, expects_json=expects_json)
    tokens = tokens_of(choice.get("logprobs")) if with_tokens else ()
    return Completion(text, truncated=truncated, usage=usage, model=_model(envelope.get("model")), tokens=tokens)


def _ending(choice: Mapping[str, Any]) -> tuple[Any, Ending]:
    """Return the finish reason of a choice, and how the reply ended by it.

    Servers have other names for the field, and gateways (OpenRouter) keep the model's own reason beside theirs: a reply is
    whole only if no reason says otherwise, and if the choice holds no error.
    """
    reason = next((choice[name] for name in FIELDS if choice.get(name) is not None), None)
    if choice.get("error"):
        return "error", "broken"
    native = choice.get("native_finish_reason")
    if ending(reason) == "whole" and ending(native) in ("truncated", "refused"):
        return native, ending(native)
    return reason, ending(reason)


def flattened(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the envelope with each message's content as a text, for readers that know no other."""
    choices = envelope.get("choices")
    flat = [_flat_choice(choice) for choice in choices] if isinstance(choices, list) else choices
    return {**envelope, "choices": flat} if "choices" in envelope else dict(envelope)


def _flat_choice(choice: Any) -> Any:
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict) or not isinstance(message.get("content"), list | dict):
        return choice
    content = _Content(message)
    flat = message | {"content": content.text or (compact(content.object) if content.object is not None else None)}
    if content.refusal:
        flat["refusal"] = content.refusal
    if content.thoughts_name not in ("", *_THOUGHTS):
        flat["reasoning_content"] = compact(message["content"])
    return choice | {"message": flat}


class _Content:
    """The content of a message by kind: its text, its reasoning, its refusal, its calls, anything else."""

    def __init__(self, message: Mapping[str, Any]) -> None:
        self.text = ""
        self.refusal = message["refusal"] if isinstance(message.get("refusal"), str) else ""
        names = (*_THOUGHTS, *filter(_is_like_thoughts, message))
        self.thoughts_name = next((name for name in names if not _is_blank(message.get(name))), "")
        calls = [*_dicts([message.get("function_call")]), *_dicts(message.get("tool_calls"))]
        self.calls = [_function(call) for call in calls]
        self.others: list[str] = []
        self.object: Any = None
        self._read(message.get("content"))

    def _read(self, content: Any) -> None:
        parts = content if isinstance(content, list) else [content]
        if parts and len(_dicts(parts)) == len(parts) and not any({"type", "text"} & part.keys() for part in parts):
            self.object = content
            return
        for part in parts:
            if isinstance(part, str):
                self.text += part
            elif isinstance(part, dict):
                self._read_part(part)
            elif part is not None:
                self.others.append(type(part).__name__)

    def _read_part(self, part: Mapping[str, Any]) -> None:
        """Read one part of the content; the kinds are OpenAI's, Mistral's, Anthropic's and Gemini's."""
        kind = str(part.get("type", "text")).lower()
        if "think" in kind or "reason" in kind or part.get("thought"):
            self.thoughts_name = self.thoughts_name or f"content parts of type {kind}"
        elif kind == "refusal":
            self.refusal += _part_text(part, "refusal") or _part_text(part, "text") or "a part of type refusal"
        elif kind in ("tool_use", "tool_call", "function_call"):
            self.calls.append(_function(part))
        elif kind.endswith("text"):
            self.text += _part_text(part, "text") or _part_text(part, "content")
        else:
            self.others.append(kind)


@lru_cache(maxsize=256)
def _is_like_thoughts(name: str) -> bool:
    """Return whether a field may hold reasoning; the same few fields come in every reply."""
    return _LIKE_THOUGHTS.search(name) is not None


def _part_text(part: Mapping[str, Any], name: str) -> str:
    found = part.get(name)
    if isinstance(found, dict):
        found = found.get("value")
    return found if isinstance(found, str) else ""


def _function(call: Mapping[str, Any]) -> Mapping[str, Any]:
    function = call.get("function")
    return function if isinstance(function, dict) else call


def _answer_elsewhere(content: _Content, usage: Usage | None, *, expects_json: bool) -> str:
    """Return the answer of a message without text: its only call's arguments, or its object.

    A message with nothing in it is an empty reply. Raises `NoAnswer` for everything else: the next reply to the same
    question would come in the same form.
    """
    found = [content.object] if content.object is not None else [_arguments(call) for call in content.calls]
    if expects_json and len(found) == 1 and isinstance(found[0], dict | list):
        return compact(found[0])
    if content.calls:
        names = ", ".join(str(call.get("name") or "unnamed") for call in content.calls)
        raise NoAnswer(
            f"the content is empty and the reply is a tool call ({one_line(names, width=100)}), where a text was asked for",
            billable=True,
            usage=usage,
        )
    if content.thoughts_name:
        raise NoAnswer(
            f"the content is empty and the text came as {content.thoughts_name}: the server has a reasoning parser on "
            "while the model does not think, or the model gave no answer after thinking; turn the parser off, or the "
            "thinking on",
            billable=True,
            usage=usage,
        )
    if content.others or content.object is not None:
        kinds = ", ".join(content.others) or "object"
        raise NoAnswer(f"the content holds no text, only: {one_line(kinds, width=100)}", billable=True, usage=usage)
    return ""


def _arguments(call: Mapping[str, Any]) -> Any:
    """Return the arguments of a call as JSON, None where they are none."""
    given = next((call[name] for name in ("arguments", "input", "parameters") if call.get(name)), None)
    if not isinstance(given, str):
        return given
    try:
        return orjson.loads(given)
    except orjson.JSONDecodeError:
        return None


def usage_of(told: Any) -> Usage | None:
    """Return the tokens of an envelope's `usage`, None where the server did not count them.

    Some servers leave the reasoning out of `completion_tokens` and bill it all the same: then the total, or the
    reasoning itself where it is more than the completion that should contain it, tells what was billed.
    """
    if not isinstance(told, Mapping):
        return None
    prompt, output, total = _count(told, _PROMPT), _count(told, _OUTPUT), _count(told, ("total_tokens",))
    if prompt is None and output is not None and total is not None:
        prompt = max(total - output, 0)
    if output is None and prompt is not None and total is not None:
        output = max(total - prompt, 0)
    # Some servers fill in zeros where they do not count.
    if prompt is None or output is None or not (prompt or output):
        return None
    reasoning = _detail(told, "output", ("reasoning_tokens",))
    beside = output + reasoning if reasoning > output else output
    return Usage(prompt, max(beside, (total or 0) - prompt), _detail(told, "input", _CACHED))


def _count(told: Mapping[str, Any], names: Sequence[str]) -> int | None:
    given = [told[name] for name in names if type(told.get(name)) in (int, float)]
    return max((int(count) for count in given if 0 <= count < 2**53), default=None)


def _detail(told: Mapping[str, Any], side: str, names: Sequence[str]) -> int:
    """Return a count that stands in the usage or in one of its details, 0 where it does not."""
    sides = ("prompt", "input") if side == "input" else ("completion", "output")
    details = [told, *(told.get(f"{name}_tokens_details") for name in sides)]
    return max((_count(place, names) or 0 for place in details if isinstance(place, Mapping)), default=0)


def _no_completion(what: str, text: str) -> Transient:
    page = page_title(text)
    if page is not None:
        return Transient(f"a 200 with {page_named(page)}", billable=True)
    return Transient(f"a 200 that is {what}: {one_line(text[:2000], width=200) or 'an empty body'}", billable=True)


def page_named(title: str) -> str:
    """Return what an HTML page in place of an API's reply is, for a message."""
    called = f': title "{title}"' if title else ""
    return f"an HTML page, no API{called}; check the address, and whether a proxy or a bot wall stands before it"


def _first(choices: Any) -> dict[str, Any]:
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _message(choice: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the message of a choice; text completions and lone chunks have it under another name."""
    for name in ("message", "delta"):
        if isinstance(found := choice.get(name), dict):
            return found
    return {"content": choice["text"]} if isinstance(choice.get("text"), str) else None


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _is_blank(value: Any) -> bool:
    return not value or (isinstance(value, str) and not value.strip())


def _model(told: Any) -> str:
    return told if isinstance(told, str) else ""


def _quoted(reason: Any) -> str:
    return one_line(str(reason), width=80)
