"""What a model is asked: templates filled in one pass, every foreign text in a fence that it cannot close."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, NamedTuple

from rubrictool.errors import InputError
from rubrictool.models.question import Question
from rubrictool.rows.records import Criterion, Message, Prompt, Response, Verdict
from rubrictool.text.chats import Conversation, sent, shown, told
from rubrictool.text.encoding import digest
from rubrictool.text.patterns import linear

PLACEHOLDERS = {
    "judge": ("prompt", "reference", "criteria", "response", "form"),
    "criterion": ("prompt", "reference", "response", "criterion", "form"),
    "propose": ("prompt", "reference"),
    "separate": ("prompt", "reference", "criteria", "first", "second", "verdicts"),
    "compare": ("prompt", "reference", "first", "second", "form"),
}
"""The templates by name, and what each is filled with; `reference` and `verdicts` may come out empty.

`form` is the form of the answer; a template of one's own may have it in its own words, unless reasons are wished for.
"""

_OPTIONAL = {"reference", "verdicts", "form"}

_WITH_FORM = ("judge", "criterion", "compare")

_MET, _WINNER, _REASON = '"<yes or no>"', '"<A, B or tie>"', '"<one short sentence>"'

_MOST_SHOWN = 12

_SLOT = linear(r"\{([a-z_]+)\}")


Shown = Literal["weights", "verdicts", "both-met", "scores"]

SHOWN: frozenset[Shown] = frozenset({"weights", "verdicts"})
"""What a proposer sees of the rubric and the judge, unless told otherwise.

