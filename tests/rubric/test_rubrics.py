"""The score of a rubric, its hash, and what a proposal makes of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubrictool.questions import propose, separate
from rubrictool.rows.checks import Check, Length
from rubrictool.rows.records import Criterion, Rubric
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.amend import Item, Merge, Proposal, amend
from rubrictool.rubric.checks import holds
from rubrictool.rubric.weights import rubric_hash, score


def rubric(*weights: float, **fields: object) -> tuple[Criterion, ...]:
    criteria = [{"criterion": f"Point {n}.", "weight": weight, **fields} for n, weight in enumerate(weights, 1)]
    return Rubric.model_validate({"id": "p", "criteria": criteria}).criteria


def verdicts(*met: bool) -> list[Verdict]:
    return [Verdict(id=f"c{n}", met=value) for n, value in enumerate(met, 1)]


def test_the_papers_reward_is_the_weighted_share() -> None:
    assert score(rubric(3, 3, 3, 3, 2, 2, 2, 1, 1), verdicts(*[True] * 6, False, True, True)) == pytest.approx(18 / 20)


def test_penalties_cost_as_in_health_bench() -> None:
    assert score(rubric(7, 5, 10, -6), verdicts(True, False, True, True)) == pytest.approx(11 / 22)
    assert score(rubric(1, -6), verdicts(False, True)) == -6


def test_an_unmet_veto_caps_the_score_at_0_and_weighs_nothing() -> None:
    veto = Criterion(id="v", criterion="Is safe.", weight=9, role="veto")
    criteria = (*rubric(1, 1), veto)
    unsafe, safe = (
        [*verdicts(True, False), Verdict(id="v", met=False)],
        [*verdicts(True, False), Verdict(id="v", met=True)],
    )
    assert (score(criteria, safe), score(criteria, unsafe)) == (0.5, 0)
    low = (*rubric(1, -3), veto)
    assert score(low, [*verdicts(False, True), Verdict(id="v", met=False)]) == -3


@given(st.lists(st.tuples(st.floats(0.01, 100), st.booleans()), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_with_positive_weights_the_score_lies_between_0_and_1(pairs: list[tuple[float, bool]]) -> None:
    value = score(rubric(*(weight for weight, _ in pairs)), verdicts(*(met for _, met in pairs)))
    assert -1e-12 <= value <= 1 + 1e-12
    assert (value == 0) == (not any(met for _, met in pairs))


def test_the_hash_is_of_what_the_criteria_say() -> None:
    plain = rubric(1, 2)
    assert rubric_hash(plain) == rubric_hash(rubric(1, 2, proposer="m", note="x"))
    assert len({rubric_hash(plain), rubric_hash(rubric(2, 1)), rubric_hash(rubric(1, 2, dimension="d"))}) == 3


def test_a_forgotten_criterion_stays_and_new_ones_get_fresh_ids() -> None:
    items = (Item(id="c2", weight=3), Item(criterion="New.", weight=1))
    after, changes, *_ = amend(rubric(1, 1, 1), Proposal(items, frozenset({"c3"})), proposer="m")
    assert [(c.id, c.criterion, c.weight, c.proposer) for c in after] == [
        ("c1", "Point 1.", 1, None),
        ("c2", "Point 2.", 3, "m"),
        ("c4", "New.", 1, "m"),
    ]
    assert (changes.kept, [c.id for c in changes.added], [c.id for c in changes.dropped]) == (("c1",), ["c4"], ["c3"])
    assert [(change.before.weight, change.after.weight) for change in changes.rewritten] == [(1, 3)]


def test_an_answer_without_ids_replaces_the_rubric_and_unchanged_text_is_the_same_criterion() -> None:
    items = (Item(criterion="Other.", weight=2), Item(criterion="Point 2.", weight=2))
    after, changes, *_ = amend(rubric(1, 2, 3, dimension="d"), Proposal(items, replaces=True), proposer="m")
    assert [(c.id, c.criterion, c.dimension, c.proposer) for c in after] == [
        ("c4", "Other.", None, "m"),
        ("c2", "Point 2.", "d", None),
    ]
    assert (changes.kept, [c.id for c in changes.dropped]) == (("c2",), ["c1", "c3"])


REWRITE = Proposal((Item(id="c1", criterion="Mine.", weight=1),), frozenset({"c2"}))
REPLACEMENT = Proposal((Item(criterion="All new.", weight=1),), replaces=True)


@pytest.mark.parametrize("proposal", [REWRITE, REPLACEMENT])
def test_what_a_person_pinned_stays_as_it_is(proposal: Proposal) -> None:
    by_hand = rubric(2, 2, check={"contains": ["x"]})
    after = amend(by_hand, proposal, proposer="m").criteria
    assert after[-2:] == by_hand or after[:2] == by_hand
    assert set(by_hand) <= set(after)


def test_a_merge_rewrites_its_first_criterion_and_removes_the_others() -> None:
    merge = Merge(("c3", "c1"), Item(criterion="Points 1 and 3 in one.", weight=2))
    after, changes, *_ = amend(rubric(1, 1, 3, dimension="d"), Proposal(merged=(merge,)), proposer="m")
    assert [(c.id, c.criterion, c.weight, c.dimension) for c in after] == [
        ("c1", "Points 1 and 3 in one.", 2, "d"),
        ("c2", "Point 2.", 1, "d"),
    ]
    assert ([c.id for c in changes.dropped], changes.rewritten[0].before.criterion) == (["c3"], "Point 1.")


def test_a_merge_without_a_weight_has_the_highest_of_its_criteria() -> None:
    merge = Merge(("c1", "c2"), Item(criterion="Both points."))
    assert [c.weight for c in amend(rubric(1, 3, 1), Proposal(merged=(merge,)), proposer="m").criteria] == [3, 1]


def test_a_merge_cannot_take_what_a_person_pinned() -> None:
    pinned, own = rubric(2, check={"contains": ["x"]})[0], rubric(1, 1)[1]
    after = amend(
        [pinned, own], Proposal(merged=(Merge(("c1", "c2"), Item(criterion="Mine.")),)), proposer="m"
    ).criteria
    assert after[0] == pinned
    assert [c.criterion for c in after[1:]] == ["Mine."]


def test_a_new_text_ends_the_check_of_the_old_one() -> None:
    (before,) = rubric(2, check={"words": {"max": 100}}, proposer="m")
    ((shorter,), *_) = amend([before], Proposal((Item(id="c1", criterion="Has at most 80 words."),)), proposer="m")
    ((lighter,), *_) = amend([before], Proposal((Item(id="c1", weight=1),)), proposer="m")
    assert (shorter.check, lighter.check) == (None, before.check)


def test_every_field_that_is_not_restated_stays_and_unknown_ones_too() -> None:
    (before,) = rubric(2, dimension="d", note="keep me")
    ((after,), *_) = amend([before], Proposal((Item(id="c1", criterion="Sharper.", weight=3),)), proposer="m")
    assert (after.dimension, after.unknown(), after.criterion) == ("d", {"note": "keep me"}, "Sharper.")


@pytest.mark.parametrize(
    ("check", "text", "met"),
    [
        (Check(contains=("STRASSE", "１２")), "In der Straße 12", True),
        (Check(contains=("a", "z")), "abc", False),
        (Check(excludes=("sorry",)), "I am Sorry", False),
        (Check(matches=r"(?i)\bred\b"), "RED.", True),
        (Check(matches="secret"), "<think>secret</think>open", False),
        (Check(words=Length(max=3)), "don't stop now", True),
        (Check(words=Length(max=0)), "word", False),
        (Check(words=Length(min=2)), "one", False),
        (Check(words=Length(min=2)), "전세 계약", True),
        (Check(format="list"), "So:\n- a\n- b", True),
        (Check(format="list"), "a - b", False),
        (Check(format="numbered"), "1. a\n2. b", True),
        (Check(format="table"), "|a|b|\n|---|---|\n|1|2|", True),
        (Check(format="table"), "a | b\nc", False),
        (Check(format="code"), "```py\nx\n```", True),
        (Check(format="code"), "```py\nx", False),
        (Check(format="heading"), "# Title", True),
        (Check(format="json"), '```json\n{"a": 1}\n```', True),
        (Check(format="json"), 'Here: {"a": 1}', False),
        (Check(contains=("a",), words=Length(max=1)), "a b", False),
    ],
)
def test_checks(check: Check, text: str, met: bool) -> None:
    assert holds(check, text) is met


def test_a_hostile_text_does_not_stall_a_check() -> None:
    assert not holds(Check(matches="(a+)+$"), "a" * 50_000 + "!")
    assert not holds(Check(format="table"), "|" * 200_000)
    assert holds(Check(contains=("b",)), "<think>" * 20_000 + "b") is False


def after(proposal: str, *criteria: dict[str, object]) -> list[tuple[str, str, float]]:
    """The ids, texts and weights that a proposer's reply makes of these criteria."""
    old = Rubric.model_validate({"id": "p", "criteria": criteria}).criteria if criteria else ()
    read = separate.parse(proposal, old, proposer="x") if old else propose.parse(proposal, proposer="x")
    return [(c.id, c.criterion, c.weight) for c in amend(old, read, proposer="x").criteria]


