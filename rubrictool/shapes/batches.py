"""The batch files of OpenAI (also Together's and vLLM's), Anthropic and Gemini: requests are prompts, results are responses.

Results come in any order, and the prompt stands in the file of the requests: the id joins them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rubrictool.shapes.chat_parts import plain
from rubrictool.shapes.fields import Fields
from rubrictool.shapes.shape import ColumnValues, Contents, Shape, has, keys_in
from rubrictool.shapes.taking import named, without_nulls
from rubrictool.text.chats import merged_text
from rubrictool.text.response_items import as_messages

_FAILED = Contents(notes=("requests that failed left out",))


def _read_request(row: Fields) -> Contents:
    custom_id, body = row.name("custom_id"), row.object("body")
    prompt = {"id": custom_id, "prompt": _asked(body)}
    return Contents(prompt, columns=row.rest() | {"body": body.rest()})


def _asked(body: Fields) -> Any:
    """Take what is asked: the messages, the input of a request to `responses` with its instructions, or a bare prompt."""
    if "messages" in body:
        return plain(body.items("messages"), "user")
    if "input" not in body:
        return body.text("prompt")
    given, instructions = as_messages(body.value("input")), body.text("instructions", None)
    return given if instructions is None else _below(instructions, given)


def _below(system: Any, asked: Any) -> list[Any]:
    messages = [{"role": "user", "content": asked}] if isinstance(asked, str) else list(asked)
    return [{"role": "system", "content": system}, *messages]


def _read_result(row: Fields) -> Contents:
    asked, failed = row.name("custom_id"), row.value("error", None)
    response = row.object("response", {})
    if failed is not None or response.value("status_code", 200) != 200 or "body" not in response:
        return _FAILED
    body = response.object("body")
    answers = [answer for answer in _answers(body) if answer]
    if not answers:
        return Contents(notes=("replies without text left out",))
    told = {"prompt_id": asked} | without_nulls({"model": body.text("model", None)})
    rest = row.rest()
    request = rest.pop("id", None)
    columns = rest | without_nulls({"batch_request": request, "usage": body.value("usage", None)})
    return Contents(responses=[told | {"response": answer} for answer in answers], columns=columns)


def _answers(body: Fields) -> list[Any]:
    """Return the answers of a reply: a message for each choice, the items of `responses`, or bare texts."""
    if "output" in body:
        return [plain([_text_alone(message) for message in as_messages(body.items("output"))], "assistant")]
    return [_choice(choice) for choice in body.objects("choices")]


def _choice(choice: Fields) -> Any:
    if "text" in choice:
        return choice.text("text")
    message = without_nulls(choice.object("message").rest())
    if not (message.get("content") or message.get("tool_calls")):
        return None
    return plain([_text_alone({"role": "assistant"} | message)], "assistant")


def _text_alone(message: ColumnValues) -> ColumnValues:
    """Return a message with its text alone where it has nothing else to say."""
    content = merged_text(message.get("content"))
    others = [name for name in ("tool_calls", "function_call", "tool_call_id") if message.get(name)]
    return message if others or not isinstance(content, str) else {"role": message["role"], "content": content}


def _read_anthropic_request(row: Fields) -> Contents:
    custom_id, params = row.name("custom_id"), row.object("params")
    system, messages = params.value("system", None), params.items("messages")
    asked = plain(messages, "user") if system is None else _below(merged_text(system), messages)
    return Contents({"id": custom_id, "prompt": asked}, columns=row.rest() | {"params": params.rest()})


def _read_anthropic_result(row: Fields) -> Contents:
    asked, result = row.name("custom_id"), row.object("result")
    if result.text("type") != "succeeded":
        return _FAILED
    message = result.object("message")
    parts = message.items("content")
    spoken = [part for part in parts if _kind(part) not in ("thinking", "redacted_thinking")]
    answer = plain([{"role": "assistant", "content": merged_text(spoken)}], "assistant")
    if not spoken or not answer:
        return Contents(notes=("replies without text left out",))
    response = {"prompt_id": asked, "response": answer, **without_nulls({"model": message.text("model", None)})}
    columns = row.rest() | without_nulls({"usage": message.value("usage", None)})
    notes = ("replies whose reasoning is left out",) if len(spoken) < len(parts) else ()
    return Contents(responses=[response], columns=columns, notes=notes)


def _kind(part: Any) -> Any:
    return part.get("type") if isinstance(part, Mapping) else None


def _read_gemini_request(row: Fields) -> Contents:
    asked, rest = _gemini_asked(row)
    return Contents(asked, columns=row.rest() | {"request": rest})


def _gemini_asked(row: Fields) -> tuple[ColumnValues, ColumnValues]:
    """Take the prompt of a request, and what else stands in it."""
    request = row.object("request")
    messages = [_gemini_message(request, content) for content in request.objects("contents")]
    system = request.value("system_instruction", request.value("systemInstruction", None))
    texts = _gemini_texts(system.get("parts") if isinstance(system, Mapping) else ())
    asked = _below(texts, messages) if texts else plain(messages, "user")
    return named(row, "id", "key") | {"prompt": asked}, request.rest()


def _gemini_message(request: Fields, content: Fields) -> ColumnValues:
    role, text = content.text("role", "user"), _gemini_texts(content.items("parts"))
    if not text:
        raise request.fault("contents", "has a part that is no text")
    return {"role": "assistant" if role == "model" else "user", "content": text}


def _gemini_texts(parts: Sequence[Any] | None) -> str:
    """Return the text of parts, without the model's thoughts."""
    said = [part for part in parts or () if isinstance(part, Mapping) and not part.get("thought")]
    return "".join(part["text"] for part in said if isinstance(part.get("text"), str))


