"""rubrictool refine: refine the rubric of each prompt on its best pairs of candidates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, NamedTuple, get_args

import typer

from rubrictool.analysis.gold import file_and_column
from rubrictool.analysis.panel_agreement import PanelTally, Votes, votes_on
from rubrictool.cli.cut_traces import tell_cut
from rubrictool.cli.inputs import Inputs
from rubrictool.cli.model_options import asked, asked_judges
from rubrictool.cli.options import EngineRequestFlags, ReadingFlags, Seed, ShardedOutputFlags, ShownQuestionFlags
from rubrictool.cli.panel_lines import tell_panel
from rubrictool.cli.refine_report import RefineReport
from rubrictool.cli.role_options import JudgeFlags, ModelFlags, ProposerFlags
from rubrictool.cli.roles import Roles
from rubrictool.cli.session import Session
from rubrictool.cli.unused_options import Idle, of_asking, of_judges, of_role, of_view, refuse_idle
from rubrictool.errors import InputError
from rubrictool.judging.protocols import Judge
from rubrictool.judging.vote_recorder import VoteRecorder
from rubrictool.questions.separate import DEFAULT_CONTEXT, ContextPart
from rubrictool.refinement.accept import TOLERANCE, AcceptRule
from rubrictool.refinement.candidates import Candidates
from rubrictool.refinement.dry_run import EACH, FIRST, LENGTH, dry_refine
from rubrictool.refinement.evidence import BY_LABELS, EvidenceSource
from rubrictool.refinement.gold_check import CheckedPrompt, GoldCheck
from rubrictool.refinement.loop import Refinement, refine
from rubrictool.refinement.options import Evidence, RefineOptions
from rubrictool.refinement.pairs import PairRule, PoolRule
from rubrictool.rows.joins import Texts, rubric_for, rubrics_by_prompt
from rubrictool.rows.jsonl import Rows
from rubrictool.rows.records import Prompt, Response, Rubric
from rubrictool.rows.shards import PromptRuns
from rubrictool.rubric.empty_response import is_empty
from rubrictool.rubric.limits import Limits
from rubrictool.steps.map_rows import Outcome, Work
from rubrictool.text.wording import counted

Hidden = Annotated[str | None, typer.Option(hidden=True)]

_SUPPOSED = (
    f"{FIRST} criteria in a first rubric and {EACH} more a round, of {LENGTH} characters each; longer ones cost more"
)


def _formula(judging: JudgeFlags, options: RefineOptions, *, both_orders: bool, checks: bool) -> str:
    """Return what bounds the calls of a run, in terms of its prompts, rounds and candidates."""
    proposed = f"prompts x (1 first rubric + {options.rounds} rounds{', each in both orders' if both_orders else ''})"
    judges = f" x {len(judging.specs)} judges" if len(judging.specs) > 1 else ""
    judged = (
        f"candidates x {options.rounds} rounds{' x criteria' if judging.judging == 'per-criterion' else ''}{judges}"
    )
    more = [
        ", of which --pool narrow usually saves half" if options.narrows else "",
        f", once more under --accept {options.accept}" if options.accept != "always" else "",
        ", and the best 40 % under two rubrics for --check-against" if checks else "",
    ]
    return f"proposer: {proposed}; judge: {judged}{''.join(more)}"


def command(
    context: typer.Context,
    prompts: Annotated[str, typer.Argument(metavar="PROMPTS", help="Prompt rows; - is stdin.", show_default=False)],
    judging: JudgeFlags,
    proposing: ProposerFlags,
    models: ModelFlags,
    wording: ShownQuestionFlags,
    reading: ReadingFlags,
    files: ShardedOutputFlags,
    asking: EngineRequestFlags,
    pairs: Annotated[PairRule, typer.Option(help="Which two candidates a round shows.")] = "great-diverse",
    rounds: Annotated[int, typer.Option(min=0, help="Rounds per prompt.")] = 4,
    rubrics: Annotated[
        str | None, typer.Option(metavar="FILE", help="Rubrics to begin with; - is stdin.", show_default=False)
    ] = None,
    responses: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Candidates, instead of the prompt rows' own.", show_default=False),
    ] = None,
    model_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="The column of --responses that says who wrote one, such as step. [default: model]",
            show_default=False,
        ),
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Candidates to draw per prompt and --model.")] = 4,
    pool: Annotated[
        PoolRule,
        typer.Option(help="Which candidates stay: the best half, all but the shown pair, or all."),
    ] = "narrow",
    keep_share: Annotated[float, typer.Option(min=0, max=1, help="Share of the pool that --pool narrow keeps.")] = 0.5,
    keep_least: Annotated[int, typer.Option(min=2, help="Candidates that --pool narrow keeps at least.")] = 4,
    accept: Annotated[
        AcceptRule | None,
        typer.Option(
            metavar="RULE",
            help=f"Which proposals are accepted: {', '.join(get_args(AcceptRule))}. "
            "[default: skill with --weak, label-correlation with --labels, else always]",
            show_default=False,
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="FILE[:COLUMN]",
            help="Labels or comparisons for the rules that go by labels. [default: the responses' column quality]",
            show_default=False,
        ),
    ] = None,
    weak: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Weaker writers' responses, for --accept skill.", show_default=False),
    ] = None,
    check_against: Annotated[
        str | None,
        typer.Option(
            metavar="FILE[:COLUMN]",
            help="Tell at the end whether it helped, by labels, comparisons or scores that decide nothing; the best by "
            "them are judged once more.",
            show_default=False,
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0, max=1, help="How far --accept label-agreement lets agreement fall.")
    ] = TOLERANCE,
    proposer_context: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help=f"What the proposer sees beside a pair: of {', '.join(get_args(ContextPart))}; or none.",
        ),
    ] = ",".join(sorted(DEFAULT_CONTEXT, reverse=True)),
    both_orders: Annotated[
        bool, typer.Option("--both-orders", help="Show each pair in both orders and keep what agrees.")
    ] = False,
    max_criteria: Annotated[
        int,
        typer.Option(min=1, help="Criteria that a rubric may hold; above it a proposer's go, a person's never."),
    ] = Limits.max_criteria,
    max_new: Annotated[int, typer.Option(min=0, help="Criteria that a round may add.")] = Limits.max_new,
    trace: Annotated[
        str | None, typer.Option(metavar="FILE", help="One row per prompt and round.", show_default=False)
    ] = None,
    seed: Seed = 0,
    temperature: Hidden = None,
    max_tokens: Hidden = None,
) -> None:
    """Refine rubrics on the best pairs.

    Score a prompt's candidates, show the proposer the best pair, take the rubric it makes of it, go round.
    Candidates are the prompt rows' own responses, those in --responses, or drawn with --model.

    Example: rubrictool refine prompts.jsonl --pairs great-diverse --rounds 4 --proposer gpt-4.1 --judge gpt-4.1-mini
    """
    gold_file, gold_column = file_and_column(check_against) if check_against else (None, None)
    labels_file, labels_column = file_and_column(labels) if labels else (None, None)
    given = Inputs(reading, prompts, rubrics, responses, labels_file, weak, gold_file)
    told_rubrics = _own_rubrics_told(prompts, rubrics) if given.of(prompts).holds("rubrics") else ""
    if told_rubrics:
        rubrics = rubrics or prompts
    if given.of(prompts).holds("responses"):
        responses = responses or prompts
    _refuse_shared(temperature=temperature, max_tokens=max_tokens)
    _both_or_none(judging.specs, proposing.proposer)
    configs = asked_judges(judging, None)
    proposer_role = asked(proposing.proposer, proposing.proposer_args, "--proposer-args", None)
    shown = _shown(proposer_context)
    rows = Rows(given.of(prompts), Prompt)
    texts = Texts(rows, responses=True)
    known = rubrics_by_prompt(given.of(rubrics), texts)
    candidates = Candidates.read(given.of(responses), rows, texts, model_column)
    count = candidates.check(rows, texts, pairs, models.model or [], known if rubrics else None)
    rule = accept or _rule_by(labels, weak)
    limits = Limits(max_criteria, max_new)
    options = RefineOptions(pairs, rounds, pool, rule, tolerance, seed, limits, keep_share, keep_least)
    refuse_idle(
        context,
        Idle(rule != "label-agreement", "without --accept label-agreement", ["tolerance"]),
        Idle(rule not in BY_LABELS, "without --accept label-correlation or label-agreement", ["labels"]),
        Idle(rule != "skill", "without --accept skill", ["weak"]),
        Idle(pool != "narrow", "without --pool narrow", ["keep_share", "keep_least"]),
        Idle(not options.narrows, f"with --pairs {pairs}, which scores nothing", ["keep_share", "keep_least"]),
        Idle(not models.model, "without --model", ["n", "model_args"]),
        Idle(responses is None, "without --responses", ["model_column"]),
        *of_judges(judging),
        of_role("proposer", proposing.proposer, "proposer_args", "proposer_context"),
        *of_asking(asking, *judging.specs, proposing.proposer, *(models.model or [])),
        of_view(wording),
    )
    pools = (candidates.own(prompt) for _, prompt in rows)
    source = EvidenceSource(
        options,
        texts,
        pools,
        labels=(given.of(labels_file), labels_column) if labels_file else None,
        weak=given.of(weak),
    )
    check = None
    if gold_file:
        check = GoldCheck.read(given.of(gold_file), gold_column, texts, held_out_by=seed if rule in BY_LABELS else None)
        check.require_pairs(candidates.own(prompt) for _, prompt in rows)
    session = Session(
        "refine",
        files,
        asking,
        wording,
        specs=[*judging.specs, proposing.proposer, *(models.model or [])],
        trace=trace,
        inputs=given,
    )
    writers = [asked(spec, models.model_args, "--model-args", None, temperature=1) for spec in models.model or []]
    report = RefineReport(rule, limits)
    checked: list[CheckedPrompt] = []
    panel = PanelTally()

    async def main() -> None:
        part = session.part(rows, PromptRuns.of_prompts(count.prompts))
        session.say_offline(judge=configs, proposer=[proposer_role])
        if unmatched := candidates.unmatched:
            belong = "belongs to another prompt and is" if unmatched == 1 else "belong to other prompts and are"
            session.tell(f"refine: {counted(unmatched, 'response')} {belong} left out")
        if models.model and count.prompts and not count.to_sample:
            session.tell("refine: every prompt has its responses, so --model draws none")
        if told_rubrics:
            session.tell(told_rubrics)
        dry = session.dry_run is not None

        async def connect(roles: Roles) -> Work[_Task]:
            judge = await roles.judge(configs, judging)
            proposer = await roles.proposer(
                proposer_role, proposer_context=shown, both_orders=both_orders, limits=limits
            )
            drawn_from = await roles.writers(writers)

            def refined_by(
                rounds_of: _Rounds,
                task: _Task,
                pool: Sequence[Response],
                evidence: Evidence,
                judge_of_pool: Judge = judge,
                **more: Any,
            ) -> Awaitable[Refinement]:
                return rounds_of(
                    task.prompt,
                    pool,
                    judge=judge_of_pool,
                    proposer=proposer,
                    rubric=task.rubric,
                    options=options,
                    evidence=evidence,
                    **more,
                )

            async def work(task: _Task) -> Outcome:
                prompt, _, own = task
                pool, failure = await own.of(prompt, drawn_from, n)
                empty = sum(is_empty(row.response) for row in pool)
                cut = sum(wording.shown.cuts(row.response) for row in pool)
                if not pool and failure:
                    return Outcome(failure=failure, note=_Done(prompt, empty))
                evidence, checked, recorder = source.of(prompt, pool), None, VoteRecorder(judge)
                with roles.steps(1 + rounds + (check is not None)) as step:
                    refined = await refined_by(refine, task, pool, evidence, recorder, on_step=step)
                    if check:
                        checked = await check.check(prompt, pool, refined, judge)
                enough, votes = source.is_enough(evidence), tuple(votes_on(recorder.found))
                note = _Done(prompt, empty, cut, len(pool) - empty, refined, checked, enough, votes)
                return Outcome((refined.rubric,), refined.failure or failure, refined.rounds, note)

            async def plan(task: _Task) -> Outcome:
                prompt, _, own = task
                pool = await own.assumed(prompt, drawn_from, n)
                assumed = await refined_by(dry_refine, task, pool, source.of(prompt, pool))
                if check:
                    await check.plan(prompt, pool, assumed, judge)
                return Outcome()

            return plan if dry else work

        def count_row(outcome: Outcome) -> None:
            done: _Done | None = outcome.note
            if done is None:
                return
            report.empty += done.empty
            report.cut += done.cut
            panel.add(done.prompt.id, done.votes)
            if done.refined:
                source.count(enough=done.enough)
                report.add(done.refined, done.prompt)
                report.most_candidates = max(report.most_candidates, done.candidates)
            if done.checked:
                checked.append(done.checked)

        await session.ask(
            part,
            connect,
            task_of=lambda prompt: _Task(prompt, rubric_for(prompt.id, known), candidates.only(prompt)),
            count=count_row,
            total=len(part),
        )
        if dry:
            formula = _formula(judging, options, both_orders=both_orders, checks=check is not None)
            session.figures |= {"formula": formula, "supposed": _SUPPOSED}
        else:
            report.close(session, files, check.report(checked, seed=seed) if check else None)
            tell_panel(session, "refine", panel)
            tell_cut(session, "refine", report.cut, wording)
            if remark := source.remark():
                session.tell(f"refine: {remark}")
            if rule in BY_LABELS:
                session.tell(
                    f"refine: half of the labels decided; tail --held-out --seed {seed} reports on the other half"
                )

    session.run(main)


def _own_rubrics_told(prompts: str, rubrics: str | None) -> str:
    """Return what becomes of the rubrics that the file of the prompts holds."""
    if rubrics not in (None, prompts):
        return f"refine: the rubrics in {prompts} have no effect, since others are given with --rubrics"
    return f"refine: begins with the rubrics in {prompts}"


_Rounds = Callable[..., Awaitable[Refinement]]
"""`refine` or `dry_refine`."""


class _Task(NamedTuple):
    """A prompt with its first rubric, where there is one, and its candidates."""

    prompt: Prompt
    rubric: Rubric | None
    candidates: Candidates


class _Done(NamedTuple):
    """A prompt's part of the closing lines.

    `empty` counts empty candidates, `cut` those shown without their middle; `candidates` are those that are not empty, and
    `enough` says how much its evidence was. `votes` are those of the judges of a panel.
    """

    prompt: Prompt
    empty: int
    cut: int = 0
    candidates: int = 0
    refined: Refinement | None = None
    checked: CheckedPrompt | None = None
    enough: bool = True
    votes: tuple[Votes, ...] = ()


def _rule_by(labels: str | None, weak: str | None) -> AcceptRule:
    """Return the rule that did best in the simulated world with what there is to go by (docs/simulation.md)."""
    return "skill" if weak else "label-correlation" if labels else "always"


def _shown(names: str) -> frozenset[ContextPart]:
    """Return what `--proposer-context` names. Raises `InputError` for an unknown name."""
    given = [name.strip() for name in names.split(",")] if names != "none" else []
    known: dict[str, ContextPart] = {name: name for name in get_args(ContextPart)}
    if unknown := [name for name in given if name not in known]:
        raise InputError(f"--proposer-context {unknown[0]}: is unknown; there are {', '.join(known)}, or none")
    return frozenset(known[name] for name in given)


def _refuse_shared(**flags: str | None) -> None:
    if given := [name for name, value in flags.items() if value is not None]:
        flag = given[0].replace("_", "-")
        raise InputError(
            f"refine plays several roles, so --{flag} has no single meaning; use --judge-args, --proposer-args"
        )


def _both_or_none(judges: Sequence[str], proposer: str | None) -> None:
    if (not judges) != (proposer is None):
        missing = "--proposer" if judges else "--judge"
        raise InputError(f"refine: only one role has a model; add {missing} SPEC, or {missing} offline if you mean it")
