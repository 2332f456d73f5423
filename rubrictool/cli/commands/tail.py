"""rubrictool tail: what scores are worth among the best responses, and what optimising for them would do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rubrictool.analysis.gold import Gold, Key, gold_from, own_gold, place
from rubrictool.analysis.tails import Pool, gate_half
from rubrictool.cli.inputs import once_each, one_stdin
from rubrictool.cli.options import Files, Seed
from rubrictool.cli.plot_file import kind_of, put, seen_to_plot
from rubrictool.cli.session import Session
from rubrictool.cli.tail_table import lines
from rubrictool.errors import InputError
from rubrictool.rows.joins import Texts, filled, lacking, within_reach
from rubrictool.rows.jsonl import STDIN, Rows
from rubrictool.rows.records import Row, Scored
from rubrictool.steps.map_rows import Outcome

if TYPE_CHECKING:
    from rubrictool.analysis.tail_reports import Report


def command(
    scores: Annotated[
        list[str],
        typer.Argument(
            metavar="SCORES", help="Score rows, one file per set of rubrics; - is stdin.", show_default=False
        ),
    ],
    files: Files,
    gold: Annotated[
        str | None,
        typer.Option(
            metavar="FILE[:COLUMN]",
            help="What the scores are held to: labels, preferences or a stronger judge's scores. "
            "[default: the rows' column quality]",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        Literal["model"] | None,
        typer.Option(help="Also for the pairs of each writer alone.", show_default=False),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Predict over-optimization of this writer. [default: the only one]",
            show_default=False,
        ),
    ] = None,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Use only responses of the half that decides on nothing.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the figures, as .svg or .png.", show_default=False)
    ] = None,
    seed: Seed = 0,
) -> None:
    """How far scores can be trusted among the best.

    How often the scores order two responses to a prompt as gold does, by region of gold, and what optimising a policy for
    them would do to gold. No model is asked. Rows: one per file and region.

    Example: rubrictool tail before.jsonl after.jsonl --gold labels.jsonl --plot tail.svg
    """
    gold_file, column = place(gold)
    one_stdin(*scores, gold_file)
    once_each(scores)
    seen_to_plot(plot, files, [*scores, gold_file])
    given = _Given.read(scores, gold_file, column, half=seed if held_out else None)
    _known(policy, given.pools)
    names = ["stdin" if name == STDIN else name for name in scores]
    remarks = [*given.remarks, *(_alone(given.pools) if by else [])]
    session = Session("tail", files, reads=[*scores, gold_file], reports=True)

    async def write(row: Row) -> Outcome:
        return Outcome((row,))

    async def main() -> None:
        from rubrictool.analysis.tail_reports import report

        for line in remarks:
            session.tell(f"tail: {line}")
        found = report(given.pools, names, gold=given.gold, by_writer=by == "model", policy=policy, seed=seed)
        if plot:
            _draw(found, plot)
        rows = [Row.model_validate(columns) for columns in found.rows()]
        await session.do(rows, write, Row.columns, total=len(rows))
        session.figures |= {"files": names, "held_out": held_out, "left_out": given.left_out, **found.figures()}
        for line in (*lines(found), *_warnings(found)):
            session.tell(line)

    session.run(main)


def _known(policy: str | None, pools: Sequence[Pool]) -> None:
    names = {name for pool in pools for name in pool.writers if name}
    if policy is not None and policy not in names:
        told = ", ".join([*sorted(names)[:5], *(["…"] if len(names) > 5 else [])]) or "none is named (column `model`)"
        raise InputError(f"--policy {policy}: wrote none of the responses; who did: {told}")


def _alone(pools: Sequence[Pool]) -> list[str]:
    """That the figures of each writer say nothing new, where there is only one. Raises `InputError` where none is named."""
    names = {name for pool in pools for name in pool.writers}
    if names == {None}:
        raise InputError("--by model: the rows do not say who wrote them (column `model`); add it or leave --by out")
    return [f"--by model: {names.pop()} wrote all responses, so its pairs are all pairs"] if len(names) == 1 else []


@dataclass(frozen=True)
class _Given:
    """The responses that all files score and gold tells about, by prompt; what was left out, and what is to be said."""

    gold: str
    pools: list[Pool]
    left_out: Mapping[str, int]
    remarks: Sequence[str]

    @classmethod
    def read(cls, scores: Sequence[str], gold_file: str | None, column: str | None, *, half: int | None) -> _Given:
        """What the files hold; `half` is the seed of the halves where only the held-out one counts. Raises `InputError`."""
        texts = Texts(responses=True)
        lines = [_lines(path, texts) for path in scores]
        gold = gold_from(gold_file, column, texts) if gold_file else own_gold(list(zip(scores, lines, strict=True)))
        rows = [[row for _, row in of_file] for of_file in lines]
        by_key = [{(row.prompt_id, row.id): row for row in of_file} for of_file in rows]
        everywhere = [key for key in by_key[0] if all(key in of_file for of_file in by_key)]
        if alone := next(
            (name for name, of in zip(scores, by_key, strict=True) if not of.keys() & by_key[0].keys()), None
        ):
            raise InputError(f"{alone}: scores no response that {scores[0]} scores; they join on prompt_id and id")
        told = [key for key in everywhere if key in gold.values]
        kept = [key for key in told if half is None or not gate_half(half, key[1])]
        pools = _pools(kept, by_key, gold)
        if not any(len(pool.gold) > 1 for pool in pools):
            raise InputError(
                f"{scores[0]}: no prompt has two responses that {gold.name} tells about; join on prompt_id and id"
            )
        left_out = {
            "not_in_every_file": len({key for of_file in by_key for key in of_file}) - len(everywhere),
            "without_gold": len(everywhere) - len(told),
            "in_the_other_half": len(told) - len(kept),
        }
        size = f"gold: {gold.name}; prompts: {len(pools)}, responses: {len(kept)}"
        return cls(
            gold.name,
            pools,
            left_out,
            [size, *_left_out_lines(left_out), *_mixed(scores, rows), *_lacking(scores, rows)],
        )


def _lines(path: str, texts: Texts) -> list[tuple[int, Scored]]:
    """The numbered rows of a file. Raises `InputError` for a score that cannot be reckoned with."""
    rows = Rows(path, Scored)
    return filled([(line, _textless(row, f"{rows.name}:{line}")) for line, row in texts.checked(rows)], path)


def _textless(row: Scored, where: str) -> Scored:
    """A row without its texts, which nothing here reads."""
    within_reach(row.score, where, "score")
    return row.model_copy(update={"response": "", "prompt": None})


def _pools(kept: Sequence[Key], by_key: Sequence[Mapping[Key, Scored]], gold: Gold) -> list[Pool]:
    members: dict[str, list[str]] = {}
    for prompt_id, response_id in kept:
        members.setdefault(prompt_id, []).append(response_id)
    return [_pool(prompt_id, ids, by_key, gold) for prompt_id, ids in members.items()]


def _pool(prompt_id: str, ids: Sequence[str], by_key: Sequence[Mapping[Key, Scored]], gold: Gold) -> Pool:
    keys, places = [(prompt_id, name) for name in ids], {name: number for number, name in enumerate(ids)}
    preferred = None
    if gold.preferred is not None:
        compared = gold.preferred.get(prompt_id, {}).items()
        preferred = {(places[a], places[b]): credit for (a, b), credit in compared if a in places and b in places}
    return Pool(
        prompt_id,
        tuple(by_key[0][key].model for key in keys),
        tuple(gold.values[key] for key in keys),
        tuple(tuple(float(rows[key].score) for key in keys) for rows in by_key),
        preferred,
    )


def _left_out_lines(left_out: Mapping[str, int]) -> list[str]:
    return [f"responses left out, {kind.replace('_', ' ')}: {count}" for kind, count in left_out.items() if count]


def _mixed(scores: Sequence[str], rows: Sequence[Sequence[Scored]]) -> list[str]:
    """A remark on each file whose scores are of different kinds, which one figure should not pool unsaid."""
    return [
        f"{name} holds scores of different judges or ways of judging, which the figures pool"
        for name, of_file in zip(scores, rows, strict=True)
        if len({tuple(str(row.unknown().get(kind)) for kind in ("judge", "judging")) for row in of_file}) > 1
    ]


def _lacking(scores: Sequence[str], rows: Sequence[Sequence[Scored]]) -> list[str]:
    return [f"{name}: {gaps}" for name, of_file in zip(scores, rows, strict=True) if (gaps := lacking(of_file))]


FEW_PROMPTS = 10
"""Of fewer, resamples are too much alike for their percentiles to hold (docs/tail.md)."""


def _warnings(found: Report) -> Iterator[str]:
    regions = [one for one in found.accuracy[None] if one.file == 0 and 0 < one.prompts < FEW_PROMPTS]
    if regions:
        named = ", ".join(f"{one.region.name} ({one.prompts})" for one in regions)
        yield f"tail: fewer than {FEW_PROMPTS} prompts have pairs in: {named}; take these intervals as hints"
    told = found.optimisation
    if told is not None and told.gold.few:
        few, of = told.gold.few, told.gold.prompts
        yield (
            f"tail: warning: {few} of {of} prompts have fewer than 16 samples of {told.policy} (the fewest: {told.gold.fewest}); "
            "the prediction says little about its tail"
        )


def _draw(found: Report, plot: Path) -> None:
    from rubrictool.figures.tail import draw

    put(plot, draw(found, kind_of(plot)))
