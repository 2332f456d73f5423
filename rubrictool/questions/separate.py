"""Ask how a rubric must change to tell two responses apart (paper, Algorithm 1)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Literal, NamedTuple

from rubrictool.models.json_schema import Schema, array_of, object_of, one_of
from rubrictool.models.question import Question
from rubrictool.questions import propose
from rubrictool.questions.templates import Templates, fence
from rubrictool.rows.records import Criterion, Prompt, Response, Verdict
from rubrictool.rubric.amend import Proposal
from rubrictool.text.chats import visible_text

ContextPart = Literal["weights", "verdicts", "both-met", "scores"]
"""A part of the rubric or the judgement that a proposer can be shown beside a pair of responses."""

DEFAULT_CONTEXT: frozenset[ContextPart] = frozenset({"weights", "verdicts"})
"""The context that a proposer is shown unless told otherwise.

Weights, because it is asked to change them, and verdicts, because it must know what the rubric already sees. `both-met`
(the criteria that both responses meet) can be read off the verdicts; a proposer that knows the scores is led to explain
them rather than to look for what they miss.
"""


class JudgedResponse(NamedTuple):
    """A response with its verdicts and score under the present rubric, where it was judged."""

    response: Response
    verdicts: tuple[Verdict, ...] = ()
    score: float | None = None


def question(
    templates: Templates,
    prompt: Prompt,
    criteria: Sequence[Criterion],
    pair: tuple[JudgedResponse, JudgedResponse],
    *,
    context: Collection[ContextPart] = DEFAULT_CONTEXT,
) -> Question:
    """Ask what distinguishes a pair, and for a rubric that shows the difference."""
    first, second = pair
    return templates.question(
        "separate",
        prompt,
        criteria=fence("rubric", "\n".join(_listed(c, weighed="weights" in context) for c in criteria)),
        first=fence("first", visible_text(first.response.response)),
        second=fence("second", visible_text(second.response.response)),
        verdicts="\n\n".join(_findings(criteria, first, second, context)),
    )


def schema(ids: Sequence[str]) -> Schema:
    """Return the schema of a changed rubric: each of the criteria with these ids kept, rewritten or dropped, others new."""
    known = one_of(*ids)
    new = object_of(**propose.NEW_CRITERION)
    item = {"anyOf": [object_of(id=known), object_of(id=known, **propose.NEW_CRITERION), new]}
    return object_of(
        criteria=array_of(item, min_items=1, max_items=len(ids) + propose.MAX_NEW_CRITERIA),
        dropped=array_of(known, min_items=0, max_items=max(1, len(ids))),
    )


def parse(reply: str, criteria: Sequence[Criterion], *, proposer: str) -> Proposal:
    """Return the proposed changes of a rubric.

    Raises `Unreadable` where the reply cannot be read, or leaves a rubric that cannot score.
    """
    return propose.parse(reply, criteria, proposer=proposer)


def _listed(criterion: Criterion, *, weighed: bool) -> str:
    weight = f" (weight {criterion.weight:g})" if weighed else ""
    return f"{criterion.id}{weight}: {criterion.criterion}"


def _findings(
    criteria: Sequence[Criterion], first: JudgedResponse, second: JudgedResponse, context: Collection[ContextPart]
) -> Iterator[str]:
    """Yield a paragraph for each part of the context that the judge decided; none for a pair that was not judged."""
    if not first.verdicts or not second.verdicts:
        return
    rows = list(zip(criteria, first.verdicts, second.verdicts, strict=True))
    if "verdicts" in context:
        lines = [f"{c.id}: first {_met(one)}, second {_met(other)}" for c, one, other in rows]
        yield "A judge found under the present rubric:\n\n" + "\n".join(lines)
    both = [c.id for c, one, other in rows if one.met and other.met]
    if "both-met" in context and both:
        yield f"Both answers meet {', '.join(both)}: these do not tell them apart."
    if "scores" in context and first.score is not None and second.score is not None:
        yield f"Under the present rubric the first answer scores {first.score:.3f}, the second {second.score:.3f}."


def _met(verdict: Verdict) -> str:
    return "not judged" if verdict.met is None else "yes" if verdict.met else "no"