Weights, because it is asked to change them, and verdicts, because it must know what the rubric already sees. `both-met`
(which criteria both answers meet, in so many words) can be read off the verdicts; and whoever knows the scores is led to
explain them rather than to look for what they miss.
"""


class Judged(NamedTuple):
    """A response as the proposer sees it: with what the judge said of it, where it was judged."""

    response: Response
    verdicts: tuple[Verdict, ...] = ()
    score: float | None = None


class Templates:
    """The texts of our questions; a directory overrides those whose file name it has.

    With `use_reference` models are shown the reference answer of the prompt.

    Raises `InputError` for a directory without any, and for a template that lacks a placeholder or has an unknown one.
    """

    reasons = False

    def __init__(self, directory: Path | None = None, *, use_reference: bool = False) -> None:
        self._use_reference = use_reference
        if directory and not any((directory / f"{name}.txt").exists() for name in PLACEHOLDERS):
            names = ", ".join(f"{name}.txt" for name in PLACEHOLDERS)
            raise InputError(f"{directory}: holds no template ({names}); rubrictool templates DIR copies ours out")
        self._texts = {name: _load(name, directory) for name in PLACEHOLDERS}

    def with_reasons(self) -> Templates:
        """These templates, asking for a short reason before each verdict.

        Raises `InputError` for a template that shows no `{form}`, and so could not ask for one.
        """
        if plain := [name for name in _WITH_FORM if "{form}" not in self._texts[name]]:
            raise InputError(f"{plain[0]}.txt: lacks the placeholder {{form}}, by which --reasons are asked for")
        asking = copy(self)
        asking.reasons = True
        return asking

    def judge(self, prompt: Prompt, criteria: Sequence[str], response: str | Conversation) -> Question:
        """Whether a response meets criteria, which are shown as c1, c2, ...; the response comes last."""
        asked, reference = _asked(prompt), _reference(prompt, self._use_reference)
        labelled = fence("criteria", "\n".join(f"c{place}: {text}" for place, text in enumerate(criteria, start=1)))
        return self._ask(
            "judge",
            prompt.id,
            (_beginning(asked, reference, labelled),),
            prompt=asked,
            reference=reference,
            criteria=labelled,
            response=fence("response", shown(response)),
            form=verdicts_form(len(criteria), reasons=self.reasons),
        )

    def criterion(self, prompt: Prompt, criterion: str, response: str | Conversation) -> Question:
        """Whether a response meets one criterion, which comes last."""
        asked, reference = _asked(prompt), _reference(prompt, self._use_reference)
        answered = fence("response", shown(response))
        return self._ask(
            "criterion",
            prompt.id,
            (_beginning(asked, reference), _beginning(asked, reference, answered)),
            prompt=asked,
            reference=reference,
            response=answered,
            criterion=fence("criterion", criterion),
            form=_with_reason("met", _MET, reasons=self.reasons),
        )

    def propose(self, prompt: Prompt) -> Question:
        """A first rubric, from the prompt alone."""
        return self._ask("propose", prompt.id, prompt=_asked(prompt), reference=_reference(prompt, self._use_reference))

    def separate(
        self,
        prompt: Prompt,
        criteria: Sequence[Criterion],
        first: Judged,
        second: Judged,
        *,
        show: Collection[Shown] = SHOWN,
    ) -> Question:
        """What tells two responses apart, and how the rubric must change to see it."""
        return self._ask(
            "separate",
            prompt.id,
            prompt=_asked(prompt),
            reference=_reference(prompt, self._use_reference),
            criteria=fence("rubric", "\n".join(_listed(c, weighed="weights" in show) for c in criteria)),
            first=fence("first", shown(first.response.response)),
            second=fence("second", shown(second.response.response)),
            verdicts="\n\n".join(_found(criteria, first, second, show)),
        )

    def compare(self, prompt: Prompt, first: str | Conversation, second: str | Conversation) -> Question:
        """Which of two responses is better."""
        return self._ask(
            "compare",
            prompt.id,
            prompt=_asked(prompt),
            reference=_reference(prompt, self._use_reference),
            first=fence("first", shown(first)),
            second=fence("second", shown(second)),
            form=_with_reason("winner", _WINNER, reasons=self.reasons),
        )

    def _ask(self, name: str, about: str, shared: Sequence[str] = (), **texts: str) -> Question:
        return Question([{"role": "user", "content": fill(self._texts[name], texts)}], about, shared)


@lru_cache(maxsize=256)
def verdicts_form(count: int, *, reasons: bool = False) -> str:
    """Return the form of verdicts on c1..c`count`: exactly these ids, the middle of a long list left out.

    All values are placeholders. A model that declines may quote the form, and an example would be read as its answer.
    """
    entry = _with_reason("met", _MET, reasons=True) if reasons else _MET
    entries = [f'"c{place}": {entry}' for place in range(1, count + 1)]
    if count > _MOST_SHOWN:
        entries[2:-1] = ["..."]
    return f"{{{', '.join(entries)}}}"


def _with_reason(field: str, placeholder: str, *, reasons: bool) -> str:
    reason = f'"reason": {_REASON}, ' if reasons else ""
    return f'{{{reason}"{field}": {placeholder}}}'


def _beginning(*texts: str) -> str:
    """The name of what a question begins with."""
    return digest("\n".join(texts))


def fill(template: str, texts: Mapping[str, str]) -> str:
    """The template with its placeholders replaced in one pass, so that a text with braces stays text.

    A placeholder for an empty text goes with its paragraph.
    """
    for name in (name for name, text in texts.items() if not text):
        template = template.replace(f"{{{name}}}\n\n", "")
    return _SLOT.sub(lambda slot: texts.get(slot[1], slot[0]), template)


def fence(name: str, text: str) -> str:
    """A foreign text between tags that carry a hash of the text, so that it cannot contain its own end."""
    tag = f"{name}-{digest(text)}"
    return f"<{tag}>\n{text}\n</{tag}>"


def conversation(prompt: Prompt) -> Question:
    """The prompt as the messages that a model is asked to answer."""
    if isinstance(prompt.prompt, str):
        return Question([{"role": "user", "content": prompt.prompt}], prompt.id)
    return Question(sent(prompt.prompt), prompt.id)


def plain(prompt: str | tuple[Message, ...]) -> str:
    """Return a prompt as one text; a chat message by message, with its calls of tools in words."""
    return prompt if isinstance(prompt, str) else told(prompt)


def shipped(name: str) -> str:
    """The text of a template as it comes with rubrictool."""
    return (files("rubrictool.questions") / f"{name}.txt").read_text(encoding="utf-8")


def _asked(prompt: Prompt) -> str:
    return fence("prompt", plain(prompt.prompt))


def _reference(prompt: Prompt, use: bool) -> str:
    if not use or not prompt.reference:
        return ""
    return "A reference answer that is known to be good:\n\n" + fence("reference", prompt.reference)


def _listed(criterion: Criterion, *, weighed: bool) -> str:
    weight = f" (weight {criterion.weight:g})" if weighed else ""
    return f"{criterion.id}{weight}: {criterion.criterion}"


def _found(criteria: Sequence[Criterion], first: Judged, second: Judged, show: Collection[Shown]) -> Iterator[str]:
    """What the judge found of a pair, in as many paragraphs as are to be shown; none where it was not asked."""
    if not first.verdicts or not second.verdicts:
        return
    rows = list(zip(criteria, first.verdicts, second.verdicts, strict=True))
    if "verdicts" in show:
        lines = [f"{c.id}: first {_met(one)}, second {_met(other)}" for c, one, other in rows]
        yield "A judge found under the present rubric:\n\n" + "\n".join(lines)
    both = [c.id for c, one, other in rows if one.met and other.met]
    if "both-met" in show and both:
        yield f"Both answers meet {', '.join(both)}: these do not tell them apart."
    if "scores" in show and first.score is not None and second.score is not None:
        yield f"Under the present rubric the first answer scores {first.score:.3f}, the second {second.score:.3f}."


def _met(verdict: Verdict) -> str:
    return "not judged" if verdict.met is None else "yes" if verdict.met else "no"


def _load(name: str, directory: Path | None) -> str:
    own = directory / f"{name}.txt" if directory else None
    if own is None or not own.exists():
        return _shipped(name)
    try:
        text = own.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{own}: cannot be read: {error}") from None
    _complete(name, text, own)
    return text


@cache
def _shipped(name: str) -> str:
    return shipped(name)


def _complete(name: str, text: str, path: Path) -> None:
    known, found = set(PLACEHOLDERS[name]), _SLOT.findall(text)
    if unknown := sorted(set(found) - known):
        raise InputError(f"{path}: {{{unknown[0]}}} is unknown; this template knows {', '.join(sorted(known))}")
    if missing := sorted(known - _OPTIONAL - set(found)):
        raise InputError(f"{path}: lacks the placeholder {{{missing[0]}}}")
    if twice := [slot for slot in ("response", "first", "second") if found.count(slot) > 1]:
        raise InputError(f"{path}: {{{twice[0]}}} stands twice; a response is shown once")
