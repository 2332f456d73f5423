"""Two commands may share one cache, from its first moment on; one that breaks is named."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from rubrictool.errors import InputError
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


def test_a_cache_that_breaks_is_named_with_its_remedy(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    cache = Cache(path)
    for number in range(500):
        cache.put(str(number), "m", "x" * 100)
    cache.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(InputError, match=r"c\.db: the cache cannot be used"):
        list(Cache(path))
