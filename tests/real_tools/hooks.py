"""Call the hooks as the trainers' own code does, with a judge that reads checks alone, and print the rewards as JSON.

Run by the Python that has the trainers' packages.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CRITERIA = [
    {"criterion": "Holds red.", "weight": 3, "check": {"contains": ["red"]}},
    {"criterion": "Holds blue.", "weight": 1, "check": {"contains": ["blue"]}},
]
RUBRIC = json.dumps(CRITERIA)
TEXT = "red"

os.environ |= {"RUBRICTOOL_JUDGE": "offline", "RUBRICTOOL_ON_ERROR": "0"}


async def by_verl() -> Any:
    return await _by_verls("naive")


async def by_verls_rate_limited() -> Any:
    return await _by_verls("rate_limited")


async def _by_verls(manager_name: str, rubric: str = RUBRIC, timeout_s: float = 300, **options: Any) -> Any:
    """The reward of one of verl's reward managers, of which `rate_limited` waits so long."""
    import numpy as np
    import torch
    from omegaconf import OmegaConf
    from verl import DataProto
    from verl.experimental.reward_loop.reward_manager import get_reward_manager_cls
    from verl.trainer.ppo.reward import get_custom_reward_fn

    given = {"on_error": 0, **options}
    hook = {"path": "pkg://rubrictool.rewards.verl", "name": "compute_score", "reward_kwargs": given}
    config = OmegaConf.create({"reward": {"custom_reward_function": hook, "timeout": timeout_s}})
    score = get_custom_reward_fn(config)

    class Words:
        """A tokenizer that says the completion, whatever the tokens."""

        def decode(self, *_: Any, **__: Any) -> str:
            return TEXT

    manager = get_reward_manager_cls(manager_name)(config, Words(), score)
    row = {
        "data_source": np.array(["rubric"], dtype=object),
        "reward_model": np.array([{"ground_truth": "", "style": "rubric"}], dtype=object),
        "extra_info": np.array([{"rubric": rubric, "prompt": "Name colours."}], dtype=object),
    }
    tensors = {"responses": torch.ones(1, 2, dtype=torch.long), "attention_mask": torch.ones(1, 4, dtype=torch.long)}
    found = await manager.run_single(DataProto.from_dict(tensors=tensors, non_tensors=row))
    return found["reward_score"]


ASKED = '[{"criterion": "Names a colour.", "weight": 1}]'
"""A rubric on which the judge is asked."""


async def ended_by_verl() -> str:
    """Return what verl's manager that takes 0 for errors does when the judge's key is denied."""
    from rubrictool.rewards.run_end import RunEnded

    with _judge(lambda request: request.send_error(401)) as judge:
        try:
            return f"reward {await _by_verls('rate_limited', ASKED, judge=judge)}"
        except RunEnded as error:
            return str(error)


async def late_for_verl() -> Any:
    """The reward that the same manager takes where it stops waiting, as it does for 0 of its own."""
    answered = threading.Event()
    with _judge(lambda _: answered.wait(10)) as judge:
        found = await _by_verls("rate_limited", ASKED, timeout_s=0.5, judge=judge, on_error=-1)
        answered.set()
    return found


