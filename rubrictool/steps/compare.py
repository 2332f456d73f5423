"""Which of two responses to a prompt is better: as a judge says in both orders, or by their scores."""

from __future__ import annotations

from copy import copy

from rubrictool.judging.model_backed import ModelJudge
from rubrictool.judging.protocols import Comparer, Judge
from rubrictool.models.gather import gather_all
from rubrictool.questions.compare import Side
from rubrictool.rows.records import Comparison, Orders, Prompt, Reasons, Response, Rubric, Scored, Winner
from rubrictool.rubric.empty_response import is_empty
from rubrictool.rubric.weights import higher
from rubrictool.steps.score import score

_SHOWN_AB: dict[Side, Winner] = {"first": "a", "second": "b", "tie": "tie"}

_SHOWN_BA: dict[Side, Winner] = {"first": "b", "second": "a", "tie": "tie"}


async def compare(prompt: Prompt, a: Response, b: Response, judge: Comparer) -> Comparison:
    """Which of two responses wins; a winner must win in both presentation orders, all else is a tie.

    An empty response loses without a question to one that is not; two empty ones tie. Raises `ModelFailure`.
    """
    if decided := _by_emptiness(a, b, judge.name):
        return decided
    ab, ba = await gather_all(judge.prefer(prompt, a, b), judge.prefer(prompt, b, a))
    orders = Orders(ab=_SHOWN_AB[ab.side], ba=_SHOWN_BA[ba.side])
    winner = orders.ab if orders.ab == orders.ba else "tie"
    told = {"reasons": Reasons(ab=ab.reason, ba=ba.reason)} if ab.reason or ba.reason else {}
    return Comparison(prompt_id=prompt.id, a=a.id, b=b.id, winner=winner, orders=orders, judge=judge.name, **told)


async def compare_by_rubric(prompt: Prompt, a: Response, b: Response, judge: Judge, rubric: Rubric) -> Comparison:
    """Which of two responses has the higher score under a rubric; scores within 1e-9 are tied.

    Neither is shown beside the other, so there is one order only. Empty responses are as in `compare`. Raises
    `ModelFailure`.
    """
    if decided := _by_emptiness(a, b, judge.name):
        return decided
    one, other = await gather_all(*(score(prompt, rubric, response, judge) for response in (a, b)))
    winner = higher(one.score, other.score)
    return Comparison(
        prompt_id=prompt.id, a=a.id, b=b.id, winner=winner, orders=Orders(ab=winner, ba=winner), judge=judge.name
    )


def _by_emptiness(a: Response, b: Response, judge: str) -> Comparison | None:
    """How a comparison ends in which a response is empty; None where neither is."""
    empty = [name for name, response in (("a", a), ("b", b)) if is_empty(response.response)]
    if not empty:
        return None
    winner: Winner = "tie" if len(empty) == 2 else "b" if empty == ["a"] else "a"
    reason = f"{' and '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty, so no judge was asked"
    columns = {"prompt_id": a.prompt_id, "a": a.id, "b": b.id, "winner": winner, "judge": judge}
    both = {"orders": {"ab": winner, "ba": winner}, "reasons": {"ab": reason, "ba": reason}}
    return Comparison.model_validate({**columns, **both})


def compare_scores(a: Scored, b: Scored, judge: str) -> Comparison:
    """Which of two scored responses has the higher score; scores within 1e-9 are tied.

    The row keeps both scores in `score_a` and `score_b`.
    """
    winner = higher(a.score, b.score)
    columns = {"winner": winner, "orders": {"ab": winner, "ba": winner}, "judge": judge}
    pair = {"prompt_id": a.prompt_id, "a": a.id, "b": b.id}
    return Comparison.model_validate({**pair, **columns, "score_a": a.score, "score_b": b.score})


def second_draw(judge: ModelJudge) -> ModelJudge:
    """The same judge, that answers each question by a second draw: it is paid for and cached beside the first."""
    again = copy(judge)
    again.sample = 1
    return again


def judged_again(first: Comparison, second: Comparison) -> Comparison:
    """Return the comparison with the winner and the orders of a second judging of its pair in `second_judging`."""
    second_judging = {"winner": second.winner, "orders": second.orders.columns()}
    return Comparison.model_validate({**first.columns(), "second_judging": second_judging})
