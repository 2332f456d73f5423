"""Run the examples of docs/python.md that need no server, and show each with what it prints; called by its cog blocks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

EXAMPLES = {
    "own_judge": '''\
import asyncio
from collections.abc import Sequence

import rubrictool as rt


class AnyOf:
    """Count a criterion as met where at least one of several judges says yes."""

    name, judging = "any-of", "all-at-once"

    def __init__(self, *judges: rt.Judge) -> None:
        self.judges = judges

    async def verdicts(
        self, prompt: rt.Prompt, criteria: Sequence[rt.Criterion], response: rt.Response
    ) -> list[rt.Verdict]:
        found = [await judge.verdicts(prompt, criteria, response) for judge in self.judges]
        return [rt.Verdict(id=one[0].id, met=any(verdict.met for verdict in one)) for one in zip(*found)]


async def main() -> None:
    prompt = rt.Prompt(id="p", prompt="How is bread kept?")
    rubric = rt.Rubric(id="p", criteria=[rt.Criterion(id="c1", criterion="Names a cloth.", weight=1)])
    response = rt.Response(prompt_id="p", id="r1", response="Wrap it in a cloth.")
    judge = AnyOf(await rt.judge("offline"), await rt.judge("offline"))
    row = await rt.score(prompt, rubric, response, judge)
    print(row.judge, row.score)


asyncio.run(main())
''',
    "benchmark": '''\
import numpy as np

import rubrictool as rt

draws = np.random.default_rng(0)
TRUE = {"law": np.arange(8) * 0.03, "poetry": np.zeros(8)}  # how good eight models are at each subset
MOVES = {"law": 0.015, "poetry": 0.05}


def scores(steps: int, moves: float) -> list[dict]:
    """Thirty prompts of each subset; a step moves a model at all of a subset's prompts at once."""
    moved = {
        (subset, step, m): moves * draws.normal(scale=MOVES[subset])
        for subset in TRUE
        for step in range(steps)
        for m in range(8)
    }
    return [
        {
            "prompt_id": f"{subset}-{p}",
            "id": f"{subset}-{p}-{step}-{m}",
            "model": f"m{m}",
            "step": step,
            "subset": subset,
            "score": 0.5 + TRUE[subset][m] + moved[subset, step, m] + draws.normal(scale=0.1),
        }
        for subset in TRUE
        for p in range(30)
        for step in range(steps)
        for m in range(8)
    ]


report = rt.benchmark_signal(scores(5, moves=1), against=scores(1, moves=0), subset="subset")
shown = ["kind", "name", "snr", "reliability", "decision_accuracy", "averaged_decision_accuracy", "held_out_snr"]
print(report.to_frame()[shown].round(2).to_string(index=False, na_rep=""))
''',
    "ladder": '''\
import numpy as np

import rubrictool as rt


def model(name: str, parameters: float, tokens: float, role: str) -> dict:
    """A model whose loss and score follow the two laws exactly."""
    loss = np.exp(6 - 0.35 * np.log(parameters)) + np.exp(7 - 0.35 * np.log(tokens)) + 0.5
    score = 0.95 - 0.7 / (1 + np.exp(-6 * (loss - 0.9)))
    return {"model": name, "parameters": parameters, "tokens": tokens, "loss": loss, "score": score, "role": role}


small = [model(f"{n:g} x{r}", n, r * n, "train") for n in (190e6, 370e6, 760e6, 1.3e9) for r in (20, 40, 100, 200)]
(found,) = rt.predict_from_ladder([*small, model("7e9", 7e9, 4e12, "target")])
print(f"loss {found.loss:.3f}, error {found.loss_error:.1%}; score {found.score:.3f}, error {found.score_error:.1%}")
print(f"bits per byte: {rt.bits_per_byte([-1.2, -0.3, -2.5], 'naïve'):.3f}")
''',
    "anchors": """\
import asyncio

import rubrictool as rt
from rubrictool.rubric.saturation import aggregate


def says(text: str, dimension: str) -> rt.Criterion:
    check = {"contains": [text]}
    return rt.Criterion.model_validate(
        {"criterion": f"Says {text}.", "weight": 1, "dimension": dimension, "check": check}
    )


rubric = rt.Rubric(
    id="p", criteria=[says("red", "facts"), says("blue", "facts"), says("please", "tone"), says("thank you", "tone")]
)
prompt = rt.Prompt(id="p", prompt="Name colours, kindly.")


async def main() -> None:
    judge = await rt.judge("offline")
    for text in ("Red. Blue.", "Red, please."):
        response = rt.Response(prompt_id="p", id=text, response=text)
        scores = [
            (await rt.score(prompt, rubric, response, judge, aggregate=aggregate(texts))).score
            for texts in (["weighted"], ["facts,tone=0.5"], ["facts,tone=0.5", "exp:4"])
        ]
        print(text, *(f"{one:.3f}" for one in scores))


asyncio.run(main())
""",
    "tail": '''\
import asyncio

import rubrictool as rt


async def scores(rounds: int) -> list[rt.Score]:
    """Refine a rubric for each prompt, and score the prompt's candidates with it."""
    judge, proposer = await rt.judge("offline"), await rt.proposer("offline")
    options, rows = rt.RefineOptions(rounds=rounds), []
    for prompt in rt.read("sample_data/prompts.jsonl", rt.Prompt):
        refined = await rt.refine(prompt, prompt.responses, judge=judge, proposer=proposer, options=options)
        rows += [await rt.score(prompt, refined.rubric, response, judge) for response in prompt.responses]
    return rows


