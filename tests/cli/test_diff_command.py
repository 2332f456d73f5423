"""rubrictool diff: two files of rubrics as a person reads a diff, two files of scores by what moved."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shell import Rows, Shell

OLD = {
    "id": "p",
    "criteria": [
        {"criterion": "Says that the dose is halved in old age.", "weight": 1},
        {"criterion": "Names red.", "weight": 1},
        {"criterion": "Names blue.", "weight": 2},
    ],
}
NEW = {
    "id": "p",
    "criteria": [
        {"criterion": "Says that the dose is halved in renal failure.", "weight": 3},
        {"criterion": "Names blue.", "weight": 1, "dimension": "form"},
        {"criterion": "Warns of alcohol together with paracetamol.", "weight": 1},
    ],
}


def rows(shell: Shell, old: Rows, new: Rows) -> Rows:
    return json.loads(shell("diff", shell.write("old.jsonl", old), shell.write("new.jsonl", new), "--render", "json").out)  # type: ignore[no-any-return]  # fmt: skip


def test_words_are_marked_without_colour(shell: Shell) -> None:
    found = rows(shell, [OLD], [NEW])
    assert [(row["change"], row["old weight"], row["weight"], row["criterion"]) for row in found] == [
        ("rewritten, reweighted", 1, 3, "Says that the dose is halved in [-old age-]{+renal failure+}."),
        ("dropped", 1, None, "[-Names red.-]"),
        ("reweighted", 2, 1, "Names blue."),
        ("added", None, 1, "{+Warns of alcohol together with paracetamol.+}"),
    ]
    assert found[2]["other"] == "dimension: none -> form"


def test_a_pipe_gets_plain_text_and_the_sum_is_told_on_stderr(shell: Shell) -> None:
    ran = shell("diff", shell.write("old.jsonl", [OLD]), shell.write("new.jsonl", [NEW]))
    assert (ran.code, "\x1b" in ran.out) == (0, False)
    assert "[-old age-]{+renal failure+}" in " ".join(ran.out.split())
    assert "diff: 1 of 1 rubric changed; criteria: 1 added, 2 changed, 1 dropped" in ran.err


def test_colour_is_added_where_it_is_asked_for(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = shell("diff", shell.write("old.jsonl", [OLD]), shell.write("new.jsonl", [NEW])).out
    assert "\x1b[31m[-" in out
    assert "\x1b[32m{+" in out


def test_equal_files_print_nothing_and_end_with_0(shell: Shell) -> None:
    ran = shell("diff", shell.write("old.jsonl", [OLD]), shell.write("new.jsonl", [OLD]))
    assert (ran.code, ran.out) == (0, "")
    assert "0 of 1 rubric changed" in ran.err


def test_rubrics_on_one_side_only_are_named(shell: Shell) -> None:
    other = {**OLD, "id": "q"}
    ran = shell("diff", shell.write("old.jsonl", [OLD]), shell.write("new.jsonl", [NEW, other]))
    assert "q (only after)" in ran.out
    assert "1 only after" in ran.err


def test_files_of_two_kinds_and_one_file_twice_are_refused(shell: Shell) -> None:
    rubrics, judged = shell.write("r.jsonl", [OLD]), shell.write("s.jsonl", [score("a", 1, True)])
    assert "rubrics is compared with scores" in shell("diff", rubrics, judged).err
    assert shell("diff", rubrics, rubrics).code == 2
    assert shell("diff", rubrics, shell.write("empty.jsonl", [])).code == 2


def score(name: str, value: float, *met: bool | None, prompt: str = "p", **columns: Any) -> dict[str, Any]:
    verdicts = [{"id": f"c{place}", "met": one} for place, one in enumerate(met, start=1)]
    own = {"model": "ash", "judge": "j", "judging": "x", "rubric": "0" * 16, **columns}
    return {"prompt_id": prompt, "id": name, "response": name, "score": value, "verdicts": verdicts, **own}


def test_scores_are_compared_by_verdict_model_and_prompt(shell: Shell) -> None:
    before = [score("a", 0.5, True, False), score("b", 0, False, False, model="elm"), score("gone", 1, True, True)]
    after = [score("a", 1, True, True), score("b", 0, False, None, model="elm"), score("new", 1, True, True)]
    found = rows(shell, before, after)
    by = {name: [row for row in found if row["table"] == name] for name in {row["table"] for row in found}}
    assert [(row["model"], row["responses"], row["change"]) for row in by["by model"]] == [
        ("all responses", 2, 0.25),
        ("ash", 1, 0.5),
        ("elm", 1, 0.0),
    ]
    assert [(row["response"], row["criterion"], row["before"], row["after"]) for row in by["verdicts"]] == [
        ("a", "c2", "unmet", "met"),
        ("b", "c2", "unmet", "not judged"),
    ]
    assert [(row["only"], row["response"]) for row in by["only on one side"]] == [("before", "gone"), ("after", "new")]


def test_verdicts_by_two_rubrics_or_judges_are_not_silently_compared(shell: Shell) -> None:
    before, after = [score("a", 0, False)], [score("a", 1, True, rubric="1" * 16, judge="k")]
    ran = shell("diff", shell.write("old.jsonl", before), shell.write("new.jsonl", after))
    words = " ".join(ran.out.split())
    assert "1 response judged by another rubric than before" in words
    assert "another judge: j before, k after" in words
    assert "0 of 0 verdicts changed" in ran.err


def test_a_response_that_was_judged_twice_in_one_file_is_refused(shell: Shell) -> None:
    twice = shell.write("old.jsonl", [score("a", 0, False), score("a", 1, True)])
    refused = shell("diff", twice, shell.write("new.jsonl", [score("a", 1, True)]))
    assert (refused.code, "old.jsonl:2: id: 'a' was already used in" in refused.err) == (2, True)
