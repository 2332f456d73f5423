"""The four model commands through a real vLLM server that rubrictool starts and ends; run by hand, see contributing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from shell import Shell

PYTHON = os.environ.get("RUBRICTOOL_TEST_VLLM_PYTHON", "")
SETTINGS = ["--max-model-len=16384", "--enforce-eager", "--dtype=float32"]
# Random weights would fill any gap that a grammar leaves them with white space.
TIGHT = '--structured-outputs-config={"disable_any_whitespace": true, "backend": "xgrammar"}'

pytestmark = [pytest.mark.vllm, pytest.mark.skipif(not PYTHON, reason="RUBRICTOOL_TEST_VLLM_PYTHON names no Python")]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    subprocess.run([PYTHON, str(Path(__file__).with_name("tiny.py")), str(folder)], check=True)
    return folder


@pytest.fixture
def flags(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    for name, value in {"HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}.items():
        monkeypatch.setenv(name, value)
    arguments = [f"--vllm-arg={argument}" for argument in (*SETTINGS, TIGHT)]
    return ["--judge", f"vllm:{tiny}", "--vllm-python", PYTHON, *arguments]


def running() -> str:
    return subprocess.run(["ps", "ax", "-o", "args"], capture_output=True, text=True, check=True).stdout


def test_a_server_serves_refine_in_both_roles_and_is_gone_afterwards(
    shell: Shell, sample: Path, tiny: Path, flags: list[object]
) -> None:
    prompts = shell.write("p.jsonl", [shell.read(str(sample / "prompts.jsonl"))[0]])
    ran = shell("refine", prompts, *flags, "--proposer", f"vllm:{tiny}", "--rounds", 1, "-o", "r.jsonl")
    assert ran.code == 0, ran.err
    assert ran.err.count("vllm: starting") == 1
    assert shell.read("r.jsonl")[0]["rounds"] == 1
    assert str(tiny) not in running()


def test_a_server_serves_winrate_with_reasons(shell: Shell, sample: Path, flags: list[object]) -> None:
    rows = [
        {"prompt_id": "p", "prompt": "Why?", "response": r["response"]}
        for r in shell.read(str(sample / "prompts.jsonl"))[0]["responses"][:4]
    ]
    files = [shell.write("a.jsonl", rows[:2]), shell.write("b.jsonl", rows[2:])]
    ran = shell("winrate", *files, *flags, "--reasons")
    assert ran.code == 0, ran.err
    assert all(row["reasons"]["ab"] for row in ran.rows)


def test_a_server_that_does_not_start_says_why(shell: Shell, tmp_path: Path, flags: list[object]) -> None:
    row = {"prompt_id": "p", "prompt": "Why?", "response": "So."}
    rubric = {"id": "p", "criteria": [{"criterion": "Says so.", "weight": 1}]}
    files = [shell.write("s.jsonl", [row]), "--rubrics", shell.write("k.jsonl", [rubric])]
    ran = shell("score", *files, *flags[2:], "--judge", f"vllm:{tmp_path / 'nothing'}", "-o", "out.jsonl")
    assert ran.code == 2
    assert "its log ends" in ran.err
    assert not (shell.directory / "out.jsonl").exists()
