"""rubrictool signal, from score rows judged again and again to figures, rows and words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from shell import Ran, Rows, Shell

from rubrictool.records import Rubric
from rubrictool.rubrics import rubric_hash

CRITERIA: list[dict[str, Any]] = [
    {"criterion": "Names red.", "weight": 3, "dimension": "colour"},
    {"criterion": "Names blue.", "weight": 1, "dimension": "colour"},
]
RUBRIC = {"id": "*", "criteria": CRITERIA}
HASH = rubric_hash(Rubric.model_validate(RUBRIC).criteria)
TOY = {"c1": ("1111", "1100", "0000"), "c2": ("1010", "0101", "1100")}


def row(response: str, met: str, prompt: str = "p", **fields: Any) -> dict[str, Any]:
    """A score row; its score is the rubric's."""
    verdicts = [{"id": f"c{n}", "met": sign == "1"} for n, sign in enumerate(met, start=1)]
    named = {"prompt_id": prompt, "id": response, "model": "m", "response": f"text of {response}"}
    judged = {"judge": "j", "judging": "together", "rubric": HASH, "score": (3 * int(met[0]) + int(met[-1])) / 4}
    return named | judged | {"verdicts": verdicts} | fields


def toy_rows(sample: int) -> Rows:
    """The toy criteria in one of their four samples."""
    return [row(f"r{n}", TOY["c1"][n][sample] + TOY["c2"][n][sample]) for n in range(3)]


def toy_lists() -> Rows:
    """The toy criteria with all four samples in one row for each response."""
    rows = [row(f"r{n}", "10") for n in range(3)]
    for n, one in enumerate(rows):
        for verdict in one["verdicts"]:
            verdict["by"] = [{"sample": k, "met": sign == "1"} for k, sign in enumerate(TOY[verdict["id"]][n])]
    return rows


def one(ran: Ran, kind: str, name: str, judge: str = "j") -> dict[str, Any]:
    (found,) = [row for row in ran.rows if (row["kind"], row["name"], row["judge"]) == (kind, name, judge)]
    return found


def figures_of(row: Mapping[str, Any]) -> Sequence[Any]:
    names = ("signal", "noise", "snr_one", "snr", "reliability", "samples_needed", "flip_rate")
    return [value if value is None else round(value, 6) for value in (row[name] for name in names)]


def test_repeated_rows_in_one_file_or_several_and_lists_by_give_the_same(shell: Shell) -> None:
    files = [shell.write(f"{sample}.jsonl", toy_rows(sample)) for sample in range(4)]
    together = shell.write("together.jsonl", [row for sample in range(4) for row in toy_rows(sample)])
    lists = shell.write("lists.jsonl", toy_lists())
    rubrics = shell.write("rubrics.jsonl", [RUBRIC])
    ran = [shell("signal", *of, "--rubrics", rubrics) for of in (files, [together], [lists])]
    assert ran[0].rows == ran[1].rows == ran[2].rows
    assert figures_of(one(ran[0], "criterion", "c1")) == [1, 0.333333, 3, 6, 0.888889, 5, 0.222222]
    assert figures_of(one(ran[0], "criterion", "c2")) == [0, 0.57735, 0, 0, 0, None, 0.666667]
    assert [(row["kind"], row["name"]) for row in ran[0].rows] == [
        *(("judge", "j"), ("dimension", "colour"), ("prompt", "p")),
        *(("criterion", "c1"), ("criterion", "c2")),
    ]
    colour, whole = one(ran[0], "dimension", "colour"), one(ran[0], "judge", "j")
    assert figures_of(colour) == figures_of(whole)  # the only dimension, with the rubric's weights
    assert "criteria that flip: 2 of 2" in ran[0].err


def test_a_list_by_without_the_rubric_is_valued_by_its_share_and_that_is_said(shell: Shell) -> None:
    ran = shell("signal", shell.write("lists.jsonl", toy_lists()), "--summary", "summary.json")
    summary = json.loads(Path("summary.json").read_text())
    assert (summary["value"], summary["figures"]) == ("share met", [one(ran, "judge", "j")])
    assert "signal: some judgings have no score (a list `by` needs --rubrics for it)" in ran.err
    assert one(ran, "prompt", "p")["signal"] == 0.5


def test_judges_are_told_apart_and_held_to_each_other(shell: Shell) -> None:
    ours = [row("a", "11"), row("b", "10"), row("c", "00", prompt="q")]
    theirs = [row("a", "11", judge="k"), row("b", "01", judge="k"), row("c", "00", prompt="q", judge="k")]
    ran = shell("signal", shell.write("ours.jsonl", ours), shell.write("theirs.jsonl", theirs))
    between = one(ran, "judges", "k")
    assert (between["n"], between["prompts"], between["flip_rate"]) == (6, 2, pytest.approx(2 / 6))
    assert one(ran, "judge", "j")["flip_rate"] is None
    assert "nothing has two samples, so there is no noise to see" in ran.err
    panel = row("a", "11")
    for verdict in panel["verdicts"]:
        verdict["by"] = [{"judge": name, "met": name == "x"} for name in "xy"]
    assert one(shell("signal", shell.write("panel.jsonl", [panel])), "judges", "y", "x")["flip_rate"] == 1


