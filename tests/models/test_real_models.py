"""Whole commands against a model server: budgets, dry runs, criteria one by one, reasons, several addresses, secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chat import ChatServer, chat_server
from shell import Shell

RUBRIC = {"id": "p", "prompt": "Why?", "criteria": [{"criterion": f"Says {word}.", "weight": 1} for word in "abc"]}
RESPONSES = [{"prompt_id": "p", "model": "m", "response": f"Because {number}."} for number in range(6)]


@pytest.fixture
def scoring(shell: Shell) -> list[object]:
    return ["score", shell.write("responses.jsonl", RESPONSES), "--rubrics", shell.write("rubrics.jsonl", [RUBRIC])]


def test_a_limit_of_calls_leaves_rows_unjudged_and_a_rerun_with_more_goes_on(
    shell: Shell, scoring: list[object]
) -> None:
    with chat_server() as server:
        first = shell(*scoring, "--judge", server.spec, "--max-calls", 4, "-o", "out.jsonl")
        asked = len(server.requests) + len(server.probes)
        second = shell(*scoring, "--judge", server.spec, "-o", "out.jsonl")
    assert (first.code, asked) == (1, 4)
    assert "not judged" in first.err
    assert second.code == 0
    assert len(server.requests) == len(RESPONSES)


def test_rows_beyond_the_limit_are_failures_of_their_own_kind(shell: Shell, scoring: list[object]) -> None:
    with chat_server() as server:
        shell(*scoring, "--judge", server.spec, "--max-calls", 0, "-o", "out.jsonl")
    failed = shell.read("out.jsonl.failed.jsonl")
    assert [row["error"]["kind"] for row in failed] == ["budget"] * len(RESPONSES)
    assert server.requests + server.probes == []


def test_a_limit_of_dollars_needs_a_price(shell: Shell, scoring: list[object]) -> None:
    with chat_server() as server:
        ran = shell(*scoring, "--judge", server.spec, "--max-cost", 1)
    assert ran.code == 2
    assert "--price IN,OUT" in ran.err
    assert server.requests + server.probes == []


@pytest.mark.parametrize("price", ["free", "1", "1,2,3", "-1,2", "nan,1", "tiny="])
def test_a_price_that_is_none_is_refused(shell: Shell, scoring: list[object], price: str) -> None:
    ran = shell(*scoring, "--price", price)
    assert ran.code == 2
    assert "dollars per million tokens" in ran.err


def test_a_dry_run_asks_nothing_writes_nothing_and_says_what_it_would_cost_at_most(
    shell: Shell, scoring: list[object]
) -> None:
    with chat_server() as server:
        ran = shell(
            *scoring, "--judge", server.spec, "--dry-run", "--price", "1,2", "-o", "out.jsonl", "--summary", "s.json"
        )
    assert (ran.code, server.requests, server.probes) == (0, [], [])
    assert not (shell.directory / "out.jsonl").exists()
    assert not (shell.directory / "out.jsonl.failed.jsonl").exists()
    plan = json.loads((shell.directory / "s.json").read_text())
    assert plan["calls"] == len(RESPONSES) + 1, "the rows, and the probe"
    assert plan["cost_usd"] == pytest.approx((plan["prompt_tokens"] + 2 * plan["completion_tokens"]) / 1e6)
    assert "at most $" in ran.err


def test_a_dry_run_of_refine_is_no_less_than_what_the_run_asks(shell: Shell, sample: Path) -> None:
    prompts = shell.write("p.jsonl", map(json.loads, (sample / "prompts.jsonl").read_text().splitlines()[:5]))
    with chat_server() as server:
        models = ["--judge", server.spec, "--proposer", server.spec]
        shell("refine", prompts, *models, "--dry-run", "--summary", "s.json", "--no-cache")
        assert server.requests == []
        shell("refine", prompts, *models, "-o", "out.jsonl", "--no-cache")
    plan = json.loads((shell.directory / "s.json").read_text())
    assert plan["calls"] >= len(server.requests) + len(server.probes)
    assert "rounds" in plan["formula"]


def test_a_dry_run_asks_no_test_for_schemas_and_says_which_calls_are_such(shell: Shell, sample: Path) -> None:
    with chat_server() as server:
        ran = shell("propose", sample / "prompts.jsonl", "--proposer", server.spec, "--dry-run", "--summary", "s.json")
        assert (server.requests, server.probes) == ([], [])
    plan = json.loads((shell.directory / "s.json").read_text())
    assert (plan["calls"], plan["schema_tests"]) == (plan["rows"] + 1, 1)
    assert "(1 of them asks once whether it keeps to a JSON schema)" in ran.err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], "judge: candidates x 4 rounds, of which --pool narrow usually saves half"),
        (["--both-orders", "--pool", "keep"], "4 rounds, each in both orders); judge: candidates x 4 rounds\n"),
        (["--judging", "per-criterion"], "judge: candidates x 4 rounds x criteria"),
    ],
)
def test_the_bound_of_refine_names_only_what_this_run_does(
    shell: Shell, sample: Path, flags: list[str], said: str
) -> None:
    two = shell.write("p.jsonl", map(json.loads, (sample / "prompts.jsonl").read_text().splitlines()[:2]))
    with chat_server() as server:
        models = ["--judge", server.spec, "--proposer", server.spec]
        ran = shell("refine", two, *models, "--dry-run", *flags)
    assert said in ran.err
    assert max(len(line.split()) for line in ran.err.splitlines() if "upper bound" in line) < 40


def proposed(count: int) -> str:
    """A proposer's answer of criteria as long as people's."""
    return json.dumps([{"criterion": f"Says {n}: " + "as an expert would. " * 5, "weight": 2} for n in range(count)])


def test_a_dry_run_of_refine_is_near_what_a_run_with_rubrics_of_usual_size_asks(shell: Shell, sample: Path) -> None:
    prompt = json.loads((sample / "prompts.jsonl").read_text().splitlines()[0])
    for rounds in (1, 4):
        with chat_server() as server:
            models = ["--judge", server.spec, "--proposer", server.spec, "--rounds", rounds, "--no-cache"]
            prompts = shell.write("p.jsonl", [prompt])
            shell("refine", prompts, *models, "--dry-run", "--summary", "s.json")
            server.replies = [proposed(10)]
            ran = shell("refine", prompts, *models)
        assert ran.code == 0
        asked = sum(len(json.dumps(body)) for body in server.requests + server.probes)
        plan = json.loads((shell.directory / "s.json").read_text())
        assert plan["calls"] == len(server.requests) + len(server.probes)
        assert 1 < plan["prompt_tokens"] / asked < 2.5, "what a schema allows would be several times that"


def test_a_dry_run_asks_no_judge_about_what_a_check_decides(shell: Shell) -> None:
    checked = {**RUBRIC, "criteria": [{"criterion": "Says so.", "weight": 1, "check": {"contains": ["because"]}}]}
    prompt = {"id": "p", "prompt": "Why?", "responses": [{"model": m, "response": f"Because {m}."} for m in "ab"]}
    given = [shell.write("p.jsonl", [prompt]), "--rubrics", shell.write("r.jsonl", [checked]), "--rounds", 1]
    models = ["--judge", "j@http://127.0.0.1:9/v1", "--proposer", "p@http://127.0.0.1:9/v1"]
    shell("refine", *given, *models, "--dry-run", "--summary", "s.json", "--no-cache")
    assert list(json.loads((shell.directory / "s.json").read_text())["models"]) == ["p"]


def test_criteria_one_by_one_are_reused_in_an_edited_rubric(shell: Shell, scoring: list[object]) -> None:
    edited = {**RUBRIC, "criteria": [*RUBRIC["criteria"][:2], {"criterion": "Says d.", "weight": 3}]}
    with chat_server() as server:
        alone = ["--judge", server.spec, "--judging", "per-criterion"]
        first = shell(*scoring, *alone)
        again = shell("score", "responses.jsonl", "--rubrics", shell.write("edited.jsonl", [edited]), *alone)
    assert [row["judging"] for row in first.rows] == ["per-criterion"] * len(RESPONSES)
    assert [len(row["verdicts"]) for row in again.rows] == [3] * len(RESPONSES)
    assert len(server.requests) == (3 + 1) * len(RESPONSES)
    assert "12 verdicts were reused" in again.err


def test_with_one_criterion_a_question_ends_with_it(shell: Shell, scoring: list[object]) -> None:
    with chat_server() as server:
        shell(*scoring, "--judge", server.spec, "--judging", "per-criterion")
    asked = server.requests[0]["messages"][0]["content"]
    assert asked.index("Because") < asked.index("Says ")
    assert asked.rstrip().splitlines()[-2].startswith("Says ")


def test_reasons_are_asked_for_and_land_in_the_row(shell: Shell, scoring: list[object]) -> None:
    with chat_server() as server:
        server.replies = [json.dumps({f"c{n}": {"reason": "so", "met": "yes"} for n in (1, 2, 3)})] * len(RESPONSES)
        ran = shell(*scoring, "--judge", server.spec, "--reasons")
    assert '"reason": "<one short sentence>"' in server.requests[0]["messages"][0]["content"]
    assert [v["reason"] for v in ran.rows[0]["verdicts"]] == ["so"] * 3


def test_the_offline_judge_has_no_reasons(shell: Shell, scoring: list[object]) -> None:
    ran = shell(*scoring, "--reasons")
    assert ran.code == 2
    assert "the offline judge gives no reasons" in ran.err


def test_one_prompts_questions_go_to_one_address_and_a_dead_one_loses_nothing(shell: Shell) -> None:
    prompts = [f"p{number}" for number in range(12)]
    rows = [{"prompt_id": name, "response": f"Because {n}."} for name in prompts for n in range(2)]
    rubrics = [{**RUBRIC, "id": name, "prompt": f"Why {name}?"} for name in prompts]
    files = [shell.write("r.jsonl", rows), "--rubrics", shell.write("k.jsonl", rubrics), "--concurrency", 4]
    with chat_server() as one, chat_server() as other:
        addresses = ",".join(server.spec.partition("@")[2] for server in (one, other))
        both = shell("score", *files, "--judge", f"tiny@{addresses}", "--no-cache")
        assert all(served(one)), "both have work"
        assert all(served(other)), "both have work"
    with chat_server() as alive:
        dead = shell(
            "score", *files, "--judge", f"tiny@http://127.0.0.1:9/v1,{alive.spec.partition('@')[2]}", "--no-cache"
        )
    assert (both.code, dead.code, len(dead.rows)) == (0, 0, len(rows))
    assert "does not answer" in dead.err


def served(server: ChatServer) -> list[str]:
    return [str(request["messages"][0]["content"]) for request in server.requests] or [""]


def test_a_key_that_a_server_sends_back_reaches_no_file_and_no_screen(
    shell: Shell, scoring: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-rubrictool-very-secret"
    monkeypatch.setenv("RUBRICTOOL_API_KEY", key)
    with chat_server() as server:
        server.replies = [f"Your key is {key}."] * 20
        ran = shell(*scoring, "--judge", server.spec, "--attempts", 2, "-o", "out.jsonl", "--cache", "c.db")
        server.status = 401
        denied = shell(*scoring, "--judge", server.spec, "--no-cache")
    assert server.headers_seen[0]["Authorization"] == f"Bearer {key}"
    assert ran.code == 1
    assert denied.code == 2
    held = b"".join(path.read_bytes() for path in shell.directory.rglob("*") if path.is_file())
    assert key.encode() not in held
    assert key not in ran.err + ran.out + denied.err + denied.out


def test_criteria_one_by_one_need_a_rubric_in_winrate(shell: Shell) -> None:
    rows = shell.write("a.jsonl", [{"prompt_id": "p", "prompt": "Why?", "response": "So."}])
    ran = shell("winrate", rows, rows, "--judge", "tiny@http://127.0.0.1:9/v1", "--judging", "per-criterion")
    assert ran.code == 2
    assert "needs --rubrics" in ran.err
