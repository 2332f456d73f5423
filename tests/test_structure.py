"""Functions and modules stay small: few parameters, few lines, counted on the syntax tree."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from source import MODULES, PACKAGE, nodes

TOO_MANY = 8
"""Parameters that no function has more of; a command's are its flags."""


LONGEST_MODULE = 400
"""Lines."""


class Function(NamedTuple):
    """A function's place, its lines from the first statement after the docstring, and its parameters without self."""

    place: str
    lines: int
    parameters: int


def functions() -> Iterator[Function]:
    for path in MODULES:
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                name = path.relative_to(PACKAGE)
                yield Function(f"{name}:{node.lineno} {node.name}", _lines(node), _parameters(node))


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


@cache
def counted() -> list[Function]:
    """The functions that the rules hold for."""
    return [one for one in functions() if not one.place.startswith("cli/commands/")]


def test_no_function_has_more_than_eight_parameters() -> None:
    assert [one for one in counted() if one.parameters > TOO_MANY] == []


def test_nine_of_ten_functions_have_at_most_four_parameters() -> None:
    assert statistics.quantiles([one.parameters for one in counted()], n=10)[-1] <= 4


def test_half_of_the_functions_have_at_most_seven_lines() -> None:
    assert statistics.median(one.lines for one in counted()) <= 7


def test_no_module_has_more_than_400_lines() -> None:
    """A longer one holds a second concern, which wants a file of its own."""
    lines = {str(path.relative_to(PACKAGE)): path.read_text("utf-8").count("\n") for path in MODULES}
    assert {name: count for name, count in lines.items() if count > LONGEST_MODULE} == {}
