"""Colours: where they are shown, and where never."""

from __future__ import annotations

import pytest
from shell import Shell, on_a_terminal

WORSE = [{"prompt_id": str(n), "winner": "b"} for n in range(12)]
RED = "\x1b[31m"


def test_a_verdict_and_an_error_are_coloured_on_a_terminal(shell: Shell) -> None:
    shell.write("c.jsonl", WORSE)
    seen = on_a_terminal(shell.directory, "winrate", "c.jsonl", "--fail-under", 0.5)
    assert f"{RED}winrate: a over b: 0.000 [" in seen
    assert f"{RED}winrate: threshold missed: worse: the whole interval" in seen
    assert f"{RED}rubrictool: missing.jsonl" in on_a_terminal(shell.directory, "winrate", "missing.jsonl")


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
def test_a_terminal_that_wants_no_colours_gets_none(shell: Shell, environment: dict[str, str]) -> None:
    shell.write("c.jsonl", WORSE)
    seen = on_a_terminal(shell.directory, "winrate", "c.jsonl", "--fail-under", 0.5, rows_too=False, **environment)
    assert "winrate: threshold missed: worse" in seen
    assert RED not in seen


@pytest.mark.parametrize("forced", [True, False])
def test_elsewhere_only_force_color_colours_and_never_rows(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, *, forced: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1" if forced else "0")
    ran = shell("winrate", shell.write("c.jsonl", WORSE), "--fail-under", 0.5)
    assert (RED in ran.err) is forced
    assert "\x1b" not in ran.out


def test_what_went_well_is_no_error(shell: Shell) -> None:
    seen = on_a_terminal(shell.directory, "templates", "mine")
    assert "templates written to mine" in seen
    assert "\x1b[" not in seen
