"""Recognise files that hold no rows that are read, by their first bytes, with the command that converts them."""

from __future__ import annotations

import json
import shlex

_BINARY = (
    (b"PARE", "an encrypted Parquet file", ""),
    (b"FEA1", "a Feather file of version 1", "read_feather({})"),
    (b"Obj\x01", "an Avro file", ""),
    (b"ORC", "an ORC file", "read_orc({})"),
    (b"\x89HDF", "an HDF5 file", "read_hdf({})"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", "read_excel({})"),
    (b"SQLite format 3\x00", "an SQLite database", ""),
    (b"\x93NUMPY", "a NumPy array", ""),
    (b"\x80\x04", "a pickle", ""),
    (b"\x80\x05", "a pickle", ""),
    (b"7z\xbc\xaf", "a 7z archive", ""),
    (b"%PDF", "a PDF file", ""),
)

_WIDE = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)

_BOM = b"\xef\xbb\xbf"

_LZ4 = b"\x04\x22\x4d\x18"


def kind_of(head: bytes, name: str, *, is_table: bool = False) -> str | None:
    """Return what a file is and the remedy, in words that follow its name; None for a file that may hold rows.

    `head` are its first bytes. A table of text may have any character in its cells; JSON may not, and its reader says where.
    """
    text = head.removeprefix(_BOM).lstrip()
    known = _binary_kind(head, name) or _text_kind(text)
    if known is None and b"\x00" in head and not is_table and not _begins_json(text):
        return "is a binary file; write its rows as JSON Lines first"
    return known


def _begins_json(text: bytes) -> bool:
    """Return whether a text begins with an object, or with a list of objects."""
    return text[:1] in (b"{", b"[") and text[1:].lstrip()[:1] in (b"{", b'"')


def _binary_kind(head: bytes, name: str) -> str | None:
    file = shlex.quote(name)
    if head.startswith(_LZ4):
        return f"is compressed with lz4; decompress it first (lz4 -dc {file} > FILE.jsonl)"
    if head.startswith(b"PK\x03\x04"):
        if b"[Content_Types].xml" in head or b"xl/" in head or name.endswith(".xlsx"):
            return f"is an Excel workbook; {_by_pandas('read_excel({})', name)}"
        return f"is a zip archive; unpack it first (unzip -p {file} > FILE.jsonl)"
    for magic, what, reader in _BINARY:
        if head.startswith(magic):
            return f"is {what}; {_by_pandas(reader, name) if reader else 'write its rows as JSON Lines first'}"
    return _wide_kind(head, file)


def _wide_kind(head: bytes, file: str) -> str | None:
    """UTF-16 and UTF-32, by their mark or by the zeros that each ASCII character has beside it."""
    for mark, encoding in _WIDE:
        if head.startswith(mark):
            return f"is text in {encoding}; convert it first (iconv -f {encoding} -t UTF-8 {file} > FILE.jsonl)"
    for first, encoding in ((0, "UTF-16BE"), (1, "UTF-16LE")):
        zeros, others = head[first:64:2], head[1 - first : 64 : 2]
        if len(head) > 3 and not any(zeros) and all(others):
            return f"is text in {encoding}; convert it first (iconv -f {encoding} -t UTF-8 {file} > FILE.jsonl)"
    return None


def _text_kind(head: bytes) -> str | None:
    if head.startswith(b"version https://git-lfs.github.com/spec/"):
        return "is a Git LFS pointer; fetch the file that it stands for (git lfs pull)"
    if head[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "is an HTML page; download the file itself (of the raw data, signed in where that is needed)"
    return None


def _by_pandas(reader: str, name: str) -> str:
    quoted = json.dumps(name, ensure_ascii=False) if name.isprintable() else repr(name)
    source = f'import pandas; pandas.{reader.format(quoted)}.to_json("FILE.jsonl", orient="records", lines=True)'
    return f"convert it first (python -c {shlex.quote(source)})"
