"""A chat keeps what it means: calls of tools, their results and parts of text are read, sent, and told in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from chat import chat_server
from shell import Shell

from rubrictool.errors import InputError
from rubrictool.questions import sample
from rubrictool.rows.checks import Check
from rubrictool.rows.ids import prompt_key
from rubrictool.rows.jsonl import encode, read
from rubrictool.rows.records import Prompt, Response, Scored
from rubrictool.rubric.checks import holds
from rubrictool.rubric.empty_response import is_empty
from rubrictool.select.preference_pairs import Match, pair
from rubrictool.text.chats import answer, chat_text, visible_text
from rubrictool.text.encoding import canonical, digest


def calling(name: str, arguments: object, call_id: str = "call_1") -> dict[str, Any]:
    call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def result(content: object, call_id: str = "call_1") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


THOUGHTFUL = {"role": "assistant", "content": "<think>so</think>Right."}
ASKED = {"role": "user", "content": "Is the ferry late?"}
LOG = [ASKED, calling("timetable", '{"line": 4}'), result("12 minutes"), {"role": "assistant", "content": "Yes."}]
IN_WORDS = (
    "user:\nIs the ferry late?\n\n"
    'assistant calls the tool timetable with {"line": 4}\n\n'
    "the tool timetable returns:\n12 minutes\n\n"
    "assistant:\nYes."
)

SAME_LOG = {
    "an object of arguments": [ASKED, calling("timetable", {"line": 4}), *LOG[2:]],
    "a flat call": [
        ASKED,
        {"role": "assistant", "tool_calls": [{"name": "timetable", "arguments": {"line": 4}}]},
        *LOG[2:],
    ],
    "a function call": [
        ASKED,
        {"role": "assistant", "content": "", "function_call": {"name": "timetable", "arguments": '{"line": 4}'}},
        {"role": "function", "name": "timetable", "content": "12 minutes"},
        LOG[3],
    ],
    "parts": [
        {"role": "user", "content": [{"type": "input_text", "text": "Is the ferry late?"}]},
        *LOG[1:3],
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "12 > 0"}, {"type": "output_text", "text": "Yes."}],
        },
    ],
    "parts that call": [
        ASKED,
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "timetable", "input": {"line": 4}}]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "12 minutes"}]}
            ],
        },
        LOG[3],
    ],
}


def prompt(*messages: dict[str, Any]) -> Prompt:
    return Prompt.model_validate({"prompt": list(messages)})


def response(given: object) -> Response:
    return Response.model_validate({"prompt_id": "p", "response": given})


def test_a_chat_is_told_with_its_calls_and_results() -> None:
    assert chat_text(LOG) == IN_WORDS


@pytest.mark.parametrize("log", SAME_LOG.values(), ids=SAME_LOG)
def test_every_shape_of_a_call_is_told_alike(log: list[dict[str, Any]]) -> None:
    text = chat_text(prompt(*log).prompt)  # type: ignore[arg-type]
    expected = IN_WORDS.replace('{"line": 4}', '{"line":4}') if '"line": 4' not in text else IN_WORDS
    assert text.replace("the tool called returns", "the tool timetable returns") == expected


def test_calls_of_one_tool_are_told_apart_by_their_ids() -> None:
    log = [ASKED, calling("port", "{}", "a"), calling("port", "{}", "b"), result("Kiel", "b"), result("Oslo", "a")]
    assert "the tool port (call b) returns:\nKiel" in chat_text(log)
    assert "assistant calls the tool port (call a) with {}" in chat_text(log)


def test_messages_go_to_a_model_as_they_are_without_columns_of_our_own() -> None:
    messages = [*LOG[:3], {"role": "developer", "content": "Be brief."}, {**ASKED, "name": "Ann", "stars": 5}]
    assert list(sample.question(prompt(*messages)).messages) == [*messages[:4], {**ASKED, "name": "Ann"}]


@pytest.mark.parametrize("log", SAME_LOG.values(), ids=SAME_LOG)
def test_sample_sends_every_shape_to_a_server_that_counts_tokens(shell: Shell, log: list[dict[str, Any]]) -> None:
    prompts = shell.write("prompts.jsonl", [{"prompt": [*log, ASKED]}])
    with chat_server() as server:
        server.usage = {"prompt_tokens": 30, "completion_tokens": 5}
        ran = shell("sample", prompts, "--model", server.spec, "-n", "1", "--no-cache")
    assert ran.code == 0, ran.err
    assert server.requests[-1]["messages"] == [*log, ASKED]


def test_a_prompt_keeps_its_form_and_the_id_of_its_form() -> None:
    row = prompt(*LOG)
    assert json.loads(encode(row))["prompt"] == LOG
    assert row.id == prompt_key(LOG) == digest(canonical(LOG))


def test_a_conversation_is_a_response_and_keeps_its_form_and_id() -> None:
    row = response(LOG[1:])
    assert json.loads(encode(row))["response"] == LOG[1:]
    assert row.id == digest(canonical(["p", None, LOG[1:]]))
    assert Response.model_validate(row.columns()) == row


def test_candidates_of_a_prompt_may_be_conversations() -> None:
    row = Prompt.model_validate(
        {"id": "p", "prompt": "Is it late?", "responses": ["No.", LOG[1:], {"response": LOG[1:]}]}
    )
    assert [r.id for r in row.responses[1:]] == [response(LOG[1:]).id, f"{response(LOG[1:]).id}-2"]


def test_a_conversation_of_one_answer_is_that_answer() -> None:
    assert visible_text([{"role": "assistant", "content": "<think>12</think>Yes."}]) == visible_text("Yes.") == "Yes."


def test_reasoning_is_cut_from_each_turn_and_never_from_what_a_tool_says() -> None:
    log = [
        calling("read", "{}"),
        result("<think> is closed by </think>"),
        THOUGHTFUL,
    ]
    assert visible_text(log).endswith("the tool read returns:\n<think> is closed by </think>\n\nassistant:\nRight.")


def test_the_answer_of_a_conversation_is_what_the_assistant_writes_and_calls() -> None:
    assert answer(LOG[1:]) == ("Yes.", 'calls the tool timetable with {"line": 4}\n\nYes.')


@pytest.mark.parametrize(
    ("check", "met"),
    [
        ({"contains": ["timetable"], "trace": True}, True),
        ({"matches": r"line.*4", "trace": True}, True),
        ({"excludes": ["12 minutes"]}, True),
        ({"words": {"max": 1}}, True),
        ({"contains": ["ferry"]}, False),
    ],
)
def test_checks_look_at_what_the_assistant_does(check: dict[str, Any], met: bool) -> None:
    assert holds(Check.model_validate(check), LOG) is met


def test_a_conversation_is_empty_where_nothing_is_written_and_no_tool_called() -> None:
    assert is_empty([{"role": "assistant", "content": "<think>hm</think>"}, result("12 minutes")])
    assert not is_empty([calling("timetable", "{}")])


BAD = [
    (
        {"role": "user", "content": [{"type": "image_url", "image_url": {}}]},
        "content: part 1 is no text but 'image_url'",
    ),
    (
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "input_audio"}]},
        "content: part 2 is no text",
    ),
    ({"role": "user", "content": ["hello"]}, "content: part 1 must be an object"),
    ({"role": "user", "content": [{"type": "text", "text": 5}]}, "content: part 1: text must be text"),
    ({"role": "user", "content": [{"type": ["text"], "text": "a"}]}, "content: part 1: type must be text"),
    ({"role": "user", "content": 5}, "content: must be text, null or a list of parts"),
    ({"role": "user", "content": None}, "content: is null; give the message's text"),
    ({"role": "assistant", "content": None, "tool_calls": []}, "content: is null; give the message's text"),
    ({"role": "assistant", "tool_calls": {"name": "x"}}, "tool_calls: must be a list of calls"),
    ({"role": "assistant", "tool_calls": ["x"]}, "tool_calls: call 1 must be an object"),
    (
        {"role": "assistant", "tool_calls": [{"id": "a", "type": "function"}]},
        "tool_calls: call 1: the name of the tool",
    ),
    (
        {"role": "assistant", "tool_calls": [{"function": {"name": "x", "arguments": 5}}]},
        "tool_calls: call 1: arguments must",
    ),
    ({"role": "assistant", "function_call": {"arguments": "{}"}}, "function_call: the call: the name of the tool"),
    ({"role": "tool", "tool_call_id": 5, "content": "x"}, "tool_call_id: must be text"),
    ({"role": " ", "content": "x"}, "role: is empty"),
]


@pytest.mark.parametrize(("message", "reason"), BAD)
def test_what_cannot_be_read_is_named_with_file_line_and_field(
    tmp_path: Path, message: dict[str, Any], reason: str
) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text(json.dumps({"prompt": [ASKED, message]}) + "\n")
    with pytest.raises(InputError, match=r"prompts\.jsonl:1: prompt\.1\.") as caught:
        read(path, Prompt)
    assert f"prompt.1.{reason}" in str(caught.value)


@pytest.mark.parametrize(
    "message",
    [
        {"role": "tool", "content": "no id"},
        {"role": "tool", "tool_call_id": "unknown", "content": None},
        {"role": "assistant", "content": None, "refusal": "I cannot."},
        {"role": "critic", "content": "x"},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": ["t"], "content": "12 minutes"}]},
    ],
)
def test_what_chat_logs_lack_now_and_then_is_read(message: dict[str, Any]) -> None:
    assert chat_text(prompt(ASKED, message).prompt)  # type: ignore[arg-type]


def test_a_response_without_a_message_of_the_assistant_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "responses.jsonl"
    path.write_text(json.dumps({"prompt_id": "p", "response": [ASKED]}) + "\n")
    with pytest.raises(InputError, match=r"responses\.jsonl:1: response: has no message of the role assistant"):
        read(path, Response)


def test_conversations_make_preference_pairs_of_one_kind() -> None:
    rows = [Scored.model_validate({"prompt_id": "p", "score": s, "response": r}) for s, r in ((1, LOG[1:]), (0, "No."))]
    columns = pair(Match(*rows), "Is it late?").columns()
    assert columns["prompt"] == ({"role": "user", "content": "Is it late?"},)
    assert (list(columns["chosen"]), columns["rejected"]) == (LOG[1:], ({"role": "assistant", "content": "No."},))


def test_a_judge_is_shown_both_chats_and_the_row_keeps_its_form(shell: Shell, tmp_path: Path) -> None:
    rubrics, responses = tmp_path / "rubrics.jsonl", tmp_path / "responses.jsonl"
    rubrics.write_text(json.dumps({"id": "p", "criteria": [{"criterion": "Looks it up.", "weight": 1}]}) + "\n")
    responses.write_text(json.dumps({"prompt_id": "p", "prompt": LOG[:1], "response": LOG[1:]}) + "\n")
    with chat_server() as server:
        server.replies = [json.dumps({"c1": "yes"})] * 9
        ran = shell("score", responses, "--rubrics", rubrics, "--judge", server.spec)
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["response"] == LOG[1:]
    assert IN_WORDS.partition("\n\n")[2] in server.requests[-1]["messages"][0]["content"]


def test_conversations_are_read_wherever_scores_are(shell: Shell) -> None:
    met = {"verdicts": [{"id": "c1", "met": True}], "judge": "m", "judging": "all-at-once", "rubric": "r"}
    rows = [{"prompt_id": "p", "id": name, "model": name, "score": 1, "response": LOG[1:], **met} for name in "abc"]
    scores = shell.write("scores.jsonl", rows)
    for command in (["filter-top-k", scores, "-k", "1"], ["signal", scores], ["tail", scores, "--gold", scores]):
        ran = shell(*command)
        assert "response" not in ran.err.partition("rubrictool: ")[2], ran.err
