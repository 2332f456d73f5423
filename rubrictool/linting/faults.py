"""What is wrong with a criterion, or with all criteria of a rubric, as far as words, checks and weights show it.

Each function looks for one fault and says what it is, or None. They would rather miss a fault than raise a false alarm:
what a linter says without reason, people stop reading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rubrictool.linting.contradictions import exclude_each_other
from rubrictool.linting.rewording import reworded
from rubrictool.linting.wordings import (
    ANCHOR,
    BAD_IF_MET,
    CLAUSE,
    GOOD_IF_MET,
    HACKABLE,
    NUMBERS,
    QUOTED,
    RIGID,
    SPEECH,
    STRONG,
    WEAK,
    Wording,
    bare_mention,
    demand,
    same,
)
from rubrictool.rows.checks import Check
from rubrictool.rows.records import Criterion, Rubric
from rubrictool.text.patterns import Match, escape, foreign, linear
from rubrictool.text.wording import one_line
from rubrictool.text.words import has_uncountable_words, normal, word_bounds

PROPOSED_WEIGHTS = (1, 2, 3)
"""What a proposer may give, else it is asked again."""

FEW = 4
"""Rubrics of fewer scoring criteria may well weigh all alike, or ask for mentions only."""

LONGEST = 2000
"""So many characters of a criterion are searched for wordings."""

MOSTLY = 2 / 3
"""The share of criteria that makes a rubric one of mentions."""

LONG_QUOTE = 5
"""A quotation of so many words is a sentence of its own and no term."""

LONG = 100
"""A length in words from which on a lower bound alone invites padding."""


class LintMessage(NamedTuple):
    """What a rule has to say, and the other criterion that it is about."""

    message: str
    also: str | None = None


class LintTarget(NamedTuple):
    """Where a rule looks: a criterion, those before it in its rubric, and what the prompt says in normal form."""

    criterion: Criterion
    earlier: Sequence[Criterion]
    prompt: str


def _read(criterion: Criterion) -> str:
    """As much of what a criterion demands as a rule about wordings reads: rubrics may hold hostile texts."""
    return demand(criterion.criterion)[:LONGEST]


def worded(
    wordings: Sequence[Wording], *, pinned: bool = False, told: bool = True
) -> Callable[[LintTarget], LintMessage | None]:
    """A look at the wording of criteria that a judge decides.

    `pinned`: a figure, an example or a definition in the criterion excuses it; `told` False: what a response is to tell
    is left alone.
    """

    def look(place: LintTarget) -> LintMessage | None:
        text = _read(place.criterion)
        excused = (pinned and ANCHOR.search(text)) or (not told and SPEECH.match(text))
        if place.criterion.check is not None or excused:
            return None
        return _said(text, wordings, place.prompt)

    return look


def _said(text: str, wordings: Sequence[Wording], prompt: str) -> LintMessage | None:
    for wording in wordings:
        if (match := wording.found(text)) and not _asked_for(match, prompt):
            return LintMessage(f'"{_cited(match)}" {wording.advice}')
    return None


def _cited(match: Match) -> str:
    groups = match.groupdict()
    return groups.get("cited") or groups.get("asked") or match[0]


def _asked_for(match: Match, prompt: str) -> bool:
    """Whether the prompt asks for what is found fault with."""
    groups = match.groupdict()
    return any(_spelled(groups[name], prompt) for name in ("asked", "number") if groups.get(name))


def _spelled(asked: str, prompt: str) -> bool:
    spellings = [asked.removesuffix("s")]
    if asked.isdecimal() and 0 < int(asked) <= len(NUMBERS):
        spellings.append(NUMBERS[int(asked) - 1])
    if asked in NUMBERS:
        spellings.append(str(NUMBERS.index(asked) + 1))
    return any(foreign(rf"\b{escape(spelling)}(?:[^0-9]|$)").search(prompt) for spelling in spellings)


def polarity(place: LintTarget) -> LintMessage | None:
    """A reward for what is bad, or a price on what is good."""
    wordings = BAD_IF_MET if place.criterion.weight > 0 else GOOD_IF_MET
    return _said(_read(place.criterion), wordings, place.prompt)


def several(place: LintTarget) -> LintMessage | None:
    """Several things asked for in one criterion (RIFT: non-atomic)."""
    if place.criterion.check is not None:
        return None
    parts = demands(place.criterion.criterion)
    if len(parts) < 2:
        return None
    return LintMessage(f"asks for several things at once ({', '.join(parts)}); split it, so that each is judged alone")


_ALSO = r"(?:also |then |clearly |correctly |explicitly )?"
_JOINT = linear(
    rf"(?:;|,|,? and|,? then|,? and then|,? as well as) {_ALSO}(?P<verb>(?P<strong>{STRONG})|{WEAK}|does not|never)\b"
)
_NOUN = linear(
    r"^(?:names|lists|notes|states|outlines|highlights|uses|points|links|answers|quotes|offers)"
    r"(?: (?:of|from|in|on|and|or|with|for|to)\b|[,.;]|$)"
)
"""What looks like a verb and is none: "Gives names and lists of sources" asks for one kind of thing."""
_FIRST = linear(rf"^{_ALSO}(?P<verb>(?P<known>{STRONG}|{WEAK}|does not|never)\b|\w+s\b)")
_TOLD = r"that|how|why|what|when|whether|who|where"
_CLAUSES = linear(rf"\b(?P<first>{_TOLD})\b (?:\S+ ){{2,}}?and (?P<second>{_TOLD}) ")
_NEXT_SENTENCE = linear(r"[.!?] (?:the )?(?:response|answer|model|assistant)s? (?P<verb>\w+)")


def demands(criterion: str) -> list[str]:
    """The words with which a criterion asks for one thing after the other: verbs, or what opens the things told."""
    text = demand(criterion)[:LONGEST]
    first = _FIRST.match(text)
    if first is None:
        return []
    joints = [joint for joint in _JOINT.finditer(text, first.end() + 1) if _demands(joint, first, text)]
    if joints:
        return [first["verb"], *(joint["verb"] for joint in joints)]
    if first["known"] is None or first["known"].startswith("compare"):
        return [first["verb"]]
    if sentences := [match["verb"] for match in _NEXT_SENTENCE.finditer(text)]:
        return [first["verb"], *sentences]
    clauses = _CLAUSES.search(text) if SPEECH.match(text) else None
    return [clauses["first"], clauses["second"]] if clauses else [first["verb"]]


def _demands(joint: Match, first: Match, text: str) -> bool:
    """Whether a verb after an "and" is the response's own and not of what is told."""
    if _NOUN.match(text[joint.end() - len(joint["verb"]) :]):
        return False
    clause = CLAUSE.search(text)
    outside = first["known"] is not None and (clause is None or joint.start() < clause.start())
    return outside or joint["strong"] is not None


