"""The rows: what stands in each JSON Lines file, as frozen records that keep columns they do not know."""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from rubrictool.rows.checks import Check
from rubrictool.text.chats import (
    MODEL_COLUMNS,
    checked_calls,
    checked_content,
    checked_function,
    has_content,
    merged_text,
)
from rubrictool.text.encoding import canonical, digest

EVERY_PROMPT = "*"
"""The id of a rubric that serves every prompt without its own."""


class Row(BaseModel):
    """A frozen record read strictly (no text for a number) that carries unknown columns along."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, defer_build=True)

    def columns(self) -> dict[str, Any]:
        """The row as it is written: what was given, absent columns left out."""
        return self.model_dump(exclude_unset=True)

    def unknown(self) -> dict[str, Any]:
        """The columns that rubrictool does not know and carries along."""
        return dict(self.model_extra or {})


def joined(kind: type[Row], row: Mapping[str, Any], *others: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a row of one kind, with the unknown columns of other rows joined to it; the first one wins.

    Candidates and errors stay where they were.
    """
    columns = dict(row)
    for other in others:
        columns |= {
            n: v for n, v in other.items() if n not in columns and n not in kind.model_fields and n not in _STAY
        }
    return columns


_STAY = {"responses", "error"}


def _shape_of(value: object) -> str | None:
    return "<text>" if isinstance(value, str) else "<chat>" if isinstance(value, list | tuple) else None


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


_LARGEST = sys.float_info.max


def _finite(number: float) -> float:
    if not abs(number) <= _LARGEST:
        raise ValueError("must be finite")
    return number


def _known_weight(number: float) -> float:
    if not 0 < abs(number) <= _LARGEST:
        raise ValueError("must be a finite number other than 0")
    return number


Filled = Annotated[str, AfterValidator(_not_blank)]

Number = Annotated[int | float, AfterValidator(_finite)]

Weight = Annotated[int | float, AfterValidator(_known_weight)]


class Message(Row):
    """One message of a chat, in the form that it was given: `content` is text, null or a list of parts."""

    role: Filled
    content: Annotated[Any, AfterValidator(checked_content)] = None
    name: str | None = None
    tool_calls: Annotated[Any, AfterValidator(checked_calls)] = None
    tool_call_id: str | None = None
    function_call: Annotated[Any, AfterValidator(checked_function)] = None

    @model_validator(mode="after")
    def _has_content(self) -> Self:
        if not has_content(self.columns()):
            raise _lacks("content", "is null" if "content" in self.model_fields_set else "field required")
        return self


def _lacks(field: str, fault: str) -> ValidationError:
    """The error of a message that says nothing, at its field."""
    reason = PydanticCustomError("says_nothing", f"{fault}; give the message's text, or the tool_calls that it makes")
    return ValidationError.from_exception_data("Message", [{"type": reason, "loc": (field,), "input": None}])


def _by_the_assistant(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    if not any(message.role == "assistant" for message in messages):
        raise ValueError("has no message of the role assistant, so nothing was answered")
    return messages


Chat = Annotated[tuple[Message, ...], Field(strict=False, min_length=1)]

PromptText = Annotated[
    Annotated[Filled, Tag("<text>")] | Annotated[Chat, Tag("<chat>")],
    Discriminator(
        _shape_of,
        custom_error_type="prompt_shape",
        custom_error_message="must be text or a list of {role, content}",
    ),
]


ResponseText = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[Chat, AfterValidator(_by_the_assistant), Tag("<chat>")],
    Discriminator(
        _shape_of,
        custom_error_type="response_shape",
        custom_error_message="must be text or a list of {role, content}",
    ),
]


def prompt_key(prompt: object) -> str:
    """The id of a prompt that was given none: a hash of its text, or of its chat as canonical JSON."""
    if isinstance(prompt, str):
        return digest(prompt)
    return digest(canonical(_given(prompt)))


def _given(chat: object) -> list[Any]:
    """A chat as it was given."""
    return [m.columns() if isinstance(m, Message) else m for m in _items(chat)]


