"""Options of judges that change nothing where they find nothing to change, and no verdict that counts as another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, get_args

import pytest
from fakes import WordJudge
from hypothesis import given, settings
from hypothesis import strategies as st

from rubrictool import Escalation, Panel
from rubrictool.errors import RowFailure
from rubrictool.judging.repeated_judge import RepeatedJudge
from rubrictool.judging.votes import PanelRule
from rubrictool.rows.records import Criterion, Prompt, Response, Rubric, Score
from rubrictool.rows.verdicts import Verdict
from rubrictool.steps.score import score

PROMPT, RESPONSE = Prompt(id="p", prompt="Why?"), Response(id="r", prompt_id="p", response="Because.")

LEVELS = [{"label": label, "value": value} for label, value in (("low", 0), ("mid", 0.4), ("high", 1))]


class Given(WordJudge):
    """A judge whose verdicts are given, by the ids of criteria."""

    def __init__(self, verdicts: Sequence[Verdict], name: str = "given", *, soft: bool = False) -> None:
        super().__init__()
        self.name, self.soft, self.abstains, self._verdicts = name, soft, True, {one.id: one for one in verdicts}

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:  # noqa: ARG002
        return [self._verdicts[criterion.id] for criterion in criteria]


class Case:
    """A rubric, and verdicts on it of a judge that never abstains."""

    def __init__(self, criteria: Sequence[tuple[float, bool, int]]) -> None:
        rows: list[dict[str, Any]] = [
            {"criterion": f"Point {n}.", "weight": weight, **({"levels": LEVELS} if scaled else {})}
            for n, (weight, scaled, _) in enumerate(criteria)
        ]
        self.rubric = Rubric.model_validate({"id": "p", "criteria": rows})
        self.verdicts = [_verdict(one, said) for one, (*_, said) in zip(self.rubric.criteria, criteria, strict=True)]


def _verdict(criterion: Criterion, said: int) -> Verdict:
    if not criterion.levels:
        return Verdict(id=criterion.id, met=said > 0)
    level = LEVELS[said]
    return Verdict(id=criterion.id, met=said == 2, **level_columns(level))


def level_columns(level: dict[str, Any]) -> dict[str, Any]:
    return {"level": level["label"], "value": level["value"]}


WEIGHTS = st.sampled_from([-2.0, -0.5, 0.3, 1.0, 4.0])

CASES = (
    st.lists(st.tuples(WEIGHTS, st.booleans(), st.integers(0, 2)), min_size=1, max_size=6)
    .filter(lambda criteria: any(weight > 0 for weight, *_ in criteria))
    .map(Case)
)


def judged(judge: Any, rubric: Rubric) -> Score:
    return asyncio.run(score(PROMPT, rubric, RESPONSE, judge))


@settings(max_examples=25, deadline=None)
@given(CASES, st.sampled_from(get_args(PanelRule)), st.integers(2, 4))
def test_judges_who_say_the_same_make_a_panel_that_scores_as_each_of_them(
    case: Case, rule: PanelRule, members: int
) -> None:
    panel = Panel([Given(case.verdicts, f"j{n}") for n in range(members)], rule)
    alone = judged(Given(case.verdicts), case.rubric)
    assert judged(panel, case.rubric).score == pytest.approx(alone.score, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(CASES)
def test_where_nothing_is_in_doubt_an_escalation_and_alike_samples_score_as_the_judge_alone(case: Case) -> None:
    cheap = Given(case.verdicts)
    other = Given([_verdict(one, 0) for one in case.rubric.criteria], "strong")
    alone = judged(cheap, case.rubric).score
    assert judged(Escalation(cheap, other), case.rubric).score == alone
    assert judged(RepeatedJudge([cheap] * 3), case.rubric).score == pytest.approx(alone)


@settings(max_examples=25, deadline=None)
@given(CASES)
def test_a_soft_judge_that_is_certain_scores_as_a_hard_one(case: Case) -> None:
    certain = [one.model_copy(update={"p": float(bool(one.met)), "value": one.share}) for one in case.verdicts]
    assert judged(Given(certain, soft=True), case.rubric).score == judged(Given(case.verdicts), case.rubric).score


@settings(max_examples=25, deadline=None)
@given(CASES, st.integers(0, 63))
def test_a_criterion_on_which_the_judge_abstains_counts_as_if_the_rubric_lacked_it(case: Case, open_ones: int) -> None:
    kept = [not open_ones >> place & 1 for place in range(len(case.verdicts))]
    said = [
        one if is_kept else Verdict(id=one.id, met=None, abstained=True)
        for one, is_kept in zip(case.verdicts, kept, strict=True)
    ]
    rest = [one for one, is_kept in zip(case.rubric.criteria, kept, strict=True) if is_kept]
    if not any(criterion.weight > 0 for criterion in rest):
        with pytest.raises(RowFailure, match="cannot tell"):
            judged(Given(said), case.rubric)
        return
    without = judged(Given(case.verdicts), case.rubric.model_copy(update={"criteria": tuple(rest)})).score
    row, whole = judged(Given(said), case.rubric), judged(Given(case.verdicts), case.rubric)
    if all(kept):
        assert row == whole
        return
    low, high = row.columns()["score_low"], row.columns()["score_high"]
    assert row.score == pytest.approx(min(max(without, low), high)), "no score is outside of what it could become"
    assert low - 1e-9 <= whole.score <= high + 1e-9
