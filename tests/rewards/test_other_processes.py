"""A reward that is sent to another process, or inherited by a fork, works there as here; its counts start at 0."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chat import ChatServer, chat_server
from fakes import WordJudge
from forks import in_fork

from rubrictool.errors import InputError
from rubrictool.models.cache import Cache
from rubrictool.rewards import Rollout, RubricReward, openrlhf
from rubrictool.rewards.shared_cores import forget_cores
from rubrictool.rewards.trl import RubricScore

CRITERIA = [{"criterion": "Names a colour.", "weight": 1}]
RUBRIC = {"id": "p", "prompt": "Name colours.", "criteria": CRITERIA, "version": "v1"}


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as server:
        server.answer = lambda _: '{"c1": "yes"}'
        yield server


def one(text: str = "red", prompt_id: str = "p") -> list[Rollout]:
    return [Rollout(text, prompt_id=prompt_id)]


def found(reward: RubricReward, rollouts: list[Rollout]) -> tuple[Any, ...]:
    """The rewards, and the counts of this process after them."""
    rewards = reward.rewards_sync(rollouts)
    return [one.reward for one in rewards], reward.failures, reward.spent.calls + reward.spent.cached


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"cache": None},
        {"on_error": "raise"},
        {"on_error": -1.0, "aggregate": ["cap:0.6,0.25"], "shape": "exp:4", "defence": True},
        {"max_calls": 9, "deadline_s": 60.0, "judging": "per-criterion"},
    ],
    ids=["a cache", "no cache", "raise", "all that counts", "limits"],
)
def test_a_copy_works_before_the_first_reward_and_after_it(server: ChatServer, tmp_path: Path, options: Any) -> None:
    given = {"cache": tmp_path / "c.db", "on_error": "none"} | options
    reward = RubricReward(judge=server.spec, rubrics=[RUBRIC], **given)
    for _ in range(2):
        copy = pickle.loads(pickle.dumps(reward))
        assert (copy.failures, copy.spent.calls) == (0, 0)
        assert copy.rewards_sync(one()) == reward.rewards_sync(one())


def test_a_copy_has_the_rubrics_as_they_are_now_and_counts_from_0(server: ChatServer, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(RUBRIC) + "\n")
    reward = RubricReward(judge=server.spec, rubrics=path, cache=None, on_error=-1.0)
    reward.rubrics, _ = reward.rubrics.updated([{**RUBRIC, "id": "new", "prompt": "Another."}])
    server.status = 400
    assert [one.reward for one in reward.rewards_sync(one())] == [-1.0]
    assert reward.failures == 1
    server.status = 200
    path.unlink()
    copy = pickle.loads(pickle.dumps(reward))
    assert found(copy, one(prompt_id="new")) == ([1.0], 0, 2)
    assert copy.rewards_sync(one())[0].version == "v1"


def test_a_source_that_can_be_read_once_is_no_obstacle(server: ChatServer) -> None:
    reward = RubricReward(judge=server.spec, rubrics=(row for row in [RUBRIC]), cache=None)
    assert found(pickle.loads(pickle.dumps(reward)), one())[0] == [1.0]


def test_a_judge_that_is_built_goes_along_where_it_can_be_pickled() -> None:
    assert found(pickle.loads(pickle.dumps(RubricReward(judge=WordJudge(), rubrics=[RUBRIC]))), one())[0] == [0.0]


def test_the_function_of_trl_works_as_a_copy(server: ChatServer) -> None:
    reward = RubricScore(judge=server.spec)
    columns: dict[str, Any] = {"prompts": ["Name colours."], "completions": ["red"], "rubric": [CRITERIA]}
    assert pickle.loads(pickle.dumps(reward))(**columns) == reward(**columns) == [1.0]
    assert pickle.loads(pickle.dumps(reward))(**columns) == [1.0]


@pytest.mark.parametrize("opened", [False, True], ids=["a file", "an open cache"])
def test_a_fork_in_the_middle_of_use_works_and_shares_the_cache(
    server: ChatServer, tmp_path: Path, opened: bool
) -> None:
    cache = Cache(tmp_path / "c.db") if opened else tmp_path / "c.db"
    reward = RubricReward(judge=server.spec, rubrics=[RUBRIC], cache=cache, on_error="none")
    assert found(reward, one("asked before")) == ([1.0], 0, 2)
    server.held = "under way"
    busy = threading.Thread(target=reward.rewards_sync, args=(one("under way"),))
    busy.start()
    while len(server.requests) < 2:
        threading.Event().wait(0.01)
    assert in_fork(lambda: (reward.failures, reward.spent.calls)) == (0, 0)
    assert in_fork(lambda: found(reward, [*one("asked before"), *one("asked in the fork")]))[:2] == ([1.0, 1.0], 0)
    server.release.set()
    busy.join()
    asked = len(server.requests)
    assert found(reward, one("asked in the fork"))[0] == [1.0]
    assert len(server.requests) == asked


def test_functions_that_share_a_core_work_in_a_fork(
    server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUBRICTOOL_JUDGE", server.spec)
    monkeypatch.setenv("RUBRICTOOL_ON_ERROR", "-1")
    monkeypatch.setenv("RUBRICTOOL_CACHE", str(tmp_path / "c.db"))
    forget_cores()

    def work() -> Any:
        return openrlhf.reward_func(["q a", "q b"], ["q", "q"], [json.dumps(CRITERIA)] * 2)["rewards"]

    assert work() == in_fork(work) == [1.0, 1.0]
    forget_cores()


def test_a_built_judge_of_the_parents_says_so_in_a_fork_and_is_no_failed_judgement(server: ChatServer) -> None:
    import rubrictool as rt

    built = rt.sync.judge(server.spec, rt.RunContext(cache=None))
    reward = RubricReward(judge=built, rubrics=[RUBRIC], on_error=0.0)
    assert found(reward, one())[0] == [1.0]

    def work() -> str:
        with pytest.raises(InputError) as error:
            reward.rewards_sync(one("other"))
        return str(error.value)

    assert "a fork" in in_fork(work)
