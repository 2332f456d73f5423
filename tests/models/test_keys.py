"""Keys are cut out of what servers send back, and nothing else is."""

from __future__ import annotations

import json

import pytest
from growth import grows_with

from rubrictool.models.backends.keys import secrets, without_keys

KEY = "sk-a1/b2+c3"


@pytest.mark.parametrize(
    "spelled",
    [KEY, KEY.replace("/", "\\/"), KEY.replace("/", "\\\\/"), KEY.replace("a", "\\u0061"), KEY.replace("+", "\\u002B")],
)
def test_a_key_is_cut_in_every_spelling_of_json(spelled: str) -> None:
    assert without_keys(f"before {spelled} after", [KEY]) == "before *** after"


def test_of_two_keys_the_longer_is_cut_whole() -> None:
    assert without_keys(f"{KEY}-long", [KEY, f"{KEY}-long"]) == "***"


def test_texts_that_no_file_can_hold_are_read_too() -> None:
    assert without_keys(f"\ud83d {KEY} é", [KEY]) == "\ud83d *** é"


@pytest.mark.parametrize("hostile", ["\\", "s\\", "\\u0073", "sk-a1/b2+c"], ids=repr)
def test_the_time_is_linear_in_a_hostile_text(hostile: str) -> None:
    text = hostile * (2**20 // len(hostile))
    assert without_keys(text, [KEY * 4]) == text
    assert grows_with(lambda long: without_keys(long, [KEY * 4]), hostile)


def test_a_word_that_serves_as_a_key_is_no_secret() -> None:
    keys = ["sentencepiece", "placeholder", "not-needed", "12345678"]
    assert secrets(keys) == []
    assert secrets([KEY, "correct-horse-battery-staple"]) == [KEY, "correct-horse-battery-staple"]


def test_without_keys_a_text_is_itself() -> None:
    text = json.dumps({"EMPTY": "none"})
    assert without_keys(text, []) == text
    assert without_keys(text, ["EMPTY", "none", ""]) == text
