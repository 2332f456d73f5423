"""Check that a server has read a question whole, by the prompt tokens that it counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rubrictool.errors import Final
from rubrictool.models.backend import Usage
from rubrictool.text.chats import message_text
from rubrictool.text.patterns import linear
from rubrictool.text.reasoning import without_reasoning

WORDS_A_TOKEN = 4
"""More words than any tokenizer puts into one token: nearly all put in one at most, as they part a text at its blanks
first; the superwords of SuperBPE (Liu et al. 2025) have up to four."""

CHARACTERS_A_WORD = 8
"""Of scripts without spaces: the longest tokens of common vocabularies have fewer characters, repetitions aside."""

LEAST_WORDS = 2000
"""Shorter questions are not checked: fixed counts of small servers would be taken for cut prompts."""

_UNSPACED = linear(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Khmer}\p{Lao}\p{Myanmar}]{8}")


class PromptCut(Final):
    """The server has read only a part of the question."""


def fewest_tokens(messages: Sequence[Mapping[str, Any]]) -> int:
    """Return a number of tokens that no tokenizer gets below for these messages, 0 for short ones."""
    return _counted_words(messages) // WORDS_A_TOKEN


def _counted_words(messages: Sequence[Mapping[str, Any]]) -> int:
    """Return the number of words in messages, 0 for short ones."""
    words = sum(_words(_read(message)) for message in messages)
    return words if words >= LEAST_WORDS else 0


def _read(message: Mapping[str, Any]) -> str:
    """Return the text of a message that a model reads in any case: chat templates leave out earlier reasoning and calls."""
    return without_reasoning(message_text(message)) if message.get("role") == "assistant" else message_text(message)


def _words(text: str) -> int:
    """Return the number of words in a text: what stands between blanks, and each so many characters of other scripts.

    Matching each word by a pattern took ten times as long as everything else that a row costs.
    """
    # A run of one character (a ruler, blanks) can be one token, and is no word or only one.
    words = len(text.split())
    # RE2 takes no half of a surrogate pair.
    return words if text.isascii() else words + len(_UNSPACED.findall(text.encode(errors="replace").decode()))


_BLANKS = bytes(code for code in range(128) if chr(code).isspace())


def _most_words(text: str) -> int:
    """Return an upper bound of `_words`, in a fifth of its time: each word but the first follows a blank."""
    if not text.isascii():
        return _words(text)
    content = text.encode()
    return len(content) - len(content.translate(None, _BLANKS)) + 1


class PromptCounts:
    """The prompt token counts of one server, compared with the questions.

    Some servers count only what was not in their prefix cache, without telling the rest. The first question of a run is
    in no cache, so its count is whole; a server that cut that one cuts.
    """

    def __init__(self) -> None:
        self._asked = 0
        self._cuts = False

    def number(self) -> int:
        """Return the number of the next question, from 0 on."""
        self._asked += 1
        return self._asked - 1

    def check(self, messages: Sequence[Mapping[str, Any]], usage: Usage | None, *, number: int) -> bool:
        """Return whether the server may have cut the question, by its usage and its number.

        Raises `PromptCut` where it certainly did.
        """
        if usage is None or not usage.prompt_tokens:
            return False
        # Some servers leave the cached tokens out of the prompt's.
        tokens = usage.prompt_tokens + usage.cached_tokens
        if tokens >= sum(_most_words(_read(message)) for message in messages):
            return False
        words = _counted_words(messages)
        if tokens >= words:
            return False
        if tokens >= words // WORDS_A_TOKEN:
            return True
        self._cuts |= number == 0 or usage.cached_tokens > 0
        if self._cuts:
            fewest = words // WORDS_A_TOKEN
            raise PromptCut(
                f"the server counted {usage.prompt_tokens:,} prompt tokens of at least {fewest:,}: it cut the question, so "
                "the model has not read it whole; give the server a longer context, or shorten the texts"
            )
        return True