def _long_quote(place: LintTarget) -> LintMessage | None:
    """A sentence that a response must repeat, in so many words."""
    criterion = place.criterion
    if criterion.weight < 0:
        return None
    texts = criterion.check.contains or () if criterion.check else _demanded_quotes(_read(criterion))
    for text in texts:
        if word_bounds(text)[0] >= LONG_QUOTE and normal(text).strip(" .") not in place.prompt:
            return LintMessage(
                f'"{one_line(text, width=60)}" shuts out answers that say it otherwise; ask for the meaning'
            )
    return None


def _demanded_quotes(text: str) -> list[str]:
    return QUOTED.findall(text) if _ASKS_TO_SAY.match(text) else []


_ASKS_TO_SAY = linear(
    r"(?:contains?|includes?|uses?|has|says?|states?|begins?|starts?|ends?|opens?|closes?|repeats?)\b"
)
_RULES_OUT = linear(r"(?:does not|never|avoids?|no|neither)\b")


def rigid(place: LintTarget) -> LintMessage | None:
    """A wording or a number that the prompt does not ask for and good answers may lack (RIFT: rigid)."""
    if place.criterion.weight < 0 or _RULES_OUT.match(_read(place.criterion)):
        return None
    return _long_quote(place) or worded(RIGID)(place)


def hackable(place: LintTarget) -> LintMessage | None:
    """What a response can have without being any better (RIFT: hackable)."""
    length = place.criterion.check.words if place.criterion.check else None
    if length and length.max is None and length.min >= LONG and not _spelled(str(length.min), place.prompt):
        return LintMessage(
            f"at least {length.min} words are reached by padding; give an upper bound too, or ask for content"
        )
    return worded(HACKABLE)(place) if place.criterion.weight > 0 else None


