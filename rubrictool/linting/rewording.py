"""Whether a proposal is taken: whole, without some of its criteria, or not at all."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from rubrictool.linting.wordings import NUMBERS, QUOTED
from rubrictool.text.patterns import linear
from rubrictool.text.words import normal, similarity, words


def says_again(one: str, other: str) -> bool:
    """Whether two criteria ask for the same, in the same words or in others."""
    from rubrictool.linting.rewording import reworded
    from rubrictool.linting.wordings import same

    return same(one, other) or reworded(one, other)


ALIKE = 0.7
"""Two criteria whose content words have at least this Jaccard similarity may be rewordings of each other."""

FEWEST = 5
"""So many content words they must share: a few shared words are chance."""

MOST = 300
"""Criteria of more words are not compared: finding what changed takes the square of their number."""

UNSPACED_ALIKE = 0.8
"""What is not English is compared by pairs of neighbouring words as they stand."""

_LIGHT_WORDS = (
    "a an the this that these those of in on at to for with by as from and or is are be being been was were has have had"
    " it its their his her they which who whom where when while if so such then also both all any some one own there"
    " do does did can could may might must should will would user users reader response answer reply text model example"
    " instance like e.g i.e namely including include includes explicitly clearly specifically directly least about into"
    " say says state states mention mentions name names note notes point points out tell tells give gives provide"
    " provides suggest suggests recommend recommends advise advises explain explains describe describes identify"
    " identifies list lists show shows indicate indicates make makes use uses used using offer offers discuss discusses"
    " specify specifies correctly"
)

_OPPOSING_WORDS = (
    "not no never without neither nor none avoid avoids avoiding against warn warns warning fail fails failing lack lacks"
    " instead except unless don't doesn't cannot can't refrain refrains discourage discourages"
)

_DIRECTED_WORDS = "before after than over into from to until since more less higher lower causes leads"

_LIGHT, _OPPOSING, _DIRECTED = (frozenset(text.split()) for text in (_LIGHT_WORDS, _OPPOSING_WORDS, _DIRECTED_WORDS))

_SAME = {
    "acetaminophen": "paracetamol",
    "physician": "doctor",
    "begin": "start",
    "buy": "purchas",
    "big": "larg",
    "error": "mistak",
    "quick": "fast",
    "help": "assist",
    "end": "finish",
    "need": "requir",
    "child": "kid",
    "children": "kid",
    "cost": "pric",
}

_ENDINGS = linear(r"^(.*[^aeiou])ies$|^(.*?\w{3})(?:ations?|ings?|edly|ments?|ness|ed|ly|es|s|e)$")

_FIGURE = linear(r"\p{Nd}[\p{Nd}.,]*")


class _Content(NamedTuple):
    """The content words of a criterion in order, and what must agree for two criteria to say the same."""

    stems: tuple[str, ...]
    tokens: tuple[str, ...]
    fixed: tuple[object, ...]
    foreign: bool


def reworded(first: str, second: str) -> bool:
    """Whether the second criterion says what the first says, in other words."""
    a, b = _content(first), _content(second)
    if a.fixed != b.fixed or max(len(a.tokens), len(b.tokens)) > MOST:
        return False
    return _alike(a, b) and not _siblings(a.tokens, b.tokens)


def _alike(a: _Content, b: _Content) -> bool:
    if a.foreign or b.foreign:
        return similarity(" ".join(a.tokens), " ".join(b.tokens), n=2) >= UNSPACED_ALIKE
    shared, both = set(a.stems) & set(b.stems), set(a.stems) | set(b.stems)
    return len(shared) >= FEWEST and len(shared) >= ALIKE * len(both) and not _turned_round(a, b, shared)


def _foreign(text: str) -> bool:
    """Whether a quarter of a text's letters and more are no ASCII, so that stems and stop words tell nothing."""
    letters = [character for character in text if character.isalpha()]
    return sum(not letter.isascii() for letter in letters) * 4 > len(letters)


def _siblings(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether two wordings are one but for a single thing that is replaced."""
    changes = [tag for tag, *_ in SequenceMatcher(None, a, b, autojunk=False).get_opcodes() if tag != "equal"]
    return changes == ["replace"]


def _turned_round(a: _Content, b: _Content, shared: set[str]) -> bool:
    """Whether the order of the words may be what tells the two apart ("A before B", "B before A")."""
    orders = [[stem for stem in content.stems if stem in shared] for content in (a, b)]
    return orders[0] != orders[1] and bool(_DIRECTED & {*a.tokens} & {*b.tokens})


@lru_cache(maxsize=2**16)
def _content(criterion: str) -> _Content:
    text = normal(criterion)
    tokens = tuple(word.removesuffix("'s") for word in words(text))
    opposing = sum(token in _OPPOSING for token in tokens)
    figures = Counter(_FIGURE.findall(text)) + Counter(t for t in tokens if t in NUMBERS[1:])
    quoted = frozenset(quote.strip() for quote in QUOTED.findall(text))
    stems = dict.fromkeys(_stem(token) for token in tokens if token not in _LIGHT and token not in _OPPOSING)
    return _Content(tuple(stems), tokens, (opposing, frozenset(figures), quoted), _foreign(criterion))


@lru_cache(maxsize=2**16)
def _stem(token: str) -> str:
    bare = _SAME.get(token, token)
    stem = _ENDINGS.sub(r"\1\2", bare)
    return _SAME.get(stem, stem)
