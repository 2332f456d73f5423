"""The tables of docs/theory.md, computed by `analysis/estimators/theory.py` with `sampled_policy`; called by its cog blocks."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import redirect_stdout
from io import StringIO

import numpy as np

from rubrictool.analysis.estimators import sampled_policy, theory
from rubrictool.analysis.estimators.sampled_policy import Levels
from rubrictool.analysis.estimators.theory import Wrong

MAPPINGS: dict[str, tuple[Wrong, float | None]] = {
    "correct": ("none", None),
    "reversed": ("all", None),
    "top 25 % wrong": ("top", 0.25),
    "top 50 % wrong": ("top", 0.5),
    "worst 50 % wrong": ("worst", 0.5),
    "worst 90 % wrong": ("worst", 0.9),
}


def win_rates() -> None:
    """Win rates of the mappings of Figure 2a at some KLs."""
    rows = [
        [f"{kl:g}", f"{theory.beta_for_kl(kl):.5f}"]
        + [f"{theory.win_rate(kl, wrong, share=share):.4f}" for wrong, share in MAPPINGS.values()]
        for kl in (0.5, 1.0, 2.0, 3.0, 8.0)
    ]
    _table(["KL", "beta", *MAPPINGS], rows)


def peaks() -> None:
    """Print where a proxy that is wrong at the top gains most, and what it is worth in the end."""
    shares = (0.01, 0.05, 0.1, 0.25, 0.5)
    points = [theory.peak("top", share=share) for share in shares]
    rows = [
        [_percent(share), f"{point.kl:.2f}", f"{point.win_rate:.4f}", f"{1 - share:.2f}"]
        for share, point in zip(shares, points, strict=True)
    ]
    _table(["top wrong", "peak at KL", "win rate there", "win rate in the end"], rows)


def envelope() -> None:
    """Print what is lost at most when only the top is ranked right."""
    grid = np.linspace(0, 8, 8001)
    rows = []
    for correct in (0.1, 0.2, 0.3, 0.4, 0.5):
        lost = theory.win_rate(grid) - theory.envelope(grid, correct)
        late = [theory.win_rate(kl) - theory.envelope(kl, correct) for kl in (2.0, 2.5, 3.0)]
        most = [f"{lost.max():.3f}", f"{grid[lost.argmax()]:.2f}"]
        rows.append([_percent(correct), *most, *(f"{loss:.3f}" for loss in late)])
    _table(["top right", "lost at most", "at KL", "lost at KL 2", "at KL 2.5", "at KL 3"], rows)


def ties() -> None:
    """Print where a proxy ends that is right but gives its top score to many responses."""
    rows = []
    for mass in (0.5, 0.25, 0.1, 0.05, 0.01):
        end = sampled_policy.ceiling(Levels([1 - mass, mass], [0, 1], [(1 - mass) / 2, 1 - mass / 2]))
        rows.append([_percent(mass), f"{end.kl:.2f}", f"{end.win_rate:.3f}", f"{theory.win_rate(end.kl):.3f}"])
    _table(["share with the top score", "KL at most", "win rate there", "at this KL without ties"], rows)


def best_of_n() -> None:
    """The best of n beside the optimum at the same KL."""
    points = [(n, theory.best_of_n(n)) for n in (2, 4, 16, 64, 256)]
    rows = [[str(n), f"{at.kl:.3f}", f"{at.win_rate:.4f}", f"{theory.win_rate(at.kl):.4f}"] for n, at in points]
    _table(["n", "KL", "best of n", "optimum at this KL"], rows)


EXAMPLE = """\
from rubrictool.analysis.estimators import sampled_policy
from rubrictool.analysis.estimators import theory

scores = [1.0, 1.0, 0.8, 0.8, 0.8, 0.5, 0.5, 0.2]  # by the rubric, eight responses to one prompt
marks = [7, 9, 8, 6, 5, 6, 3, 1]  # what they are worth
for beta in (1, 0.2, 0.05):
    found = sampled_policy.optimised(scores, marks, beta=beta)
    right = theory.win_rate(found.kl)
    print(
        f"KL {found.kl:.2f} of {found.ceiling:.2f}: win rate {found.win_rate:.3f}, a right proxy {right:.3f}; "
        f"on {found.effective_size:.1f} responses"
    )
"""


def example() -> None:
    """A few lines of Python and what they print."""
    printed = StringIO()
    with redirect_stdout(printed):
        exec(EXAMPLE, {})
    print(f"\n```python\n{EXAMPLE}```\n\n```text\n{printed.getvalue()}```\n")


def _percent(share: float) -> str:
    return f"{share * 100:g} %"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    columns = list(head)
    print(f"\n| {' | '.join(columns)} |\n|{'---:|' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print()
