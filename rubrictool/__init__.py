"""rubrictool: rubrics that still tell excellent from great.

Everything a command does is one or two awaitable functions away: `propose`, `refine`, `score`, `sample`, `compare`,
with rows from `read` and the two roles from `judge` and `proposer`.
"""

from importlib import import_module

# As in `typing`, which takes 10 ms: until the command line has its signal handlers, Ctrl-C would show a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from rubrictool.asking.cache import Cache
    from rubrictool.asking.spending import Budget
    from rubrictool.comparing import compare
    from rubrictool.errors import InputError, ModelFailure, ModelUnusable, RowFailure, RubrictoolError
    from rubrictool.jsonl import encode, read
    from rubrictool.players import judge, proposer
    from rubrictool.proposing import propose
    from rubrictool.records import Comparison, Criterion, Prompt, Response, Rubric, Score, Verdict
    from rubrictool.refinement import Refinement, refine
    from rubrictool.sampling import sample
    from rubrictool.scoring import score
    from rubrictool.specs import Access, Asked, connect
    from rubrictool.statistics.winrates import WinRate, win_rate
    from rubrictool.traces import Round

__version__ = "0.1.0"

__all__ = [
    "Access",
    "Asked",
    "Budget",
    "Cache",
    "Comparison",
    "Criterion",
    "InputError",
    "ModelFailure",
    "ModelUnusable",
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

# Where the names above stand. A module is imported when its first name is asked for (PEP 562), not before.
_PLACES = {
    "asking.cache": ("Cache",),
    "asking.spending": ("Budget",),
    "errors": ("InputError", "ModelFailure", "ModelUnusable", "RowFailure", "RubrictoolError"),
    "jsonl": ("encode", "read"),
    "players": ("judge", "proposer"),
    "proposing": ("propose",),
    "records": ("Comparison", "Criterion", "Prompt", "Response", "Rubric", "Score", "Verdict"),
    "refinement": ("Refinement", "refine"),
    "sampling": ("sample",),
    "scoring": ("score",),
    "specs": ("Access", "Asked", "connect"),
    "traces": ("Round",),
    "comparing": ("compare",),
    "statistics.winrates": ("WinRate", "win_rate"),
}


def __getattr__(name: str) -> object:
    for module, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"rubrictool.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
