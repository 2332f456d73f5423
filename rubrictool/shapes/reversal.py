"""Word a criterion that other tools reward for not being met, as one that is met where theirs is not.

A negative weight would give other scores: theirs adds to what can be reached, ours takes away from it.
"""

from __future__ import annotations

REVERSED_PENALTY = "penalties written as reversed criteria, which are part of what can be reached"

_OF_A_QUESTION = "The answer to this question is no: "
_OF_A_STATEMENT = "This does not hold for the response: "


def reverse(text: str) -> str:
    """Return a criterion that is met where this one is not. Reversing twice gives the text itself."""
    if (own := reversed_text(text)) is not None:
        return own
    return (_OF_A_QUESTION if text.rstrip().endswith("?") else _OF_A_STATEMENT) + text


def reversed_text(text: str) -> str | None:
    """Return the text whose reverse this one is, None for a text that is none's."""
    for beginning in (_OF_A_QUESTION, _OF_A_STATEMENT):
        if text.startswith(beginning):
            return text.removeprefix(beginning)
    return None
