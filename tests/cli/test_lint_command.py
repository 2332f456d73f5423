"""rubrictool lint as a person meets it: rows, counts, exit codes, and what it reads."""

from __future__ import annotations

import json
from typing import Any

from shell import Shell, on_a_terminal

RED: dict[str, Any] = {"criterion": "Names red.", "weight": 3, "check": {"contains": ["red"]}}
NEVER: dict[str, Any] = {"criterion": "Names mauve.", "weight": 1, "check": {"contains": ["mauve"]}}
CLEAN = {"id": "p", "criteria": [RED]}
VAGUE = {"id": "q", "criteria": [{"criterion": "Names blue.", "weight": 2}, {"criterion": "Is engaging.", "weight": 1}]}
RIGID = {"id": "r", "criteria": [{"criterion": "Has exactly seven sentences.", "weight": 1}]}


def test_findings_are_rows_and_the_counts_go_to_stderr(shell: Shell) -> None:
    ran = shell("lint", shell.write("rubrics.jsonl", [CLEAN, VAGUE, RIGID]))
    assert ran.code == 0
    assert [list(row) for row in ran.rows] == [["rubric", "criterion", "rule", "message", "also", "severity"]] * 2
    assert [(row["rubric"], row["criterion"], row["rule"]) for row in ran.rows] == [
        ("q", "c2", "subjective"),
        ("r", "c1", "rigid"),
    ]
    assert "lint: 2 findings, 1 warning: 1 subjective, 1 rigid" in ran.err
    assert "not checked offline" in ran.err


def test_strict_ends_with_3_for_a_warning_and_keeps_the_rows(shell: Shell) -> None:
    vague, rigid = shell.write("vague.jsonl", [VAGUE]), shell.write("rigid.jsonl", [RIGID])
    assert shell("lint", vague, "--strict", "-o", "out.jsonl").code == 3
    assert len(shell.read("out.jsonl")) == 1
    assert shell("lint", rigid, "--strict").code == 0
    assert shell("lint", vague).code == 0


def test_a_prompt_excuses_what_it_asks_for_wherever_it_stands(shell: Shell) -> None:
    prompts = shell.write("p.jsonl", [{"id": "r", "prompt": "Write seven sentences."}])
    assert shell("lint", shell.write("r.jsonl", [RIGID]), "--prompts", prompts).rows == []
    chat = [{"role": "user", "content": "Write seven sentences."}]
    assert shell("lint", shell.write("r.jsonl", [{**RIGID, "prompt": chat}])).rows == []


def test_prompts_without_effect_are_told_of(shell: Shell) -> None:
    rubrics = shell.write("rubrics.jsonl", [{**RIGID, "prompt": "Write seven sentences."}])
    mine, other = (shell.write(f"{name}.jsonl", [{"id": name, "prompt": "Write seven sentences."}]) for name in "rs")
    ran = shell("lint", rubrics, "--prompts", mine)
    assert (ran.code, "lint: the prompts have no effect: the rubrics contain the texts" in ran.err) == (0, True)
    refused = shell("lint", rubrics, "--prompts", other)
    assert (refused.code, "s.jsonl: has the prompt of none of these rubrics" in refused.err) == (2, True)


def test_too_few_responses_to_tell_from_are_told_of(shell: Shell) -> None:
    rubrics = shell.write("rubrics.jsonl", [CLEAN])
    response = shell.write("r.jsonl", [{"prompt_id": "p", "prompt": "x", "response": "Red."}])
    shell("score", response, "--rubrics", rubrics, "-o", "s.jsonl")
    ran = shell("lint", rubrics, "--scores", "s.jsonl")
    assert "lint: rubrics with fewer than 8 judged responses: 1 of 1; too few to report" in ran.err
    assert "fewer than 8 judged" not in shell("lint", rubrics).err


def test_bad_rubrics_are_told_by_file_line_and_field(shell: Shell) -> None:
    bad = {"id": "z", "criteria": [{"criterion": "x", "weight": 1, "check": {"words": {"min": 9, "max": 3}}}]}
    ran = shell("lint", shell.write("bad.jsonl", [CLEAN, bad]), "-o", "out.jsonl")
    assert (ran.code, "bad.jsonl:2: criteria.0.check.words: max is below min" in ran.err) == (2, True)
    assert "out.jsonl" not in shell.names()


def test_rubrics_come_through_a_pipe_only_once(shell: Shell) -> None:
    ran = shell("lint", "-", "--scores", "-")
    assert (ran.code, "standard input" in ran.err) == (2, True)


