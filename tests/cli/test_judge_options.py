"""The options of judges together: any two of them, in whole commands, with what holds for scores whatever the options are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import combinations, product
from typing import Any, NamedTuple
from zlib import crc32

import pytest
from chat import ChatServer, chat_server, logprobs
from serving import envelope
from shell import Rows, Shell

from rubrictool import Escalation, Panel, label_examples, sync
from rubrictool.judging import escalation
from rubrictool.models.logprob_support import PROBE
from rubrictool.rewards.core import RubricReward
from rubrictool.rewards.rollouts import Rollout
from rubrictool.rubric.weights import TIE

OPTIONS = (
    "panel",
    "escalate",
    "soft",
    "abstain",
    "levels",
    "examples",
    "shuffle",
    "defence",
    "batch",
    "per_criterion",
)

Chosen = frozenset[str]


def possible(chosen: Chosen) -> bool:
    """Return whether a command takes these options together."""
    return not (
        ("soft" in chosen and "per_criterion" not in chosen)
        or {"shuffle", "per_criterion"} <= chosen
        or ("escalate" in chosen and not chosen & {"panel", "soft", "abstain"})
    )


def pairs(chosen: Chosen) -> set[tuple[tuple[str, bool], ...]]:
    """Each two options, given or not."""
    return set(combinations([(name, name in chosen) for name in OPTIONS], 2))


def covering() -> Iterator[Chosen]:
    """Few sets of options in which every possible pair of them occurs, given and not."""
    every = [
        frozenset(name for name, on in zip(OPTIONS, of, strict=True) if on) for of in product((False, True), repeat=10)
    ]
    able = [chosen for chosen in every if possible(chosen)]
    missing = set().union(*map(pairs, able))
    while missing:
        best = max(able, key=lambda chosen: (len(pairs(chosen) & missing), sorted(chosen)))
        missing -= pairs(best)
        yield best


COVERING = list(covering())

SURE = {"x": 0.8, "y": 0.97, "strong": 0.99}
"""The models, and how sure they are of what they say."""


def criteria(chosen: Chosen) -> list[dict[str, Any]]:
    levels = {"levels": [{"label": name, "value": value} for name, value in (("low", 0), ("mid", 0.25), ("high", 1))]}
    several = [{"id": f"k{n}", "criterion": f"Says fact {n}.", "weight": w} for n, w in enumerate((3, 2, -1, 1))]
    return [*several, {"id": "clear", "criterion": "Is clear.", "weight": 2, **(levels if "levels" in chosen else {})}]


def said(model: str, chosen: Chosen, response: str, criterion: str) -> str:
    """Return the answer of a model on a criterion, by a hash: each has an opinion of its own."""
    of_levels = criterion == "Is clear." and "levels" in chosen
    answers = ["low", "mid", "high"] if of_levels else ["yes", "no"]
    answers += ["cannot tell"] if "abstain" in chosen else []
    return answers[crc32(f"{model}/{response}/{criterion}".encode()) % len(answers)]


def answer(model: str, chosen: Chosen) -> Callable[[str], str]:
    """Answer questions about all criteria at once, and about one."""

    def answered(question: str) -> str:
        if question == PROBE:
            return "yes"
        response = re.findall(r"The response to check:\n\n<.+>\n(.*)\n", question)[-1]
        if "against one criterion" not in question:
            asked = re.findall(
                r"^(c\d): (.*)$", question.partition("The criteria:")[2].partition("Answer with")[0], re.MULTILINE
            )
            return json.dumps({name: said(model, chosen, response, text) for name, text in asked})
        (text,) = re.findall(r"The criterion:\n\n<.+>\n(.*)\n", question)
        field = "level" if text == "Is clear." and "levels" in chosen else "met"
        return json.dumps({field: said(model, chosen, response, text)})

    return answered


@pytest.fixture
def servers() -> Iterator[Mapping[str, ChatServer]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(chat_server()) for name in SURE}


class Asked(NamedTuple):
    """A run of `score` with some options: in a directory, of three models."""

    shell: Shell
    servers: Mapping[str, ChatServer]
    chosen: Chosen

    def spec(self, model: str) -> str:
        return self.servers[model].spec.replace("tiny@", f"{model}@")

    def files(self) -> list[object]:
        rows = [
            {"prompt_id": f"p{n // 2}", "id": f"r{n}", "prompt": f"Why {n // 2}?", "model": f"m{n % 2}"}
            | {"response": f"Answer {n}, that is it."}
            for n in range(4)
        ]
        self.shell.write("labels.jsonl", [{**row, "verdicts": self._labels(n)} for n, row in enumerate(rows)])
        rubrics = self.shell.write("k.jsonl", [{"id": "*", "criteria": criteria(self.chosen)}])
        return [self.shell.write("r.jsonl", rows), "--rubrics", rubrics]

    def _labels(self, number: int) -> Rows:
        clear = {"level": ("low", "high")[number % 2]} if "levels" in self.chosen else {"met": number % 2 == 1}
        return [{"id": "clear", **clear}, *({"id": f"k{c}", "met": (number + c) % 2 == 0} for c in range(4))]

    def flags(self, spec: Callable[[str], str]) -> list[object]:
        given = {
            "panel": ["--judge", spec("y"), "--panel", "mean" if "soft" in self.chosen else "majority"],
            "escalate": ["--escalate", spec("strong")],
            "soft": ["--soft"],
            "abstain": ["--allow-abstain"],
            "examples": ["--examples", "labels.jsonl"],
            "shuffle": ["--shuffle-criteria"],
            "defence": ["--defence"],
            "per_criterion": ["--judging", "per-criterion"],
        }
        return ["--judge", spec("x"), *(word for name, words in given.items() if name in self.chosen for word in words)]

    def run(self, spec: Callable[[str], str], *more: object) -> tuple[int, Rows]:
        files = self.files()
        ran = self.shell("score", *files, *self.flags(spec), "-o", "s.jsonl", "--summary", "m.json", *more)
        assert ran.code in (0, 4), ran.err
        return ran.code, self.shell.read("s.jsonl") if ran.code == 0 else []

    def calls(self) -> int:
        return int(json.loads((self.shell.directory / "m.json").read_text())["calls"])

    def in_batches(self) -> tuple[int, Rows]:
        """Run it with batch files, whose requests are answered after each visit."""
        answered: set[str] = set()
        for visit in range(4):
            code, rows = self.run(lambda name: f"batch:hosted_vllm/{name}@d", "--cache", "batches.db")
            if code != 4:
                return code, rows
            files = sorted((self.shell.directory / "d").glob("*-requests-*.jsonl"))
            requests = [request for file in files for request in self.shell.read(f"d/{file.name}")]
            results = [_result(request, self.chosen) for request in requests if request["custom_id"] not in answered]
            answered |= {request["custom_id"] for request in requests}
            self.shell.write(f"d/results-{visit}.jsonl", results)
        raise AssertionError("the batches have no end")

    def judge(self) -> Any:
        """The same judge in Python."""
        options: dict[str, Any] = {"judging": "per-criterion" if "per_criterion" in self.chosen else "all-at-once"}
        options |= {"allow_abstain": "abstain" in self.chosen, "shuffle_criteria": "shuffle" in self.chosen}
        if "examples" in self.chosen:
            options["examples"] = label_examples("labels.jsonl", "r.jsonl", rubrics="k.jsonl").examples
        asked = {
            name: sync.judge(self.spec(name), **options, soft="soft" in self.chosen and name != "strong")
            for name in SURE
        }
        judge: Any = asked["x"]
        if "panel" in self.chosen:
            judge = Panel([judge, asked["y"]], "mean" if "soft" in self.chosen else "majority")
        return Escalation(judge, asked["strong"]) if "escalate" in self.chosen else judge


def _result(request: Mapping[str, Any], chosen: Chosen) -> dict[str, Any]:
    body = request["body"]
    text = answer(body["model"], chosen)(body["messages"][0]["content"])
    told = logprobs(text, SURE[body["model"]]) if body.get("logprobs") else None
    reply = json.loads(envelope(text, logprobs=told))
    return {"custom_id": request["custom_id"], "response": {"status_code": 200, "body": reply}, "error": None}


def expected_score(row: Mapping[str, Any], of: list[dict[str, Any]]) -> float:
    """The score of a row by its verdicts, added up here once more; all vetoes of these responses are met."""
    shares = {one["id"]: one.get("value", one["met"]) for one in row["verdicts"] if one["met"] is not None}
    known = [one for one in of if one["id"] in shares]
    positive: float = sum(one["weight"] for one in known if one["weight"] > 0)
    score = sum(one["weight"] * shares[one["id"]] for one in known) / positive
    low, high = row.get("score_low", score), row.get("score_high", score)
    return float(min(max(score, low), high))


def test_the_sets_of_options_are_few_and_hold_every_pair() -> None:
    every = set().union(*map(pairs, COVERING))
    assert len(COVERING) <= 12
    assert (("escalate", True), ("batch", True)) in every
    assert (("soft", True), ("shuffle", True)) not in every


@pytest.mark.parametrize("chosen", COVERING, ids=lambda chosen: "-".join(sorted(chosen)) or "none")
def test_options_hold_together(
    shell: Shell, servers: Mapping[str, ChatServer], chosen: Chosen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(escalation, "CHECKED_SHARE", 0.3)
    for name, server in servers.items():
        server.answer, server.sure = answer(name, chosen), SURE[name]
    asked = Asked(shell, servers, chosen)
    code, rows = asked.run(asked.spec)
    assert (code, len(rows)) == (0, 4)
    for row in rows:
        own = {one["id"]: one for one in row["verdicts"]}
        assert [name for name in own if not name.startswith("defence")][:5] == ["k0", "k1", "k2", "k3", "clear"]
        assert row["score"] == pytest.approx(expected_score(row, criteria(chosen)), abs=1e-5)
        judged = [own[one["id"]] for one in criteria(chosen)]
        assert all(bool(one.get("judges")) is bool(chosen & {"panel", "escalate"}) for one in judged)
        votes = [vote for one in judged for vote in one.get("judges") or [one]]
        assert all(("place" in vote) is ("shuffle" in chosen) for vote in votes)
        assert not any("hard" in vote for vote in votes if "level" not in vote), "yes and no are told, not all levels"
        assert {vote.get("level") for vote in votes} - {None} <= (
            {"low", "mid", "high"} if "levels" in chosen else set()
        )
        split = "panel" in chosen and not chosen & {"soft", "escalate"}
        assert "abstain" in chosen or split or not any(one.get("abstained") for one in judged)
    questions = [body["messages"][0]["content"] for body in servers["x"].requests]
    assert {"examples below are verdicts" in one for one in questions if one != PROBE} == {"examples" in chosen}
    calls = sum(len(server.requests) for server in servers.values())
    assert (asked.run(asked.spec)[1], asked.calls()) == (rows, 0)
    assert sum(len(server.requests) for server in servers.values()) == calls
    if "batch" in chosen:
        assert asked.in_batches() == (0, rows), "a model asked by batches is the same judge"
    reward = RubricReward(judge=asked.judge(), rubrics="k.jsonl", defence="defence" in chosen)
    rollouts = [
        Rollout(row["response"], prompt=row["prompt"], prompt_id=row["prompt_id"]) for row in shell.read("r.jsonl")
    ]
    given = [one.reward for one in reward.rewards_sync(rollouts)]
    assert given == [pytest.approx(row["score"], abs=TIE) for row in rows], "what serve gives is what score gives"
    assert rows[0]["judge_id"] == asked.judge().judge_id
    agreed = shell("agree", "s.jsonl", "--labels", "labels.jsonl", "--rubrics", "k.jsonl", "-o", "a.jsonl")
    assert agreed.code == 0, agreed.err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--soft"], "judge per criterion (--judging per-criterion)"),
        (["--shuffle-criteria", "--judging", "per-criterion"], "have no order to shuffle"),
        (["--escalate", "strong@http://127.0.0.1:9/v1"], "shows no doubt, so nothing would be escalated"),
        (["--panel", "mean"], "--panel: has no effect with one judge"),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_anything_is_asked(
    shell: Shell, flags: list[str], words: str
) -> None:
    ran = shell("score", *Asked(shell, {}, frozenset()).files(), "--judge", "x@http://127.0.0.1:9/v1", *flags)
    assert (ran.code, ran.out, words in ran.err) == (2, "", True), ran.err


def test_every_set_of_options_is_a_judge_of_its_own(shell: Shell, servers: Mapping[str, ChatServer]) -> None:
    ids: dict[str, Chosen] = {}
    for chosen in COVERING:
        asked = Asked(shell, servers, chosen)
        asked.files()
        of_judge = chosen - {"levels", "defence", "batch"}
        assert ids.setdefault(asked.judge().judge_id, of_judge) == of_judge
    assert len(ids) == len({chosen - {"levels", "defence", "batch"} for chosen in COVERING})
