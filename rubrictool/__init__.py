"""rubrictool: rubrics that still tell excellent from great.

Everything a command does is one or two awaitable functions away: `propose`, `refine`, `score`, `sample`, `compare`,
with rows from `read` and the two roles from `judge` and `proposer`.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("rubrictool")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0"