@pytest.mark.parametrize(
    "again",
    [
        "Names a grit.",
        "names a grit",
        " Names  a\\n grit. ",
        "NAMES A GRIT.",
        "Names\u00a0a grit.",
        "\uff2eames a grit\u3002",
        "Names a\u200b grit",
    ],
)
def test_what_a_proposal_says_twice_stands_once_with_its_first_words_and_highest_weight(again: str) -> None:
    said = [("Names a grit.", 1), ("Is safe.", 2), (again.replace("\\n", "\n"), 3), ("Is safe", 1)]
    items = [{"criterion": text, "weight": weight} for text, weight in said]
    once = [("c1", "Names a grit.", 3), ("c2", "Is safe.", 2)]
    assert after(json.dumps(items)) == after(json.dumps({"criteria": items})) == once


def test_typographic_marks_make_no_other_criterion() -> None:
    texts = ['Doesn\'t say "no" to a follow-up.', "Doesn’t say “no” to a follow‑up"]
    assert len(after(json.dumps(texts))) == 1
    assert len(after('["Names a grit.", "Names no grit.", "Names a grit of 400."]')) == 3


OLD = [{"criterion": "Names a grit.", "weight": 2}, {"criterion": "Is safe.", "weight": 2}]


@pytest.mark.parametrize(
    ("proposal", "made"),
    [
        # New words for what stays as it is: nothing new.
        (
            '{"criteria": [{"id": "c1"}, {"criterion": "names a grit", "weight": 3}]}',
            [("c1", "Names a grit.", 2), ("c2", "Is safe.", 2)],
        ),
        # The answer speaks of it and weighs it: the highest weight counts.
        (
            '{"criteria": [{"id": "c1", "weight": 1}, {"criterion": "names a grit", "weight": 3}]}',
            [("c1", "Names a grit.", 3), ("c2", "Is safe.", 2)],
        ),
        # Rewritten into what another one says: the two become one.
        ('{"criteria": [{"id": "c2", "criterion": "NAMES A GRIT", "weight": 1}]}', [("c1", "Names a grit.", 2)]),
        # Two changes into the same words.
        (
            '{"criteria": [{"id": "c1", "criterion": "Says 400.", "weight": 1}, {"id": "c2", "criterion": "says 400"}]}',
            [("c1", "Says 400.", 2)],
        ),
        # The words become free, because the criterion that had them gets others.
        (
            '{"criteria": [{"id": "c1", "criterion": "Says 400."}, {"criterion": "Names a grit.", "weight": 1}]}',
            [("c1", "Says 400.", 2), ("c2", "Is safe.", 2), ("c3", "Names a grit.", 1)],
        ),
        ('["Is safe.", "is safe", "New."]', [("c2", "Is safe.", 1), ("c3", "New.", 1)]),
    ],
)
def test_what_a_rubric_says_is_not_written_again(proposal: str, made: list[tuple[str, str, float]]) -> None:
    assert after(proposal, *OLD) == made


