"""From a model's reply to an answer: tolerant of form, never of what is missing.

The last JSON value that has the right shape wins, so that neither a draft nor a quotation before it can; one to
which a sentence leads up does not overrule one that stands by itself. What is
missing, doubled, unknown or unclear raises `Unreadable`, whose text is the complaint to send back; complaints name ids,
never repeat criteria, and hold no JSON: neither our forms nor our complaints, quoted, are an answer. Notes beside an
answer ("reasoning", "summary") are passed over.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from rubrictool.errors import Unreadable
from rubrictool.rows.checks import Check
from rubrictool.rows.records import Verdict
from rubrictool.rubric.amend import Item, Proposal
from rubrictool.rubric.empty_response import is_empty
from rubrictool.text.encoding import encodable
from rubrictool.text.patterns import linear
from rubrictool.text.reasoning import visible

Side = Literal["first", "second", "tie"]


class Preference(NamedTuple):
    """Which of two responses is better, and why, where that was said."""

    side: Side
    reason: str | None = None


MOST_BROKEN = 1000

_NO_QUOTES = " (one within a sentence counts as quoted)"

_YES = {"yes", "y", "true", "met", "1"}

_NO = {"no", "n", "false", "not met", "unmet", "0"}

_WINNERS: dict[str, Side] = {
    "a": "first", "1": "first", "response a": "first",
    "b": "second", "2": "second", "response b": "second",
    "tie": "tie", "draw": "tie",
}  # fmt: skip

_OPENING, _BRACKET = linear(r"[\[{]"), linear(r"[\[\]{}]")

_MARKS = " \t`*\"'“”‘’"

_NEAR = 8

_OR = linear(rf"[{_MARKS}]{{0,8}}(?:\pL{{1,4}}|[/|,])[{_MARKS}]{{0,8}}")

# A key that may be meant as a criterion's id; any other key beside the ids is a note.
_LIKE_AN_ID = linear(r"(?i)(?:c|criterion|id)?[^\pL\pN]*[0-9]+")

# What stands for a criterion in a form: in brackets, without a letter or digit, or a word for it.
_PLACEHOLDER = linear(
    r"(?i)[^\pL\pN]*|[\s\pZ]*(?:<[^<>]*>|\[[^\[\]]*\]|\{[^{}]*\})[\s\pZ]*"
    r"|[^\pL\pN]*(?:(?:an?|another|its|new|one|the|your) )*(?:criterion|criteria|one|text|string)(?: text)?[^\pL\pN]*"
)

_ANSWER_FIELDS = {"criteria", "dropped"}

# What is no letter or digit; a minus before a digit is told apart, for -1 is not 1.
_SIGN = linear(r"(?P<minus>-[0-9])|[^\pL\pN]")

_ITEM_FIELDS = {"id", "criterion", "weight", "dimension", "check"}


def verdicts(reply: str, *, count: int) -> list[Verdict]:
    """One verdict for each of c1..c`count`, in that order.

    Raises `Unreadable` where one is missing, doubled, unknown or neither yes nor no; it holds those that are clear.
    """
    wanted = [f"c{place}" for place in range(1, count + 1)]
    answers = _last(reply, lambda value: _verdict_pairs(value, wanted))
    if answers is None:
        raise Unreadable(f"there is no JSON object of verdicts on {_span(wanted)} in it{_NO_QUOTES}")
    given = [name for name, _ in answers]
    by_id = dict(answers)
    try:
        _exactly_once(given, wanted)
        return [_verdict(name, by_id[name]) for name in wanted]
    except Unreadable as complaint:
        raise Unreadable(str(complaint), found=_clear(given, by_id, wanted)) from None


def _clear(given: Sequence[str], by_id: Mapping[str, Any], wanted: Sequence[str]) -> list[Verdict]:
    """The verdicts of a faulty answer that are given once and say yes or no.

    None where it names criteria that there are not: who numbers them otherwise may mean others by the rest, too.
    """
    found: list[Verdict] = []
    for name in [name for name in wanted if given.count(name) == 1 and by_id.keys() <= set(wanted)]:
        with suppress(Unreadable):
            found.append(_verdict(name, by_id[name]))
    return found


def verdict(reply: str) -> Verdict:
    """The verdict on the only criterion, as c1. Raises `Unreadable` where it is missing or neither yes nor no."""
    entry = _last(reply, lambda value: value if _names(value, {"met"}) else None)
    if entry is None:
        return verdicts(reply, count=1)[0]
    answer = _single(entry, {"met", "reason", "p"})
    if answer is None:
        raise Unreadable("the verdict is given twice")
    return _verdict("c1", answer)


def proposal(reply: str, *, known: Collection[str] = ()) -> Proposal:
    """A proposer's answer: items, and ids to drop; `known` are the ids of the rubric it was shown.

    Raises `Unreadable` for an empty list, weights other than 1, 2, 3, unknown or doubled ids, and checks we cannot run.
    """
    found = _last(reply, _items_and_dropped)
    if found is None:
        raise Unreadable('there is no JSON array of criteria in it, each with "criterion" and "weight"' + _NO_QUOTES)
    items, dropped = [_item(value, place) for place, value in enumerate(found[0], start=1)], found[1]
    if not items:
        raise Unreadable("the list of criteria is empty")
    _known_once([item.id for item in items if item.id is not None] + dropped, known)
    return Proposal(tuple(items), frozenset(dropped))


def preference(reply: str) -> Preference:
    """Which of two responses is better. Raises `Unreadable` where no object names a winner."""
    found = _last(reply, lambda value: value if _names(value, {"winner"}) else None)
    answer = _single(found, {"winner", "reason"}) or {}
    winner, reason = answer.get("winner"), answer.get("reason")
    side = _WINNERS.get(_spelling(winner)) if isinstance(winner, str | int) else None
    if side is None:
        raise Unreadable('it has no JSON object whose "winner" is "A", "B" or "tie"' + _NO_QUOTES)
    return Preference(side, reason if isinstance(reason, str) else None)


def text(reply: str) -> str:
    """The reply as a response. Raises `Unreadable` where nothing is left beside reasoning."""
    _writable(reply, reply)
    if is_empty(reply):
        raise Unreadable("it is empty")
    return reply


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs, while its keys may still be doubled."""


