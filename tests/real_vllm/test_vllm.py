"""The four model commands through a real vLLM server: one that rubrictool starts and ends, and one at an address."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from shell import Rows, Shell

from rubrictool.models.backend import Request
from rubrictool.questions import judge as judge_question
from rubrictool.questions import propose
from rubrictool.questions.templates import Templates
from rubrictool.rows.records import Prompt, Rubric

PYTHON = os.environ.get("RUBRICTOOL_TEST_VLLM_PYTHON", "")
MODULE = "vllm.entrypoints.openai.api_server"
BLOCK = 32
ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}
# Random weights would fill any gap that a grammar leaves them with white space.
TIGHT = '--structured-outputs-config={"disable_any_whitespace": true, "backend": "xgrammar"}'
SETTINGS = ["--max-model-len=16384", "--enforce-eager", "--dtype=float32", f"--block-size={BLOCK}", TIGHT]

pytestmark = [pytest.mark.vllm, pytest.mark.skipif(not PYTHON, reason="RUBRICTOOL_TEST_VLLM_PYTHON names no Python")]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    subprocess.run([PYTHON, str(Path(__file__).with_name("tiny.py")), str(folder)], check=True)
    return folder


@pytest.fixture(scope="module")
def address(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that somebody else has started."""
    with served(tiny, "tiny", SETTINGS, tmp_path_factory.mktemp("server") / "log") as address:
        yield address


