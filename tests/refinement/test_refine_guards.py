"""`refine --accept`: what a rule needs to know is found in the rows or the files, or its lack is bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shell import Shell

from rubrictool.refinement.evidence import EvidenceSource
from rubrictool.refinement.options import Evidence, RefineOptions
from rubrictool.rows.joins import Texts
from rubrictool.rows.records import Prompt

TEXTS = ["Red, because it is warm.", "Blue.", "Green, for example.", "Red and blue, 2 of 3.", "None.", "Black (ink)."]


def prompt(**columns: float) -> dict[str, object]:
    rows = [
        {"id": f"r{n}", "model": f"m{n}", "response": text, **{name: value * n for name, value in columns.items()}}
        for n, text in enumerate(TEXTS)
    ]
    return {"id": "p", "prompt": "Name a colour.", "responses": rows}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("label-agreement", "there are no labels"),
        ("label-correlation", "there are no labels"),
        ("skill", "no writer is known"),
    ],
)
def test_a_rule_that_is_given_nothing_to_go_by_is_bad_input(shell: Shell, rule: str, words: str) -> None:
    ran = shell("refine", shell.write("p.jsonl", [prompt()]), "--accept", rule)
    assert (ran.code, words in ran.err) == (2, True)


@pytest.mark.parametrize("rule", ["separates", "label-agreement", "label-correlation"])
def test_the_responses_own_quality_is_what_a_rule_goes_by(shell: Shell, rule: str) -> None:
    ran = shell("refine", shell.write("p.jsonl", [prompt(quality=1)]), "--accept", rule, "--trace", "t.jsonl")
    assert ran.code == 0
    assert all(row["reason"] != "always" for row in shell.read("t.jsonl"))


def test_labels_come_from_a_file_too(shell: Shell) -> None:
    labels = shell.write("l.jsonl", [{"prompt_id": "p", "id": f"r{n}", "grade": n} for n in range(len(TEXTS))])
    ran = shell(
        "refine", shell.write("p.jsonl", [prompt()]), "--accept", "label-correlation", "--labels", f"{labels}:grade"
    )
    assert ran.code == 0


def test_weak_responses_are_judged_on_trial_and_are_never_shown(shell: Shell) -> None:
    weak = shell.write("w.jsonl", [{"id": f"w{n}", "prompt_id": "p", "response": f"Weak {n}."} for n in range(3)])
    prompts = shell.write("p.jsonl", [prompt()])
    ran = shell("refine", prompts, "--accept", "skill", "--weak", weak, "--trace", "t.jsonl")
    assert ran.code == 0
    assert not {name[0] for row in shell.read("t.jsonl") for name in row["pair"]} & {"w"}


def test_only_half_of_the_labels_decides_so_that_the_other_can_report() -> None:
    row = Prompt.model_validate(prompt(quality=1))
    guards = EvidenceSource(RefineOptions(accept="label-correlation"), Texts(), [row.responses])
    again = EvidenceSource(RefineOptions(accept="label-correlation"), Texts(), [row.responses])
    signal = guards.of(row, row.responses).signal
    assert 0 < len(signal) < len(TEXTS)
    assert signal == again.of(row, row.responses).signal


def known_skills(row: Prompt, weak: object) -> Evidence:
    source = EvidenceSource(RefineOptions(accept="skill"), Texts(), [row.responses], weak=str(weak))
    return source.of(row, row.responses)


def test_the_pool_is_stronger_than_the_weak_unless_a_column_says_how_strong(shell: Shell) -> None:
    for columns, strengths in ({}, [1.0] * len(TEXTS)), ({"skill": 2.0}, [2.0 * n for n in range(len(TEXTS))]):
        row = Prompt.model_validate(prompt(**columns))
        own = {"skill": 0} if columns else {}
        weak = shell.write("w.jsonl", [{"id": "w", "prompt_id": "p", "response": "Weak.", **own}])
        guard = known_skills(row, weak)
        assert [guard.signal[f"r{n}"] for n in range(len(TEXTS))] == strengths
        assert guard.signal["w"] == 0.0


def test_a_dry_run_counts_the_trials(shell: Shell) -> None:
    calls = {}
    for rule in ("always", "separates"):
        arguments = [shell.write("p.jsonl", [prompt()]), "--accept", rule, "--dry-run", "--summary", "s.json"]
        model = "tiny@http://127.0.0.1:9/v1"
        shell("refine", *arguments, "--judge", model, "--proposer", model, "--rounds", 2, "--no-cache")
        calls[rule] = shell.read("s.json")[0]["calls"]
    assert calls["separates"] - calls["always"] == len(TEXTS), "the pool once more, for the first trial"


@pytest.mark.parametrize("show", ["weights,nothing", ""])
def test_what_is_not_to_be_shown_is_bad_input(shell: Shell, show: str) -> None:
    ran = shell("refine", shell.write("p.jsonl", [prompt()]), "--proposer-context", show)
    assert (ran.code, "is unknown" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("flag", "words"), [("--weak", "correlate negatively"), ("--labels", "too little data"), (None, "always")]
)
def test_the_rule_goes_by_what_there_is_to_go_by(shell: Shell, flag: str | None, words: str) -> None:
    rows = [
        {"id": f"r{n}" if flag == "--labels" else f"w{n}", "prompt_id": "p", "response": "x", "quality": n}
        for n in range(6)
    ]
    given = [flag, shell.write("given.jsonl", rows)] if flag else []
    ran = shell("refine", shell.write("p.jsonl", [prompt()]), *given, "--trace", "t.jsonl")
    assert ran.code == 0
    assert any(words in row["reason"] for row in shell.read("t.jsonl"))


def test_a_weak_response_under_a_candidates_id_is_bad_input(shell: Shell) -> None:
    weak = shell.write("w.jsonl", [{"id": "r1", "prompt_id": "p", "response": "Weak."}])
    ran = shell("refine", shell.write("p.jsonl", [prompt()]), "--weak", weak)
    assert (ran.code, "r1 is the id of a candidate" in ran.err) == (2, True)


@pytest.mark.parametrize("flag", ["--weak", "--labels"])
def test_a_file_that_knows_none_of_the_responses_is_bad_input(shell: Shell, flag: str) -> None:
    strange = shell.write("s.jsonl", [{"id": "x", "prompt_id": "other", "response": "x", "quality": 1}])
    assert shell("refine", shell.write("p.jsonl", [prompt()]), flag, strange).code == 2


def test_a_rule_that_had_too_little_to_go_by_says_so(shell: Shell) -> None:
    ran = shell("refine", shell.write("p.jsonl", [prompt(quality=1)]), "--accept", "label-correlation")
    assert "had too little data for 1 of 1 prompts" in ran.err


def test_a_skill_that_only_some_rows_tell_is_not_mixed_with_what_is_assumed(shell: Shell) -> None:
    weak = shell.write("w.jsonl", [{"id": "w", "prompt_id": "p", "response": "Weak.", "skill": 900}])
    row = Prompt.model_validate(prompt())
    guard = known_skills(row, weak)
    assert guard.signal["w"] < min(value for name, value in guard.signal.items() if name != "w")


def test_what_a_rule_refused_is_said_at_the_end_as_the_trace_has_it(shell: Shell, sample: Path) -> None:
    prompts = [json.loads(line) for line in (sample / "prompts.jsonl").read_text().splitlines()[:5]]
    for row in prompts:
        row["responses"] = [one | {"skill": -len(one["response"])} for one in row["responses"]]
    given = [shell.write("p.jsonl", prompts), "--accept", "skill", "--trace", "t.jsonl", "--summary", "s.json"]
    ran = shell("refine", *given, "--max-criteria", 99, "--max-new", 99, "-o", "r.jsonl")
    figures, trace = shell.read("s.json")[0], shell.read("t.jsonl")
    taken = sum(row["accepted"] for row in trace)
    by_rule = sum(len(row["refused"]) for row in trace)
    assert figures["proposals"] == {"taken": taken, "refused": len(trace) - taken, "unchanged": 0}
    assert figures["criteria_refused"] == {"skill": by_rule}
    assert by_rule > 0
    assert f"{taken} proposals taken, {len(trace) - taken} refused; {by_rule} criteria refused" in ran.err


def test_what_the_limits_on_size_refused_is_said_at_the_end_as_the_trace_has_it(shell: Shell) -> None:
    new = [{"criterion": f"Names colour {number}.", "weight": 1} for number in range(5)]
    reply = json.dumps({"better": "first", "why": "It says why.", "add": new})
    recorded = shell.write("replies.jsonl", [{"contains": ["You sharpen a rubric"], "reply": reply}])
    first = [{"criterion": f"Point {number}.", "weight": 2, "proposer": "m"} for number in range(4)]
    given = [shell.write("p.jsonl", [prompt()]), "--rubrics", shell.write("r.jsonl", [{"id": "p", "criteria": first}])]
    models = ["--judge", "offline", "--proposer", f"replay:{recorded}", "--no-cache"]
    limits = ["--rounds", 1, "--max-criteria", 5, "--max-new", 3]
    ran = shell("refine", *given, *models, *limits, "--trace", "t.jsonl", "--summary", "s.json")
    assert len(ran.rows[0]["criteria"]) == 5
    (row,) = shell.read("t.jsonl")
    assert [refusal["reason"].split(":")[0] for refusal in row["refused"]] == ["max_new"] * 2 + ["max_criteria"] * 2
    assert shell.read("s.json")[0]["criteria_refused"] == {"max_new": 2, "max_criteria": 2}
    assert "size held: 2 new criteria beyond 3 in a round left out, 2 criteria above 5 removed" in ran.err


def test_the_proposer_is_told_the_limits_and_the_offline_one_keeps_to_them(shell: Shell, sample: Path) -> None:
    reply = json.dumps({"better": "neither", "why": "Alike."})
    told = "The rubric holds 1 criterion and may hold 9, so 8 places are left. Add at most 2."
    recorded = shell.write("replies.jsonl", [{"contains": [told], "reply": reply}])
    given = [shell.write("p.jsonl", [prompt()]), "--rubrics"]
    given += [shell.write("r.jsonl", [{"id": "p", "criteria": [{"criterion": "Point.", "weight": 1}]}])]
    limits = ["--max-criteria", 9, "--max-new", 2, "--no-cache"]
    assert shell("refine", *given, "--judge", "offline", "--proposer", f"replay:{recorded}", *limits).code == 0
    shell("refine", sample / "prompts.jsonl", *limits[2:], "--trace", "t.jsonl", "-o", "r.jsonl")
    assert {len(row["changes"].get("added", [])) for row in shell.read("t.jsonl")} == {2}


def test_a_file_of_labels_is_not_written_over_though_a_column_is_named(shell: Shell, sample: Path) -> None:
    labels = shell.write(
        "labels.jsonl", json.loads((sample / "prompts.jsonl").read_text().splitlines()[0])["responses"]
    )
    before = labels.read_bytes()
    given = [sample / "prompts.jsonl", "--accept", "label-correlation", "--labels", f"{labels}:quality"]
    ran = shell("refine", *given, "-o", labels)
    assert (ran.code, labels.read_bytes()) == (2, before)
