"""Which responses are the tail: regions of a prompt's pool by gold, and the half of all responses that is held out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rubrictool.rubric.weights import TIE
from rubrictool.text.encoding import draw


class Region(NamedTuple):
    """The best (or worst) share of a prompt's responses by gold."""

    name: str
    share: float
    best: bool = True


EVERYWHERE = Region("all", 1.0)
"""The region of all pairs, to which the others are held."""

REGIONS = (
    Region("top 10%", 0.1),
    Region("top 20%", 0.2),
    Region("top 40%", 0.4),
    EVERYWHERE,
    Region("bottom 40%", 0.4, best=False),
)


class Pool(NamedTuple):
    """The responses to one prompt in the order of the file: who wrote them, how good they are, how each file scores them.

    `preferred` is there where gold is preferences: by the places of two responses that were compared, the mean credit
    in [0, 1] of the first. Then gold is the share of its comparisons that a response wins.
    """

    prompt_id: str
    writers: tuple[str | None, ...]
    gold: tuple[float, ...]
    scores: tuple[tuple[float, ...], ...]
    preferred: Mapping[tuple[int, int], float] | None = None

    def of_writer(self, writer: str) -> Pool:
        """What one writer has in the pool, preferences aside."""
        own = [place for place, name in enumerate(self.writers) if name == writer]
        scores = tuple(tuple(scores[place] for place in own) for scores in self.scores)
        return Pool(self.prompt_id, (writer,) * len(own), tuple(self.gold[place] for place in own), scores)


def gate_half(seed: int, response_id: str) -> bool:
    """Whether a response belongs to the half that may decide on rubrics; the other half is held out to report on.

    By a draw with the seed and the response's id alone (an even first digit), so that every command halves alike.
    """
    return int(draw(seed, "gate", response_id)[0], 16) % 2 == 0


def members(gold: Sequence[float], region: Region) -> list[bool]:
    """Which responses of one prompt lie in a region: the ceil(share * n) best (or worst), and all tied at the cut."""
    sign = 1 if region.best else -1
    signed = [sign * value for value in gold]
    # The tolerance keeps 0.1 * 30 from being 4.
    cut = sorted(signed, reverse=True)[math.ceil(region.share * len(gold) - TIE) - 1]
    return [value >= cut - TIE for value in signed]


def win_shares(preferred: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """The share of its comparisons that each response wins, from the credit in [0, 1] of the first of each two."""
    credits: dict[str, list[float]] = {}
    for (one, other), credit in preferred.items():
        credits.setdefault(one, []).append(credit)
        credits.setdefault(other, []).append(1 - credit)
    return {response: math.fsum(won) / len(won) for response, won in credits.items()}


class TopScore(NamedTuple):
    """What a rubric leaves undecided at the top of each prompt with two responses or more.

    `mass` is the share of responses at the prompt's highest score, `tied` is 1 where the two highest are tied.
    """

    mass: list[float]
    tied: list[float]


def top_scores(pools: Sequence[Pool], file: int) -> TopScore:
    """How much of each pool shares the highest score that one file gives, one value per prompt."""
    at_top = [_at_top(pool.scores[file]) for pool in pools]
    shared = [(count, len(pool.gold)) for count, pool in zip(at_top, pools, strict=True) if len(pool.gold) > 1]
    return TopScore([count / size for count, size in shared], [float(count > 1) for count, _ in shared])


def _at_top(scores: Sequence[float]) -> int:
    highest = max(scores)
    return sum(score >= highest - TIE for score in scores)
