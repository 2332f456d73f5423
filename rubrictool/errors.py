"""Every error that rubrictool raises on purpose.

RubrictoolError
├── InputError            rows, options or set-up are wrong; nothing was spent
├── RowFailure            one row could not be finished; it goes to the failures file
│   ├── ModelFailure      ... because the model did not give an answer we can use
│   ├── Undecided         ... because a check cannot be decided on the text
│   └── ModelUnusable     ... because the model answers no question of this run; the run ends
├── OverBudget            the run's limit of calls or dollars leaves no room for this request
├── BackendError          what a backend says about one request
│   ├── Transient         worth asking again (429, 5xx, a reset, a reply that is no completion)
│   ├── Refused           the request was refused; without one of its parameters it may succeed
│   └── Final             asking again would not help
│       ├── NoAnswer      ... because replies come in a form that holds no answer
│       └── Unusable      ... whatever is asked of this model
│           ├── Denied          the key is missing, wrong or not allowed this
│           ├── QuotaExhausted  the account has no credit or quota left
│           └── NoSuchModel     the server has no model of this name
└── ReplyError            what is wrong with a reply that did arrive
    ├── Truncated         it ran into the output limit
    └── Unreadable        it does not answer the question; carries the complaint to send back
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

Suspect = Literal["temperature", "schema", "limit_name", "limit"]
"""A parameter of a request that may be why it was refused."""


class RubrictoolError(Exception):
    """The base of every error in this module."""


class InputError(RubrictoolError):
    """Rows, options or set-up are wrong: what, where, and what to do about it. Nothing was spent.

    The text names no flag, since Python has none. `code` names the remedy where an option of the command line is one; the
    command line adds that option (`cli.flag_hints`).
    """

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


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

    `kind` is `unavailable`, `refused`, `truncated`, `unreadable`, `unread` (the server cut the question), `not_tried` or
    `budget`. `found` is the part of the
    answer that there is all the same, such as the verdicts on some criteria; what money did not suffice for has none, for
    with more the run goes on from there.
    """

    def __init__(self, kind: str, message: str, *, attempts: int = 0, found: Sequence[Any] = ()) -> None:
        super().__init__(kind, message, attempts=attempts)
        self.found = () if kind == "budget" else tuple(found)


class Undecided(RowFailure):
    """A check cannot be decided on a response: it counts words that no program can count."""


class ModelUnusable(RowFailure):
    """The model answers no question of this run: its key is denied, its quota is exhausted, it does not exist.

    It is no `ModelFailure`, so that nothing that makes do without one answer swallows it: the run ends. `kind` is
    `refused`, or `unavailable` where the server wishes a longer wait than is allowed.
    """


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

    `retry_after` is the server's own wish in seconds, `overloaded` says that it has too much to do, `rate_limited` that it
    counts requests per time. `suspects` are parameters that may have broken the server; `named` says that its answer
    speaks of them.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        overloaded: bool = False,
        rate_limited: bool = False,
        billable: bool = False,
        usage: Any = None,
        suspects: Sequence[Suspect] = (),
        named: bool = False,
    ) -> None:
        super().__init__(message, billable=billable, usage=usage)
        self.retry_after = retry_after
        self.overloaded = overloaded
        self.rate_limited = rate_limited
        self.suspects = tuple(suspects)
        self.named = named


class Refused(BackendError):
    """The request was refused as it is.

    `suspects` are the parameters that the refusal seems to be about, the likeliest first; none where it does not say.
    `limit` is an output limit that the server would take.
    """

    def __init__(self, message: str, *, suspects: Sequence[Suspect] = (), limit: int | None = None) -> None:
        super().__init__(message)
        self.suspects = tuple(suspects)
        self.limit = limit


class Final(BackendError):
    """The same request would fail again."""


class NoAnswer(Final):
    """A reply arrived whose form holds no answer, and the next one would have the same form."""


class Unusable(Final):
    """No request to this model would succeed.

    `remedy` is what to do. `certain` is False where the answer may be about this one request only, or mean something else.
    """

    remedy = "no request to this model would succeed"

    def __init__(self, message: str, *, certain: bool = True) -> None:
        super().__init__(message)
        self.certain = certain


class Denied(Unusable):
    """The key is missing, wrong, or not allowed to ask this."""

    remedy = "check the key and what it is allowed"


class QuotaExhausted(Unusable):
    """The account has no credit or quota left; waiting does not help."""

    remedy = "the account has no credit or quota left: add some, or raise its limit, and run the same again"


class NoSuchModel(Unusable):
    """The server has no model of this name, or the address is not its API.

    `otherwise` is what the answer means if the server lists the model after all, None where that changes nothing.
    """

    remedy = "check the model's name and the address"

    def __init__(self, message: str, *, otherwise: BackendError | None = None) -> None:
        super().__init__(message, certain=otherwise is None)
        self.otherwise = otherwise


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