class _Found(NamedTuple):
    """A JSON value of a reply, and whether it stands by itself: a word on its line leads up to one that does not."""

    value: Any
    alone: bool


def _values(reply: str) -> Iterator[_Found]:
    """Yield the JSON objects and arrays of a reply, in order, but for those that a sentence quotes.

    Fences need no care: they are no JSON.
    """
    text, at, broken, quoted_to = _shown(reply), 0, 0, None
    for opening in _OPENING.finditer(text):
        if opening.start() < at:
            continue
        try:
            value, at = _DECODER.raw_decode(text, opening.start())
            _writable(value, text)
            alone = not _is_led_up_to(text, opening.start())
            if _is_second_choice(text, opening.start(), quoted_to) or (not alone and _is_followed_up(text, at)):
                quoted_to = at
            else:
                yield _Found(value, alone)
        except json.JSONDecodeError as error:
            # Past the fault, not past the bracket: the inside of a broken value is no answer.
            at, broken = max(error.pos, opening.end()), broken + 1
            if broken > MOST_BROKEN:  # each costs a look at all before it
                raise Unreadable("it has too many brackets that never close") from None
        except RecursionError:
            raise Unreadable("it is nested too deeply") from None


def _is_led_up_to(text: str, start: int) -> bool:
    """Return whether a word leads up to a value, without a colon or a new line between them."""
    before = text[max(0, start - _NEAR) : start].rstrip(_MARKS)[-1:]
    return before.isalnum() or before == ","


def _is_followed_up(text: str, end: int) -> bool:
    """Return whether the sentence goes on or ends after a value, as in "I would answer in the form {...}, as you asked"."""
    after = text[end : end + _NEAR].lstrip(_MARKS)[:1]
    return after.islower() or (after != "" and after in ",;/|.!?，、；。！？")


def _is_second_choice(text: str, start: int, quoted_to: int | None) -> bool:
    """Return whether a value is offered beside a quoted one, as in "{...} or {...}"."""
    return quoted_to is not None and _OR.fullmatch(text[quoted_to:start]) is not None


def _shown(reply: str) -> str:
    _writable(reply, reply)
    return visible(reply)


