"""Print into the documentation what comes from the program itself; called by the cog blocks in README.md and docs/*.md."""

from __future__ import annotations

import atexit
import json
import os
import pty
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from inspect import cleandoc
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from rubrictool import errors
from rubrictool.cli.command_table import COMMANDS
from rubrictool.questions.templates import placeholders, shipped_template, template_names
from rubrictool.rows import comparisons, records, traces, verdicts

ROOT = Path(__file__).parents[2]
COLUMNS = 100


def helps() -> None:
    """The help of every command."""
    for command in COMMANDS:
        print(f"\n## rubrictool {command}\n\n```text\n{_help(command)}\n```")
    print()


def overview(folder: str = "docs/") -> None:
    """The commands in a table: what each is for."""
    print("\n| command | what it does |\n|---|---|")
    for command, entry in COMMANDS.items():
        print(f"| [`{command}`]({folder}commands.md#rubrictool-{command.replace(' ', '-')}) | {entry.purpose} |")
    print()


def transcript(*lines: str, session: str = "", **golden: str) -> None:
    """Commands run one after the other in one directory, with what they print.

    Transcripts of one session share their directory, so that files made in one are there in the next. `golden` are files of
    `tests/golden`, each by the name, without `.jsonl`, that it has in the directory.
    """
    print("\n```console")
    with _session(session) if session else _place() as directory:
        for name, file in golden.items():
            shutil.copy(ROOT / "tests" / "golden" / file, directory / f"{name}.jsonl")
        for line in lines:
            print(f"$ {line}")
            print(_shell(line, directory), end="")
    print("```\n")


def labelled_sample(session: str, *models: str, prompts: int) -> None:
    """Put responses of some models into a session, and the quality of those to some prompts as people's scores."""
    rows = [json.loads(line) for line in (ROOT / "sample_data" / "prompts.jsonl").read_text("utf-8").splitlines()]
    responses = [
        {"prompt_id": row["id"], "prompt": row["prompt"], **one}
        for row in rows
        for one in row["responses"]
        if one["model"] in models
    ]
    drawn = {row["id"] for row in random.Random(0).sample(rows, prompts)}
    labels = [
        {"prompt_id": row["prompt_id"], "id": row["id"], "score": (row["quality"] - 1) / 4}
        for row in responses
        if row["prompt_id"] in drawn
    ]
    with _session(session) as directory:
        for name, some in (("responses", responses), ("labels", labels)):
            (directory / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in some), "utf-8")


def figure(name: str, caption: str, *, session: str = "") -> None:
    """A figure that commands of a session have drawn, or `figures.py` draws; a stale one fails `cog --check`."""
    import figures

    svg = (_SESSIONS[session] / name).read_text(encoding="utf-8") if session else figures.drawing(name)
    figures.keep(name, svg, check="--check" in sys.argv)
    print(f"\n![{caption}](figures/{name})\n")


def on_a_terminal(line: str) -> None:
    """A command and what it prints on a terminal."""
    with _place() as directory:
        print(f"\n```console\n$ {line}\n{_on_a_terminal(line, directory)}```\n")


def row(name: str, *, beyond: str = "") -> None:
    """The columns of one kind of row, from its record; what each means stands in `MEANINGS`.

    Those of the kind that it goes `beyond` are left out.
    """
    kind = _record(name)
    known = _record(beyond).model_fields if beyond else {}
    print("\n| column | type | needed | meaning |\n|---|---|---|---|")
    for column, field in kind.model_fields.items():
        if column in known:
            continue
        made = column == "id" and not field.is_required()
        need = "made if missing" if made else "yes" if field.is_required() else "no"
        if f"{name}.{column}" in FROM_PROMPT:
            need = "yes, or `prompt`"
        print(f"| `{column}` | {_type(field.annotation)} | {need} | {_meaning(kind, column)} |")
    print()


def _record(name: str) -> type[BaseModel]:
    kinds: dict[str, type[BaseModel]] = vars(comparisons) | vars(records) | vars(traces) | vars(verdicts)
    return kinds[name]


def _meaning(kind: type[BaseModel], column: str) -> str:
    """Return what a column means in a row, else in any row; a column that nobody has described stops the build."""
    own = MEANINGS.get(f"{kind.__name__}.{column}")
    return own or MEANINGS[column]


FROM_PROMPT = {"Response.prompt_id", "Score.prompt_id", "Rubric.id"}
"""Columns that are needed unless the row has the prompt, whose hash then takes their place."""

