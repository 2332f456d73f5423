"""rubrictool signal: how far stored judgements tell responses apart, and how steady they are.

The module is not called `signal`, for that name would hide the standard library's in the package that imports both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rubrictool.analysis.verdict_rows import CriterionIndex, Fact, Judged, judged
from rubrictool.cli.inputs import once_each, one_stdin
from rubrictool.cli.options import Files, Seed
from rubrictool.cli.session import Session
from rubrictool.cli.signal_table import lines
from rubrictool.cli.tables import shown
from rubrictool.errors import InputError
from rubrictool.rows.joins import Texts, rubrics_by_prompt, within_reach
from rubrictool.rows.records import Row, Rubric, Verdict, Vote
from rubrictool.rubric.saturation import Aggregate, aggregate
from rubrictool.rubric.weights import score
from rubrictool.steps.map_rows import Outcome

if TYPE_CHECKING:
    from rubrictool.analysis.judgings import AskedCriterion, Judge, Judging


def command(
    scores: Annotated[list[str], typer.Argument(metavar="SCORES", help="Score rows; - is stdin.", show_default=False)],
    files: Files,
    rubrics: Annotated[
        str | None, typer.Option(metavar="FILE", help="Tell dimensions and weights.", show_default=False)
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Scores of a stronger judge: are pairs ordered as it orders them?", show_default=False
        ),
    ] = None,
    unit: Annotated[
        Literal["response", "model"],
        typer.Option(help="What signal is between: responses, or the models that wrote them."),
    ] = "response",
    target: Annotated[float, typer.Option(min=0.01, max=0.99, help="The reliability that samples should reach.")] = 0.9,
    seed: Seed = 0,
) -> None:
    """What verdicts tell, and how steadily.

    Signal (the range over responses), noise (the spread of repeated judgings of one response), their ratio, reliability and
    the samples it takes, flips, criteria that tell nothing apart, redundancy: by judge, dimension, prompt and criterion.
    Repeated judgings are repeated rows, in one file or several, or the lists `by` of verdicts. No model is asked.

    Example: rubrictool signal first.jsonl again.jsonl --rubrics rubrics.jsonl --against strong.jsonl
    """
    once_each(scores)
    one_stdin(*scores, rubrics, against)
    given = _Given.read(scores, rubrics, against, by_model=unit == "model")
    session = Session("signal", files, reads=[*scores, rubrics, against], reports=True)

    async def main() -> None:
        from rubrictool.analysis.judgings import by_judge
        from rubrictool.analysis.signal_reports import between_judges, decision_columns, decisions, signals, values

        told = list(signals(given.judgings, unit=unit, target=target, seed=seed))
        between = list(between_judges(given.judgings, seed=seed))
        reference = values(given.against, unit)
        decided = {
            judge: decisions(values(own, unit), reference, seed=seed) if reference else []
            for judge, own in by_judge(given.judgings).items()
        }
        columns = [one.columns() for one in told] + [one.columns() for one in between]
        columns += [decision_columns(judge, one) for judge, of in decided.items() for one in of]
        rows = [Row.model_validate(one) for one in columns]
        await session.do(rows, _written, Row.columns, total=len(rows))
        overall = [one for one in columns if one["kind"] not in ("prompt", "criterion")]
        session.figures |= {"unit": unit, "target": target, "value": given.value, "figures": overall}
        for line in (
            *(f"signal: {remark}" for remark in given.remarks),
            *lines(told, between, decided, unit=unit, target=target),
        ):
            session.tell(line)

    session.run(main)


async def _written(row: Row) -> Outcome:
    return Outcome((row,))


@dataclass(frozen=True)
class _Given:
    """The judgings of the files, what a judging's value is (`score` or `share met`), and what is to be said of them."""

    judgings: Sequence[Judging]
    against: Sequence[Judging]
    value: str
    remarks: Sequence[str]

    @classmethod
    def read(cls, scores: Sequence[str], rubrics: str | None, against: str | None, *, by_model: bool) -> _Given:
        """What the files hold. Raises `InputError` where they hold nothing to judge by."""
        texts = Texts(responses=True)
        of_files = judged(texts, *scores, *([against] if against else []))
        rows = list(chain(*of_files[: len(scores)]))
        reference = list(chain(*of_files[len(scores) :]))
        for several in (rows, reference):
            _comparable(several)
        facts = CriterionIndex(rubrics_by_prompt(rubrics, texts) if rubrics else {})
        judgings, strong = ([one for row in of for one in _judgings(row, facts)] for of in (rows, reference))
        _seen_to(scores[0], judgings, against, strong, by_model=by_model)
        unscored = any(one.value is None and any(said is not None for said in one.met) for one in judgings)
        told = list(_remarks(judgings, strong, facts.strangers, unscored=unscored))
        if unscored:
            return cls([_by_share(one) for one in judgings], strong, "share met", told)
        return cls(judgings, strong, "score", told)


def _comparable(rows: Sequence[Judged]) -> None:
    """Raise `InputError` for scores that no figures can be made of together."""
    curves: dict[Judge, tuple[Aggregate, Judged]] = {}
    for row in rows:
        if row.score is not None:
            within_reach(row.score, row.where, "score")
        own = _aggregate(row)
        known, first = curves.setdefault((row.judge, row.judging), (own, row))
        if known != own:
            raise InputError(
                f"{row.where}: aggregate: the score was made with {', '.join(own.spelled())}, that of {first.where} with"
                f" {', '.join(known.spelled())}; the curves would pass for noise: score all with one --aggregate (the"
                " verdicts are in the cache)"
            )


