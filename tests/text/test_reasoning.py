"""Test what of a text is an answer: reasoning goes in whatever spelling, and what an answer quotes stays."""

from __future__ import annotations

import pytest
from growth import grows_with
from hypothesis import given, settings
from hypothesis import strategies as st

from rubrictool.errors import Unreadable
from rubrictool.questions import judge, sample
from rubrictool.text.reasoning import without_reasoning

TAGS = [
    "think",
    "thinking",
    "Thinking",
    "THINK",
    "thought",
    "thoughts",
    "reasoning",
    "seed:think",
    "mm:think",
    "longcat_think",
    "think:opensource",
    "antThinking",
]
PAIRS = [
    *[(f"<{tag}>", f"</{tag}>") for tag in TAGS],
    ('<think time="3">', "</think>"),
    ("< think >", "</ think>"),
    ("<reasoning_content>", "</reasoning_content>"),
    ("[unused16]", "[unused17]"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|thinking|>", "</|thinking|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<|channel>thought\n", "<channel|>"),
    ("<|message_model|><|content_thinking|>", "<|end_message|>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|start|>assistant<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|channel|>analysis", "<|channel|>final"),
]
ENDED_BY_WORDS = [
    ("Here is my thought process:", "Here is my response:"),
    ("Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]"),
    ("analysis", "assistantfinal"),
]


@pytest.mark.parametrize(("opens", "closes"), [*PAIRS, *ENDED_BY_WORDS])
def test_reasoning_before_an_answer_goes(opens: str, closes: str) -> None:
    assert without_reasoning(f"{opens}We weigh it.{closes}The answer.") == "The answer."
    assert (
        without_reasoning(f"\n {opens}\nWe weigh it.\n\n{closes}\n\nThe answer.\n\nMore.\n") == "The answer.\n\nMore."
    )


@pytest.mark.parametrize(("opens", "closes"), PAIRS)
def test_reasoning_that_never_ends_leaves_nothing(opens: str, closes: str) -> None:
    assert without_reasoning(f"{opens}We weigh it. Perhaps this.") == ""
    assert without_reasoning(f"{opens}We weigh it.{closes}") == ""


@pytest.mark.parametrize(
    "closes",
    [
        "</think>",
        "</seed:think>",
        "[/THINK]",
        "◁/think▷",
        "<|END_THINKING|>",
        "<channel|>",
        "[BEGIN FINAL RESPONSE]",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
    ],
)
def test_a_lone_closing_mark_hides_what_stands_before_it(closes: str) -> None:
    assert without_reasoning(f"The user asks for a figure.\n{closes}\n\nIt is 4.") == "It is 4."
    assert without_reasoning(f"The user asks for a figure.{closes}It is 4.") == "It is 4."
    assert without_reasoning(f"The user asks for a figure.\n{closes}") == ""


@pytest.mark.parametrize(
    "text",
    [
        "Models put it between <think> and </think> tags.",
        "The tag </think> ends it.",
        "1. </think> ends it.",
        "So it works. </think> closes what <think> opens.",
        "- <think>: begins it\n- </think>: ends it",
        "End the block with </think>, then answer.",
        "Write `<think>` first and `</think>` last.",
        'Split at "</think>" and keep the rest.',
        "Parsers look for the end (</think>).",
        "So:\n```\n<think>\nI weigh it.\n</think>\nThe answer.\n```\nThat is all.",
        "So:\n~~~xml\n[/THINK]\n~~~\nThat is all.",
        "```python\ntext.split('</think>')\n```",
        "Harmony looks like this:\n```\n<|channel|>analysis<|message|>Hm.<|end|><|channel|>final<|message|>So.\n```\nDone.",
        "He writes <think>I doubt it</think> in the margin.",
        "I think, therefore I reason. My thought: a channel.",
        "Here is my thought process: I add two and two. It is four.",
        "[Thinking] It is four.",
        "analysis of the data: four",
        "analysisResult = 4",
        "<reason>Because</reason>",
        "A rethink: <rethink>no</rethink>",
    ],
)
def test_what_an_answer_says_or_quotes_stays(text: str) -> None:
    assert without_reasoning(f" {text}\n") == text


def test_reasoning_between_the_parts_of_an_answer_goes_where_only_a_special_token_marks_it() -> None:
    text = "First.<|inner_prefix|>Hm.<|inner_suffix|> Second.<|inner_prefix|>Hm, and"
    assert without_reasoning(text) == "First. Second."
    assert without_reasoning("First. <think>Hm.</think> Second.") == "First. <think>Hm.</think> Second."


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("<think>a</think><think>b</think>c", "c"),
        ("<think>I write `</think>` later.</think>c", "c"),
        ("<think>a</think>\nb uses </think> so", "b uses </think> so"),
        ("a</think>\nb\n</think>\nc", "c"),
        ("\ufeff<think>a</think>b", "b"),
        ("<think>```\nx\n</think>\nCode:\n```\ny\n```", "Code:\n```\ny\n```"),
        (
            "<|channel|>analysis<|message|>a<|end|><|channel|>final <|constrain|>json<|message|>{}<|return|>",
            "{}",
        ),
        (
            "<|channel|>analysis<|message|>a<|end|><|channel|>commentary to=functions.f<|message|>{}<|call|>",
            "",
        ),
        ("<|channel|>commentary<|message|>I look.<|end|><|start|>assistant<|channel|>final<|message|>b", "b"),
        ("<|channel|>final<|message|>b<|return|>", "b"),
        ("analysisWe weigh it and stop", ""),
        ("<|begin_of_thought|>a<|end_of_thought|>\n<|begin_of_solution|>b<|end_of_solution|>", "b"),
        ("<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>b<|END_RESPONSE|>", "b"),
        ("a\n[BEGIN FINAL RESPONSE]\nb\n[END FINAL RESPONSE]\n<|end|>", "b"),
        ("<|content_thinking|>a<|end_message|><|message_model|><|content_text|>b<|end_message|>", "b"),
        ("<think>Quote <reasoning>x</reasoning> and go on", ""),
    ],
)
def test_reasoning_in_shapes_that_models_leave(text: str, seen: str) -> None:
    assert without_reasoning(text) == seen


