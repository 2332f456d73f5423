"""What the documentation prints from the program itself; called by the cog blocks in README.md and docs/*.md."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import cleandoc
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from rubrictool import errors, prompts, records

ROOT = Path(__file__).parent.parent
COMMANDS = ("sample", "propose", "score", "filter-top-k", "refine", "winrate", "templates", "cache export")
COLUMNS = 100


def helps() -> None:
    """The help of every command."""
    for command in COMMANDS:
        print(f"\n## rubrictool {command}\n\n```text\n{_help(command)}\n```")
    print()


def overview(folder: str = "docs/") -> None:
    """The commands in a table: what each is for, from its help."""
    print("\n| command | what it does |\n|---|---|")
    for command in COMMANDS:
        purpose = _help(command).split("\n\n")[1].strip()
        print(f"| [`{command}`]({folder}commands.md#rubrictool-{command.replace(' ', '-')}) | {purpose} |")
    print()


def transcript(*lines: str) -> None:
    """Commands run one after the other in one directory, with what they print."""
    print("\n```console")
    with _place() as directory:
        for line in lines:
            print(f"$ {line}")
            print(_shell(line, directory), end="")
    print("```\n")


def main_job() -> None:
    """What the README's first command prints on a terminal, installation aside."""
    line = "rubrictool refine sample_data/prompts.jsonl --pairs great-diverse --rounds 4 -o refined.jsonl"
    with _place() as directory:
        print(f"\n```console\n$ {line}\n{_on_a_terminal(line, directory)}```\n")


def row(name: str) -> None:
    """The columns of one kind of row, from its record."""
    kind: type[BaseModel] = getattr(records, name)
    print("\n| column | type | |\n|---|---|---|")
    for column, field in kind.model_fields.items():
        made = column == "id" and not field.is_required()
        print(f"| `{column}` | {_type(field.annotation)} | {'made if missing' if made else _need(field)} |")
    print()


def error_tree() -> None:
    """The tree of errors as the module draws it."""
    print(f"\n```text\n{cleandoc(errors.__doc__ or '').split(chr(10) * 2, 1)[1]}\n```\n")


def templates() -> None:
    """The templates and what they are filled with."""
    print("\n| file | placeholders |\n|---|---|")
    for name, slots in prompts.PLACEHOLDERS.items():
        print(f"| `{name}.txt` | {', '.join(f'`{{{slot}}}`' for slot in slots)} |")
    print()


def _help(command: str) -> str:
    with _place() as directory:
        return _shell(f"rubrictool {command} --help", directory).rstrip()


def _need(field: Any) -> str:
    return "" if field.is_required() else "optional"


def _type(annotation: Any) -> str:
    """A type in the words of JSON."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inside[0])
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_type(part) for part in inside if part is not NoneType))
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inside)
    if origin is tuple:
        return f"list of {_type(inside[0])}" if inside[-1] is Ellipsis else f"two of {_type(inside[0])}"
    names = {str: "text", int: "number", float: "number", bool: "true or false"}
    return names.get(annotation) or annotation.__name__.lower()


@contextmanager
def _place() -> Iterator[Path]:
    """A directory with the sample data in it and nothing else."""
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(ROOT / "sample_data", Path(directory) / "sample_data")
        yield Path(directory)


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RUBRICTOOL_", "XDG_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "HOME": str(home / ".home"), "PATH": path, "COLUMNS": str(COLUMNS), "TERM": "dumb"}


def _shell(line: str, directory: Path) -> str:
    ran = subprocess.run(
        ["bash", "-c", line], cwd=directory, env=_environment(directory), text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return _steady(ran.stdout) + (f"(exit code {ran.returncode})\n" if ran.returncode else "")


def _on_a_terminal(line: str, directory: Path) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["bash", "-c", line], cwd=directory, env=_environment(directory), stdout=theirs, stderr=theirs
    ):
        os.close(theirs)
        written = b"".join(_chunks(ours))
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode().replace("\r\n", "\n"))
    # What a bar leaves behind on a terminal that cannot redraw lines.
    return _steady(
        "".join(f"{part}\n" for part in text.splitlines() if "━" not in part and not part.startswith("refine  "))
    )


def _chunks(terminal: int) -> Iterator[bytes]:
    try:
        while chunk := os.read(terminal, 65536):
            yield chunk
    except OSError:  # how Linux says that the other side has closed
        os.close(terminal)


def _steady(text: str) -> str:
    """Without what differs from run to run."""
    return re.sub(r", \d+\.\d s$", ", … s", text, flags=re.MULTILINE)


def show(path: str, line: int = 0, *, columns: tuple[str, ...] = ()) -> None:
    """One row of a file of the sample data, some columns of it, as JSON."""
    value = json.loads((ROOT / path).read_text(encoding="utf-8").splitlines()[line])
    picked = {name: value[name] for name in columns or value}
    print(f"\n```json\n{json.dumps(picked, ensure_ascii=False, indent=1)}\n```\n")