files = {f"{rounds} rounds": asyncio.run(scores(rounds)) for rounds in (0, 4)}
report = rt.tail(files)
print(report.to_frame()[["file", "region", "pairs", "strict", "half_credit"]].round(3).to_string(index=False))
''',
    "check_refinements": """\
import rubrictool as rt

judge, proposer = rt.sync.judge("offline"), rt.sync.proposer("offline")
prompts = rt.read("sample_data/prompts.jsonl", rt.Prompt)
refined = [rt.sync.refine(prompt, prompt.responses, judge=judge, proposer=proposer) for prompt in prompts]
known = [(prompt, prompt.responses, refinement) for prompt, refinement in zip(prompts, refined)]
report = rt.sync.check_refinements(known, "sample_data/preferences.jsonl", judge=judge)
change = report.not_shown
print(change.prompts, change.pairs, *(round(figure, 3) for figure in change.difference))
""",
    "win_rates": '''\
import asyncio

import rubrictool as rt


async def scores(path: str) -> list[rt.Score]:
    """Score responses with a rubric proposed for their prompt."""
    judge, proposer = await rt.judge("offline"), await rt.proposer("offline")
    prompts = {prompt.id: prompt for prompt in rt.read("sample_data/prompts.jsonl", rt.Prompt)}
    rubrics = {name: await rt.propose(prompt, proposer) for name, prompt in prompts.items()}
    rows = rt.read(path, rt.Response)
    return [await rt.score(prompts[row.prompt_id], rubrics[row.prompt_id], row, judge) for row in rows]


systems = {name: asyncio.run(scores(f"sample_data/fir-{name}.jsonl")) for name in ("v2", "v1")}
report = rt.win_rates(rt.compare_scores(systems, baseline="v1"))
print(report.to_frame()[["system_a", "system_b", "n", "win_rate", "low", "high"]].round(3).to_string(index=False))
print(*report.decisions(threshold=0.5, difference=0.1).values())
''',
    "agreement": """\
import rubrictool as rt


def rows(met: str, **columns: str) -> list[dict[str, object]]:
    verdicts = [[{"id": "c1", "met": one == "y"}] for one in met]
    return [{"prompt_id": f"p{n}", "id": "r", "verdicts": one, **columns} for n, one in enumerate(verdicts)]


labels = rows("yynnynyynnyn")
scores = rows("yynyynyynnyn", judge="m", judging="all-at-once")
report = rt.agreement(scores, labels)
overall, *groups = report.judges["m", "all-at-once"]
print(overall.cells, overall.better_than_chance)
print(report.to_frame()[["judge", "name", "n", "kappa", "kappa_low", "kappa_high"]].round(2).to_string(index=False))
""",
    "signal": """\
import rubrictool as rt


def judged(**scores: float) -> list[dict[str, object]]:
    return [
        {"prompt_id": "p", "id": name, "judge": "m", "score": score, "verdicts": []} for name, score in scores.items()
    ]


report = rt.signal(judged(a=1.0, b=0.5, c=0.0), judged(a=0.8, b=0.4, c=0.0), target=0.95)
overall = report.scopes[0].signal
print(overall.units, overall.samples, overall.samples_needed)
print(report.to_frame()[["kind", "name", "signal", "noise", "icc_1", "icc_k"]].round(3).to_string(index=False))
""",
    "top_k": """\
import asyncio

import rubrictool as rt

prompts = rt.read("sample_data/prompts.jsonl", rt.Prompt)[:2]


async def refined(prompt: rt.Prompt) -> list[rt.Score]:
    judge, proposer = await rt.judge("offline"), await rt.proposer("offline")
    options = rt.RefineOptions(pairs="great-diverse", rounds=2)
    result = await rt.refine(prompt, prompt.responses, judge=judge, proposer=proposer, options=options)
    return [await rt.score(prompt, result.rubric, response, judge) for response in prompt.responses]


scores = [row for prompt in prompts for row in asyncio.run(refined(prompt))]
best = rt.top_k(scores, rt.TopKOptions(k=2, distinct="model"))
pairs = rt.preference_pairs(scores, prompts, pairing="best-worst")
print(best.to_frame()[["id", "model", "score"]].round(3).to_string(index=False))
print(pairs.to_frame()[["chosen_id", "rejected_id", "margin"]].round(3).to_string(index=False))
""",
    "monitor": """\
import rubrictool as rt

report = rt.monitor("sample_data/rollouts.jsonl", held_out_column="second_judge", window=2)
print(report.parting.state, "from steps", report.parting.since)
rows = report.to_frame().query("kind == 'window'")
print(rows[["window", "score", "held_out", "gap", "no_contrast"]].round(3).to_string(index=False))
band = rt.keep_between("sample_data/rollouts.jsonl", low=0.3, high=0.6)
print(len(band.prompts), dict(band.left_out))
""",
    "lint": """\
import rubrictool as rt

criteria = [{"criterion": "Is engaging.", "weight": 2}, {"criterion": "Names a cloth.", "weight": 1}]
report = rt.lint([{"id": "bread", "criteria": criteria}])
print(report.warnings, report.findings[0].message)
print(report.to_frame()[["criterion", "rule", "severity"]].to_string(index=False))
""",
}


def show(name: str) -> None:
    """Print an example and its output as two blocks. Raises `CalledProcessError` for one that fails."""
    code = EXAMPLES[name]
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    print(f"\n```python\n{code}```\n\n```text\n{ran.stdout}```\n")
