"""A worker that is killed while the judge decides loses the open judgements alone."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from chat import ChatServer, chat_server

from rubrictool.rewards import Rollout, RubricReward

HELD = "scarlet 3"
TEXTS = ("scarlet 0", "emerald 1", "scarlet 2", HELD, "emerald 4")

WORKER = """
import json, sys
from rubrictool.rewards import Rollout, RubricReward
options, texts = json.loads(sys.argv[1])
RubricReward(**options).rewards_sync(Rollout(text, prompt_id="p") for text in texts)
"""


def verdict(question: str) -> str:
    return json.dumps({"c1": "yes" if "scarlet" in question else "no"})


def asked_about(server: ChatServer) -> Counter[str]:
    """Return how often the judge was asked about each completion."""
    bodies = [json.dumps(one) for one in server.requests]
    return Counter(text for body in bodies for text in TEXTS if text in body)


def stored(cache: Path) -> int:
    if not cache.exists():
        return 0
    with closing(sqlite3.connect(cache)) as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE name = 'replies'")]
        verdicts = "SELECT count(*) FROM replies WHERE reply LIKE '{\"c1\"%'"
        return int(store.execute(verdicts).fetchone()[0]) if tables else 0


def until(reached: Any, worker: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 30
    while not reached():
        assert worker.poll() is None, worker.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.02)


def test_after_a_worker_was_killed_a_rerun_asks_about_the_open_judgement_alone(tmp_path: Path) -> None:
    cache = tmp_path / "replies.db"
    rubric = {"id": "p", "prompt": "Name a colour.", "criteria": [{"criterion": "Names one.", "weight": 1}]}
    with chat_server() as server:
        server.answer, server.held = verdict, HELD
        judge = f"tiny@http://127.0.0.1:{server.server_port}/v1"
        options: dict[str, Any] = {"rubrics": [rubric], "judge": judge, "cache": str(cache)}
        command = [sys.executable, "-c", WORKER, json.dumps([options, TEXTS])]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as worker:
            until(lambda: stored(cache) == len(TEXTS) - 1 and len(asked_about(server)) == len(TEXTS), worker)
            worker.kill()
        assert asked_about(server) == dict.fromkeys(TEXTS, 1)
        server.release.set()
        rollouts = [Rollout(text, prompt_id="p") for text in TEXTS]
        found = RubricReward(**options).rewards_sync(rollouts)
        assert [one.reward for one in found] == [1.0, 0.0, 1.0, 1.0, 0.0]
        assert asked_about(server) == dict.fromkeys(TEXTS, 1) | {HELD: 2}
        assert RubricReward(**options).rewards_sync(rollouts) == found
        assert sum(asked_about(server).values()) == len(TEXTS) + 1