MEANINGS = {
    "Prompt.id": "the prompt's name in every other file",
    "prompt": "the question: text, or a chat as a list of `{role, content}`",
    "Prompt.responses": "candidates that already answer it: texts or response rows",
    "reference": "an answer known to be good; models see it only with `--use-reference`",
    "Response.id": "the response's name",
    "prompt_id": "the `id` of the prompt that it belongs to",
    "Response.model": "who wrote it",
    "Score.model": "who wrote the response (not who judged it)",
    "Place.model": "who wrote the candidate",
    "response": "the answer, reasoning and all: text, or a conversation as a list of messages",
    "Rubric.id": "the prompt's `id`; `*` serves every prompt without its own",
    "criteria": "what a response is scored by, at least one of positive weight",
    "rounds": "how many proposals `refine` took",
    "stopped": "why `refine` ended: all rounds `done`, no pair left to show (`no_pairs`), or a round `failed`",
    "Criterion.id": "`c1`, `c2`, ... by place if missing",
    "criterion": "what must be true of a response",
    "weight": "finite, not 0; negative is a penalty that meeting the criterion costs",
    "dimension": "a label of yours, such as `safety`; kept, and part of the rubric's hash",
    "Criterion.role": "`score` if missing; `veto` is a must that caps the score at 0",
    "check": "lets the program decide instead of the judge",
    "levels": "how far it can be met, list of `{label, value, description?}`: see [levels](#levels)",
    "level": "the label of the level that the response reaches, of a criterion with levels",
    "place": "with `--shuffle-criteria`, where the judge was shown the criterion, from 1",
    "judge_id": "a hash of all that decides the judge's verdicts: model, parameters, way of judging, templates, options",
    "abstained": "true where the judge said that it cannot tell (`--allow-abstain`); `met` is then null",
    "Verdict.value": "what that level counts, from 0 to 1; with `--soft` the expected share, of several verdicts the mean",
    "raw_p": "what the judge gave before `--calibration`",
    "hard": "with `--soft`, why it is not soft ([the reasons](judges.md#soft-verdicts))",
    "proposer": "which model wrote or rewrote it; a person's criterion has none",
    "from_person": "true where a proposer rewrote what a person wrote: it still counts as a person's",
    "Score.id": "the response's `id`",
    "Score.score": "the weighted share of criteria met, at most 1",
    "Place.score": "its score under the rubric before the round; missing where nothing judged it",
    "verdicts": "one per criterion, in the rubric's order",
    "judge": "the SPEC that judged, without an address",
    "judging": "how it was asked: `all-at-once`, all criteria in one question, or `per-criterion`, one question for each",
    "reasons": "what the judge gave as its reason when `a` was shown first (`ab`), and when `b` was (`ba`); with `--reasons`",
    "trace_view": "what the judge was shown of a conversation, if not all: its `last` reply, or `full:TOKENS`, cut in the middle",
    "Score.rubric": "the first 16 hex digits of a hash of the criteria",
    "base": "the weighted share, before saturation and vetoes",
    "dimensions": "of each dimension the `share` of its positive weight that is met, and its `value` once saturated",
    "veto": "ids of the vetoes that are not met",
    "aggregate": "the curves that were applied, as `--aggregate` takes them, that for all dimensions first",
    "Verdict.id": "the criterion's `id`",
    "coverage": "with `--min-coverage`, the judged share of the weight, penalties by their size, vetoes aside",
    "score_low": "with it too, the score if every missing verdict were the worst",
    "score_high": "and if every one were the best",
    "met": "whether the response meets it; null is not judged, and never a no",
    "p": "the judge's probability that it does, from 0 to 1, where it gave one; with `--samples` the share of yes",
    "Verdict.samples": "with `--samples` the verdict of each, `{sample, met}`, from 0; `met` is then the majority, null a tie",
    "Verdict.judges": "the verdict of each judge of a panel, and of each that was asked with `--escalate`: `{judge, met}`, ...",
    "strong": "with `--escalate`, what the strong judge alone says, on what is drawn to check it",
    "Comparison.judges": "what each judge said in both orders, with several: `{judge, ab, ba}`; null where it failed",
    "Verdict.reason": "the judge's reason, where it gave one",
    "attack": "the name of the version",
    "of": "the `id` of the response that was attacked",
    "against": "the version that it is compared with: `clean`, or `no-answer` for what replaces a response; these two have none",
    "gain": "the score less that of the version in `against`",
    "won": "ids of the criteria that the judge moved in favour of the response: up, a penalty down; not those with a check",
    "lost": "ids of those that it moved against it",
    "winnable": "how many could have moved in favour of it; one on which the judge abstained is not counted",
    "losable": "how many could have moved against it",
    "won_checks": "ids of the criteria with a check that moved in favour of the response",
    "winnable_checks": "how many of those could have",
    "canary": "whether the judge found a criterion met that no response meets; null where no judge was asked, or it abstained",
    "a": "the `id` of the response from the first file",
    "b": "the `id` of the response from the second file",
    "winner": "who won in both orders, else `tie`",
    "orders": "who won when `a` was shown first (`ab`), and when `b` was (`ba`)",
    "Round.round": "from 1",
    "pool": "the candidates in it, each `{id, model, score}`; not judged to the end: null, and bounds `low`, `high`",
    "pair": "the two ids in the order in which they were shown; null where no pair could be judged",
    "before": "the rubric's hash, and the pair's two scores under it (null where nothing judged them)",
    "after": "the same after it; the scores come from the next judging of the pool, so null for a candidate that left it",
    "changes": "ids `kept`; criteria `added`, `rewritten`, `dropped`; `merged`: an `id`, and the dropped `ids` it stands for",
    "accepted": "whether the proposal was taken",
    "Round.reason": "the rule that decided and on what, or what failed",
    "Round.better": "which answer the proposer found better, by the order shown: `first`, `second`, `neither`",
    "Round.why": "the proposer's reason",
    "Round.refused": "criteria that were not taken, or that the limits on size removed, each `{criterion, reason}`",
    "Round.all_met": "ids of criteria that all judged candidates met before the round, so that they told nothing apart",
    "Round.never_met": "the same for those that none met",
    "Round.compound": "ids of new criteria that seem to ask for several things at once",
    "overfit": "signs of overfitting in criteria of the round that are in the last rubric, each `{id, rule, also, responses}`",
    "few_verdicts": "ids of those criteria that fewer than five responses were judged on, so that nothing is known",
}


