"""What a person sees on stderr: a bar and an example on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from shell import Shell


def on_a_terminal(directory: Path, *arguments: object) -> str:
    """What a command writes to a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm"}
    command = [sys.executable, "-m", "rubrictool", *map(str, arguments)]
    with subprocess.Popen(command, cwd=directory, env=environment, stderr=theirs, stdout=subprocess.DEVNULL):
        os.close(theirs)
        return "".join(_chunks(ours))


def _chunks(terminal: int) -> list[str]:
    chunks = []
    try:
        while chunk := os.read(terminal, 65536):
            chunks.append(chunk)
    except OSError:  # how Linux says that the other side has closed
        pass
    os.close(terminal)
    return [b"".join(chunks).decode()]


def test_a_terminal_shows_a_bar_and_a_rubric_before_and_after(tmp_path: Path, sample: Path) -> None:
    seen = on_a_terminal(tmp_path, "refine", sample / "prompts.jsonl", "-o", "out.jsonl")
    assert "━" in seen
    assert "13/13" in seen
    assert "criteria before" in seen
    assert "  +   3  " in seen
    assert "tied top pairs:" in seen
    assert "under the first rubric" in seen
    assert "next: rubrictool score" in seen


def test_elsewhere_there_are_plain_lines_and_no_example(shell: Shell, sample: Path) -> None:
    ran = shell("refine", sample / "prompts.jsonl", "-o", "out.jsonl")
    assert "\x1b" not in ran.err
    assert "criteria before" not in ran.err
    assert ran.err.splitlines()[-1].startswith("refine: 13 rows, 0 failed, ")


def test_quiet_says_nothing(shell: Shell, sample: Path) -> None:
    assert shell("refine", sample / "prompts.jsonl", "-o", "out.jsonl", "-q").err == ""


def test_text_of_rows_never_steers_the_terminal(tmp_path: Path, shell: Shell) -> None:
    evil = "\x1b]0;owned\x07\x1b[31m"
    row = {
        "id": evil,
        "prompt": f"Say {evil}",
        "responses": [{"model": m, "response": f"{evil} {m} word"} for m in "ab"],
    }
    seen = on_a_terminal(tmp_path, "refine", shell.write("p.jsonl", [row]), "-o", "out.jsonl")
    assert "criteria before" in seen
    assert "\x1b]0;owned" not in seen
    assert evil not in shell("propose", shell.write("q.jsonl", [row, row])).err
