"""A judge may say that it cannot tell: such a criterion is not counted, is never a no, and is not asked about again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from fakes import Scripted, model_of
from shell import Shell

from rubrictool.errors import InputError, RowFailure, Unreadable
from rubrictool.judging.build import judge as build_judge
from rubrictool.judging.model_backed import ModelJudge, PerCriterionJudge
from rubrictool.judging.repeated_judge import RepeatedJudge
from rubrictool.questions import criterion, judge
from rubrictool.questions.templates import Templates
from rubrictool.questions.verdicts import AllowedAnswers
from rubrictool.rows.records import Prompt, Response, Rubric, ScoreWithDetails
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.weights import bounds, score
from rubrictool.select.early_stop import judge_top_k
from rubrictool.steps.score import score as judged

PROMPT = Prompt(id="p", prompt="Why?")
RESPONSE = Response(id="r", prompt_id="p", response="Because.")
CRITERIA: list[dict[str, Any]] = [
    {"criterion": "Says a.", "weight": 3},
    {"criterion": "Says b.", "weight": 1},
    {"criterion": "Is clear.", "weight": 2, "scale": 3},
]
RUBRIC = Rubric.model_validate({"id": "p", "prompt": "Why?", "criteria": CRITERIA})
MAY = Templates().with_abstaining()


def abstaining(*said: str, kind: type[ModelJudge] = ModelJudge) -> ModelJudge:
    return kind(model_of(Scripted(*said), cache=None), MAY)


def row_of(*said: str, rubric: Rubric = RUBRIC, **options: Any) -> ScoreWithDetails:
    row = asyncio.run(judged(PROMPT, rubric, RESPONSE, abstaining(*said), **options))
    assert isinstance(row, ScoreWithDetails)
    return row


def test_a_criterion_on_which_the_judge_abstains_is_not_counted() -> None:
    row = row_of('{"c1": "yes", "c2": "cannot tell", "c3": "2"}')
    assert row.score == pytest.approx((3 + 2 * 0.5) / 5)
    assert row.verdicts[1].columns() == {"id": "c2", "met": None, "abstained": True}
    assert row.coverage == pytest.approx(5 / 6)
    assert [row.score_low, row.score_high] == pytest.approx([4 / 6, 5 / 6])


def test_without_leave_it_is_no_answer_and_with_leave_it_is_asked_once() -> None:
    with pytest.raises(Unreadable):
        judge.parse('{"c1": "cannot tell"}', count=1)
    backend = Scripted('{"c1": "cannot tell", "c2": "no", "c3": null}')
    asked = ModelJudge(model_of(backend, cache=None), MAY)
    found = asyncio.run(asked.verdicts(PROMPT, RUBRIC.criteria, RESPONSE))
    assert [one.abstained for one in found] == [True, False, True]
    assert len(backend.requests) == 2, "the probe of schemas, and the question once"


@pytest.mark.parametrize(
    "answer", ["Cannot tell.", "can't tell", "CANNOT TELL", "unknown", None, {"met": None}, {"met": "unclear"}]
)
@pytest.mark.parametrize("levels", [(), RUBRIC.criteria[2].levels])
def test_it_is_read_in_any_honest_spelling(answer: Any, levels: Any) -> None:
    allowed = AllowedAnswers(levels, abstain=True)
    (found,) = judge.parse(json.dumps({"c1": answer}), count=1, allowed=(allowed,))
    assert found.abstained
    assert criterion.parse(
        json.dumps(answer if isinstance(answer, dict) else {allowed.field: answer}), allowed
    ).abstained


@pytest.mark.parametrize("answer", [{}, {"reason": "So."}, "", "maybe", {"p": 0.5}])
def test_silence_is_no_abstention(answer: Any) -> None:
    with pytest.raises(Unreadable, match='neither "yes" nor "no", nor "cannot tell"'):
        judge.parse(json.dumps({"c1": answer}), count=1, allowed=(AllowedAnswers(abstain=True),))


def test_the_schema_and_the_question_have_it_only_where_it_is_allowed() -> None:
    assert judge.schema(1, (AllowedAnswers(abstain=True),))["properties"]["c1"]["enum"] == ["yes", "no", "cannot tell"]
    asked = abstaining('{"c1": "yes", "c2": "no", "c3": "1"}')
    asyncio.run(asked.verdicts(PROMPT, RUBRIC.criteria, RESPONSE))
    assert "cannot tell" not in judge.question(Templates(), PROMPT, ["x"], "y").messages[0]["content"]
    text = judge.question(MAY, PROMPT, ["x"], "y", (AllowedAnswers(abstain=True),)).messages[0]["content"]
    assert '{"c1": "<yes, no or cannot tell>"}' in text


def test_what_leaves_no_score_is_a_failure_that_names_the_criteria() -> None:
    with pytest.raises(RowFailure, match="cannot tell on c1, c2, c3, and the other verdicts give no score") as told:
        row_of('{"c1": "cannot tell", "c2": "cannot tell", "c3": "cannot tell"}')
    assert told.value.kind == "abstained"
    veto = Rubric.model_validate(
        {"id": "p", "criteria": [*CRITERIA, {"criterion": "Safe.", "weight": 1, "role": "veto"}]}
    )
    with pytest.raises(RowFailure, match="cannot tell on c4"):
        row_of('{"c1": "yes", "c2": "yes", "c3": "1", "c4": "cannot tell"}', rubric=veto)
    with pytest.raises(RowFailure, match="give too little of the weight"):
        row_of('{"c1": "cannot tell", "c2": "yes", "c3": "1"}', min_coverage=0.8)


def test_samples_that_abstain_have_no_vote() -> None:
    said = ['{"c1": "yes", "c2": "no", "c3": "3"}', '{"c1": "cannot tell", "c2": "no", "c3": "1"}']
    asked = RepeatedJudge([abstaining(one) for one in said])
    row = asyncio.run(judged(PROMPT, RUBRIC, RESPONSE, asked))
    assert (row.verdicts[0].met, row.verdicts[0].p) == (True, 1)
    assert row.score == pytest.approx(((3 + 2) / 6 + 0 / 3) / 2)
    low, high = bounds(RUBRIC.criteria, row.verdicts)
    assert low <= row.score <= high
    assert [low, high] == pytest.approx([5 / 12, (5 / 6 + 3 / 6) / 2])
    never = Verdict.model_validate({"id": "c1", "met": None, "abstained": True, "samples": [{"met": None}]})
    assert not never.judged
    assert score(RUBRIC.criteria, [never, Verdict(id="c2", met=True), Verdict(id="c3", met=False)]) == pytest.approx(
        1 / 3
    )


def test_who_rules_out_by_bounds_refuses_a_judge_that_may_abstain() -> None:
    with pytest.raises(InputError, match="the judge may abstain"):
        asyncio.run(judge_top_k(PROMPT, RUBRIC, [RESPONSE], abstaining("{}", kind=PerCriterionJudge)))
    with pytest.raises(InputError, match="the offline judge follows rules and never abstains"):
        asyncio.run(build_judge("offline", allow_abstain=True))


@pytest.fixture
def files(shell: Shell) -> Sequence[Any]:
    rubrics = shell.write("rubrics.jsonl", [{"id": "*", "criteria": CRITERIA}])
    rows = [{"id": f"r{n}", "prompt_id": "p", "prompt": "Why?", "response": f"Answer {n}."} for n in range(3)]
    said = [
        '{"c1": "yes", "c2": "cannot tell", "c3": "2"}',
        '{"c1": "cannot tell", "c2": "cannot tell", "c3": "1"}',
        '{"c1": "no", "c2": "no", "c3": "3"}',
    ]
    replies = [{"contains": [f"Answer {n}."], "reply": reply} for n, reply in enumerate(said)]
    judge_ = f"replay:{shell.write('replies.jsonl', replies)}"
    return (shell.write("rows.jsonl", rows), "--rubrics", rubrics, "--judge", judge_)


def test_the_closing_line_names_the_criteria_and_the_summary_counts_them(shell: Shell, files: Sequence[Any]) -> None:
    summary = shell.directory / "s.json"
    ran = shell("score", *files, "--allow-abstain", "--summary", summary)
    assert (ran.code, len(ran.rows)) == (0, 3)
    assert "score: the judge abstained on 3 of 9 verdicts: c2 of rubric" in ran.err
    assert "(2 of 3), c1 of rubric" in ran.err
    assert "rerun" not in ran.err
    figures = json.loads(summary.read_text())
    assert (figures["abstained"], figures["abstained_rows"]) == (3, 2)
    assert [(one["criterion"], one["abstained"], one["verdicts"]) for one in figures["abstained_on"]] == [
        ("c2", 2, 3),
        ("c1", 1, 3),
    ]


def test_a_row_that_abstaining_leaves_without_a_score_is_counted_with_its_criteria(
    shell: Shell, files: Sequence[Any]
) -> None:
    shell.write("rubrics.jsonl", [{"id": "*", "criteria": [CRITERIA[0], {**CRITERIA[1], "role": "veto"}, CRITERIA[2]]}])
    ran = shell("score", *files, "--allow-abstain", "--summary", "s.json")
    assert (ran.code, [row["id"] for row in ran.rows]) == (1, ["r2"])
    figures = json.loads((shell.directory / "s.json").read_text())
    assert [(one["criterion"], one["abstained"], one["verdicts"]) for one in figures["abstained_on"]] == [
        ("c2", 2, 3),
        ("c1", 1, 3),
    ]


def test_without_the_option_such_a_reply_fails_its_row(shell: Shell, files: Sequence[Any]) -> None:
    ran = shell("score", *files, "--attempts", 1)
    assert (ran.code, [row["id"] for row in ran.rows]) == (1, ["r2"])


def test_comparisons_without_rubrics_refuse_the_option(shell: Shell, files: Sequence[Any]) -> None:
    ran = shell("winrate", files[0], files[0], "--allow-abstain", "--judge", files[-1])
    assert ran.code == 2
    assert "--allow-abstain needs --rubrics" in ran.err
