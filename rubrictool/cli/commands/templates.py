"""rubrictool templates: copy the prompt templates to a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rubrictool.cli.terminal.progress import say
from rubrictool.errors import InputError
from rubrictool.questions.templates import shipped_template, template_names


def copy_templates(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder, made if need be.", show_default=False)],
) -> None:
    """Copy our prompt texts to a folder.

    Edit them there and give the folder back with --templates.

    Example: rubrictool templates my-templates
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if taken := [name for name in template_names() if (folder / f"{name}.txt").exists()]:
            raise InputError(f"{folder / taken[0]}.txt: is already there; name another folder")
        for name in template_names():
            (folder / f"{name}.txt").write_text(shipped_template(name), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None
    say(f"rubrictool: {len(template_names())} templates written to {folder}")
