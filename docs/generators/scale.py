"""The plan of docs/scale.md: measured costs of a row (scale.json), assumed rates of GPUs, and the arithmetic between them.

Called by the page's cog blocks. `python docs/generators/scale.py --help` gives the same plan for other figures.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any

from rubrictool.questions import judge
from rubrictool.questions.templates import Templates
from rubrictool.rows.records import Prompt

HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "sample_data"
MEASURED: dict[str, float] = {
    name: value for name, value in json.loads((HERE / "scale.json").read_text()).items() if name != "machine"
}
"""Costs of one more row in `python tests/benchmarks/footprint.py --ray-address HOST:PORT`."""

BYTES_A_TOKEN = 4
FLOPS, BANDWIDTH, MEMORY = 989e12, 3.35e12, 80e9
"""One H100: dense BF16 operations and bytes a second, and bytes of memory, by NVIDIA's data sheet."""

BUSY, READ, USABLE = 0.4, 0.6, 0.9
"""Shares of these that a server reaches: operations when it reads questions, bandwidth when it writes, memory."""


@dataclass(frozen=True)
class JudgeModel:
    """A model by what its speed depends on; the KV cache takes `kv_bytes` for each token of a question."""

    name: str
    parameters: float
    weight_bytes: float
    kv_bytes: float


MODELS = (
    # Layers x KV heads x 128 x 2 (keys, values) x 2 bytes: 32 x 8 and 64 x 8 heads.
    JudgeModel("8B, BF16", 8e9, 16e9, 32 * 8 * 128 * 2 * 2),
    JudgeModel("32B, FP8", 32e9, 32e9, 64 * 8 * 128 * 2 * 2),
)


@dataclass(frozen=True)
class Plan:
    """The responses to be scored, and the models to do it."""

    responses: float = 10e6
    a_prompt: int = 16
    gpus: int = 64
    gpus_a_node: int = 8
    criteria: int = 12
    dollars_an_hour: float = 2.5
    price: tuple[float, float] = (0.4, 1.6)
    in_flight: int = 256
    busy_process: float = 0.7

    @property
    def shared_tokens(self) -> float:
        """Return the tokens that the questions about one prompt have in common."""
        return _shared_bytes() / BYTES_A_TOKEN

    @property
    def own_tokens(self) -> float:
        """Return the tokens of a response."""
        return MEASURED["input_bytes"] / BYTES_A_TOKEN

    @property
    def reply_tokens(self) -> float:
        """Return the tokens of a reply: `"c1": "yes", ` are six."""
        return 6.0 * self.criteria

    @property
    def computed_tokens(self) -> float:
        """Return the tokens of a question that are not in the prefix cache, per response."""
        return self.own_tokens + self.shared_tokens / self.a_prompt

    def rows_per_s(self, model: JudgeModel) -> float:
        """Return the responses that one GPU judges in a second."""
        reading = self.computed_tokens * 2 * model.parameters / (FLOPS * BUSY)
        kept = model.kv_bytes * (self.shared_tokens + self.own_tokens + self.reply_tokens)
        batch = min(self.in_flight, (MEMORY * USABLE - model.weight_bytes) // kept)
        step = (model.weight_bytes + batch * kept) / (BANDWIDTH * READ)
        return 1 / (reading + self.reply_tokens * step / batch)

    @property
    def process_rows_per_s(self) -> float:
        """Return the rows that one process does in a second while it stays below its limit."""
        return self.busy_process / MEASURED["score_cpu_s"]


@cache
def _shared_bytes() -> float:
    """Return the mean length of what the questions about a prompt of the sample data have in common, with its rubric."""
    return mean(_common(min(texts), max(texts)) for texts in _questions())


def _common(first: str, last: str) -> int:
    """Return the length of the common beginning of sorted texts, given the first and the last of them."""
    return next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))


def _questions() -> Iterator[list[str]]:
    prompts = {row["id"]: row for row in _rows("prompts.jsonl")}
    for rubric in _rows("rubrics.jsonl"):
        row = prompts[rubric["id"]]
        prompt = Prompt(id=row["id"], prompt=row["prompt"])
        criteria = [one["criterion"] for one in rubric["criteria"] if "check" not in one]
        yield [_text(prompt, criteria, answer["response"]) for answer in row["responses"]]


def _text(prompt: Prompt, criteria: Sequence[str], response: str) -> str:
    messages = judge.question(Templates(), prompt, criteria, response).messages
    return "".join(str(message["content"]) for message in messages)


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with open(SAMPLE / name, encoding="utf-8") as file:
        yield from map(json.loads, file)


def footprint() -> None:
    """Print what one more row costs this machine."""
    m = MEASURED
    _table(
        ["one more row costs", "", "so ten million cost"],
        ["processor time of a process that asks", _ms(m["score_cpu_s"]), _hours(m["score_cpu_s"] * 1e7)],
        ["of the driver with `--engine ray`", _ms(m["driver_cpu_s"]), _hours(m["driver_cpu_s"] * 1e7)],
        ["of reading and checking, by each part of `--shard`", _ms(m["shard_cpu_s"]), _hours(m["shard_cpu_s"] * 1e7)],
        ["of `cache merge`", _ms(m["merge_cpu_s"]), _hours(m["merge_cpu_s"] * 1e7)],
        ["memory of the command", _bytes(m["score_peak_mib"] * 2**20), _bytes(m["score_peak_mib"] * 2**20 * 1e7)],
        [
            "the same of a part of `--shard`",
            _bytes(m["shard_peak_mib"] * 2**20),
            _bytes(m["shard_peak_mib"] * 2**20 * 1e7),
        ],
        ["of the driver", _bytes(m["driver_peak_mib"] * 2**20), _bytes(m["driver_peak_mib"] * 2**20 * 1e7)],
        ["cache", _bytes(m["cache_bytes"]), _bytes(m["cache_bytes"] * 1e7)],
        ["input", _bytes(m["input_bytes"]), _bytes(m["input_bytes"] * 1e7)],
        ["output", _bytes(m["output_bytes"]), _bytes(m["output_bytes"] * 1e7)],
    )


