"""The documentation's figures do not go stale: which drawings show the same, and which fail the check."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs" / "generators"
sys.path.insert(0, str(DOCS))

import figures  # noqa: E402

SVG = """<svg><dc:title>Matplotlib v3.9.1, https://matplotlib.org/</dc:title>
<!-- win rate --><text x="10.00" y="2">0.5</text>
<path id="m1a2b" d="M 10.000 20.000 L 30.500 -4"/></svg>"""


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (("30.500", "30.501"), True),
        (("m1a2b", "m9z9z"), True),
        (("30.500", "31.500"), False),
        ((" L 30.500 -4", ""), False),
        (("win rate", "loss rate"), False),
        ((">0.5<", ">0.6<"), False),
    ],
)
def test_a_drawing_is_stale_when_its_words_or_places_changed(change: tuple[str, str], *, same: bool) -> None:
    assert change[0] in SVG
    assert figures.same_picture(SVG, SVG.replace(*change)) is same


def test_another_matplotlib_may_place_things_elsewhere_but_says_the_same() -> None:
    newer = SVG.replace("3.9.1", "3.11.0").replace("30.500", "33.000")
    assert figures.same_picture(SVG, newer)
    assert not figures.same_picture(SVG, newer.replace("win rate", "loss rate"))


def test_a_stale_figure_fails_the_check_and_is_written_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "FOLDER", tmp_path)
    figures.keep("a.svg", SVG, check=False)
    figures.keep("a.svg", SVG.replace("30.500", "30.501"), check=True)
    assert (tmp_path / "a.svg").read_text() == SVG, "what shows the same is left alone"
    with pytest.raises(RuntimeError, match=r"docs/figures/a.svg is stale"):
        figures.keep("a.svg", SVG.replace("0.5", "0.6"), check=True)
    figures.keep("a.svg", SVG.replace("0.5", "0.6"), check=False)
    assert "0.6" in (tmp_path / "a.svg").read_text()


def test_every_figure_of_the_pages_is_made_by_cog() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    for kept in (DOCS / "figures").glob("*.svg"):
        assert f'generate.figure("{kept.name}"' in pages, kept.name