PIECES = st.sampled_from(
    [mark for pair in [*PAIRS, *ENDED_BY_WORDS] for mark in pair]
    + [
        "a",
        "B ",
        " the",
        ".",
        "\n",
        "`",
        "```\n",
        '"',
        "<|end|>",
        "<|return|>",
        "{}",
        "[",
        "<",
        "</",
        "think>",
        "final",
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join))
@settings(max_examples=250, deadline=None)
def test_what_is_seen_is_seen_again_and_nothing_is_added(text: str) -> None:
    seen = without_reasoning(text)
    assert without_reasoning(seen) == seen
    letters = iter(text)
    assert all(letter in letters for letter in seen), "a part of the text, in its order"


@given(st.text(alphabet=st.characters(exclude_characters="<[◁"), max_size=200))
@settings(max_examples=200, deadline=None)
def test_a_text_without_marks_is_only_stripped(text: str) -> None:
    if not text.strip().startswith(("analysis", "commentary", "Here")):
        assert without_reasoning(text) == text.strip()


@pytest.mark.parametrize(
    "hostile",
    [
        "<think>",
        "</think>",
        "<think></think>",
        "a </think>\n```\n",
        "`</think>`",
        "`a ",
        "<|channel|>final<|message|>",
        "<|channel|>analysis",
        "<|inner_prefix|>a<|inner_suffix|>b",
        "<|start|>assistant ",
        "<think>\n```\n</think>\n",
        "Here is my thought process:",
        "analysis1",
        "<|end|>",
        "[THINK",
        "a think ",
        "◁",
    ],
)
@pytest.mark.parametrize("before", ["", "So: ", "<think>a</think>"])
def test_hostile_texts_take_linear_time(hostile: str, before: str) -> None:
    assert grows_with(lambda long: without_reasoning(before + long), hostile)


@pytest.mark.parametrize(("opens", "closes"), PAIRS)
def test_a_verdict_counts_only_after_the_reasoning(opens: str, closes: str) -> None:
    draft, final = '{"c1": "no", "c2": "no"}', '{"c1": "yes", "c2": "no"}'
    with pytest.raises(Unreadable):
        judge.parse(f"{opens}A first guess:\n{draft}\nbut it does name one.", count=2)
    with pytest.raises(Unreadable):
        sample.parse(f"{opens}A first guess.{closes}")
    found = judge.parse(f"{opens}A first guess:\n{draft}\n{closes}{final}", count=2)
    assert [verdict.met for verdict in found] == [True, False]


def test_a_text_with_half_of_a_surrogate_pair_is_returned_as_it_is() -> None:
    assert without_reasoning("cut off: \ud83d") == "cut off: \ud83d"
