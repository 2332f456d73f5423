"""Signal, noise and decisions of a benchmark: golden figures, steps, subsets chosen on other models, coverage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rubrictool.analysis.benchmarks.benchmark_rows import ModelTable
from rubrictool.analysis.benchmarks.benchmark_signal import BenchmarkReport, SubsetFigures, benchmark_signal
from rubrictool.analysis.benchmarks.model_decisions import ModelDecisions
from rubrictool.analysis.estimators.resampling import Array
from rubrictool.errors import InputError

GOLDEN = Path(__file__).parents[2] / "golden"
SCORES, REFERENCE = (str(GOLDEN / f"benchmark_{name}.jsonl") for name in ("scores", "reference"))
Rows = list[dict[str, Any]]


def of(report: BenchmarkReport, name: str = "all") -> SubsetFigures:
    return next(one for (several,) in [report.subsets.values()] for one in several if one.name == name)


def rows(scores: Any, **columns: Any) -> Rows:
    """Score rows from an array of shape (steps, prompts, models)."""
    return [
        {"prompt_id": f"p{p}", "id": f"{s}-{p}-{m}", "model": f"m{m}", "step": int(s), "score": float(scores[s, p, m])}
        | columns
        for s, p, m in np.ndindex(*np.shape(scores))
    ]


def test_the_golden_scores_give_the_golden_figures() -> None:
    expected = json.loads((GOLDEN / "benchmark_expected.json").read_text())
    report = benchmark_signal(SCORES, against=REFERENCE, subset="subset")
    for name, figures in expected.items():
        if name != "by_snr":
            one = of(report, name)
            assert one.accuracy
            assert one.averaged
            found = (one.models, one.signal, one.noise, one.snr, one.accuracy.value, one.averaged.value)
            names = ("models", "signal", "noise", "snr", "decision_accuracy_last", "decision_accuracy_mean_of_last_5")
            assert found == pytest.approx([figures[key] for key in names], abs=6e-5)
    (unions,) = report.unions.values()
    assert [list(one.subsets) for one in unions] == [one["subsets"] for one in expected["by_snr"]]
    assert [one.snr for one in unions] == pytest.approx([one["snr"] for one in expected["by_snr"]], abs=6e-5)


def test_a_tie_of_the_benchmark_is_half_right_whichever_model_comes_first() -> None:
    tied, one, other = (rows(np.array([[[a, b]] * 5])) for a, b in ((1, 1), (1, 2), (2, 1)))
    for against in (one, other):
        found = of(benchmark_signal(tied, against=against)).accuracy
        assert found
        assert found.value == 0.5
    assert of(benchmark_signal(one, against=tied)).pairs == 0, "pairs that the reference ties are left out"


def test_steps_are_ordered_as_numbers_and_the_last_count() -> None:
    scores = rows(np.array([[[0.9, 0.1]] * 5, [[0.5, 0.4]] * 5, [[0.6, 0.4]] * 5]))
    for row in scores:
        row["step"] = [9, 10, 100][row["step"]]
    one = of(benchmark_signal(scores[::-1], last=2))
    assert one.steps == 2
    assert one.signal == pytest.approx(0.4)
    assert one.noise == pytest.approx((((0.05 / 0.55) ** 2) / 2) ** 0.5)


def test_prompts_that_a_model_lacks_are_left_out_and_a_failed_judgement_is_no_zero() -> None:
    scores = rows(np.full((1, 6, 2), 0.5))
    scores[0]["score"] = None
    report = benchmark_signal([row for row in scores if row["id"] != "0-1-1"])
    assert of(report).prompts == 4
    assert report.notes == (
        "prompts left out that not all models have a score for at each of their last steps: 2",
        "no model has two steps (column step), so there is no noise",
    )


def test_models_that_the_reference_lacks_are_left_out_and_counted() -> None:
    scores = rows(np.array([[[0.2, 0.4, 0.9]] * 5]))
    report = benchmark_signal(scores, against=[row for row in scores if row["model"] != "m2"])
    assert (of(report).models, of(report).pairs) == (2, 1)
    assert "models left out that the reference does not have: 1" in report.notes


def test_relative_figures_need_means_above_0() -> None:
    one = of(benchmark_signal(rows(np.array([[[0.5, -0.1]] * 5] * 2))))
    assert (one.signal, one.noise, one.snr) == (None, None, None)
    assert one.means


def test_a_subset_that_only_looks_good_among_the_models_that_chose_it_loses_on_the_others() -> None:
    """One subset tells all models apart; the range of the other is that of one model, the first."""
    draws = np.random.default_rng(3)
    honest = 0.5 + 0.02 * np.arange(8) + draws.normal(scale=0.01, size=(5, 10, 8))
    odd = 0.5 + np.array([0.4] + [0.0] * 7) + draws.normal(scale=0.01, size=(5, 10, 8))
    scores = rows(honest, subset="honest") + [
        row | {"prompt_id": "o" + row["prompt_id"]} for row in rows(odd, subset="odd")
    ]
    reference = rows(0.5 + 0.02 * np.arange(8) * np.ones((1, 10, 1)))
    (unions,) = benchmark_signal(scores, against=reference, subset="subset").unions.values()
    assert unions[0].subsets == ("odd",)
    assert unions[0].splits == 70
    assert (unions[0].snr or 0) > 2 * (unions[0].held_out_snr or 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": None}, "model: field required, to compare models"),
        ({"step": [1]}, "step: must be a number or a text"),
        ({"step": None}, "step: 1 rows have no step, others do; add it"),
        ({"subset": None}, "subset: must name the subset of the prompt"),
        ({"model": "m0"}, "nothing to compare"),
    ],
)
def test_rows_that_cannot_be_compared_are_refused(change: dict[str, Any], message: str) -> None:
    scores = rows(np.full((1, 1, 2), 0.5), subset="s")
    with pytest.raises(InputError, match=message):
        benchmark_signal([scores[0], scores[1] | change], subset="subset")


def test_intervals_of_decision_accuracy_hold_that_of_very_many_prompts() -> None:
    """Five models, two of them the wrong way round by as much as they differ: 9 of 10 pairs are decided rightly."""
    draws, held = np.random.default_rng(1), 0
    for _ in range(20):
        prompts = draws.normal(scale=0.5, size=(1, 40, 1))
        scores, gold = (_table(prompts + np.array(means) / 10, draws) for means in ((0, 1, 3, 2, 4), (0, 1, 2, 3, 4)))
        found = ModelDecisions(scores, gold).figure(0)
        held += found is not None and found.contains(0.9)
    assert held >= 17


def _table(means: Array, draws: np.random.Generator) -> ModelTable:
    names = tuple(f"p{place}" for place in range(means.shape[1]))
    return ModelTable(names, tuple("abcde"), names, means + draws.normal(scale=0.3, size=means.shape))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({0: ("m0", "p0"), 1: ("m1", "p1"), 2: ("m1", "p2")}, "3 scores are missing, most of them of 'm1' (2)"),
        ({0: ("m0", "p0"), 1: ("m0", "p1"), 2: ("m1", "p2")}, "3 scores are missing, most of them of 'm0' (2)"),
    ],
)
def test_scores_that_miss_here_and_there_are_named_by_what_is_missing(
    change: dict[int, tuple[str, str]], words: str
) -> None:
    given = rows(np.full((1, 3, 2), 0.5))
    for scattered in (
        [row for row in given if (row["model"], row["prompt_id"]) not in change.values()],
        [row | ({"score": None} if (row["model"], row["prompt_id"]) in change.values() else {}) for row in given],
    ):
        with pytest.raises(InputError, match="no prompt has a score of each of the 2 models") as refused:
            benchmark_signal(scattered)
        assert words in str(refused.value)
        with pytest.raises(InputError, match="against: no prompt has a score of each of the 2 models"):
            benchmark_signal(given, against=scattered)
    with pytest.raises(InputError, match="no judge has scores of two models"):
        benchmark_signal([row for row in given if row["model"] == "m0"])
    broken = [row | {"judge": "broken"} for row in scattered]
    report = benchmark_signal([*(row | {"judge": "whole"} for row in given), *broken])
    assert [judge for judge, _ in report.subsets] == ["whole"]
    assert any("no figures of broken: no prompt has" in note for note in report.notes)


@pytest.mark.parametrize(
    ("steps", "told"),
    [((1, 2, 10), ""), (("1", "2", "10"), ""), ((1, "late", 2), "m0, m1"), (("a", "b", "c"), "m0, m1")],
)
def test_steps_that_are_not_all_numbers_are_told_to_stand_as_their_rows_do(steps: tuple[Any, ...], told: str) -> None:
    given = [row | {"step": steps[row["step"]]} for row in rows(np.arange(1, 13).reshape(3, 2, 2))]
    notes = [note for note in benchmark_signal(given).notes if "order of their rows" in note]
    assert [note.rpartition(": ")[2] for note in notes] == ([told] if told else [])


def test_every_figure_that_is_null_has_its_reason() -> None:
    below = np.linspace(0.1, 0.9, 24).reshape(2, 6, 2)
    below[0, :, 1] = -0.25
    still = np.repeat(below[1:], 2, axis=0)
    for scores, none, reason in (
        (below, (True, True, True), "the mean of m1 is -0.25 at one of its last steps"),
        (below[1:], (False, True, True), "no model has two steps"),
        (still, (False, False, True), "the steps of a model do not differ"),
        (np.abs(below), (False, False, False), ""),
    ):
        found = of(benchmark_signal(rows(scores)))
        assert tuple(one is None for one in (found.signal, found.noise, found.snr)) == none
        assert (reason in found.reason, found.columns()["reason"]) == (True, found.reason or None)
