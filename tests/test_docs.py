"""The documentation tells the truth: examples run, links lead somewhere, every command and flag is told of."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import pytest
import typer
from background import on_the_path
from chat import chat_server
from shell import Shell

from rubrictool import cli
from rubrictool.errors import FailureKind
from rubrictool.rewards.http_errors import HttpKind
from rubrictool.rows import records, traces

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def program(directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    (directory / "sample_data").symlink_to(ROOT / "sample_data")
    with TemporaryDirectory() as aside, on_the_path(Path(aside)) as path:
        environment = {**os.environ, "PATH": path}
        return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


def commands(group: Any, *above: str) -> Iterator[tuple[str, ...]]:
    """The commands below a group by their words, those of groups in it too."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *above, name)
        else:
            yield (*above, name)


def test_the_readme_has_two_bash_blocks_and_ci_runs_them() -> None:
    first, second = blocks(ROOT / "README.md", "bash")
    assert "rubrictool refine sample_data/prompts.jsonl --pairs great-diverse --rounds 4 -o refined.jsonl" in first
    assert ".venv/bin/pytest" in second
    assert "README.md" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_readmes_commands_install_fixed_versions_of_all_that_the_checks_need() -> None:
    fixed = {line.split("==")[0] for line in (ROOT / ".constraints.txt").read_text(encoding="utf-8").splitlines()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    assert {re.split("[>=<;[ ]", name)[0] for name in needed} <= fixed
    assert all("pip install -q -c .constraints.txt " in block for block in blocks(ROOT / "README.md", "bash"))


def test_the_readmes_library_example_runs_and_has_eight_lines(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (example,) = blocks(ROOT / "README.md", "python")
    monkeypatch.chdir(ROOT)
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})
    assert len(capfd.readouterr().out.splitlines()) == 13
    assert len([line for line in example.splitlines() if line.strip()]) <= 9


def test_the_notebooks_example_scores_a_response(tmp_path: Path) -> None:
    example, *_ = blocks(ROOT / "docs" / "python.md", "python")
    with chat_server() as server:
        ran = program(tmp_path, sys.executable, "-c", example.replace("http://127.0.0.1:8000/v1", server.address))
    assert (ran.stdout, ran.stderr) == ("1.0\n", "")


def test_the_trainers_example_gives_rewards_in_one_event_loop_after_the_other(shell: Shell) -> None:
    _, example, *_ = blocks(ROOT / "docs" / "python.md", "python")
    criteria = [{"criterion": "Names a cloth.", "weight": 1}]
    shell.write("rubrics.jsonl", [{"id": "bread", "prompt": "How is bread kept?", "criteria": criteria}])
    with chat_server() as server:
        example = example.replace("http://127.0.0.1:8000/v1", server.address)
        ran = program(shell.directory, sys.executable, "-c", example)
    assert ran.stdout == "0 [1.0, 1.0]\n1 [1.0, 1.0]\n", ran.stderr
    assert ran.stderr == ""
    assert len(server.requests) == 3


@pytest.mark.parametrize("example", [block for page in PAGES for block in blocks(page, "sh")])
def test_the_shell_examples_run(tmp_path: Path, example: str) -> None:
    ran = program(tmp_path, "bash", "-eo", "pipefail", "-c", example)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout


def test_the_job_array_gives_the_scores_of_one_run_and_asks_nothing_twice(shell: Shell) -> None:
    task, joining = [block for block in blocks(ROOT / "docs" / "commands.md", "bash") if "scores" in block]
    rows = [{"prompt_id": f"p{n // 2}", "prompt": f"Why {n // 2}?", "response": f"So {n}."} for n in range(10)]
    shell.write("responses.jsonl", rows)
    shell.write("rubrics.jsonl", [{"id": "*", "criteria": [{"criterion": "Is right.", "weight": 1}]}])
    with chat_server() as server:
        tasks = [task.replace("$SLURM_ARRAY_TASK_ID", number).replace("/64", "/3") for number in "123"]
        script = "".join([*tasks, joining.replace("-o scores.jsonl", "-o whole.jsonl")])
        ran = program(shell.directory, "bash", "-ec", script.replace("vllm:MODEL", server.spec))
    assert (ran.returncode, len(server.requests)) == (0, 10), ran.stderr
    assert len(shell.read("whole.jsonl")) == 10
    assert shell.read("scores.jsonl") == shell.read("whole.jsonl")


