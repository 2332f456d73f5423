"""--engine without Ray: what is said where it is missing, and that nothing changes where it is not asked for."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from shell import Shell

HAS_RAY = importlib.util.find_spec("ray") is not None


@pytest.mark.skipif(HAS_RAY, reason="Ray is installed")
@pytest.mark.parametrize("command", [["propose"], ["sample", "--model", "m@http://127.0.0.1:9/v1"]])
def test_without_ray_the_error_says_how_to_install_it(shell: Shell, sample: Path, command: list[str]) -> None:
    ran = shell(*command, sample / "prompts.jsonl", "--engine", "ray", "-o", "out.jsonl")
    assert ran.code == 2
    assert "Ray is not installed; " in ran.err
    assert "pip install '.[ray]'" in ran.err
    assert shell.names() == set()


def test_an_address_without_the_engine_is_refused(shell: Shell, sample: Path) -> None:
    ran = shell("propose", sample / "prompts.jsonl", "--ray-address", "127.0.0.1:6379")
    assert (ran.code, "--ray-address: has no effect without --engine ray" in ran.err) == (2, True)


def test_a_dry_run_needs_no_cluster(shell: Shell, sample: Path) -> None:
    command = ["propose", sample / "prompts.jsonl", "--proposer", "m@http://127.0.0.1:9/v1", "--dry-run"]
    assert shell(*command, "--engine", "ray").err == shell(*command).err


def test_the_local_engine_is_the_default(shell: Shell, sample: Path) -> None:
    command = ["propose", sample / "prompts.jsonl"]
    assert shell(*command, "--engine", "local").out == shell(*command).out
