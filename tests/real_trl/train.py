"""Train tiny random models with TRL and a rubric reward, and print the mean reward of each step as JSON.

Run by the Python that has TRL: `train.py REWARD STEPS [REWARD STEPS ...]`, REWARD being `here` or the URL of a reward server.
Each training logs its completions in a directory of its own, named by its number.
"""

from __future__ import annotations

import json
import string
import sys
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer

PROMPTS = ["Name a colour.", "Say something.", "What is seen here?", "Answer in a word."]

RUBRIC = [
    {"criterion": "Holds an a.", "weight": 1, "check": {"contains": ["a"]}},
    {"criterion": "Holds a b.", "weight": 1, "check": {"contains": ["b"]}},
    {"criterion": "Holds no z.", "weight": 1, "check": {"excludes": ["z"]}},
    {"criterion": "Holds no y.", "weight": 1, "check": {"excludes": ["y"]}},
]
"""A toy that can be learnt: which letters an answer holds."""


def tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer of single characters."""
    symbols = ["<pad>", "<eos>", "<unk>", *string.ascii_letters, *" .?,"]
    whole = Tokenizer(models.WordLevel({symbol: number for number, symbol in enumerate(symbols)}, unk_token="<unk>"))
    whole.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return PreTrainedTokenizerFast(tokenizer_object=whole, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")


def tiny(vocabulary: int) -> LlamaForCausalLM:
    """A random model of some ten thousand weights."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=vocabulary, pad_token_id=0, eos_token_id=1, bos_token_id=1, **sizes))


def over_http(address: str) -> Any:
    """A reward function that asks a reward server."""
    import urllib.request

    def served(prompts: list[str], completions: list[str], **_: Any) -> list[float]:
        rows = [{"prompt": p, "completion": c, "rubric": RUBRIC} for p, c in zip(prompts, completions, strict=True)]
        request = urllib.request.Request(
            address, json.dumps({"rollouts": rows}).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return [row["score"] for row in json.load(answer)["rewards"]]

    return served


def trained(reward: str, steps: int, folder: str) -> dict[str, Any]:
    """The mean reward of each step, and the names of the figures in TRL's log."""
    from rubrictool.rewards.trl import RubricScore

    words = tokenizer()
    rows = [{"prompt": prompt, "rubric": json.dumps(RUBRIC)} for prompt in PROMPTS]
    config = GRPOConfig(
        output_dir=folder,
        per_device_train_batch_size=32,
        num_generations=8,
        max_completion_length=12,
        learning_rate=1e-2,
        lr_scheduler_type="constant",
        max_steps=steps,
        logging_steps=1,
        log_completions=True,
        num_completions_to_print=1,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        beta=0.0,
        seed=0,
        disable_tqdm=True,
    )
    trainer = GRPOTrainer(
        model=tiny(len(words)),
        reward_funcs=RubricScore(judge="offline") if reward == "here" else over_http(reward),
        args=config,
        train_dataset=Dataset.from_list(rows * 8),
        processing_class=words,
    )
    trainer.train()
    logs = [log for log in trainer.state.log_history if "reward" in log]
    names = sorted({name for log in logs for name in log if name.startswith(("rewards/", "rubric/"))})
    return {"rewards": [log["reward"] for log in logs], "names": names}


def main(*given: str) -> None:
    """Train once for each pair of a reward and a number of steps."""
    pairs = zip(given[::2], map(int, given[1::2]), strict=True)
    print(json.dumps([trained(*pair, str(number)) for number, pair in enumerate(pairs)]))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main(*sys.argv[1:])
