"""Refuse names of outputs that would overwrite an input, or that promise another format."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from rubrictool.cli.files import STDOUT, place_of
from rubrictool.errors import InputError

_COMPRESSED = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd", ".lz4": "lz4", ".zip": "zip"}
"""Suffixes of compressed files, and the programs that write them."""
_TABLES = (".parquet", ".arrow", ".feather", ".xlsx", ".xls", ".csv", ".tsv")


def _check_format(flag: str, path: str) -> None:
    """Raise `InputError` for a name that promises another format than text, or than JSON Lines."""
    suffix = Path(path).suffix.lower()
    if suffix in _COMPRESSED and flag != "--plot":
        remedy = f"leave {suffix} out and compress afterwards" + (
            f", or pipe it (rubrictool ... | {_COMPRESSED[suffix]} > {shlex.quote(path)})" if flag == "--output" else ""
        )
        raise InputError(f"{flag} {path}: files are written without compression; {remedy}")
    if suffix in _TABLES:
        raise InputError(
            f"{flag} {path}: rows are written as JSON Lines, not as {suffix}; name it .jsonl, and convert it afterwards"
        )


def check_outputs(outputs: Mapping[str, str | None], *, reads: Sequence[str | None] = ()) -> None:
    """Raise `InputError` where two outputs would go to one file, or one to a file that is read."""
    seen = {place_of(path): "an input" for path in reads if path not in (None, STDOUT)}
    for flag, path in outputs.items():
        if path in (None, os.devnull) or (path == STDOUT and flag == "--output"):
            continue
        if path != STDOUT:
            _check_format(flag, path)
        if path == STDOUT:
            raise InputError(f"{flag} -: only rows go to standard output; name a file")
        place = place_of(path)
        if place in seen:
            raise InputError(f"{flag} and {seen[place]} name the same file, {path}")
        seen[place] = flag
