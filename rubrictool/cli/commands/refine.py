"""rubrictool refine: sharpen a rubric per prompt on the best pairs of candidates."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, get_args

import typer

from rubrictool.cli.commands.sample import outcome_of
from rubrictool.cli.empties import tell_empty
from rubrictool.cli.files import is_regular
from rubrictool.cli.inputs import one_stdin
from rubrictool.cli.options import Asking, Files, JudgeFlags, ModelFlags, ProposerFlags, Seed, Wording, asked
from rubrictool.cli.refine_preview import EXAMPLES, Example, opening, show, tied_line
from rubrictool.cli.session import Session
from rubrictool.cli.unused_options import Idle, of_asking, of_role, refuse_idle
from rubrictool.errors import InputError
from rubrictool.models.client import Model
from rubrictool.questions.separate import DEFAULT_CONTEXT, ContextPart
from rubrictool.refinement.accept import TOLERANCE, AcceptRule, is_repeat
from rubrictool.refinement.dry_run import EACH, FIRST, LENGTH, dry_refine
from rubrictool.refinement.evidence import BY_LABELS, EvidenceSource
from rubrictool.refinement.loop import Refinement, refine
from rubrictool.refinement.options import RefineOptions
from rubrictool.refinement.pairs import PairRule, PoolRule, writers
from rubrictool.rows.joins import Texts, by_prompt, rubric_for, rubrics_by_prompt
from rubrictool.rows.jsonl import Rows
from rubrictool.rows.records import Prompt, Response, Rubric
from rubrictool.rows.traces import Round
from rubrictool.rubric.empty_response import is_empty
from rubrictool.steps.map_rows import Outcome
from rubrictool.steps.sample import longest_response, sample_all
from rubrictool.text.wording import counted

Hidden = Annotated[str | None, typer.Option(hidden=True)]

_SUPPOSED = (
    f"a rubric begins with {FIRST} criteria, where none is given, and each round adds {EACH}, of {LENGTH} characters each; a "
    "proposer that writes more costs more, up to --max-cost"
)

_FORMULA = (
    "calls <= prompts x (1 first rubric, where none is given + rounds, twice with --both-orders) + candidates judged (those "
    "left in each round; under a rule all of them once more, and the weak ones in each trial; per criterion, as many times as "
    "there are criteria)"
)


def command(
    context: typer.Context,
    prompts: Annotated[str, typer.Argument(metavar="PROMPTS", help="Prompt rows; - is stdin.", show_default=False)],
    judging: JudgeFlags,
    proposing: ProposerFlags,
    models: ModelFlags,
    wording: Wording,
    files: Files,
    asking: Asking,
    pairs: Annotated[PairRule, typer.Option(help="Which two candidates a round shows.")] = "great-diverse",
    rounds: Annotated[int, typer.Option(min=0, help="Rounds per prompt.")] = 4,
    rubrics: Annotated[
        str | None, typer.Option(metavar="FILE", help="Rubrics to begin with; - is stdin.", show_default=False)
    ] = None,
    responses: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Candidates, instead of the prompt rows' own.", show_default=False),
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Candidates to draw per prompt and --model.")] = 4,
    pool: Annotated[PoolRule, typer.Option(help="Whether a shown pair leaves the pool.")] = "drop-used",
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
    one_stdin(prompts, rubrics, responses, labels, weak)
    _refuse_shared(temperature=temperature, max_tokens=max_tokens)
    _both_or_none(judging.judge, proposing.proposer)
    judge_role = asked(judging.judge, judging.judge_args, "--judge-args", None)
    proposer_role = asked(proposing.proposer, proposing.proposer_args, "--proposer-args", None)
    shown = _shown(proposer_context)
    texts = Texts(responses=True)
    known = rubrics_by_prompt(rubrics, texts) if rubrics else {}
    rows = Rows(prompts, Prompt)
    given, strangers = _given(rows, responses, texts)
    total, to_draw = _checked(rows, texts, given, pairs, models.model or [], known if rubrics else None)
    rule = accept or _rule_by(labels, weak)
    options = RefineOptions(pairs, rounds, pool, rule, tolerance, seed)
    refuse_idle(
        context,
        Idle(rule != "label-agreement", "without --accept label-agreement", ["tolerance"]),
        Idle(rule not in BY_LABELS, "without --accept label-correlation or label-agreement", ["labels"]),
        Idle(rule != "skill", "without --accept skill", ["weak"]),
        Idle(not models.model, "without --model", ["n", "model_args"]),
        of_role("judge", judging.judge, "judge_args"),
        of_role("proposer", proposing.proposer, "proposer_args", "proposer_context"),
        *of_asking(asking, judging.judge, proposing.proposer, *(models.model or [])),
    )
    pools = (_own(prompt, given) for _, prompt in rows)
    source = EvidenceSource(options, texts, pools, labels=labels, weak=weak)
    session = Session(
        "refine",
        files,
        asking,
        wording,
        specs=[judging.judge, proposing.proposer, *(models.model or [])],
        trace=trace,
        reads=[prompts, rubrics, responses, labels, weak],
    )
    report = _Report(rule)

    async def main() -> None:
        session.warn_if_empty(total)
        session.say_offline(judge=judge_role, proposer=proposer_role)
        if strangers:
            belong = "belongs to another prompt and is" if strangers == 1 else "belong to other prompts and are"
            session.tell(f"refine: {counted(strangers, 'response')} {belong} left out")
        if models.model and total and not to_draw:
            session.tell("refine: every prompt has its responses, so --model draws none")
        judge = await session.judge(judge_role, judging)
        proposer = await session.proposer(proposer_role, proposer_context=shown, both_orders=both_orders)
        drawn_from = await session.writers(
            [asked(spec, models.model_args, "--model-args", None, temperature=1) for spec in models.model or []]
        )

        async def work(prompt: Prompt) -> Outcome:
            members, short = await _pool(prompt, given, drawn_from, n)
            report.empty += sum(is_empty(row.response) for row in members)
            if not members and short.failure:
                return short
            with session.progress.parts(1 + rounds) as step:
                refined = await refine(
                    prompt,
                    members,
                    judge=judge,
                    proposer=proposer,
                    rubric=rubric_for(prompt.id, known),
                    options=options,
                    evidence=source.of(prompt, members),
                    on_step=step,
                )
            report.add(refined, prompt)
            return Outcome((refined.rubric,), refined.failure or short.failure, refined.rounds)

        async def plan(prompt: Prompt) -> Outcome:
            members, _ = await _pool(prompt, given, drawn_from, n)
            await dry_refine(
                prompt,
                members if _own(prompt, given) else _with_longest(prompt, members, drawn_from, n),
                judge=judge,
                proposer=proposer,
                rubric=rubric_for(prompt.id, known),
                options=options,
                evidence=source.of(prompt, members),
            )
            return Outcome()

        dry = session.dry_run is not None
        await session.do((row for _, row in rows), plan if dry else work, lambda prompt: prompt, total=total)
        if dry:
            session.figures |= {"formula": _FORMULA, "supposed": _SUPPOSED}
        else:
            report.close(session, files)
            if remark := source.remark():
                session.tell(f"refine: {remark}")
            if rule in BY_LABELS:
                session.tell(
                    f"refine: half of the labels decided; tail --held-out --seed {seed} reports on the other half"
                )

    session.run(main)


@dataclass
class _Report:
    """What the end of a run tells: what became of proposals under the rule, ties at the top at first and at last, and one
    or two examples."""

    rule: AcceptRule
    prompts: int = 0
    empty: int = 0
    judged: int = 0
    tied_first: int = 0
    tied_last: int = 0
    again: bool = False
    kept: int = 0
    rounds: int = 0
    taken: int = 0
    refused: int = 0
    criteria_refused: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)
    examples: tuple[Example, ...] = ()

    def add(self, refined: Refinement, prompt: Prompt) -> None:
        self.prompts += 1
        self.rounds += len(refined.rounds)
        self.stopped[refined.rubric.stopped or "done"] += 1
        self._count_proposals(refined.rounds[:-1] if refined.failure else refined.rounds)
        if refined.tied:
            self.judged += 1
            self.tied_first += refined.tied[0]
            self.tied_last += refined.tied[-1]
            self.again |= len(refined.tied) > 1
        self.kept += refined.failure is not None
        slim = replace(refined, rubric=refined.rubric.model_copy(update={"prompt": None}))
        examples = (*self.examples, Example(slim, opening(prompt)))
        self.examples = tuple(sorted(examples, key=lambda example: example.rank)[:EXAMPLES])

    def _count_proposals(self, rounds: Sequence[Round]) -> None:
        self.taken += sum(row.accepted for row in rounds)
        self.refused += sum(not row.accepted for row in rounds)
        self.criteria_refused.update(
            SAID_AGAIN if is_repeat(refusal) else self.rule for row in rounds for refusal in row.refused
        )

    def close(self, session: Session, files: Files) -> None:
        session.figures |= {
            "rounds": self.rounds,
            "stopped": dict(self.stopped),
            "proposals": {"taken": self.taken, "refused": self.refused},
            "criteria_refused": dict(self.criteria_refused),
            "judged_prompts": self.judged,
            "tied_first": self.tied_first,
            "tied_last": self.tied_last,
        }
        session.progress.stop()
        show(session.tell, self.examples, prompts=self.prompts)
        tell_empty(session, "refine", self.empty, "left out, for there is nothing in them to learn from")
        if self.stopped["no_pairs"]:
            session.tell(
                f"refine: {self.stopped['no_pairs']} of {self.prompts} prompts ran out of pairs before the last round"
            )
        if self.rule != "always":
            session.tell(f"refine: {self._refusals()}")
        session.tell(tied_line(self.tied_first, self.tied_last, self.judged, again=self.again))
        if self.kept:
            session.tell(f"refine: a round failed for {counted(self.kept, 'prompt')}; the rubric before it is kept")
        if is_regular(files.output) and self.kept < self.prompts:
            session.tell(f"next: rubrictool score RESPONSES --rubrics {shlex.quote(files.output)}")

    def _refusals(self) -> str:
        criteria = counted(self.criteria_refused.total(), "criterion", "criteria")
        why = [f"{count} {_REFUSED.get(by, f'by {by}')}" for by, count in sorted(self.criteria_refused.items())]
        of_them = f" ({', '.join(why)})" if why else ""
        proposals = counted(self.taken, "proposal")
        return f"--accept {self.rule}: {proposals} taken, {self.refused} refused; {criteria} refused{of_them}"


SAID_AGAIN = "said_again"
"""Under which name the summary counts criteria that say again what another says; the others stand under the rule."""

_REFUSED = {SAID_AGAIN: "said again"}


def _rule_by(labels: str | None, weak: str | None) -> AcceptRule:
    """The rule that did best in the simulated world with what there is to go by (docs/simulation.md)."""
    return "skill" if weak else "label-correlation" if labels else "always"


def _shown(names: str) -> frozenset[ContextPart]:
    """What `--proposer-context` names. Raises `InputError` for what is not to be had."""
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


def _both_or_none(judge: str | None, proposer: str | None) -> None:
    if (judge is None) != (proposer is None):
        missing = "--judge" if judge is None else "--proposer"
        raise InputError(f"refine: only one role has a model; add {missing} SPEC, or {missing} offline if you mean it")


def _given(rows: Rows[Prompt], responses: str | None, texts: Texts) -> tuple[dict[str, list[Response]] | None, int]:
    """The candidates of --responses by prompt, and how many belong to no prompt here."""
    if responses is None:
        return None, 0
    grouped = by_prompt(row for _, row in texts.checked(Rows(responses, Response)))
    ours = {row.id for _, row in rows}
    strangers = sum(len(group) for prompt_id, group in grouped.items() if prompt_id not in ours)
    return {prompt_id: group for prompt_id, group in grouped.items() if prompt_id in ours}, strangers


def _own(prompt: Prompt, given: Mapping[str, list[Response]] | None) -> Sequence[Response]:
    return prompt.responses if given is None else given.get(prompt.id, [])


def _checked(
    rows: Rows[Prompt],
    texts: Texts,
    given: Mapping[str, list[Response]] | None,
    pairs: PairRule,
    specs: Sequence[str],
    rubrics: Mapping[str, Rubric] | None,
) -> tuple[int, int]:
    """How many prompts there are, and for how many candidates are to be drawn.

    Raises `InputError` for one that could not be refined.
    """
    total = to_draw = 0
    for line, prompt in texts.checked(rows):
        total += 1
        own = _own(prompt, given)
        to_draw += not own
        if not own and not specs:
            raise rows.error(
                line, "responses: no candidates; add them to the row, give --responses FILE, or draw with --model"
            )
        if rubrics is not None and rubric_for(prompt.id, rubrics) is None:
            raise rows.error(
                line, f"id: --rubrics has no rubric for the prompt {prompt.id!r}; add one, or leave --rubrics out"
            )
        if pairs == "great-diverse" and len(writers(own) if own else set(specs)) < 2:
            remedy = "label the responses with their model, add another writer's, or use --pairs great"
            raise rows.error(line, f"responses: great-diverse needs candidates of at least two models; {remedy}")
    return total, to_draw


async def _pool(
    prompt: Prompt, given: Mapping[str, list[Response]] | None, models: list[Model], n: int
) -> tuple[Sequence[Response], Outcome]:
    """A prompt's candidates: its own, else drawn; and what went wrong in drawing."""
    own = _own(prompt, given)
    if own:
        return own, Outcome()
    drawn = await sample_all(prompt, models, n)
    return [one for one in drawn if isinstance(one, Response)], outcome_of(drawn)


def _with_longest(prompt: Prompt, members: Sequence[Response], models: Sequence[Model], n: int) -> Sequence[Response]:
    """Return the candidates as a dry run assumes them: what is not in the cache is as long as can be."""
    sampled = {row.id: row for row in members}
    assumed = (longest_response(prompt, model, number=number) for model in models for number in range(n))
    return [sampled.get(row.id, row) for row in assumed]