def test_scores_show_what_no_response_meets(shell: Shell) -> None:
    rubrics = shell.write("rubrics.jsonl", [{"id": "*", "criteria": [RED, NEVER]}])
    responses = [{"prompt_id": f"p{n}", "prompt": "x", "response": "Red." * (n % 2) + str(n)} for n in range(10)]
    shell("score", shell.write("r.jsonl", responses), "--rubrics", rubrics, "-o", "s.jsonl", "--quiet")
    ran = shell("lint", rubrics, "--scores", "s.jsonl", "--summary", "sum.json")
    assert [(row["criterion"], row["rule"]) for row in ran.rows] == [("c2", "never-met")]
    figures = json.loads((shell.directory / "sum.json").read_text())
    assert (figures["findings"], figures["warnings"], figures["rules"]) == (1, 0, {"never-met": 1})


def test_a_judge_that_contradicts_itself_shows_in_two_files_or_in_one(shell: Shell) -> None:
    rubrics = shell.write("rubrics.jsonl", [{"id": "*", "criteria": [{"criterion": "Is red.", "weight": 1}]}])
    response = shell.write("r.jsonl", [{"prompt_id": "p", "prompt": "x", "response": "Red."}])
    (row,) = shell("score", response, "--rubrics", rubrics).rows
    other = {**row, "score": 0, "verdicts": [{"id": "c1", "met": False}]}
    row = {**row, "score": 1, "verdicts": [{"id": "c1", "met": True}]}
    apart = [shell.write("one.jsonl", [row]), shell.write("two.jsonl", [other])]
    both = shell.write("both.jsonl", [row, other])
    for scores in (["--scores", apart[0], "--scores", apart[1]], ["--scores", both]):
        assert [found["rule"] for found in shell("lint", rubrics, *scores).rows] == ["self-flip"]


def test_scores_of_other_rubrics_are_counted_and_left_out_and_all_of_them_are_bad_input(shell: Shell) -> None:
    old, new = shell.write("old.jsonl", [CLEAN]), shell.write("new.jsonl", [{**CLEAN, "criteria": [NEVER]}])
    response = shell.write("r.jsonl", [{"prompt_id": "p", "prompt": "x", "response": "Red."}])
    shell("score", response, "--rubrics", old, "-o", "s.jsonl")
    shell("score", response, "--rubrics", new, "-o", "t.jsonl")
    refused = shell("lint", new, "--scores", "s.jsonl")
    assert (refused.code, "s.jsonl: no row was judged by these rubrics" in refused.err) == (2, True)
    mixed = shell("lint", new, "--scores", "s.jsonl", "--scores", "t.jsonl")
    assert (mixed.code, "1 score row of other rubrics left out" in mixed.err) == (0, True)


def on_screen(shell: Shell, *arguments: object, **environment: str) -> str:
    """Return what lint prints on a terminal, where both its streams go."""
    seen = on_a_terminal(shell.directory, "lint", *arguments, rows_too=True, **environment)
    return seen.replace("\r\n", "\n")


def test_a_terminal_gets_a_line_per_finding_grouped_by_prompt_with_the_count_at_the_end(shell: Shell) -> None:
    vague = {
        "id": "v",
        "criteria": [{"criterion": "Is engaging.", "weight": 2}, {"criterion": "Is nice.", "weight": 1}],
    }
    shell.write("rubrics.jsonl", [CLEAN, vague, RIGID])
    seen = on_screen(shell, "rubrics.jsonl", NO_COLOR="1")
    groups = [group.splitlines() for group in seen.split("\n\n")]
    starts = [[line.split(": ")[0] for line in group if line.startswith("rubrics.jsonl:")] for group in groups]
    assert starts == [
        ["rubrics.jsonl:2 v c1 subjective", "rubrics.jsonl:2 v c2 subjective"],
        ["rubrics.jsonl:3 r c1 rigid"],
        [],
    ]
    assert '{"rubric"' not in seen
    assert groups[2][0].startswith("lint: 3 findings, 2 warnings")
    assert "[note]" in groups[1][0] or "[note]" in groups[1][-1]


def test_findings_on_a_terminal_fit_it_and_files_and_pipes_get_rows(shell: Shell) -> None:
    shell.write("rubrics.jsonl", [{**VAGUE, "id": "long-" * 20}])
    seen = on_screen(shell, "rubrics.jsonl", "-o", "out.jsonl")
    assert ("rubrics.jsonl:1" in seen, len(shell.read("out.jsonl"))) == (False, 1)
    for columns in ("60", "80", "120"):
        seen = on_screen(shell, "rubrics.jsonl", NO_COLOR="1", COLUMNS=columns)
        folded = [line for line in seen.splitlines() if line.startswith(("rubrics.jsonl", "    "))]
        assert len(folded) > 1
        assert max(map(len, folded)) <= max(int(columns), 80)


def test_a_rubric_s_words_do_not_steer_the_terminal(shell: Shell) -> None:
    row = {"id": "\x1b[2Jp", "criteria": [{"criterion": "Is \x1b]0;x\x07engaging.", "weight": 1}]}
    shell.write("rubrics.jsonl", [row])
    assert "\x1b" not in on_screen(shell, "rubrics.jsonl", NO_COLOR="1")
