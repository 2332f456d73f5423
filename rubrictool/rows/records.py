"""Define the rows: what stands in each JSON Lines file, as frozen records that keep unknown columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from rubrictool.rows.checks import Check
from rubrictool.rows.columns import LARGEST_FLOAT, Filled, Id, IdText, InJsonSchema, Number, Row, RowId, Weight
from rubrictool.rows.ids import name_response, same_text, with_id
from rubrictool.rows.levels import Level, LevelLabel, RisingLevels, with_levels
from rubrictool.rows.messages import PromptText, ResponseText

EVERY_PROMPT = "*"
"""The id of a rubric that serves every prompt without its own."""


class Response(Row):
    """A model's answer to a prompt; `model` is the writer."""

    id: RowId = ""
    prompt_id: RowId
    model: str | None = None
    prompt: PromptText | None = None
    response: ResponseText

    @model_validator(mode="before")
    @classmethod
    def _fill_ids(cls, data: Any) -> Any:
        return name_response(data)


class Scored(Response):
    """A response with a score, wherever that came from.

    `trace_view` names what the judge was shown of a conversation where that was not all of it (see `TraceView.named`).
    """

    score: Number
    trace_view: str | None = None


def _own(responses: Sequence[Any], prompt_id: object) -> list[Any]:
    """The candidates of one prompt as response rows, each under an id of its own."""
    taken: Counter[str] = Counter()
    rows = [{"response": item} if isinstance(item, str | list | tuple) else item for item in responses]
    return [name_response({"prompt_id": prompt_id, **r}, taken) if isinstance(r, Mapping) else r for r in rows]


class Prompt(Row):
    """A question to a model, with the candidates that already answer it.

    `reference` is an answer known to be good; models see it only when asked to.
    """

    id: RowId = ""
    prompt: PromptText
    responses: Annotated[tuple[Response, ...], Field(strict=False)] = ()
    reference: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_ids(cls, data: Any) -> Any:
        data = with_id(data, "id")
        if not isinstance(data, Mapping) or not isinstance(data.get("responses"), list | tuple):
            return data
        return {**data, "responses": _own(data["responses"], data.get("id"))}

    @model_validator(mode="after")
    def _own_candidates(self) -> Self:
        unmatched = [response.id for response in self.responses if response.prompt_id != self.id]
        if unmatched:
            raise ValueError(f"the response {unmatched[0]} belongs to another prompt_id; move it to that prompt's row")
        own = same_text(self.prompt)
        if other := [row.id for row in self.responses if row.prompt is not None and same_text(row.prompt) != own]:
            raise ValueError(f"the response {other[0]} has another text of the prompt; correct one of them")
        if twice := _first_repeat(response.id for response in self.responses):
            raise ValueError(f"the id {twice} stands for two responses; give each its own")
        return self


def _first_repeat(names: Iterable[str]) -> str | None:
    names = list(names)
    if len(set(names)) == len(names):
        return None
    return next(name for name, count in Counter(names).items() if count > 1)


AskedFor = tuple[str, Check | None, tuple[Level, ...] | None]
"""The text of a criterion, its check and its levels: what a verdict on it depends on."""


class Criterion(Row):
    """One thing a response can meet or not; a negative weight is a penalty that meeting it costs.

    One with `levels` can be met in part: it counts the value of the level that a response reaches, and is met at the last.
    """

    id: IdText = ""
    criterion: Filled
    weight: Weight
    dimension: str | None = None
    role: Literal["score", "veto"] = "score"
    check: Check | None = None
    levels: RisingLevels | None = None
    proposer: str | None = None
    from_person: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _write_out_levels(cls, data: Any) -> Any:
        return with_levels(data)

    @model_validator(mode="after")
    def _levels_are_judged(self) -> Self:
        if self.levels and self.check:
            raise ValueError("has levels and a check, which decides between met and unmet alone; keep one of them")
        return self

    @property
    def asked_for(self) -> AskedFor:
        """Return what a verdict depends on; criteria that ask for the same get the same verdict."""
        return self.criterion, self.check, self.levels

    @property
    def by_person(self) -> bool:
        """Return whether a person wrote the criterion, though a proposer may have rewritten it."""
        return self.proposer is None or bool(self.from_person)

    @property
    def veto(self) -> bool:
        """Return whether the criterion is a must: unmet, or below its last level, it caps the score at 0."""
        return self.role == "veto"


def _name_by_position(criteria: Any) -> Any:
    """Criteria without an id are c1, c2, ... by their place."""
    if not isinstance(criteria, list | tuple):
        return criteria
    return [_named(criterion, f"c{place}") for place, criterion in enumerate(criteria, start=1)]


