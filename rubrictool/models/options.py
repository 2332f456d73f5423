"""The options of asking models, as values: each default is written here once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rubrictool.errors import InputError
from rubrictool.models.backend import LimitName

OFFLINE = "offline"


@dataclass(frozen=True)
class AskPolicy:
    """The limits of asking each model of a run.

    `concurrency` bounds the requests in flight to one model. `attempts` is the number of requests for one question in
    all, whatever the reason. `timeout_s` bounds one request. A server that asks for a longer wait than `max_wait_s` ends
    the run. The pause before the second request is up to `backoff_s`, and doubles with each further one. `rpm` and `tpm` are
    the requests and tokens a minute that each model may be asked, and `published_share` the part of what its server publishes.

    Raises `InputError` for a concurrency, attempts or rate limit below 1, with which nothing would ever be asked, and for a
    timeout that is no length of time.
    """

    concurrency: int = 64
    attempts: int = 5
    timeout_s: float = 300
    max_wait_s: float = 600.0
    backoff_s: float = 0.5
    rpm: int | None = None
    tpm: int | None = None
    published_share: float = 1.0

    def __post_init__(self) -> None:
        for name in ("concurrency", "attempts", "rpm", "tpm"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name}: {value} is too few; give 1 or more")
        if not 0 < self.timeout_s < math.inf:
            raise InputError(f"timeout: {self.timeout_s} seconds are no length of time; give a finite one above 0")


@dataclass(frozen=True)
class ModelConfig:
    """The model of a role, with its sampling parameters.

    `temperature` None leaves it to the server. `args` are merged into each request. `limit_name` is the name under which
    `max_tokens`, the output limit, is sent.
    """

    spec: str = OFFLINE
    temperature: float | None = 0
    max_tokens: int = 4096
    args: Mapping[str, Any] = field(default_factory=dict)
    limit_name: LimitName = "max_tokens"
