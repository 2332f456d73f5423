"""The state of one prompt's refinement between two rounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rubrictool.errors import RowFailure
from rubrictool.judging.protocols import Judge, Proposer
from rubrictool.linting.overfitting import PoolJudging
from rubrictool.refinement.options import Evidence, RefineOptions
from rubrictool.rows.records import AskedFor, Criterion, Prompt, Response, Score
from rubrictool.rows.traces import Round
from rubrictool.rows.verdicts import Verdict


@dataclass(frozen=True)
class Setting:
    """Judge, proposer, options and evidence: what is the same in all rounds."""

    judge: Judge
    proposer: Proposer
    options: RefineOptions
    evidence: Evidence


@dataclass(frozen=True)
class State:
    """The criteria, the pool, and the trace so far.

    `tied` tells whether the top two were tied each time the pool was judged. `scores` are the pool's scores under the
    present criteria where a trial has brought them already, and those of `witnesses`: candidates of known quality that left
    the pool, and are judged in trials only. Pairs in `shown` are not shown again. `verdicts` are those of a judge that is
    asked about each criterion alone, by response and by what the criterion asks for. `judgings` are all scores so far.
    """

    prompt: Prompt
    criteria: tuple[Criterion, ...]
    pool: tuple[Response, ...]
    rounds: tuple[Round, ...] = ()
    tied: tuple[bool, ...] = ()
    failure: RowFailure | None = None
    scores: tuple[Score, ...] | None = None
    witnesses: tuple[Response, ...] = ()
    judgings: tuple[PoolJudging, ...] = ()
    shown: frozenset[frozenset[str]] = frozenset()
    verdicts: Mapping[str, Mapping[AskedFor, Verdict]] = field(default_factory=dict)

    def judged(self, criteria: tuple[Criterion, ...], rows: Iterable[Response]) -> State:
        """Return the state with one judging more of the pool; rows without verdicts are left out."""
        scores = tuple(row for row in rows if isinstance(row, Score))
        return replace(self, judgings=(*self.judgings, PoolJudging(criteria, scores))) if scores else self


def over_budget(failures: Sequence[RowFailure]) -> RowFailure | None:
    """Return the first failure for want of budget.

    It ends the prompt: a pair chosen among the other candidates would not be the pair of a rerun with more budget.
    """
    return next((failure for failure in failures if failure.kind == "budget"), None)
