"""Soft verdicts: the probability of each answer, from the tokens where the verdict begins; else the reply's, with the reason."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from typing import Any

import pytest
from fakes import Scripted, model_of
from hypothesis import given
from hypothesis import strategies as st
from shell import Shell

from rubrictool.errors import InputError, Unreadable
from rubrictool.judging.build import judge as build_judge
from rubrictool.judging.model_backed import PerCriterionJudge, SoftJudge
from rubrictool.judging.repeated_judge import RepeatedJudge, majority
from rubrictool.models.backend import Completion, Request, Token
from rubrictool.models.logprob_support import PROBE
from rubrictool.models.token_replies import TokenReply
from rubrictool.questions.soft_verdicts import deciding_token, parse
from rubrictool.questions.templates import Templates
from rubrictool.questions.verdicts import PLAIN, AllowedAnswers, answers
from rubrictool.rows.levels import Level
from rubrictool.rows.records import Criterion, Prompt, Response, Rubric
from rubrictool.rows.verdicts import Verdict, Vote
from rubrictool.rubric.weights import parts, score
from rubrictool.select.early_stop import judge_top_k
from rubrictool.select.score_bounds import ties_are_clear
from rubrictool.select.top_k import TopKOptions
from rubrictool.steps.score import score as scored

PROMPT = Prompt(id="p", prompt="Why?")
RESPONSE = Response(id="r", prompt_id="p", response="Because.")
LEVELS = AllowedAnswers(tuple(Level(label=str(n), value=(n - 1) / 4) for n in range(1, 6)))
NAMED = AllowedAnswers(
    (Level(label="Absent", value=0), Level(label="Partly", value=0.5), Level(label="Full", value=1)), abstain=True
)
MAY = AllowedAnswers(abstain=True)


def top(**masses: float) -> tuple[tuple[str, float], ...]:
    return tuple((token, math.log(mass)) for token, mass in masses.items())


def said(text: str, *splits: str, at: dict[str, dict[str, float]]) -> Completion:
    """A reply cut into tokens; `at` has the masses of the likeliest tokens at some of them."""
    tokens = [Token(piece, top(**at.get(piece, {piece: 1.0}))) for piece in splits]
    assert "".join(splits) == text
    return Completion(text, tokens=tokens)


def read(completion: Completion, allowed: AllowedAnswers = PLAIN) -> Verdict:
    return parse(TokenReply.of(completion, lambda c: deciding_token(c, allowed)).stored(), allowed)


YES = {"yes": 0.7, "no": 0.2, "Yes": 0.06, " YES": 0.02}


@pytest.mark.parametrize(
    ("text", "splits"),
    [
        ('{"met": "yes"}', ['{"', "met", '": "', "yes", '"}']),
        ('{"met": "yes"}', ["{", '"met"', ":", ' "', "yes", '"', "}"]),
        ('{"reason": "\\"met\\": \\"no\\".", "met": "yes"}', ['{"reason": "\\"met\\": \\"no\\".", "met": "', "yes", '"}']),
        ('{"met": "no"} or {"met": "no"}\n{"met": "yes"}', ['{"met": "no"} or {"met": "no"}\n{"met": "', "yes", '"}']),
        ('{"c1": "yes"}', ['{"c1": "', "yes", '"}']),
        ('{"c1": {"reason": "So.", "met": "yes"}}', ['{"c1": {"reason": "So.", "met": "', "yes", '"}}']),
        ('[{"id": "c1", "met": "yes"}]', ['[{"id": "c1", "met": "', "yes", '"}]']),
        ('```json\n{"met": "yes"}\n```', ['```json\n{"met": "', "yes", '"}\n```']),
    ],
)  # fmt: skip
def test_the_probability_is_that_of_the_token_with_which_the_verdict_begins(text: str, splits: Sequence[str]) -> None:
    found = read(said(text, *splits, at={"yes": YES}))
    assert (found.met, found.hard) == (True, None)
    assert found.p == found.value == pytest.approx(0.78 / 0.98, abs=1e-6)


@pytest.mark.parametrize(
    ("token", "met"),
    [("yes", 1), (" yes", 1), ("Yes", 1), ("▁Yes", 1), ("Ġyes", 1), ("YES", 1), ('"yes', 1), ("y", 1), ("ye", 1), ('yes"}', 1),
     ("true", 1), ("tr", 1), ("met", 1), ("1", 1), ("no", 0), (" No", 0), ("n", 0), ("not", 0), ("false", 0), ("unmet", 0),
     ("un", 0), ("0", 0), ("maybe", None), ("", None), ('"', None), (" ", None), ("yesterday", None), ("nobody", None),
     ("�", None)],
)  # fmt: skip
def test_each_spelling_of_an_answer_and_each_beginning_of_one_counts_for_it(token: str, met: float | None) -> None:
    found = parse(TokenReply('{"met": "no"}', top(**{token: 1.0})).stored(), PLAIN)
    assert found.hard == (None if met is not None else "not_covered")
    assert found.p == met


@pytest.mark.parametrize("masses", [{"yes": 0.5, "maybe": 0.3}, {"yes": 0.45, "no": 0.44}, {"{": 1.0}])
def test_where_the_tokens_cover_too_little_the_verdict_is_the_replys_and_says_why(masses: dict[str, float]) -> None:
    found = read(said('{"met": "yes", "p": 0.9}', '{"met": "', "yes", '", "p": 0.9}', at={"yes": masses}))
    assert found.columns() == {"id": "c1", "met": True, "hard": "not_covered"}


def test_without_tokens_and_where_the_verdict_is_not_among_them_it_is_hard_too() -> None:
    assert read(Completion('{"met": "no"}')).columns() == {"id": "c1", "met": False, "hard": "no_logprobs"}
    other = Completion('{"met": "no"}', tokens=[Token('{"met": "', ()), Token("yes", top(yes=1.0)), Token('"}', ())])
    assert read(other).hard == "not_found"
    assert read(Completion('{"met": "no"}', tokens=[Token("What?", top(What=1.0))])).hard == "not_found"
    assert parse('{"met": "no"}', PLAIN).hard == "no_logprobs", "a recording of a plain reply"


@pytest.mark.parametrize(
    "told",
    [(0.5, -1.0), (float("nan"), -0.05), (-0.05, float("nan")), (float("inf"), -0.05), (800.0, -0.05), (0.02, -4.0),
     (-0.1, -0.2), (float("nan"), float("nan"))],
)  # fmt: skip
def test_numbers_that_are_no_log_probabilities_make_a_hard_verdict_that_says_so(told: tuple[float, float]) -> None:
    at = tuple(zip(("yes", "no"), told, strict=True))
    reply = Completion('{"met": "yes"}', tokens=[Token('{"met": "', ()), Token("yes", at), Token('"}', ())])
    assert read(reply).columns() == {"id": "c1", "met": True, "hard": "not_probabilities"}


@pytest.mark.parametrize("told", [(0.0, -9.0), (0.009, -9.0), (-0.1, -2.35), (-0.001, float("-inf"))])
def test_rounding_makes_no_verdict_hard(told: tuple[float, float]) -> None:
    at = tuple(zip(("yes", "no"), told, strict=True))
    found = read(Completion('{"met": "yes"}', tokens=[Token('{"met": "', ()), Token("yes", at), Token('"}', ())]))
    assert (found.hard, found.met) == (None, True)
    assert found.p == pytest.approx(math.exp(told[0]) / (math.exp(told[0]) + math.exp(told[1])), abs=1e-6)


def test_a_reply_without_a_verdict_is_asked_for_again_whatever_its_tokens_are() -> None:
    with pytest.raises(Unreadable):
        read(said("yes", "yes", at={"yes": YES}))


def test_of_levels_the_expected_value_counts_and_the_median_level_is_named() -> None:
    reply = said('{"level": "4"}', '{"level": "', "4", '"}', at={"4": {"4": 0.45, "5": 0.3, "2": 0.1, "3": 0.1}})
    found = read(reply, LEVELS)
    shares = {n: mass / 0.95 for n, mass in {2: 0.1, 3: 0.1, 4: 0.45, 5: 0.3}.items()}
    assert found.value == pytest.approx(sum((n - 1) / 4 * share for n, share in shares.items()), abs=1e-6)
    assert (found.level, found.met) == ("4", False)
    assert found.p == pytest.approx(shares[5], abs=1e-6)
    sure = read(said('{"level": 5}', '{"level": ', "5", "}", at={"5": {"5": 0.6, "1": 0.4}}), LEVELS)
    assert (sure.level, sure.met, sure.value) == ("5", True, 0.6)


def test_a_token_that_begins_two_labels_counts_for_neither() -> None:
    ten = AllowedAnswers(tuple(Level(label=str(n), value=(n - 1) / 9) for n in range(1, 11)))
    text = '{"level": "10"}'
    assert read(said(text, '{"level": "', "10", '"}', at={"10": {"10": 0.95, "9": 0.05}}), ten).value == pytest.approx(
        0.95 + 0.05 * 8 / 9, abs=1e-6
    )
    assert read(said(text, '{"level": "', "1", '0"}', at={"1": {"1": 0.95, "9": 0.05}}), ten).hard == "not_covered"


def test_abstaining_is_a_third_answer_and_no_half_of_a_yes() -> None:
    text, pieces = '{"met": "no"}', ['{"met": "', "no", '"}']
    unsure = read(said(text, *pieces, at={"no": {"no": 0.3, "yes": 0.3, "cannot": 0.4}}), MAY)
    assert (unsure.p, unsure.met, unsure.abstained) == (0.5, False, False)
    silent = read(said(text, *pieces, at={"no": {"no": 0.3, "cannot": 0.6, "c": 0.1}}), MAY)
    assert silent.columns() == {"id": "c1", "met": None, "abstained": True}
    level = read(
        said('{"level": "Full"}', '{"level": "', "Full", '"}', at={"Full": {"Full": 0.5, "Part": 0.25, "cannot": 0.2}}),
        NAMED,
    )
    assert level.level == "Full"
    assert level.value == pytest.approx((0.5 + 0.125) / 0.75, abs=1e-6)


masses_of = st.lists(st.floats(0, 1), min_size=1, max_size=5)


@given(masses_of, masses_of, st.sampled_from([PLAIN, LEVELS, NAMED, MAY]))
def test_probabilities_are_shares_and_met_level_and_p_agree(
    first: list[float], second: list[float], of: AllowedAnswers
) -> None:
    weights = [a + 1e-9 for a in (*first, *second)]
    labels = [answer.label for answer in answers(of)]
    pairs = list(zip(labels, weights, strict=False))
    total = sum(weight for _, weight in pairs)
    reply = json.dumps({of.field: "Partly" if of is NAMED else "3" if of is LEVELS else "no"})
    found = parse(TokenReply(reply, tuple((label, math.log(weight / total)) for label, weight in pairs)).stored(), of)
    assert found.hard is None
    if found.abstained:
        return
    assert found.p is not None
    assert found.value is not None
    assert 0 <= found.p <= found.value <= 1
    assert found.met is (found.p > 0.5) or abs(found.p - 0.5) < 1e-6
    if of.levels:
        assert (found.level == of.levels[-1].label) is found.met
    else:
        assert found.p == found.value


class Probable(Scripted):
    """A model whose probability of yes on a criterion "Says 0.7." is 0.7."""

    def __init__(self) -> None:
        super().__init__("")

    async def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        text = request.messages[0]["content"]
        if text == PROBE or "one criterion" not in text:
            return Completion("yes", tokens=[Token("yes", top(yes=0.9, no=0.1))])
        p = float(text.rpartition("Says ")[2][:3])
        word = "yes" if p > 0.5 else "no"
        if not request.top_logprobs:
            return Completion(f'{{"met": "{word}"}}')
        return said(f'{{"met": "{word}"}}', '{"met": "', word, '"}', at={word: {"yes": p + 1e-12, "no": 1 - p + 1e-12}})


def criteria(*texts: str, **columns: Any) -> tuple[Criterion, ...]:
    rows = [{"id": f"c{n}", "criterion": f"Says {text}.", "weight": 1, **columns} for n, text in enumerate(texts, 1)]
    return tuple(Criterion.model_validate(row) for row in rows)


def test_the_score_is_the_expectation_and_a_check_is_certain() -> None:
    rubric = Rubric.model_validate(
        {"id": "p", "criteria": [{"criterion": "Says 0.7.", "weight": 3}, {"criterion": "Says 0.2.", "weight": -1},
                                 {"criterion": "Is short.", "weight": 1, "check": {"words": {"max": 3}}}]}
    )  # fmt: skip
    row = asyncio.run(scored(PROMPT, rubric, RESPONSE, SoftJudge(model_of(Probable(), cache=None))))
    assert row.score == pytest.approx((3 * 0.7 - 0.2 + 1) / 4)
    assert [one.columns() for one in row.verdicts] == [
        {"id": "c1", "met": True, "p": 0.7, "value": 0.7},
        {"id": "c2", "met": False, "p": 0.2, "value": 0.2},
        {"id": "c3", "met": True},
    ]
    assert score(rubric.criteria, row.verdicts) == row.score


def test_a_veto_is_met_or_not_by_more_than_half() -> None:
    own = (*criteria("0.8"), *(one.model_copy(update={"id": "v"}) for one in criteria("0.6", role="veto")))
    met = [Verdict(id="c1", met=True, p=0.8, value=0.8), Verdict(id="v", met=True, p=0.6, value=0.6)]
    assert parts(own, met).score == pytest.approx(0.8)
    unmet = [met[0], Verdict(id="v", met=False, p=0.4, value=0.4)]
    assert (parts(own, unmet).score, parts(own, unmet).veto) == (0, ("v",))


def test_the_question_is_that_of_a_hard_judge_and_the_judge_is_another() -> None:
    hard, soft = Probable(), Probable()
    judges = [PerCriterionJudge(model_of(hard, cache=None)), SoftJudge(model_of(soft, cache=None))]
    for judge in judges:
        asyncio.run(judge.verdicts(PROMPT, criteria("0.7"), RESPONSE))
    assert hard.requests[-1].messages == soft.requests[-1].messages
    assert hard.requests[-1].schema == soft.requests[-1].schema
    assert hard.requests[-1].key() != soft.requests[-1].key()
    assert judges[0].judge_id != judges[1].judge_id
    assert judges[0].comparer_id == judges[1].comparer_id


def test_reasons_come_first_and_stay() -> None:
    reply = said('{"reason": "So.", "met": "yes"}', '{"reason": "So.", "met": "', "yes", '"}', at={"yes": YES})
    judge = SoftJudge(model_of(Scripted(reply), cache=None, args={"response_format": {}}), Templates().with_reasons())
    (found,) = asyncio.run(judge.verdicts(PROMPT, criteria("a"), RESPONSE))
    assert found.reason == "So."
    assert found.p == pytest.approx(0.78 / 0.98, abs=1e-6)


def test_of_samples_the_probability_is_the_mean() -> None:
    verdicts = [Verdict(id="c1", met=True, p=0.9, value=0.9), Verdict(id="c1", met=False, hard="not_covered")]
    found = majority(verdicts)
    assert (found.met, found.p, found.value) == (False, 0.45, 0.45)
    assert [vote.hard for vote in found.samples] == [None, "not_covered"]
    assert score(criteria("a"), [found]) == pytest.approx(0.45)
    assert RepeatedJudge([SoftJudge(model_of(Probable(), cache=None))]).soft


@pytest.mark.parametrize("verdict", [Verdict(id="c1", met=True, p=0.7), Vote(met=True, p=0.7)])
def test_a_probability_that_a_model_wrote_beside_its_answer_is_not_counted(verdict: Any) -> None:
    assert verdict.share == verdict.decided == 1


def test_who_is_best_is_found_with_fewer_questions_and_is_who_scoring_all_finds() -> None:
    texts = [f"Answer {n}." for n in range(6)]
    rubric = Rubric(id="p", criteria=criteria("a", "b", "c", "d"))
    pool = [Response(id=f"r{n}", prompt_id="p", response=text) for n, text in enumerate(texts)]

    class Drawn(Probable):
        async def complete(self, request: Request) -> Completion:
            text = request.messages[0]["content"]
            if "one criterion" not in text:
                return await super().complete(request)
            self.requests.append(request)
            place = next(n for n, answer in enumerate(texts) if answer in text)
            p = ((place * 37 + ord(text.rpartition("Says ")[2][0]) * 23) % 89 + 5) / 100
            return said('{"met": "no"}', '{"met": "', "no", '"}', at={"no": {"yes": p, "no": 1 - p}})

    judge = SoftJudge(model_of(Drawn(), cache=None))
    kept = asyncio.run(judge_top_k(PROMPT, rubric, pool, judge, options=TopKOptions(k=2)))
    all_rows = [asyncio.run(scored(PROMPT, rubric, row, judge)) for row in pool]
    best = sorted(all_rows, key=lambda row: -row.score)[:2]
    assert [row.id for row in kept.rows] == [row.id for row in best]
    assert kept.questions <= kept.questions_in_full
    assert ties_are_clear(rubric.criteria, soft=True)


@pytest.mark.parametrize(
    ("spec", "options", "told"),
    [("m@http://127.0.0.1:9/v1", {"soft": True}, "judge per criterion"),
     ("offline", {"soft": True, "judging": "per-criterion"}, "gives no probabilities")],
)  # fmt: skip
def test_it_is_refused_where_there_are_no_probabilities(spec: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        asyncio.run(build_judge(spec, **options))


def files(shell: Shell, *replies: str) -> list[Any]:
    rubrics = shell.write("k.jsonl", [{"id": "*", "criteria": [{"criterion": "Says a.", "weight": 1}]}])
    rows = [
        {"id": f"r{n}", "prompt_id": "p", "prompt": "Why?", "response": f"Answer {n}."} for n in range(len(replies))
    ]
    recorded = [{"contains": [f"Answer {n}."], "reply": reply} for n, reply in enumerate(replies)]
    judge = f"replay:{shell.write('replies.jsonl', recorded)}"
    return [
        shell.write("r.jsonl", rows),
        "--rubrics",
        rubrics,
        "--judge",
        judge,
        "--judging",
        "per-criterion",
        "--soft",
    ]


def test_score_counts_the_verdicts_that_stayed_hard(shell: Shell) -> None:
    soft = TokenReply('{"met": "yes"}', top(yes=0.8, no=0.2)).stored()
    given = files(shell, soft, TokenReply('{"met": "yes"}', top(maybe=0.9)).stored(), '{"met": "no"}')
    ran = shell("score", *given, "--summary", "s.json")
    assert ran.code == 0, ran.err
    assert [row["score"] for row in ran.rows] == [0.8, 1, 0]
    assert [row["verdicts"][0].get("hard") for row in ran.rows] == [None, "not_covered", "no_logprobs"]
    assert "score: of 3 verdicts 2 are hard, yes or no alone: 1 have too little probability" in ran.err
    figures = json.loads((shell.directory / "s.json").read_text())
    assert (figures["soft_verdicts"], figures["hard_verdicts"]) == (1, {"not_covered": 1, "no_logprobs": 1})


def test_soft_needs_judging_per_criterion_and_rubrics(shell: Shell) -> None:
    given = files(shell, '{"met": "yes"}')
    ran = shell("score", *given[:-3], "--soft")
    assert ran.code == 2
    assert "--judging per-criterion" in ran.err
    ran = shell("winrate", given[0], given[0], *given[3:])
    assert ran.code == 2
    assert "--soft needs --rubrics" in ran.err
