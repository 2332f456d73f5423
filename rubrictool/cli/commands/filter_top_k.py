"""rubrictool filter-top-k: the best responses of each prompt, or preference pairs of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import typer

from rubrictool.cli.commands import filter_pairs, filter_race
from rubrictool.cli.options import Asking, EmptyResponses, Files, JudgeFlags, MissingRubric, Parameters, Seed, Wording
from rubrictool.cli.session import Session
from rubrictool.cli.top_k_options import Choice, marked, tell_draws
from rubrictool.cli.unused_options import JUDGING, Idle, refuse_idle
from rubrictool.errors import InputError
from rubrictool.rows.joins import Texts, lacking
from rubrictool.rows.jsonl import Rows
from rubrictool.rows.records import Scored
from rubrictool.select.preference_pairs import PairChoice
from rubrictool.select.ranking import best
from rubrictool.steps.map_rows import Outcome
from rubrictool.text.wording import counted

K = 2


def command(
    context: typer.Context,
    scores: Annotated[
        str,
        typer.Argument(
            metavar="SCORES", help="Score rows, or with --rubrics responses; - is stdin.", show_default=False
        ),
    ],
    judging: JudgeFlags,
    parameters: Parameters,
    wording: Wording,
    files: Files,
    asking: Asking,
    k: Annotated[
        int | None, typer.Option("-k", min=1, help="Responses to keep per prompt. [default: 2]", show_default=False)
    ] = None,
    distinct: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Keep at most one per value of it.", show_default=False)
    ] = None,
    emit: Annotated[
        Literal["rows", "pairs"], typer.Option(help="The rows to keep, or preference pairs for DPO.")
    ] = "rows",
    pairing: Annotated[
        PairChoice, typer.Option(help="The pairs of a prompt: its best with its worst, or with each of the others.")
    ] = "best-worst",
    rubrics: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Judge the responses too, no further than it takes.", show_default=False),
    ] = None,
    prompts: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Prompt rows, where the others lack the text.", show_default=False),
    ] = None,
    missing_rubric: MissingRubric = "error",
    empty: EmptyResponses = None,
    seed: Seed = 0,
) -> None:
    """Keep the k best of each prompt.

    Rows stay in the order of the input. Scores within 1e-9 are tied; ties are decided by a draw with the seed. No model is
    asked, unless --rubrics has the responses judged on the way: who can no longer be among the best is asked no more.

    Example: rubrictool filter-top-k scores.jsonl -k 2 --distinct model
    """
    choice = Choice(k or K, distinct, seed)
    refuse_idle(
        context,
        Idle(emit != "pairs", "without --emit pairs", ["pairing"]),
        Idle(emit != "pairs" and rubrics is None, "without --rubrics or --emit pairs", ["prompts"]),
        Idle(rubrics is None, "without --rubrics", ["missing_rubric", "empty", *JUDGING]),
    )
    if emit == "pairs":
        _refuse_with_pairs({"-k": k, "--distinct": distinct}, rubrics)
        filter_pairs.run(scores, files, asking, prompts=prompts, pairing=pairing, seed=seed)
    elif rubrics is None:
        _keep(scores, files, asking, choice)
    else:
        filter_race.run(
            context, scores, rubrics, judging, parameters, wording, files, asking,
            prompts=prompts, missing_rubric=missing_rubric, empty=empty, choice=choice,
        )  # fmt: skip


def _refuse_with_pairs(keeping: dict[str, object], rubrics: str | None) -> None:
    """Raise `InputError` for flags that have no meaning beside --emit pairs."""
    if rubrics is not None:
        raise InputError(
            "--emit pairs: needs every response judged to the end; "
            "run rubrictool score first, and filter-top-k on its rows without --rubrics"
        )
    for flag, value in keeping.items():
        if value is not None:
            raise InputError(f"{flag}: pairs are made of the whole pool; leave it out, or filter first and pair then")


def _keep(scores: str, files: Files, asking: Asking, choice: Choice) -> None:
    """Write the best of the scored rows, in the order of the input."""
    rows = Rows(scores, Scored)
    pools = _pools(rows, choice)
    session = Session("filter-top-k", files, asking, reads=[scores])
    found = {name: best(pool, choice.k, seed=choice.seed, distinct=choice.value_of) for name, pool in pools.items()}
    kept = {one.row.id: one for of_prompt in found.values() for one in of_prompt}

    async def work(row: Scored) -> Outcome:
        return Outcome((marked(row, kept[row.id].drawn_from),))

    async def main() -> None:
        session.warn_if_empty(len(pools))
        if mixed := [prompt_id for prompt_id, pool in pools.items() if len(_kinds(pool)) > 1]:
            hold = f"{counted(len(mixed), 'prompt')} {'holds' if len(mixed) == 1 else 'hold'}"
            session.tell(f"filter-top-k: {hold} scores of different judges or rubrics ({mixed[0]})")
        if gaps := lacking(row for pool in pools.values() for row in pool):
            session.tell(f"filter-top-k: {gaps}")
        await session.do((row for _, row in rows if row.id in kept), work, lambda row: row, total=len(kept))
        drawn = sum(any(one.drawn_from > 1 for one in of_prompt) for of_prompt in found.values())
        tell_draws(session, drawn, len(pools), "tied scores")

    session.run(main)


def _pools(rows: Rows[Scored], choice: Choice) -> dict[str, list[Scored]]:
    """The rows by prompt, without their texts, which choosing does not need."""
    pools: dict[str, list[Scored]] = {}
    for line, row in Texts().checked(rows):
        choice.check(rows, line, row)
        pools.setdefault(row.prompt_id, []).append(row.model_copy(update={"response": "", "prompt": None}))
    return pools


def _kinds(pool: Iterable[Scored]) -> set[tuple[str, ...]]:
    return {tuple(str(row.unknown().get(name)) for name in ("judge", "judging", "rubric")) for row in pool}
