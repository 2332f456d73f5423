"""A split of a dataset is read by the library datasets, here from a directory that lies where the name points."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rubrictool.errors import InputError
from rubrictool.rows.hub_splits import SplitName
from rubrictool.rows.input_files import InputFile


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("hf://datasets/squad/train", SplitName("squad", None, "train", None)),
        ("hf://datasets/openai/gsm8k/test", SplitName("openai/gsm8k", None, "test", None)),
        ("hf://datasets/openai/gsm8k/main/test", SplitName("openai/gsm8k", "main", "test", None)),
        ("hf://datasets/openai/gsm8k@v1.1/main/test", SplitName("openai/gsm8k", "main", "test", "v1.1")),
        ("hf://datasets/squad@v1/plain_text/train", SplitName("squad", "plain_text", "train", "v1")),
        ("hf://datasets/squad@refs%2Fpr%2F1/train", SplitName("squad", None, "train", "refs/pr/1")),
        ("hf://datasets/openai/gsm8k/train[:10%]", SplitName("openai/gsm8k", None, "train[:10%]", None)),
    ],
)
def test_an_address_names_a_dataset_and_a_split(address: str, expected: SplitName) -> None:
    assert SplitName.parse(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        "hf://datasets/",
        "hf://datasets/squad",
        "hf://datasets/a//b",
        "hf://datasets/a/b/c/d/e",
        "hf://datasets/a@1/b/c/d",
    ],
)
def test_other_addresses_are_refused_with_the_form(address: str) -> None:
    with pytest.raises(InputError, match="names no split of a dataset; write hf://datasets/NAME/SPLIT or"):
        InputFile(address, address)


def test_without_the_library_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(
        InputError, match=r"hf://datasets/a/b/train: needs the library datasets; install it \(pip install"
    ):
        InputFile("hf://datasets/a/b/train", "f")


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (EOFError("Compressed file ended before the end"), "cannot be read: Compressed file ended"),
        (RuntimeError("Dataset scripts are no longer supported"), "cannot be read: Dataset scripts are no longer"),
        (StopIteration(), "contains no rows; check that it is the split that you mean"),
    ],
)
def test_what_the_library_raises_is_an_input_error(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, said: str
) -> None:
    def load_dataset(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    with pytest.raises(InputError, match=rf"hf://datasets/a/b/train: {said}"):
        InputFile("hf://datasets/a/b/train", "f")


@pytest.mark.parametrize("raised", [EOFError("Compressed file ended"), RuntimeError("Server disconnected")])
def test_what_ends_the_reading_has_the_row_where_it_came(monkeypatch: pytest.MonkeyPatch, raised: Exception) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra parquet")

    def batches(_: int) -> Iterator[Any]:
        yield pyarrow.table({"prompt": ["Why?", "How?"]})
        raise raised

    split = types.SimpleNamespace(with_format=lambda _: types.SimpleNamespace(iter=batches))
    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=lambda *_, **__: split))
    rows = iter(InputFile("hf://datasets/a/b/train", "f"))
    assert [number for number, _ in (next(rows), next(rows))] == [1, 2]
    with pytest.raises(InputError, match=rf"hf://datasets/a/b/train:row 3: cannot be read: {raised}"):
        next(rows)


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that load_dataset takes for a dataset, without the network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    pytest.importorskip("datasets", reason="needs the extra hub")
    monkeypatch.chdir(tmp_path)
    directory = tmp_path / "owner" / "name"
    directory.mkdir(parents=True)
    rows = "".join(f'{{"id": "p{n}", "prompt": "Why {n}?", "tags": [{{"a": {n}}}]}}\n' for n in range(600))
    (directory / "train.jsonl").write_text(rows)


@pytest.mark.usefixtures("local")
def test_a_split_is_read_row_by_row() -> None:
    address = "hf://datasets/owner/name/train"
    file = InputFile(address, address)
    rows = list(file)
    assert rows[-1] == (600, {"id": "p599", "prompt": "Why 599?", "tags": [{"a": 599}]})
    assert (len(rows), list(file) == rows, file.places.of(7)) == (600, True, f"{address}:row 7")


@pytest.mark.usefixtures("local")
def test_a_split_that_does_not_exist_is_named() -> None:
    with pytest.raises(InputError, match=r"hf://datasets/owner/name/nowhere: cannot be read: .*nowhere"):
        list(InputFile("hf://datasets/owner/name/nowhere", "f"))
    with pytest.raises(InputError, match=r"hf://datasets/owner/other/train: cannot be read: "):
        list(InputFile("hf://datasets/owner/other/train", "f"))


@pytest.mark.usefixtures("local")
def test_what_the_library_saves_is_read(tmp_path: Path) -> None:
    import datasets

    table = datasets.Dataset.from_list([{"id": f"p{n}", "prompt": "Why?"} for n in range(5)])
    table.save_to_disk(str(tmp_path / "saved"), num_shards=2)
    assert [row["id"] for _, row in InputFile(tmp_path / "saved", "f")] == [f"p{n}" for n in range(5)]
    datasets.DatasetDict({"train": table}).save_to_disk(str(tmp_path / "splits"))
    assert len(list(InputFile(tmp_path / "splits", "f"))) == 5
