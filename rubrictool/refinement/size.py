"""Hold an amended rubric within the limits, by the verdicts that the round has brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rubrictool.rows.records import Criterion, Response, Score
from rubrictool.rubric.amend import Amended, Proposal, changes
from rubrictool.rubric.limits import Limits, within_limits


def held(
    before: Sequence[Criterion], amended: Amended, proposal: Proposal, members: Sequence[Response], limits: Limits
) -> Amended:
    """Return an amended rubric within the limits; `members` are the pool under the rubric `before`, where it was judged."""
    bounds = limits.for_replacement(len(before)) if proposal.replaces else limits
    spread = spread_of(before, amended.criteria, members)
    criteria, refused = within_limits(before, amended.criteria, bounds, spread=spread)
    made = changes(before, criteria, amended.changes.merged)
    return amended._replace(criteria=criteria, changes=made, refused=refused)


def spread_of(
    before: Sequence[Criterion], criteria: Sequence[Criterion], members: Sequence[Response]
) -> Mapping[str, float]:
    """Return the variance of the verdicts on each criterion that at least two members were judged by in these very words."""
    asked = {criterion.id: criterion.asked_for for criterion in before}
    rows = [{verdict.id: verdict.share for verdict in row.verdicts} for row in members if isinstance(row, Score)]
    spread: dict[str, float] = {}
    for criterion in criteria:
        if asked.get(criterion.id) == criterion.asked_for:
            met = [known for row in rows if (known := row.get(criterion.id)) is not None]
            if len(met) > 1:
                share = sum(met) / len(met)
                # The variance; what follows the minus is 0 where all verdicts are 0 or 1.
                spread[criterion.id] = share * (1 - share) - sum(of * (1 - of) for of in met) / len(met)
    return spread