def test_a_rubric_of_a_person_keeps_what_it_says_twice() -> None:
    twice = [{"criterion": "Is safe.", "weight": 1}, {"criterion": "Is safe.", "weight": 2}]
    assert len(after('{"criteria": [{"id": "c1"}, {"criterion": "New.", "weight": 1}]}', *twice)) == 3


def test_what_a_person_pinned_is_not_written_again() -> None:
    pinned = {"criterion": "Is safe.", "weight": 1, "role": "veto"}
    kept = after('[{"criterion": "Is safe", "weight": 3}, {"criterion": "New.", "weight": 1}]', OLD[0], pinned)
    assert kept == [("c3", "New.", 1), ("c2", "Is safe.", 1)]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 3)), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_a_proposal_has_each_text_once_at_its_highest_weight(said: list[tuple[str, int]]) -> None:
    made = after(json.dumps([{"criterion": f"Says {text}.", "weight": weight} for text, weight in said]))
    assert [text for _, text, _ in made] == list(dict.fromkeys(f"Says {text}." for text, _ in said))
    assert all(weight == max(w for t, w in said if text == f"Says {t}.") for _, text, weight in made)


@pytest.mark.parametrize(
    ("item", "weight"),
    [
        (Item(id="c2", weight=3), -3),
        (Item(id="c2", criterion="Point 2.", weight=3), -3),
        (Item(id="c2", criterion="Is polite.", weight=3), 3),
        (Item(id="c2", criterion="Is rude."), -2),
    ],
)
def test_a_penalty_stays_one_whatever_weight_a_proposer_writes_for_the_same_text(item: Item, weight: float) -> None:
    assert [c.weight for c in amend(rubric(1, -2), Proposal((item,)), proposer="m").criteria] == [1, weight]
