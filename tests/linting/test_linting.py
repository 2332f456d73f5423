"""The linter finds the labelled faults of the corpus, nothing else in it, and keeps silent where it only looks like one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from growth import grows_with
from polarity import RIGHT, WRONG

from rubrictool.linting.rules import Finding, prompt_text, rule_findings
from rubrictool.rows.jsonl import read
from rubrictool.rows.records import Rubric

CORPUS = read(Path(__file__).parents[1] / "lint_corpus.jsonl", Rubric)
"""Rubrics whose criteria carry their faults in a column `faults`; written before the rules were."""


def rubric(*criteria: dict[str, Any] | str) -> Rubric:
    """A rubric of these criteria; a text alone weighs 1, 2, 3, 1, ... so that no weight is remarkable."""
    rows = [{"criterion": c} if isinstance(c, str) else c for c in criteria]
    return Rubric.model_validate(
        {"id": "p", "criteria": [{"weight": place % 3 + 1, **row} for place, row in enumerate(rows)]}
    )


def found(*criteria: dict[str, Any] | str, prompt: str = "") -> list[tuple[str | None, str]]:
    return [(finding.criterion, finding.rule) for finding in rule_findings(rubric(*criteria), prompt=prompt)]


def labels(row: Rubric) -> set[tuple[str | None, str]]:
    of_rubric = {(None, fault) for fault in row.unknown().get("faults", [])}
    return of_rubric | {(c.id, fault) for c in row.criteria for fault in c.unknown().get("faults", [])}


@pytest.mark.parametrize("row", CORPUS, ids=lambda row: row.id)
def test_the_corpus_holds_the_faults_that_are_found_and_no_others(row: Rubric) -> None:
    findings = rule_findings(row, prompt=prompt_text(row.prompt))
    assert {(finding.criterion, finding.rule) for finding in findings} == labels(row)


def test_the_rubrics_written_by_hand_for_the_sample_data_are_clean(sample: Path) -> None:
    rows = read(sample / "rubrics.jsonl", Rubric)
    assert [finding for row in rows for finding in rule_findings(row, prompt=prompt_text(row.prompt))] == []


@pytest.mark.parametrize(
    "criterion",
    [
        "Says that a clear conscience is worth more than a good salary.",
        "Is clear about the risk: names bleeding and kidney failure.",
        "Uses a friendly tone, for example by greeting the reader by name.",
        "Explains that the drug raises blood pressure and gives patients headaches.",
        "Tells the user to call a doctor and describe the rash.",
        "Names one benefit and one cost of a ban.",
        "Explains how and why the tide turns.",
        "Provides dates, names and lists of sources.",
        "Gives the address, and notes for the driver.",
        "Raises the last error and returns nothing.",
        "Compares what the law says and what the landlord did.",
        "Tells the user to check that the browser is up to date.",
        "Recommends asking for the latest guidelines at the pharmacy.",
        "Names the correct dose, 400 mg.",
        "Says which answer is correct and why.",
        "Contains no errors.",
        "Contains error handling for a failed request.",
        "Does not mention the price.",
        "Invents a name for the dragon.",
        "Mentions that the contract is in English.",
        "Includes a summary of the three counter-arguments.",
        'Uses the term "force majeure".',
        "Does the response name the deadline?",
    ],
)
def test_a_criterion_that_only_looks_faulty_is_left_alone(criterion: str) -> None:
    assert found(criterion) == []


@pytest.mark.parametrize(
    ("criterion", "rule"),
    [
        ("The response should be clear, concise and well-organized.", "subjective"),
        ("Is the answer helpful?", "subjective"),
        ("Maintains clarity and conciseness throughout.", "subjective"),
        ("Effectively conveys the mood.", "subjective"),
        ("The total is correct.", "ungrounded"),
        ("Identifies the right author of the poem.", "ungrounded"),
        ("Contains no factual errors.", "unverifiable"),
        ("Cites only reliable sources.", "unverifiable"),
        ("The code compiles and runs.", "unverifiable"),
        ("Addresses the user's question.", "low-signal"),
        ("Lists at least five benefits.", "hackable"),
        ("Has exactly seven sentences.", "rigid"),
        ("Says that rent is due and that it may rise.", "non-atomic"),
        ("Names the fee, and warns about the deadline.", "non-atomic"),
        ("Comments on the weather and suggests a museum.", "non-atomic"),
        ("Is misleading about the risks.", "polarity"),
        ("Gives dangerous medical advice.", "polarity"),
    ],
)
def test_a_worded_fault_is_found(criterion: str, rule: str) -> None:
    assert found(criterion) == [("c1", rule)]


def test_what_the_prompt_asks_for_is_no_fault() -> None:
    assert found("Has exactly seven sentences.", prompt="Write seven sentences about rain.") == []
    assert found("Includes a title.", prompt="Write a haiku with a title.") == []
    assert found("Is in English.", prompt="Übersetze ins Englische, please answer in English.") == []
    check = {"criterion": "Is long.", "check": {"words": {"min": 500}}}
    assert found(check) == [("c1", "hackable")]
    assert found(check, prompt="Write at least 500 words.") == []


def test_a_check_decides_whatever_the_wording() -> None:
    assert found({"criterion": "Is engaging.", "check": {"contains": ["story"]}}) == []


@pytest.mark.parametrize(("weight", "faulty"), [(2, True), (-2, False)])
def test_bad_news_may_cost_but_not_earn(weight: int, faulty: bool) -> None:
    rules = found("Names the deadline.", {"criterion": "Fails to name the fee.", "weight": weight})
    assert rules == ([("c2", "polarity")] if faulty else [])


@pytest.mark.parametrize(("criterion", "weight"), RIGHT)
def test_a_sign_that_is_right_is_left_alone(criterion: str, weight: float) -> None:
    reward = {"criterion": "Names the deadline.", "weight": 2}
    assert ("c2", "polarity") not in found(reward, {"criterion": criterion, "weight": weight})


@pytest.mark.parametrize(("criterion", "weight"), WRONG)
def test_a_sign_that_is_wrong_is_found(criterion: str, weight: float) -> None:
    reward = {"criterion": "Names the deadline.", "weight": 2}
    assert ("c2", "polarity") in found(reward, {"criterion": criterion, "weight": weight})


def test_a_fault_that_the_prompt_asks_for_may_earn_and_its_absence_may_cost() -> None:
    rude = {"criterion": "Is rude to the customer.", "weight": 2}
    assert found(rude) == [("c1", "polarity")]
    assert found(rude, prompt="Play a waiter who is rude.") == []
    plain = {"criterion": "Avoids jargon.", "weight": -1}
    assert found("Names red.", plain, prompt="Answer in legal jargon.") == []


def test_a_price_on_something_good_is_found_and_one_on_something_neutral_is_not() -> None:
    assert found("Names red.", {"criterion": "Avoids jargon.", "weight": -1}) == [("c2", "polarity")]
    assert found("Names red.", {"criterion": "Uses the word synergy.", "weight": -1}) == []


@pytest.mark.parametrize(
    "check",
    [
        {"contains": ["Red wine"], "excludes": ["RED"]},
        {"words": {"max": 2}, "contains": ["one two three"]},
        {"words": {"max": 0}},
        {"words": {"min": 10**8, "max": 10**9}},
        {"matches": "red wine", "excludes": ["Red"]},
        {"matches": "$a"},
        {"matches": "[^\\s\\S]"},
        {"lacks": "."},
        {"lacks": "\\S"},
        {"format": "table", "excludes": ["|"]},
        {"format": "numbered", "excludes": list("0123456789")},
        {"format": "code", "excludes": ["`", "~"]},
        {"format": "json", "excludes": ["{", "["]},
    ],
)
def test_a_check_that_no_response_passes_is_found(check: dict[str, Any]) -> None:
    assert found({"criterion": "Passes.", "check": check}) == [("c1", "impossible-check")]


@pytest.mark.parametrize(
    "check",
    [
        {"matches": ""},
        {"matches": "(?i)x*"},
        {"matches": "."},
        {"matches": "\\S+"},
        {"lacks": "$a"},
        {"words": {"min": 0}},
    ],
)
def test_a_check_that_every_response_passes_is_found(check: dict[str, Any]) -> None:
    assert found({"criterion": "Passes.", "check": check}) == [("c1", "empty-check")]


@pytest.mark.parametrize(
    "check",
    [
        {"matches": "^$"},
        {"matches": "\\b"},
        {"matches": "$"},
        {"matches": "\\w"},
        {"matches": "a|\\d"},
        {"matches": "red", "excludes": ["red wine"]},
        {"matches": "r.d", "excludes": ["red"]},
        {"matches": "x*", "words": {"max": 9}},
        {"format": "list", "excludes": ["-"]},
        {"contains": ["red"], "excludes": ["reddish"]},
        {"words": {"min": 1}},
    ],
)
def test_a_check_that_some_pass_and_some_fail_is_left_alone(check: dict[str, Any]) -> None:
    assert found({"criterion": "Passes.", "check": check}) == []


def test_two_checks_that_exclude_each_other_are_found_where_both_earn() -> None:
    short, long = {"words": {"max": 50}}, {"words": {"min": 80, "max": 90}}
    assert found({"criterion": "Short.", "check": short}, {"criterion": "Long.", "check": long}) == [
        ("c2", "contradiction")
    ]
    penalty = {"criterion": "Long.", "check": long, "weight": -1}
    assert found({"criterion": "Short.", "check": short}, penalty) == []


def test_the_same_check_twice_is_a_duplicate() -> None:
    twins = [{"criterion": text, "check": {"contains": ["red"]}} for text in ("Names red.", "Says which colour.")]
    (finding,) = rule_findings(rubric(*twins))
    assert (finding.criterion, finding.rule, finding.also) == ("c2", "duplicate", "c1")


def test_a_duplicate_may_differ_in_case_stop_and_opening_but_not_in_its_subject() -> None:
    assert found("The response names red.", "names  RED") == [("c2", "duplicate")]
    assert found("The code is commented.", "The explanation is commented.") == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            "The answer recommends a topical anti-inflammatory, such as diclofenac gel, for the knee.",
            "Suggests a topical anti-inflammatory gel for the knee, for example diclofenac.",
        ),
        (
            "Asks the airline for the refund to the original means of payment within seven days.",
            "Requests that the airline refund, within seven days, the original means of payment.",
        ),
    ],
)
def test_a_rewording_is_found(first: str, second: str) -> None:
    assert found(first, second) == [("c2", "redundant")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            "Explains that the combination of an NSAID with lisinopril can cause acute kidney injury.",
            "Explains that the combination of an NSAID with hydrochlorothiazide can cause acute kidney injury.",
        ),
        (
            "Recommends oral ibuprofen tablets for the painful swollen knee.",
            "Warns against oral ibuprofen tablets for the painful swollen knee of the user.",
        ),
        (
            "Pays off the credit card before building the emergency savings account.",
            "Builds the emergency savings account before the credit card is paid off.",
        ),
        (
            "Says the tenant has two weeks to answer the landlord's letter about the deposit.",
            "The landlord's letter about the deposit must be answered by the tenant, it says, in four weeks.",
        ),
        ("Mentions the deadline.", "States the deadline."),
        (
            "잔금을 송금하기 직전에 등기부등본을 다시 떼어 확인하라고 한다.",
            "계약금을 송금하기 직전에 등기부등본을 다시 떼어 확인하라고 한다.",
        ),
    ],
    ids=["one thing replaced", "warned against", "turned round", "another figure", "too short", "Korean siblings"],
)
def test_siblings_and_opposites_are_no_rewordings(first: str, second: str) -> None:
    assert found(first, second) == []


def test_a_weight_is_odd_only_where_a_proposer_gave_it() -> None:
    assert found("Names red.", {"criterion": "Names blue.", "weight": 7}) == []
    proposed = {"criterion": "Names blue.", "weight": 7, "proposer": "m"}
    assert found("Names red.", proposed) == [("c2", "odd-weight")]


def test_findings_come_rubric_first_then_by_criterion_and_name_the_other_one() -> None:
    row = rubric(*({"criterion": text, "weight": 1} for text in ("Names red.", "Is nice.", "Names red", "Is good.")))
    assert rule_findings(row) == [
        Finding(
            rubric="p",
            criterion=None,
            rule="equal-weights",
            message="all 4 criteria weigh the same; say which matter more",
            also=None,
            severity="note",
        ),
        *rule_findings(row)[1:],
    ]
    assert [(f.criterion, f.rule, f.also) for f in rule_findings(row)[1:]] == [
        ("c2", "subjective", None),
        ("c3", "duplicate", "c1"),
        ("c4", "subjective", None),
    ]


@pytest.mark.parametrize("text", ["that ", "is clear, ", "a and ", '"', "red blue green yellow orange purple "])
def test_a_hostile_criterion_does_not_hold_the_linter_up(text: str) -> None:
    assert grows_with(lambda long: rule_findings(rubric(f"Says {long}", f"Speaks {long} at last")), text)


def test_a_bound_on_words_is_named_where_words_are_written_together() -> None:
    few = {"criterion": "Has at most 20 words.", "check": {"words": {"max": 20}}}
    assert found(few, prompt="แมวกินอะไร") == [("c1", "uncountable-words")]
    assert found(few, prompt="What do cats eat?") == []