@lru_cache(maxsize=256)
def _curves(texts: tuple[str, ...]) -> Aggregate:
    return aggregate(texts)


def _aggregate(row: Judged) -> Aggregate:
    """The curves that the row was scored with."""
    try:
        return _curves(row.aggregate)
    except ValueError as error:
        raise InputError(f"{row.where}: aggregate: {error}; keep what score --aggregate wrote") from None


def _seen_to(
    scores: str, judgings: Sequence[Judging], against: str | None, strong: Sequence[Judging], *, by_model: bool
) -> None:
    if not any(one.met or one.value is not None for one in judgings):
        raise InputError(f"{scores}: has neither scores nor verdicts")
    if against and not any(one.value is not None for one in strong):
        raise InputError(f"{against}: has no score to order responses by")
    if against and not {_place(one) for one in judgings} & {_place(one) for one in strong}:
        raise InputError(f"{against}: has no response in common with {scores}; they join on prompt_id and id")
    if by_model and (unnamed := next((one for one in (*judgings, *strong) if not one.writer), None)):
        raise InputError(f"--unit model: {shown(unnamed.response_id)}: model: field required; or leave --unit out")


def _place(judging: Judging) -> tuple[str, str]:
    return judging.prompt_id, judging.response_id


def _remarks(
    judgings: Sequence[Judging], strong: Sequence[Judging], strangers: int, *, unscored: bool
) -> Iterator[str]:
    if strangers:
        yield f"{strangers} score rows were judged by rubrics that --rubrics lacks; their weights and checks are not known"
    if unscored:
        yield "some judgings have no score (a list `by` needs --rubrics for it); all are valued by their share of criteria met"
    if unjudged := sum(one.met.count(None) for one in judgings):
        yield f"{unjudged} verdicts are null and left out"
    if len({one.judge for one in strong}) > 1:
        yield "--against holds scores of different judges or ways of judging; the reference is their mean"
    several = Counter((judge, place) for judge, place, _ in {(one.judge, _place(one), one.rubric) for one in judgings})
    if max(several.values(), default=1) > 1:
        yield "responses were judged by several rubrics: signal and noise are measured within each, decisions by the mean"


def _by_share(judging: Judging) -> Judging:
    """The same judging, worth the share of criteria that are met; nothing where one was not judged."""
    whole = bool(judging.met) and None not in judging.met
    return judging._replace(value=judging.met.count(True) / len(judging.met) if whole else None)


def _judgings(row: Judged, facts: CriterionIndex) -> Iterator[Judging]:
    """The judgings that a row holds: itself, or one for each judge and sample that `by` names."""
    known = facts.of(row)
    if not row.by:
        score = None if row.score is None else float(row.score)
        asked = _asked(row.criteria, known, (False,) * len(known))
        yield _judging(row, row.judge, asked, row.met, score)
        return
    votes = [_votes(row, name, by) for name, by in zip(row.criteria, row.by, strict=True)]
    # What has no list of its own was decided once for all, as checks are.
    asked = _asked(row.criteria, known, tuple(not by for by in row.by))
    rubric, curves = facts.rubric_of(row), _aggregate(row)
    for slot in dict.fromkeys(chain.from_iterable(votes)):
        met = tuple(own.get(slot) if own else said for own, said in zip(votes, row.met, strict=True))
        yield _judging(row, slot[0], asked, met, _score(rubric, dict(zip(row.criteria, met, strict=True)), curves))


@lru_cache(maxsize=4096)
def _asked(criteria: tuple[str, ...], known: tuple[Fact, ...], once: tuple[bool, ...]) -> tuple[AskedCriterion, ...]:
    """The criteria of a judging; a check, and what was decided once for several judgings, is not the judge's."""
    from rubrictool.analysis.judgings import AskedCriterion

    return tuple(
        AskedCriterion(name, fact.dimension, float(fact.weight or 1), given=given or bool(fact.checked))
        for name, fact, given in zip(criteria, known, once, strict=True)
    )


def _judging(
    row: Judged, judge: str, asked: tuple[AskedCriterion, ...], met: tuple[bool | None, ...], value: float | None
) -> Judging:
    from rubrictool.analysis.judgings import Judging

    return Judging((judge, row.judging), row.rubric, row.prompt_id, row.id, row.model, asked, met, value)


def _votes(row: Judged, criterion: str, by: Sequence[Vote]) -> dict[tuple[str, object], bool | None]:
    """The verdicts under `by`, by whose they are and which sample; where it has no number, by how many that judge gave.

    Raises `InputError` for two verdicts of one judge on one sample.
    """
    votes: dict[tuple[str, object], bool | None] = {}
    given: Counter[str] = Counter()
    for vote in by:
        judge = vote.judge or row.judge
        slot = judge, given[judge] if vote.sample is None else vote.sample
        if slot in votes:
            named = repr(judge) if judge else "one judge"
            raise InputError(f"{row.where}: verdicts: {criterion}: two verdicts of {named} on one sample; keep one")
        votes[slot], given[judge] = vote.met, given[judge] + 1
    return votes


def _score(rubric: Rubric | None, met: Mapping[str, bool | None], curves: Aggregate) -> float | None:
    """What a rubric gives for one sample, None where a criterion was not judged or there is no rubric."""
    verdicts = [Verdict(id=name, met=said) for name, said in met.items() if said is not None]
    if rubric is None or {verdict.id for verdict in verdicts} != {criterion.id for criterion in rubric.criteria}:
        return None
    return score(rubric.criteria, verdicts, curves)
