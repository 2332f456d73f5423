"""A judge by rule: checks where there are any, otherwise whether the words of a criterion occur.

It reads the prompt not at all, and of a response only the visible text. It does not understand negation.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rubrictool.judging.offline.lexicon import lexicon
from rubrictool.judging.offline.terms import Term, bigrams, terms
from rubrictool.rows.records import Criterion, Judging, Prompt, Response, Verdict
from rubrictool.rubric.checks import holds
from rubrictool.text.chats import Conversation, answer
from rubrictool.text.patterns import linear
from rubrictool.text.words import normal, words

_QUOTED = linear(r"[\"“«„「]([^\"“”«»„「」\n]+)[\"”»“」]")

_HAN = linear(r"\p{Han}{3,}")

# Scripts whose words carry endings that do not change what they are about.
_INFLECTED = linear(r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{M}\p{N}._'’-]+")

_SHORTEST_STEM = 4


class OfflineJudge:
    """Decides criteria by their checks, and those without one by lexical evidence."""

    name = "offline"

    def __init__(self, judging: Judging = "together") -> None:
        self.judging = judging

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:  # noqa: ARG002
        """One verdict for each criterion, in order."""
        text = _Text.of(response.response)
        return [Verdict(id=criterion.id, met=_met(criterion, text)) for criterion in criteria]


class _Text(NamedTuple):
    """A response, its visible text folded for comparison, and its words."""

    given: str | Conversation
    folded: str
    words: frozenset[str]

    @classmethod
    def of(cls, response: str | Conversation) -> _Text:
        folded = normal(answer(response).done)
        return cls(response, folded, frozenset(words(folded)))


def _met(criterion: Criterion, text: _Text) -> bool:
    if criterion.check is not None:
        return holds(criterion.check, text.given)
    evidence = _evidence(criterion.criterion)
    if not all(phrase in text.folded for phrase in evidence.quoted):
        return False
    found = sum(_occurs(term, text) for term in evidence.terms)
    return 0 < found >= len(evidence.terms) / 2 or bool(evidence.quoted and not evidence.terms)


class _Evidence(NamedTuple):
    """What a criterion asks to find: phrases it quotes, all of them, and content words, half of them."""

    quoted: tuple[str, ...]
    terms: tuple[Term, ...]


@lru_cache(maxsize=4096)
def _evidence(criterion: str) -> _Evidence:
    quoted = (normal(phrase).strip() for phrase in _QUOTED.findall(criterion))
    found = {part.key: part for term in terms(criterion, lexicon(criterion)) for part in _pieces(term)}
    return _Evidence(tuple(phrase for phrase in quoted if phrase), tuple(found.values()))


def _pieces(term: Term) -> list[Term]:
    if not _HAN.fullmatch(term.key):
        return [term]
    return [Term(pair, pair) for pair in bigrams(term.key)]


def _occurs(term: Term, text: _Text) -> bool:
    if term.figure:
        return holds(term.check, text.given)
    if not _INFLECTED.fullmatch(term.key):
        return term.key in text.folded
    return any(_same_stem(term.key, word) for word in text.words)


def _same_stem(asked: str, word: str) -> bool:
    """Whether two words share their beginning: the first seven tenths of the one asked for, or all of the other."""
    if asked == word:
        return True
    stem = asked[: max(_SHORTEST_STEM, round(len(asked) * 0.7))]
    if len(asked) < _SHORTEST_STEM or not word.startswith(stem[:_SHORTEST_STEM]):
        return False
    return word.startswith(stem) or (len(word) >= _SHORTEST_STEM and asked.startswith(word))
