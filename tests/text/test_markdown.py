"""Test how much structure Markdown gives a text."""

from __future__ import annotations

import pytest

from rubrictool.text.markdown import structure_counts


@pytest.mark.parametrize(
    ("text", "headings", "list_items", "bold_spans"),
    [
        ("plain # no heading - no item ** no bold **", 0, 0, 0),
        ("# One\r\n\r\n###### Six\n####### seven", 2, 0, 0),
        ("- a\n* b\n  + c\n1. d\n2) e\n• f", 0, 6, 0),
        ("**a** and **b c**, __d__ but snake__case__", 0, 0, 3),
        ("```\n# comment\n- **x**\n```\n# Heading", 1, 0, 0),
    ],
)
def test_structure_is_counted_outside_code(text: str, headings: int, list_items: int, bold_spans: int) -> None:
    expected = {"headings": headings, "list_items": list_items, "bold_spans": bold_spans}
    assert structure_counts(text) == expected
