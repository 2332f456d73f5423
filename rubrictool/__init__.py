"""rubrictool: rubrics that still tell excellent from great.

Everything a command does is one or two awaitable functions away: `propose`, `refine`, `score`, `sample`, `compare`,
with rows from `read` and the two roles from `judge` and `proposer`.
"""

from rubrictool.errors import InputError, ModelFailure, RowFailure, RubrictoolError
from rubrictool.jsonl import encode, read
from rubrictool.players import judge, proposer
from rubrictool.proposing import propose
from rubrictool.records import Comparison, Criterion, Prompt, Response, Round, Rubric, Score, Verdict
from rubrictool.refinement import Refinement, refine
from rubrictool.sampling import sample
from rubrictool.scoring import score
from rubrictool.specs import Access, Asked, connect
from rubrictool.winrates import WinRate, compare, win_rate

__version__ = "0.1.0"

__all__ = [
    "Access",
    "Asked",
    "Comparison",
    "Criterion",
    "InputError",
    "ModelFailure",
    "Prompt",
    "Refinement",
    "Response",
    "Round",
    "RowFailure",
    "Rubric",
    "RubrictoolError",
    "Score",
    "Verdict",
    "WinRate",
    "compare",
    "connect",
    "encode",
    "judge",
    "propose",
    "proposer",
    "read",
    "refine",
    "sample",
    "score",
    "win_rate",
]
