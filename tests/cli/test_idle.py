"""A flag that would change nothing is refused, with what would make it matter: whoever gave it believes that it does."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import Shell

MODEL = "m@http://127.0.0.1:9/v1"


@pytest.fixture
def files(shell: Shell, sample: Path) -> Shell:
    """The sample data as p, r, s (scores), w (weak) and c (comparisons)."""
    (shell.directory / "p").write_bytes((sample / "prompts.jsonl").read_bytes())
    (shell.directory / "r").write_bytes((sample / "fir-v1.jsonl").read_bytes())
    shell.write("u", [{"id": "*", "criteria": [{"criterion": "Is right.", "weight": 1}]}])
    shell.write("s", [{"prompt_id": "p", "prompt": "x", "response": text, "score": len(text)} for text in ("a", "bb")])
    shell.write("c", [{"prompt_id": "p", "winner": "a"}])
    return shell


IDLE = [
    ("refine p --tolerance 0.1", "--tolerance", "without --accept label-agreement"),
    ("refine p --accept label-correlation --tolerance 0.1", "--tolerance", "without --accept label-agreement"),
    ("refine p --accept label-correlation --weak r", "--weak", "without --accept skill"),
    ("refine p --accept separates --labels p", "--labels", "without --accept label-correlation or label-agreement"),
    ("refine p --pool keep --keep-least 6", "--keep-least", "without --pool narrow"),
    ("refine p --pairs random --keep-share 0.3", "--keep-share", "with --pairs random, which scores nothing"),
    ("refine p -n 3", "-n", "without --model"),
    ("refine p --proposer-context none", "--proposer-context", "while no --proposer SPEC"),
    ("refine p --judge-args {}", "--judge-args", "while no --judge SPEC"),
    ("score r --rubrics u --temperature 1", "--temperature", "while no --judge SPEC"),
    ("score r --rubrics u --use-reference", "--use-reference", "while no model is named"),
    ("propose p --max-tokens 9", "--max-tokens", "while no --proposer SPEC"),
    ("propose p --vllm-arg=--x", "--vllm-arg", "without a vllm: model"),
    ("propose p --no-cache --cache x.db", "--cache", "with --no-cache"),
    ("filter-top-k s --pairing best-each", "--pairing", "without --emit pairs"),
    ("filter-top-k s --prompts p", "--prompts", "without --rubrics or --emit pairs"),
    ("filter-top-k s --missing-rubric skip", "--missing-rubric", "without --rubrics"),
    (f"filter-top-k s --judge {MODEL}", "--judge", "without --rubrics"),
    ("winrate c --prompts p", "--prompts", "on one file of finished comparisons"),
    ("winrate c --dry-run", "--dry-run", "on one file of finished comparisons"),
    ("winrate s s --by scores --dry-run", "--dry-run", "with --by scores"),
    (f"winrate s s --by scores --judge {MODEL}", "--judge", "with --by scores"),
    ("winrate r r --rubrics u --judge-args {}", "--judge-args", "while no --judge SPEC"),
]


@pytest.mark.parametrize(("line", "flag", "needs"), IDLE, ids=[line for line, *_ in IDLE])
def test_a_flag_that_would_change_nothing_is_refused(files: Shell, line: str, flag: str, needs: str) -> None:
    ran = files(*line.split(), "-o", "out.jsonl")
    assert ran.code == 2
    assert f"rubrictool: {flag}: has no effect" in ran.err
    assert needs in ran.err
    assert "out.jsonl" not in files.names()


@pytest.mark.parametrize(
    "line",
    [
        "refine p --accept label-agreement --tolerance 0.1 --rounds 1",
        "filter-top-k s --emit pairs --pairing best-each --prompts p",
    ],
)
def test_the_same_flags_pass_where_they_matter(files: Shell, line: str) -> None:
    assert "has no effect" not in files(*line.split(), "-o", "out.jsonl").err


def test_what_the_environment_sets_is_for_other_commands_too(files: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUBRICTOOL_JUDGE", MODEL)
    assert files("filter-top-k", "s").code == 0


def test_offline_that_is_named_stands_for_a_model_and_takes_its_flags(files: Shell) -> None:
    flags = ["--judge", "offline", "--temperature", 0, "--judge-args", "{}", "--use-reference"]
    assert files("score", "r", "--rubrics", "u", *flags, "--no-cache").code == 0


def test_models_that_draw_nothing_are_told_of_for_other_prompts_may_need_them(files: Shell) -> None:
    ran = files("refine", "p", "--model", MODEL, "--rounds", 0, "-o", "out.jsonl")
    assert "every prompt has its responses, so --model draws none" in ran.err