def same_text(text: object) -> str:
    """Return the form in which two texts are compared: equal forms mean the same text.

    What editors and exports change does not count: white space around the text, the spelling of line ends, composed or
    decomposed letters (NFC). A chat is compared as canonical JSON of what a model reads of it, empty columns left out and
    parts of text as one text; a chat of one user message, which is how a text is sent, equals that text.
    """
    if isinstance(text, str):
        return unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()
    messages = [_comparable(message) for message in _items(text)]
    alone = messages[0] if len(messages) == 1 else {}
    if alone.keys() == {"role", "content"} and alone["role"] == "user" and isinstance(alone["content"], str):
        return alone["content"]
    return canonical(messages)


def _comparable(message: Any) -> dict[str, Any]:
    columns = message.columns() if isinstance(message, Message) else message
    given = {name: columns[name] for name in MODEL_COLUMNS if columns.get(name) not in (None, "", [], ())}
    content = merged_text(given.get("content"))
    return given | {"content": same_text(content)} if isinstance(content, str) else given


def _items(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _with_id(data: Any, key: str) -> Any:
    """The same data with its prompt's id under `key`, where it had none and there is a prompt to make one of."""
    if not isinstance(data, Mapping) or data.get(key) is not None or data.get("prompt") is None:
        return data
    return {**data, key: prompt_key(data["prompt"])}


def name_response(data: Any, taken: Counter[str]) -> Any:
    """The same data with an id made of (prompt_id, model, response) where it had none.

    `taken` counts the ids made so far; a repeat gets -2, -3, ...
    """
    if not isinstance(data, Mapping) or data.get("id") is not None:
        return data
    data = _with_id(data, "prompt_id")
    named = [data.get(part) for part in ("prompt_id", "model", "response")]
    if _shape_of(named[2]) == "<chat>":
        named[2] = _given(named[2])
    if not all(part is None or isinstance(part, str | list) for part in named):
        return data
    name = digest(canonical(named))
    taken[name] += 1
    return {**data, "id": name if taken[name] == 1 else f"{name}-{taken[name]}"}


class Response(Row):
    """What a model answered to a prompt; `model` is who wrote it."""

    id: Filled = ""
    prompt_id: Filled
    model: str | None = None
    prompt: PromptText | None = None
    response: ResponseText

    @model_validator(mode="before")
    @classmethod
    def _fill_ids(cls, data: Any) -> Any:
        return _with_id(name_response(data, Counter()), "prompt_id")


class Scored(Response):
    """A response with a score, wherever that came from."""

    score: Number


def _own(responses: Sequence[Any], prompt_id: object) -> list[Any]:
    """The candidates of one prompt as response rows, each under an id of its own."""
    taken: Counter[str] = Counter()
    rows = [{"response": item} if isinstance(item, str | list | tuple) else item for item in responses]
    return [name_response({"prompt_id": prompt_id, **r}, taken) if isinstance(r, Mapping) else r for r in rows]


class Prompt(Row):
    """A question to a model, with the candidates that already answer it.

    `reference` is an answer known to be good; models see it only when asked to.
    """

    id: Filled = ""
    prompt: PromptText
    responses: Annotated[tuple[Response, ...], Field(strict=False)] = ()
    reference: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_ids(cls, data: Any) -> Any:
        data = _with_id(data, "id")
        if not isinstance(data, Mapping) or not isinstance(data.get("responses"), list | tuple):
            return data
        return {**data, "responses": _own(data["responses"], data.get("id"))}

    @model_validator(mode="after")
    def _own_candidates(self) -> Self:
        strangers = [response.id for response in self.responses if response.prompt_id != self.id]
        if strangers:
            raise ValueError(f"the response {strangers[0]} belongs to another prompt_id")
        own = same_text(self.prompt)
        if other := [row.id for row in self.responses if row.prompt is not None and same_text(row.prompt) != own]:
            raise ValueError(f"the response {other[0]} has another text of the prompt; correct one of them")
        if twice := _first_repeat(response.id for response in self.responses):
            raise ValueError(f"the id {twice} stands for two responses")
        return self


def _first_repeat(names: Iterable[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)


class Criterion(Row):
    """One thing a response can meet or not; a negative weight is a penalty that meeting it costs."""

    id: str = ""
    criterion: Filled
    weight: Weight
    dimension: str | None = None
    role: Literal["score", "veto"] = "score"
    check: Check | None = None
    proposer: str | None = None

    @property
    def veto(self) -> bool:
        """Whether the criterion is a must: unmet, it caps the score at 0."""
        return self.role == "veto"


def _name_by_position(criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    """Criteria without an id are c1, c2, ... by their place; ids are unique within a rubric."""
    named = tuple(
        criterion if criterion.id else criterion.model_copy(update={"id": f"c{place}"})
        for place, criterion in enumerate(criteria, start=1)
    )
    if twice := _first_repeat(criterion.id for criterion in named):
        raise ValueError(f"the id {twice} stands for two criteria (one without an id is named by its place)")
    return named


def can_score(criteria: Iterable[Criterion]) -> bool:
    """Whether there is anything to earn: a positive weight that is no veto's."""
    return any(criterion.weight > 0 and not criterion.veto for criterion in criteria)


def _can_score(criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    if not can_score(criteria):
        raise ValueError("no criterion has a positive weight (vetoes aside), so nothing could score")
    if sum(abs(float(criterion.weight)) for criterion in criteria) > _LARGEST:
        raise ValueError("the weights add up to more than a number can hold; divide all by one number")
    return criteria


Criteria = Annotated[
    tuple[Criterion, ...], Field(strict=False), AfterValidator(_name_by_position), AfterValidator(_can_score)
]


class Rubric(Row):
    """The criteria by which the responses to one prompt are scored; the id `*` serves every prompt."""

    id: Filled
    prompt: PromptText | None = None
    criteria: Criteria
    reference: str | None = None
    rounds: int | None = None
    stopped: Literal["done", "no_pairs", "failed"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_id(cls, data: Any) -> Any:
        return _with_id(data, "id")


class Vote(Row):
    """One of several verdicts on one criterion, with whose it is and which sample, where that is told."""

    met: bool | None
    judge: str | None = None
    sample: int | str | None = None


class Verdict(Row):
    """Whether a response meets one criterion; `p` is the judge's probability in [0, 1], where it gave one.

    A `met` of None is not judged, or undecided between samples. It is never a no: whoever reads verdicts passes over it.
    `samples` are the verdicts of several samples, and `p` is then the share of them that say yes.
    """

    id: str
    met: bool | None
    p: Annotated[float, Field(ge=0, le=1)] | None = None
    reason: str | None = None
    samples: Annotated[tuple[Vote, ...], Field(strict=False)] = ()

    @property
    def judged(self) -> bool:
        """Whether anything was said of the criterion; samples that are of two minds did say something."""
        return self.met is not None or bool(self.samples)


Judging = Literal["all-at-once", "per-criterion"]
"""Whether a judge is asked about all criteria of a response at once or about each alone."""


class Score(Scored):
    """A response with its score, the verdicts behind it, and who judged it how with which rubric."""

    verdicts: Annotated[tuple[Verdict, ...], Field(strict=False)]
    judge: str
    judging: str
    rubric: str


class Dimension(Row):
    """What a dimension has of its positive weight: the `share` that is met, and its `value` once saturated, in [0, 1]."""

    share: float
    value: float


class ScoreWithDetails(Score):
    """A score with what it is made of, as far as that was asked for."""

    base: float | None = None
    dimensions: dict[str, Dimension] = {}
    veto: tuple[str, ...] = ()
    aggregate: tuple[str, ...] = ()
    coverage: float | None = None
    score_low: float | None = None
    score_high: float | None = None


Winner = Literal["a", "b", "tie"]


class Orders(Row):
    """Who won when `a` was shown first (`ab`), and when `b` was (`ba`)."""

    ab: Winner
    ba: Winner


class Reasons(Row):
    """What the judge gave as its reason in each presentation order."""

    ab: str | None = None
    ba: str | None = None


class Comparison(Row):
    """Which of two responses to one prompt is better, after asking in both orders."""

    prompt_id: str
    a: str
    b: str
    winner: Winner
    orders: Orders
    judge: str
    reasons: Reasons | None = None


class Outcome(Row):
    """A comparison that was made elsewhere: a winner, or the probability in [0, 1] that `a` wins."""

    prompt_id: str
    winner: Winner | None = None
    preference: Annotated[float, Field(ge=0, le=1)] | None = None
    orders: Orders | None = None

    @model_validator(mode="after")
    def _decided(self) -> Self:
        if (self.winner is None) == (self.preference is None):
            raise ValueError("needs either `winner` or `preference`")
        return self
