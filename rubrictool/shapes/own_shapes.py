"""Import the shape that somebody wrote for a format of their own, and name its faults by the rows where they come.

Its code is not ours and may raise anything. A fault is the row's as far as the run is concerned: it is told with the place in the
data and the place in the code, and not as a traceback.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from rubrictool.errors import InputError
from rubrictool.shapes.shape import Contents, Shape
from rubrictool.text.encoding import compact_bytes


def own_shape(name: str) -> Shape:
    """Return the shape that a name such as `module:NAME` stands for. Raises `InputError` where there is none."""
    module, _, variable = name.partition(":")
    if not (module and variable):
        raise InputError(f"{name!r}: names no format of yours; write MODULE:NAME")
    try:
        found = getattr(import_module(module), variable)
    except (ImportError, AttributeError) as error:
        raise InputError(f"{name!r}: cannot be imported: {error}") from None
    except (Exception, SystemExit) as error:  # somebody else's module, which may raise anything or exit
        raise InputError(f"{name!r}: cannot be imported: {_told(error)}") from error
    if not isinstance(found, Shape):
        raise InputError(f"{name!r}: is no rubrictool.formats.Shape but {type(found).__name__}")
    return replace(
        found,
        matches=partial(_met, found.matches),
        read=_guarded(found.read, name, _check_contents),
        read_all=_guarded(found.read_all, name, _check_contents),
        write=_guarded(found.write, name, _check_rows),
    )


def _met(rule: Callable[[Mapping[str, Any]], bool], row: Mapping[str, Any]) -> bool:
    """Return whether a row meets a rule. A rule that fails on it, such as for lack of a column, is not met."""
    try:
        return bool(rule(row))
    except Exception:  # the rule is somebody else's code, which may raise anything
        return False


def _guarded(function: Any, name: str, check: Callable[[Any], None]) -> Any:
    """Return a function whose faults are `ValueError`s; None for none."""
    return function and partial(_called, function, name, check)


def _called(function: Callable[[Any], Any], name: str, check: Callable[[Any], None], given: Any) -> Any:
    try:
        found = function(given)
        check(found)
    except ValueError:
        raise
    except Exception as error:  # the function is somebody else's code, which may raise anything
        raise ValueError(f"{name}: {_told(error)}") from error
    return found


def _told(error: BaseException) -> str:
    """Return an error in words, with the place in the code that raised it."""
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError):
        return reason
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{reason} ({Path(frame.filename).name}, line {frame.lineno})"


def _check_contents(found: Any) -> None:
    if not isinstance(found, Contents):
        raise ValueError(f"read must return Contents, not {type(found).__name__}")
    single = [one for one in (found.prompt, found.rubric, found.columns) if one is not None]
    for columns in (*single, *found.responses, *found.comparisons):
        if not isinstance(columns, Mapping):
            raise ValueError(f"each part of Contents must be a dict of columns, not {type(columns).__name__}")
    places = [comparison[side] for comparison in found.comparisons for side in "ab" if side in comparison]
    if missing := [one for one in places if isinstance(one, int) and not 0 <= one < len(found.responses)]:
        raise ValueError(f"a comparison names response {missing[0]} of {len(found.responses)}, counted from 0")


def _check_rows(found: Any) -> None:
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ValueError("write must return a list of rows, each a dict of columns")
    compact_bytes(found)