def test_the_plan_for_many_nodes_gives_the_scores_of_one_run(shell: Shell) -> None:
    splitting, task = blocks(ROOT / "docs" / "scale.md", "bash")
    rows = [{"id": f"r{n}", "prompt_id": f"p{n // 2}", "response": f"So {n}."} for n in range(16)]
    responses = shell.write("responses.jsonl", rows)
    criteria = [{"criterion": "Is right.", "weight": 1}]
    rubrics = shell.write(
        "rubrics.jsonl", [{"id": f"p{n}", "prompt": f"Why {n}?", "criteria": criteria} for n in range(8)]
    )
    with chat_server() as server:
        task = task.replace("vllm:MODEL --replicas 8", server.spec).replace("/local/", "")
        tasks = [task.replace("$SLURM_ARRAY_TASK_ID", str(number)) for number in range(2)]
        script = "".join([splitting.replace("1250000", "8").replace("78125", "4"), *tasks])
        ran = program(shell.directory, "bash", "-ec", script)
        assert (ran.returncode, len(server.requests)) == (0, 16), ran.stderr
        whole = shell("score", responses, "--rubrics", rubrics, "--judge", server.spec)
    assert [row for number in range(2) for row in shell.read(f"scores-{number:02}.jsonl")] == whole.rows


def test_lint_has_no_warning_for_the_rubric_of_the_readmes_own_data(tmp_path: Path) -> None:
    (example,) = [block for block in blocks(ROOT / "README.md", "sh") if "mine.jsonl" in block]
    ran = program(tmp_path, "bash", "-eo", "pipefail", "-c", f"({example}) | rubrictool lint - --strict")
    assert (ran.returncode, "0 warnings" in ran.stderr) == (0, True), ran.stderr


SETTINGS = re.findall(
    r"`(rubrictool [^`]*prompts\.jsonl[^`]*)`", (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("setting", SETTINGS)
def test_each_setting_of_the_paper_is_a_command_that_runs(shell: Shell, sample: Path, setting: str) -> None:
    words = [
        {"P": "offline", "J": "offline", "prompts.jsonl": str(sample / "prompts.jsonl")}.get(w, w)
        for w in setting.split()
    ]
    ran = shell(*words[1:])
    assert (ran.code, len(ran.rows)) == (0, 13)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        place = (page.parent / path) if path else page
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_that_a_page_names_exist(page: Path) -> None:
    named = re.findall(
        r"`((?:rubrictool/|tests/|docs/)?(?:[a-z_]+/)+[a-z_]+\.(?:py|txt|json))`", page.read_text(encoding="utf-8")
    )
    assert [name for name in named if not (ROOT / name).exists() and not (ROOT / "rubrictool" / name).exists()] == []


def test_every_command_and_flag_stands_in_the_reference(shell: Shell) -> None:
    reference = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    for command in commands(typer.main.get_command(cli.app)):
        assert f"## rubrictool {' '.join(command)}\n" in reference
        flags = set(re.findall(r"^  (?:-\w, )?(--?[\w-]+)", shell(*command, "--help").out, re.MULTILINE))
        assert "--help" in flags
        assert all(flag in reference for flag in flags)


@pytest.mark.parametrize("page", ["design.md", "contributing.md"])
def test_every_file_that_is_named_to_who_changes_the_code_is_there(page: str) -> None:
    named = re.findall(r"`((?:[\w.]+/)*\w*(?:\.py|\.txt|/))`", (ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert len(named) > 10
    places = [ROOT, ROOT / "rubrictool", *(place for place in (ROOT / "rubrictool").rglob("*") if place.is_dir())]
    examples = {"critique.txt", "critique.py"}
    assert [
        name for name in named if name not in examples and not any((place / name).exists() for place in places)
    ] == []


def test_every_kind_of_row_stands_in_the_tables() -> None:
    tables = (ROOT / "docs" / "rows.md").read_text(encoding="utf-8")
    for kind in (records.Prompt, records.Response, records.Rubric, records.Criterion, records.Score, traces.Round):
        assert all(f"| `{column}` |" in tables for column in kind.model_fields)


def kinds_in(page: str, head: str, column: int) -> list[str]:
    """The words in code style in a column of the table that begins with a line."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    rows = text[text.index(head) :].split("\n\n")[0].splitlines()[2:]
    return [word for row in rows for word in re.findall(r"`(\w+)`", row.split("|")[column])]


@pytest.mark.parametrize(
    ("page", "head"),
    [("commands.md", "| kind | the row failed because |"), ("troubleshooting.md", "| kind | meaning | what to do |")],
)
def test_every_kind_of_failure_is_explained(page: str, head: str) -> None:
    assert sorted(kinds_in(page, head, 1)) == sorted(get_args(FailureKind))


def test_every_kind_of_error_of_the_reward_server_is_explained() -> None:
    never = {"missing_rubric", "not_tried"}  # there is no rubric: `bad_input`; every completion is asked about
    words = {kind for kinds in get_args(HttpKind) for kind in get_args(kinds)} - never
    assert set(kinds_in("rewards.md", "| what happened | status | `error.kind` |", 3)) == words


def test_the_project_speaks_of_no_place_but_itself() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    top = {name.split("/")[0] for name in files if not name.startswith(".")}
    assert top == {"pyproject.toml", "README.md", "rubrictool", "tests", "docs", "sample_data"}
