"""Measure what escalating to a strong judge took and saved, and how far the outcome agrees with that judge alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from rubrictool.analysis.estimators.intervals import Figure, estimate_columns
from rubrictool.judging.escalation import Escalation
from rubrictool.models.budget import Tally
from rubrictool.rows.comparisons import Comparison
from rubrictool.rows.verdicts import Verdict


class EscalatedRow(NamedTuple):
    """The verdicts of a row that a judge gave, those that were escalated, and those compared with the strong judge alone.

    `failed` is 1 where the row was drawn for that check and the strong judge failed on it, wholly or in part.
    """

    asked: int
    escalated: int
    compared: int
    agreed: int
    failed: int = 0

    @classmethod
    def of(cls, verdicts: Iterable[Verdict], strong: str, *, drawn: bool = False) -> EscalatedRow:
        """Return the counts of a score, which was `drawn` for the check or not; verdicts without judges are those of checks."""
        judged = [verdict for verdict in verdicts if verdict.judges]
        escalated = sum(verdict.judges[-1].judge == strong for verdict in judged)
        pairs = [(one.decided, one.strong.decided) for one in judged if one.strong]
        known = [(ours, alone) for ours, alone in pairs if ours is not None and alone is not None]
        agreed = sum(ours == alone for ours, alone in known)
        return cls(len(judged), escalated, len(known), agreed, int(drawn and len(pairs) < len(judged)))

    @classmethod
    def of_pair(cls, row: Comparison, strong: str, *, drawn: bool = False) -> EscalatedRow:
        """Return the counts of a comparison, which was `drawn` for the check or not: one verdict."""
        escalated, checked = any(vote.judge == strong for vote in row.judges), row.strong is not None
        asked = int(bool(row.judges))
        return cls(
            asked, int(escalated), int(checked), int(row.strong == row.winner), int(drawn and asked and not checked)
        )


class EscalationReport(NamedTuple):
    """The cost of escalating, and what it changed.

    `verdicts` and `rows` that were judged, and of both those `escalated`; the `agreement` with the strong judge alone, on the
    `compared` verdicts of the `checked` rows; the rows on which that check failed (`failed_checks`);
    dollars that the strong judge alone would have cost (`alone_usd`), and what this
    costs (`cost_usd`), both as if nothing had been cached; None where it is not known.
    """

    verdicts: int
    escalated: int
    rows: int
    escalated_rows: int
    agreement: Figure | None
    compared: int
    checked: int
    failed_checks: int
    cost_usd: float | None
    alone_usd: float | None

    @property
    def saved_usd(self) -> float | None:
        """Return the dollars saved, below 0 where it cost more; None where that is not known."""
        return None if self.alone_usd is None or self.cost_usd is None else self.alone_usd - self.cost_usd

    def columns(self) -> dict[str, Any]:
        """Return the figures as columns."""
        plain = {name: value for name, value in self._asdict().items() if name != "agreement"}
        share = self.escalated / self.verdicts if self.verdicts else None
        return {**plain, "share": share, **estimate_columns("agreement", self.agreement), "saved_usd": self.saved_usd}


class Spent(NamedTuple):
    """The usage of the models: those of the first judge, and the strong one for doubtful verdicts and for the check."""

    first: Sequence[Tally]
    strong: Tally
    checking: Tally

    def cost(self) -> float | None:
        """Return the dollars of all, as if nothing had been cached; None where they are not known."""
        costs = [_full_cost(tally) for tally in (*self.first, self.strong, self.checking)]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None

    def alone(self, questions: int, *, alike: bool) -> float | None:
        """Return the dollars of the strong judge alone, by what it cost per question.

        With `alike`, the questions about doubtful verdicts are those that it would have been asked. Else they are about fewer
        criteria, and count only where the check asked nothing.
        """
        tally = self.strong + self.checking if alike or not self.checking.calls else self.checking
        return None if tally.usd_per_call is None else tally.usd_per_call * questions


def _full_cost(tally: Tally) -> float | None:
    if not tally.calls:
        return None if tally.cached else 0.0
    return None if tally.usd_per_call is None else tally.usd_per_call * (tally.calls + tally.cached)


class EscalationTally:
    """Count escalated rows by prompt."""

    def __init__(self) -> None:
        self._by_prompt: dict[str, EscalatedRow] = defaultdict(lambda: EscalatedRow(0, 0, 0, 0))
        self._rows = self._escalated_rows = self._checked = 0

    def add(self, prompt_id: str, row: EscalatedRow) -> None:
        """Count a row."""
        before = self._by_prompt[prompt_id]
        self._by_prompt[prompt_id] = EscalatedRow(*(sum(pair) for pair in zip(before, row, strict=True)))
        self._rows += row.asked > 0
        self._escalated_rows += row.escalated > 0
        self._checked += row.compared > 0

    def report(self, spent: Spent, *, questions: int | None) -> EscalationReport:
        """Return the figures; a judge is asked so many questions about each verdict, or with None one about all of a row."""
        several = self._by_prompt.values()
        total = EscalatedRow(*(sum(row[place] for row in several) for place in range(len(EscalatedRow._fields))))
        alone = spent.alone(total.asked * questions if questions else self._rows, alike=questions is not None)
        counts = (total.asked, total.escalated, self._rows, self._escalated_rows)
        checks = (total.compared, self._checked, total.failed)
        return EscalationReport(*counts, self._agreement(total), *checks, spent.cost(), alone)

    def _agreement(self, total: EscalatedRow) -> Figure | None:
        if not total.compared:
            return None
        import numpy as np

        from rubrictool.analysis.estimators.resampling import estimate, totals

        rows = np.array([(row.agreed, row.compared) for row in self._by_prompt.values() if row.compared], dtype=float)
        (drawn,) = totals(rows, seed=0)
        return estimate(total.agreed / total.compared, drawn[:, 0] / drawn[:, 1], len(rows))


def escalated_pairs(rows: Iterable[Comparison], judge: Escalation) -> EscalationTally:
    """Return the counts of comparisons; those by rubrics keep no verdicts, and count as not asked."""
    tally = EscalationTally()
    for row in rows:
        drawn = judge.checks(row.prompt_id, row.a, row.b)
        tally.add(row.prompt_id, EscalatedRow.of_pair(row, judge.strong_name, drawn=drawn))
    return tally
