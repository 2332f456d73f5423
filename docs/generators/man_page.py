"""Write the man page of rubrictool, from the help of its commands: `man_page.py > rubrictool.1`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from rubrictool import __version__, cli
from rubrictool.cli.command_table import COMMANDS


def man_page() -> str:
    """Return the page in roff: the options that all share, then each command with its help."""
    root = typer.main.get_command(cli.app)
    page = _Page()
    page.lines += [f'.TH RUBRICTOOL 1 "" "rubrictool {__version__}" "User Commands"']
    page.heading("NAME")
    page.write_text(f"rubrictool - {(root.help or '').rstrip('.')}")
    page.heading("SYNOPSIS")
    page.lines += [r"\fBrubrictool\fR COMMAND [ARGUMENTS] [OPTIONS]"]
    page.heading("OPTIONS")
    page.write_dl([record for one in root.params if (record := one.get_help_record(_context(root, "rubrictool")))])
    page.heading("COMMANDS")
    for words, entry in COMMANDS.items():
        page.command(entry.load(), f"rubrictool {words}")
    page.heading("SEE ALSO")
    page.write_text("The folder docs/ of the source: commands.md, rows.md, models.md, troubleshooting.md (exit codes).")
    return "\n".join(page.lines) + "\n"


def _context(command: Any, name: str) -> Any:
    return command.context_class(command, info_name=name, help_option_names=["-h", "--help"])


class _Page:
    """Lines of roff; takes the place of the formatter by which a command writes its help."""

    width, current_indent = 80, 0

    def __init__(self) -> None:
        self.lines: list[str] = []

    def heading(self, name: str) -> None:
        """Begin a section of the page."""
        self.lines.append(f".SH {name}")

    def command(self, command: Any, name: str) -> None:
        """Write the help of a command as a part of its own."""
        self.lines.append(f'.SS "{name}"')
        command.format_help(_context(command, name), self)

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:  # noqa: ARG002
        self.lines.append(rf"\fB{_text(prog)}\fR {_text(args)}")

    def write_paragraph(self) -> None:
        self.lines.append(".PP")

    def write_text(self, text: str) -> None:
        self.lines += [".PP" if not line.strip() else _text(line.strip()) for line in text.splitlines()]

    def write(self, string: str) -> None:
        self.write_text(string)

    def write_dl(self, rows: Sequence[tuple[str, str]], *_: Any, **__: Any) -> None:
        for name, text in rows:
            self.lines += [".TP", rf"\fB{_text(name.strip())}\fR", _text(text)]

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        self.lines += [".PP", rf"\fI{_text(name)}:\fR"]
        yield

    @contextmanager
    def indentation(self) -> Iterator[None]:
        yield


def _text(text: str) -> str:
    """Return a line of text in roff, where a backslash, a hyphen, and a dot or quote at the start mean other things."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped[:1] in (".", "'") else escaped


if __name__ == "__main__":
    print(man_page(), end="")
