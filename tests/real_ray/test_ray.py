"""Commands on a Ray cluster of two workers: the bytes of one process, whatever dies."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from chat import ChatServer, chat_server
from fake_vllm import all_gone, fake_vllm

from rubrictool.models.cache import Cache

PYTHON = os.environ.get("RUBRICTOOL_TEST_RAY_PYTHON", "")
RAY = ["--engine", "ray"]
# Each test has a HOME of its own, and so would a token that opens the cluster.
OPEN = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
START_S = 90
"""A cluster starts in ten seconds, on a busy machine in several times as long."""

pytestmark = [pytest.mark.ray, pytest.mark.skipif(not PYTHON, reason="RUBRICTOOL_TEST_RAY_PYTHON names no Python")]


@pytest.fixture(scope="module")
def shared() -> Iterator[list[object]]:
    """The flags for a cluster that somebody else has started: of two processors, and of four GPUs by its own account."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    port = address.rpartition(":")[2]
    with node("--head", f"--port={port}", "--include-dashboard=false", "--num-gpus=4"):
        soon(lambda: is_open(port))
        yield [*RAY, "--ray-address", address]


@contextmanager
def node(*where: str) -> Iterator[subprocess.Popen[bytes]]:
    """A node of two processors, until it is left or killed."""
    size = ["--node-ip-address=127.0.0.1", "--num-cpus=2", "--object-store-memory=100000000"]
    command = [str(Path(PYTHON).parent / "ray"), "start", "--block", "--disable-usage-stats", *where, *size]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env={**os.environ, **OPEN}, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def is_open(port: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


def soon(true: Callable[[], bool]) -> None:
    """Wait for what takes as long as a cluster to start."""
    end = time.monotonic() + START_S
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server(0.02) as server:
        yield server


def start(folder: Path, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, **OPEN, "RUBRICTOOL_CACHE": str(folder / "cache.db")}
    command = [PYTHON, "-m", "rubrictool", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ran(folder: Path, *arguments: object, code: int = 0) -> tuple[str, str]:
    process = start(folder, *arguments)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    return out, err


def texts(server: ChatServer) -> Counter[str]:
    """The questions that were asked, with how often."""
    return Counter(json.dumps(body["messages"]) for body in server.requests)


def scoring(folder: Path, judge: str, *, rows: int = 400) -> list[object]:
    """Responses to prompts of which each has eight in a row."""
    rubrics = [
        {"id": f"p{n}", "prompt": f"Say {n}.", "criteria": [{"criterion": "C", "weight": 1}]}
        for n in range(-(-rows // 8))
    ]
    responses = [{"id": f"r{n}", "prompt_id": f"p{n // 8}", "response": f"It is {n}, surely."} for n in range(rows)]
    for name, lines in (("k.jsonl", rubrics), ("r.jsonl", responses)):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return ["score", "r.jsonl", "--rubrics", "k.jsonl", "--judge", judge]


def commands(folder: Path, sample: Path, server: ChatServer) -> dict[str, list[object]]:
    prompts, model = sample / "prompts.jsonl", server.spec
    rubrics, other = scoring(folder, model, rows=40)[:4], model.replace("tiny@", "other@")
    server.sure = 0.8
    versions = [sample / "fir-v1.jsonl", sample / "fir-v2.jsonl"]
    return {
        "sample": ["sample", prompts, "--model", model, "-n", 2],
        "propose": ["propose", prompts, "--proposer", model],
        "winrate": ["winrate", *versions, "--prompts", prompts, "--judge", model, "--common"],
        "refine": ["refine", prompts, "--judge", model, "--proposer", model, "--trace", "trace.jsonl"],
        "soft score": [*rubrics, "--judge", model, "--judging", "per-criterion", "--soft"],
        "panel score": [*rubrics, "--judge", model, "--judge", other, "--escalate", model.replace("tiny@", "strong@")],
    }


@pytest.mark.parametrize("name", ["sample", "propose", "winrate", "refine", "soft score", "panel score"])
def test_the_output_and_the_calls_are_those_of_one_process(
    folder: Path, sample: Path, server: ChatServer, shared: list[object], name: str
) -> None:
    command = commands(folder, sample, server)[name]
    written = ["out.jsonl", *(["trace.jsonl"] if "--trace" in command else [])]
    ran(folder, *command, "-o", "out.jsonl", "--cache", "other.db")
    expected, asked, probes = [(folder / file).read_bytes() for file in written], texts(server), len(server.probes)
    server.requests.clear()
    server.probes.clear()
    ran(folder, *command, "-o", "out.jsonl", *shared)
    assert [(folder / file).read_bytes() for file in written] == expected
    assert (texts(server), len(server.probes)) == (asked, probes)
    assert (b'"p":0.8' in expected[0]) is (name == "soft score")


def workers(of: subprocess.Popen[Any] | None = None) -> list[int]:
    """The processes that run workers of ours: those that a process has started, or all."""
    return below(of, "ray::Worker")


def below(of: subprocess.Popen[Any] | None, name: str) -> list[int]:
    """The processes with a word in their command that descend from a process, or all."""
    found = subprocess.run(["ps", "-ww", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in found.splitlines()[1:]]
    parents = {int(row[0]): int(row[1]) for row in rows}

    def is_below(pid: int) -> bool:
        while of and pid in parents and pid != of.pid:
            pid = parents[pid]
        return of is None or pid == of.pid

    return [int(row[0]) for row in rows if name in row[2] and is_below(int(row[0]))]


def test_a_worker_that_is_killed_costs_only_what_it_had_in_flight(
    folder: Path, server: ChatServer, shared: list[object]
) -> None:
    command = scoring(folder, server.spec)
    ran(folder, *command, "--no-cache", "-o", "expected.jsonl")
    server.requests.clear()
    process = start(folder, *command, *shared, "-o", "out.jsonl")
    soon(lambda: len(server.requests) >= 100)
    os.kill(workers()[0], signal.SIGKILL)
    _, words = process.communicate(timeout=120)
    assert process.returncode == 0, words
    assert "a worker died" in words
    assert (folder / "out.jsonl").read_bytes() == (folder / "expected.jsonl").read_bytes()
    # A worker has half of the 64 requests in flight, and a quarter as many replies on their way to the driver.
    assert len(server.requests) <= 400 + 32 + 8


def test_a_node_that_is_killed_costs_only_what_it_had_in_flight(
    folder: Path, server: ChatServer, shared: list[object]
) -> None:
    command = scoring(folder, server.spec, rows=560)
    with node(f"--address={shared[-1]}") as second:
        ran(folder, *command, "--no-cache", "-o", "expected.jsonl")
        server.requests.clear()
        wait_for_processors(shared[-1], 4)
        # Until each of the four workers has its 16 requests in flight.
        server.held = "surely"
        process = start(folder, *command, *shared, "-o", "out.jsonl")
        soon(lambda: len(server.requests) == 64)
        server.release.set()
        soon(lambda: len(server.requests) >= 150)
        for pid in below(second, ""):
            os.kill(pid, signal.SIGKILL)
        _, words = process.communicate(timeout=60)
    assert process.returncode == 0, words
    assert "a worker died" in words
    assert (folder / "out.jsonl").read_bytes() == (folder / "expected.jsonl").read_bytes()
    # Half of the 64 in flight, and a quarter as many replies on their way to the driver.
    assert 560 < len(server.requests) <= 560 + 32 + 8


def wait_for_processors(address: object, count: int) -> None:
    """Wait until the nodes of a cluster have so many processors."""
    wait = f"while ray.cluster_resources()['CPU'] < {count}: time.sleep(0.05)"
    script = f"import ray, time\nray.init({address!r}, logging_level=50)\n{wait}"
    subprocess.run([PYTHON, "-c", script], env={**os.environ, **OPEN}, check=True, timeout=START_S)


def test_after_a_kill_of_the_driver_no_reply_in_the_cache_is_asked_for_again(
    folder: Path, server: ChatServer, shared: list[object]
) -> None:
    command = [*scoring(folder, server.spec), "--concurrency", 32]
    ran(folder, *command, "--no-cache", "-o", "expected.jsonl")
    server.requests.clear()
    process = start(folder, *command, *RAY, "-o", "out.jsonl")
    soon(lambda: len(server.requests) >= 150)
    ours = workers(process)
    process.kill()
    process.wait()
    soon(lambda: not any(Path(f"/proc/{pid}").exists() for pid in ours))
    time.sleep(0.1)
    cached, asked = sum(1 for _ in Cache(folder / "cache.db")), len(server.requests)
    # The probe is cached, too. What is missing was in flight at the moment of the kill, or on its way to the driver.
    assert cached - 1 >= asked - 32 - 8
    assert not (folder / "out.jsonl").exists()
    ran(folder, *command, *shared, "-o", "out.jsonl")
    assert len(server.requests) == asked + 400 - (cached - 1)
    assert (folder / "out.jsonl").read_bytes() == (folder / "expected.jsonl").read_bytes()
    ran(folder, *command, "-o", "again.jsonl")
    assert len(server.requests) == asked + 400 - (cached - 1)


def test_limits_hold_for_all_workers_together(folder: Path, server: ChatServer, shared: list[object]) -> None:
    command = scoring(folder, server.spec)
    ran(folder, *command, *shared, "--max-calls", 100, "-o", "out.jsonl", code=1)
    assert len(server.requests) + len(server.probes) == 100
    failed = [json.loads(line) for line in (folder / "out.jsonl.failed.jsonl").read_text().splitlines()]
    assert {row["error"]["kind"] for row in failed} == {"budget"}
    assert len(failed) + len((folder / "out.jsonl").read_text().splitlines()) == 400


def test_rows_on_standard_output_stand_there_alone(folder: Path, server: ChatServer, shared: list[object]) -> None:
    out, _ = ran(folder, *scoring(folder, server.spec, rows=40), *shared, "-q")
    assert [json.loads(line)["id"] for line in out.splitlines()] == [f"r{n}" for n in range(40)]


def test_a_key_that_is_denied_ends_the_run_as_in_one_process(
    folder: Path, server: ChatServer, shared: list[object]
) -> None:
    server.status = 401
    command = [*scoring(folder, server.spec), "-o", "out.jsonl"]
    assert closing(ran(folder, *command, *shared, code=2)) == closing(ran(folder, *command, code=2))
    assert not (folder / "out.jsonl").exists()


def closing(said: tuple[str, str]) -> str:
    return said[1].splitlines()[-1]


def test_an_interrupt_ends_the_run_and_the_cluster(folder: Path, server: ChatServer) -> None:
    process = start(folder, *scoring(folder, server.spec), *RAY, "-o", "out.jsonl")
    soon(lambda: len(server.requests) >= 100)
    ours = workers(process)
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=20)
    assert process.returncode == 130, words
    assert "interrupted" in words
    assert "Traceback" not in words
    soon(lambda: not any(Path(f"/proc/{pid}").exists() for pid in ours))
    assert sorted(path.name for path in folder.glob("*out*")) == []


@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9"])
def test_an_address_without_a_cluster_is_an_error(folder: Path, server: ChatServer, address: str) -> None:
    said = closing(ran(folder, *scoring(folder, server.spec), *RAY, "--ray-address", address, code=2))
    assert f"Ray at {address}: " in said


def with_servers(folder: Path, *args: str) -> list[object]:
    """The command that scores 40 responses with two vLLM servers of two GPUs each, which are our fake."""
    command = scoring(folder, "vllm:/some/model", rows=40)
    rows = folder / "r.jsonl"
    rows.write_text(rows.read_text().replace("It is 2, surely.", "Because 2."))
    flags = ["--vllm-python", fake_vllm(folder), "--replicas", 2]
    return [*command, *flags, *(f"--vllm-arg={arg}" for arg in ("-tp=2", *args)), "-o", "out.jsonl"]


def test_vllm_servers_have_gpus_of_the_cluster_and_one_that_dies_leaves_its_questions_to_the_others(
    folder: Path, shared: list[object]
) -> None:
    command = with_servers(folder, "--dies-once")
    _, words = ran(folder, *command, *shared)
    assert len(set((folder / "asked_ports").read_text().split())) == 2
    assert words.count("does not answer; its work goes to the 1 left") == 1
    assert words.count(" ended (log: ") == 1
    assert sorted((folder / "gpus").read_text().replace(",", "\n").split()) == ["0", "1", "2", "3"]
    soon(lambda: all_gone(folder, servers=2))
    done = (folder / "out.jsonl").read_bytes()
    # By now the fake has died once.
    ran(folder, *command, "--no-cache")
    assert (folder / "out.jsonl").read_bytes() == done


def test_a_killed_driver_leaves_no_vllm_server(folder: Path, shared: list[object]) -> None:
    process = start(folder, *with_servers(folder, "--hangs"), *shared)
    soon((folder / "asked").exists)
    process.kill()
    process.wait()
    soon(lambda: all_gone(folder, servers=2))


def test_too_few_gpus_are_an_error_before_anything_starts(folder: Path, shared: list[object]) -> None:
    command = [*with_servers(folder), *shared, "--replicas", 3]
    words = closing(ran(folder, *command, code=2))
    assert "need 6; the cluster has 4 on 1 node" in words


REWARDS = """
import asyncio
import json
import sys

import ray
from ray import cloudpickle

from rubrictool.rewards import Rollout, RubricReward, areal, ms_swift, openrlhf, slime, verl
from rubrictool.rewards.trl import RubricScore

address, judge, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
ray.init(address=address, runtime_env={"env_vars": options}, log_to_driver=False)
criteria = [{"criterion": "C", "weight": 1}]
rubric = {"id": "p", "prompt": "q", "criteria": criteria}
reward = RubricReward(judge=judge, rubrics=(one for one in [rubric]), on_error="none")
trl = RubricScore(judge=judge)


@ray.remote
class Worker:
    def rewarded(self, reward, text):
        [found] = reward.rewards_sync([Rollout(text, prompt_id="p")])
        return [found.reward, reward.failures, reward.spent.calls + reward.spent.cached]

    def trl(self, reward, text):
        return reward(["q"], [text], rubric=[criteria])

    def called(self, function, *given, **named):
        found = function(*given, **named)
        return asyncio.run(found) if asyncio.iscoroutine(found) else found


worker, other = Worker.remote(), Worker.remote()
said = {"before": ray.get(worker.rewarded.remote(reward, "one"))}
reward.rewards_sync([Rollout("two", prompt_id="p")])
said["after"] = ray.get(other.rewarded.remote(reward, "two"))
said["trl"] = [ray.get(worker.trl.remote(trl, "three")), trl(["q"], ["four"], rubric=[criteria])]
said["trl"].append(ray.get(worker.trl.remote(trl, "five")))
label = json.dumps({"rubric": criteria})
verl_call = {"data_source": "x", "solution_str": "six", "ground_truth": "", "extra_info": {"rubric": label, "prompt": "q"}}
said["verl"] = ray.get(worker.called.remote(verl.compute_score, **verl_call))["score"]
said["openrlhf"] = ray.get(worker.called.remote(openrlhf.reward_func, ["q a", "q b"], ["q", "q"], [label] * 2))["rewards"]
said["areal"] = ray.get(worker.called.remote(areal.reward_fn, "q", "seven", rubric=criteria))
swift = ms_swift.SwiftReward()
said["ms-swift"] = ray.get(worker.called.remote(swift, ["eight"], prompt=["q"], rubric=[criteria]))
# A hook that is loaded from a file, as verl does, travels with its text.
for module in (verl, openrlhf, areal, slime):
    cloudpickle.register_pickle_by_value(module)
said["by value"] = ray.get(worker.called.remote(verl.compute_score, **verl_call))["score"]
said["by value, openrlhf"] = ray.get(other.called.remote(openrlhf.reward_func, ["q c"], ["q"], [label]))["rewards"]
print(json.dumps(said))
"""


def test_rewards_that_are_sent_to_workers_work_there(folder: Path, server: ChatServer, shared: list[object]) -> None:
    server.answer = lambda _: '{"c1": "yes"}'
    options = {"RUBRICTOOL_JUDGE": server.spec, "RUBRICTOOL_ON_ERROR": "-1", "RUBRICTOOL_CACHE": str(folder / "c.db")}
    command = [PYTHON, "-c", REWARDS, str(shared[-1]), server.spec, json.dumps(options)]
    ran = subprocess.run(
        command, env={**os.environ, **OPEN, **options}, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == {
        "before": [1.0, 0, 2],
        "after": [1.0, 0, 1],
        "trl": [[1.0], [1.0], [1.0]],
        "verl": 1.0,
        "openrlhf": [1.0, 1.0],
        "areal": 1.0,
        "ms-swift": [1.0],
        "by value": 1.0,
        "by value, openrlhf": 1.0,
    }
