"""rubrictool winrate --control: win rates at equal length or style."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
from shell import Shell

from rubrictool.analysis.comparisons import style_control

GOLDEN = Path(__file__).parents[1] / "golden" / "lc_comparisons.jsonl"


@pytest.fixture
def few_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fit few resamples, where no test asks for the ends of intervals."""
    monkeypatch.setattr(style_control, "RESAMPLED_FITS", 100)


def test_rates_at_equal_length_stand_beside_the_raw_ones_with_what_is_refused(shell: Shell) -> None:
    shutil.copy(GOLDEN, "c.jsonl")
    ran = shell("winrate", "c.jsonl", "--control", "length", "--summary", "sum.json")
    found = json.loads(Path("sum.json").read_text(encoding="utf-8"))["control"]
    concise, _, verbose = found["systems"]
    assert (ran.code, found["of"], len(ran.rows)) == (0, "length", 120)
    assert concise["controlled"] == pytest.approx(0.555044, abs=1e-5)
    assert verbose["controlled"] is None
    assert "at equal length against base" in ran.err
    assert "effect on the log-odds, shared by all systems: length +1.741" in ran.err
    assert "verbose: longer on 98% of its prompts and shorter on 0%" in ran.err


def answers(name: str, sizes: list[int], *, model: str) -> list[dict[str, object]]:
    """Responses of these lengths, the first half of whose prompts `name` wins by its score."""
    return [
        {"prompt_id": f"p{n}", "prompt": "?", "id": f"{name}{n}", "model": model, "response": "x" * size}
        | {"score": float((n < len(sizes) // 2) == (name == "a"))}
        for n, size in enumerate(sizes)
    ]


@pytest.fixture
def scored(shell: Shell) -> list[str]:
    sizes = [100 + 37 * n % 90 for n in range(24)]
    return [
        str(shell.write("a.jsonl", answers("a", sizes, model="m"))),
        str(shell.write("b.jsonl", answers("b", sizes[::-1], model="n"))),
    ]


def test_lengths_are_counted_from_the_responses_and_stay_in_the_rows(shell: Shell, scored: list[str]) -> None:
    ran = shell("winrate", *scored, "--by", "scores", "--control", "style", "-o", "c.jsonl", "--summary", "sum.json")
    first = shell.read("c.jsonl")[0]
    made = json.loads(Path("sum.json").read_text(encoding="utf-8"))["control"]
    assert (first["length_a"], first["length_b"], first["headings_a"]) == (100, 141, 0)
    assert made["counted"] == ["length", "headings", "list_items", "bold_spans"]
    assert "counted from the texts: length in characters, headings, list items, bold spans (outside code)" in ran.err
    again = shell("winrate", "c.jsonl", "--control", "style", "--summary", "sum.json")
    read = json.loads(Path("sum.json").read_text(encoding="utf-8"))["control"]
    assert made | {"counted": []} == read
    assert "taken from columns, in their unit: length, headings, list items, bold spans" in again.err


def test_a_judges_comparisons_are_controlled_as_they_are_made(shell: Shell, scored: list[str]) -> None:
    rubric = {"id": "*", "criteria": [{"criterion": "Long.", "weight": 1, "check": {"matches": "x{120}"}}]}
    rubrics = shell.write("rubrics.jsonl", [rubric])
    ran = shell("winrate", *scored, "--rubrics", rubrics, "--control", "length", "-o", "c.jsonl")
    assert ran.code == 0
    assert "winrate: at equal length, 95 % intervals over prompts" in ran.err
    assert {"length_a", "length_b"} <= shell.read("c.jsonl")[0].keys()


def test_lengths_of_other_tools_rows_are_counted_from_the_texts_beside_them(shell: Shell) -> None:
    rows = [
        {"instruction": f"q{n}", "output_1": "x" * (50 + 31 * n % 70), "output_2": "x" * (50 + 17 * n % 80)}
        | {"generator_1": "base", "generator_2": "new", "preference": 1 + n % 2}
        for n in range(30)
    ]
    ran = shell("winrate", shell.write("annotations.jsonl", rows), "--control", "length", "-o", "c.jsonl")
    assert ran.code == 0
    assert "at equal length against base" in ran.err
    assert [row["length_a"] for row in shell.read("c.jsonl")] == [len(str(row["output_2"])) for row in rows]
    tokens = shell.write("tokens.jsonl", [row | {"length_a": n, "length_b": 30 - n} for n, row in enumerate(rows)])
    assert "taken from columns, in their unit: length" in shell("winrate", tokens, "--control", "length").err
    half = shell.write("half.jsonl", [row | {"length_a": 1} for row in rows])
    assert "length_b: must be a number" in shell("winrate", half, "--control", "length").err


@pytest.mark.parametrize(
    ("threshold", "code", "decision"), [("0.1", 0, "shown"), ("0.5", 3, "not shown"), ("0.9", 3, "worse")]
)
def test_the_threshold_is_held_against_the_rates_at_equal_length(
    shell: Shell, scored: list[str], threshold: str, code: int, decision: str
) -> None:
    told = ("--by", "scores", "--control", "length", "--fail-under", threshold, "--summary", "sum.json")
    ran = shell("winrate", *scored, *told)
    assert (ran.code, json.loads(Path("sum.json").read_text(encoding="utf-8"))["decision"]) == (code, decision)
    assert code == 0 or f"threshold missed: {decision}: at equal length the interval is 0." in ran.err


def test_a_refused_system_is_not_shown_to_reach_a_threshold(shell: Shell) -> None:
    shutil.copy(GOLDEN, "c.jsonl")
    ran = shell("winrate", "c.jsonl", "--control", "length", "--fail-under", "0.1", "--summary", "sum.json")
    decisions = json.loads(Path("sum.json").read_text(encoding="utf-8"))["decisions"]
    assert (ran.code, decisions) == (3, {"concise": "shown", "plain": "shown", "verbose": "not shown"})
    assert "threshold missed: verbose: not shown: no interval at equal length; longer on 98%" in ran.err


def test_the_job_summary_has_the_controlled_and_the_corrected_rates(shell: Shell, scored: list[str]) -> None:
    people = shell.write("people.jsonl", [{"prompt_id": f"p{n}", "winner": "ab"[n % 2]} for n in range(12)])
    both = ("--control", "length", "--human", people, "--render", "github", "-o", "c.jsonl")
    ran = shell("winrate", *scored, "--by", "scores", *both)
    assert ran.code == 0
    assert "### win rates at equal length" in ran.out
    assert "### win rates corrected by people" in ran.out
    assert "| a over b |" in ran.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("c.jsonl --control style", "headings_a: must be a number from 0 to 1e+100 in every row"),
        ("bare.jsonl --control length", "length_a: must be a number from 0 to 1e+100 in every row"),
        ("c.jsonl --control length --sequential", "--sequential: has no effect with --control"),
        ("c.jsonl --control length --fail-under 0.5 --min-effect 0.1", "--min-effect: has no effect with --control"),
        ("c.jsonl --control length --human c.jsonl --fail-under 0.5", "give two figures to hold against it"),
        ("r.jsonl r2.jsonl r3.jsonl --control length --by scores", "--control: of many systems each is compared"),
        ("c.jsonl --control length --plan", "--control: has no effect with --plan"),
    ],
)
def test_what_cannot_be_controlled_is_refused_before_anything_is_written(
    shell: Shell, arguments: str, words: str
) -> None:
    shutil.copy(GOLDEN, "c.jsonl")
    shell.write("bare.jsonl", [{"prompt_id": "p", "winner": "a"}])
    for name in ("r.jsonl", "r2.jsonl", "r3.jsonl"):
        shell.write(name, [{"prompt_id": "p", "prompt": "?", "response": "!", "score": 1}])
    ran = shell("winrate", *arguments.split())
    assert (ran.code, ran.rows) == (2, [])
    assert words in ran.err


@pytest.mark.usefixtures("few_fits")
def test_few_prompts_are_told_by_how_much_they_decide(shell: Shell) -> None:
    """Intervals are hints; of fewer prompts, style alone decides too many resamples, or there are fewer than 5."""

    def told(prompts: int) -> str:
        rows = [
            {"prompt_id": f"p{n}", "winner": draws.choice("ab"), "system_a": "new", "system_b": "old"}
            | {f"{name}_{side}": draws.randrange(9) for name in names for side in "ab"}
            for n in range(prompts)
        ]
        return str(shell("winrate", shell.write("c.jsonl", rows), "--control", "style").err)

    draws = random.Random(3)
    names = ("length", "headings", "list_items", "bold_spans")
    assert "fewer than 60 prompts in new (58): take these intervals as hints" in told(58)
    assert "winrate: no intervals at equal style: in " in told(7)
    assert "no intervals at equal style: fewer than 5 prompts" in told(4)


@pytest.mark.parametrize("bad", ["3", None, True, -1, 1e300])
def test_a_column_that_is_no_count_is_named_with_its_line_though_rows_are_turned(shell: Shell, bad: object) -> None:
    rows = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    other = {"system_a": rows[7]["system_b"], "system_b": rows[7]["system_a"], "length_a": bad}
    rows[7] |= other
    ran = shell("winrate", shell.write("c.jsonl", rows), "--control", "length")
    assert (ran.code, ran.rows) == (2, [])
    assert "c.jsonl:8: length_a: must be a number from 0 to 1e+100" in ran.err


@pytest.mark.parametrize(("credit", "reason"), [(1.0, "each system only won, or only lost"), (0.5, "do not differ in")])
@pytest.mark.usefixtures("few_fits")
def test_where_all_end_alike_rates_at_equal_length_have_no_interval_for_a_reason(
    shell: Shell, credit: float, reason: str
) -> None:
    rows = [json.loads(line) | {"preference": credit} for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    ran = shell("winrate", shell.write("c.jsonl", rows), "--control", "length", "--summary", "sum.json")
    found = json.loads(Path("sum.json").read_text(encoding="utf-8"))["control"]
    assert {one["controlled_low"] for one in found["systems"]} == {found["slopes"]["length"]["slope_low"]} == {None}
    assert reason in ran.err
    assert "take these intervals as hints" not in ran.err


@pytest.mark.usefixtures("few_fits")
def test_the_sides_of_bare_comparisons_are_called_sides_and_those_of_files_systems(
    shell: Shell, scored: list[str]
) -> None:
    bare = [{"prompt_id": f"p{n}", "winner": "ab"[n % 2], "length_a": n % 7, "length_b": n % 5} for n in range(24)]
    for given, head in (([str(shell.write("bare.jsonl", bare))], "side"), ([*scored, "--by", "scores"], "system")):
        plain, rendered = (
            shell("winrate", *given, "--control", "length", "-o", "o.jsonl", *more)
            for more in ((), ("--render", "github"))
        )
        assert f"\n  {head} " in plain.err
        assert rendered.out.count(f"| {head} | ") == 2
        assert "take these intervals as hints" in rendered.out
