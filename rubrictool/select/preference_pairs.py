"""Preference pairs for training: which two responses to a prompt are told apart clearly enough to learn from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from rubrictool.rows.records import Message, PromptText, Row, Scored
from rubrictool.rubric.weights import TIE
from rubrictool.select.ranking import ranked
from rubrictool.text.chats import visible_text

PairChoice = Literal["best-worst", "best-each"]

Skipped = Literal["tied", "overlapping", "same_text"]
"""Why two responses make no pair: tied scores, bounds that meet, or the same text."""

Answer = str | tuple[Message, ...]


class PreferencePair(Row):
    """Two responses to a prompt, the better one `chosen`; prompt, chosen and rejected are what TRL's DPO reads.

    TRL wants the three all of a kind: where one is a chat, a text is a chat of one message.
    """

    prompt_id: str
    prompt: PromptText
    chosen: Answer
    rejected: Answer
    chosen_id: str
    rejected_id: str
    chosen_score: float
    rejected_score: float
    margin: float


class Match(NamedTuple):
    """Two scored responses to a prompt, in the order of their ranks."""

    chosen: Scored
    rejected: Scored


def matches(pool: Iterable[Scored], pairing: PairChoice, *, seed: int) -> list[Match]:
    """The pairs that a prompt's pool offers, the tied ones among them; none where it holds fewer than two.

    `best-worst` is the first by rank with the last, `best-each` with each of the others. Ties are ranked by a draw.
    """
    order = ranked(pool, seed=seed)
    others = order[1:] if pairing == "best-each" else order[1:][-1:]
    return [Match(order[0], other) for other in others]


def unclear(match: Match) -> Skipped | None:
    """Why the scores do not say who is better: they are within 1e-9, or their bounds meet; None where they do.

    The bounds are the columns `score_low` and `score_high`; where a row lacks one, the score takes its place.
    """
    chosen, rejected = match
    if chosen.score - rejected.score <= TIE:
        return "tied"
    return "overlapping" if _bound(chosen, "score_low") - _bound(rejected, "score_high") <= TIE else None


def same_text(match: Match) -> bool:
    """Whether both say the same, reasoning aside: their scores then differ by noise, and nothing can be learned."""
    return visible_text(match.chosen.response) == visible_text(match.rejected.response)


def check_bounds(row: Scored) -> None:
    """Raise `ValueError` (`column: reason`) for a bound of the score that is no number."""
    for name in ("score_low", "score_high"):
        value = row.unknown().get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError(f"{name}: must be a number")


def pair(match: Match, prompt: PromptText) -> PreferencePair:
    """Two responses as a row for training."""
    chosen, rejected = match
    chats = not all(isinstance(given, str) for given in (prompt, chosen.response, rejected.response))
    return PreferencePair(
        prompt_id=chosen.prompt_id,
        prompt=_chat("user", prompt) if chats else prompt,
        chosen=_chat("assistant", chosen.response) if chats else chosen.response,
        rejected=_chat("assistant", rejected.response) if chats else rejected.response,
        chosen_id=chosen.id,
        rejected_id=rejected.id,
        chosen_score=chosen.score,
        rejected_score=rejected.score,
        margin=chosen.score - rejected.score,
    )


def _bound(row: Scored, name: str) -> float:
    value: float | None = row.unknown().get(name)
    return row.score if value is None else value


def _chat(role: str, given: Answer) -> tuple[Message, ...]:
    return (Message(role=role, content=given),) if isinstance(given, str) else given
