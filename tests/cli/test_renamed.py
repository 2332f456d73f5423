"""Old names of flags, values and columns are still read, and never written."""

from __future__ import annotations

from typing import Any

import pytest
from shell import Shell

from rubrictool.cli.command_table import COMMANDS
from rubrictool.cli.renamed_flags import RENAMED, RENAMED_VALUES, with_new_flags
from rubrictool.rows.old_names import with_new_names

KNOWN = {"--judging", "--proposer-context", "-o"}

LINE = " is now "


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("--judging together", "--judging all-at-once"),
        ("--judging=together", "--judging=all-at-once"),
        ("--show scores", "--proposer-context scores"),
        ("--show=scores", "--proposer-context=scores"),
        ("--judging per-criterion -o together", "--judging per-criterion -o together"),
        ("--detect 0.1", "--detect 0.1"),
    ],
)
def test_old_flags_and_values_are_read_as_the_new_ones_where_the_command_has_these(given: str, read: str) -> None:
    words, lines = with_new_flags(given.split(), KNOWN)
    assert words == read.split()
    assert len(lines) == (given != read)


def test_a_command_says_in_one_line_what_the_new_name_is(shell: Shell) -> None:
    rubrics = shell.write(
        "u.jsonl", [{"id": "p", "prompt": "x", "criteria": [{"criterion": "Names red.", "weight": 1}]}]
    )
    responses = shell.write("r.jsonl", [{"prompt_id": "p", "response": "Red."}])
    ran = shell("score", responses, "--rubrics", rubrics, "--judging", "together")
    assert ran.code == 0
    assert [line for line in ran.err.splitlines() if LINE in line] == [
        "rubrictool: --judging together is now --judging all-at-once; the old name will go in a later version"
    ]
    assert ran.rows[0]["judging"] == "all-at-once"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"judge": "j", "judging": "together"}, {"judge": "j", "judging": "all-at-once"}),
        ({"judging": "together"}, {"judging": "together"}),
        ({"criteria": [], "stopped": "pool"}, {"criteria": [], "stopped": "no_pairs"}),
        (
            {"verdicts": [{"id": "c1", "met": True, "by": [{"met": True}]}, {"id": "c2", "met": True}]},
            {"verdicts": [{"id": "c1", "met": True, "samples": [{"met": True}]}, {"id": "c2", "met": True}]},
        ),
        ({"verdicts": [{"id": "c1", "by": "me"}]}, {"verdicts": [{"id": "c1", "by": "me"}]}),
        ({"winner": "a", "again": {"winner": "b"}}, {"winner": "a", "second_judging": {"winner": "b"}}),
        ({"winner": "a", "again": "yes"}, {"winner": "a", "again": "yes"}),
        ({"again": {"winner": "b"}}, {"again": {"winner": "b"}}),
        (
            {"reliability_one": 0.5, "reliability_one_low": 0.1, "reliability": 0.7, "samples_needed": 9},
            {"icc_1": 0.5, "icc_1_low": 0.1, "icc_k": 0.7, "samples_needed": 9},
        ),
        ({"reliability_one": "mine"}, {"reliability_one": "mine"}),
    ],
)
def test_old_columns_are_read_as_the_new_ones_and_those_of_others_stay(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert with_new_names(old) == new


def test_rows_judged_under_both_names_of_a_way_of_judging_are_pooled_without_a_word(shell: Shell) -> None:
    score = {"prompt_id": "p", "judge": "j", "rubric": "0" * 16, "score": 0.5}
    rows = [{**score, "response": str(n), "judging": name} for n, name in enumerate(["together", "all-at-once"])]
    ran = shell("filter-top-k", shell.write("s.jsonl", rows), "-k", 2)
    assert (ran.code, "judging" in ran.err, {row["judging"] for row in ran.rows}) == (0, False, {"all-at-once"})


def test_every_new_name_is_a_flag_of_some_command_and_no_old_one_is() -> None:
    known = {name for entry in COMMANDS.values() for parameter in entry.load().params for name in parameter.opts}
    assert not known & set(RENAMED)
    assert set(RENAMED.values()) | {flag for flag, _ in RENAMED_VALUES} <= known
