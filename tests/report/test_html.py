"""The page is one file that loads nothing, and text in it stays text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
import zlib
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from runs import AFTER, BEFORE, ROUNDS, RUBRIC, scores

from rubrictool import html_report
from rubrictool.report.visible_text import visible

PAGE = html_report(BEFORE, AFTER, [RUBRIC], ROUNDS).html


def unpacked(page: str, name: str) -> Any:
    (data,) = re.findall(rf'<script type="application/octet-stream" id="{name}">([^<]*)</script>', page)
    return json.loads(zlib.decompress(base64.b64decode(data)))


class Seen(HTMLParser):
    """The elements of a page, their attributes, and its text outside of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Mapping[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text += data


def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else() -> None:
    (policy,) = [attrs["content"] or "" for tag, attrs in Seen(PAGE).tags if attrs.get("http-equiv")]
    for element, name in (("style", "style-src"), ("script", "script-src")):
        (text,) = re.findall(rf"<{element}>(.*?)</{element}>", PAGE, re.DOTALL)
        wanted = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name} 'sha256-{wanted}';" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_nothing_is_loaded_and_no_element_has_a_style_or_a_handler() -> None:
    for tag, attrs in Seen(PAGE).tags:
        assert not {name for name in attrs if name.startswith("on") or name == "style"}, tag
        assert "src" not in attrs, tag
        assert not (attrs.get("href") or "").strip().startswith(("http", "//", "javascript")), tag


LABEL = {"prompt_id": "bread", "id": "r4", "verdicts": [{"id": "c3", "met": False}]}


@pytest.mark.parametrize("page", [PAGE, html_report(AFTER, [LABEL]).html], ids=["whole", "without rubrics"])
def test_every_id_stands_once_and_every_link_within_the_page_leads_somewhere(page: str) -> None:
    tags = Seen(page).tags
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [attrs["href"] or "" for tag, attrs in tags if tag == "a"]
    assert {link.removeprefix("#").partition("?")[0] for link in links} <= set(ids)


def test_without_scripts_the_matrix_says_that_it_needs_them_and_the_rest_is_there() -> None:
    text = Seen(PAGE).text
    assert "The verdict matrix needs scripts" in text
    for words in ("Says how long bread keeps", "profits most", "Round 2", "Doubtful verdicts"):
        assert words in text


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\u202etxt\x00\x1b[31m{{ 7*7 }}"


def test_hostile_text_in_every_field_is_text() -> None:
    def spoilt(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: spoilt(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [spoilt(one, key) for one in value]
        kept = ("rubric", "better", "stopped", "check")
        return f"{value}{HOSTILE}" if isinstance(value, str) and key not in kept else value

    rubric, rounds = spoilt(RUBRIC), spoilt(ROUNDS)
    files = [spoilt(rows) for rows in (scores(RUBRIC["criteria"], ["111", "010", "011", "001"]), [])]
    found = html_report(files[0], [rubric], rounds).html
    assert len([tag for tag, _ in Seen(found).tags if tag == "script"]) == len(re.findall("<script", found))
    assert not [tag for tag, _ in Seen(found).tags if tag == "img"]
    assert "\x00" not in found
    assert "\u202e" not in found
    assert "[U+202E]txt␀␛[31m{{ 7*7 }}" in Seen(found).text
    assert HOSTILE not in json.dumps(unpacked(found, "matrix-index"), ensure_ascii=False)


def test_a_page_that_would_be_too_large_leaves_out_texts_and_says_so() -> None:
    rows = [
        {**row, "response": "".join(hashlib.sha256(f"{i} {row['id']}".encode()).hexdigest() for i in range(400))}
        for row in BEFORE
    ]
    whole = html_report(rows, [RUBRIC])
    assert whole.left_out == []
    small = html_report(rows, [RUBRIC], max_bytes=len(whole.html) - 30_000)
    assert len(small.html.encode()) <= len(whole.html) - 30_000
    (told,) = small.left_out
    assert "1 prompt with its responses and reasons" in told
    assert "left out because the page would be too large" in small.html.lower()


def test_the_texts_of_a_prompt_are_packed_apart_from_the_index() -> None:
    texts = unpacked(PAGE, "texts-0")
    assert texts["responses"] == [f"Answer {number}." for number in (1, 2, 3, 4)]
    assert texts["notes"]["1"][0].endswith("unmet")


@given(st.text())
def test_visible_text_has_no_control_character_and_no_turning_mark(text: str) -> None:
    shown = visible(text)
    assert all(c in "\t\n" or not (ord(c) < 32 or 0x7F <= ord(c) < 0xA0) for c in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert visible(shown) == shown
