"""A check finds its text with plain or special punctuation, and a character alone where that character is meant."""

from __future__ import annotations

import pytest

from rubrictool.judging.offline.lexicon import lexicon
from rubrictool.judging.offline.terms import terms
from rubrictool.linting.contradictions import exclude_each_other
from rubrictool.linting.demands import same
from rubrictool.rows.checks import Check
from rubrictool.rubric.checks import holds
from rubrictool.text.punctuation import plain_pattern, plain_punctuation
from rubrictool.text.words import normal, similarity

PAIRS = [
    ("a low-fat diet", "a low\u2011fat diet"),
    ("a low-fat diet", "a low\u2010fat diet"),
    ("take 2-3 drops", "take 2\u20133 drops"),
    ("at -4 degrees", "at \u22124 degrees"),
    ("it's over", "it\u2019s over"),
    ("it's over", "it\u02bcs over"),
    ("it's over", "it\u00b4s over"),
    ('say "enough" now', "say \u201cenough\u201d now"),
    ('say "enough" now', "say \u201eenough\u201c now"),
    ('say "enough" now', "say \u00ab\u202fenough\u202f\u00bb now"),
    ('say "enough" now', "say \u300cenough\u300d now"),
    ("say 'enough' now", "say \u2039enough\u203a now"),
    ("20 km away", "20\u00a0km away"),
    ("20 km away", "20\u202fkm away"),
    ("20 km away", "20\u2009km away"),
    ("20 km away", "20\u2007km away"),
    ("straightforward", "straight\u00adforward"),
    ("straightforward", "straight\u200bforward"),
    ("and so on...", "and so on\u2026"),
    ("either/or, 1/2", "either\u2044or, 1/2"),
]


@pytest.mark.parametrize(("plain", "special"), PAIRS)
@pytest.mark.parametrize("swapped", [False, True], ids=["the check is plain", "the check is special"])
def test_a_check_finds_its_text_with_plain_or_special_punctuation(plain: str, special: str, swapped: bool) -> None:
    asked, text = (special, plain) if swapped else (plain, special)
    assert holds(Check(contains=(asked,)), f"Well: {text}")
    assert not holds(Check(excludes=(asked,)), f"Well: {text}")
    pattern = asked.replace(".", r"\.")
    assert holds(Check(matches=pattern), f"Well: {text}")
    assert not holds(Check(lacks=pattern), f"Well: {text}")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\d+–\d+ mg", "5-10 mg"),
        (r"don\x{2019}t", "don't"),
        (r"\Qdon’t (ever)\E", "don't (ever)"),
        (r"wait…+ what", "wait... what"),
        (r"(?i)DON'T", "don\u2019t"),
        (r'"[^"]*later"', "\u201csee you later\u201d"),
        (r"it[' ]s", "it\u2019s"),
        (r"5[–—]10", "5\u201410"),
        (r"[\s\S]*low-fat", "so \u2014 low\u2011fat"),
        (r"\p{Pi}yes\p{Pf}", "\u201cyes\u201d"),
        (r"[^\x00-\x7F]", "it\u2019s"),
    ],
)
def test_a_pattern_matches(pattern: str, text: str) -> None:
    assert holds(Check(matches=pattern), text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("\u2014", "a well-known fact"),
        (r"\w—\w", "a well-known fact"),
        (r"(?:—|–)", "a well-known fact"),
        (r"—|\bdelve\b", "a well-known fact"),
        (r"[–—]", "a well-known fact"),
        (r"5[–—]10", "5-10"),
        (r"[^\x00-\x7F]", "it's"),
        (r"DON'T", "don\u2019t"),
    ],
)
def test_a_pattern_that_is_about_marks_or_about_case_stays_strict(pattern: str, text: str) -> None:
    assert holds(Check(lacks=pattern), text)


def test_a_text_of_a_mark_alone_is_that_mark() -> None:
    no_long_dash = Check(excludes=("\u2014",))
    assert holds(no_long_dash, "a well-known fact")
    assert not holds(no_long_dash, "so\u2014perhaps")


def test_a_mark_of_the_keyboard_stands_for_all_its_forms() -> None:
    assert holds(Check(contains=('"',)), "\u201cyes\u201d")


def test_a_pattern_keeps_its_classes_quantifiers_and_names() -> None:
    source = r"(?P<range>5{1,2}[–-]\d)’s (?i:x)…{2}"
    assert plain_pattern(source).source == r"(?P<range>5{1,2}[–-]\d)\'s (?i:x)(?:\.\.\.){2}"


def test_a_pattern_without_marks_is_left_as_it_is() -> None:
    source = r"(?i)^[a-z' -]+\.(?:com|org)\b"
    assert plain_pattern(source) == (source, frozenset())


def test_case_and_letters_are_kept_as_typed() -> None:
    assert plain_punctuation("Ｎaïve ﬁsh²") == "Ｎaïve ﬁsh²"


def test_texts_are_compared_as_typed() -> None:
    assert normal("It\u2019s Low\u2011Fat") == "it's low-fat"
    assert similarity("it\u2019s a low\u2011fat diet", "it's a low-fat diet") == 1
    assert same("Says it\u2019s a low\u2011fat diet.", "Says it's a low-fat diet")


def test_the_offline_rules_see_one_term_with_both_punctuations() -> None:
    keys = [[term.key for term in terms(text, lexicon(text))] for text in ("a low\u2011fat diet", "a low-fat diet")]
    assert keys[0] == keys[1]


def test_lint_knows_a_clash_across_punctuation_and_none_with_a_mark_alone() -> None:
    assert exclude_each_other(Check(contains=("low-fat",)), Check(excludes=("low\u2011fat",)))
    assert exclude_each_other(Check(contains=("low-fat",)), Check(excludes=("\u2014",))) is None