def _read_gemini_result(row: Fields) -> Contents:
    """Read a result, which Vertex AI writes beside its request, with a `status` that tells what failed."""
    asked, rest = _gemini_asked(row) if "request" in row else (named(row, "id", "key"), {})
    if row.value("error", None) is not None or row.value("status", "") != "" or "response" not in row:
        return _FAILED
    response = row.object("response")
    answers = [_candidate(one) for one in response.objects("candidates", ())]
    if not any(answers):
        return Contents(notes=("replies without text left out",))
    model = without_nulls({"model": response.text("modelVersion", None)})
    columns = row.rest() | without_nulls({"usage": response.value("usageMetadata", None), "request": rest or None})
    found = [model | {"response": answer} for answer in answers if answer]
    if "prompt" in asked:
        return Contents(asked, responses=found, columns=columns)
    return Contents(responses=[{"prompt_id": asked["id"]} | one for one in found], columns=columns)


def _candidate(candidate: Fields) -> str:
    content = candidate.value("content", {})
    return _gemini_texts(content.get("parts")) if isinstance(content, Mapping) else ""


def _is_result(row: Mapping[str, Any]) -> bool:
    return "custom_id" in row and ("response" in row or "error" in row) and "body" not in row


REQUESTS = Shape("openai-batch", "OpenAI batch requests", has("custom_id", "body"), _read_request)

RESULTS = Shape("openai-batch-results", "OpenAI batch results", _is_result, _read_result)

ANTHROPIC_REQUESTS = Shape(
    "anthropic-batch", "Anthropic batch requests", has("custom_id", "params"), _read_anthropic_request
)

ANTHROPIC_RESULTS = Shape(
    "anthropic-batch-results", "Anthropic batch results", has("custom_id", "result"), _read_anthropic_result
)


def _is_gemini(row: Mapping[str, Any]) -> bool:
    """Return whether a row has the request or the key of one; Vertex AI has no keys."""
    return "prompt" not in row and ("key" in row or "contents" in keys_in(row, "request"))


def _is_gemini_result(row: Mapping[str, Any]) -> bool:
    return _is_gemini(row) and ("response" in row or "error" in row)


GEMINI_REQUESTS = Shape(
    "gemini-batch",
    "Gemini batch requests",
    lambda row: _is_gemini(row) and "request" in row and not _is_gemini_result(row),
    _read_gemini_request,
)

GEMINI_RESULTS = Shape("gemini-batch-results", "Gemini batch results", _is_gemini_result, _read_gemini_result)
