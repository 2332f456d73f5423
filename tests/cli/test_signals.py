"""A vLLM server that a command started is gone with it, and so is what that server started, however the command ends."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from background import PipedCommand, start, until
from fake_vllm import all_gone, fake_vllm


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python that has our fake of vLLM; logs go into the directory."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return fake_vllm(tmp_path)


def scoring(python: Path, *vllm_args: str, servers: int = 1) -> PipedCommand:
    """`rubrictool score` of four responses, under way in the directory that holds the Python."""
    rubric = {"id": "*", "criteria": [{"criterion": "Says so.", "weight": 1}]}
    rows = [{"prompt_id": "p", "prompt": "Why?", "response": f"Because {number}."} for number in range(4)]
    (python.parent / "responses.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (python.parent / "rubrics.jsonl").write_text(json.dumps(rubric) + "\n")
    files = ["responses.jsonl", "--rubrics", "rubrics.jsonl", "-o", "out.jsonl"]
    server = [
        "--judge",
        "vllm:/some/model",
        "--vllm-python",
        python,
        "--replicas",
        servers,
        *(f"--vllm-arg={arg}" for arg in vllm_args),
    ]
    return start(python.parent, "score", *files, *server)


def test_a_server_serves_a_whole_command_and_is_gone_when_it_is_done(tmp_path: Path, python: Path) -> None:
    process = scoring(python)
    _, words = process.communicate(timeout=20)
    assert process.returncode == 0, words
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 4
    assert "vllm: /some/model is ready" in words
    until(lambda: all_gone(tmp_path, servers=1))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_command_leaves_with_130_when_its_servers_are_gone(
    tmp_path: Path, python: Path, how: signal.Signals
) -> None:
    (tmp_path / "out.jsonl").write_text("old")
    process = scoring(python, "--hangs", servers=2)
    until((tmp_path / "asked").exists)
    process.send_signal(how)
    _, words = process.communicate(timeout=20)
    until(lambda: all_gone(tmp_path, servers=2))
    assert (process.returncode, (tmp_path / "out.jsonl").read_text()) == (130, "old")
    assert "interrupted" in words
    assert "Traceback" not in words


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_command_interrupted_while_its_server_starts_leaves_none(
    tmp_path: Path, python: Path, how: signal.Signals
) -> None:
    process = scoring(python, "--never-ready")
    until((tmp_path / "health").exists)
    process.send_signal(how)
    _, words = process.communicate(timeout=20)
    until(lambda: all_gone(tmp_path, servers=1))
    assert process.returncode == 130
    assert "Traceback" not in words


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP], ids=["kill -9", "SIGHUP"])
def test_a_killed_command_takes_its_servers_with_it(tmp_path: Path, python: Path, how: signal.Signals) -> None:
    process = scoring(python, "--hangs", servers=2)
    until((tmp_path / "asked").exists)
    assert not all_gone(tmp_path, servers=2)
    process.send_signal(how)
    process.communicate(timeout=20)
    assert process.returncode == {signal.SIGKILL: -9, signal.SIGHUP: 130}[how]
    until(lambda: all_gone(tmp_path, servers=2))


def test_a_command_killed_while_its_server_starts_takes_it_along(tmp_path: Path, python: Path) -> None:
    process = scoring(python, "--never-ready")
    until((tmp_path / "health").exists)
    process.kill()
    process.communicate(timeout=20)
    until(lambda: all_gone(tmp_path, servers=1))


def test_a_server_that_dies_fails_the_rows_that_it_had_not_judged_and_leaves_no_child(
    tmp_path: Path, python: Path
) -> None:
    process = scoring(python, "--dies")
    _, words = process.communicate(timeout=20)
    done = (tmp_path / "out.jsonl").read_text().splitlines()
    failed = [json.loads(line) for line in (tmp_path / "out.jsonl.failed.jsonl").read_text().splitlines()]
    assert (process.returncode, len(done) + len(failed)) == (1, 4), words
    assert "Because 2." in {row["response"] for row in failed}
    assert all("the vLLM server ended" in row["error"]["message"] for row in failed)
    until(lambda: all_gone(tmp_path, servers=1))


def test_a_server_that_does_not_start_ends_the_command_with_the_end_of_its_log(tmp_path: Path, python: Path) -> None:
    process = scoring(python, "--fails")
    _, words = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "the server did not start; its log ends:\n    no such model: /some/model" in words
    assert not (tmp_path / "out.jsonl").exists()
