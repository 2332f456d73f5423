"""Tell scores apart by how they were judged: by whom, how the judge was asked, and how much of a conversation it was shown.

Rows have a `judge_id` for all of it but the last. Older ones have none: they go with those of the same judge and way of judging.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from rubrictool.rows.records import Response, Scored
from rubrictool.text.chats import Conversation, is_trace

T = TypeVar("T")

S = TypeVar("S", bound=Scored)

JudgeKey = tuple[str, str]
"""A judge's name and its way of judging."""

_WHOLE = "full"


class WayOfJudging(NamedTuple):
    """The judge of a row, how it was asked, the view of a conversation, and the id of all that decides its verdicts.

    The view is None for a text, which every view shows whole, the id for an older row.
    """

    judge: str
    judging: str
    view: str | None
    judge_id: str | None = None


class _Judged(Protocol):
    """A row of a judged response."""

    @property
    def response(self) -> str | Conversation: ...

    @property
    def trace_view(self) -> str | None: ...


class _JudgedByName(_Judged, Protocol):
    """A row that names its judge and its way of judging."""

    @property
    def judge(self) -> str: ...

    @property
    def judging(self) -> str: ...


def way_of(row: _JudgedByName) -> WayOfJudging:
    """Return how a row was judged."""
    return WayOfJudging(row.judge, row.judging, view_shown(row), judge_id_in(row))


def view_shown(row: _Judged) -> str | None:
    """Return the view of a conversation that was scored, `full` where the row names none; None for a text."""
    return row.trace_view or (_WHOLE if is_trace(row.response) else None)


def without_texts(row: S) -> S:
    """Return a row without its texts, for figures that read none. How much of a conversation was judged is still known."""
    return row.model_copy(update={"response": "", "prompt": None, "trace_view": view_shown(row)})


class JudgedBy(NamedTuple):
    """The columns that rows of one prompt must share to be comparable; a view or an id that is None goes with any."""

    view: str | None
    judge_id: str | None
    columns: tuple[str, ...]


NOT_TOLD = JudgedBy(None, None, ())
"""The way of judging of a row that does not tell it."""


def judged_by(row: Response, *columns: str) -> JudgedBy:
    """Return the view of a conversation, the id of the judge and the values of these columns."""
    unknown = row.unknown()
    view = view_shown(row) if isinstance(row, Scored) else unknown.get("trace_view")
    return JudgedBy(view, judge_id_in(row), tuple(str(unknown.get(name)) for name in columns))


def are_alike(judgings: Collection[JudgedBy]) -> bool:
    """Return whether rows that were judged so agree."""
    views, ids = {one.view for one in judgings} - {None}, {one.judge_id for one in judgings} - {None}
    return len(views) < 2 and len(ids) < 2 and len({one.columns for one in judgings}) < 2


def judged_alike(rows: Iterable[Scored], *columns: str) -> bool:
    """Return whether rows agree in these columns, in the id of their judge, and in the view of conversations."""
    return are_alike({judged_by(row, *columns) for row in rows})


def judge_id_in(row: object) -> str | None:
    """Return the id of a row's judge, None where it has none."""
    found = getattr(row, "judge_id", None)
    return found if isinstance(found, str) else None


def judge_keys(rows: Sequence[T], way_of: Callable[[T], WayOfJudging]) -> list[JudgeKey]:
    """Return the key of each row by which rows that were judged alike are grouped.

    A view other than the whole is part of the way of judging, and so is the id of the judge where one judge has several. A
    text goes with the conversations of its judge, where these have one view, and an older row with those that have an id,
    where these have one.
    """
    ways = [way_of(row) for row in rows]
    views, ids = defaultdict[JudgeKey, set[str]](set), defaultdict[JudgeKey, set[str]](set)
    for way in ways:
        views[way[:2]] |= {way.view} if way.view else set()
        ids[way[:2]] |= {way.judge_id} if way.judge_id else set()
    return [_key(way, views[way[:2]], ids[way[:2]]) for way in ways]


def _key(way: WayOfJudging, views: set[str], ids: set[str]) -> JudgeKey:
    view = way.view or (next(iter(views)) if len(views) == 1 else _WHOLE)
    judging = way.judging if view == _WHOLE else f"{way.judging}, view {view}"
    return way.judge, f"{judging}, judge_id {way.judge_id or 'unknown'}" if len(ids) > 1 else judging
