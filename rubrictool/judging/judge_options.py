"""The options of a judge, as values: each default is written here once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from rubrictool.errors import InputError
from rubrictool.questions.examples import Examples
from rubrictool.rows.records import JudgingMode


@dataclass(frozen=True)
class JudgeOptions:
    """The way in which a judge is asked.

    `judging` says whether it is asked about all criteria at once or about each alone, `reasons` whether it gives a reason
    for each verdict, `samples` how many times it judges each response, `allow_abstain` whether it may say that it cannot tell,
    `shuffle_criteria` whether each response has an order of criteria of its own, `soft` whether verdicts are the probabilities
    that the model gives to its answers, `examples` the labelled verdicts of which it is shown a few.

    Raises `InputError` for a way of judging that there is not, for no samples, for criteria that are asked about one by one in a
    drawn order, and for probabilities of verdicts that come all at once.
    """

    judging: JudgingMode = "all-at-once"
    reasons: bool = False
    samples: int = 1
    allow_abstain: bool = False
    shuffle_criteria: bool = False
    soft: bool = False
    examples: Examples | None = None

    def __post_init__(self) -> None:
        if self.judging not in get_args(JudgingMode):
            raise InputError(f"judging: {self.judging!r} is unknown; write {' or '.join(get_args(JudgingMode))}")
        if self.samples < 1:
            raise InputError(f"samples: {self.samples} is too few; give 1 or more")
        if self.shuffle_criteria and self.judging == "per-criterion":
            raise InputError(SHUFFLED_ALONE)
        if self.soft and self.judging != "per-criterion":
            raise InputError(
                "soft verdicts are read where a reply to one criterion has its verdict; judge per criterion",
                code="per_criterion",
            )


SHUFFLED_ALONE = "criteria that are judged one by one have no order to shuffle; judge all at once, with a model"