def error_tree() -> None:
    """The tree of errors as the module draws it."""
    print(f"\n```text\n{cleandoc(errors.__doc__ or '').split(chr(10) * 2, 1)[1]}\n```\n")


def templates() -> None:
    """The templates and what they are filled with."""
    print("\n| file | placeholders |\n|---|---|")
    for name, slots in ((name, placeholders(name)) for name in template_names()):
        print(f"| `{name}.txt` | {', '.join(f'`{{{slot}}}`' for slot in slots)} |")
    for name in ("propose", "separate", "judge"):
        print(f"\n`{name}.txt`:\n\n```text\n{shipped_template(name).rstrip()}\n```")
    print()


@cache
def _help(command: str) -> str:
    with _place() as directory:
        return _shell(f"rubrictool {command} --help", directory).rstrip()


def _type(annotation: Any) -> str:
    """A type in the words of JSON."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inside[0])
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_type(part) for part in inside if part is not NoneType))
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inside)
    if origin is tuple:
        return f"list of {_type(inside[0])}" if inside[-1] is Ellipsis else f"two of {_type(inside[0])}"
    if origin is dict:
        return f"{_type(inside[1])} by name"
    names = {str: "text", int: "number", float: "number", bool: "true or false"}
    return names.get(annotation) or annotation.__name__.lower()


@contextmanager
def _place() -> Iterator[Path]:
    """A directory with the sample data in it and nothing else."""
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(ROOT / "sample_data", Path(directory) / "sample_data")
        yield Path(directory)


@contextmanager
def _session(name: str) -> Iterator[Path]:
    """The directory of a session, the same one each time."""
    if name not in _SESSIONS:
        _SESSIONS[name] = _OPEN.enter_context(_place())
    yield _SESSIONS[name]


_SESSIONS: dict[str, Path] = {}
_OPEN = ExitStack()
atexit.register(_OPEN.close)


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not _STRAYS.match(name)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {
        **kept,
        "HOME": str(home / ".home"),
        "PATH": path,
        "COLUMNS": str(COLUMNS),
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
    }


# What would change what the program prints, or whom it asks.
_STRAYS = re.compile(r"RUBRICTOOL_|XDG_|LC_|LANG|.*_API_KEY$|.*COLOR|CLICOLOR|TTY_|GITHUB_ACTIONS$|LINES$|PYTHONPATH$")


def _shell(line: str, directory: Path) -> str:
    ran = subprocess.run(
        ["bash", "-c", line], cwd=directory, env=_environment(directory), text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return _steady(ran.stdout) + (f"(exit code {ran.returncode})\n" if ran.returncode else "")


def _on_a_terminal(line: str, directory: Path) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["bash", "-c", line], cwd=directory, env=_environment(directory), stdout=theirs, stderr=theirs
    ):
        os.close(theirs)
        written = b"".join(_chunks(ours))
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode().replace("\r\n", "\n"))
    # What a bar leaves behind on a terminal that cannot redraw lines.
    return _steady(
        "".join(f"{part}\n" for part in text.splitlines() if "━" not in part and not part.startswith("refine  "))
    )


def _chunks(terminal: int) -> Iterator[bytes]:
    try:
        while chunk := os.read(terminal, 65536):
            yield chunk
    except OSError:  # how Linux says that the other side has closed
        os.close(terminal)


def _steady(text: str) -> str:
    """Without what differs from run to run: seconds, and the lines on the way that a slow machine prints."""
    text = re.sub(r"^\S+: \d+ of \d+ rows.* left\n", "", text, flags=re.MULTILINE)
    return re.sub(r", \d+\.\d s$", ", … s", text, flags=re.MULTILINE)


def show(path: str, line: int = 0, *, columns: tuple[str, ...] = ()) -> None:
    """One row of a file of the sample data, some columns of it, as JSON."""
    value = json.loads((ROOT / path).read_text(encoding="utf-8").splitlines()[line])
    picked = {name: value[name] for name in columns or value}
    print(f"\n```json\n{json.dumps(picked, ensure_ascii=False, indent=1)}\n```\n")
