"""Write tables on standard output, and what is to be said of them on stderr."""

from __future__ import annotations

from collections.abc import Sequence

from rubrictool.cli.files import Stdout
from rubrictool.cli.progress import say
from rubrictool.cli.sheets import Rendering, Sheet, rendered


def write_sheets(command: str, sheets: Sequence[Sheet], rendering: Rendering | None, notes: Sequence[str]) -> None:
    """Write tables in a rendering, by default for people, and say the notes."""
    with Stdout() as screen:
        screen.write_bytes("".join(f"{line}\n" for line in rendered(sheets, rendering or "terminal")).encode())
    for note in notes:
        say(f"{command}: {note}")
