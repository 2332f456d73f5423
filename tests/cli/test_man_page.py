"""The man page has every command and flag, in roff that a formatter takes; completion knows both."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rubrictool import cli
from rubrictool.cli.command_table import COMMANDS

DOCS = Path(__file__).parents[2] / "docs" / "generators"
sys.path.insert(0, str(DOCS))

from man_page import man_page  # noqa: E402


def test_the_page_has_each_command_with_its_flags() -> None:
    page = man_page()
    assert page.startswith(".TH RUBRICTOOL 1")
    parts = dict(part.split('"\n', 1) for part in page.split('.SS "rubrictool ')[1:])
    assert parts.keys() == COMMANDS.keys()
    for name, entry in COMMANDS.items():
        flags = [max(one.opts, key=len) for one in entry.load().params if _is_shown(one)]
        assert all(flag.replace("-", r"\-") in parts[name] for flag in flags)


def _is_shown(parameter: Any) -> bool:
    return parameter.param_type_name == "option" and not parameter.hidden


def test_only_macros_begin_with_a_dot() -> None:
    begun = {line.split()[0] for line in man_page().splitlines() if line[:1] in (".", "'")}
    assert begun == {".TH", ".SH", ".SS", ".PP", ".TP"}
    assert not re.search(r"\\(?![fe&-])", man_page())


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_a_formatter_has_nothing_to_complain_of() -> None:
    ran = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww"], input=man_page(), capture_output=True, text=True, check=True
    )
    assert ran.stderr == ""


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("rubrictool filt", ["filter-top-k"]),
        ("rubrictool score --rub", ["--rubrics"]),
        ("rubrictool score --view ", ["full", "last"]),
        ("rubrictool cache c", ["clear"]),
        ("rubrictool schema ru", ["rubrics"]),
    ],
)
def test_completion_offers_commands_flags_and_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, offered: list[str]
) -> None:
    monkeypatch.setenv("_RUBRICTOOL_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    cli.run([])
    assert capsys.readouterr().out.split() == offered
