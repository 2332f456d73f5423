"""Test what models are shown of a conversation: all of it, the last reply, or a long one without its middle."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rubrictool.text.chats import shown_messages, visible_text
from rubrictool.text.tokens import estimated_tokens
from rubrictool.text.trace_views import WHOLE, TraceView

REPLY = {"role": "assistant", "content": "It is late."}


def said(text: str, role: str = "assistant") -> dict[str, Any]:
    return {"role": role, "content": text}


def words(count: int) -> str:
    return " ".join(["word"] * count)


TRACE = [said(f"Step {number}: {words(20)}", "assistant" if number % 2 else "tool") for number in range(40)] + [REPLY]
LEFT_OUT = re.compile(r"\[\.\.\. (\d+) messages?, about ([\d,]+) tokens left out \.\.\.\]")


def test_a_text_and_a_single_reply_are_the_same_in_every_view() -> None:
    for view in (WHOLE, TraceView("last"), TraceView(max_tokens=100)):
        for response in (words(900), f"<think>Hm.</think>{words(3)}", [said(words(900))]):
            assert view.text(response) == visible_text(response)
            assert (view.named(response), view.cuts(response)) == (None, False)


def test_the_whole_view_is_the_trace_and_has_no_name() -> None:
    assert (WHOLE.text(TRACE), WHOLE.named(TRACE)) == (visible_text(TRACE), None)


def test_the_last_view_is_the_last_reply_with_its_calls() -> None:
    assert TraceView("last").text(TRACE) == "It is late."
    assert TraceView("last").named(TRACE) == "last"
    call = {"role": "assistant", "content": "Done.", "tool_calls": [{"name": "submit", "arguments": {"late": True}}]}
    assert TraceView("last").text([*TRACE, call]) == 'Done.\n\ncalls the tool submit with {"late":true}'


def test_a_trace_within_the_bound_is_shown_whole() -> None:
    fits = TraceView(max_tokens=estimated_tokens(visible_text(TRACE)) + len(TRACE))
    assert (fits.text(TRACE), fits.named(TRACE)) == (visible_text(TRACE), None)


def test_the_middle_is_left_out_at_messages_and_the_cut_is_told() -> None:
    view = TraceView(max_tokens=400)
    shown, messages = view.text(TRACE), shown_messages(TRACE)
    (found,) = LEFT_OUT.finditer(shown)
    first, last = shown.split(found[0])
    kept = [message for message in first.split("\n\n") + last.split("\n\n") if message]
    assert kept == [*messages[: len(first.split("\n\n")) - 1], *messages[-(len(last.split("\n\n")) - 1) :]]
    assert int(found[1]) == len(messages) - len(kept)
    assert shown.startswith(messages[0]) and shown.endswith(messages[-1])  # noqa: PT018
    assert view.named(TRACE) == "full:400"


def test_a_long_result_is_cut_inside_where_whole_messages_would_leave_half_of_the_room_empty() -> None:
    trace = [said("I read it."), said(words(5000), "tool"), REPLY]
    shown = TraceView(max_tokens=1000).text(trace)
    assert "tokens of this message left out ...]" in shown
    assert LEFT_OUT.search(shown) is None
    assert 850 <= estimated_tokens(shown) <= 1000
    assert shown.startswith("assistant:\nI read it.") and shown.endswith("assistant:\nIt is late.")  # noqa: PT018


def test_a_last_reply_that_is_too_long_alone_is_cut_inside() -> None:
    trace = [said("I look it up."), said("12 minutes", "tool"), said(f"It is late. {words(5000)} That is all.")]
    shown = TraceView(max_tokens=300).text(trace)
    assert shown.startswith("[... 2 messages, about ")
    assert "assistant:\nIt is late. word" in shown
    assert shown.endswith("word That is all.")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(alphabet='ab1 {}:\n"字я', max_size=800), min_size=2, max_size=12),
    st.integers(100, 900),
)
def test_what_is_shown_keeps_to_the_bound_and_says_how_much_is_missing(texts: list[str], most: int) -> None:
    trace = [said(text, "tool") for text in texts[:-1]] + [said(texts[-1] + "!")]
    view = TraceView(max_tokens=most)
    shown = view.text(trace)
    if view.cuts(trace):
        assert estimated_tokens(shown) <= most
        assert "left out ...]" in shown
    else:
        assert shown == visible_text(trace)


def test_tokens_of_prose_and_json_are_estimated_within_a_quarter() -> None:
    # The counts are those of the encoding cl100k_base.
    prose = "The ferry leaves at nine, unless fog keeps it in the harbour; then nobody knows when it sails. " * 3
    table = '{"rows": [{"id": 0, "name": "item_0", "price": 0.0, "tags": ["a", "b"]}]}' * 4
    for text, count in ((prose, 64), (table, 140)):
        assert 0.75 <= estimated_tokens(text) / count <= 1.25


def test_the_estimate_of_nothing_is_nothing() -> None:
    assert estimated_tokens("") == estimated_tokens("   ") == 0
