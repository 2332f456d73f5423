"""Krippendorff's alpha: the figures of other programs, and what must hold of it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubrictool.analysis.estimators.raters import krippendorff_alpha

GOLDEN = Path(__file__).parents[2] / "golden"


def units(*ratings: tuple[Any, ...]) -> dict[str, Counter[tuple[Any, ...]]]:
    """Units of which each is a prompt of its own."""
    return {f"p{number}": Counter([one]) for number, one in enumerate(ratings)}


def alpha(*ratings: tuple[Any, ...], nominal: bool = False) -> float | None:
    found = krippendorff_alpha(units(*ratings), nominal=nominal)
    return found and found.value


def test_it_is_the_alpha_of_other_programs_and_its_interval_has_their_standard_error() -> None:
    expected = json.loads((GOLDEN / "raters_expected.json").read_text())
    labels = defaultdict[tuple[str, str, str], list[bool]](list)
    for line in (GOLDEN / "raters_labels.jsonl").read_text().splitlines():
        row = json.loads(line)
        for verdict in row["verdicts"]:
            labels[row["prompt_id"], row["id"], verdict["id"]].append(verdict["met"])
    counted = defaultdict[str, Counter[tuple[bool, ...]]](Counter)
    for (prompt_id, _, _), values in labels.items():
        counted[prompt_id][tuple(values)] += 1
    for nominal in (False, True):
        found = krippendorff_alpha(counted, nominal=nominal)
        assert found is not None
        assert found.value == pytest.approx(expected["krippendorff_alpha"], abs=1e-6)
        assert found.low is not None
        assert found.high is not None
        assert (found.high - found.low) / 4 == pytest.approx(expected["alpha_bootstrap_se"], abs=0.02)


def test_krippendorffs_own_example_by_both_metrics() -> None:
    # Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: four observers, missing values.
    observers = [
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ]
    rows = zip(*(line.split() for line in observers), strict=True)
    ratings = [tuple(int(value) for value in row if value != ".") for row in rows]
    assert alpha(*ratings, nominal=True) == pytest.approx(0.743, abs=5e-4)
    assert alpha(*ratings) == pytest.approx(0.849, abs=5e-4)


def test_full_agreement_is_1_and_without_different_values_there_is_none() -> None:
    assert alpha((1, 1), (0, 0, 0)) == 1
    assert alpha((1, 1), (1, 1)) is None
    assert alpha((1,), (0,)) is None
    assert krippendorff_alpha({}) is None


RATED = st.lists(st.lists(st.booleans(), min_size=1, max_size=4).map(tuple), min_size=1, max_size=12)


@settings(max_examples=20, deadline=None)
@given(RATED)
def test_of_yes_and_no_both_metrics_are_one_and_neither_raters_nor_names_matter(
    ratings: list[tuple[bool, ...]],
) -> None:
    found = alpha(*ratings)
    others = [
        alpha(*ratings, nominal=True),
        alpha(*(tuple(reversed(one)) for one in ratings)),
        alpha(*(tuple(not value for value in one) for one in ratings)),
        alpha(*(tuple("yes" if value else "no" for value in one) for one in ratings), nominal=True),
    ]
    assert all(other == (None if found is None else pytest.approx(found)) for other in others)


def test_units_of_one_prompt_are_drawn_together() -> None:
    rated = [(1, 1), (1, 0), (0, 0), (1, 1), (0, 0), (0, 1)] * 4
    apart, (together,) = units(*rated), [{f"p{n}": Counter(rated[n::6]) for n in range(6)}]
    wide, narrow = krippendorff_alpha(together), krippendorff_alpha(apart)
    assert wide is not None
    assert narrow is not None
    assert wide.value == pytest.approx(narrow.value)
    assert wide.ends < narrow.ends
