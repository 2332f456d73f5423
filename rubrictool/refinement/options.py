"""The options of a refinement, written once for the command, the library and the dry run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rubrictool.refinement.accept import TOLERANCE, AcceptRule
from rubrictool.refinement.pairs import PairRule, PoolRule, needs_scores
from rubrictool.rows.records import Response
from rubrictool.rubric.limits import Limits


@dataclass(frozen=True)
class RefineOptions:
    """Options of `refine`.

    `pairs` chooses the pair of a round, `pool_rule` whether a shown pair leaves the pool, `accept` which proposals are
    accepted. `tolerance`, in [0, 1], is how far the rule `label-agreement` lets agreement fall. `seed` drives all draws,
    `limits` hold the size of the rubric.
    """

    pairs: PairRule = "great-diverse"
    rounds: int = 4
    pool_rule: PoolRule = "drop-used"
    accept: AcceptRule = "always"
    tolerance: float = TOLERANCE
    seed: int = 0
    limits: Limits = field(default_factory=Limits)

    @property
    def needs_scores(self) -> bool:
        """Return whether the pool is judged before a pair is chosen."""
        return needs_scores(self.pairs) or self.accept != "always"


@dataclass(frozen=True)
class Evidence:
    """The evidence that an accept rule has on one prompt's responses.

    `signal` is how good responses are known to be, by id: labels, or the strength of their writers. `weak` are responses
    that are judged in trials only.
    """

    signal: Mapping[str, float] = field(default_factory=dict)
    weak: Sequence[Response] = ()
