"""rubrictool cache: export recorded replies, merge caches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from rubrictool import interrupts
from rubrictool.cli.files import commit, sink
from rubrictool.cli.output_checks import check_outputs
from rubrictool.cli.progress import say
from rubrictool.errors import InputError
from rubrictool.models.backends.replay import Recording
from rubrictool.models.cache import Cache, cache_path
from rubrictool.models.cache_merge import merge_caches
from rubrictool.rows.jsonl import encode
from rubrictool.text.wording import counted


def export_cache(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; - is stdout.", show_default=False)],
    cache: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The cache. [default: the user's]", show_default=False)
    ] = None,
) -> None:
    """Write the replies as a file for replay:FILE.

    Example: rubrictool cache export replies.jsonl
    """
    path = cache_path(cache)
    if not os.path.exists(path):
        raise InputError(f"{path}: there is no cache here; name one with --cache")
    check_outputs({"--output": file}, reads=[str(path)])
    replies, number = Cache(path), 0
    with sink(file) as rows:
        for number, (key, model, reply) in enumerate(replies, start=1):  # noqa: B007
            rows.write(encode(Recording(key=key, model=model, reply=reply)))
        commit(rows)
    say(f"rubrictool: {counted(number, 'reply', 'replies')} written")


def merge(
    into: Annotated[
        Path, typer.Argument(metavar="INTO", help="The cache that gets them; made if missing.", show_default=False)
    ],
    sources: Annotated[list[Path], typer.Argument(metavar="FROM", help="The caches to read.", show_default=False)],
) -> None:
    """Add the replies of other caches to one.

    Of several replies to one question the first stays: INTO's own, else that of the earliest FROM.

    Example: rubrictool cache merge cache.db cache-*.db
    """
    interrupts.explain(lambda: "cache merge: interrupted; rerun the command to continue")
    merged = merge_caches(into, sources)
    differing = f", {merged.differing:,} of them with another text, which was left out" if merged.differing else ""
    say(
        f"rubrictool: {counted(merged.added, 'reply', 'replies')} added to {into}; {merged.known:,} were there already"
        f"{differing}"
    )
