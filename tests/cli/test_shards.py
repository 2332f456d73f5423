"""--shard: the outputs of all parts, joined in order, are that of one run, and each part checks the whole input."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from background import start
from chat import chat_server
from shell import Ran, Shell


def joined(shell: Shell, shards: int, *command: object) -> str:
    """Return what the shards of a command write to -o, in order; each must end with 0."""
    parts = []
    for number in range(1, shards + 1):
        ran = shell(*command, "--shard", f"{number}/{shards}", "-o", "part.jsonl")
        assert ran.code == 0, ran.err
        parts.append((shell.directory / "part.jsonl").read_text())
    return "".join(parts)


@pytest.mark.parametrize(("command", "shards"), [("propose", 1), ("propose", 5), ("score", 20)])
def test_the_outputs_of_all_shards_are_that_of_one_run(shell: Shell, sample: Path, command: str, shards: int) -> None:
    assert shell("propose", sample / "prompts.jsonl", "-o", "rubrics.jsonl").code == 0
    asked = [command, sample / "prompts.jsonl", *(["--rubrics", "rubrics.jsonl"] if command == "score" else [])]
    assert joined(shell, shards, *asked) == shell(*asked).out


def test_refined_rubrics_and_traces_of_all_shards_are_those_of_one_run(shell: Shell, sample: Path) -> None:
    asked = ["refine", sample / "prompts.jsonl", "--rounds", 1, "--trace", "trace.jsonl"]
    whole, trace = shell(*asked).out, shell.read("trace.jsonl")
    rows, rounds = "", []
    for number in (1, 2, 3):
        rows += shell(*asked, "--shard", f"{number}/3").out
        rounds += shell.read("trace.jsonl")
    assert (rows, rounds) == (whole, trace)


def test_samples_of_all_shards_are_those_of_one_run_and_no_call_is_made_twice(shell: Shell, sample: Path) -> None:
    with chat_server() as server:
        asked = ["sample", sample / "prompts.jsonl", "--model", server.spec, "-n", 2, "--cache", "c.db"]
        parts = joined(shell, 4, *asked)
        assert len(server.requests) == 26
        assert shell(*asked).out == parts
        assert len(server.requests) == 26


def test_the_caches_of_all_shards_merged_answer_the_whole_run(shell: Shell, sample: Path) -> None:
    with chat_server() as server:
        asked = ["propose", sample / "prompts.jsonl", "--proposer", server.spec]
        parts = [shell(*asked, "--shard", f"{n}/3", "--cache", f"{n}.db").out for n in (1, 2, 3)]
        # Of the question that finds out whether the server enforces schemas, each cache has the same answer.
        merged = shell("cache", "merge", "all.db", "1.db", "2.db", "3.db")
        assert (merged.code, merged.out) == (0, "")
        assert merged.err == "rubrictool: 14 replies added to all.db; 2 were there already\n"
        assert shell(*asked, "--cache", "all.db", "--max-calls", 0).out == "".join(parts)
    again = shell("cache", "merge", "all.db", "1.db", "2.db")
    assert again.err == "rubrictool: 0 replies added to all.db; 11 were there already\n"


def test_replies_that_differ_are_counted(shell: Shell, sample: Path) -> None:
    with chat_server() as server:
        for name in ("a.db", "b.db"):
            server.replies = [json.dumps([{"criterion": f"Of {name}.", "weight": 1}])] * 13
            shell("propose", sample / "prompts.jsonl", "--proposer", server.spec, "--cache", name)
        ran = shell("cache", "merge", "a.db", "b.db")
        assert "14 were there already, 13 of them with another text, which was left out" in ran.err
        kept = shell(
            "propose", sample / "prompts.jsonl", "--proposer", server.spec, "--cache", "a.db", "--max-calls", 0
        )
    assert {criterion["criterion"] for row in kept.rows for criterion in row["criteria"]} == {"Of a.db."}


@pytest.mark.parametrize("sources", [["missing.db"], ["good.db", "prompts.jsonl"]])
def test_a_source_that_is_no_cache_ends_with_2_and_nothing_is_written(
    shell: Shell, sample: Path, sources: list[str]
) -> None:
    (shell.directory / "prompts.jsonl").write_bytes((sample / "prompts.jsonl").read_bytes())
    with chat_server() as server:
        shell("propose", "prompts.jsonl", "--proposer", server.spec, "--cache", "good.db", "-q")
    ran = shell("cache", "merge", "all.db", *sources)
    assert (ran.code, sources[-1] in ran.err) == (2, True)
    assert "all.db" not in shell.names()


def test_rows_come_through_a_pipe_and_the_rest_of_it_is_checked_too(shell: Shell, sample: Path) -> None:
    def piped(text: str) -> Ran:
        reading, writing = os.pipe()
        process = start(shell.directory, "propose", "-", "--shard", "1/2", stdin=reading)
        with os.fdopen(writing, "w", encoding="utf-8") as feed:
            feed.write(text)
        out, err = process.communicate()
        return Ran(process.wait(), out, err)

    prompts = (sample / "prompts.jsonl").read_text()
    good, bad = piped(prompts), piped(prompts + '{"prompt": 7}\n')
    assert (good.code, len(good.rows)) == (0, 7)
    assert (bad.code, bad.out, "stdin:14: prompt" in bad.err) == (2, "", True)


@pytest.mark.parametrize("shard", ["1/5", "3/5", "5/5"])
def test_every_shard_reports_the_same_fault(shell: Shell, sample: Path, shard: str) -> None:
    rows = [json.loads(line) for line in (sample / "prompts.jsonl").read_text().splitlines()]
    shell.write("twice.jsonl", [*rows, rows[0]])
    ran = shell("refine", "twice.jsonl", "--shard", shard)
    assert (ran.code, "twice.jsonl:14: id: " in ran.err) == (2, True)


def test_more_shards_than_prompts_leave_empty_files_and_ask_nothing(shell: Shell) -> None:
    shell.write("one.jsonl", [{"id": "p", "prompt": "Why?"}])
    with chat_server() as server:
        ran = shell("propose", "one.jsonl", "--proposer", server.spec, "--shard", "2/3", "-o", "out.jsonl")
        assert (ran.code, shell.read("out.jsonl"), server.requests) == (0, [], [])
    assert "propose: shard 2/3: 0 of 1 row\n" in ran.err
    assert "warning" not in ran.err


def test_a_dry_run_counts_the_shard_alone_and_the_summary_names_it(shell: Shell, sample: Path) -> None:
    # One call finds out whether the server enforces schemas.
    asked = ["propose", sample / "prompts.jsonl", "--proposer", "m@http://127.0.0.1:9/v1", "--shard", "2/4"]
    ran = shell(*asked, "--dry-run", "--summary", "s.json")
    assert "dry run, nothing was asked: 3 rows, 0 answers cached, 4 calls at most" in ran.err
    figures = shell.read("s.json")[0]
    assert (figures["shard"], figures["rows"], figures["calls"]) == ("2/4", 3, 4)


def test_shards_that_write_to_pipes_have_failures_files_of_their_own(shell: Shell, sample: Path) -> None:
    dead = ["--proposer", "m@http://127.0.0.1:9/v1", "--attempts", 1, "--no-cache"]
    for number in (1, 2, 1):
        assert shell("propose", sample / "prompts.jsonl", *dead, "--shard", f"{number}/2").code == 1
    failed = [shell.read(f"prompts.propose.{number}-of-2.failed.jsonl") for number in (1, 2)]
    assert list(map(len, failed)) == [7, 6]
    assert len(shell.names()) == 2


def scattered(shell: Shell) -> None:
    """Responses of two models, one after the other, so that each prompt has a row in both halves."""
    shell.write(
        "responses.jsonl",
        [
            {"prompt_id": f"p{number}", "prompt": "Why?", "response": f"So {model} {number}.", "model": model}
            for model in "ab"
            for number in range(4)
        ],
    )
    shell.write(
        "rubrics.jsonl", [{"id": "*", "criteria": [{"criterion": "So.", "weight": 1, "check": {"contains": ["3"]}}]}]
    )


def test_rows_of_one_prompt_in_several_places_are_said_and_give_the_same_output(shell: Shell) -> None:
    scattered(shell)
    asked = ["score", "responses.jsonl", "--rubrics", "rubrics.jsonl"]
    whole = shell(*asked)
    parts = [shell(*asked, "--shard", f"{number}/2") for number in (1, 2)]
    assert "".join(part.out for part in parts) == whole.out
    line = "score: rows of one prompt stand in several places of the input, so several shards may ask about one prompt"
    assert all(line in part.err for part in parts)
    assert line not in whole.err


def test_responses_of_one_text_have_the_ids_of_the_whole_run_in_every_shard(shell: Shell) -> None:
    scattered(shell)
    rows = shell.read("responses.jsonl")
    shell.write("responses.jsonl", [*rows, *rows])
    asked = ["score", "responses.jsonl", "--rubrics", "rubrics.jsonl"]
    parts = [row["id"] for number in (1, 2, 3) for row in shell(*asked, "--shard", f"{number}/3").rows]
    assert parts == [row["id"] for row in shell(*asked).rows]
    assert len({name for name in parts if name.endswith("-2")}) == 8


@pytest.mark.parametrize("command", ["score", "refine"])
def test_an_empty_shard_ends_like_any_other(shell: Shell, sample: Path, command: str) -> None:
    gold = sample / "preferences.jsonl"
    flags: dict[str, list[object]] = {
        "score": ["--rubrics", sample / "rubrics.jsonl", "--missing-rubric", "skip"],
        "refine": ["--labels", gold, "--check-against", gold, "--trace", "t.jsonl"],
    }
    ran = shell(command, sample / "prompts.jsonl", *flags[command], "--shard", "3/40", "-o", "out.jsonl")
    assert (ran.code, shell.read("out.jsonl")) == (0, []), ran.err
    assert f"{command}: shard 3/40: 0 of " in ran.err


def test_a_threshold_on_all_prompts_is_refused_for_a_shard(shell: Shell) -> None:
    scattered(shell)
    ran = shell("score", "responses.jsonl", "--rubrics", "rubrics.jsonl", "--shard", "1/2", "--fail-under", 0.5)
    assert (ran.code, "--fail-under needs the scores of all prompts" in ran.err) == (2, True)


@pytest.mark.parametrize("command", ["sample", "propose", "score", "refine"])
@pytest.mark.parametrize("shard", ["0/4", "5/4", "two"])
def test_a_wrong_shard_is_bad_input(shell: Shell, sample: Path, command: str, shard: str) -> None:
    flags: dict[str, list[object]] = {"sample": ["--model", "m"], "score": ["--rubrics", sample / "rubrics.jsonl"]}
    ran = shell(command, sample / "prompts.jsonl", *flags.get(command, []), "--shard", shard)
    assert (ran.code, ran.out) == (2, "")
    remedy = "must be I/N, whole numbers with I from 1 to N, such as 3/8 (--shard I/N)"
    assert ran.err == f"rubrictool: shard '{shard}': {remedy}\n"


@pytest.mark.parametrize(("shard", "next_step"), [([], True), (["--shard", "1/2"], False)])
def test_a_shards_rubrics_are_not_offered_for_all_responses(
    shell: Shell, sample: Path, shard: list[str], next_step: bool
) -> None:
    ran = shell("refine", sample / "prompts.jsonl", "--rounds", 1, "-o", "r.jsonl", *shard)
    assert (f"next: rubrictool score {sample / 'prompts.jsonl'} --rubrics r.jsonl" in ran.err) is next_step


def test_candidates_that_are_read_with_flags_are_no_file_to_score_without(shell: Shell) -> None:
    responses = [{"response": text, "model": text} for text in ("red", "blue")]
    prompts = shell.write("p.jsonl", [{"asked": "Name colours.", "responses": responses}])
    ran = shell("refine", prompts, "--map", "asked=prompt", "--rounds", 0, "-o", "r.jsonl")
    assert "next: rubrictool score RESPONSES --rubrics r.jsonl" in ran.err