@contextmanager
def _judge(answer: Callable[[BaseHTTPRequestHandler], Any]) -> Iterator[str]:
    """A judge's server that does one and the same with each question."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self)

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"judge@http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()


async def by_verifiers() -> Any:
    from verifiers.v1.configs.task import RewardFunctionConfig
    from verifiers.v1.graph import MessageNode
    from verifiers.v1.task import TaskData
    from verifiers.v1.trace import Trace
    from verifiers.v1.types import AssistantMessage, UserMessage
    from verifiers.v1.utils.loaders import load_plugged_fn

    class Row(TaskData):  # type: ignore[misc]
        rubric: str

    data = Row(prompt="Name colours.", rubric=RUBRIC)
    nodes = [
        MessageNode(message=UserMessage(content="Name colours.")),
        MessageNode(parent=0, message=AssistantMessage(content=TEXT), sampled=True),
    ]
    trace: Any = Trace.model_construct(nodes=nodes)
    plugged = load_plugged_fn("rubrictool", RewardFunctionConfig(fn="rubrictool.rewards.verifiers:reward"), "reward")
    return await plugged(task=data, trace=trace)


async def by_openrlhf() -> Any:
    import tempfile
    from pathlib import Path

    from openrlhf.utils.agent import SingleTurnAgentExecutor

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "reward.py"
        file.write_text("from rubrictool.rewards.openrlhf import reward_func\n")
        executor = SingleTurnAgentExecutor(str(file))
        found = await executor._fetch_rewards_via_func([f"<s>Name colours.{TEXT}</s>"], ["<s>Name colours."], [RUBRIC])
    return found[0]["rewards"]


async def by_swift() -> Any:
    import torch
    from swift.rewards import orms
    from swift.rl_core.data import GRPOSample
    from swift.rl_core.grpo_algorithm import compute_rewards_per_func

    from rubrictool.rewards.ms_swift import register

    register()
    messages = [{"role": "user", "content": "Name colours."}, {"role": "assistant", "content": TEXT}]
    samples = [GRPOSample.from_row({"messages": messages, "rubric": RUBRIC, "prompt_id": "prompt_0"})]
    hook = orms["rubrictool"](args=None)
    # It starts an event loop of its own, as in the trainer's thread.
    found = await asyncio.to_thread(compute_rewards_per_func, samples, [hook], [None], torch.device("cpu"))
    return found.tolist()[0][0]


async def missing_for_swift() -> Any:
    """The rewards that ms-swift counts with where the first completion of a group has none: 0, so ours never lacks one."""
    import torch
    from swift.rl_core.advantage import compute_advantages

    _, rewards = compute_advantages(torch.tensor([[torch.nan], [1.0]]), torch.ones(1), num_generations=2)
    return rewards.tolist()


async def _by_areal(workflow: Any) -> Any:
    """The reward of an episode of a workflow, whose engine says the text whatever is asked."""
    from areal.api import ModelResponse

    class Engine:
        async def agenerate(self, _: Any) -> Any:
            return ModelResponse([1], [2, 0], [0.0, 0.0], [0, 0])

    asked = [{"role": "user", "content": "Name colours."}]
    found = await workflow.arun_episode(Engine(), {"messages": asked, "rubric": RUBRIC})
    return found["rewards"].item()


class SpecialTokens:
    """A tokenizer of three tokens: the end, the question, the text."""

    pad_token_id = eos_token_id = 0

    def apply_chat_template(self, *_: Any, **__: Any) -> Any:
        return {"input_ids": [1]}

    def decode(self, tokens: list[int]) -> str:
        return "".join(("<|im_end|>", "Name colours.", TEXT)[token] for token in tokens)


async def by_areal() -> Any:
    from areal.api.cli_args import GenerationHyperparameters

    from rubrictool.rewards.areal import RubricWorkflow

    return await _by_areal(RubricWorkflow(GenerationHyperparameters(), SpecialTokens()))


async def by_areals_pool() -> Any:
    from areal.api.cli_args import GenerationHyperparameters
    from areal.workflow.rlvr import RLVRWorkflow

    hook = "rubrictool.rewards.areal.reward_fn"
    return await _by_areal(RLVRWorkflow(hook, GenerationHyperparameters(), SpecialTokens()))


async def by_skyrl() -> Any:
    import skyrl_gym

    skyrl_gym.register(id="rubrictool", entry_point="rubrictool.rewards.skyrl:RubricEnv")
    environment = skyrl_gym.make("rubrictool", env_config={}, extras={"reward_spec": {"ground_truth": RUBRIC}})
    # Both run in a thread, as in the trainer's generator.
    await asyncio.to_thread(environment.init, [{"role": "user", "content": "Name colours."}])
    return (await asyncio.to_thread(environment.step, TEXT))["reward"]


HOOKS = {
    "verl": by_verl,
    "verl's rate_limited": by_verls_rate_limited,
    "verl, denied": ended_by_verl,
    "verl, late": late_for_verl,
    "verifiers": by_verifiers,
    "openrlhf": by_openrlhf,
    "ms-swift": by_swift,
    "ms-swift, missing": missing_for_swift,
    "areal": by_areal,
    "areal's pool": by_areals_pool,
    "skyrl": by_skyrl,
}

if __name__ == "__main__":
    print(json.dumps({name: asyncio.run(hook()) for name, hook in HOOKS.items()}))