def _writable(value: Any, text: str) -> None:
    """Raise `Unreadable` for half of a surrogate pair in what was read from a text; plain ASCII has none."""
    if (not text.isascii() or "\\u" in text) and not encodable(value):
        raise Unreadable("it has half of a surrogate pair, which is no character")


def _number(digits: str) -> int | float:
    """A whole number, and no fault however many digits it has."""
    return int(digits) if len(digits) < 20 else float(digits)


def _object(pairs: list[tuple[str, Any]]) -> Any:
    value = dict(pairs)
    return value if len(value) == len(pairs) else _Pairs(pairs)


# Not strict: servers that make a model obey a schema let bare line breaks into its strings.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_number, strict=False)


def _last(reply: str, read: Callable[[Any], Any]) -> Any:
    """Return the last reading of a reply's values that is one, None without any.

    Raises `Unreadable` where a sentence leads up to the last one after another that stands alone and says otherwise: it may
    be a correction or a quotation.
    """
    readings = [(reading, value.alone) for value in _values(reply) if (reading := read(value.value)) is not None]
    if not readings:
        return None
    last, alone = readings[-1]
    if not alone and any(standing and reading != last for reading, standing in readings):
        raise Unreadable("it gives two different answers; give one, and quote none")
    return last


def _verdict_pairs(value: Any, wanted: Sequence[str]) -> list[tuple[str, Any]] | None:
    """The ids and answers of a value, as it stands or one level down, as in `{"verdicts": [...]}`; without the notes.

    None where it names no criterion: a note after the verdicts is not the answer.
    """
    pairs = _pairs(value)
    if _naming(pairs, wanted):
        return pairs
    inner = [_pairs(held) for held in value.values()] if isinstance(value, dict) and not pairs else []
    naming = [held for held in inner if _naming(held, wanted)]
    # Beside the verdicts may stand one reason for each id.
    whole = [held for held in naming if len(_clear([name for name, _ in held], dict(held), wanted)) == len(wanted)]
    found = naming if len(naming) == 1 else whole
    return found[0] if len(found) == 1 else None


def _naming(pairs: Sequence[tuple[str, Any]], wanted: Sequence[str]) -> bool:
    return any(name in wanted for name, _ in pairs)


def _pairs(value: Any) -> list[tuple[str, Any]]:
    """The ids that a value names, or seems to, each with what it says of it."""
    entries: Sequence[tuple[Any, Any]] = []
    if isinstance(value, _Pairs):
        entries = value
    elif isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        entries = [(entry.get("id"), entry) for entry in value]
    named = [(name.strip().casefold(), answer) for name, answer in entries if isinstance(name, str)]
    return [(name, answer) for name, answer in named if _LIKE_AN_ID.fullmatch(name)]


def _verdict(name: str, answer: Any) -> Verdict:
    if isinstance(answer, str):
        return _plain(name, answer)
    entry = answer if isinstance(answer, dict) else {"met": answer}
    reason, p = entry.get("reason"), entry.get("p")
    fields: dict[str, Any] = {"reason": reason if isinstance(reason, str) else None, "p": p if _is_share(p) else None}
    return Verdict(id=name, met=_met(name, entry.get("met")), **{k: v for k, v in fields.items() if v is not None})


@lru_cache(maxsize=1024)
def _plain(name: str, answer: str) -> Verdict:
    """A verdict and nothing beside it. Records are frozen, so one can stand in many rows."""
    return Verdict(id=name, met=_met(name, answer))


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _met(name: str, answer: Any) -> bool:
    spelled = _spelling(answer) if isinstance(answer, str | int) else ""
    if spelled in _YES:
        return True
    if spelled in _NO:
        return False
    raise Unreadable(f'the verdict on {name} is neither "yes" nor "no"')


def _spelling(answer: str | int) -> str:
    return " ".join(_SIGN.sub(lambda sign: sign["minus"] or " ", str(answer)).split()).casefold()


def _exactly_once(given: Sequence[str], wanted: Sequence[str]) -> None:
    if given == wanted:
        return
    counts = Counter(given)
    faults = {
        "missing": [name for name in wanted if name not in counts],
        "given twice": [name for name in wanted if counts[name] > 1],
        "unknown": [name[:20] for name in counts if name not in wanted],
    }
    complaints = [f"{fault}: {', '.join(names[:20])}" for fault, names in faults.items() if names]
    if complaints:
        each = f"each of {_span(wanted)}" if len(wanted) > 1 else wanted[0]
        raise Unreadable(f"give {each} once; " + "; ".join(complaints))