@pytest.fixture(scope="module")
def smol(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of a small model that was really trained; nothing keeps its replies from running on in white space."""
    settings = ["--max-model-len=4096", "--enforce-eager", "--dtype=float32"]
    with TemporaryDirectory() as folder:
        subprocess.run([PYTHON, str(Path(__file__).with_name("smol.py")), folder], check=True)
        with served(Path(folder), "smol", settings, tmp_path_factory.mktemp("smol") / "log") as address:
            yield address


@contextmanager
def served(model: Path, name: str, settings: Sequence[str], log: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    where = ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", name]
    command = [PYTHON, "-m", MODULE, "--model", str(model), *where, *settings]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, env={**os.environ, **ENVIRONMENT}, start_new_session=True
        )
    try:
        assert is_up(f"http://127.0.0.1:{port}/health", process), log.read_text()[-5000:]
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def is_up(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Return whether a server answers within three minutes."""
    end = time.monotonic() + 180
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except OSError:
            time.sleep(0.5)
    return False


@pytest.fixture
def starting(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The flags of a judge whose server rubrictool starts itself."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return ["--judge", f"vllm:{tiny}", "--vllm-python", PYTHON, *(f"--vllm-arg={setting}" for setting in SETTINGS)]


def running() -> str:
    return subprocess.run(["ps", "ax", "-o", "args"], capture_output=True, text=True, check=True).stdout


def test_two_servers_serve_refine_in_both_roles_and_are_gone_afterwards(
    shell: Shell, sample: Path, tiny: Path, starting: list[object]
) -> None:
    prompts = shell.write("p.jsonl", [shell.read(str(sample / "prompts.jsonl"))[0]])
    given = [prompts, *starting, "--proposer", f"vllm:{tiny}", "--rounds", 1, "-o", "r.jsonl", "--trace", "t.jsonl"]
    given += ["--replicas", 2]
    ran = shell("refine", *given)
    assert ran.code == 0, ran.err
    assert ran.err.count("vllm: starting") == 2
    assert "2 of 2 servers" in ran.err
    # What a random model proposes may change nothing; it is an answer in the form of the schema all the same.
    assert (shell.read("r.jsonl")[0]["stopped"], shell.read("t.jsonl")[0]["better"] is not None) == ("done", True)
    assert str(tiny) not in running()


def test_a_server_that_does_not_start_says_why(shell: Shell, tmp_path: Path, starting: list[object]) -> None:
    row = {"prompt_id": "p", "prompt": "Why?", "response": "So."}
    rubric = {"id": "p", "criteria": [{"criterion": "Says so.", "weight": 1}]}
    files = [shell.write("s.jsonl", [row]), "--rubrics", shell.write("k.jsonl", [rubric])]
    ran = shell("score", *files, *starting[2:], "--judge", f"vllm:{tmp_path / 'nothing'}", "-o", "out.jsonl")
    assert ran.code == 2
    assert "its log ends" in ran.err
    assert not (shell.directory / "out.jsonl").exists()


def test_score_goes_on_from_what_vllms_run_batch_answers_and_a_rerun_asks_nothing(
    shell: Shell, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    said = ["It is one.", "It is two."]
    rows = [{"prompt_id": f"p{n}", "prompt": "Which?", "response": one} for n, one in enumerate(said)]
    rubric = {"id": "*", "criteria": [{"criterion": "Says a number.", "weight": 1}]}
    given = [shell.write("s.jsonl", rows), "--rubrics", shell.write("k.jsonl", [rubric]), "-o", "out.jsonl"]
    given += ["--judge", "batch:hosted_vllm/tiny@d", "--cache", "cache.db"]
    assert shell("score", *given).code == 4
    [file] = (shell.directory / "d").glob("*.jsonl")
    command = [PYTHON, "-m", "vllm.entrypoints.openai.run_batch", "-i", str(file), "-o", "d/results.jsonl"]
    subprocess.run([*command, "--model", str(tiny), "--served-model-name", "tiny", *SETTINGS], check=True)
    ran = shell("score", *given)
    assert ran.code == 0, ran.err
    assert "2 results read from d" in ran.err
    assert [row["prompt_id"] for row in shell.read("out.jsonl")] == ["p0", "p1"]
    again = shell("score", *given)
    assert (again.code, "0 calls, 2 cached" in again.err) == (0, True)


def test_a_server_proposes_rubrics(shell: Shell, sample: Path, address: str) -> None:
    prompts = shell.write("p.jsonl", shell.read(str(sample / "prompts.jsonl"))[:3])
    ran = shell("propose", prompts, "--proposer", f"{address}/v1")
    assert ran.code == 0, ran.err
    assert all(row["criteria"] for row in ran.rows)


def test_a_server_serves_winrate_with_reasons(shell: Shell, sample: Path, address: str) -> None:
    rows = [
        {"prompt_id": "p", "prompt": "Why?", "response": r["response"]}
        for r in shell.read(str(sample / "prompts.jsonl"))[0]["responses"][:4]
    ]
    files = [shell.write("a.jsonl", rows[:2]), shell.write("b.jsonl", rows[2:])]
    ran = shell("winrate", *files, "--judge", f"tiny@{address}/v1", "--reasons")
    assert ran.code == 0, ran.err
    assert all(row["reasons"]["ab"] for row in ran.rows)


def test_a_server_is_audited_all_at_once_and_per_criterion_and_a_rerun_asks_nothing(
    shell: Shell, sample: Path, address: str
) -> None:
    rows = [
        {"id": f"r{n}", "prompt_id": "p", "prompt": "Why?", "response": row["response"]}
        for n, row in enumerate(shell.read(str(sample / "prompts.jsonl"))[0]["responses"][:2])
    ]
    scale = {"criterion": "Is clear.", "weight": 2, "scale": 3}
    criteria = [{"criterion": "Gives a warning.", "weight": 1}, {"criterion": "Is rude.", "weight": -1}, scale]
    files = [shell.write("r.jsonl", rows), "--rubrics", shell.write("k.jsonl", [{"id": "*", "criteria": criteria}])]
    for judging in ("all-at-once", "per-criterion"):
        given = ["audit", f"tiny@{address}/v1", *files, "--judging", judging, "--cache", "c.db"]
        ran = shell(*given, "--fail-over", 1.5, "--summary", "s.json")
        assert ran.code == 0, ran.err
        assert len(ran.rows) == 2 * 23
        assert {row["canary"] for row in ran.rows} <= {True, False}
        assert all(verdict["level"] in "123" for row in ran.rows for verdict in row["verdicts"] if "level" in verdict)
        again = shell(*given, "--summary", "s.json")
        assert (again.out, json.loads((shell.directory / "s.json").read_text())["calls"]) == (ran.out, 0)


def test_a_server_tells_the_probabilities_of_soft_verdicts_and_they_are_calibrated(shell: Shell, address: str) -> None:
    levels = {"criterion": "Is clear.", "weight": 1, "scale": 5}
    criteria = [{"criterion": f"Says fact {n}.", "weight": 1} for n in range(3)]
    rubrics = shell.write("k.jsonl", [{"id": "*", "criteria": [*criteria, levels]}])
    rows = [
        {"id": f"r{n}", "prompt_id": f"p{n}", "prompt": f"Why {n}?", "response": f"Because of {n}."} for n in range(5)
    ]
    judging = ["--judging", "per-criterion", "--soft", "--cache", "c.db"]
    files = [shell.write("r.jsonl", rows), "--rubrics", rubrics, *judging]
    asked = [*files, "--judge", f"tiny@{address}/v1"]
    ran = shell("score", *asked, "-o", "s.jsonl")
    assert ran.code == 0, ran.err
    scored = shell.read("s.jsonl")
    told = [verdict for row in scored for verdict in row["verdicts"]]
    assert all("hard" in verdict or 0 < verdict["p"] < 1 for verdict in told), "random weights are never sure"
    soft = [verdict for verdict in told if "hard" not in verdict]
    assert len(soft) > len(told) / 2
    assert any("level" in verdict for verdict in soft)
    for row in scored:
        counted = [verdict.get("value", float(verdict["met"])) for verdict in row["verdicts"]]
        assert row["score"] == pytest.approx(sum(counted) / len(counted))
    assert shell("cache", "export", "export.jsonl", "--cache", "c.db").code == 0
    again = shell("score", *files[:-2], "--judge", "replay:export.jsonl")
    assert [row["verdicts"] for row in again.rows] == [row["verdicts"] for row in scored]
    labels = [
        {"prompt_id": f"p{n}", "id": f"r{n}", "verdicts": [{"id": f"c{c}", "met": (n + c) % 2 == 0} for c in (1, 2, 3)]}
        for n in range(5)
    ]
    fitting = ["--labels", shell.write("l.jsonl", labels), "--calibrate", "temperature", "-o", "c.json"]
    assert shell("agree", "s.jsonl", *fitting).code == 0
    ran = shell("score", *asked, "--calibration", "c.json", "--summary", "m.json", "-o", "t.jsonl")
    assert ran.code == 0, ran.err
    assert json.loads((shell.directory / "m.json").read_text())["calls"] == 0
    given = [verdict.get("p") for verdict in told if "level" not in verdict]
    raw = [
        verdict.get("raw_p") for row in shell.read("t.jsonl") for verdict in row["verdicts"] if "level" not in verdict
    ]
    assert raw == given


def test_two_servers_and_the_offline_rules_are_a_panel_and_one_is_escalated_to(
    shell: Shell, sample: Path, address: str, smol: str
) -> None:
    rows = [
        {"id": f"r{n}", "prompt_id": "p", "prompt": "Why?", "response": row["response"][:600]}
        for n, row in enumerate(shell.read(str(sample / "prompts.jsonl"))[0]["responses"][:4])
    ]
    criteria = [{"criterion": "Gives a warning.", "weight": 2}, {"criterion": "Is short.", "weight": 1}]
    files = [shell.write("r.jsonl", rows), "--rubrics", shell.write("k.jsonl", [{"id": "*", "criteria": criteria}])]
    tiny, other = f"tiny@{address}/v1", f"smol@{smol}/v1"
    limits = ["--max-tokens", LIMIT, "--attempts", ATTEMPTS]
    panel = ["--judge", tiny, "--judge", "offline", "--summary", "s.json", "--cache", "c.db", *limits]
    for judging in ("all-at-once", "per-criterion"):
        ran = shell("score", *files, *panel, "--judge", other, "--judging", judging)
        assert ran.code in (0, 1), ran.err
        found = json.loads((shell.directory / "s.json").read_text())["panel"]
        assert [one["judge"] for one in found["judges"]] == ["offline", "smol", "tiny"]
        assert {one["verdicts"] + one["failed"] for one in found["judges"]} == {2 * len(ran.rows)}
        assert all(len(verdict["judges"]) >= 2 for row in ran.rows for verdict in row["verdicts"])
        left = shell("score", *files, *panel, "--escalate", other, "--judging", judging)
        assert left.code in (0, 1), left.err
        for verdict in (verdict for row in left.rows for verdict in row["verdicts"]):
            first, second, *strong = verdict["judges"]
            assert bool(strong) is (first["met"] is not second["met"])
            assert verdict["met"] is verdict["judges"][-1]["met"]


def test_levels_abstaining_examples_and_a_drawn_order_go_together_and_several_judges_have_a_price_list(
    shell: Shell, address: str
) -> None:
    levels = {"id": "clear", "criterion": "Is clear.", "weight": 2, "scale": 3}
    criteria = [{"id": f"f{n}", "criterion": f"Says fact {n}.", "weight": 1} for n in range(3)]
    rubrics = shell.write("k.jsonl", [{"id": "*", "criteria": [*criteria, levels]}])
    rows = [
        {"id": f"r{n}", "prompt_id": f"p{n}", "prompt": f"Why {n}?", "response": f"Because of {n}, and of {n * 7}."}
        for n in range(6)
    ]
    labels = [
        {
            **row,
            "verdicts": [
                *({"id": f"f{c}", "met": (n + c) % 2 == 0} for c in range(3)),
                {"id": "clear", "level": str(n % 3 + 1)},
            ],
        }
        for n, row in enumerate(rows)
    ]
    given = [shell.write("r.jsonl", rows), "--rubrics", rubrics, "--judge", f"tiny@{address}/v1", "--allow-abstain"]
    given += ["--examples", shell.write("l.jsonl", labels), "--summary", "s.json", "--cache", "c.db"]
    for name, judging in (("all.jsonl", ["--shuffle-criteria"]), ("one.jsonl", ["--judging", "per-criterion"])):
        ran = shell("score", *given, *judging, "-o", name)
        assert ran.code in (0, 1), ran.err
        assert "24 labels can be shown to the judge" in ran.err
        told = [verdict for row in shell.read(name) for verdict in row["verdicts"]]
        assert told, "every response ended in a score or a named failure"
        assert all(verdict.get("abstained", False) is (verdict["met"] is None) for verdict in told)
        assert all((verdict["id"] == "clear") is ("level" in verdict) for verdict in told if verdict["met"] is not None)
        assert all(("place" in verdict) is (name == "all.jsonl") for verdict in told)
        again = shell("score", *given, *judging, "-o", "again.jsonl")
        assert json.loads((shell.directory / "s.json").read_text())["calls"] == 0, again.err
        assert shell.read("again.jsonl") == shell.read(name)
    agreed = shell("agree", "all.jsonl", "one.jsonl", "--labels", "l.jsonl", "--rubrics", rubrics)
    assert agreed.code == 0, agreed.err
    prices = [row for row in agreed.rows if row["kind"] == "price list"]
    assert [row["judging"] for row in prices] == ["all-at-once", "per-criterion"]
    assert {row["standing"] for row in prices} == {"undecided"}, "six prompts decide nothing"


PROMPTS, RESPONSES = 6, 16
RUBRICS = [
    {
        "id": f"p{p}",
        "prompt": f"Prompt {p}: explain how the tide of harbour number {p * 37} comes about, for a class of children. "
        * 3,
        "criteria": [{"criterion": f"Says fact {p}.{c} of the harbour and its moon.", "weight": 1} for c in range(12)],
    }
    for p in range(PROMPTS)
]
ROWS = [
    {"id": f"p{p}-{r}", "prompt_id": f"p{p}", "response": f"Answer {r * 91} to {p}: " + f"the water {r} rises, " * 30}
    for p in range(PROMPTS)
    for r in range(RESPONSES)
]


def test_scoring_16_responses_a_prompt_hits_the_prefix_cache_as_often_as_the_prompts_layout_allows(
    shell: Shell, address: str
) -> None:
    files = [shell.write("r.jsonl", ROWS), "--rubrics", shell.write("k.jsonl", RUBRICS)]
    before = prefix_cache(address)
    ran = shell("score", *files, "--judge", f"tiny@{address}/v1", "-o", "s.jsonl")
    assert ran.code == 0, ran.err
    queries, hits = (after - earlier for after, earlier in zip(prefix_cache(address), before, strict=True))
    allowed = allowed_rate([tokens(address, question(row)) for row in ROWS])
    print(f"\nprefix cache: {hits / queries:.3f} of the tokens were hits, {allowed:.3f} possible")
    assert hits / queries >= 0.95 * allowed


def prefix_cache(address: str) -> tuple[float, float]:
    """The tokens that the server has looked up in its prefix cache so far, and those that it found."""
    with urllib.request.urlopen(f"{address}/metrics") as reply:
        text = reply.read().decode()
    found = [
        re.findall(rf"^vllm:prefix_cache_{name}_total{{.*}} (\S+)$", text, re.MULTILINE) for name in ("queries", "hits")
    ]
    return sum(map(float, found[0])), sum(map(float, found[1]))


def question(row: dict[str, Any]) -> Sequence[Any]:
    rubric = Rubric.model_validate(next(rubric for rubric in RUBRICS if rubric["id"] == row["prompt_id"]))
    assert rubric.prompt is not None
    texts = [criterion.criterion for criterion in rubric.criteria]
    return judge_question.question(
        Templates(), Prompt(id=rubric.id, prompt=rubric.prompt), texts, row["response"]
    ).messages


def tokens(address: str, messages: Sequence[Any]) -> list[int]:
    body = json.dumps({"model": "tiny", "messages": messages, "add_generation_prompt": True}).encode()
    asked = urllib.request.Request(f"{address}/tokenize", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked) as reply:
        found: list[int] = json.load(reply)["tokens"]
    return found


def allowed_rate(questions: Sequence[list[int]]) -> float:
    """The share of tokens that are a hit when each question comes after the others: whole blocks, never the last token."""
    seen: set[tuple[int, ...]] = set()
    hits = 0
    for question in questions:
        blocks = [tuple(question[:end]) for end in range(BLOCK, len(question), BLOCK)]
        hits += BLOCK * sum(block in seen for block in blocks)
        seen.update(blocks)
    return hits / sum(map(len, questions))


WANTED = ["States a concrete figure.", "Gives a warning.", "Explains a reason."]
IDS = ["c1", "c2", "c3"]
LIMIT, ATTEMPTS = 60, 2
IN_WORDS = {"type": "text"}
BY_HAND = {"type": "json_schema", "json_schema": {"name": "answer", "schema": judge_question.schema(len(IDS))}}


def judged(shell: Shell, sample: Path, smol: str, args: dict[str, Any], *, prompts: int) -> tuple[Rows, Rows]:
    """The scores and the failures of two responses a prompt, judged by the small model; each row is in one of them."""
    chosen = shell.read(str(sample / "prompts.jsonl"))[:prompts]
    criteria = [{"criterion": text, "weight": 1} for text in WANTED]
    rubrics = shell.write(
        "k.jsonl", [{"id": row["id"], "prompt": row["prompt"], "criteria": criteria} for row in chosen]
    )
    rows = [
        {"id": f"{row['id']}-{n}", "prompt_id": row["id"], "response": row["responses"][n]["response"]}
        for row in chosen
        for n in range(2)
    ]
    flags = ["--judge", f"smol@{smol}/v1", "--judge-args", json.dumps(args), "--max-tokens", LIMIT]
    files = ["--rubrics", rubrics, "-o", "s.jsonl", "--failures", "f.jsonl", "--cache", "c.db"]
    ran = shell("score", shell.write("r.jsonl", rows), *files, *flags, "--attempts", ATTEMPTS)
    failed = shell.read("f.jsonl") if "f.jsonl" in shell.names() else []
    scored = shell.read("s.jsonl")
    assert ran.code == (1 if failed else 0), ran.err
    assert sorted(row["id"] for row in scored + failed) == sorted(row["id"] for row in rows)
    return scored, failed


def named(failures: Rows) -> set[str]:
    """The kinds of failures, each of which has a message and took all its attempts."""
    assert all(row["error"]["message"].startswith("smol: ") for row in failures)
    assert {row["error"]["attempts"] for row in failures} <= {ATTEMPTS}
    return {row["error"]["kind"] for row in failures}


def assert_as_said(shell: Shell, scored: Rows, args: dict[str, Any]) -> None:
    """Hold the verdicts of each row to the reply in the cache."""
    assert shell("cache", "export", "export.jsonl", "--cache", "c.db").code == 0
    for row in scored:
        assert [verdict["id"] for verdict in row["verdicts"]] == IDS
        assert ["yes" if verdict["met"] else "no" for verdict in row["verdicts"]] == said(shell, row, args)


def said(shell: Shell, row: dict[str, Any], args: dict[str, Any]) -> list[str]:
    """Return what the stored reply to a row's question says of each criterion, by the standard library alone."""
    rubric = next(rubric for rubric in shell.read("k.jsonl") if rubric["id"] == row["prompt_id"])
    messages = judge_question.question(
        Templates(), Prompt(id=rubric["id"], prompt=rubric["prompt"]), WANTED, row["response"]
    ).messages
    key = Request("smol", messages, 0, LIMIT, args).key()
    reply = next(stored["reply"] for stored in shell.read("export.jsonl") if stored["key"] == key)
    answer = json.loads(reply[reply.rindex("{") :])
    assert list(answer) == IDS
    return [str(word) for word in answer.values()]


def test_verdicts_of_a_small_model_are_what_its_replies_say(shell: Shell, sample: Path, smol: str) -> None:
    args = {"response_format": BY_HAND}
    scored, failed = judged(shell, sample, smol, args, prompts=4)
    assert len(scored) > len(failed), failed
    assert named(failed) <= {"unreadable", "truncated"}
    assert_as_said(shell, scored, args)
    recorded = ["--judge", "replay:export.jsonl", "--judge-args", json.dumps(args), "--max-tokens", LIMIT]
    again = shell("score", "r.jsonl", "--rubrics", "k.jsonl", "--failures", "g.jsonl", *recorded)
    assert [row["verdicts"] for row in again.rows] == [row["verdicts"] for row in scored]


def test_repetitions_and_copied_texts_of_a_small_model_are_failures_and_no_verdicts(
    shell: Shell, sample: Path, smol: str
) -> None:
    args = {"response_format": IN_WORDS}
    scored, failed = judged(shell, sample, smol, args, prompts=3)
    assert failed  # it repeats the question, or itself
    assert named(failed) <= {"unreadable", "truncated"}
    assert_as_said(shell, scored, args)


def test_a_small_model_with_the_forms_that_we_send_ends_in_verdicts_or_named_failures(
    shell: Shell, sample: Path, smol: str
) -> None:
    scored, failed = judged(shell, sample, smol, {}, prompts=2)
    assert named(failed) <= {"unreadable", "truncated"}
    assert_as_said(shell, scored, {})


def test_a_small_model_proposes_criteria_of_its_own_or_fails(shell: Shell, sample: Path, smol: str) -> None:
    prompts = shell.write("p.jsonl", shell.read(str(sample / "prompts.jsonl"))[:3])
    flags = ["--max-tokens", 2 * LIMIT, "--attempts", ATTEMPTS, "--failures", "f.jsonl", "-o", "k.jsonl"]
    ran = shell("propose", prompts, "--proposer", f"smol@{smol}/v1", *flags)
    failed = shell.read("f.jsonl") if "f.jsonl" in shell.names() else []
    written = shell.read("k.jsonl")
    assert ran.code == (1 if failed else 0), ran.err
    assert len(written) + len(failed) == 3
    assert named(failed) <= {"unreadable", "truncated"}
    template = "".join(
        str(message["content"]) for message in propose.question(Templates(), Prompt(id="p", prompt="-")).messages
    )
    assert not [c for row in written for c in row["criteria"] if c["criterion"] in template]
