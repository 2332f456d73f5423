"""The replies of many caches come together in one, and nothing else changes."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from rubrictool.errors import InputError
from rubrictool.models.cache import Cache
from rubrictool.models.cache_merge import PAGE, Merged, merge_caches


def cache(path: Path, replies: Mapping[str, str]) -> Path:
    made = Cache(path)
    for key, reply in replies.items():
        made.put(key, "m", reply)
    made.close()
    return path


def held(path: Path) -> dict[str, str]:
    opened = Cache(path)
    try:
        return {row.key: row.reply for row in opened}
    finally:
        opened.close()


def test_a_new_cache_holds_the_replies_of_all_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    into = tmp_path / "deep" / "all.db"
    sources = [cache(tmp_path / name, {name: f"of {name}"}) for name in ("a.db", "b.db", "c d?#.db")]
    assert merge_caches(into, sources) == Merged(3, 0, 0)
    assert held(into) == {name.name: f"of {name.name}" for name in sources}
    assert stat.S_IMODE(into.stat().st_mode) == 0o600


def test_the_first_of_several_replies_stays_and_the_others_are_counted(tmp_path: Path) -> None:
    into = cache(tmp_path / "all.db", {"x": "own", "same": "s"})
    a = cache(tmp_path / "a.db", {"x": "of a", "y": "of a", "same": "s"})
    b = cache(tmp_path / "b.db", {"x": "of b", "y": "of b", "z": "of b"})
    assert merge_caches(into, [a, b]) == Merged(added=2, known=4, differing=3)
    assert held(into) == {"x": "own", "same": "s", "y": "of a", "z": "of b"}


def test_a_second_merge_adds_nothing(tmp_path: Path) -> None:
    many = cache(tmp_path / "a.db", {f"{number:05}": str(number) for number in range(2 * PAGE)})
    assert merge_caches(tmp_path / "all.db", [many]) == Merged(2 * PAGE, 0, 0)
    assert merge_caches(tmp_path / "all.db", [many]) == Merged(0, 2 * PAGE, 0)


def test_sources_are_left_as_they_are_without_files_beside_them(tmp_path: Path) -> None:
    source = cache(tmp_path / "a.db", {"x": "y"})
    before = source.read_bytes()
    merge_caches(tmp_path / "all.db", [source])
    assert source.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"a.db", "all.db"}


def test_a_cache_among_its_own_sources_is_passed_over(tmp_path: Path) -> None:
    into, other = cache(tmp_path / "all.db", {"x": "y"}), cache(tmp_path / "b.db", {"z": "z"})
    (tmp_path / "link.db").symlink_to(into)
    assert merge_caches(into, [into, tmp_path / "link.db", other]) == Merged(1, 0, 0)


def test_replies_that_a_killed_command_left_in_its_log_are_merged(tmp_path: Path) -> None:
    running = Cache(tmp_path / "a.db")
    running.put("x", "m", "y")
    (tmp_path / "copy.db").write_bytes((tmp_path / "a.db").read_bytes())
    (tmp_path / "copy.db-wal").write_bytes((tmp_path / "a.db-wal").read_bytes())
    assert merge_caches(tmp_path / "all.db", [tmp_path / "copy.db"]) == Merged(1, 0, 0)
    running.close()


def test_a_cache_without_a_format_or_a_log_is_read(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "old.db")
    old.execute("CREATE TABLE replies (key TEXT PRIMARY KEY, model TEXT NOT NULL, reply TEXT NOT NULL) WITHOUT ROWID")
    old.execute("INSERT INTO replies VALUES ('x', 'm', 'y')")
    old.commit()
    old.close()
    assert merge_caches(tmp_path / "all.db", [tmp_path / "old.db"]) == Merged(1, 0, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_a_cache_in_a_folder_that_cannot_be_written_is_read() -> None:
    # Not in pytest's folder, which is closed to others.
    with tempfile.TemporaryDirectory() as name, multiprocessing.get_context("fork").Pool(1, os.setuid, [65534]) as pool:
        shared, own = Path(name) / "shared", Path(name) / "own"
        source = cache(shared / "a.db", {"x": "y"})
        own.mkdir()
        os.chown(own, 65534, 65534)
        for path, mode in ((source, 0o444), (shared, 0o555), (Path(name), 0o755)):
            path.chmod(mode)
        assert pool.apply(merge_caches, (own / "all.db", [source])) == Merged(1, 0, 0)


def _no_cache(path: Path, kind: str) -> Path:
    """A file that is no cache that can be read, in one of the ways that there are."""
    if kind == "text":
        path.write_text("hello\n")
    elif kind == "empty":
        path.touch()
    elif kind == "cut off":
        whole = cache(path, {str(number): "x" * 5000 for number in range(100)})
        os.truncate(whole, whole.stat().st_size // 2)
    elif kind == "folder":
        path.mkdir()
    elif kind != "missing":
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE things (x)" if kind == "another database" else "CREATE TABLE replies (x)")
            other.execute(f"PRAGMA user_version = {2 if kind == 'newer' else 0}")
        other.close()
    return path


@pytest.mark.parametrize(
    "kind", ["text", "empty", "cut off", "folder", "missing", "another database", "other columns", "newer"]
)
def test_a_source_that_is_no_cache_is_an_error_before_anything_is_written(tmp_path: Path, kind: str) -> None:
    good, bad = cache(tmp_path / "good.db", {"x": "y"}), _no_cache(tmp_path / "bad.db", kind)
    with pytest.raises(InputError, match=r"bad\.db: "):
        merge_caches(tmp_path / "all.db", [good, bad])
    assert not (tmp_path / "all.db").exists()


def test_another_database_gets_no_replies(tmp_path: Path) -> None:
    good, other = cache(tmp_path / "good.db", {"x": "y"}), _no_cache(tmp_path / "other.db", "another database")
    before = other.read_bytes()
    with pytest.raises(InputError, match=r"other\.db: cannot be read as a cache"):
        merge_caches(other, [good])
    assert other.read_bytes() == before


def _write(path: Path, name: str) -> None:
    writing = Cache(path)
    for number in range(300):
        writing.put(f"{name}-{number:03}", "m", "live")


def test_other_commands_write_to_all_files_meanwhile(tmp_path: Path) -> None:
    into, source = cache(tmp_path / "all.db", {}), cache(tmp_path / "a.db", {f"{n:06}": "r" for n in range(5 * PAGE)})
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        writers = [pool.apply_async(_write, (path, path.stem)) for path in (into, source)]
        merges = [merge_caches(into, [source])]
        while not all(writer.ready() for writer in writers):
            merges.append(merge_caches(into, [source]))
        for writer in writers:
            writer.get()
    merge_caches(into, [source])
    assert len(held(into)) == 5 * PAGE + 600
    assert sum(merged.differing for merged in merges) == 0
