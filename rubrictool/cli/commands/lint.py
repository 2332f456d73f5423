"""rubrictool lint: what is wrong with rubrics, without asking a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from rubrictool.cli.files import Stdout, on_terminal
from rubrictool.cli.inputs import one_stdin
from rubrictool.cli.lint_lines import finding_lines
from rubrictool.cli.options import Files
from rubrictool.cli.session import Session
from rubrictool.errors import InputError
from rubrictool.rows.joins import Texts, prompts_by_id, rubric_for
from rubrictool.rows.jsonl import Rows
from rubrictool.rows.records import Prompt, Rubric, Score
from rubrictool.steps.map_rows import Outcome

if TYPE_CHECKING:
    from rubrictool.linting.rules import Finding

UNSEEN = (
    "not seen offline: whether a criterion is true, fits its prompt or is missing, what is reworded freely,"
    " and how criteria in other languages than English are worded"
)


def command(
    rubrics: Annotated[str, typer.Argument(metavar="RUBRICS", help="Rubric rows; - is stdin.", show_default=False)],
    files: Files,
    scores: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Score rows: look at verdicts too; repeatable.", show_default=False),
    ] = None,
    prompts: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Prompt rows, where the rubrics lack the text.", show_default=False),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 when there is a warning.")] = False,
) -> None:
    """Find faults in rubrics.

    No model is asked: the rules look at words, checks and weights, and with --scores at what the verdicts show. One row
    per finding in a file or a pipe, one line per finding on a terminal.

    Example: rubrictool lint rubrics.jsonl --scores scores.jsonl
    """
    from rubrictool.linting.item_analysis import lint_verdicts
    from rubrictool.linting.rules import by_place, lint

    given = scores or []
    one_stdin(rubrics, prompts, *given)
    texts = Texts()
    source = Rows(rubrics, Rubric)
    lines = {rubric.id: (line, rubric) for line, rubric in texts.checked(source)}
    rows, asked = [rubric for _, rubric in lines.values()], prompts_by_id(prompts, texts)
    remarks = _needless(prompts, rows, asked)
    judged, left_out = _judged(rows, given, texts)
    remarks += _too_few(judged) if given else []
    on_screen, screen = on_terminal(files.output), Stdout()
    session = Session("lint", files, reads=[rubrics, prompts, *given], reports=on_screen)
    found: list[Finding] = []

    async def work(rubric: Rubric) -> Outcome:
        findings = by_place(
            rubric, [*lint(rubric, prompt=_text(rubric, asked)), *lint_verdicts(rubric, judged[rubric.id])]
        )
        found.extend(findings)
        if on_screen:
            for line in finding_lines(f"{source.name}:{lines[rubric.id][0]}", findings):
                screen.write(line)
        return Outcome(() if on_screen else tuple(findings))

    async def main() -> None:
        session.warn_if_empty(len(rows))
        if left_out:
            session.tell(f"lint: {_counted(left_out, 'score row')} of other rubrics left out")
        for line in remarks:
            session.tell(f"lint: {line}")
        await session.do(rows, work, lambda rubric: rubric, total=len(rows))
        _close(session, found, strict=strict)

    session.run(main)


def _judged(rubrics: Sequence[Rubric], paths: Sequence[str], texts: Texts) -> tuple[Mapping[str, list[Score]], int]:
    """The scores of each rubric, and how many were judged by none of them.

    Raises `InputError` where all were: then there is nothing to look at.
    """
    from rubrictool.linting.item_analysis import judged_by

    known = {rubric.id: rubric for rubric in rubrics}
    scores = [row for path in paths for _, row in texts.checked(Rows(path, Score, repeats=True))]
    of: dict[str, list[Score]] = {rubric.id: [] for rubric in rubrics}
    for row in scores:
        if rubric := rubric_for(row.prompt_id, known):
            of[rubric.id].append(row)
    judged = {rubric.id: judged_by(rubric, of[rubric.id]) for rubric in rubrics}
    left_out = len(scores) - sum(map(len, judged.values()))
    if scores and left_out == len(scores):
        raise InputError(
            f"--scores: no row of {paths[0]} was judged by these rubrics; score the responses with them first"
        )
    return judged, left_out


def _needless(path: str | None, rubrics: Sequence[Rubric], prompts: Mapping[str, Prompt]) -> list[str]:
    """That --prompts told nothing that the rubrics did not. Raises `InputError` for prompts of other rubrics."""
    if path is None or not rubrics:
        return []
    if not any(rubric.id in prompts for rubric in rubrics):
        raise InputError(f"--prompts: {path} has the prompt of none of these rubrics; they are joined on id")
    lacking = [rubric for rubric in rubrics if rubric.prompt is None and rubric.id in prompts]
    return [] if lacking else ["--prompts has no effect: the rubrics bring the texts of their prompts"]


def _too_few(judged: Mapping[str, Sequence[Score]]) -> list[str]:
    """For how many rubrics verdicts tell little."""
    from rubrictool.linting.item_analysis import ENOUGH

    few = sum(len({(row.prompt_id, row.id) for row in rows}) < ENOUGH for rows in judged.values())
    if not few:
        return []
    said = f"fewer than {ENOUGH} responses were judged by {few} of {len(judged)} rubrics"
    return [f"{said}: too few to say what never differs or moves together"]


def _text(rubric: Rubric, prompts: Mapping[str, Prompt]) -> str:
    from rubrictool.linting.rules import prompt_text

    known = prompts.get(rubric.id)
    return prompt_text(rubric.prompt or (known.prompt if known else None))


def _close(session: Session, found: Sequence[Finding], *, strict: bool) -> None:
    rules = Counter(finding.rule for finding in found)
    warnings = sum(finding.severity == "warning" for finding in found)
    session.figures |= {"findings": len(found), "warnings": warnings, "rules": dict(rules)}
    told = f"{_counted(len(found), 'finding')}, {_counted(warnings, 'warning')}"
    by_rule = ", ".join(f"{count} {rule}" for rule, count in rules.most_common())
    session.tell(f"lint: {told}" + (f": {by_rule}" if by_rule else ""))
    session.tell(f"lint: {UNSEEN}")
    if strict and warnings:
        session.miss(f"{_counted(warnings, 'warning')}, and --strict wants none")


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
