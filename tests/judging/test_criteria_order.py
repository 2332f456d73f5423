"""Criteria in a drawn order: the same in every run, another for each response, and what the order does is measured."""

from __future__ import annotations

import asyncio
import json
import random
import re
from typing import Any

import pytest
from fakes import Scripted, model_of
from shell import Shell

from rubrictool.analysis.comparisons.win_rate import win_rate
from rubrictool.analysis.noise.signal import signal
from rubrictool.errors import InputError
from rubrictool.judging.build import judge as build_judge
from rubrictool.judging.model_backed import ModelJudge
from rubrictool.judging.repeated_judge import RepeatedJudge
from rubrictool.models.backend import Completion, Request
from rubrictool.rows.comparisons import Comparison
from rubrictool.rows.records import Prompt, Response, Rubric
from rubrictool.rows.verdicts import Verdict

PROMPT = Prompt(id="p", prompt="Why?")
TEXTS = [f"Says {letter}." for letter in "abcdef"]
RUBRIC = Rubric.model_validate({"id": "p", "criteria": [{"criterion": text, "weight": 1} for text in TEXTS]})


class OrderBackend(Scripted):
    """A model for which a criterion is met where its letter is in the response; `first` of those shown are met in any case."""

    def __init__(self, first: int = 0) -> None:
        super().__init__("")
        self._first = first
        self.orders: list[list[str]] = []

    async def complete(self, request: Request) -> Completion:
        text = request.messages[0]["content"]
        shown = re.findall(r"^(c\d+): Says (.)\.", text, re.MULTILINE)
        if not shown:
            return Completion("{}")
        self.orders.append([letter for _, letter in shown])
        response = re.findall(r"<response-.*?>\n(.*?)\n</response", text, re.DOTALL)[-1]
        said = {c: "yes" if n < self._first or letter in response else "no" for n, (c, letter) in enumerate(shown)}
        return Completion(json.dumps(said))


def judged(
    backend: OrderBackend, response: str = "ace", name: str = "r", *, shuffle: bool = True, sample: int = 0
) -> list[Verdict]:
    judge = ModelJudge(model_of(backend, cache=None), shuffle_criteria=shuffle, sample=sample)
    return asyncio.run(judge.verdicts(PROMPT, RUBRIC.criteria, Response(id=name, prompt_id="p", response=response)))


def test_each_response_and_sample_has_an_order_of_its_own_that_is_the_same_in_every_run() -> None:
    backend = OrderBackend()
    for name, sample in (("r1", 0), ("r2", 0), ("r1", 1), ("r1", 0)):
        found = judged(backend, name=name, sample=sample)
        assert [(one.id, one.met) for one in found] == [(f"c{n}", n % 2 == 1) for n in range(1, 7)]
    first, second, third, again = backend.orders
    assert first == again
    assert len({tuple(first), tuple(second), tuple(third)}) == 3
    assert all(sorted(order) == list("abcdef") for order in backend.orders)


def test_a_verdict_has_the_place_at_which_its_criterion_was_shown_and_none_without_shuffling() -> None:
    backend = OrderBackend()
    found = judged(backend)
    assert [one.place for one in found] == [backend.orders[0].index(letter) + 1 for letter in "abcdef"]
    assert "place" not in judged(OrderBackend(), shuffle=False)[0].columns()


def test_without_shuffling_the_criteria_stand_as_in_the_rubric() -> None:
    backend = OrderBackend()
    judged(backend, shuffle=False)
    assert backend.orders == [list("abcdef")]


def test_shuffling_is_another_way_of_judging_and_refused_where_there_is_no_order() -> None:
    plain, shuffled = (ModelJudge(model_of(Scripted(""), cache=None), shuffle_criteria=so) for so in (False, True))
    assert plain.judge_id != shuffled.judge_id
    assert plain.comparer_id == shuffled.comparer_id
    for spec, judging in (("offline", "all-at-once"), ("m@http://127.0.0.1:9/v1", "per-criterion")):
        with pytest.raises(InputError, match="no order to shuffle"):
            asyncio.run(build_judge(spec, judging=judging, shuffle_criteria=True))


