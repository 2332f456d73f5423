"""The words hold: one type name, one meaning; docstrings begin with a verb or a noun; below the command line no text names a
flag."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from source import MODULES, PACKAGE, nodes, tree

from rubrictool.cli.command_table import COMMANDS
from rubrictool.cli.flag_hints import FLAG_HINTS

FLAG = re.compile(r"(?:^|[\s(`'\"=:])--[a-z][a-z-]+")


def name_of(path: Path) -> str:
    """The path of a module in the package."""
    return str(path.relative_to(PACKAGE))


BELOW = [path for path in MODULES if not name_of(path).startswith("cli/")]
"""The modules below the command line."""


def texts(path: Path) -> Iterator[str]:
    """Every text in a module, docstrings included."""
    return (node.value for node in nodes(path) if isinstance(node, ast.Constant) and isinstance(node.value, str))


def flags_below() -> list[tuple[str, str]]:
    """The texts below the command line that name a flag, each with its module."""
    return [(name_of(path), text) for path in BELOW for text in texts(path) if FLAG.search(text)]


def test_no_text_below_the_command_line_names_a_flag() -> None:
    assert [(name, text) for name, text in flags_below() if " " in text] == []


def test_a_flag_alone_is_an_argument_of_a_program_that_is_started() -> None:
    """Of vLLM's server, and of nvidia-smi, which counts the GPUs."""
    starting = {f"models/backends/{name}.py" for name in ("gpus", "local_servers", "vllm_process")}
    assert {name for name, text in flags_below() if " " not in text} == starting


def codes() -> Iterator[str]:
    """The codes that errors below the command line are raised with."""
    for path in BELOW:
        for node in nodes(path):
            if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
                yield str(node.value.value)


def test_every_code_of_an_input_error_has_its_flags() -> None:
    assert set(codes()) - {"None"} <= set(FLAG_HINTS)


@pytest.mark.parametrize("hint", FLAG_HINTS.values())
def test_every_flag_that_is_hinted_at_is_one(hint: str) -> None:
    known = {option for entry in COMMANDS.values() for parameter in entry.load().params for option in parameter.opts}
    assert {word.rstrip(",") for word in hint.split() if word.startswith("--")} <= known


def types(path: Path) -> Iterator[str]:
    """The public types that a module defines: classes, aliases and type variables."""
    for node in tree(path).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def is_type_name(name: str) -> bool:
    return name[:1].isupper() and not name.isupper()


def test_a_type_name_has_one_meaning() -> None:
    places: dict[str, list[str]] = {}
    for path in MODULES:
        for defined in filter(is_type_name, types(path)):
            places.setdefault(defined, []).append(name_of(path))
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert twice == {}


NO_VERB = re.compile(
    r"(?:a|all|an|any|as|at|both|by|each|every|everything|for|from|here|how|if|in|it|litellm|many|more|most|no|none|nothing|of|on|"
    r"one|only|other|several|since|smaller|so|some|such|that|the|there|these|they|this|those|two|what|when|where|whether|which|"
    r"who|whom|whose|why|with)",
    re.IGNORECASE,
)
"""First words of a docstring that say that it does not begin with a verb in the imperative or "Return"."""


def first_words(path: Path) -> Iterator[tuple[str, str]]:
    """Each public function and method of a module that has a docstring, and the first word of it."""
    functions = (node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    for node in functions:
        text = ast.get_docstring(node)
        if text and not node.name.startswith("_"):
            yield node.name, text.split()[0].strip(",.:;")


QUESTION = re.compile(r"(?:how|what|when|where|whether|which|who|whom|whose|why)\b", re.IGNORECASE)


def docstrings(path: Path) -> Iterator[str]:
    """The docstrings of a module, of all that it defines, and of its constants."""
    for node in nodes(path):
        body = getattr(node, "body", None)
        for before, after in pairwise([node, *body] if isinstance(body, list) else ()):
            described = before is node or isinstance(before, ast.Assign | ast.AnnAssign)
            if described and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                yield str(after.value.value)


@pytest.mark.parametrize(
    "folder", [PACKAGE, Path(__file__).parent, PACKAGE.parent / "docs"], ids=lambda path: path.name
)
def test_no_docstring_begins_as_a_question(folder: Path) -> None:
    """A docstring is an imperative or a noun phrase: "What a row needs" says neither what to do nor what the thing is."""
    found = [(path.name, text) for path in sorted(folder.rglob("*.py")) for text in docstrings(path)]
    assert [one for one in found if QUESTION.match(one[-1])] == []


def test_the_docstring_of_a_public_function_begins_with_a_verb() -> None:
    firsts = [(name_of(path), *first) for path in MODULES for first in first_words(path)]
    assert [first for first in firsts if NO_VERB.fullmatch(first[-1])] == []
