"""Write for GitHub Actions: findings as annotations of lines, tables as Markdown for the summary of a job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from rubrictool.cli.files import Stdout, is_stdout
from rubrictool.cli.sheets import Sheet, rendered, visible
from rubrictool.errors import InputError

if TYPE_CHECKING:
    from rubrictool.linting.rules import Finding

RenderingForGithub = Literal["github"]


def finding_annotations(where: str, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the workflow commands that annotate the line of a rubric; `where` is its place (`file:line`)."""
    file, _, line = where.rpartition(":")
    place = {"file": file, "line": line} if file and line.isdecimal() and file != "stdin" else {"file": where}
    for finding in findings:
        kind = "warning" if finding.severity == "warning" else "notice"
        named = ", ".join(filter(None, [finding.rubric, finding.criterion]))
        properties = {**place, "title": f"{finding.rule}: {named}"}
        told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        yield f"::{kind} {told}::{_data(finding.message)}"


def _data(text: str) -> str:
    """Return a message as GitHub's toolkit escapes it, on one line."""
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def check_summary(command: str, output: str) -> None:
    """Raise `InputError` where rows would go to standard output, where the job summary goes."""
    if is_stdout(output):
        raise InputError(f"{command}: rows and the job summary would both go to standard output; name a file with -o")


def write_job_summary(*sheets: Sheet) -> None:
    """Write tables as Markdown on standard output."""
    with Stdout() as screen:
        screen.write_bytes("".join(f"{line}\n" for line in rendered(sheets, "md")).encode())
