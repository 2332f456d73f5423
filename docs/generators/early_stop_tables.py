"""The table of docs/choosing.md: how many questions early stopping saves, on invented rubrics of the kinds that people write."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rubrictool.rows.records import Criterion, Response
from rubrictool.rows.verdicts import Verdict
from rubrictool.select.early_stop import top_k_questions
from rubrictool.select.score_bounds import OpenQuestions
from rubrictool.select.top_k import TopKOptions

PROMPTS = 20
PLACES = (1, 2, 4)


@dataclass(frozen=True)
class Kind:
    """Rubrics and responses of one kind: how many, how easy on average (log-odds of meeting), what is special."""

    name: str
    responses: int = 16
    criteria: int = 12
    ease: float = 0.0
    vetoes: int = 0
    penalties: int = 0
    checks: int = 0
    writers: int = 0


BASE = Kind("16 responses, 12 criteria")
KINDS = (
    BASE,
    replace(BASE, name="4 responses", responses=4),
    replace(BASE, name="8 responses", responses=8),
    replace(BASE, name="64 responses", responses=64),
    replace(BASE, name="6 criteria", criteria=6),
    replace(BASE, name="24 criteria", criteria=24),
    replace(BASE, name="easy: 3 of 4 met", ease=1.5),
    replace(BASE, name="nearly all met", ease=3.0),
    replace(BASE, name="hard: 1 of 4 met", ease=-1.5),
    replace(BASE, name="4 of the 12 with a check", checks=4),
    replace(BASE, name="1 veto more, that one in five breaks", vetoes=1),
    replace(BASE, name="3 penalties more", penalties=3),
    replace(BASE, name="`--distinct model`, 4 writers", writers=4),
)


def savings() -> None:
    """Print the share of questions that early stopping saves, by kind of rubric and number of places."""
    print(
        "\n| |"
        + "".join(f" `-k {k}` |" for k in PLACES)
        + " of so many questions |\n|---|"
        + "---:|" * (len(PLACES) + 1)
    )
    for kind in KINDS:
        shares = [_saved(kind, k) for k in PLACES]
        print(f"| {kind.name} |" + "".join(f" {share:.0%} |" for share, _ in shares) + f" {shares[0][1]} |")
    print()


def _saved(kind: Kind, k: int) -> tuple[float, int]:
    """The share of questions saved over all prompts, and how many a prompt has in full."""
    judged = [_judged(kind, k, number) for number in range(PROMPTS)]
    asked, in_full = (sum(one.asked for one in judged), sum(one.in_full for one in judged))
    return 1 - asked / in_full, in_full // PROMPTS


def _judged(kind: Kind, k: int, number: int) -> OpenQuestions:
    draw = random.Random(f"{kind.name} {number}")
    criteria = _criteria(kind, draw)
    chances = [_chance(kind, place, draw) for place in range(len(criteria))]
    pool = [_response(kind, n, criteria, chances, draw) for n in range(kind.responses)]
    options = TopKOptions(k, "model" if kind.writers else None, number)
    open_questions = top_k_questions(criteria, pool, options, all_at_once=False)
    while questions := open_questions.next():
        for row, asked in questions:
            open_questions.answered(row, [Verdict(id=c.id, met=_mark(c) in row.response) for c in asked])
    return open_questions


def _criteria(kind: Kind, draw: random.Random) -> tuple[Criterion, ...]:
    """Weights of 1 to 3 in any order; what is special comes last, as people add it."""
    plain = [{"weight": draw.choice((1, 2, 3))} for _ in range(kind.criteria)]
    special = [{"weight": -2}] * kind.penalties + [{"weight": 3, "role": "veto"}] * kind.vetoes
    rows = [{"id": f"c{n}", "criterion": "?", **columns} for n, columns in enumerate([*plain, *special])]
    checked = [row | {"check": {"contains": [f"<c{n}>"]}} if n < kind.checks else row for n, row in enumerate(rows)]
    return tuple(Criterion.model_validate(row) for row in checked)


def _chance(kind: Kind, place: int, draw: random.Random) -> float:
    """Return how likely a criterion is met, in log-odds: some are easy and some are hard."""
    if place < kind.criteria:
        return kind.ease + draw.gauss(0, 1)
    return -1.4 if place < kind.criteria + kind.penalties else 1.4


def _response(
    kind: Kind, number: int, criteria: Sequence[Criterion], chances: Sequence[float], draw: random.Random
) -> Response:
    """A response whose text holds the marks of the criteria that it meets; better ones meet more."""
    quality = draw.gauss(0, 1)
    odds = [chance + quality * (1 if c.weight > 0 else -1) for c, chance in zip(criteria, chances, strict=True)]
    met = [_mark(c) for c, one in zip(criteria, odds, strict=True) if draw.random() < 1 / (1 + math.exp(-one))]
    writer = str(number % kind.writers) if kind.writers else None
    return Response(id=str(number), prompt_id="p", model=writer, response=" ".join(["Answer:", *met]))


def _mark(criterion: Criterion) -> str:
    return f"<{criterion.id}>"
