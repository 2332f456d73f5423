"""JudgingMode with an early stop keeps what full scoring keeps, and asks only what it must."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rubrictool.errors import InputError, ModelFailure
from rubrictool.rows.records import Criterion, JudgingMode, Prompt, Response, Rubric, Score
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.weights import score as share
from rubrictool.select.early_stop import JudgedTopK, judge_top_k
from rubrictool.select.ranking import Kept, best
from rubrictool.select.score_bounds import highest_score, ties_are_clear
from rubrictool.select.top_k import TopKOptions
from rubrictool.steps.score import score_pool

PROMPT = Prompt(id="p", prompt="?")

WEIGHTS: Sequence[Sequence[float]] = [
    [1, 2, 3],
    [1],
    [3, 2, 1, -1, -2],
    [0.1, 0.2, 0.3, 0.7],
    [5, -10, 7, 3],
    [1, 1 + 1e-9, 1 - 7e-10],
    [1, 3e-10, 6e-10, -4e-10],
    [1e-12, 1, 1e12],
]
"""From what people write to weights that put scores closer together than a tie."""


@dataclass
class TableJudge:
    """A judge that reads its verdicts from the response: a letter for each criterion, + met, - not, ! a failure.

    Whom it answers first is drawn with the seed.
    """

    judging: JudgingMode = "per-criterion"
    seed: int = 0
    name: str = "table"
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        assert prompt.id == response.prompt_id
        self.asked += [(response.id, criterion.id) for criterion in criteria]
        for _ in range(random.Random(f"{self.seed} {self.asked[-1]}").randrange(4)):
            await asyncio.sleep(0)
        letters = [response.response[int(criterion.id[1:]) - 1] for criterion in criteria]
        if "!" in letters:
            raise ModelFailure("unreadable", "no verdict")
        return [Verdict(id=c.id, met=letter == "+") for c, letter in zip(criteria, letters, strict=True)]


@dataclass(frozen=True)
class Case:
    """A prompt's rubric and pool, and who is wanted of it."""

    rubric: Rubric
    pool: list[Response]
    k: int = 1
    seed: int = 0
    judging: JudgingMode = "per-criterion"
    distinct: bool = False

    def value(self, row: Response) -> object:
        return row.model if self.distinct else row.id

    async def raced(self, judge: TableJudge) -> JudgedTopK:
        options = TopKOptions(self.k, "model" if self.distinct else None, self.seed)
        return await judge_top_k(PROMPT, self.rubric, self.pool, judge, options=options)

    async def fully_scored(self) -> list[Kept[Score]]:
        scores, _ = await score_pool(PROMPT, self.rubric, self.pool, TableJudge(self.judging))
        return best(scores, self.k, seed=self.seed, distinct=self.value)

    def run(self, *, order: int = 0) -> tuple[JudgedTopK, TableJudge]:
        """The race, and the judge after it."""
        judge = TableJudge(self.judging, seed=order)
        return asyncio.run(self.raced(judge)), judge


def drawn_case(number: int) -> Case:
    """One of endlessly many cases, the same for the same number."""
    draw = random.Random(number)
    weights = draw.choice(WEIGHTS)
    criteria = [_criterion(draw, place, weights) for place in range(1, draw.randint(2, 7))]
    rubric = Rubric(id="p", criteria=(Criterion(criterion="first", weight=max(weights)), *criteria))
    letters = draw.choice(["+-", "+++-", "+", "+-", "+--", "+++++-!"])
    texts = ["".join(draw.choice(letters) for _ in rubric.criteria) for _ in range(draw.randint(1, 9))]
    pool = [Response(id=str(n), prompt_id="p", model=draw.choice("abc"), response=text) for n, text in enumerate(texts)]
    judging: JudgingMode = draw.choice(["per-criterion", "per-criterion", "all-at-once"])
    return Case(rubric, pool, draw.randint(1, 4), draw.randrange(5), judging, draw.random() < 0.4)


