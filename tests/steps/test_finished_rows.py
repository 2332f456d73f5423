"""Finished rows leave in the order of the input, wherever they wait for those before them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

import pytest

from rubrictool.errors import InputError
from rubrictool.steps.finished_rows import FinishedRows, Lines


@pytest.mark.parametrize("memory", [0, 200, 10_000])
def test_rows_leave_in_order_however_they_come_and_wherever_they_wait(memory: int) -> None:
    places = list(range(100))
    found: list[Lines] = []
    Random(7).shuffle(places)
    finished = FinishedRows(memory)
    for place in places:
        finished.put(place, (b"%d\n" % place, b"", b"x" * (place % 7)))
        found += finished.take()
    finished.close()
    assert found == [(b"%d\n" % place, b"", b"x" * (place % 7)) for place in range(100)]


def test_the_temporary_file_does_not_grow_with_the_rows_that_have_left() -> None:
    finished = FinishedRows(memory=0)
    sizes = []
    for first in range(0, 20, 2):
        finished.put(first + 1, (b"late",))
        finished.put(first, (b"early",))
        assert [*finished.take()] == [(b"early",), (b"late",)]
        assert finished._file is not None
        sizes.append(finished._file.seek(0, 2))
    finished.close()
    assert len(set(sizes)) == 1


def test_where_no_temporary_file_can_be_written_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(InputError, match=r"gone: .*; set TMPDIR to a folder with more space"):
        FinishedRows(memory=0).put(1, (b"row",))