def checked(fault: Callable[[Check], str | None]) -> Callable[[LintTarget], LintMessage | None]:
    """A look at the checks of criteria, with what says why one is at fault."""

    def look(place: LintTarget) -> LintMessage | None:
        reason = fault(place.criterion.check) if place.criterion.check else None
        return LintMessage(reason) if reason else None

    return look


def uncountable(place: LintTarget) -> LintMessage | None:
    """A bound on words where they are written together, so that no program can count them."""
    criterion = place.criterion
    if not criterion.check or not criterion.check.words:
        return None
    if not has_uncountable_words(f"{place.prompt} {criterion.criterion}"):
        return None
    return LintMessage(
        "counts words in a script that writes them together, so rows on which the count decides will fail;"
        " drop the check and let a judge decide, or bound the characters by matches"
    )


def contradicting(place: LintTarget) -> LintMessage | None:
    """A check that no response passes together with an earlier one."""
    for other in place.earlier:
        if place.criterion.check and other.check and min(place.criterion.weight, other.weight) > 0:
            reason = exclude_each_other(place.criterion.check, other.check)
            if reason:
                return LintMessage(f"cannot be met together with {other.id}: {reason}", other.id)
    return None


def duplicate(place: LintTarget) -> LintMessage | None:
    """The text or the check of an earlier criterion once more."""
    for other in place.earlier:
        if same(other.criterion, place.criterion.criterion):
            return LintMessage(f"says the same as {other.id}; the two count as one with both weights", other.id)
        if place.criterion.check is not None and place.criterion.check == other.check:
            return LintMessage(f"has the same check as {other.id}; the two count as one with both weights", other.id)
    return None


def redundant(place: LintTarget) -> LintMessage | None:
    """An earlier criterion in other words (RIFT: redundant)."""
    for other in place.earlier:
        if (
            place.criterion.check is None
            and other.check is None
            and _reworded(other.criterion, place.criterion.criterion)
        ):
            return LintMessage(f"seems to say in other words what {other.id} says; drop one", other.id)
    return None


def _reworded(first: str, second: str) -> bool:
    return not same(first, second) and reworded(first, second)


def odd_weight(place: LintTarget) -> LintMessage | None:
    """A weight that no proposer may give, on a criterion that one wrote."""
    criterion = place.criterion
    if criterion.proposer is None or criterion.weight in PROPOSED_WEIGHTS:
        return None
    return LintMessage(f"weighs {criterion.weight:g}; what a proposer writes weighs 1, 2 or 3")


def _rewards(rubric: Rubric) -> list[Criterion]:
    """The criteria that can earn a response something."""
    return [criterion for criterion in rubric.criteria if criterion.weight > 0 and not criterion.veto]


def equal_weights(rubric: Rubric) -> LintMessage | None:
    """All weights alike, which says that nothing matters more."""
    weights = Counter(criterion.weight for criterion in _rewards(rubric))
    if len(weights) != 1 or weights.total() < FEW:
        return None
    return LintMessage(f"all {weights.total()} criteria weigh the same; say which matter more")


def dominating_weight(rubric: Rubric) -> LintMessage | None:
    """One criterion that decides the score against all others."""
    rewards = _rewards(rubric)
    total = sum(criterion.weight for criterion in rewards)
    heaviest = max(rewards, key=lambda criterion: criterion.weight)
    if len(rewards) < FEW or heaviest.weight <= total - heaviest.weight:
        return None
    return LintMessage(
        f"{heaviest.id} weighs more than all other criteria together ({heaviest.weight:g} of {total:g})", heaviest.id
    )


def only_mentions(rubric: Rubric) -> LintMessage | None:
    """A rubric that is met by naming its topics (RIFT: hackable)."""
    rewards = _rewards(rubric)
    bare = [criterion for criterion in rewards if _bare_mention(criterion)]
    if len(rewards) < FEW or len(bare) < MOSTLY * len(rewards):
        return None
    return LintMessage(
        f"{len(bare)} of {len(rewards)} criteria are met by naming something; ask also for what a response must make of it,"
        " and for what makes one wrong or bloated"
    )


def _bare_mention(criterion: Criterion) -> bool:
    check = criterion.check
    only_contains = check is not None and check.contains is not None and check == Check(contains=check.contains)
    return only_contains or bare_mention(_read(criterion))
