"""Bound how much a small file may become when it is read."""

from __future__ import annotations

from rubrictool.rows.containers.faults import FileFault

FREE = 2**30
"""Bytes that any file may become."""

MAX_RATIO = 200
"""Times that a file may become larger beyond `FREE`: rows become 3 to 20 times larger, what is made to fill disks 1,000 times."""


def check_growth(size: int, *, stored: int, kind: str, remedy: str) -> None:
    """Raise `FileFault` where more bytes have come out of a file than are in proportion to those that are stored in it."""
    if size > FREE and size > MAX_RATIO * stored:
        raise FileFault(
            f"more than {FREE // 2**30} GiB come out of {-(-stored // 2**20)} MiB of {kind}, as of a file that is made to fill "
            f"disks; if it is not, {remedy}"
        )
