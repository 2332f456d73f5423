"""rubrictool score: judge responses by their prompts' rubrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NamedTuple, Self

import typer

from rubrictool.analysis.abstentions import AbstentionTally
from rubrictool.analysis.escalations import EscalatedRow, EscalationTally
from rubrictool.analysis.hard_verdicts import HardVerdictTally, hard_reasons
from rubrictool.analysis.model_scores import ScoreTally, clipped
from rubrictool.analysis.panel_agreement import PanelTally, Votes, votes_on
from rubrictool.cli.aggregation import aggregate_of, dimensions
from rubrictool.cli.cut_traces import tell_cut
from rubrictool.cli.empties import scored_without_judge, tell_empty
from rubrictool.cli.escalation_lines import tell_escalation
from rubrictool.cli.github import check_summary, write_job_summary
from rubrictool.cli.inputs import Inputs
from rubrictool.cli.model_options import asked_judges
from rubrictool.cli.options import (
    AggregateFlags,
    EmptyResponses,
    EngineRequestFlags,
    MissingRubric,
    PromptsFile,
    ReadingFlags,
    RenderGithub,
    ResponsesFile,
    RubricsFile,
    ShardedOutputFlags,
    ShownQuestionFlags,
)
from rubrictool.cli.panel_lines import tell_panel
from rubrictool.cli.role_options import JudgeFlags, SamplingFlags
from rubrictool.cli.roles import Roles
from rubrictool.cli.score_table import score_lines, score_sheet
from rubrictool.cli.session import Session
from rubrictool.cli.unused_options import Idle, of_only_judges, refuse_idle
from rubrictool.errors import InputError
from rubrictool.judging.escalation import Escalation
from rubrictool.judging.protocols import may_abstain
from rubrictool.rows.calibrations import Calibration, read_calibration
from rubrictool.rows.joins import rubric_for
from rubrictool.rows.jsonl import Rows, Source
from rubrictool.rows.judgeable import JudgeableResponses, JudgeTask
from rubrictool.rows.records import Response, Rubric, Score, ScoreWithDetails
from rubrictool.rubric.empty_response import FAILURE, is_empty
from rubrictool.rubric.saturation import WEIGHTED, Aggregate
from rubrictool.rubric.weights import TIE, rubric_hash
from rubrictool.steps.map_rows import Outcome, Work
from rubrictool.steps.score import score
from rubrictool.text.trace_views import TraceView

if TYPE_CHECKING:
    from rubrictool.cli.score_human import PeoplesScores


def command(
    context: typer.Context,
    responses: ResponsesFile,
    judging: JudgeFlags,
    parameters: SamplingFlags,
    wording: ShownQuestionFlags,
    reading: ReadingFlags,
    counting: AggregateFlags,
    files: ShardedOutputFlags,
    asking: EngineRequestFlags,
    rubrics: RubricsFile = None,
    prompts: PromptsFile = None,
    missing_rubric: MissingRubric = "error",
    empty: EmptyResponses = None,
    samples: Annotated[
        int, typer.Option(min=1, help="Verdicts per response; the score is their mean. Needs a --temperature above 0.")
    ] = 1,
    calibration: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="With --soft, calibrate its probabilities (rubrictool agree --calibrate).",
            show_default=False,
        ),
    ] = None,
    examples: Annotated[
        str | None,
        typer.Option(
            metavar="LABELS",
            help="Show the judge a few labels of other responses, of rows as agree reads them.",
            show_default=False,
        ),
    ] = None,
    min_coverage: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Let a row pass without some verdicts, if criteria of this share of the weight have one.",
            show_default=False,
        ),
    ] = None,
    fail_under: Annotated[
        float | None,
        typer.Option(max=1, help="Exit 3 when the mean of the prompts' means is lower.", show_default=False),
    ] = None,
    human: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Correct mean scores by people's scores, or verdicts, of some responses.",
            show_default=False,
        ),
    ] = None,
    render: RenderGithub = None,
) -> None:
    """Score responses by their rubrics.

    One verdict per criterion, from its check or the judge; the score is the weighted share of criteria met.

    Example: rubrictool score responses.jsonl --rubrics rubrics.jsonl --judge gpt-4.1-mini -o scores.jsonl
    """
    if render:
        check_summary("score", files.output)
    given = Inputs(reading, responses, rubrics, prompts, calibration, human, examples)
    rubrics = rubrics or given.own_rubrics(responses, "score")
    if samples > 1 and calibration is not None:
        raise InputError("--samples and --calibration: give one; a calibration is fitted on verdicts of one sample")
    if samples > 1 and min_coverage is not None:
        raise InputError("--samples and --min-coverage: give one; a mean needs all verdicts of every sample")
    for flag, value in (("--fail-under", fail_under), ("--human", human)) if files.shard else ():
        if value is not None:
            raise InputError(
                f"{flag} needs the scores of all prompts, and --shard leaves some out; use it in a run without --shard, "
                "which asks nothing where the cache has the replies of all shards (rubrictool cache merge)"
            )
    found = given.judgeable(responses, rubrics, prompts, missing_rubric)
    found = replace(found, rubrics=_defended(rubrics, found.rubrics)) if counting.defence else found
    rows, known = found.rows, found.rubrics
    curves = aggregate_of(counting, known)
    fitted = read_calibration(given.of(calibration)) if calibration else None
    if fitted:
        _check_calibration(fitted, rows, known, wording.shown)
    shown = None
    if examples is not None:
        from rubrictool.analysis.label_examples import label_examples

        shown = label_examples(
            given.of(examples), given.of(responses), rubrics=given.of(rubrics), prompts=given.of(prompts)
        )
    people = _people(given.of(human), found, curves) if human is not None else None
    configs = asked_judges(judging, parameters)
    refuse_idle(
        context,
        *of_only_judges(judging, asking, wording, "examples"),
        Idle(not judging.soft, "without --soft", ("calibration",)),
    )
    session = Session("score", files, asking, wording, specs=judging.specs, inputs=given)
    tally, gaps, doubts, counts = ScoreTally(), _Gaps(), AbstentionTally(), Counter[str]()
    hard = HardVerdictTally()
    panel, escalations = PanelTally(), EscalationTally()

    async def main() -> None:
        part = session.part(rows, found.runs)
        session.say_offline(judge=configs)
        if shown:
            session.figures |= shown.figures()
            session.tell(f"score: {shown.line()}")
        if counting.aggregate and not dimensions(known.values()):
            session.tell("score: no criterion has a dimension, so --aggregate saturates nothing")

        def task_of(row: Response) -> JudgeTask:
            counts["cut"] += wording.shown.cuts(row.response)
            return found.task(row)

        async def connect(roles: Roles) -> Work[JudgeTask]:
            judge = await roles.judge(
                configs, judging, samples=samples, calibration=fitted, examples=shown.examples if shown else None
            )

            async def work(task: JudgeTask) -> Outcome:
                prompt, rubric = task.judged_by
                shows_nothing = is_empty(task.row.response)
                scored = await score(
                    prompt, rubric, task.row, judge, aggregate=curves, min_coverage=min_coverage, empty=empty
                )
                note = _Scored.of(scored, empty=shows_nothing, doubts=may_abstain(judge), escalation=roles.escalation)
                return Outcome((scored,), note=note)

            return work

        def count(outcome: Outcome) -> None:
            if outcome.failure:
                counts[outcome.failure.kind] += 1
            elif scored := outcome.note:
                counts["scored"] += scored.empty
                gaps.add(scored)
                doubts.add(scored.rubric, scored.verdicts)
                hard.add(scored.hard)
                panel.add(scored.prompt_id, scored.votes)
                if scored.escalated:
                    escalations.add(scored.prompt_id, scored.escalated)
                tally.add(scored.prompt_id, scored.model, scored.score)
                if people:
                    people.add((scored.prompt_id, scored.id), scored.model)

        await session.ask(part, connect, task_of=task_of, count=count, total=len(part))
        if min_coverage is not None:
            gaps.tell(session)
        if (judging.allow_abstain or doubts.rows) and not session.dry_run:
            session.figures |= doubts.figures()
            session.tell(f"score: {doubts.line()}{_split_remedy(session)}")
        if judging.soft and not session.dry_run:
            session.figures |= hard.figures()
            session.tell(f"score: {hard.line()}")
        tell_panel(session, "score", panel)
        tell_escalation(session, "score", escalations, questions=1 if judging.judging == "per-criterion" else None)
        empty_ones = counts["scored"] + counts[FAILURE]
        tell_empty(session, "score", empty_ones, scored_without_judge(empty_ones, counts[FAILURE]))
        tell_cut(session, "score", counts["cut"], wording)
        if session.dry_run:
            return
        _close(session, tally)
        corrected = people.close(session, tally, fail_under) if people else []
        if fail_under is not None and not people:
            _check(session, tally.mean(), fail_under)
        if render:
            write_job_summary(score_sheet(tally, session.ending), *corrected)

    session.run(main)


def _check_calibration(
    calibration: Calibration, rows: Rows[Response], rubrics: Mapping[str, Rubric], view: TraceView
) -> None:
    """Raise `InputError` for a rubric, or a view of a conversation, to which a calibration does not apply."""
    for _, row in rows:
        if rubric := rubric_for(row.prompt_id, rubrics):
            calibration.check_rubric(rubric_hash(rubric.criteria), rubric.id)
            calibration.check_view(view, row)


class _Scored(NamedTuple):
    """The part of a score that the closing lines need.

    `gap` is its coverage where it lacks verdicts that can be asked for again. `verdicts` say for each criterion whether the judge
    abstained; none where it may not. `hard` says for each verdict of a soft judge why it is not soft. `votes` are those
    of several judges, and `escalated`
    counts what was left to a strong one.
    """

    prompt_id: str
    id: str
    model: str | None
    score: float
    empty: bool
    gap: float | None
    rubric: str
    verdicts: tuple[tuple[str, bool], ...]
    hard: tuple[str | None, ...]
    votes: tuple[Votes, ...]
    escalated: EscalatedRow | None

    @classmethod
    def of(cls, row: Score, *, empty: bool, doubts: bool, escalation: Escalation | None) -> Self:
        """Return what is needed of a row."""
        missing = any(not verdict.judged and not verdict.abstained for verdict in row.verdicts)
        gap = row.coverage if isinstance(row, ScoreWithDetails) and missing else None
        verdicts = tuple((verdict.id, verdict.abstained) for verdict in row.verdicts) if doubts else ()
        votes, hard = tuple(votes_on(row.verdicts)), hard_reasons(row.verdicts)
        escalated = _escalated(row, escalation) if escalation else None
        return cls(
            row.prompt_id, row.id, row.model, row.score, empty, gap, row.rubric, verdicts, hard, votes, escalated
        )


def _split_remedy(session: Session) -> str:
    """Return what decides where the judges of a panel are evenly split, empty where they cannot be."""
    asked = session.roles
    if not asked.panel or not asked.panel.can_split or asked.escalation:
        return ""
    return "; where judges are evenly split, one --judge more, --panel mean or --escalate SPEC decides"


def _escalated(row: Score, judge: Escalation) -> EscalatedRow:
    return EscalatedRow.of(row.verdicts, judge.strong_name, drawn=judge.checks(row.prompt_id, row.id))


class _Gaps:
    """Count scores that rest on part of their criteria; keep the lowest coverage."""

    def __init__(self) -> None:
        self._coverage: list[float] = []

    def add(self, row: _Scored) -> None:
        if row.gap is not None:
            self._coverage.append(row.gap)

    def tell(self, session: Session) -> None:
        """Say it, and put it into the figures."""
        session.figures |= {"partly_judged": len(self._coverage), "lowest_coverage": min(self._coverage, default=None)}
        if self._coverage:
            told = f"{len(self._coverage)} (lowest coverage {min(self._coverage):.2f})"
            rerun = "; rerun the command to ask for the missing ones" if session.keeps_replies else ""
            session.tell(f"score: scores that lack verdicts: {told}{rerun}")


def _defended(path: str, rubrics: Mapping[str, Rubric]) -> dict[str, Rubric]:
    """The rubrics with the built-in vetoes. Raises `InputError` where an id is taken."""
    from rubrictool.rubric.builtin_vetoes import with_builtin_vetoes

    found = {}
    for name, rubric in rubrics.items():
        try:
            found[name] = with_builtin_vetoes(rubric)
        except ValueError as error:
            raise InputError(f"{path}: {name}: {error}; rename it, or leave --defence out") from None
    return found


def _people(labels: Source, found: JudgeableResponses, curves: Aggregate | None) -> PeoplesScores:
    """Return people's scores. Raises `InputError` for labels of responses that are not there, or without a score."""
    from rubrictool.analysis.corrected_scores import people_scores
    from rubrictool.cli.score_human import PeoplesScores

    responses = (row for _, row in found.rows)
    scores = people_scores(labels, responses, found.rubrics, found.texts, curves=lambda _: curves or WEIGHTED)
    return PeoplesScores(scores)


def _close(session: Session, tally: ScoreTally) -> None:
    mean = tally.mean()
    bounded = None if mean is None else clipped(mean)
    session.figures |= {
        "mean_score": mean,
        "clipped_mean": bounded,
        "models": [one._asdict() for one in tally.by_model()],
    }
    if mean is not None:
        # Drawing a table takes a tenth of a second, for which a quiet run need not wait.
        for line in () if session.quiet else score_lines(tally):
            session.tell(line)
        part = f" over the rows that did not fail ({session.progress.failed} did)" if session.progress.failed else ""
        part += "" if bounded == mean else f"; clipped to 0 to 1, as HealthBench does: {bounded:.3f}"
        session.tell(f"score: mean of prompt means {mean:.3f}{part}")


def _check(session: Session, mean: float | None, fail_under: float) -> None:
    """Miss the threshold where the mean is lower."""
    if mean is None or mean < fail_under - TIE:
        session.miss(
            "no row was scored, so --fail-under cannot be checked"
            if mean is None
            else f"the mean {mean:.3f} is below {fail_under:g}"
        )