def _span(wanted: Sequence[str]) -> str:
    return f"{wanted[0]} to {wanted[-1]}" if len(wanted) > 1 else wanted[0]


def _single(value: Any, fields: Collection[str]) -> dict[str, Any] | None:
    """An object as a dict, None where it has one of these fields twice; its notes may be doubled."""
    if not isinstance(value, _Pairs):
        return value if isinstance(value, dict) else None
    twice = any(count > 1 and name in fields for name, count in Counter(name for name, _ in value).items())
    return None if twice else dict(value)


def _names(value: Any, fields: Collection[str]) -> bool:
    """Whether a value is an object, its keys doubled or not, that has one of these fields."""
    return isinstance(value, dict | _Pairs) and bool(dict(value).keys() & fields)


def _items_and_dropped(value: Any) -> tuple[list[Any], list[str]] | None:
    if isinstance(value, list) and not isinstance(value, _Pairs):
        is_rubric = all(isinstance(item, str | dict | _Pairs) for item in value)
        items = [item for item in value if isinstance(item, str) or _names(item, _ITEM_FIELDS)]
        return (items, []) if is_rubric and (items or not value) else None
    if not _names(value, {"criteria"}):
        return None
    answer = _single(value, _ANSWER_FIELDS)
    if answer is None:
        return [value], []
    if not isinstance(answer["criteria"], list):
        return None
    dropped = answer.get("dropped") or []
    return answer["criteria"], [str(name) for name in dropped] if isinstance(dropped, list) else [str(dropped)]


def _item(value: Any, place: int) -> Item:
    if isinstance(value, str):
        value = {"criterion": value, "weight": 1}
    if isinstance(value, _Pairs):
        value = _single(value, _ITEM_FIELDS | _ANSWER_FIELDS)
        if value is None:
            raise Unreadable(f"item {place} has the same key twice")
    if not isinstance(value, dict):
        raise Unreadable(f'item {place} is no object with "criterion" and "weight"')
    fields = {
        name: value[name] for name in _ITEM_FIELDS if name in value and (name == "check" or value[name] is not None)
    }
    text = fields.get("criterion")
    if isinstance(text, str) and text.strip() and (_PLACEHOLDER.fullmatch(text) or _LIKE_AN_ID.fullmatch(text.strip())):
        raise Unreadable(f"item {place} is a placeholder or an id; write out what the criterion asks for")
    continues = "id" in fields
    if not continues and not fields.keys() >= {"criterion", "weight"}:
        raise Unreadable(f"item {place} is new (it has no id) and needs both criterion and weight")
    if "weight" in fields:
        fields["weight"] = _weight(fields["weight"], place)
    return _checked_item(fields, place)


def _checked_item(fields: dict[str, Any], place: int) -> Item:
    try:
        if isinstance(fields.get("check"), dict):
            fields["check"] = Check.model_validate(fields["check"])
        return Item.model_validate(fields)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"]) or "check"
        raise Unreadable(f"item {place}: {field} cannot be used") from None


def _weight(value: Any, place: int) -> int:
    weight = {"1": 1, "2": 2, "3": 3, "1.0": 1, "2.0": 2, "3.0": 3}.get(str(value).strip())
    if weight is None or isinstance(value, bool):
        raise Unreadable(f"the weight of item {place} must be 1, 2 or 3")
    return weight


def _known_once(named: Sequence[str], known: Collection[str]) -> None:
    if unknown := sorted({_plain_name(name) for name in named if name not in known}):
        raise Unreadable(f"there is no criterion {', '.join(unknown[:20])}; leave the id out for a new one")
    if twice := [_plain_name(name) for name, count in Counter(named).items() if count > 1]:
        raise Unreadable(f"{', '.join(twice[:20])} is named twice; say one thing of each criterion")


def _plain_name(name: str) -> str:
    """The beginning of an id, fit for a complaint: without brackets, which could be read as an answer."""
    return _BRACKET.sub("", name)[:40]
