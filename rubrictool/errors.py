"""Every error that rubrictool raises on purpose.

RubrictoolError
├── InputError            rows, flags or set-up are wrong; nothing was spent
├── RowFailure            one row could not be finished; it goes to the failures file
│   └── ModelFailure      ... because the model did not give an answer we can use
├── OverBudget            the run's limit of calls or dollars leaves no room for this request
├── BackendError          what a backend says about one request
│   ├── Transient         worth asking again (429, 5xx, a reset, a reply that is no completion)
│   ├── TemperatureRefused  the model takes no temperature
│   ├── SchemaRefused     the model takes no schema, or not this one
│   └── Final             asking again would not help
│       ├── NoAnswer      ... because replies come in a form that holds no answer
│       └── Denied        ... because the key is missing, wrong or not allowed this
└── ReplyError            what is wrong with a reply that did arrive
    ├── Truncated         it ran into the output limit
    └── Unreadable        it does not answer the question; carries the complaint to send back
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class RubrictoolError(Exception):
    """The base of every error in this module."""


class InputError(RubrictoolError):
    """Rows, flags or set-up are wrong: what, where, and what to do about it. Nothing was spent."""


def install(extra: str) -> str:
    """How to install what one of the package's extras brings, for those who have it from a clone too."""
    return f"pip install 'rubrictool[{extra}]', or in a clone pip install '.[{extra}]'"


class RowFailure(RubrictoolError):
    """One row could not be finished.

    `kind` is a word for programs, `attempts` the number of requests made for the question that failed.
    """

    def __init__(self, kind: str, message: str, *, attempts: int = 0) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.attempts = attempts


class ModelFailure(RowFailure):
    """A row failed on the model.

    `kind` is `unavailable`, `refused`, `truncated`, `unreadable`, `not_tried` or `budget`. `found` is the part of the
    answer that there is all the same, such as the verdicts on some criteria; what money did not suffice for has none, for
    with more the run goes on from there.
    """

    def __init__(self, kind: str, message: str, *, attempts: int = 0, found: Sequence[Any] = ()) -> None:
        super().__init__(kind, message, attempts=attempts)
        self.found = () if kind == "budget" else tuple(found)


class OverBudget(RubrictoolError):
    """The request was not sent: it could have passed the limit that this error names."""


class BackendError(RubrictoolError):
    """What a backend says about one request that brought no completion.

    `billable` says that the request may have been answered, and billed, all the same; `usage` is the `backends.Usage`
    that the server told, None where it told none.
    """

    def __init__(self, message: str, *, billable: bool = False, usage: Any = None) -> None:
        super().__init__(message)
        self.billable = billable
        self.usage = usage


class Transient(BackendError):
    """The same request may succeed later.

    `retry_after` is the server's own wish in seconds, `overloaded` says that it has too much to do.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        overloaded: bool = False,
        billable: bool = False,
        usage: Any = None,
    ) -> None:
        super().__init__(message, billable=billable, usage=usage)
        self.retry_after = retry_after
        self.overloaded = overloaded


class TemperatureRefused(BackendError):
    """The model refuses the temperature; the same request without one may succeed."""


class SchemaRefused(BackendError):
    """The model refuses the schema; the same request without one may succeed."""


class Final(BackendError):
    """The same request would fail again."""


class NoAnswer(Final):
    """A reply arrived whose form holds no answer, and the next one would have the same form."""


class Denied(Final):
    """The key is missing, wrong, or not allowed to ask this."""


class ReplyError(RubrictoolError):
    """A reply arrived and cannot be used as it is."""


class Truncated(ReplyError):
    """The reply ran into the output limit; it is never parsed."""


class Unreadable(ReplyError):
    """The reply does not answer the question, or not wholly: `found` is what it does answer.

    The text of this error is the complaint shown to the model.
    """

    def __init__(self, complaint: str, *, found: Sequence[Any] = ()) -> None:
        super().__init__(complaint)
        self.found = tuple(found)
