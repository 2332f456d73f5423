"""Read TOML and YAML files, which hold one document: an object is one row, a list (YAML) a row for each item."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import date, time
from functools import cache
from typing import IO, Any

from rubrictool.rows.containers.faults import NOT_UTF8, FileFault, RowFault
from rubrictool.rows.strict_json import strict
from rubrictool.text.wording import one_line

MAX_DOCUMENT = 2**20
"""Bytes of a document at most: it is held in memory, and reading YAML takes a minute for a few of these."""

_TOO_LONG = "is longer than 1 MiB, more than is read of a file that is one document; write its rows as JSON Lines"


def toml_document(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the one row of a TOML file. Raises `RowFault` and `FileFault`."""
    text = _text(file)
    try:
        value = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FileFault(f"is no TOML: {error}") from None
    yield 1, _row(1, value)


def yaml_document(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a YAML file with the lines on which they begin. Raises `RowFault` and `FileFault`."""
    import yaml

    loader = _loader()(_text(file))
    try:
        while loader.check_node():
            for node in _nodes(loader.get_node()):
                line = node.start_mark.line + 1
                yield line, _row(line, loader.construct_document(node))
    except yaml.MarkedYAMLError as error:
        raise RowFault(_line(error), f"is no YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise FileFault(f"is no YAML: {error}") from None


def _text(file: IO[bytes]) -> str:
    content = file.read(MAX_DOCUMENT + 1)
    if len(content) > MAX_DOCUMENT:
        raise FileFault(_TOO_LONG)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileFault(NOT_UTF8) from None


def _row(number: int, value: Any) -> dict[str, Any]:
    """Return a value as JSON would give it, checked as strictly. Dates and times become text."""
    if not isinstance(value, dict):
        raise RowFault(number, "is no object; write columns and their values")
    try:
        row: dict[str, Any] = strict(json.dumps(value, default=_as_text))
    except (ValueError, RecursionError) as error:
        raise RowFault(number, str(error)) from None
    return row


def _as_text(value: Any) -> str:
    """Return a date or a time as text. Raises `ValueError` for what JSON has no value for."""
    if isinstance(value, date | time):
        return value.isoformat()
    raise ValueError(f"holds a value of the type {type(value).__name__}; write it as text")


def _nodes(node: Any) -> list[Any]:
    """Return the items of a list, or the document itself."""
    return list(node.value) if node.id == "sequence" else [node]


def _line(error: Any) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


@cache
def _loader() -> Any:
    """Return a class of safe YAML loaders that refuse repeated keys, and references, by which small files become large."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                event = self.peek_event()
                fault = "references (*name) are not read; write the value itself"
                raise yaml.composer.ComposerError(None, None, fault, event.start_mark)
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            found = Counter(key.value for key, _ in node.value if key.id == "scalar")
            if twice := [name for name, count in found.items() if count > 1]:
                fault = f"{one_line(twice[0], width=60)}: the key stands twice in one object; keep one"
                raise yaml.constructor.ConstructorError(None, None, fault, node.start_mark)
            return super().construct_mapping(node, deep)

    resolvers = yaml.SafeLoader.yaml_implicit_resolvers.items()
    Loader.yaml_implicit_resolvers = {
        first: [one for one in found if not one[0].endswith(":timestamp")] for first, found in resolvers
    }
    return Loader
