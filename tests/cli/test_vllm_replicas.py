"""Several vLLM servers of one model on this machine: who gets which GPUs, and what happens when they die."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from background import until
from fake_vllm import all_gone, fake_vllm
from shell import Shell


@pytest.fixture
def scoring(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """`score` of twelve responses to six prompts by servers of the fake."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    rows = [
        {"prompt_id": f"p{number % 6}", "prompt": f"Why {number % 6}?", "response": f"Because {number}."}
        for number in range(12)
    ]
    rubric = {"id": "*", "criteria": [{"criterion": "Says so.", "weight": 1}]}
    files = [shell.write("r.jsonl", rows), "--rubrics", shell.write("k.jsonl", [rubric]), "-o", "out.jsonl"]
    return ["score", *files, "--judge", "vllm:/some/model", "--vllm-python", fake_vllm(tmp_path)]


def driver(folder: Path, gpus: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have NVIDIA's program on the path, which lists so many GPUs."""
    program = folder / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nseq 0 {gpus - 1}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_questions_go_to_all_servers_and_each_has_gpus_of_its_own(
    shell: Shell, tmp_path: Path, scoring: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver(tmp_path, 5, monkeypatch)
    ran = shell(*scoring, "--replicas", 2, "--vllm-arg=-tp", "--vllm-arg=2")
    assert (ran.code, len(shell.read("out.jsonl"))) == (0, 12), ran.err
    assert sorted((tmp_path / "gpus").read_text().split()) == ["0,1", "2,3"]
    assert len(set((tmp_path / "asked_ports").read_text().split())) == 2
    assert "vllm: /some/model is ready after" in ran.err
    assert ran.err.count("vllm: starting /some/model at http") == 2
    until(lambda: all_gone(tmp_path, servers=2))


def test_when_a_server_dies_its_questions_go_to_the_others(shell: Shell, tmp_path: Path, scoring: list[object]) -> None:
    ran = shell(*scoring, "--replicas", 2, "--vllm-arg=--dies-once")
    assert (ran.code, len(shell.read("out.jsonl"))) == (0, 12), ran.err
    assert ran.err.count("does not answer; its work goes to the 1 left") == 1
    assert ran.err.count(" ended (log: ") == 1
    until(lambda: all_gone(tmp_path, servers=2))


def test_when_all_servers_die_the_rows_that_are_left_fail(shell: Shell, tmp_path: Path, scoring: list[object]) -> None:
    ran = shell(*scoring, "--replicas", 2, "--vllm-arg=--dies")
    failed = shell.read("out.jsonl.failed.jsonl")
    assert (ran.code, len(shell.read("out.jsonl")) + len(failed)) == (1, 12), ran.err
    assert any("all 2 vLLM servers ended" in row["error"]["message"] for row in failed)
    until(lambda: all_gone(tmp_path, servers=2))


def test_a_server_that_does_not_start_ends_those_that_did(shell: Shell, tmp_path: Path, scoring: list[object]) -> None:
    (tmp_path / "bin").mkdir()
    ran = shell(*scoring, "--replicas", 3, "--vllm-arg=--fails")
    assert ran.code == 2
    assert "no such model: /some/model" in ran.err


@pytest.mark.parametrize("args", [[], ["--tensor-parallel-size=2"], ["-pp", "2"], ["--data_parallel_size=2"]])
def test_too_few_gpus_are_an_error_before_anything_starts(
    shell: Shell, tmp_path: Path, scoring: list[object], monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    driver(tmp_path, 3, monkeypatch)
    ran = shell(*scoring, "--replicas", 4, *(f"--vllm-arg={arg}" for arg in args))
    assert ran.code == 2
    assert f"need {8 if args else 4}; this machine has 3" in ran.err
    assert "(--replicas N)" in ran.err
    assert not (tmp_path / "pids").exists()


def test_two_models_share_the_gpus_and_one_server_keeps_all(
    shell: Shell, tmp_path: Path, scoring: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6")
    assert shell(*scoring).code == 0
    assert (tmp_path / "gpus").read_text().split() == ["4,5,6"]
    (tmp_path / "gpus").unlink()
    assert shell(*scoring, "--replicas", 2, "--no-cache").code == 0
    assert sorted((tmp_path / "gpus").read_text().split()) == ["4", "5"]
    two = ["refine", "p.jsonl", "--proposer", "vllm:/other/model", *scoring[6:], "--replicas", 2]
    shell.write("p.jsonl", [{"id": "p", "prompt": "Why?", "responses": [{"response": t, "model": t} for t in "ab"]}])
    assert "need 4; this machine has 3" in shell(*two).err