def rows(first: int, *, samples: int = 1, prompts: int = 12) -> list[dict[str, Any]]:
    draws, found = random.Random(1), []
    for prompt in range(prompts):
        for number in range(4):
            text = "".join(letter for letter in "abcdef" if draws.random() < 0.5) or "a"
            judges = [
                ModelJudge(model_of(OrderBackend(first), cache=None), shuffle_criteria=True, sample=sample)
                for sample in range(samples)
            ]
            judge = RepeatedJudge(judges) if samples > 1 else judges[0]
            response = Response(id=f"{prompt}-{number}", prompt_id="p", response=text)
            verdicts = asyncio.run(judge.verdicts(PROMPT, RUBRIC.criteria, response))
            found.append(
                {"prompt_id": f"p{prompt}", "id": response.id, "response": text, "judge": "m", "judging": "all-at-once"}
                | {"rubric": "r", "score": 0.5, "verdicts": [one.columns() for one in verdicts]}
            )
    return found


@pytest.mark.parametrize("samples", [1, 2])
def test_signal_finds_a_judge_that_says_yes_to_what_comes_first(samples: int) -> None:
    report = signal(rows(2, samples=samples, prompts=8))
    (effect,) = report.orders.values()
    assert effect.effect.below(-0.1)
    assert (effect.n, effect.prompts) == (8 * 4 * 6 * samples, 8)
    (row,) = [row for row in report.rows() if row["kind"] == "criteria order"]
    assert row["order_effect_low"] < row["order_effect"] < row["order_effect_high"] < 0


def test_signal_finds_nothing_of_a_judge_that_reads_all_alike_and_says_nothing_without_places() -> None:
    (effect,) = signal(rows(0)).orders.values()
    assert effect.effect.contains(0)
    plain = [{**row, "verdicts": [{"id": one["id"], "met": one["met"]} for one in row["verdicts"]]} for row in rows(0)]
    assert not signal(plain).orders


def comparisons(*orders: str) -> list[Comparison]:
    base = {"a": "a", "b": "b", "judge": "j"}
    return [
        Comparison.model_validate(
            {**base, "prompt_id": f"p{n}", "winner": ab if ab == ba else "tie", "orders": {"ab": ab, "ba": ba}}
        )
        for n, order in enumerate(orders)
        for ab, ba in [(order[0], order[1])]
    ]


def test_the_position_effect_is_the_difference_of_the_rates_with_an_interval() -> None:
    biased = win_rate(comparisons(*["ab"] * 15, *["aa"] * 10, *["bb"] * 5))
    assert biased.win_rate_ab is not None
    assert biased.win_rate_ba is not None
    assert biased.position_effect == pytest.approx(biased.win_rate_ab - biased.win_rate_ba) == pytest.approx(0.5)
    assert biased.position_effect_low is not None
    assert biased.position_effect_high is not None
    assert 0 < biased.position_effect_low < 0.5 < biased.position_effect_high <= 1
    fair = win_rate(comparisons(*["aa"] * 10, *["bb"] * 10, "ab", "ba"))
    assert fair.position_effect == 0
    assert fair.position_effect_low is not None
    assert fair.position_effect_low < 0


def test_winrate_says_where_the_judge_favours_a_place(shell: Shell) -> None:
    biased = shell.write("biased.jsonl", [row.columns() for row in comparisons(*["ab"] * 20, *["aa"] * 5)])
    assert "the judge favours the response shown first" in shell("winrate", biased).err
    fair = shell.write("fair.jsonl", [row.columns() for row in comparisons(*["aa"] * 20, *["bb"] * 5)])
    assert "position effect" not in shell("winrate", fair).err


def test_signal_tells_the_effect_to_people(shell: Shell) -> None:
    ran = shell("signal", shell.write("scores.jsonl", rows(2)))
    assert "that of a criterion shown first: -" in " ".join(ran.err.split())
