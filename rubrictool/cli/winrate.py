"""rubrictool winrate: how often the first file's responses win."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from rubrictool.cli.flags import Asking, Files, JudgeFlags, Parameters, Seed, Wording, asked
from rubrictool.cli.inputs import by_prompt, one_stdin, prompt_of, prompts_by_id, rubric_for, rubrics_by_prompt
from rubrictool.cli.session import Session
from rubrictool.errors import InputError
from rubrictool.jsonl import Rows, validated
from rubrictool.records import Comparison, Prompt, Response, Row, Rubric, prompt_key
from rubrictool.records import Outcome as Decided
from rubrictool.roles import Judge, ModelJudge
from rubrictool.run import Outcome
from rubrictool.specs import OFFLINE
from rubrictool.winrates import WinRate, compare, compare_by_rubric, win_rate


def command(
    a: Annotated[str, typer.Argument(metavar="A", help="Responses, or finished comparisons.", show_default=False)],
    judging: JudgeFlags,
    parameters: Parameters,
    wording: Wording,
    files: Files,
    asking: Asking,
    b: Annotated[
        str | None, typer.Argument(metavar="[B]", help="Responses to compare with.", show_default=False)
    ] = None,
    prompts: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Prompt rows, where the others lack the text.", show_default=False),
    ] = None,
    rubrics: Annotated[
        str | None, typer.Option(metavar="FILE", help="Let the higher rubric score win.", show_default=False)
    ] = None,
    common: Annotated[bool, typer.Option("--common", help="Compare only prompts that both files have.")] = False,
    fail_under: Annotated[
        float | None, typer.Option(min=0, max=1, help="Exit 3 unless the interval is above it.", show_default=False)
    ] = None,
    seed: Seed = 0,
) -> None:
    """How often A's responses beat B's.

    The k-th response to a prompt meets the k-th. Each pair is shown in both orders; a win must hold in both, anything
    else is a tie. With one file of finished comparisons, only the figures are worked out and no model is asked.

    Example: rubrictool winrate new.jsonl old.jsonl --judge gpt-4.1
    """
    one_stdin(a, b, prompts, rubrics)
    if b is None:
        _summarise(a, files, fail_under, seed)
        return
    role = asked(judging.judge, judging.judge_args, "--judge-args", parameters)
    if role.spec == OFFLINE and rubrics is None:
        raise InputError("winrate: the offline judge needs --rubrics (the higher score wins); or name one with --judge")
    if judging.judging == "per-criterion" and rubrics is None:
        raise InputError("winrate: --judging per-criterion needs --rubrics; without them there are no criteria")
    known = rubrics_by_prompt(rubrics) if rubrics else None
    duels = _duels(a, b, prompts_by_id(prompts), known, common=common)
    session = Session("winrate", files, asking, wording, reads=[a, b, prompts, rubrics])

    async def main() -> None:
        session.say_offline(judge=role)
        judge = await session.judge(role, judging)
        decided: dict[str, Comparison] = {}

        async def work(duel: _Duel) -> Outcome:
            rubric = rubric_for(duel.prompt.id, known) if known is not None else None
            decided[duel.a.id] = await _decision(duel, judge, rubric)
            return Outcome((decided[duel.a.id],))

        await session.do(duels, work, _Duel.columns, total=len(duels))
        # In the order of the input, not of completion: what is resampled must not depend on who answered first.
        _close(session, [decided[duel.a.id] for duel in duels if duel.a.id in decided], fail_under, seed)

    session.run(main)


@dataclass(frozen=True)
class _Duel:
    """Two responses to one prompt."""

    prompt: Prompt
    a: Response
    b: Response

    def columns(self) -> dict[str, Any]:
        return {"prompt_id": self.prompt.id, "a": self.a.id, "b": self.b.id}


def _duels(
    a: str, b: str, prompts: Mapping[str, Prompt], rubrics: Mapping[str, Rubric] | None, *, common: bool
) -> list[_Duel]:
    """The pairs to compare. Raises `InputError` where the files do not match or a prompt's text is missing."""
    our_rows, their_rows = (Rows(path, Response).rows() for path in (a, b))
    ours, theirs = by_prompt(our_rows), by_prompt(their_rows)
    alone = sorted(ours.keys() ^ theirs.keys())
    if alone and not common:
        where = a if alone[0] in ours else b
        raise InputError(
            f"{where}: prompt_id: {len(alone)} prompts are in one file only ({alone[0]}); --common leaves them out"
        )
    shared = [prompt_id for prompt_id in ours if prompt_id in theirs]
    if not shared:
        raise InputError(f"{a}: has no prompt in common with {b}")
    found = {duel.a.id: duel for name in shared for duel in _matched(name, ours[name], theirs[name], prompts, rubrics)}
    return [found[row.id] for row in our_rows if row.id in found]


