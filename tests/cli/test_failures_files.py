"""Failures go to a file that is named after the input, and no run deletes what another one wrote."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from background import start, until
from chat import chat_server
from shell import Shell

PROMPTS = [{"id": "p", "prompt": "Why?"}]
RESPONSES = [{"id": "r", "prompt_id": "p", "prompt": "Why?", "response": "So."}]
RUBRIC = {"id": "p", "criteria": [{"criterion": "Says so.", "weight": 1, "check": {"contains": ["so"]}}]}
OTHER = {**RUBRIC, "id": "q"}


@pytest.fixture
def files(shell: Shell) -> Shell:
    shell.write("prompts.jsonl", PROMPTS)
    shell.write("responses.jsonl", RESPONSES)
    shell.write("good.jsonl", [RUBRIC])
    shell.write("lacking.jsonl", [OTHER])
    return shell


SKIP = ["--missing-rubric", "skip"]


def failing(shell: Shell, name: object = "responses.jsonl", *more: object) -> set[str]:
    """Run `score` on a file whose only row fails; the names of the failures files that there are then."""
    assert shell("score", name, "--rubrics", "lacking.jsonl", *SKIP, *more).code == 1
    return failures(shell)


def failures(shell: Shell) -> set[str]:
    return {name for name in shell.names() if name.endswith(".failed.jsonl")}


def test_with_standard_output_the_name_is_made_of_input_and_command(files: Shell) -> None:
    assert failing(files) == {"responses.score.failed.jsonl"}


@pytest.mark.parametrize("output", ["/dev/null", "/dev/stdout", "/dev/fd/1"])
def test_a_device_has_no_name_to_add_to(files: Shell, output: str) -> None:
    assert failing(files, "responses.jsonl", "-o", output) == {"responses.score.failed.jsonl"}


def test_with_a_file_the_name_is_made_of_the_output_wherever_it_is(files: Shell) -> None:
    (files.directory / "deep").mkdir()
    assert failing(files, "responses.jsonl", "-o", "deep/out.jsonl") == set()
    assert (files.directory / "deep" / "out.jsonl.failed.jsonl").exists()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("propose - --proposer DEAD < prompts.jsonl", "stdin.propose.failed.jsonl"),
        ("score - --rubrics lacking.jsonl --missing-rubric skip < responses.jsonl", "lacking.score.failed.jsonl"),
        ("score responses.jsonl --rubrics - --missing-rubric skip < lacking.jsonl", "responses.score.failed.jsonl"),
        ("propose sub/prompts.v2.jsonl --proposer DEAD", "prompts.v2.propose.failed.jsonl"),
        ("winrate a.jsonl responses.jsonl --judge DEAD", "a.winrate.failed.jsonl"),
    ],
)
def test_the_first_input_that_is_a_file_gives_the_name(files: Shell, line: str, name: str) -> None:
    (files.directory / "sub").mkdir()
    shutil.copy(files.directory / "prompts.jsonl", files.directory / "sub" / "prompts.v2.jsonl")
    files.write("a.jsonl", RESPONSES)
    dead = "x@http://127.0.0.1:9/v1 --attempts 1 --no-cache"
    words, _, stdin = line.replace("DEAD", dead).partition(" < ")
    process = start(
        files.directory, *words.split(), stdin=os.open(files.directory / (stdin or os.devnull), os.O_RDONLY)
    )
    _, err = process.communicate()
    assert (process.returncode, failures(files)) == (1, {name}), err
    assert f"({name})" in err


def test_two_commands_in_one_directory_leave_each_other_alone(files: Shell) -> None:
    failing(files)
    kept = (files.directory / "responses.score.failed.jsonl").read_bytes()
    dead = ["--proposer", "x@http://127.0.0.1:9/v1", "--attempts", 1, "--no-cache"]
    assert files("propose", "prompts.jsonl", *dead).code == 1
    assert files("score", "responses.jsonl", "--rubrics", "good.jsonl").code == 0
    assert failures(files) == {"responses.score.failed.jsonl", "prompts.propose.failed.jsonl"}
    assert (files.directory / "responses.score.failed.jsonl").read_bytes() == kept


def test_inputs_of_one_name_from_two_directories_get_two_files(files: Shell) -> None:
    for place in "ab":
        (files.directory / place).mkdir()
        shutil.copy(files.directory / "responses.jsonl", files.directory / place)
    assert failing(files, "a/responses.jsonl") == {"responses.score.failed.jsonl"}
    both = {"responses.score.failed.jsonl", "responses.score-2.failed.jsonl"}
    assert failing(files, "b/responses.jsonl") == both
    assert failing(files, "b/responses.jsonl") == both, "each run finds its own again"


def test_a_run_that_succeeds_removes_what_the_same_run_left_before(files: Shell) -> None:
    failing(files)
    files.write("lacking.jsonl", [RUBRIC, OTHER])
    assert files("score", "responses.jsonl", "--rubrics", "lacking.jsonl", *SKIP).code == 0
    assert failures(files) == set()


@pytest.mark.parametrize("given", [[], ["--failures", "responses.score.failed.jsonl"]])
@pytest.mark.parametrize("text", ["old\n", '{"id": "r"}\n', '{"error": {"run": null}}\n', "[" * 50_000, ""])
def test_somebody_elses_file_of_that_name_is_not_removed(files: Shell, text: str, given: list[str]) -> None:
    path = files.directory / "responses.score.failed.jsonl"
    path.write_text(text)
    assert files("score", "responses.jsonl", "--rubrics", "good.jsonl", *given).code == 0
    assert path.read_text() == text
    if not given:
        assert failing(files) == {path.name, "responses.score-2.failed.jsonl"}
        assert path.read_text() == text


def test_a_failures_file_is_an_input_whatever_run_it_names(files: Shell) -> None:
    failing(files)
    ran = files("score", "responses.score.failed.jsonl", "--rubrics", "good.jsonl")
    assert (ran.code, len(ran.rows), "error" in ran.rows[0]) == (0, 1, False)
    assert failures(files) == {"responses.score.failed.jsonl"}


def test_a_name_that_a_running_command_uses_gets_a_number(tmp_path: Path) -> None:
    (tmp_path / "prompts.jsonl").write_text(json.dumps(PROMPTS[0]) + "\n")
    with chat_server(30) as server:
        running = start(tmp_path, "propose", "prompts.jsonl", "--proposer", server.spec)
        until(lambda: bool(server.requests))
        dead = ["--proposer", "x@http://127.0.0.1:9/v1", "--attempts", 1]
        second = start(tmp_path, "propose", "prompts.jsonl", *dead)
        _, words = second.communicate(timeout=20)
        assert second.returncode == 1
        assert "(prompts.propose-2.failed.jsonl)" in words
        running.kill()
        running.communicate()
    third = start(tmp_path, "propose", "prompts.jsonl", *dead)
    third.communicate(timeout=20)
    assert (tmp_path / "prompts.propose.failed.jsonl").exists(), "nobody uses the first name any more"


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640])
def test_outputs_keep_the_permissions_of_the_files_that_they_replace(files: Shell, mode: int) -> None:
    names = ["out.jsonl", "sum.json", "failed.jsonl"]
    for name in names:
        (files.directory / name).touch()
        (files.directory / name).chmod(mode)
    failing(files, "responses.jsonl", "-o", names[0], "--summary", names[1], "--failures", names[2])
    assert [(files.directory / name).stat().st_mode & 0o777 for name in names] == [mode] * 3
    assert (files.directory / "failed.jsonl").read_text()


def test_new_files_heed_the_umask(files: Shell) -> None:
    before = os.umask(0o027)
    try:
        files("score", "responses.jsonl", "--rubrics", "good.jsonl", "-o", "out.jsonl")
    finally:
        os.umask(before)
    assert (files.directory / "out.jsonl").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_and_its_target_is_replaced(files: Shell) -> None:
    (files.directory / "deep").mkdir()
    (files.directory / "out.jsonl").symlink_to("deep/real.jsonl")
    files("score", "responses.jsonl", "--rubrics", "good.jsonl", "-o", "out.jsonl")
    assert (files.directory / "out.jsonl").is_symlink()
    assert (files.directory / "deep" / "real.jsonl").read_text()


REPLIES = [{"contains": [], "reply": '{"c1": "yes"}'}]


@pytest.mark.parametrize("flag", ["-o", "--failures", "--summary"])
@pytest.mark.parametrize(
    "line",
    [
        "score responses.jsonl --rubrics good.jsonl --judge SPEC",
        "propose prompts.jsonl --proposer SPEC",
        "sample prompts.jsonl --model offline.jsonl@http://127.0.0.1:9/v1 --model SPEC",
        "winrate responses.jsonl responses2.jsonl --judge SPEC",
        "filter-top-k responses.jsonl --rubrics good.jsonl --judge SPEC",
        "refine pool.jsonl --pairs great --judge SPEC --proposer offline",
        "refine pool.jsonl --pairs great --judge offline --proposer SPEC",
    ],
)
def test_recorded_replies_are_an_input(files: Shell, line: str, flag: str) -> None:
    files.write("responses2.jsonl", RESPONSES)
    files.write("pool.jsonl", [{**PROMPTS[0], "responses": ["So.", "Not so."]}])
    before = files.write("replies.jsonl", REPLIES).read_bytes()
    ran = files(*line.replace("SPEC", "replay:./replies.jsonl").split(), flag, "replies.jsonl")
    assert (ran.code, "and an input name the same file" in ran.err) == (2, True), ran.err
    assert (files.directory / "replies.jsonl").read_bytes() == before


def test_so_are_replies_that_the_environment_names(files: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write("replies.jsonl", REPLIES)
    monkeypatch.setenv("RUBRICTOOL_PROPOSER", "replay:replies.jsonl")
    assert files("propose", "prompts.jsonl", "-o", "replies.jsonl").code == 2
    assert files.read("replies.jsonl") == REPLIES


def test_so_are_templates(files: Shell) -> None:
    files("templates", "mine")
    (name, *_) = sorted((files.directory / "mine").iterdir())
    before = name.read_bytes()
    ran = files("propose", "prompts.jsonl", "--proposer", "replay:none", "--templates", "mine", "-o", name)
    assert (ran.code, name.read_bytes()) == (2, before)
