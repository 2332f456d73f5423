"""Compare two files of scores of the same responses: verdicts that changed, movement by prompt and model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rubrictool.analysis.verdict_rows import NamedSource, VerdictRow, read_verdict_rows
from rubrictool.errors import InputError
from rubrictool.rows.joins import ResponseKey, Texts, grouped
from rubrictool.rows.jsonl import Source
from rubrictool.text.wording import counted


class VerdictChange(NamedTuple):
    """A verdict that is another one than before: 1 is met, 0 unmet, a level counts between them; None is not judged."""

    prompt_id: str
    response_id: str
    model: str
    criterion: str
    before: float | None
    after: float | None


class ScoreMovement(NamedTuple):
    """The mean scores of some responses before and after, of a prompt or a model by its name."""

    name: str
    responses: int
    before: float
    after: float

    @property
    def change(self) -> float:
        """Return the mean score after less that before."""
        return self.after - self.before


@dataclass(frozen=True)
class ScoreChanges:
    """The changes between two files of scores.

    `overall` and the movements are of responses that have a score in both. `compared` counts the verdicts of responses that
    were judged by one rubric in both files. `only_before` and `only_after` are rows on one side only.
    """

    overall: ScoreMovement | None
    by_model: Sequence[ScoreMovement]
    by_prompt: Sequence[ScoreMovement]
    verdicts: Sequence[VerdictChange]
    compared: int
    only_before: Sequence[ResponseKey]
    only_after: Sequence[ResponseKey]
    notes: Sequence[str]


def score_changes(before: Source, after: Source) -> ScoreChanges:
    """Return what changed from one file of scores to another. Raises `InputError`.

    Rows are joined by prompt id and response id. Verdicts are compared by their ids, where both rows name the same rubric.
    """
    sources = [NamedSource(before, "before").opened(), NamedSource(after, "after").opened()]
    texts = Texts(sources[0].rows(), responses=True)
    sides = read_verdict_rows(texts, *sources)
    old, new = map(_once, sides)
    both = [(old[key], new[key]) for key in old if key in new]
    alike = [(one, other) for one, other in both if one.rubric == other.rubric]
    scored = [(one, other) for one, other in both if None not in (one.score, other.score)]
    return ScoreChanges(
        next(_movements(scored, lambda _: "all responses"), None),
        list(_movements(scored, lambda row: row.model)) if any(row.model for row, _ in scored) else [],
        list(_movements(scored, lambda row: row.prompt_id)),
        [change for pair in alike for change in _changes(*pair)],
        sum(len(one.criteria) for one, _ in alike),
        [key for key in old if key not in new],
        [key for key in new if key not in old],
        list(_notes(both, len(alike), len(scored))),
    )


def _once(rows: Sequence[VerdictRow]) -> dict[ResponseKey, VerdictRow]:
    found: dict[ResponseKey, VerdictRow] = {}
    for row in rows:
        if row.key in found:
            raise InputError(
                f"{row.where}: id: {row.id!r} was already used in {found[row.key].where}; keep one judging of each response"
            )
        found[row.key] = row
    return found


_Pair = tuple[VerdictRow, VerdictRow]


def _movements(pairs: Sequence[_Pair], name: Callable[[VerdictRow], str]) -> Iterator[ScoreMovement]:
    for key, own in grouped((name(pair[1]), pair) for pair in pairs).items():
        before, after = (sum(row.score or 0 for row in side) / len(own) for side in zip(*own, strict=True))
        yield ScoreMovement(key, len(own), before, after)


def _changes(before: VerdictRow, after: VerdictRow) -> Iterator[VerdictChange]:
    old, new = _met(before), _met(after)
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            yield VerdictChange(after.prompt_id, after.id, after.model, name, old.get(name), new.get(name))


def _met(row: VerdictRow) -> Mapping[str, float | None]:
    return dict(zip(row.criteria, row.met, strict=True))


def _notes(both: Sequence[_Pair], alike: int, scored: int) -> Iterator[str]:
    if not both:
        yield "no response is in both files; they are joined on prompt_id and id"
    if other := len(both) - alike:
        yield f"{counted(other, 'response')} judged by another rubric than before: their verdicts are not compared"
    if unscored := len(both) - scored:
        yield f"{counted(unscored, 'response')} without a score on one side left out of the movement"
    for what, sides in (("judge", _both(both, "judge")), ("way of judging", _both(both, "judging"))):
        if sides[0] != sides[1]:
            yield f"another {what}: {sides[0]} before, {sides[1]} after; that may be why scores and verdicts changed"


def _both(both: Sequence[_Pair], column: str) -> tuple[str, str]:
    """Return the values of a column on either side, in words."""
    before, after = (", ".join(sorted({getattr(pair[side], column) or "unnamed" for pair in both})) for side in (0, 1))
    return before, after