def _named(criterion: Any, name: str) -> Any:
    if isinstance(criterion, Criterion):
        return criterion if criterion.id else criterion.model_copy(update={"id": name})
    if isinstance(criterion, dict | Mapping) and criterion.get("id") in (None, ""):
        return {**criterion, "id": name}
    return criterion


def _unique_ids(criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    if twice := _first_repeat(criterion.id for criterion in criteria):
        raise ValueError(
            f"the id {twice} stands for two criteria (one without an id is named by its place); give each its own"
        )
    return criteria


def can_score(criteria: Iterable[Criterion]) -> bool:
    """Return whether any criterion but a veto has a positive weight."""
    return any(criterion.weight > 0 and not criterion.veto for criterion in criteria)


def _can_score(criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    if not can_score(criteria):
        raise ValueError("no criterion has a positive weight (vetoes aside), so nothing could score")
    if sum(abs(float(criterion.weight)) for criterion in criteria) > LARGEST_FLOAT:
        raise ValueError("the weights add up to more than a number can hold; divide all by one number")
    return criteria


_SCORING = {
    "required": ["weight"],
    "properties": {"weight": {"exclusiveMinimum": 0}, "role": {"enum": ["score", None]}},
}

Criteria = Annotated[
    tuple[Criterion, ...],
    Field(strict=False),
    BeforeValidator(_name_by_position),
    AfterValidator(_unique_ids),
    AfterValidator(_can_score),
    InJsonSchema(contains=_SCORING),
]


class Rubric(Row):
    """The criteria by which the responses to one prompt are scored; the id `*` serves every prompt."""

    id: RowId
    prompt: PromptText | None = None
    criteria: Criteria
    reference: str | None = None
    rounds: int | None = None
    stopped: Literal["done", "no_pairs", "failed"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_id(cls, data: Any) -> Any:
        return with_id(data, "id")


Share = Annotated[float, Field(ge=0, le=1)]

SHARE_DECIMALS = 6
"""Decimals of a soft verdict: scores of equal verdicts are then equal, and any others differ by more than a tie."""


class Vote(Row):
    """One of several verdicts on one criterion, with whose it is and which sample, where that is told."""

    met: bool | None
    level: LevelLabel | None = None
    value: Share | None = None
    p: Share | None = None
    abstained: bool = False
    hard: str | None = None
    place: int | None = None
    judge: str | None = None
    sample: int | str | None = None

    @property
    def share(self) -> float | None:
        """Return how much of the criterion is met, as of a verdict."""
        return _share(self)

    @property
    def soft(self) -> bool:
        """Return whether the verdict counts its probability."""
        return _counts_p(self)

    @property
    def decided(self) -> float | None:
        """Return the share that the decision means, as of a verdict."""
        return _decided(self)


class Verdict(Row):
    """The decision on one criterion of a response; `p` is the judge's probability in [0, 1], where it gave one.

    A `met` of None is not judged, or undecided between samples. It is never a no: whoever reads verdicts passes over it.
    On a criterion with levels, `level` is the label of the one that is reached, `value` what it counts, and `met` is True for
    the last. A soft verdict has the expected share as its `value`, and where the judge's probability is not known, `hard` tells
    why; a calibrated one has in `raw_p` what the judge gave. With `abstained`, the judge said that it cannot tell. `place` is
    where it was shown the criterion, from 1, in an order that was drawn. `samples` are the verdicts of several samples, `p` is
    then the share of them that say yes, and `value` the mean. `judges` are the verdicts of the judges of a panel,
    or of those that were asked one after the other; `strong` is what the last of these says alone, where that was asked.
    """

    id: IdText
    met: bool | None
    p: Share | None = None
    level: LevelLabel | None = None
    value: Share | None = None
    raw_p: Share | None = None
    abstained: bool = False
    hard: str | None = None
    place: int | None = None
    reason: str | None = None
    samples: Annotated[tuple[Vote, ...], Field(strict=False)] = ()
    judges: Annotated[tuple[Vote, ...], Field(strict=False)] = ()
    strong: Vote | None = None

    @property
    def judged(self) -> bool:
        """Return whether there is a verdict on the criterion; samples that disagree count as one."""
        return self.met is not None or any(vote.met is not None for vote in self.samples)

    @property
    def share(self) -> float | None:
        """Return how much of the criterion is met: the value of its level, the expected share of a soft verdict, else 1 or 0.

        None where it is not judged.
        """
        return _share(self)

    @property
    def soft(self) -> bool:
        """Return whether the verdict counts its probability, or the mean of those of its samples."""
        return _counts_p(self) and (not self.samples or any(vote.soft for vote in self.samples))

    @property
    def decided(self) -> float | None:
        """Return the share that the decision means: 1 or 0 of a soft verdict on a criterion without levels, else `share`."""
        return _decided(self)


def _share(verdict: Vote | Verdict) -> float | None:
    return verdict.value if verdict.value is not None or verdict.met is None else float(verdict.met)


def _counts_p(verdict: Vote | Verdict) -> bool:
    """Return whether a verdict counts its probability; a number that a model wrote beside its answer is not counted."""
    return verdict.p is not None and verdict.value is not None


def _decided(verdict: Vote | Verdict) -> float | None:
    decides = verdict.met is not None and verdict.level is None and verdict.soft
    return float(bool(verdict.met)) if decides else _share(verdict)


JudgingMode = Literal["all-at-once", "per-criterion"]
"""Whether a judge is asked about all criteria of a response at once or about each alone."""


class Score(Scored):
    """A response with its score, the verdicts behind it, and who judged it how with which rubric.

    Rows of one `judge_id` were judged in the same way in all respects: model, parameters, templates, options. Older rows have
    none.
    """

    verdicts: Annotated[tuple[Verdict, ...], Field(strict=False)]
    judge: str
    judging: str
    judge_id: str | None = None
    rubric: str


class Dimension(Row):
    """The standing of a dimension: the `share` of its positive weight that is met, and its `value` once saturated, in [0, 1]."""

    share: float
    value: float


class ScoreWithDetails(Score):
    """A score with what it is made of, as far as that was asked for."""

    base: float | None = None
    dimensions: dict[str, Dimension] = Field(default_factory=dict)
    veto: Annotated[tuple[str, ...], Field(strict=False)] = ()
    aggregate: Annotated[tuple[str, ...], Field(strict=False)] = ()
    coverage: float | None = None
    score_low: float | None = None
    score_high: float | None = None


class AttackedScore(Score):
    """The score of a response that carries an attack, under an id of its own; `of` is the id of the response attacked.

    `gain` is the score less that of the row named by `against`: the same response as it is, or one without an answer. Of the
    criteria that the judge decides, `won` moved in favour of the response and `lost` against it; so many could have
    (`winnable`, `losable`). `won_checks` and `winnable_checks` are the same of those that a check decides. `canary` says
    whether the judge found a criterion met that no response meets; it is None where the judge was not asked.
    """

    attack: str
    of: str
    against: str | None = None
    gain: float | None = None
    won: Annotated[tuple[str, ...], Field(strict=False)] = ()
    lost: Annotated[tuple[str, ...], Field(strict=False)] = ()
    winnable: int = 0
    losable: int = 0
    won_checks: Annotated[tuple[str, ...], Field(strict=False)] = ()
    winnable_checks: int = 0
    canary: bool | None = None


Winner = Literal["a", "b", "tie"]


class Orders(Row):
    """The winner when `a` was shown first (`ab`), and when `b` was (`ba`)."""

    ab: Winner
    ba: Winner


class Reasons(Row):
    """The judge's reason in each presentation order."""

    ab: str | None = None
    ba: str | None = None


class Ballot(Row):
    """What one judge of a panel said in each presentation order; null where it failed."""

    judge: str
    ab: Winner | None
    ba: Winner | None


class Comparison(Row):
    """The better of two responses to one prompt, after asking in both orders.

    `judges` are those of a panel, or those that were asked one after the other; `strong` is what the last of these says alone,
    where that was asked.
    """

    prompt_id: str
    a: str
    b: str
    winner: Winner
    orders: Orders
    judge: str
    judge_id: str | None = None
    reasons: Reasons | None = None
    judges: Annotated[tuple[Ballot, ...], Field(strict=False)] = ()
    strong: Winner | None = None
    trace_view: str | None = None


LARGEST_WEIGHT = 1e6
"""Largest number of comparisons that one counts as."""


class ExternalComparison(Row):
    """A comparison that was made elsewhere: a winner, or the probability in [0, 1] that `a` wins.

    One with a `weight` counts as so many comparisons, and its prompt for more than others.
    """

    prompt_id: Id
    winner: Winner | None = None
    preference: Annotated[float, Field(ge=0, le=1)] | None = None
    orders: Orders | None = None
    weight: Annotated[int | float, Field(gt=0, le=LARGEST_WEIGHT)] | None = None

    @model_validator(mode="after")
    def _decided(self) -> Self:
        if (self.winner is None) == (self.preference is None):
            raise ValueError("needs either `winner` or `preference`")
        return self
