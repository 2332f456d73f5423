"""What a rule of acceptance holds proposals to: labels, of the half that may decide, or the strength of the writers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rubrictool.acceptance import AcceptRule
from rubrictool.cli.gold import OWN, gold_from, place
from rubrictool.cli.inputs import by_prompt
from rubrictool.errors import InputError
from rubrictool.jsonl import Rows
from rubrictool.records import Prompt, Response
from rubrictool.tails import gate_half

SKILL = "skill"
"""The column that says how strong the writer of a response is; the higher, the stronger."""

_BY_LABELS: tuple[AcceptRule, ...] = ("agrees", "labels")


class Guard(NamedTuple):
    """What is known of one prompt's responses, by id, and the weak ones that are judged beside its pool."""

    signal: Mapping[str, float]
    weak: Sequence[Response] = ()


class Guards:
    """What the flags give a rule to go by. Raises `InputError` for a rule that is given nothing."""

    def __init__(
        self, rule: AcceptRule, *, labels: str | None, weak: str | None, pools: Iterable[Sequence[Response]], seed: int
    ) -> None:
        self._rule, self._seed, self._weak_given = rule, seed, weak is not None
        self._labels = _labels(labels)
        self._weak = by_prompt(Rows(weak, Response).rows()) if weak else {}
        if rule in _BY_LABELS and not self._labels and not any(_numbers(pool, OWN) for pool in pools):
            raise InputError(f"--accept {rule}: has no labels; give --labels FILE, or responses with a column {OWN}")
        if rule == "skill" and not weak and not any(_numbers(pool, SKILL) for pool in pools):
            remedy = f"give weaker writers' responses with --weak FILE, or responses with a column {SKILL}"
            raise InputError(f"--accept skill: does not know who is stronger; {remedy}")

    def of(self, prompt: Prompt, pool: Sequence[Response]) -> Guard:
        """What the rule may know of a prompt's pool."""
        if self._rule == "skill":
            weak = self._weak.get(prompt.id, [])
            return Guard(self._strengths(pool, weak), weak)
        if self._rule not in _BY_LABELS:
            return Guard({})
        known = self._labels.get(prompt.id) or _numbers(pool, OWN)
        return Guard({name: value for name, value in known.items() if gate_half(self._seed, name)})

    def _strengths(self, pool: Sequence[Response], weak: Sequence[Response]) -> dict[str, float]:
        """The strength of each response's writer: as its column says, else 1 in the pool and 0 among the weak."""
        assumed = {row.id: 1.0 for row in pool} | {row.id: 0.0 for row in weak} if self._weak_given else {}
        return assumed | _numbers([*pool, *weak], SKILL)


def _labels(given: str | None) -> dict[str, dict[str, float]]:
    """The labels of a file by prompt and response."""
    found: dict[str, dict[str, float]] = {}
    path, column = place(given)
    if path is not None:
        for (prompt_id, name), value in gold_from(path, column).values.items():
            found.setdefault(prompt_id, {})[name] = value
    return found


def _numbers(pool: Sequence[Response], column: str) -> dict[str, float]:
    """A column of numbers by response, of those that have it."""
    values = ((row.id, row.unknown().get(column)) for row in pool)
    return {
        name: float(value) for name, value in values if isinstance(value, int | float) and not isinstance(value, bool)
    }
