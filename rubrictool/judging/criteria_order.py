"""Draw the order in which a judge is shown the criteria of a response, so that no criterion always comes first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rubrictool.rows.records import Criterion, Prompt, Response
from rubrictool.rows.verdicts import Verdict
from rubrictool.text.encoding import draw


def drawn_order(
    criteria: Sequence[Criterion], prompt: Prompt, response: Response, *, sample: int = 0
) -> list[Criterion]:
    """Return criteria in the order for a response: by a hash, which is the same in every run."""
    return sorted(criteria, key=lambda criterion: draw(sample, "criteria", prompt.id, response.id, criterion.id))


def placed(verdicts: Iterable[Verdict], order: Sequence[Criterion]) -> list[Verdict]:
    """Return verdicts with the place of their criterion in the order in which they were asked for, from 1."""
    places = {criterion.id: place for place, criterion in enumerate(order, start=1)}
    return [verdict.model_copy(update={"place": places[verdict.id]}) for verdict in verdicts]
