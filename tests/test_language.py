"""The words hold: below the command line no text names a flag."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rubrictool.cli.command_table import COMMANDS
from rubrictool.cli.flag_hints import FLAG_HINTS

PACKAGE = Path(__file__).parent.parent / "rubrictool"
MODULES = {str(path.relative_to(PACKAGE)): ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
BELOW = {name: tree for name, tree in MODULES.items() if not name.startswith("cli/")}

FLAG = re.compile(r"(?:^|[\s(`'\"=:])--[a-z][a-z-]+")

TELL_FLAGS = {
    "analysis/verdict_rows.py",
    "models/spec.py",
    "refinement/evidence.py",
}
"""Modules that still tell a library user of flags; this set only shrinks."""

OTHERS_FLAGS = {"models/backends/vllm.py"}
"""Modules that speak of the flags of another program."""


def texts(tree: ast.AST) -> Iterator[str]:
    """Every text in a module, docstrings included."""
    return (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))


@pytest.mark.parametrize("name", BELOW)
def test_no_text_below_the_command_line_names_a_flag(name: str) -> None:
    if name not in TELL_FLAGS | OTHERS_FLAGS:
        assert [text for text in texts(BELOW[name]) if FLAG.search(text)] == []


def codes() -> Iterator[str]:
    """The codes that errors below the command line are raised with."""
    for tree in BELOW.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
                yield str(node.value.value)


def test_every_code_of_an_input_error_has_its_flags() -> None:
    assert set(codes()) - {"None"} <= set(FLAG_HINTS)


@pytest.mark.parametrize("hint", FLAG_HINTS.values())
def test_every_flag_that_is_hinted_at_is_one(hint: str) -> None:
    known = {option for entry in COMMANDS.values() for parameter in entry.load().params for option in parameter.opts}
    assert {word.rstrip(",") for word in hint.split() if word.startswith("--")} <= known
