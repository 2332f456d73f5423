"""Which candidates come first, and which pair a round shows: scores, ties and draws in one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import combinations
from typing import Generic, Literal, NamedTuple, TypeVar

from rubrictool.rows.records import Response, Scored
from rubrictool.rubric.weights import TIE
from rubrictool.text.chats import answer
from rubrictool.text.encoding import draw
from rubrictool.text.words import similarity

PairRule = Literal["good", "great", "great-diverse", "random"]

PoolRule = Literal["drop-used", "keep"]

NEAR_COPY = 0.8
"""Two candidates whose word 5-grams have at least this Jaccard similarity are near-copies."""

R = TypeVar("R", bound=Response)

S = TypeVar("S", bound=Scored)

Pair = tuple[Response, Response]


def ranked(rows: Iterable[S], *, seed: int) -> list[S]:
    """Rows of one prompt, best score first; scores within 1e-9 are tied and ordered by a draw."""
    return [row for group in _tied(rows) for row in _drawn(group, seed)]


class Kept(NamedTuple, Generic[S]):
    """A row among the best, and how many tied rows drew lots for its place, itself among them: 1 where none did."""

    row: S
    drawn_from: int = 1


def best(rows: Iterable[S], k: int, *, seed: int, distinct: Callable[[S], object] | None = None) -> list[Kept[S]]:
    """The k best rows of one prompt, best first, at most one for each value of `distinct`; fewer where there are fewer.

    Lots decide where more tied rows (or values among them) are left than places, and between tied rows of one value.
    """
    value_of = distinct or _own_id
    kept: list[Kept[S]] = []
    taken: set[object] = set()
    for group in _tied(rows):
        in_reach = [row for row in _drawn(group, seed) if value_of(row) not in taken]
        kept += _placed(in_reach, k - len(kept), value_of)
        taken |= {value_of(row) for row in in_reach}
        if len(kept) == k:
            break
    return kept


def _placed(drawn: Sequence[S], places: int, value_of: Callable[[S], object]) -> list[Kept[S]]:
    """Who of some tied rows gets one of so many places, each value one."""
    by_value: dict[object, list[S]] = {}
    for row in drawn:
        by_value.setdefault(value_of(row), []).append(row)
    short = len(by_value) > places
    return [Kept(rows[0], len(drawn) if short else len(rows)) for rows in list(by_value.values())[:places]]


def lot(row: Response, seed: int) -> str:
    """What a row draws: of tied rows, that with the smaller lot comes first."""
    return draw(seed, row.prompt_id, row.id)


def choose_pair(
    pool: Sequence[Response], rule: PairRule, *, seed: int, shown: Collection[frozenset[str]] = ()
) -> Pair | None:
    """The pair that a round of refinement shows, better-ranked first; None where no allowed pair is left.

    `great` takes the two highest scores and `great-diverse` the highest with the highest by another model that is no
    near-copy of it: both need scored rows. `good` draws two of the writer with most candidates, `random` any two.
    Pairs of ids in `shown` are passed over. (Paper, section 4: the pairs of Table 1.)
    """
    pairs = combinations(_ordered(pool, rule, seed), 2)
    return next((pair for pair in pairs if _allowed(pair, rule) and _ids(pair) not in shown), None)


def needs_scores(rule: PairRule) -> bool:
    """Whether a rule looks at scores, so that the pool must be judged first."""
    return rule in ("great", "great-diverse")


def shown_order(pair: Pair, *, seed: int) -> Pair:
    """The pair in the order in which it is shown: drawn, so that first never means better."""
    first, second = sorted(pair, key=lambda row: row.id)
    swap = int(draw(seed, "order", first.prompt_id, first.id, second.id)[-1], 16) % 2
    return (second, first) if swap else (first, second)


def writers(pool: Iterable[Response]) -> Counter[str]:
    """How many candidates each named model wrote."""
    return Counter(row.model for row in pool if row.model)


def top_is_tied(rows: Iterable[Scored]) -> bool:
    """Whether the two highest scores are tied."""
    best = sorted((row.score for row in rows), reverse=True)[:2]
    return len(best) == 2 and best[0] - best[1] <= TIE


def pair_left(pool: Sequence[Response], rule: PairRule, *, shown: Collection[frozenset[str]] = ()) -> bool:
    """Whether any allowed pair is left, whatever the scores may turn out to be."""
    members = _largest_share(pool) if rule == "good" else pool
    return any(_allowed(pair, rule) and _ids(pair) not in shown for pair in combinations(members, 2))


def _allowed(pair: Pair, rule: PairRule) -> bool:
    return rule != "great-diverse" or _diverse(*pair)


def _ordered(pool: Sequence[Response], rule: PairRule, seed: int) -> Sequence[Response]:
    if rule == "good":
        return _drawn(_largest_share(pool), seed)
    if rule == "random":
        return _drawn(pool, seed)
    return ranked((row for row in pool if isinstance(row, Scored)), seed=seed)


def _ids(pair: Pair) -> frozenset[str]:
    return frozenset(row.id for row in pair)


def _largest_share(pool: Sequence[Response]) -> list[Response]:
    counts = Counter(row.model or "" for row in pool)
    most = min(counts, key=lambda model: (-counts[model], model), default="")
    return [row for row in pool if (row.model or "") == most]


def _diverse(first: Response, second: Response) -> bool:
    if not first.model or not second.model or first.model == second.model:
        return False
    return similarity(answer(first.response).done, answer(second.response).done) < NEAR_COPY


def _drawn(rows: Iterable[R], seed: int) -> list[R]:
    return sorted(rows, key=lambda row: lot(row, seed))


def _tied(rows: Iterable[S]) -> list[list[S]]:
    """The rows in groups of tied ones, best score first: a group holds what is within 1e-9 of its best."""
    tied: list[list[S]] = []
    for row in sorted(rows, key=lambda row: -row.score):
        if tied and tied[-1][0].score - row.score <= TIE:
            tied[-1].append(row)
        else:
            tied.append([row])
    return tied


def _own_id(row: Response) -> str:
    return row.id
