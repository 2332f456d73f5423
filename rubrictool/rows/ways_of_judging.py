"""Tell scores apart by how they were judged: by whom, how the judge was asked, and how much of a conversation it was shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from rubrictool.rows.records import Scored
from rubrictool.text.chats import Conversation, is_trace

T = TypeVar("T")

S = TypeVar("S", bound=Scored)

JudgeKey = tuple[str, str]
"""A judge's name and its way of judging."""

_WHOLE = "full"


class WayOfJudging(NamedTuple):
    """The judge of a row, how it was asked, and the view of a conversation; None for a text, which every view shows whole."""

    judge: str
    judging: str
    view: str | None


class _Judged(Protocol):
    """A row of a judged response."""

    @property
    def response(self) -> str | Conversation: ...

    @property
    def trace_view(self) -> str | None: ...


def view_shown(row: _Judged) -> str | None:
    """Return the view of a conversation that was scored, `full` where the row names none; None for a text."""
    return row.trace_view or (_WHOLE if is_trace(row.response) else None)


def without_texts(row: S) -> S:
    """Return a row without its texts, for figures that read none. How much of a conversation was judged is still known."""
    return row.model_copy(update={"response": "", "prompt": None, "trace_view": view_shown(row)})


def judged_alike(rows: Iterable[Scored], *columns: str) -> bool:
    """Return whether rows agree in these columns, and in the view of conversations."""
    rows = list(rows)
    views = {view_shown(row) for row in rows} - {None}
    return len(views) < 2 and len({tuple(str(row.unknown().get(name)) for name in columns) for row in rows}) < 2


def judge_keys(rows: Sequence[T], way_of: Callable[[T], WayOfJudging]) -> list[JudgeKey]:
    """Return the key of each row by which rows that were judged alike are grouped.

    A view other than the whole is part of the way of judging. A text goes with the conversations of its judge, where these
    have one view.
    """
    views: dict[JudgeKey, set[str]] = defaultdict(set)
    for way in map(way_of, rows):
        views[way[:2]] |= {way.view} if way.view else set()
    return [_key(way, views[way[:2]]) for way in map(way_of, rows)]


def _key(way: WayOfJudging, views: set[str]) -> JudgeKey:
    view = way.view or (next(iter(views)) if len(views) == 1 else _WHOLE)
    return way.judge, way.judging if view == _WHOLE else f"{way.judging}, view {view}"
