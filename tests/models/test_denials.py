"""A model that answers no question ends the run at once, with the same exit code in every command."""

from __future__ import annotations

import json
from itertools import repeat

import pytest
from chat import answer, chat_server
from faults import faulty_server, replied
from serving import Handler, Server, envelope, http, running
from shell import Shell

PROMPTS = [{"id": f"p{n}", "prompt": f"Why {n}?"} for n in range(3)]
RESPONSES = [
    {"id": f"{p['id']}-{m}", "prompt_id": p["id"], "model": m, "response": f"{m}: Because {n}."}
    for n, p in enumerate(PROMPTS)
    for m in "ab"
]
CRITERIA = [{"criterion": "Says it.", "weight": 1}]


def commands(shell: Shell, spec: str) -> dict[str, list[object]]:
    prompts, responses = shell.write("prompts.jsonl", PROMPTS), shell.write("responses.jsonl", RESPONSES)
    rubrics = shell.write("rubrics.jsonl", [{**prompt, "criteria": CRITERIA} for prompt in PROMPTS])
    a, b = (shell.write(f"{m}.jsonl", [r for r in RESPONSES if r["model"] == m]) for m in "ab")
    both = ["--judge", spec, "--proposer", spec]
    return {
        "sample": [prompts, "--model", spec],
        "propose": [prompts, "--proposer", spec],
        "score": [responses, "--rubrics", rubrics, "--judge", spec],
        "refine": [prompts, "--responses", responses, *both],
        "refine from rubrics": [prompts, "--responses", responses, "--rubrics", rubrics, *both],
        "winrate": [a, b, "--prompts", prompts, "--judge", spec],
    }


@pytest.mark.parametrize("command", ["sample", "propose", "score", "refine", "refine from rubrics", "winrate"])
@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, "check the key"), (402, "no credit or quota"), (403, "check the key"), (404, "check the model's name")],
)
def test_a_denial_is_bad_set_up_in_every_command(shell: Shell, command: str, status: int, remedy: str) -> None:
    with chat_server() as server:
        server.status = status
        spec = server.spec.replace("tiny@", "large@")
        ran = shell(command.split()[0], *commands(shell, spec)[command], "-o", "out.jsonl", "--no-cache")
    assert ran.code == 2
    assert remedy in ran.err
    assert not (shell.directory / "out.jsonl").exists()


class _OtherModels(Handler):
    """A server that has two models, neither of them the one that is asked for."""

    missing: bytes = b""

    def do_POST(self) -> None:
        self.body()
        self.connection.sendall(http("400 Bad Request", self.missing))

    def do_GET(self) -> None:
        self.connection.sendall(http("200 OK", b'{"data": [{"id": "tiny"}, {"id": "small"}]}'))


@pytest.mark.parametrize("missing", [b'{"error": {"code": "model_not_found"}}', b'{"error": "Model Not Exist"}'])
def test_a_missing_model_is_told_with_the_names_that_the_server_has(shell: Shell, missing: bytes) -> None:
    handler = type("Missing", (_OtherModels,), {"missing": missing})
    with running(Server(("127.0.0.1", 0), handler)) as server:
        spec = f"large@{server.address}"
        ran = shell("propose", shell.write("prompts.jsonl", PROMPTS), "--proposer", spec, "--no-cache")
    assert ran.code == 2
    assert "the server has tiny, small; check the model's name" in ran.err


class _NoRouteForSchemas(Handler):
    """A gateway that has the model, and answers 404 where no provider of it takes a parameter."""

    def do_POST(self) -> None:
        body = self.body()
        if "response_format" in body:
            self.connection.sendall(
                http("404 Not Found", b'{"error": {"message": "No endpoints support it", "code": 404}}')
            )
        else:
            self.connection.sendall(http("200 OK", envelope(answer(body["messages"][0]["content"]))))

    def do_GET(self) -> None:
        self.connection.sendall(http("200 OK", b'{"data": [{"id": "tiny"}]}'))


def test_a_404_for_a_model_that_the_server_lists_is_about_the_request(shell: Shell) -> None:
    with running(Server(("127.0.0.1", 0), _NoRouteForSchemas)) as server:
        ran = shell("propose", shell.write("prompts.jsonl", PROMPTS), "--proposer", server.spec, "--no-cache")
    assert ran.code == 0
    assert "no schemas from now on" in ran.err


def test_a_quota_that_ends_midway_keeps_what_is_finished(shell: Shell) -> None:
    exhausted = json.dumps({"error": {"type": "insufficient_quota", "message": "no more"}}).encode()
    with faulty_server() as server:
        server.faults[1] = repeat(replied("429 Too Many Requests", exhausted))
        responses = [{"id": f"r{n}", "prompt_id": "p0", "response": f"Because {n}."} for n in range(9)]
        three = [{"criterion": f"Says {word}.", "weight": 1} for word in "abc"]
        rubrics = shell.write("rubrics.jsonl", [{**PROMPTS[0], "criteria": three}])
        files = [shell.write("responses.jsonl", responses), "--rubrics", rubrics]
        ran = shell("score", *files, "--judge", server.spec, "-o", "out.jsonl", "--no-cache", "--concurrency", 1)
    failed = shell.read("out.jsonl.failed.jsonl")
    assert (ran.code, [row["id"] for row in shell.read("out.jsonl")]) == (1, ["r0"])
    assert [row["error"]["kind"] for row in failed] == ["refused", *["not_tried"] * 7]
    assert len(server.arrivals) == 2


def test_a_wish_of_hours_ends_the_run_and_says_when_to_come_back(shell: Shell) -> None:
    busy = json.dumps({"error": {"message": "Please try again in 14h3m.", "code": "rate_limit_exceeded"}}).encode()
    with faulty_server() as server:
        server.faults[0] = repeat(replied("429 Too Many Requests", busy))
        files = [shell.write("responses.jsonl", [{"id": "r0", "prompt_id": "p0", "response": "Because 0."}])]
        rubrics = shell.write("rubrics.jsonl", [{**PROMPTS[0], "criteria": CRITERIA}])
        ran = shell("score", *files, "--rubrics", rubrics, "--judge", server.spec, "-o", "out.jsonl", "--no-cache")
    assert ran.code == 2
    assert "asks to wait 14 h 3 min, longer than the 10 min allowed; rerun after" in ran.err
