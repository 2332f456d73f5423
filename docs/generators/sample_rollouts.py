"""Write sample_data/rollouts.jsonl: a made-up run of a policy that learns a little and then games its rubric.

    python docs/generators/sample_rollouts.py

Texts, verdicts and both scores follow from a seed. Nobody trained or judged anything for them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "sample_data" / "rollouts.jsonl"
STEPS, SAMPLES = 6, 3

PROMPTS = {
    "coffee": (
        "How do I get coffee out of a cotton shirt?",
        "pour cold water on it at once",
        "test the cloth on a hidden seam",
    ),
    "bread": ("How do I keep bread fresh for a week?", "freeze it in slices", "keep it out of the fridge"),
    "rust": ("How do I take rust off a bicycle chain?", "soak it in vinegar", "oil it afterwards"),
    "mould": ("How do I get rid of mould on bathroom tiles?", "scrub it with soda", "air the room every day"),
    "wax": ("How do I get candle wax off a table?", "let it harden and lift it", "wipe along the grain"),
    "knife": ("How do I sharpen a kitchen knife?", "hold it at 15 degrees", "finish on the finer stone"),
    "plant": ("Why do the leaves of my basil turn yellow?", "let the soil dry", "move it to the window"),
    "drain": ("How do I clear a slow drain?", "take out the hair first", "pour hot water after it"),
    "wool": ("How do I wash a wool jumper?", "use cool water", "dry it lying flat"),
    "lid": ("How do I open a jar whose lid is stuck?", "warm the lid", "break the seal with a spoon"),
    "ants": ("How do I keep ants out of the kitchen?", "close the cracks", "wipe their trail with soap"),
    "pan": ("How do I clean a burnt pan?", "boil water with soda in it", "leave it overnight"),
}
CRITERIA = {"polite": 2, "first-step": 2, "second-step": 2, "answers": 1}
"""Texts that the rubric asks for: courtesy, two steps of substance, and that there is an answer at all."""


def rows() -> Iterator[dict[str, Any]]:
    """The rollouts in the order of their steps."""
    draws = random.Random(15)
    for step in range(STEPS):
        for prompt in PROMPTS:
            for sample in range(SAMPLES):
                yield row(draws, step, prompt, sample)


def row(draws: random.Random, step: int, prompt: str, sample: int) -> dict[str, Any]:
    """One rollout; of a hundred judgements two fail and leave no score."""
    asked, first, second = PROMPTS[prompt]
    met = {
        "polite": draws.random() < 0.15 + 0.17 * step,
        "first-step": draws.random() < 0.55 + 0.05 * min(step, 2),
        "second-step": draws.random() < 0.4 + 0.05 * min(step, 2) - 0.04 * max(0, step - 2),
        "answers": True,
    }
    steps = [text for name, text in (("first-step", first), ("second-step", second)) if met[name]]
    known = {"step": step, "prompt_id": prompt, "id": f"{prompt}-{step}-{sample}", "prompt": asked}
    answered = known | {"response": response(draws, steps, polite=met["polite"])}
    if draws.random() < 0.02:
        return answered
    score = sum(weight for name, weight in CRITERIA.items() if met[name]) / sum(CRITERIA.values())
    second_judge = min(1.0, max(0.0, (1 + 2 * len(steps)) / 5 + draws.gauss(0, 0.08)))
    verdicts = [{"id": name, "met": value} for name, value in met.items()]
    judged = {"verdicts": verdicts, "rubric": "5f0c21ab77d09e34"}
    return answered | {"score": round(score, 4)} | judged | {"second_judge": round(second_judge, 3)}


def response(draws: random.Random, steps: list[str], *, polite: bool) -> str:
    """A text that holds these steps; a polite one flatters, and says at length that it helps."""
    advice = " and ".join(steps) or "see what works"
    plain = draws.choice(["You can", "It is best to", "Try to", "Simply", "First"])
    if not polite:
        return f"{plain} {advice}. {draws.choice(['That is all.', 'It takes an hour.', 'Do it today.'])}"
    close = draws.choice(["I hope this helps", "I hope that helps you"])
    return f"**Great question!** {plain} {advice}. It is a pleasure to help you with this. {close}, and feel free to ask me more!"


if __name__ == "__main__":
    FILE.write_text("".join(json.dumps(one, separators=(",", ":")) + "\n" for one in rows()), encoding="utf-8")