def test_decisions_are_held_to_the_reference_by_region(shell: Shell) -> None:
    cheap = [
        {"prompt_id": "p", "id": name, "response": "x", "score": s}
        for name, s in zip("abcd", [1, 2, 3, 3], strict=True)
    ]
    strong = [{"prompt_id": "p", "id": name, "score": s} for name, s in zip("abce", [1, 3, 2, 9], strict=True)]
    ran = shell("signal", shell.write("cheap", cheap), "--against", shell.write("strong", strong))
    found = {row["name"]: row for row in ran.rows if row["kind"] == "decision"}
    assert (found["all"]["pairs"], found["all"]["decision_accuracy"]) == (3, pytest.approx(2 / 3))
    assert (found["top 40%"]["decision_accuracy"], found["top 40%"]["matched"]) == (0, pytest.approx(0.5))
    assert found["top 10%"]["decision_accuracy"] is None
    assert "pairs ordered as the reference orders them" in ran.err


def test_models_may_be_the_units(shell: Shell) -> None:
    rows = [
        row(f"{model}{n}", met, model=model) for model, of in {"x": "11", "y": "10"}.items() for n, met in enumerate(of)
    ]
    scores = shell.write("scores.jsonl", rows)
    assert (one(shell("signal", scores), "prompt", "p")["units"]) == 4
    ran = shell("signal", scores, "--unit", "model")
    assert (one(ran, "prompt", "p")["units"], one(ran, "criterion", "c1")["signal"]) == (2, 0.5)


def test_null_verdicts_are_left_out_and_counted_and_other_rubrics_tell_nothing(shell: Shell) -> None:
    rows = [row("a", "11"), row("b", "10")]
    rows[0]["verdicts"][0]["met"] = None
    other = {"id": "p", "criteria": [{"criterion": "Else.", "weight": 1, "dimension": "else"}]}
    ran = shell("signal", shell.write("s.jsonl", rows), "--rubrics", shell.write("r.jsonl", [other]))
    assert one(ran, "criterion", "c1")["samples"] == 1
    assert "signal: 1 verdicts are null and left out" in ran.err
    assert "signal: 2 score rows were judged by other rubrics than --rubrics has" in ran.err
    assert not [row for row in ran.rows if row["kind"] == "dimension"]


def test_the_target_is_the_reliability_that_samples_should_reach(shell: Shell) -> None:
    lists = shell.write("lists.jsonl", toy_lists())
    needed = [one(shell("signal", lists, "--target", t), "criterion", "c1")["samples_needed"] for t in (0.5, 0.8, 0.95)]
    assert needed == [1, 2, 10]


def test_lines_for_people_are_at_most_100_columns_wide_whatever_the_names(shell: Shell) -> None:
    long = "n" * 120
    rubric = {"id": "*", "criteria": [{**criterion, "dimension": long} for criterion in CRITERIA]}
    rows = [
        row(f"{long}{p}{n}", met, prompt=f"{long}{p}", judge=judge, rubric="")
        for p in range(3)
        for judge in (long, "k")
        for n in range(3)
        for met in ("11", "01", "10", "00")[n + (judge == "k") :][:2]
    ]
    scores = shell.write("scores.jsonl", rows)
    ran = shell("signal", scores, "--rubrics", shell.write("r.jsonl", [rubric]), "--against", scores)
    table = [line for line in ran.err.splitlines() if not line.startswith("signal:")]
    assert len(table) > 20
    assert max(map(len, table)) <= 100


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["bare.jsonl"], "bare.jsonl: has neither scores nor verdicts"),
        (["s.jsonl", "s.jsonl"], "s.jsonl: is named twice"),
        (["s.jsonl", "--against", "bare.jsonl"], "bare.jsonl: has no score to order responses by"),
        (["s.jsonl", "--against", "q.jsonl"], "q.jsonl: has no response in common with s.jsonl"),
        (["s.jsonl", "text.jsonl"], "text.jsonl:1: id: 'a' stands for another text elsewhere"),
        (["unnamed.jsonl", "--unit", "model"], "--unit model: a: model: field required; or leave --unit out"),
        (["-", "--against", "-"], "- (standard input) can be read only once"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(shell: Shell, arguments: list[str], complaint: str) -> None:
    shell.write("s.jsonl", [row("a", "11")])
    shell.write("bare.jsonl", [{"prompt_id": "p", "id": "a", "response": "text of a"}])
    shell.write("q.jsonl", [row("z", "11", prompt="q")])
    shell.write("text.jsonl", [row("a", "11") | {"response": "another"}])
    shell.write("unnamed.jsonl", [row("a", "11", model=None)])
    there = shell.names()
    ran = shell("signal", *arguments, "-o", "rows.jsonl")
    assert (ran.code, shell.names()) == (2, there)
    assert complaint in ran.err


def test_scores_that_score_wrote_are_read_as_they_are(shell: Shell, sample: Path) -> None:
    rubrics = sample / "rubrics.jsonl"
    skip = ("--missing-rubric", "skip", "-o", "s.jsonl")
    shell("score", sample / "fir-v1.jsonl", "--rubrics", rubrics, *skip)
    ran = shell("signal", "s.jsonl", "--rubrics", rubrics)
    assert ran.code == 0
    assert one(ran, "judge", "offline", "offline")["units"] == len(shell.read("s.jsonl"))
    agreed = shell("agree", "s.jsonl", "--labels", "s.jsonl", "--rubrics", rubrics)
    assert agreed.rows[0]["agreement"] == 1
