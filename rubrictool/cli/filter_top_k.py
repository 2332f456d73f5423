"""rubrictool filter-top-k: the best responses of each prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from rubrictool.cli.flags import Files, Seed
from rubrictool.cli.inputs import lacking
from rubrictool.cli.session import Session
from rubrictool.jsonl import Rows
from rubrictool.ranking import top
from rubrictool.records import Scored
from rubrictool.run import Outcome


def command(
    scores: Annotated[str, typer.Argument(metavar="SCORES", help="Score rows; - is stdin.", show_default=False)],
    files: Files,
    k: Annotated[int, typer.Option("-k", min=1, help="Responses to keep per prompt.")] = 2,
    distinct: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Keep at most one per value of it.", show_default=False)
    ] = None,
    seed: Seed = 0,
) -> None:
    """Keep the k best of each prompt.

    No model is asked; rows stay in the order of the input. Scores within 1e-9 are tied; ties are decided by a draw with the seed.

    Example: rubrictool filter-top-k scores.jsonl -k 2 --distinct model
    """
    rows = Rows(scores, Scored)
    pools = _pools(rows, distinct)
    session = Session("filter-top-k", files, reads=[scores])
    chosen = {row.id for pool in pools.values() for row in top(pool, k, seed=seed, distinct=_value_of(distinct))}

    async def work(row: Scored) -> Outcome:
        return Outcome((row,))

    async def main() -> None:
        if mixed := [prompt_id for prompt_id, pool in pools.items() if len(_kinds(pool)) > 1]:
            session.tell(f"filter-top-k: {len(mixed)} prompts hold scores of different judges or rubrics ({mixed[0]})")
        if gaps := lacking(row for pool in pools.values() for row in pool):
            session.tell(f"filter-top-k: {gaps}")
        await session.do((row for _, row in rows if row.id in chosen), work, lambda row: row, total=len(chosen))

    session.run(main)


def _pools(rows: Rows[Scored], distinct: str | None) -> dict[str, list[Scored]]:
    """The rows by prompt, without their texts, which choosing does not need."""
    pools: dict[str, list[Scored]] = {}
    for line, row in rows:
        if distinct and _column(row, distinct) is None:
            raise rows.error(
                line, f"{distinct}: field required by --distinct {distinct}; add it, or leave --distinct out"
            )
        pools.setdefault(row.prompt_id, []).append(row.model_copy(update={"response": "", "prompt": None}))
    return pools


def _value_of(distinct: str | None) -> Callable[[Scored], object] | None:
    return (lambda row: str(_column(row, distinct))) if distinct else None


def _column(row: Scored, name: str) -> Any:
    return row.columns().get(name)


def _kinds(pool: Iterable[Scored]) -> set[tuple[str, ...]]:
    return {tuple(str(row.unknown().get(name)) for name in ("judge", "judging", "rubric")) for row in pool}
