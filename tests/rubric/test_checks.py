"""Test what a check may ask for, and the texts it looks at."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rubrictool.errors import Undecided
from rubrictool.rows.checks import Check, Format
from rubrictool.rubric.checks import has_format, holds
from rubrictool.text.reasoning import without_reasoning
from rubrictool.text.words import similarity, word_bounds


@pytest.mark.parametrize(
    "check",
    [
        {"contains": []},
        {"contains": ["a", " "]},
        {"excludes": "word"},
        {"matches": r"(a)\1"},
        {"lacks": r"(?!a)"},
        {"words": {}},
        {"words": {"min": 3, "max": 2}},
        {"words": {"min": -1}},
        {"words": {"max": "3"}},
        {"format": "poem"},
        {"contains": None},
    ],
)
def test_a_check_that_could_not_decide_is_refused(check: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Check.model_validate(check)


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("list", "So:\n* a\n* b\n"),
        ("numbered", "1) a\n2) b\n"),
        ("table", "So:\n\n| a | b |\n| --- | :-: |\n| 1 | 2 |\n"),
        ("code", "So:\n```py\nx\n```\nDone.\n"),
        ("heading", "So\n## Title\n"),
        ("json", '```json\n[{"a": 1}]\n```\n'),
    ],
)
def test_a_format_is_seen_under_either_line_end(format_: Format, text: str) -> None:
    assert has_format(text, format_)
    assert has_format(text.replace("\n", "\r\n"), format_)


@pytest.mark.parametrize(
    ("format_", "text"), [("list", "•\xa0milk"), ("numbered", "1.\u202fStir"), ("heading", "##\u2009Tea")]
)
def test_a_format_is_seen_behind_spaces_that_do_not_break(format_: Format, text: str) -> None:
    assert has_format(f"For tea:\n\n{text}", format_)


@given(st.text(max_size=80), st.text(min_size=1, max_size=5).filter(lambda part: bool(part.strip())))
@settings(max_examples=100, deadline=None)
def test_one_word_is_either_contained_or_excluded(text: str, part: str) -> None:
    contains, excludes = (Check.model_validate({kind: [part]}) for kind in ("contains", "excludes"))
    assert holds(contains, text) != holds(excludes, text)


@given(st.text(alphabet="abc\n", max_size=20), st.sampled_from(["a", "a+b", "^b", r"(?i)\AC"]))
@settings(max_examples=50, deadline=None)
def test_one_pattern_is_either_matched_or_lacked(text: str, pattern: str) -> None:
    assert holds(Check(matches=pattern), text) != holds(Check(lacks=pattern), text)


@given(st.text(alphabet="ab <>/think\n", max_size=120))
@settings(max_examples=200, deadline=None)
def test_the_visible_text_of_a_text_without_reasoning_is_that_text(text: str) -> None:
    if "think>" not in text:
        assert without_reasoning(text) == text.strip()
    assert without_reasoning(without_reasoning(f"<think>{text}</think>a")) == without_reasoning(
        f"<think>{text}</think>a"
    )


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_similarity_is_symmetric_and_of_a_text_with_itself_1(one: str, other: str) -> None:
    assert similarity(one, other) == similarity(other, one)
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, one) == 1


THAI = "แมวกินปลาทุกวัน"
"""A sentence of five words, which are written together: the cat eats fish every day."""


@pytest.mark.parametrize(
    ("bounds", "met"),
    [({"min": 1}, True), ({"max": 50}, True), ({"min": 50}, False), ({"max": 0}, False)],
)
def test_words_written_together_are_decided_where_any_count_would_decide(bounds: dict[str, int], met: bool) -> None:
    assert holds(Check.model_validate({"words": bounds}), THAI) is met


@pytest.mark.parametrize("text", [THAI, "ກິນປາທຸກມື້", "ឆ្មាស៊ីត្រី", "ကြောင်ရေ"])
def test_a_number_of_words_that_nobody_counted_decides_nothing(text: str) -> None:
    with pytest.raises(Undecided, match="writes words together"):
        holds(Check.model_validate({"words": {"min": 2, "max": 3}}), text)


def test_a_foreign_name_leaves_the_count_of_the_others_certain() -> None:
    assert word_bounds(f"The sentence {THAI} is short.")[0] == 5
    assert word_bounds("A text of six plain words.") == (6, 6)