def question(plan: Plan = Plan()) -> None:
    """Print the tokens of one question and its reply."""
    _table(
        ["tokens of", "", "from"],
        [
            "what questions about one prompt share",
            f"{plan.shared_tokens:,.0f}",
            "questions of the sample data, 4 bytes a token",
        ],
        ["a response", f"{plan.own_tokens:,.0f}", "the rows that were measured, 400 words"],
        [
            "a question less what is in the prefix cache",
            f"{plan.computed_tokens:,.0f}",
            f"{plan.a_prompt} responses a prompt",
        ],
        ["a reply", f"{plan.reply_tokens:,.0f}", f'{plan.criteria} criteria, six tokens for `"c1": "yes", `'],
    )


def feeding(plan: Plan = Plan()) -> None:
    """Print how many GPUs one process keeps busy."""
    rows = [
        [model.name, f"{plan.rows_per_s(model):,.1f}", f"{plan.process_rows_per_s:,.0f}",
         f"{plan.process_rows_per_s / plan.rows_per_s(model):,.0f}"]
        for model in MODELS
    ]  # fmt: skip
    _table(["judge", "rows/s of one GPU", "rows/s of one process", "GPUs that it keeps busy"], *rows)


def totals(plan: Plan = Plan()) -> None:
    """Print calls, tokens, hours and dollars of the plan."""
    tokens_in = plan.responses * (plan.shared_tokens + plan.own_tokens)
    tokens_out = plan.responses * plan.reply_tokens
    hours = [plan.responses / (plan.gpus * plan.rows_per_s(model)) / 3600 for model in MODELS]
    hosted = (tokens_in * plan.price[0] + tokens_out * plan.price[1]) / 1e6
    _table(
        ["", *(model.name for model in MODELS)],
        ["calls", *[f"{plan.responses:,.0f}"] * 2],
        ["tokens in, as they are sent", *[_count(tokens_in)] * 2],
        ["of them computed", *[_count(plan.responses * plan.computed_tokens)] * 2],
        ["tokens out", *[_count(tokens_out)] * 2],
        [f"rows/s of {plan.gpus} GPUs", *(f"{plan.gpus * plan.rows_per_s(model):,.0f}" for model in MODELS)],
        ["hours", *(f"{hour:.1f}" for hour in hours)],
        ["GPU hours", *(f"{hour * plan.gpus:,.0f}" for hour in hours)],
        [
            f"dollars at {plan.dollars_an_hour:g} an hour",
            *(f"{hour * plan.gpus * plan.dollars_an_hour:,.0f}" for hour in hours),
        ],
        [f"dollars of a provider at {plan.price[0]:g} in, {plan.price[1]:g} out", *[f"{hosted:,.0f}"] * 2],
        ["in flight on a node", *[f"{plan.in_flight * plan.gpus_a_node:,}"] * 2],
    )


def ways(plan: Plan = Plan()) -> None:
    """Print what each way to divide the work costs beside the GPUs."""
    nodes = plan.gpus // plan.gpus_a_node
    base, one_row = MEASURED["base_mib"] * 2**20, MEASURED["score_peak_mib"] * 2**20
    shard_row = MEASURED["shard_peak_mib"] * 2**20
    reading = MEASURED["shard_cpu_s"] * plan.responses / 60
    driver = base + plan.responses * MEASURED["driver_peak_mib"] * 2**20
    whole, part = base + plan.responses * one_row, base + plan.responses / nodes * one_row
    _table(
        ["way", "processes", "most rows/s", "memory of each", "beside"],
        ["one process", "1", f"{plan.process_rows_per_s:,.0f}", _bytes(whole), "addresses of servers elsewhere"],
        [
            f"`--shard I/{nodes}`, one file", f"{nodes}", f"{nodes * plan.process_rows_per_s:,.0f}",
            _bytes(base + plan.responses * shard_row), f"{reading:.0f} min of reading in each",
        ],
        [f"{nodes} files", f"{nodes}", f"{nodes * plan.process_rows_per_s:,.0f}", _bytes(part), "`split`, `cat`"],
        [
            "`--engine ray`", "1 driver", f"{plan.busy_process / MEASURED['driver_cpu_s']:,.0f}", _bytes(driver),
            f"at least {math.ceil(plan.gpus * max(map(plan.rows_per_s, MODELS)) / plan.process_rows_per_s)} workers",
        ],
    )  # fmt: skip


def _table(head: Sequence[str], *rows: Sequence[str]) -> None:
    print("\n| " + " | ".join(head) + " |")
    print("|---" + "|---:" * (len(head) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2g} ms"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def _bytes(count: float) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if count >= size:
            return f"{count / size:.2g} {unit}" if count < 10 * size else f"{count / size:,.0f} {unit}"
    return f"{count:.0f} bytes"


def _count(number: float) -> str:
    return f"{number / 1e9:.2f} billion"


def main() -> None:
    """Print the plan for the figures of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    given = Plan()
    for name in ("responses", "a_prompt", "gpus", "gpus_a_node", "criteria", "dollars_an_hour", "in_flight"):
        default = getattr(given, name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    parser.add_argument("--price", type=float, nargs=2, default=given.price, metavar=("IN", "OUT"))
    plan = replace(given, **vars(parser.parse_args()))
    for part in (question, feeding, totals, ways):
        part(plan)


if __name__ == "__main__":
    main()