def finest_case(number: int) -> Case:
    """One in which scores are so close that the border of a tie hangs on who else is there."""
    draw = random.Random(number)
    weights = [1.0, *(draw.choice([4e-10, 6e-10, 9e-10, 1e-9, 1.5e-9]) for _ in range(4))]
    texts = ["".join(draw.choice("+-") for _ in weights) for _ in range(draw.randint(4, 6))]
    models = "".join(draw.choice("mno") for _ in texts)
    return replace(simple(*texts, weights=weights, k=draw.randint(1, 3), models=models), seed=draw.randrange(4))


def _criterion(draw: random.Random, place: int, weights: Sequence[float]) -> Criterion:
    kind = draw.random()
    columns = {"role": "veto"} if kind < 0.1 else {"check": {"contains": ["++"]}} if kind < 0.25 else {}
    return Criterion.model_validate({"criterion": f"number {place}", "weight": draw.choice(weights), **columns})


def simple(*texts: str, weights: Sequence[float] = (3, 2, 1), k: int = 1, models: str = "") -> Case:
    """A case in which responses a, b, ... meet what their texts say."""
    rubric = Rubric(id="p", criteria=tuple(Criterion(criterion=str(n), weight=w) for n, w in enumerate(weights)))
    pool = [
        Response(id=name, prompt_id="p", model=model, response=text)
        for name, model, text in zip("abcdefghij", models or "mmmmmmmmmm", texts, strict=False)
    ]
    return Case(rubric, pool, k, distinct=bool(models))


@pytest.mark.parametrize("block", range(5))
@pytest.mark.parametrize(("cases", "count"), [(drawn_case, 50), (finest_case, 20)])
def test_a_race_keeps_whom_full_scoring_keeps_in_hundreds_of_cases(
    cases: Callable[[int], Case], count: int, block: int
) -> None:
    async def all_cases() -> None:
        for number in range(count * block, count * (block + 1)):
            one = cases(number)
            judge = TableJudge(one.judging, seed=number)
            raced, full = await one.raced(judge), await one.fully_scored()
            assert [kept.row for kept in raced.kept] == [kept.row for kept in full], number
            assert max(Counter(judge.asked).values(), default=1) == 1, (
                "nothing is asked twice, so never more than in full"
            )
            assert raced.questions <= raced.questions_in_full
            assert all(a.drawn_from >= b.drawn_from for a, b in zip(raced.kept, full, strict=True)), number

    asyncio.run(all_cases())


def test_what_is_asked_does_not_depend_on_whose_answers_come_first() -> None:
    for number in range(30):
        one = drawn_case(number)
        if not any("!" in row.response for row in one.pool):
            assert len({frozenset(one.run(order=order)[1].asked) for order in range(4)}) == 1, number


def test_a_clear_winner_is_all_that_is_judged_to_the_end() -> None:
    raced, judge = simple("+++", "-++", "-++", "-++").run()
    assert [kept.row.id for kept in raced.kept] == ["a"]
    assert Counter(name for name, _ in judge.asked)["a"] == 3
    assert (raced.questions, raced.questions_in_full) == (len(judge.asked), 12)
    assert all(criterion == "c1" for name, criterion in judge.asked if name != "a")


def test_the_heaviest_criteria_and_vetoes_are_asked_about_first() -> None:
    one = simple("-----", weights=(1, -5, 3, 2, 1))
    criteria = (*one.rubric.criteria[:4], one.rubric.criteria[4].model_copy(update={"role": "veto"}))
    _, judge = replace(one, rubric=one.rubric.model_copy(update={"criteria": criteria})).run()
    assert [name for _, name in judge.asked] == ["c5", "c2", "c3", "c4", "c1"]


def test_who_is_sure_of_a_place_is_asked_everything_at_once() -> None:
    class Counting(TableJudge):
        most = now = 0

        async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.001)
            self.now -= 1
            return await super().verdicts(prompt, criteria, response)

    judge = Counting()
    asyncio.run(simple("+++", "+-+", k=2).raced(judge))
    assert judge.most == 6


