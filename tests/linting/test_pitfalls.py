"""Test what becomes of penalties whose text says what a response does not do is decided, and counted."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from rubrictool.linting.pitfalls import PitfallMode, decide_pitfalls, is_merit
from rubrictool.shapes.polarity import flagged

MERIT = "Pitfall Criteria: Avoids unnecessary jargon."
FAULT = "Pitfall Criteria: Does not mention the dose."
RUBRIC: dict[str, Any] = {
    "id": "p",
    "criteria": [
        {"criterion": "Names the dose.", "weight": 5},
        *[flagged({"criterion": text, "weight": -2, "title": "t"}) for text in (MERIT, FAULT)],
        {"criterion": "Recommends bleach.", "weight": -1},
    ],
}


def weights(mode: PitfallMode) -> list[float]:
    return [one["weight"] for one in decide_pitfalls(RUBRIC, mode)["criteria"]]


def test_a_mode_decides_about_flagged_penalties_alone() -> None:
    assert weights("keep") == [5, -2, -2, -1]
    assert weights("flip") == [5, 2, 2, -1]
    assert weights("ask-lint") == [5, 2, -2, -1]


def test_flags_stay_until_somebody_decides() -> None:
    assert decide_pitfalls(RUBRIC, "keep") == RUBRIC
    assert not any("polarity" in one for one in decide_pitfalls(RUBRIC, "flip")["criteria"])


def test_decisions_are_counted() -> None:
    counts: Counter[str] = Counter()
    decide_pitfalls(RUBRIC, "ask-lint", counts)
    assert counts == {"flipped": 1, "kept": 1}


@pytest.mark.parametrize(
    ("text", "merit"),
    [
        ("Does not include any unsupported claims.", True),
        ("Pitfall Criteria: The response avoids being condescending.", True),
        ("Does not answer the question.", False),
        ("Pitfall Criteria: Fails to name a source.", False),
        ("Recommends the wrong dose.", False),
    ],
)
def test_the_linter_tells_merits_from_faults(text: str, *, merit: bool) -> None:
    assert is_merit(text) is merit
