"""rubrictool winrate: how often the first file's responses win, or those of several systems against a baseline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from rubrictool.analysis.existing_comparisons import finished
from rubrictool.analysis.pairings import Pairing, entrants, pairings
from rubrictool.cli.empties import tell_empty
from rubrictool.cli.inputs import one_stdin
from rubrictool.cli.options import Asking, Files, JudgeFlags, Parameters, Seed, Wording, asked
from rubrictool.cli.plot_file import seen_to_plot
from rubrictool.cli.session import Session
from rubrictool.cli.unused_options import JUDGING, Idle, of_asking, of_role, refuse_idle
from rubrictool.cli.winrate_report import Closing
from rubrictool.errors import InputError
from rubrictool.judging.model_backed import ModelJudge
from rubrictool.judging.protocols import Judge
from rubrictool.models.gather import gather_all
from rubrictool.models.options import OFFLINE, ModelConfig
from rubrictool.models.spec import file_of
from rubrictool.rows.joins import Texts, lacking, prompt_of, prompts_by_id, rubric_for, rubrics_by_prompt
from rubrictool.rows.records import Comparison, Prompt, Response, Row, Rubric, Scored
from rubrictool.rows.records import Outcome as Decided
from rubrictool.rubric.empty_response import is_empty
from rubrictool.select.preference_pairs import Match, unclear
from rubrictool.steps.compare import compare, compare_by_rubric, compare_scores, judged_again, second_draw
from rubrictool.steps.map_rows import Outcome
from rubrictool.text.wording import counted


def command(
    context: typer.Context,
    a: Annotated[
        str,
        typer.Argument(metavar="A", help="Responses, score rows, or finished comparisons.", show_default=False),
    ],
    judging: JudgeFlags,
    parameters: Parameters,
    wording: Wording,
    files: Files,
    asking: Asking,
    b: Annotated[
        list[str] | None,
        typer.Argument(metavar="[B]", help="Responses to compare with; of three files all meet.", show_default=False),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="FILE", help="Compare every other file with this one.", show_default=False)
    ] = None,
    by: Annotated[
        Literal["scores"] | None,
        typer.Option(help="Files are score rows and the higher score wins; asks no model.", show_default=False),
    ] = None,
    prompts: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Prompt rows, where the others lack the text.", show_default=False),
    ] = None,
    rubrics: Annotated[
        str | None, typer.Option(metavar="FILE", help="Let the higher rubric score win.", show_default=False)
    ] = None,
    common: Annotated[bool, typer.Option("--common", help="Compare only prompts that both files have.")] = False,
    noise_floor: Annotated[
        bool, typer.Option("--noise-floor", help="Judge each pair twice, and say how often the winner changes.")
    ] = False,
    fail_under: Annotated[
        float | None, typer.Option(min=0, max=1, help="Exit 3 unless the interval is above it.", show_default=False)
    ] = None,
    min_effect: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=1,
            metavar="D",
            help="The least difference that matters to --fail-under. [default: from it to 0.5]",
            show_default=False,
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the figures, as .svg or .png.", show_default=False)
    ] = None,
    seed: Seed = 0,
) -> None:
    """How often A's responses beat B's.

    The k-th response to a prompt meets the k-th. Each pair is shown in both orders; a win must hold in both, anything
    else is a tie. With one file of finished comparisons, only the figures are worked out and no model is asked. With
    --baseline, or more than two files, rows name the systems by their files.

    Example: rubrictool winrate new.jsonl old.jsonl --judge gpt-4.1
    """
    paths = [a, *(b or [])]
    one_stdin(*paths, baseline, prompts, rubrics)
    reads = [*paths, baseline, prompts, rubrics]
    seen_to_plot(plot, files, [*reads, file_of(judging.judge)])
    closing = Closing(fail_under=fail_under, min_effect=min_effect, plot=plot, seed=seed)
    finished_already = len(paths) == 1 and baseline is None
    refuse_idle(
        context,
        Idle(finished_already, "on one file of finished comparisons", ["by", "common", *_COMPARING]),
        Idle(by == "scores", "with --by scores, which reads scores that are there", _COMPARING),
    )
    if finished_already:
        _summarise(a, files, closing)
        return
    who = entrants(paths, baseline)
    closing, texts = closing.among(who), Texts()
    if by == "scores":
        scored = pairings(who, Scored, texts, common=common, everyone=True)
        _by_scores(scored, Session("winrate", files, reads=reads), closing)
        return
    role = asked(judging.judge, judging.judge_args, "--judge-args", parameters)
    _refuse_unjudged(role, judging, rubrics=rubrics, noise_floor=noise_floor)
    refuse_idle(
        context,
        of_role("judge", judging.judge, "judge_args", "temperature", "max_tokens"),
        *of_asking(asking, judging.judge),
    )
    known = rubrics_by_prompt(rubrics, texts) if rubrics else None
    asked_of = prompts_by_id(prompts, texts)
    met = pairings(who, Response, texts, common=common)
    questions = _questions(met, known, asked_of)
    session = Session("winrate", files, asking, wording, specs=[judging.judge], reads=reads)

    async def main() -> None:
        session.say_offline(judge=role)
        judge = await session.judge(role, judging)
        judges = [judge, second_draw(judge)] if noise_floor and isinstance(judge, ModelJudge) else [judge]

        async def decide(place: int) -> Comparison:
            return await _decision(met[place], questions[place], judges, known)

        decided = await _decided(session, met, decide)
        empty = len({id(row) for duel in met for row in (duel.a, duel.b) if is_empty(row.response)})
        tell_empty(session, "winrate", empty, "each loses to one that is not empty, two tie, and no judge was asked")
        closing.close(session, decided)

    session.run(main)


_COMPARING = ("noise_floor", "rubrics", "prompts", *JUDGING)
"""What has a meaning only where responses are compared."""


def _refuse_unjudged(role: ModelConfig, judging: JudgeFlags, *, rubrics: str | None, noise_floor: bool) -> None:
    """Raise `InputError` for what the judge cannot do."""
    if role.spec == OFFLINE and rubrics is None:
        raise InputError("winrate: the offline judge needs --rubrics (the higher score wins); or name one with --judge")
    if judging.judging == "per-criterion" and rubrics is None:
        raise InputError("winrate: --judging per-criterion needs --rubrics; without them there are no criteria")
    if role.spec == OFFLINE and noise_floor:
        raise InputError("--noise-floor: the offline judge always says the same; name a model with --judge")


def _questions(
    met: Sequence[Pairing[Response]], rubrics: Mapping[str, Rubric] | None, prompts: Mapping[str, Prompt]
) -> list[Prompt]:
    """The prompt of each duel. Raises `InputError` where its rubric or its text is missing."""
    return [_question(duel, rubrics, prompts) for duel in met]


def _question(duel: Pairing[Response], rubrics: Mapping[str, Rubric] | None, prompts: Mapping[str, Prompt]) -> Prompt:
    prompt_id = duel.a.prompt_id
    rubric = rubric_for(prompt_id, rubrics) if rubrics is not None else None
    if rubrics is not None and rubric is None:
        raise InputError(f"{prompt_id}: --rubrics has no rubric for this prompt; add one, or one with the id *")
    prompt = prompt_of(duel.a, rubric, prompts) or prompt_of(duel.b, rubric, prompts)
    if prompt is None:
        raise InputError(f"{prompt_id}: no row has the prompt's text; give --prompts FILE")
    return prompt


async def _decision(
    duel: Pairing[Response], prompt: Prompt, judges: Sequence[Judge], rubrics: Mapping[str, Rubric] | None
) -> Comparison:
    """How a duel goes: by one judge, or by its first and its second draw."""
    rubric = rubric_for(prompt.id, rubrics) if rubrics is not None else None
    first, *second = await gather_all(*(_judged(duel, prompt, judge, rubric) for judge in judges))
    return judged_again(first, second[0]) if second else first


async def _judged(duel: Pairing[Response], prompt: Prompt, judge: Judge, rubric: Rubric | None) -> Comparison:
    if rubric is not None:
        return await compare_by_rubric(prompt, duel.a, duel.b, judge, rubric)
    assert isinstance(judge, ModelJudge), "the offline judge needs a rubric, which was seen to"
    return await compare(prompt, duel.a, duel.b, judge)


async def _decided(
    session: Session, met: Sequence[Pairing[Response]], decide: Callable[[int], Awaitable[Comparison]]
) -> list[Comparison]:
    """The comparisons that could be made, in the order of the duels; written as they are made."""
    decided: dict[int, Comparison] = {}

    async def work(place: int) -> Outcome:
        decided[place] = met[place].named(await decide(place))
        return Outcome((decided[place],))

    await session.do(range(len(met)), work, lambda place: met[place].columns(), total=len(met))
    # Not in the order of completion: what is resampled must not depend on who answered first.
    return [decided[place] for place in sorted(decided)]


def _by_scores(met: Sequence[Pairing[Scored]], session: Session, closing: Closing) -> None:
    """Let the higher score win."""

    async def decide(place: int) -> Comparison:
        duel = met[place]
        return compare_scores(duel.a, duel.b, _judge_of(duel))

    async def main() -> None:
        for line in _remarks(met):
            session.tell(f"winrate: {line}")
        closing.close(session, await _decided(session, met, decide))

    session.run(main)


def _judge_of(duel: Pairing[Scored]) -> str:
    """Who gave the scores, as far as the rows tell."""
    told = dict.fromkeys(row.unknown().get("judge") for row in (duel.a, duel.b))
    return " and ".join(name for name in told if isinstance(name, str)) or "scores"


def _remarks(met: Sequence[Pairing[Scored]]) -> Iterator[str]:
    """What one figure should not pool unsaid."""
    if gaps := lacking(row for duel in met for row in (duel.a, duel.b)):
        unsure = sum(
            unclear(Match(*sorted((duel.a, duel.b), key=lambda row: -row.score))) == "overlapping" for duel in met
        )
        yield f"{gaps}; in {unsure} of {len(met)} pairs they could change the winner, which the figures ignore"
    rows = [row.unknown() for duel in met for row in (duel.a, duel.b)]
    if len({(str(row.get("judge")), str(row.get("judging"))) for row in rows}) > 1:
        yield "the scores are of different judges or ways of judging, which the figures pool"
    unlike = sum(duel.a.unknown().get("rubric") != duel.b.unknown().get("rubric") for duel in met)
    if unlike:
        yield f"{unlike} of {len(met)} pairs were scored by different rubrics, so their scores may not compare"


def _summarise(path: str, files: Files, closing: Closing) -> None:
    """The figures of comparisons that were already made."""
    rows, dropped = finished(path)
    if not rows:
        raise InputError(f"{path}: has no comparison to summarise")
    closing.check(rows)
    session = Session("winrate", files, reads=[path], reports=True)

    async def work(row: Decided) -> Outcome:
        return Outcome((row,))

    async def main() -> None:
        if dropped:
            left_out = f"{counted(dropped, 'row')} without a preference {'is' if dropped == 1 else 'are'} left out"
            session.tell(f"winrate: {left_out}")
            session.figures["dropped"] = dropped
        if len({str(row.unknown().get("judge")) for row in rows}) > 1:
            session.tell("winrate: the comparisons are of different judges, which the figures pool")
        await session.do(rows, work, Row.columns, total=len(rows))
        closing.close(session, rows)

    session.run(main)
