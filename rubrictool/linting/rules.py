"""Rules for rubrics: what each is called, how sure it is and what it looks at, and the findings of them all.

The faults have the names of RIFT (arXiv 2604.01375) where it knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple, Protocol

from rubrictool.linting.contradictions import always_holds, never_holds
from rubrictool.linting.faults import (
    LintMessage,
    LintTarget,
    checked,
    contradicting,
    dominating_weight,
    duplicate,
    equal_weights,
    hackable,
    odd_weight,
    only_mentions,
    polarity,
    redundant,
    rigid,
    several,
    uncountable,
    worded,
)
from rubrictool.linting.wordings import LOW_SIGNAL, SUBJECTIVE, UNGROUNDED, UNVERIFIABLE
from rubrictool.rows.records import Criterion, Row, Rubric
from rubrictool.text.chats import message_text
from rubrictool.text.words import normal

Severity = Literal["warning", "note"]
"""A `warning` is a fault in nearly every case, a `note` something to look at."""


class Finding(Row):
    """What a rule says of a criterion, or of the rubric as a whole where `criterion` is null.

    `also` is the other criterion that the finding is about.
    """

    rubric: str
    criterion: str | None
    rule: str
    message: str
    also: str | None
    severity: Severity


class Rule(Protocol):
    """What every kind of rule has."""

    @property
    def name(self) -> str: ...

    @property
    def severity(self) -> Severity: ...


class CriterionRule(NamedTuple):
    """A rule that looks at one criterion at a time."""

    name: str
    severity: Severity
    look: Callable[[LintTarget], LintMessage | None]


class RubricRule(NamedTuple):
    """A rule that looks at all criteria at once."""

    name: str
    severity: Severity
    look: Callable[[Rubric], LintMessage | None]


RUBRIC_RULES = (
    RubricRule("equal-weights", "note", equal_weights),
    RubricRule("dominating-weight", "note", dominating_weight),
    RubricRule("hackable", "note", only_mentions),
)

RULES = (
    CriterionRule("impossible-check", "warning", checked(never_holds)),
    CriterionRule("empty-check", "warning", checked(always_holds)),
    CriterionRule("uncountable-words", "warning", uncountable),
    CriterionRule("polarity", "warning", polarity),
    CriterionRule("duplicate", "warning", duplicate),
    CriterionRule("contradiction", "warning", contradicting),
    CriterionRule("redundant", "note", redundant),
    CriterionRule("non-atomic", "note", several),
    CriterionRule("subjective", "warning", worded(SUBJECTIVE, pinned=True)),
    CriterionRule("ungrounded", "warning", worded(UNGROUNDED, pinned=True)),
    CriterionRule("unverifiable", "warning", worded(UNVERIFIABLE, pinned=True, told=False)),
    CriterionRule("low-signal", "note", worded(LOW_SIGNAL)),
    CriterionRule("hackable", "note", hackable),
    CriterionRule("rigid", "note", rigid),
    CriterionRule("odd-weight", "note", odd_weight),
)


def lint(rubric: Rubric, *, prompt: str = "") -> list[Finding]:
    """The findings of every rule in one rubric: of the rubric as a whole, then of each criterion in order.

    `prompt` is the text of its prompt: what the prompt asks for is no fault of a criterion.
    """
    asked = normal(prompt)
    findings = [finding(rubric, None, rule, said) for rule in RUBRIC_RULES if (said := rule.look(rubric)) is not None]
    for place, criterion in enumerate(rubric.criteria):
        spot = LintTarget(criterion, rubric.criteria[:place], asked)
        findings += [finding(rubric, criterion, rule, said) for rule in RULES if (said := rule.look(spot)) is not None]
    return findings


def finding(rubric: Rubric, criterion: Criterion | None, rule: Rule, said: LintMessage) -> Finding:
    """What a rule has said, as a row."""
    return Finding(
        rubric=rubric.id,
        criterion=criterion.id if criterion else None,
        rule=rule.name,
        message=said.message,
        also=said.also,
        severity=rule.severity,
    )


def by_place(rubric: Rubric, findings: Iterable[Finding]) -> list[Finding]:
    """Findings of one rubric in the order of its criteria, those of the rubric as a whole first."""
    places: dict[str | None, int] = {criterion.id: place for place, criterion in enumerate(rubric.criteria)}
    return sorted(findings, key=lambda found: places.get(found.criterion, -1))


def prompt_text(prompt: Any) -> str:
    """A prompt as one text: its own, or the messages of its chat; empty for none."""
    if prompt is None or isinstance(prompt, str):
        return prompt or ""
    return "\n".join(map(message_text, prompt))