def test_checks_alone_may_leave_nothing_to_ask() -> None:
    criteria = (
        Criterion(criterion="checked", weight=3, check={"contains": ["+"]}),  # type: ignore[arg-type]
        Criterion(criterion="judged", weight=1),
    )
    pool = [Response(id=name, prompt_id="p", response=text) for name, text in [("a", "?+"), ("b", "??"), ("c", "??")]]
    raced, judge = Case(Rubric(id="p", criteria=criteria), pool).run()
    assert [kept.row.id for kept in raced.kept] == ["a"]
    assert judge.asked == [("a", "c2")]


def test_a_response_whose_judgement_fails_is_out_and_the_next_best_takes_its_place() -> None:
    failed: list[str] = []
    one = simple("++!", "+--", "---")
    raced = asyncio.run(
        judge_top_k(
            PROMPT,
            one.rubric,
            one.pool,
            TableJudge(),
            options=TopKOptions(1),
            on_failure=lambda row, _: failed.append(row.id),
        )
    )
    assert ([kept.row.id for kept in raced.kept], failed) == (["b"], ["a"])


def test_asked_together_whole_responses_are_saved() -> None:
    raced, judge = replace(simple("+++", "+++", "+++", "+++"), judging="all-at-once").run()
    assert (raced.questions, raced.questions_in_full, len(judge.asked)) == (1, 4, 3)
    assert raced.kept[0].drawn_from == 4, "those that were not asked may have tied"


def test_of_one_value_only_the_best_is_judged_to_the_end() -> None:
    raced, judge = simple("+++", "-++", "--+", models="mmn", k=2).run()
    assert [kept.row.id for kept in raced.kept] == ["a", "c"]
    assert {name for name, criterion in judge.asked if criterion == "c3"} == {"a", "c"}


def test_what_is_wrong_with_the_set_up_ends_the_race() -> None:
    class Refused(TableJudge):
        async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
            raise InputError(f"no key for {response.id} of {prompt.id}, {len(criteria)}")

    with pytest.raises(InputError, match="no key"):
        asyncio.run(simple("+++", "+++", k=2).raced(Refused()))


@pytest.mark.parametrize(
    ("weights", "clear"),
    [
        ([1, 2, 3], True),
        ([0.1, 0.2, 0.3], True),
        ([5, -10, 7], True),
        ([1, 1.000000001], False),
        ([1e-12, 1, 1e12], False),
        ([1e308, 1e-308], False),
    ],
)
def test_weights_that_people_write_leave_no_doubt_about_ties(weights: list[float], clear: bool) -> None:
    assert ties_are_clear([Criterion(criterion="?", weight=weight) for weight in weights]) is clear


@given(st.lists(st.tuples(st.sampled_from(WEIGHTS[2] + WEIGHTS[3]), st.booleans(), st.booleans(), st.booleans())))  # type: ignore[operator]
@settings(max_examples=100, deadline=None)
def test_no_score_is_above_its_highest_score(drawn: list[tuple[float, bool, bool, bool]]) -> None:
    criteria = [
        Criterion(id=str(n), criterion="?", weight=w, role="veto" if veto else "score")
        for n, (w, veto, _, _) in enumerate(drawn)
    ] + [Criterion(id="last", criterion="?", weight=1)]
    verdicts = {c.id: Verdict(id=c.id, met=met) for c, (_, _, met, _) in zip(criteria, drawn, strict=False)}
    verdicts["last"] = Verdict(id="last", met=False)
    known = {c.id: verdicts[c.id] for c, (_, _, _, told) in zip(criteria, drawn, strict=False) if told}
    full = share(criteria, list(verdicts.values()))
    assert highest_score(criteria, known) >= full
    assert highest_score(criteria, verdicts) == full
