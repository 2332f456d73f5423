"""The proposer and the judge by rule: every check tells the pair apart, and nothing but the texts counts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rubrictool.judging.offline import OfflineJudge, OfflineProposer
from rubrictool.judging.offline.demands import asked_length
from rubrictool.judging.offline.lexicon import lexicon
from rubrictool.judging.offline.terms import terms
from rubrictool.linting.rules import rule_findings
from rubrictool.questions.separate import JudgedResponse
from rubrictool.rows.checks import Check, Length
from rubrictool.rows.records import Criterion, Prompt, Response, Rubric
from rubrictool.rubric.amend import Item, Proposal, amend
from rubrictool.rubric.checks import holds

QUESTION = "Can I take ibuprofen while I am on lisinopril?"
PIECES = (
    "ibuprofen lisinopril kidney dose because may avoid risk 38.3 °C 4,800 $ % 24 mg the and of - * | ``` 1. # { [ \" '"
    " é ß İ 혈압을 리시노프릴 때문에 肝機能 検査 リスク 血压 因为 lock_timeout <think> </think> . \n \n- \n```\n"
)
TEXTS = st.text(max_size=60) | st.lists(st.sampled_from(PIECES.split(" ")), max_size=30).map(" ".join)


def judged(text: str, **columns: object) -> JudgedResponse:
    return JudgedResponse(Response.model_validate({"prompt_id": "p", "response": text, **columns}))


def separate(first: str, second: str, criteria: Sequence[Criterion] = (), prompt: str = QUESTION) -> Proposal:
    asked = OfflineProposer().separate(Prompt(id="p", prompt=prompt), criteria, judged(first), judged(second))
    return asyncio.run(asked)


def propose(prompt: object) -> Proposal:
    return asyncio.run(OfflineProposer().propose(Prompt.model_validate({"prompt": prompt})))


def met(criterion: str, response: str, check: Check | None = None) -> bool:
    row = Criterion(id="c1", criterion=criterion, weight=1, check=check)
    asked = OfflineJudge().verdicts(
        Prompt(id="p", prompt=QUESTION), [row], Response(id="r", prompt_id="p", response=response)
    )
    (verdict,) = asyncio.run(asked)
    assert verdict.id == "c1"
    return verdict.met is True


def named(proposal: Proposal, text: str) -> Item:
    return next(item for item in proposal.items if text in (item.criterion or ""))


def texts(proposal: Proposal) -> list[str]:
    return [item.criterion or "" for item in proposal.items]


def check_of(text: str) -> Check:
    return terms(text, lexicon(text))[0].check


# What tells two responses apart


def test_a_term_that_only_one_response_has_becomes_a_criterion_that_only_it_meets() -> None:
    one, other = "Ibuprofen may strain the kidneys.", "Ibuprofen may help with pain."
    check = named(separate(one, other), "kidneys").check
    assert check is not None
    assert (holds(check, one), holds(check, other)) == (True, False)


def test_both_responses_get_their_terms() -> None:
    found = texts(separate("Watch the kidneys.", "Drink water."))
    assert any("kidneys" in text for text in found)
    assert any("water" in text for text in found)


def test_a_pair_that_shows_nothing_new_names_no_change() -> None:
    criteria = [Criterion(id="c1", criterion="Is kind.", weight=2), Criterion(id="c2", criterion="Is clear.", weight=1)]
    proposal = separate("The same.", "The same.", criteria)
    assert proposal == Proposal()
    assert amend(criteria, proposal, proposer="offline").criteria == tuple(criteria)


def test_separate_only_adds() -> None:
    criteria = [Criterion(id="c1", criterion="Is kind.", weight=2)]
    after = amend(criteria, separate("Watch the kidneys.", "Drink water.", criteria), proposer="offline")
    assert after.changes.kept == ("c1",)
    assert after.changes.added


def test_what_a_criterion_already_covers_is_not_proposed_again() -> None:
    one, other = "Watch the kidneys because of potassium.", "Rest."
    first = amend([], separate(one, other), proposer="offline").criteria
    again = [item.criterion for item in separate(one, other, first).items if item.id is None]
    assert not set(again) & {criterion.criterion for criterion in first}
    assert not any("kidney" in text for text in again if text)


def test_near_variants_are_proposed_once() -> None:
    found = texts(separate("The kidney filters. Both kidneys filter.", "Rest."))
    assert sum("kidney" in text for text in found) == 1


def test_a_korean_term_is_proposed_without_its_particle() -> None:
    proposal = separate("칼륨을 확인하세요.", "물을 드세요.", prompt="리시노프릴 주의점은?")
    assert named(proposal, '"칼륨"').check == Check(contains=("칼륨",))


def test_spanish_hedges_and_reasons_are_seen() -> None:
    found = texts(separate("Quizás sea una gripe porque hay fiebre.", "Es una gripe con fiebre.", prompt="¿Qué es?"))
    assert "Says what is uncertain or only usually so." in found
    assert "Gives reasons for what it says." in found


def test_a_warning_in_one_response_is_seen() -> None:
    assert named(separate("Avoid alcohol.", "Drink alcohol."), "Warns").weight == 2


@pytest.mark.parametrize(
    ("figure", "same", "other"),
    [
        ("38.3 °C", "at 38,3°C", "at 138.3 °C"),
        ("24 %", "up 24%", "up 124 %"),
        ("$4,800", "for $ 4800", "for $14,800"),
        ("4,800 mg", "take 4 800 mg", "take 4,800 kg"),
        ("1998", "in 1998.", "in 11998"),
        ("38 mg", "38mg daily", "1.38 mg"),
        ("3 days", "for 3 days", "for 13 days"),
        ("5 mg", "5-mg tablets", "5 mgx"),
        ("30분", "약 30 분간", "130분"),
    ],
)
def test_a_figure_is_found_as_written_elsewhere_and_not_inside_another(figure: str, same: str, other: str) -> None:
    check = check_of(figure)
    assert holds(check, figure)
    assert holds(check, same)
    assert not holds(check, other)


def test_a_figure_with_a_unit_is_a_fact() -> None:
    assert named(separate("Call at 38.3 °C.", "Call early."), "38.3 °C").criterion == 'Gives the figure "38.3 °C".'


def test_a_short_term_is_not_found_inside_a_longer_word() -> None:
    check = check_of("ACE")
    assert holds(check, "An ACE inhibitor")
    assert not holds(check, "a placebo")


def test_a_code_identifier_is_one_term() -> None:
    assert named(separate("Set lock_timeout first.", "Set it first."), "lock_timeout")


def test_a_much_longer_response_brings_a_bound_that_the_shorter_keeps() -> None:
    item = named(separate("one two three four " * 6, "one two three four " * 12), "at most")
    assert item.check is not None
    assert item.check.words is not None
    assert item.check.words.max == 36


def test_length_is_no_matter_when_it_differs_little_or_one_is_empty() -> None:
    assert not any("at most" in text for text in texts(separate("one two " * 20, "one two " * 25)))
    assert not any("at most" in text for text in texts(separate("", "one two " * 40)))


def test_structure_is_proposed_unless_the_prompt_forbids_it() -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |"
    assert "Contains a table." in texts(separate(table, "a b"))
    assert "Contains a table." not in texts(separate(table, "a b", prompt="Compare a and b, no table please."))


def test_reasoning_is_not_seen() -> None:
    assert not separate("<think>kidneys</think>Rest.", "Rest.").items


def test_labels_are_never_read() -> None:
    one, other = "Watch the kidneys.", "Drink water."
    labelled = [judged(one, quality="great", model="m", score=1.0), judged(other, quality="poor", model="n")]
    asked = OfflineProposer().separate(Prompt(id="p", prompt=QUESTION), [], labelled[0], labelled[1])
    assert asyncio.run(asked) == separate(one, other)


@given(TEXTS, TEXTS, TEXTS.filter(str.strip))
@settings(deadline=None, max_examples=50)
def test_every_proposed_check_is_met_by_exactly_one_of_any_pair(first: str, second: str, prompt: str) -> None:
    items = separate(first, second, prompt=prompt).items
    assert len(items) <= 7
    for item in items:
        assert item.check is not None
        assert item.weight in {1, 2, 3}
        assert holds(item.check, first) != holds(item.check, second)


@given(TEXTS, TEXTS, TEXTS.filter(str.strip))
@settings(deadline=None, max_examples=50)
def test_swapping_the_responses_or_asking_again_changes_nothing(first: str, second: str, prompt: str) -> None:
    once = separate(first, second, prompt=prompt)
    assert once == separate(second, first, prompt=prompt) == separate(first, second, prompt=prompt)


@given(TEXTS, TEXTS)
@settings(deadline=None, max_examples=50)
def test_a_second_round_never_repeats_a_criterion(first: str, second: str) -> None:
    before = amend([], separate(first, second), proposer="offline").criteria
    new = [item.criterion for item in separate(first, second, before).items if item.id is None]
    assert not set(new) & {criterion.criterion for criterion in before}


LINTED = (
    "How do I descale a kettle?",
    "Explain osmosis in at most 10 words.",
    "Give me the steps as valid JSON.",
    'Write an essay of at least 1,000 words about prices, but never use the word "price".',
    'Describe the fare table without using the word "fare".',
    "Make a table of the planets, in JSON.",
    "Beschreibe den Wasserkocher. Höchstens 15 Wörter.",
)


@pytest.mark.parametrize("prompt", LINTED)
@given(pairs=st.lists(st.tuples(TEXTS, TEXTS), max_size=3))
@settings(deadline=None, max_examples=25)
def test_lint_finds_no_contradiction_in_what_the_rules_write(prompt: str, pairs: list[tuple[str, str]]) -> None:
    criteria = amend([], propose(prompt), proposer="offline").criteria
    for pair in pairs:
        criteria = amend(criteria, separate(*pair, criteria, prompt), proposer="offline").criteria
    found = rule_findings(Rubric(id="p", prompt=prompt, criteria=criteria), prompt=prompt)
    assert [one for one in found if one.severity == "warning"] == []


def test_a_person_s_check_is_not_contradicted() -> None:
    row = {"id": "c1", "criterion": "Is short.", "weight": 1, "check": {"words": {"min": 60}, "excludes": ["descal"]}}
    mine = [Criterion.model_validate(row)]
    found = separate("Use vinegar for descaling.", "Use water. " * 20 + "and also steam", mine)
    assert not any("descaling" in text or "at most" in text for text in texts(found))
    assert any("steam" in text for text in texts(found))


@pytest.mark.parametrize(("prompt", "asked"), [("Say it in at most 30 words.", False), ("At most 90 words.", True)])
def test_the_usual_length_is_asked_for_where_the_prompt_leaves_room(prompt: str, *, asked: bool) -> None:
    assert any("neither a fragment" in text for text in texts(propose(prompt))) is asked


def test_a_fragment_brings_no_bound_on_length() -> None:
    assert not any("at most" in text for text in texts(separate("Use vinegar.", "Use vinegar and water, equal parts.")))


# What a prompt alone gives


@pytest.mark.parametrize(
    ("prompt", "low", "high"),
    [
        ("Answer in under 120 words.", 0, 119),
        ("Use at most 150 words.", 0, 150),
        ("Write 100-200 words.", 100, 200),
        ("Schreibe mindestens 50 Wörter.", 50, None),
        ("Responde en máximo 100 palabras.", 0, 100),
        ("No less than 50 words and no more than 1,000 words.", 50, 1000),
    ],
)
def test_a_word_limit_becomes_a_length_check(prompt: str, low: int, high: int | None) -> None:
    item = propose(prompt).items[0]
    assert item.weight == 3
    assert item.check is not None
    assert item.check.words is not None
    assert (item.check.words.min, item.check.words.max) == (low, high)


@pytest.mark.parametrize(
    ("prompt", "form"),
    [
        ("Answer with bullet points.", "list"),
        ("Gib eine Aufzählung der Ursachen.", "list"),
        ("Show it in a table.", "table"),
        ("Write a Python function that sorts.", "code"),
        ("Explain step by step.", "numbered"),
        ("Reply as JSON.", "json"),
    ],
)
def test_a_form_that_the_prompt_asks_for_becomes_a_format_check(prompt: str, form: str) -> None:
    assert form in [item.check.format for item in propose(prompt).items if item.check]


def test_a_form_that_the_prompt_rules_out_is_not_asked_for() -> None:
    assert not any(item.check.format for item in propose("Explain it without bullet points.").items if item.check)


def test_banned_words_are_excluded_and_wanted_ones_are_not() -> None:
    assert named(propose('Do not use the word "doctor".'), "Avoids").check == Check(excludes=("doctor",))
    assert not any("Avoids" in text for text in texts(propose('Do not forget to mention "doctor".')))


def test_the_main_terms_of_a_prompt_weigh_most() -> None:
    proposal = propose(QUESTION)
    assert named(proposal, '"lisinopril"').weight == 3
    assert named(proposal, '"ibuprofen"').weight == 3
    assert not any("while" in text for text in texts(proposal))


def test_a_chat_is_asked_by_its_last_user_message_that_says_something() -> None:
    chat = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Tell me about lisinopril."}]
    assert named(propose([*chat, {"role": "assistant", "content": "Sure."}]), "lisinopril")
    assert named(propose([*chat, {"role": "user", "content": "?"}]), "lisinopril")
    assert not any("lisinopril" in t for t in texts(propose([*chat, {"role": "user", "content": "And ibuprofen?"}])))


@given(TEXTS.filter(str.strip))
@example("ក")
@example("วิธีเก็บขนมปังให้สดนานที่สุดในบ้านของคุณในช่วงหน้าร้อนและหน้าหนาว")
@settings(deadline=None, max_examples=50)
def test_any_prompt_gets_a_rubric_of_checks(prompt: str) -> None:
    proposal = propose(prompt)
    assert proposal.items
    assert proposal == propose(prompt)
    assert all(item.check is not None and item.id is None for item in proposal.items)
    assert amend([], proposal, proposer="offline").criteria


# The judge


def test_a_check_decides_whatever_the_words_say() -> None:
    assert met("Mentions water.", "Rest.", Check(contains=("rest",)))
    assert not met("Mentions rest.", "Rest.", Check(contains=("water",)))


def test_half_of_the_content_words_are_enough_and_none_are_not() -> None:
    assert met("The response mentions checking kidney function.", "Please check your kidneys.")
    assert not met("The response mentions checking kidney function.", "Drink some water.")
    assert not met("Is it?", "It is.")


def test_a_quoted_phrase_is_required() -> None:
    assert met('Names "renal failure" as a risk.', "A risk is Renal Failure.")
    assert not met('Names "renal failure" as a risk.', "A risk of renal harm and of failure.")


@pytest.mark.parametrize(
    ("criterion", "yes", "no"),
    [
        ("칼륨 수치를 언급한다", "칼륨의 수치가 높습니다", "물을 드세요"),
        ("提到肝功能检查", "请做肝功能检查。", "多喝水。"),
        ("Menciona los riñones", "Cuida el riñón y los riñones.", "Bebe agua."),
        ("Gives 38.3 °C as the limit", "limit: 38,3 °C", "38 is fine"),
    ],
)
def test_the_judge_reads_any_script(criterion: str, yes: str, no: str) -> None:
    assert met(criterion, yes)
    assert not met(criterion, no)


def test_the_judge_sees_neither_reasoning_nor_labels() -> None:
    assert not met("Mentions kidneys.", "<think>kidneys</think>Rest.")
    rows = [Response.model_validate({"prompt_id": "p", "response": "Rest.", "quality": q}) for q in ("kidneys", "poor")]
    criteria = [Criterion(id="c1", criterion="Mentions kidneys.", weight=1)]
    one, other = (asyncio.run(OfflineJudge().verdicts(Prompt(id="p", prompt="?"), criteria, row)) for row in rows)
    assert one == other


@given(TEXTS.filter(str.strip), TEXTS)
@settings(deadline=None, max_examples=50)
def test_the_judge_gives_any_criterion_a_verdict(criterion: str, response: str) -> None:
    assert met(criterion, response) == met(criterion, response)


@pytest.mark.parametrize(
    ("prompt", "length"),
    [
        ("Use exactly four bullet points of at most 14 words each.", None),
        ("In sections of at least 50 words.", None),
        ("Write a paragraph of at most 90 words.", Length(min=0, max=90)),
        ("Four points, at most 20 words each; under 120 words in all.", Length(min=0, max=119)),
    ],
)
def test_a_length_that_is_set_for_the_parts_is_not_the_answers(prompt: str, length: Length | None) -> None:
    assert asked_length(prompt) == length