def _matched(
    prompt_id: str,
    ours: Sequence[Response],
    theirs: Sequence[Response],
    prompts: Mapping[str, Prompt],
    rubrics: Mapping[str, Rubric] | None,
) -> Iterator[_Duel]:
    if len(ours) != len(theirs):
        raise InputError(
            f"{prompt_id}: {len(ours)} responses meet {len(theirs)}; the k-th meets the k-th, so give as many"
        )
    rubric = rubric_for(prompt_id, rubrics) if rubrics is not None else None
    if rubrics is not None and rubric is None:
        raise InputError(f"{prompt_id}: --rubrics has no rubric for this prompt; add one, or one with the id *")
    for one, other in zip(ours, theirs, strict=True):
        prompt = prompt_of(one, rubric, prompts) or prompt_of(other, rubric, prompts)
        if prompt is None:
            raise InputError(f"{prompt_id}: no row has the prompt's text; give --prompts FILE")
        yield _Duel(prompt, one, other)


async def _decision(duel: _Duel, judge: Judge, rubric: Rubric | None) -> Comparison:
    if rubric is not None:
        return await compare_by_rubric(duel.prompt, duel.a, duel.b, judge, rubric)
    assert isinstance(judge, ModelJudge), "the offline judge needs a rubric, which was seen to"
    return await compare(duel.prompt, duel.a, duel.b, judge)


def _summarise(path: str, files: Files, fail_under: float | None, seed: int) -> None:
    """The figures of comparisons that were already made."""
    decided, dropped = _decided(path)
    if not decided:
        raise InputError(f"{path}: has no comparison to summarise")
    session = Session("winrate", files, reads=[path])

    async def work(row: Decided) -> Outcome:
        return Outcome((row,))

    async def main() -> None:
        if dropped:
            session.tell(f"winrate: {dropped} rows without a preference are left out")
            session.figures["dropped"] = dropped
        await session.do(decided, work, Row.columns, total=len(decided))
        _close(session, decided, fail_under, seed)

    session.run(main)


def _decided(path: str) -> tuple[list[Decided], int]:
    """The comparisons of a file, and how many rows hold none (a null preference in AlpacaEval's annotations)."""
    rows = Rows(path, Row)
    columns = [(line, _from_alpaca_eval(row.columns())) for line, row in rows]
    kept = [validated(Decided, value, f"{rows.name}:{line}") for line, value in columns if value is not None]
    return kept, len(columns) - len(kept)


def _from_alpaca_eval(row: dict[str, Any]) -> dict[str, Any] | None:
    """A comparison of ours; AlpacaEval's preferences run from 1 to 2 for output_2, which is our a, and 0 is a draw."""
    if "generator_1" not in row or "generator_2" not in row:
        return row
    preference = row.pop("preference", None)
    if preference is None:
        return None
    share = 0.5 if preference == 0 else preference - 1 if isinstance(preference, int | float) else preference
    return {"prompt_id": prompt_key(str(row.get("instruction", ""))), **row, "preference": share}


def _close(session: Session, decided: Iterable[Decided | Comparison], fail_under: float | None, seed: int) -> None:
    rows = list(decided)
    if not rows:
        session.miss("no comparison, so nothing is shown" if fail_under is not None else "")
        return
    rate = win_rate(rows, seed=seed)
    session.figures |= rate.columns()
    session.tell(
        f"winrate: {rate.win_rate:.3f} [{rate.low:.3f}, {rate.high:.3f}] over {rate.n} prompts ({rate.method}): "
        f"{rate.wins} wins, {rate.losses} losses, {rate.ties} ties, {rate.flips} flips"
    )
    if fail_under is not None and rate.low < fail_under:
        session.miss(_missed(rate, fail_under))


def _missed(rate: WinRate, threshold: float) -> str:
    if rate.high < threshold:
        return f"worse: the whole interval lies below {threshold:g}"
    return f"not shown: the interval reaches below {threshold:g} ({rate.low:.3f}); more prompts would narrow it"
