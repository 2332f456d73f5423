"""The tables of docs/judges.md on panels and escalation: how often simulated judges are right, and what they cost."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Sequence

import numpy as np

from rubrictool.judging.escalation import Escalation
from rubrictool.judging.panel import Panel
from rubrictool.judging.protocols import Judge
from rubrictool.judging.votes import PanelRule
from rubrictool.rows.records import Criterion, JudgingMode, Prompt, Response
from rubrictool.rows.verdicts import Verdict

RESPONSES, CRITERIA = 400, 10
PROMPT = Prompt(id="p", prompt="?")
ROWS = [Response(id=str(number), prompt_id="p", response="?") for number in range(RESPONSES)]
RUBRIC = [Criterion(id=f"c{place}", criterion="?", weight=1) for place in range(CRITERIA)]
WEAK, GOOD, STRONG = 1.0, 0.75, 0.5
"""Noise of judges that are right on 84, 91 and 98 % of the verdicts, by the normal distribution."""
PRICE = 20
"""Cost of the strong judge per question, as a multiple of a weak one."""


def _noise(*seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(RESPONSES, CRITERIA))


MET = np.random.default_rng(0).random((RESPONSES, CRITERIA)) < 0.5


class Simulated:
    """A judge that sees each verdict through noise, of which a share is common to all judges, and knows how sure it may be."""

    judging: JudgingMode = "per-criterion"
    soft = True

    def __init__(self, number: int, noise: float, shared: float) -> None:
        self.name, self.asked = f"judge {number}", 0
        seen = np.where(MET, 1, -1) + noise * (
            math.sqrt(shared) * _noise(1) + math.sqrt(1 - shared) * _noise(2, number)
        )
        self._p = 1 / (1 + np.exp(-2 * seen / noise**2))

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:  # noqa: ARG002
        self.asked += len(criteria)
        chances = [float(self._p[int(response.id), int(c.id[1:])]) for c in criteria]
        return [Verdict(id=c.id, met=p > 0.5, p=p, value=p) for c, p in zip(criteria, chances, strict=True)]


def _right(judge: Judge) -> float:
    """Return the share of verdicts that are right."""

    async def of(row: Response) -> int:
        truth = MET[int(row.id)].tolist()
        return sum(one.met is met for one, met in zip(await judge.verdicts(PROMPT, RUBRIC, row), truth, strict=True))

    async def every() -> int:
        return sum([await of(row) for row in ROWS])

    return asyncio.run(every()) / MET.size


def _panel(noises: Iterable[float], shared: float, rule: PanelRule = "majority") -> Panel:
    return Panel([Simulated(number, noise, shared) for number, noise in enumerate(noises)], rule)


def panels() -> None:
    """Print how often panels are right, by how much of their errors the judges share."""
    shares = (0.0, 0.5, 0.9)
    print("\n| judges | cost | " + " | ".join(f"{share:.0%} of the noise shared" for share in shares) + " |")
    print("|---|---:|" + "---:|" * len(shares))
    for name, judges, rule in (
        ("one", [WEAK], None),
        ("three alike", [WEAK] * 3, "majority"),
        ("three alike, `--soft --panel mean`", [WEAK] * 3, "mean"),
        ("five alike", [WEAK] * 5, "majority"),
        ("one better judge", [GOOD], None),
        ("the better one and two of the others", [GOOD, WEAK, WEAK], "majority"),
    ):
        found = [_right(_panel(judges, share, rule) if rule else Simulated(0, judges[0], share)) for share in shares]  # type: ignore[arg-type]
        print(f"| {name} | {len(judges)} | " + " | ".join(f"{one:.1%}" for one in found) + " |")
    print()


def escalations() -> None:
    """Print how often escalating to a strong judge is right, and its cost beside that of the strong one alone."""
    strong = Simulated(9, STRONG, 0.5)
    print("\n| judges | verdicts escalated | right | cost of the strong one alone |\n|---|---:|---:|---:|")
    print(f"| the first judge alone | 0% | {_right(Simulated(0, WEAK, 0.5)):.1%} | {1 / PRICE:.0%} |")
    for low in (0.4, 0.3, 0.2, 0.1, 0.05):
        _print_escalation(
            f"`--soft`, in doubt between {low:g} and {1 - low:g}", Simulated(0, WEAK, 0.5), 1, (low, 1 - low)
        )
    _print_escalation("a panel of three, where it is split", _panel([WEAK] * 3, 0.5), 3)
    print(f"| the strong judge alone | - | {_right(strong):.1%} | 100% |\n")


def _print_escalation(name: str, judge: Judge, cost: float, band: tuple[float, float] = (0.5, 0.5)) -> None:
    strong, checking = Simulated(9, STRONG, 0.5), Simulated(9, STRONG, 0.5)
    right = _right(Escalation(judge, strong, band=band, checking=checking))
    share = (cost + PRICE * (strong.asked + checking.asked) / MET.size) / PRICE
    print(f"| {name} | {strong.asked / MET.size:.0%} | {right:.1%} | {share:.0%} |")
