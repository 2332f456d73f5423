"""What a rule of acceptance holds proposals to: labels, of the half that may decide, or the strength of the writers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rubrictool.analysis.gold import OWN, file_and_column, in_deciding_half, read_gold
from rubrictool.errors import InputError
from rubrictool.refinement.accept import FEWEST, AcceptRule
from rubrictool.rows.joins import Texts, by_prompt, grouped
from rubrictool.rows.jsonl import Rows
from rubrictool.rows.records import Prompt, Response

SKILL = "skill"
"""The column that says how strong the writer of a response is; the higher, the stronger."""

_REMEDIES = {
    "agrees": f"has no labels; give --labels FILE, or responses with a column {OWN}",
    "labels": f"has no labels; give --labels FILE, or responses with a column {OWN}",
    "skill": "does not know who is stronger; give weaker writers' responses with --weak FILE, or responses with a column "
    + SKILL,
}

BY_LABELS: tuple[AcceptRule, ...] = ("agrees", "labels")


class Guard(NamedTuple):
    """What is known of one prompt's responses, by id, and the weak ones that are judged beside its pool."""

    signal: Mapping[str, float]
    weak: Sequence[Response] = ()


class EvidenceSource:
    """What the flags give a rule to go by.

    Raises `InputError` for a rule that is given nothing, and for weak responses that have a candidate's id.
    """

    def __init__(
        self,
        rule: AcceptRule,
        texts: Texts,
        *,
        labels: str | None,
        weak: str | None,
        pools: Iterable[Sequence[Response]],
        seed: int,
    ) -> None:
        self._rule, self._seed, self._labelled = rule, seed, labels is not None
        self._labels = _labels(labels, texts)
        self._weak = by_prompt(row for _, row in texts.checked(Rows(weak, Response))) if weak else {}
        self.prompts = self.too_little = 0
        if rule in (*BY_LABELS, "skill"):
            self._see_to(pools)

    def of(self, prompt: Prompt, pool: Sequence[Response]) -> Guard:
        """What the rule may know of a prompt's pool."""
        guard = self._known(prompt.id, pool)
        self.prompts += 1
        self.too_little += len(guard.signal) < FEWEST or len(set(guard.signal.values())) < 2
        return guard

    def remark(self) -> str:
        """Return what to say at the end of a rule that had too little data; empty where it had enough."""
        if self._rule not in (*BY_LABELS, "skill") or not self.too_little:
            return ""
        known = f"fewer than {FEWEST} usable responses, or all alike"
        return f"--accept {self._rule} had too little data for {self.too_little} of {self.prompts} prompts ({known})"

    def _see_to(self, pools: Iterable[Sequence[Response]]) -> None:
        known = drawn = False
        for pool in pools:
            drawn |= not pool
            guard = self._known(pool[0].prompt_id, pool) if pool else Guard({})
            known |= bool(guard.signal)
            if twice := {row.id for row in pool} & {row.id for row in guard.weak}:
                raise InputError(f"--weak: {min(twice)} is the id of a candidate, too; give each response its own")
        if not known and not (drawn and (self._labels or self._weak)):
            raise InputError(f"--accept {self._rule}: {_REMEDIES[self._rule]}")

    def _known(self, prompt_id: str, pool: Sequence[Response]) -> Guard:
        if self._rule == "skill":
            weak = self._weak.get(prompt_id, [])
            return Guard(self._strengths(pool, weak), weak)
        if self._rule not in BY_LABELS:
            return Guard({})
        ours = {row.id for row in pool}
        known = self._labels.get(prompt_id, {}) if self._labelled else _numbers(pool, OWN)
        return Guard({n: value for n, value in known.items() if n in ours and in_deciding_half(self._seed, n)})

    def _strengths(self, pool: Sequence[Response], weak: Sequence[Response]) -> dict[str, float]:
        """The strength of each response's writer: as the column says where all have it, else 1 in the pool, 0 among the weak."""
        told = _numbers([*pool, *weak], SKILL)
        if not weak or len(told) == len(pool) + len(weak):
            return told
        return {row.id: 1.0 for row in pool} | {row.id: 0.0 for row in weak}


def _labels(given: str | None, texts: Texts) -> dict[str, dict[str, float]]:
    """The labels of a file by prompt and response."""
    if given is None:
        return {}
    labels_of = grouped(
        (key[0], (key[1], value)) for key, value in read_gold(*file_and_column(given), texts).values.items()
    )
    return {prompt_id: dict(labels) for prompt_id, labels in labels_of.items()}


def _numbers(pool: Sequence[Response], column: str) -> dict[str, float]:
    """A column of numbers by response, of those that have it."""
    values = ((row.id, row.unknown().get(column)) for row in pool)
    return {
        name: float(value) for name, value in values if isinstance(value, int | float) and not isinstance(value, bool)
    }
