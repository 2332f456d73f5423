"""Replies are read whatever their form, and never beyond what they say."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubrictool import replies
from rubrictool.errors import Unreadable

YES_NO = {"c1": True, "c2": False}


def read(reply: str, count: int = 2) -> dict[str, bool | None]:
    return {verdict.id: verdict.met for verdict in replies.verdicts(reply, count=count)}


@pytest.mark.parametrize(
    "reply",
    [
        '{"c1": "yes", "c2": "no"}',
        '{"c1": " Yes.", "c2": "NO!"}',
        '{"c1": true, "c2": false}',
        '{"c1": "Met", "c2": "Not met"}',
        '{"C1": 1, " c2 ": 0}',
        '{"c1": {"reason": "it does", "met": true}, "c2": {"met": "no"}}',
        '[{"id": "c2", "met": "no"}, {"id": "c1", "met": "yes"}]',
        '{"verdicts": [{"id": "c1", "met": "yes"}, {"id": "c2", "met": "no"}]}',
        '{"verdicts": {"c1": "yes", "c2": "no"}}',
        'Sure!\n```json\n{"c1": "yes", "c2": "no"}\n```\nHope this helps.',
        '<think>{"c1": "no", "c2": "no"}</think>{"c1": "yes", "c2": "no"}',
        'reasoning without an opening {"c1": "no"}</think>{"c1": "yes", "c2": "no"}',
        'Draft: {"c1": "no", "c2": "no"}. Final: {"c1": "yes", "c2": "no"}',
        'The response says {"c1": "no", "c2": "yes"} {broken, but: {"c1": "yes", "c2": "no"}',
    ],
)
def test_verdicts_in_any_honest_form(reply: str) -> None:
    assert read(reply) == YES_NO


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        ("{}", "no JSON object"),
        ("", "no JSON object"),
        ("c1: yes, c2: no", "no JSON object"),
        ('{"c1": "yes"}', "missing: c2"),
        ('{"c1": "yes", "c2": "no", "c3": "no"}', "unknown: c3"),
        ('{"c1": "yes", "c1": "no", "c2": "no"}', "given twice: c1"),
        ('[{"id": "c1", "met": "yes"}, {"id": "c1", "met": "no"}]', "given twice: c1"),
        ('{"c1": "yes", "c2": "partly"}', "c2 is neither"),
        ('{"c1": "yes", "c2": null}', "c2 is neither"),
        ('{"c1": "yes", "c2": "yes and no"}', "c2 is neither"),
        ('{"c1": "yes", "c2": {"met": true, "met": false}}', "c2 is neither"),
        ('{"c1": "yes", "c2": -1}', "c2 is neither"),
        ('{"c1": "yes", "c2": ' + "1" * 5000 + "}", "c2 is neither"),
        ('{"c1": "yes", "c2": "no",}', "no JSON object"),
        ('{"c1": "yes", "c2": "no"} and at last {"c1": "yes"}', "missing: c2"),
    ],
)
def test_what_is_missing_doubled_unknown_or_unclear_is_a_complaint_and_never_a_no(reply: str, complaint: str) -> None:
    with pytest.raises(Unreadable, match=complaint):
        read(reply)


def test_reasons_and_probabilities_are_kept() -> None:
    (verdict,) = replies.verdicts('{"c1": {"met": "yes", "reason": "It does.", "p": 0.75}}', count=1)
    assert (verdict.reason, verdict.p) == ("It does.", 0.75)


@pytest.mark.parametrize(
    ("reply", "weights"),
    [
        ('[{"criterion": "A", "weight": 3}, {"criterion": "B", "weight": 1}]', [3, 1]),
        ('[{"criterion": "A", "weight": "3"}, {"criterion": "B", "weight": 1.0}]', [3, 1]),
        ('["A", "B"]', [1, 1]),
        ('{"criteria": [{"criterion": "A", "weight": 2}, "B"]}', [2, 1]),
        ('I cite [1].\n[{"criterion": "A", "weight": 2}, {"criterion": "B", "weight": 2}]\nsee [2]', [2, 2]),
    ],
)
def test_rubrics_in_any_honest_form(reply: str, weights: list[int]) -> None:
    proposal = replies.proposal(reply)
    assert [(item.criterion, item.weight) for item in proposal.items] == list(zip("AB", weights, strict=True))
    assert proposal.replaces


def test_items_continue_by_id_and_ids_are_dropped() -> None:
    reply = (
        '{"criteria": [{"id": "c1"}, {"id": "c2", "weight": 3}, {"criterion": "New", "weight": 1}], "dropped": ["c3"]}'
    )
    proposal = replies.proposal(reply, known=["c1", "c2", "c3"])
    assert [item.restated() for item in proposal.items] == [{}, {"weight": 3}, {"criterion": "New", "weight": 1}]
    assert (proposal.dropped, proposal.replaces) == (frozenset({"c3"}), False)


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        ("[]", "empty"),
        ('{"criteria": [], "dropped": ["c1"]}', "empty"),
        ('[{"criterion": "A", "weight": 5}]', "must be 1, 2 or 3"),
        ('[{"criterion": "A", "weight": 2.5}]', "must be 1, 2 or 3"),
        ('[{"criterion": "A", "weight": true}]', "must be 1, 2 or 3"),
        ('[{"criterion": "A"}]', "needs both"),
        ('[{"criterion": "  ", "weight": 1}]', "criterion cannot be used"),
        ('[{"id": "c9", "weight": 1}]', "no criterion c9"),
        ('[{"id": "c1"}, {"id": "c1"}]', "named twice"),
        ('{"criteria": [{"id": "c1"}], "dropped": ["c1"]}', "named twice"),
        ('[{"criterion": "A", "weight": 1, "check": {"matches": "(?=a)"}}]', "matches cannot be used"),
        ('[{"criterion": "A", "weight": ' + "1" * 5000 + "}]", "must be 1, 2 or 3"),
        (r'[{"criterion": "half \ud800 a pair", "weight": 1}]', "surrogate"),
        ("no list at all", "no JSON array"),
        ('["Draft"] [{"criterion": "A", "weight": 1, "weight": 3}]', "same key twice"),
        ('["Draft"] {"criteria": ["A"], "criteria": ["B"]}', "same key twice"),
    ],
)
def test_a_proposal_that_cannot_be_used_is_a_complaint(reply: str, complaint: str) -> None:
    with pytest.raises(Unreadable, match=complaint):
        replies.proposal(reply, known=["c1"])


@pytest.mark.parametrize(
    ("said", "meant"), [("A", "first"), ("b", "second"), ("Tie", "tie"), (1, "first"), ("2.", "second")]
)
def test_a_winner_by_letter_or_number(said: str | int, meant: str) -> None:
    assert replies.preference(f'Draft {{"winner": "tie"}}, then {json.dumps({"winner": said})}').side == meant


@pytest.mark.parametrize(
    "reply",
    [
        "A",
        "{}",
        '{"winner": "C"}',
        '{"winner": "A"} {"winner": "A", "winner": "B"}',
        '{"winner": null}',
        '{"winner": ["A"]}',
    ],
)
def test_no_winner_is_a_complaint(reply: str) -> None:
    with pytest.raises(Unreadable):
        replies.preference(reply)


@pytest.mark.parametrize("reply", ["half \ud800 a pair", '{"c1": {"met": true, "reason": "\\ud800"}, "c2": "no"}'])
def test_what_no_file_could_hold_is_a_complaint(reply: str) -> None:
    with pytest.raises(Unreadable, match="surrogate"):
        read(reply)


def test_a_sampled_text_that_no_file_could_hold_is_a_complaint() -> None:
    with pytest.raises(Unreadable, match="surrogate"):
        replies.text("half \ud800 a pair")


@given(st.text(alphabet='{}[]":,c12yesno <think/>\\', max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_text_raises_anything_but_a_complaint(reply: str) -> None:
    for parse in (lambda text: replies.verdicts(text, count=2), replies.proposal, replies.preference, replies.text):
        with contextlib.suppress(Unreadable):
            parse(reply)


@pytest.mark.parametrize(
    "hostile",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"a":' * 800 + "1" + "}" * 800,
        "{" * 100_000,
        "[1," * 100_000,
        "<think>" * 100_000,
    ],
)
def test_hostile_replies_are_refused(hostile: str) -> None:
    with pytest.raises(Unreadable):
        replies.verdicts(hostile, count=1)
