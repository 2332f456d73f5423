"""Earlier criteria are found in an index as comparing them one by one finds them."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rubrictool.linting import rewording
from rubrictool.linting.contradictions import exclude_each_other
from rubrictool.linting.criterion_pairs import Contradiction, Duplicate, EarlierCriteria
from rubrictool.linting.demands import same
from rubrictool.linting.rewording import reworded
from rubrictool.rows.records import Criterion, Rubric

LONG_TEXT = (
    "explains that the patient must never stop these two tablets before the doctor agrees because a sudden change"
)
WORDS = [
    *LONG_TEXT.split(),
    "Kidneys",
    "kidney",
    "7",
    "“pressure”",
    "환자는",
    "약을",
    "갑자기",
    "끊지",
    "의사와",
    "한다",
]
OPENINGS = ("", "The response ", "Explains that ", "Warns not to ")
TEXTS = ("red", "Red", "red blue", "blue", "—", "re–d", "red-blue")
LENGTHS: list[dict[str, int]] = [{"max": 5}, {"min": 3, "max": 8}, {"min": 6}, {"min": 20, "max": 30}]


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A text of few words, so that pairs are alike often; some are one text with little changed."""
    chosen = (
        LONG_TEXT.split() if draw(st.booleans()) else draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=14))
    )
    for _ in range(draw(st.integers(0, 3))):
        chosen[draw(st.integers(0, len(chosen) - 1))] = draw(st.sampled_from(WORDS))
    return draw(st.sampled_from(OPENINGS)) + " ".join(chosen) + draw(st.sampled_from(["", "."]))


CHECKS: st.SearchStrategy[dict[str, Any] | None] = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "contains": st.lists(st.sampled_from(TEXTS), min_size=1, max_size=2),
        "excludes": st.lists(st.sampled_from(TEXTS), min_size=1, max_size=2),
        "matches": st.sampled_from(["red", "re.?d", "blue red"]),
        "words": st.sampled_from(LENGTHS),
        "format": st.sampled_from(["json", "list", "code", "table"]),
    },
).filter(bool)


@st.composite
def criteria(draw: st.DrawFn) -> Sequence[Criterion]:
    """The criteria of a rubric, judged or checked."""
    rows = [
        {"criterion": text, "weight": draw(st.sampled_from([1, 2, -1])), "check": check}
        for text, check in draw(st.lists(st.tuples(texts(), CHECKS), min_size=2, max_size=10))
    ]
    return Rubric.model_validate({"id": "p", "criteria": [*rows, {"criterion": "Scores.", "weight": 1}]}).criteria


def plain_duplicate(earlier: Sequence[Criterion], criterion: Criterion) -> Duplicate | None:
    for other in earlier:
        if same(other.criterion, criterion.criterion):
            return Duplicate(other, text=True)
        if criterion.check is not None and criterion.check == other.check:
            return Duplicate(other, text=False)
    return None


def plain_reworded(earlier: Sequence[Criterion], criterion: Criterion) -> Criterion | None:
    for other in earlier:
        both_judged = criterion.check is None and other.check is None
        repeated = same(other.criterion, criterion.criterion)
        if both_judged and not repeated and reworded(other.criterion, criterion.criterion):
            return other
    return None


def plain_contradicted(earlier: Sequence[Criterion], criterion: Criterion) -> Contradiction | None:
    for other in earlier:
        if not criterion.check or not other.check or min(criterion.weight, other.weight) <= 0:
            continue
        if reason := exclude_each_other(criterion.check, other.check):
            return Contradiction(other, reason)
    return None


@settings(max_examples=60)
@given(criteria())
def test_the_index_finds_what_comparing_one_by_one_finds(row: Sequence[Criterion]) -> None:
    index = EarlierCriteria()
    for number, criterion in enumerate(row):
        earlier = row[:number]
        assert index.duplicate(criterion) == plain_duplicate(earlier, criterion)
        assert index.reworded(criterion) == plain_reworded(earlier, criterion)
        assert index.contradicted(criterion) == plain_contradicted(earlier, criterion)
        index.add(criterion)


TOKENS = st.lists(st.sampled_from("abcde"), max_size=8).map(tuple)


@given(TOKENS, TOKENS, TOKENS, TOKENS)
def test_the_short_way_to_siblings_is_right_wherever_it_answers(
    start: tuple[str, ...], end: tuple[str, ...], old: tuple[str, ...], new: tuple[str, ...]
) -> None:
    a, b = start + old + end, start + new + end
    codes = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    slow = [code[0] for code in codes if code[0] != "equal"] == ["replace"]
    assert rewording._siblings(a, b) == slow
    assert slow or not rewording._plainly_siblings(a, b)


def test_few_pairs_of_many_criteria_are_compared() -> None:
    """Two thousand criteria on different things: two million pairs, none of them worth a look."""
    index, compared = rewording.RewordingIndex(), 0
    for number in range(2000):
        text = "Explains " + " ".join(f"w{number:04d}{letter}" for letter in "abcdefgh") + "."
        compared += len(index._candidates(rewording._content_words(text)))
        index.add(text)
    assert compared == 0
