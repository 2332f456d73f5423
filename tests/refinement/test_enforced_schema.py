"""A server that enforces schemas bounds what a round adds, never what a rubric holds: one of 40 criteria changes as asked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from serving import Handler, Server, envelope, http, running
from shell import Shell

from rubrictool.models.schema_support import PROBE

OBEDIENT = json.dumps({"ready": "yes", "reason": "asked", "parts": [1]})


class EnforcingServer(Server):
    """Answers every pair with one proposal, and with nothing where the schema does not allow a reply."""

    def __init__(self, proposal: Mapping[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proposal = json.dumps(proposal)
        self.questions: list[str] = []


class _Handler(Handler):
    server: EnforcingServer

    def do_POST(self) -> None:
        body = self.body()
        question, form = body["messages"][0]["content"], body["response_format"]["json_schema"]["schema"]
        reply = self._said(question)
        allowed = obeys(json.loads(reply), form)
        self.connection.sendall(http("200 OK", envelope(reply if allowed else "{}")))

    def _said(self, question: str) -> str:
        if question == PROBE:
            return OBEDIENT
        self.server.questions.append(question)
        if "You sharpen a rubric" in question:
            return self.server.proposal
        return json.dumps(dict.fromkeys(re.findall(r"^(c\d+): ", question, re.MULTILINE), "yes"))


def obeys(value: Any, schema: Mapping[str, Any]) -> bool:
    """Return whether a value is what a schema of ours allows."""
    if "anyOf" in schema:
        return any(obeys(value, one) for one in schema["anyOf"])
    if "enum" in schema and value not in schema["enum"]:
        return False
    if schema["type"] == "object":
        fields = schema["properties"]
        return set(value) == set(fields) and all(obeys(value[name], fields[name]) for name in fields)
    if schema["type"] == "array":
        return schema["minItems"] <= len(value) <= schema["maxItems"] and all(
            obeys(one, schema["items"]) for one in value
        )
    return isinstance(value, {"string": str, "integer": int}[schema["type"]])


CHANGES: dict[str, Any] = {
    "better": "first",
    "why": "It names the source.",
    "add": [{"criterion": f"Names source {n}.", "weight": 2} for n in range(4)],
    "change": [{"id": "c1", "criterion": "Names the colour red.", "weight": 3}]
    + [{"id": f"c{n}", "weight": 3} for n in range(2, 31)],
    "merge": [{"ids": ["c31", "c32", "c33"], "criterion": "Names three shades.", "weight": 2}],
    "drop": [f"c{n}" for n in range(34, 41)],
}


def refined(shell: Shell, proposal: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = [{"id": f"r{n}", "model": f"m{n}", "response": f"Colour number {n}."} for n in range(4)]
    prompts = shell.write("p.jsonl", [{"id": "p", "prompt": "Name a colour.", "responses": rows}])
    criteria = [{"criterion": f"Names colour {n}.", "weight": 1} for n in range(1, 41)]
    rubrics = shell.write("r.jsonl", [{"id": "p", "criteria": criteria}])
    with running(EnforcingServer(proposal)) as server:
        models = ["--judge", server.spec, "--proposer", server.spec, "--no-cache", "--attempts", 1]
        given = [prompts, "--rubrics", rubrics, "--rounds", 1, "--max-criteria", 44]
        return shell("refine", *given, *models).rows


def test_a_rubric_of_40_gains_changes_merges_and_drops_criteria(shell: Shell) -> None:
    (row,) = refined(shell, CHANGES)
    found = [(c["id"], c["criterion"], c["weight"]) for c in row["criteria"]]
    assert row["stopped"] == "done"
    assert found == [
        ("c1", "Names the colour red.", 3),
        *((f"c{n}", f"Names colour {n}.", 3) for n in range(2, 31)),
        ("c31", "Names three shades.", 2),
        *((f"c{n + 41}", f"Names source {n}.", 2) for n in range(4)),
    ]


def test_a_rubric_of_40_gains_criteria_though_it_loses_none(shell: Shell) -> None:
    (row,) = refined(shell, CHANGES | {"change": [], "merge": [], "drop": []})
    assert len(row["criteria"]) == 44


@pytest.mark.parametrize("field", ["add", "drop"])
def test_what_the_schema_does_not_allow_the_server_does_not_say(shell: Shell, field: str) -> None:
    (row,) = refined(shell, CHANGES | {field: [*CHANGES[field], *CHANGES[field]] * 5})
    assert (row["stopped"], len(row["criteria"])) == ("failed", 40)
