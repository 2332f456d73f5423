"""A pair shown in both orders: what only one order brings is not taken; and what a proposer is shown beside a pair."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from rubrictool.judging.order_swap import OrderSwap, common_changes
from rubrictool.questions import separate
from rubrictool.questions.separate import DEFAULT_CONTEXT, ContextPart, JudgedResponse
from rubrictool.questions.templates import Templates
from rubrictool.rows.records import Criterion, Prompt, Response
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.amend import Better, Item, Proposal, amend

RUBRIC = (
    Criterion(id="c1", criterion="Names red.", weight=2),
    Criterion(id="c2", criterion="Names blue.", weight=1),
)
PROMPT = Prompt(id="p", prompt="Name colours.")


def texts(one: Proposal, other: Proposal) -> list[str]:
    """The rubric that is left when two proposals must agree."""
    return [c.criterion for c in amend(RUBRIC, common_changes(RUBRIC, one, other, proposer="m"), proposer="m").criteria]


def new(*words: str, better: Better | None = None) -> Proposal:
    return Proposal(tuple(Item(criterion=text, weight=1) for text in words), better=better)


def test_a_new_criterion_stays_if_the_other_order_brings_it_too() -> None:
    assert texts(new("Names green.", "Is polite."), new("names  GREEN.".replace("  ", " "))) == [
        "Names red.",
        "Names blue.",
        "Names green.",
    ]


def test_orders_that_agree_on_nothing_leave_the_rubric_as_it_is() -> None:
    assert texts(new("Names green."), new("Is polite.")) == ["Names red.", "Names blue."]


def test_a_criterion_goes_only_if_both_orders_drop_it() -> None:
    dropping = Proposal((Item(id="c1"),), frozenset({"c2"}))
    assert texts(dropping, new()) == ["Names red.", "Names blue."]
    assert texts(dropping, dropping) == ["Names red."]


def test_a_criterion_is_rewritten_only_if_both_orders_say_the_same() -> None:
    rewriting, otherwise = (
        Proposal((Item(id="c1", criterion=text), Item(id="c2"))) for text in ("Names a dark red.", "Names crimson.")
    )
    assert texts(rewriting, rewriting) == ["Names a dark red.", "Names blue."]
    assert texts(rewriting, otherwise) == ["Names red.", "Names blue."]


def test_two_whole_new_rubrics_in_different_words_leave_the_old_one() -> None:
    one, other = (Proposal((Item(criterion=text, weight=1),), replaces=True) for text in ("Names green.", "Is polite."))
    assert texts(one, other) == ["Names red.", "Names blue."]


@pytest.mark.parametrize(
    ("one", "other", "better"),
    [
        ("first", "second", "first"),
        ("second", "first", "second"),
        ("first", "first", "neither"),
        ("neither", "neither", "neither"),
        ("first", "neither", "neither"),
        (None, None, None),
    ],
)
def test_an_answer_is_better_only_if_both_orders_say_so(
    one: Better | None, other: Better | None, better: Better | None
) -> None:
    assert common_changes(RUBRIC, new(better=one), new(better=other), proposer="m").better == better


def test_both_orders_are_asked() -> None:
    class Proposer:
        name = "m"

        def __init__(self) -> None:
            self.shown: list[tuple[str, str]] = []

        async def propose(self, prompt: Prompt) -> Proposal:
            raise AssertionError(prompt)

        async def separate(
            self, prompt: Prompt, criteria: Sequence[Criterion], first: JudgedResponse, second: JudgedResponse
        ) -> Proposal:
            assert (prompt, criteria) == (PROMPT, RUBRIC)
            self.shown.append((first.response.id, second.response.id))
            return new("Names green.")

    proposer = Proposer()
    a, b = (JudgedResponse(Response(id=name, prompt_id="p", response=name)) for name in "ab")
    proposal = asyncio.run(OrderSwap(proposer).separate(PROMPT, RUBRIC, a, b))
    assert proposer.shown == [("a", "b"), ("b", "a")]
    assert [item.criterion for item in proposal.items if item.id is None] == ["Names green."]


def asked(*context: ContextPart) -> str:
    """Return what a proposer is shown of a pair of which both name red and the first alone names blue."""
    one, other = (
        JudgedResponse(Response(id=name, prompt_id="p", response=name), tuple(verdicts), score)
        for name, verdicts, score in (
            ("a", [Verdict(id="c1", met=True), Verdict(id="c2", met=True)], 1.0),
            ("b", [Verdict(id="c1", met=True), Verdict(id="c2", met=False)], 2 / 3),
        )
    )
    asked = separate.question(Templates(), PROMPT, RUBRIC, (one, other), context=context)
    return str(asked.messages[0]["content"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("weights", "c1 (weight 2): Names red."),
        ("verdicts", "c2: first yes, second no"),
        ("both-met", "Both answers meet c1:"),
        ("scores", "the first answer scores 1.000, the second 0.667"),
    ],
)
def test_a_proposer_sees_what_it_is_to_see_and_nothing_else(name: ContextPart, words: str) -> None:
    assert words in asked(name)
    assert words not in asked()


def test_unless_told_otherwise_a_proposer_sees_weights_and_verdicts_and_no_scores() -> None:
    assert asked(*DEFAULT_CONTEXT) == asked("weights", "verdicts")
    assert "scores 1.000" not in asked(*DEFAULT_CONTEXT)


def test_a_whole_new_rubric_that_both_orders_bring_is_one_and_not_many_additions() -> None:
    whole = new("Names green.", "Names red.", "Is polite.")._replace(replaces=True)
    common = common_changes(RUBRIC, whole, whole, proposer="m")
    assert common.replaces, "then the limit on additions leaves as many as the old rubric had"
    assert sorted(texts(whole, whole)) == ["Is polite.", "Names green.", "Names red."]
    assert not common_changes(RUBRIC, whole, new("Names green."), proposer="m").replaces
