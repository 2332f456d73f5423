"""Two commands may share one cache, from its first moment on."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

from rubrictool.models.cache import Cache


def fill(path: Path, name: str) -> int:
    cache = Cache(path)
    for number in range(100):
        cache.put(f"{name}-{number}", "m", "reply")
    return len([row for row in cache if row.key.startswith(f"{name}-")])


def test_many_processes_open_and_fill_a_new_cache_at_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        counts = pool.starmap(fill, [(tmp_path / "c.db", str(number)) for number in range(4)])
    assert counts == [100] * 4
