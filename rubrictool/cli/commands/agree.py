"""rubrictool agree: how far a judge's verdicts agree with labels, and whether that is more than chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import typer

from rubrictool.analysis.verdict_rows import CriterionIndex, Fact, Judged, judged
from rubrictool.cli.inputs import one_stdin
from rubrictool.cli.options import Files, Seed
from rubrictool.cli.session import Session
from rubrictool.cli.tables import MOST_ROWS, interval, judge_name, legend, number, shown, table
from rubrictool.errors import InputError
from rubrictool.rows.joins import Texts, rubrics_by_prompt
from rubrictool.rows.records import Row
from rubrictool.steps.map_rows import Outcome
from rubrictool.text.wording import counted

if TYPE_CHECKING:
    from rubrictool.analysis.agreement import Agreement, Group, Labelled

Judge = tuple[str, str]
"""Who judged, and how it was asked."""


def command(
    scores: Annotated[
        str, typer.Argument(metavar="SCORES", help="Score rows of the judge; - is stdin.", show_default=False)
    ],
    files: Files,
    labels: Annotated[
        str,
        typer.Option(metavar="FILE", help="Labels, as rows with prompt_id, id and verdicts.", show_default=False),
    ],
    rubrics: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Tell dimensions, checks and penalties apart.", show_default=False),
    ] = None,
    fail_under: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Exit 3 unless kappa's interval is above it; 0 asks for better than chance.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
) -> None:
    """How far a judge agrees with labels.

    Cohen's kappa, balanced accuracy, sensitivity and specificity, with intervals over prompts, for each judge in SCORES.
    Verdicts and labels are joined on prompt, response and criterion; null is not judged. No model is asked. One row per
    group of criteria.

    Example: rubrictool agree scores.jsonl --labels experts.jsonl --rubrics rubrics.jsonl --fail-under 0.4
    """
    one_stdin(scores, labels, rubrics)
    given = _joined(scores, labels, rubrics)
    session = Session("agree", files, reads=[scores, labels, rubrics], reports=True)

    async def main() -> None:
        from rubrictool.analysis.agreement import agreements

        found = {judge: agreements(pairs, seed=seed) for judge, pairs in given.pairs.items()}
        rows = [_row(judge, one) for judge, of_judge in found.items() for one in of_judge]
        await session.do(rows, _written, Row.columns, total=len(rows))
        session.figures |= {"left_out": dict(given.left_out), "groups": [row.columns() for row in rows]}
        for line in (*_left_out(given.left_out), *_lines(found)):
            session.tell(line)
        for line in (line for judge, of_judge in found.items() for line in _verdict(judge, of_judge)):
            session.tell(line, "yellow")
        session.tell("")
        if fail_under is not None and (words := _missed(found, fail_under)):
            session.miss(words)

    session.run(main)


async def _written(row: Row) -> Outcome:
    return Outcome((row,))


def _row(judge: Judge, found: Agreement) -> Row:
    return Row.model_validate({"judge": judge[0], "judging": judge[1], **found.columns()})


@dataclass(frozen=True)
class _Joined:
    """The labelled verdicts of each judge, and how many verdicts and labels were left out for which reason."""

    pairs: dict[Judge, list[Labelled]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


_Place = tuple[str, str, str]
"""A verdict by prompt, response and criterion."""

_Labels = Mapping[_Place, Sequence[tuple[bool, str]]]
"""The labels of each verdict, each with the rubric that its row names."""


def _joined(scores: str, labels: str, rubrics: str | None) -> _Joined:
    """What the files hold. Raises `InputError` where no verdict has a label."""
    texts = Texts(responses=True)
    said, known = judged(texts, scores, labels)
    facts = CriterionIndex(rubrics_by_prompt(rubrics, texts) if rubrics else {})
    joined, by_place, met = _Joined(), _labels(known, facts), set[_Place]()
    joined.left_out["labels that are null"] = sum(row.met.count(None) for row in known)
    for row in said:
        for place, pair in _pairs(row, facts, by_place, joined.left_out):
            joined.pairs.setdefault((row.judge, row.judging), []).append(pair)
            met.add(place)
    if not joined.pairs:
        if not any(row.criteria for row in known):
            raise InputError(f"{labels}: has no column verdicts; labels are rows with prompt_id, id and verdicts")
        raise InputError(f"{labels}: labels no verdict of {scores}; they join on prompt_id, id and the verdicts' ids")
    joined.left_out["labels without a verdict"] = len(by_place.keys() - met)
    joined.left_out["score rows of rubrics that --rubrics lacks, counted in all alone"] = facts.strangers
    return joined


def _labels(rows: Sequence[Judged], facts: CriterionIndex) -> _Labels:
    found: dict[_Place, list[tuple[bool, str]]] = {}
    for row in rows:
        rubric = facts.undefended(row)
        for name, met in zip(row.criteria, row.met, strict=True):
            if met is not None:
                found.setdefault((*row.key, name), []).append((met, rubric))
    return found


def _pairs(
    row: Judged, facts: CriterionIndex, labels: _Labels, left_out: Counter[str]
) -> Iterator[tuple[_Place, Labelled]]:
    """The labelled verdicts of a row, each with its place among the labels."""
    from rubrictool.analysis.agreement import Labelled

    own = facts.undefended(row)
    for name, met, fact in zip(row.criteria, row.met, facts.of(row), strict=True):
        place = (*row.key, name)
        if met is None:
            left_out["verdicts that are null"] += 1
            continue
        given = labels.get(place, ())
        fitting = [label for label, rubric in given if not (rubric and own) or rubric == own]
        left_out["verdicts without a label"] += not given
        left_out["verdicts labelled under another rubric"] += bool(given) and not fitting
        for label in fitting:
            yield place, Labelled(row.prompt_id, row.id, f"{own}/{name}", met, label, _groups(fact))


@lru_cache(maxsize=4096)
def _groups(fact: Fact) -> tuple[Group, ...]:
    """The groups that a criterion is counted in, besides all."""
    weight = None if fact.weight is None else "positive" if fact.weight > 0 else "negative"
    decided_by = None if fact.checked is None else "check" if fact.checked else "judge"
    found = (("dimension", fact.dimension), ("decided by", decided_by), ("weight", weight))
    return tuple((kind, name) for kind, name in found if name)


def _left_out(left_out: Mapping[str, int]) -> list[str]:
    return [f"agree: {kind}: {count}" for kind, count in left_out.items() if count]


LEGEND = (
    "within criteria: kappa where chance is the label of another response, same criterion. balanced: the mean of sens."
    " (sensitivity, the share of what is labelled met that the judge sees) and spec. (specificity, of the unmet); chance is 0.5."
    " judge met, label met: how often each says met. Intervals are 95 % over prompts; --summary has all of them."
)


def _lines(found: Mapping[Judge, Sequence[Agreement]]) -> Iterator[str]:
    for judge, of_judge in found.items():
        yield ""
        yield f"{judge_name(judge)}: {counted(of_judge[0].n, 'labelled verdict')} on {counted(of_judge[0].prompts, 'prompt')}"
        # What holds all verdicts says the same again.
        told = [of_judge[0], *(one for one in of_judge[1:] if one.n < of_judge[0].n)]
        yield from table(("criteria", "n", "kappa", "within criteria"), [_agreed(one) for one in told], most=MOST_ROWS)
        yield ""
        heads = ("criteria", "balanced", "sens.", "spec.", "judge met", "label met")
        yield from table(heads, [_rates(one) for one in told], most=MOST_ROWS)
    yield ""
    yield from legend(LEGEND)


def _agreed(one: Agreement) -> tuple[str, ...]:
    return (_group(one), str(one.n), *map(interval, (one.figures.kappa, one.figures.kappa_within)))


def _rates(one: Agreement) -> tuple[str, ...]:
    figures = one.figures
    rates = (figures.sensitivity, figures.specificity, figures.met_judge, figures.met_labels)
    return (_group(one), interval(figures.balanced_accuracy), *(number(rate and rate.value) for rate in rates))


def _group(one: Agreement) -> str:
    kind, name = one.group
    return shown(name if kind == "all" else f"{kind} {name}")


def _verdict(judge: Judge, of_judge: Sequence[Agreement]) -> Iterator[str]:
    """What the figures allow to say of a judge."""
    everything, *groups = of_judge
    if not everything.better_than_chance:
        yield f"agree: {judge_name(judge)} is not shown to be better than chance: {_why_not(everything)}"
        return
    if unshown := [_group(one) for one in groups if not one.better_than_chance]:
        more = f" and {len(unshown) - MOST_NAMED} more" if len(unshown) > MOST_NAMED else ""
        named = ", ".join(unshown[:MOST_NAMED]) + more
        yield f"agree: {judge_name(judge)} is not shown to be better than chance on: {named}"
    if everything.figures.kappa_within is None:
        yield (
            f"agree: {judge_name(judge)}: no prompt has two labelled responses, so it is not known whether it distinguishes"
            " responses or only criteria that are often met from others"
        )


MOST_NAMED = 8


def _why_not(one: Agreement) -> str:
    from rubrictool.analysis.agreement import FEWEST_PROMPTS

    kappa, balanced, within = one.figures.kappa, one.figures.balanced_accuracy, one.figures.kappa_within
    if one.prompts < FEWEST_PROMPTS:
        return f"{counted(one.prompts, 'prompt')} cannot tell; {FEWEST_PROMPTS} is the least"
    if kappa is None or balanced is None:
        return "the labels do not have both, met and unmet"
    if kappa.high < 0:
        return f"it is worse, kappa {interval(kappa)}"
    if within and within.low <= 0 < kappa.low and balanced.low > 0.5:
        return (
            "it distinguishes criteria that are often met from others, but not responses: kappa within criteria"
            f" {interval(within)}"
        )
    return f"kappa {interval(kappa)}, balanced accuracy {interval(balanced)}; chance is 0 and 0.5"


def _missed(found: Mapping[Judge, Sequence[Agreement]], threshold: float) -> str:
    """Which judges miss the threshold and how; nothing where none does."""
    told = ((judge, _shortfall(of_judge[0], threshold)) for judge, of_judge in found.items())
    return "; ".join(f"{judge_name(judge)}: {words}" for judge, words in told if words)


def _shortfall(one: Agreement, threshold: float) -> str:
    kappa = one.figures.kappa
    if kappa is None or one.figures.balanced_accuracy is None:
        return f"not shown: {_why_not(one)}"
    if kappa.high < threshold:
        return f"worse: the whole interval of kappa lies below {threshold:g}"
    if kappa.low <= threshold:
        return f"not shown: kappa's interval reaches down to {kappa.low:.3f}; more prompts would narrow it"
    return "" if one.better_than_chance else f"not shown: {_why_not(one)}"
