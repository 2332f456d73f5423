"""Keep the command line that is running, for the summary of its run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from rubrictool.text.patterns import linear

_RUNNING: ContextVar[Mapping[str, Any]] = ContextVar("command_line", default={})  # noqa: B039 - it is only replaced

HIDDEN = "***"
"""The text that stands in a command line in place of a key or a password."""

_NAMES = r'[^"=\s]*(?:key|token|secret|password|authorization|credential)[^"=\s]*'

_SECRETS = tuple(
    linear(pattern)
    for pattern in (
        r"(https?://)[^/?#,\s]*(@)",
        rf'(?i)("{_NAMES}"\s*:\s*")(?:[^"\\]|\\.)*(")',
        rf"(?i)((?:[?&]|--){_NAMES}=)[^&\s]+()",
    )
)
"""A password in an address, a text under a name such as "api_key" in JSON, and the value of such a parameter or flag."""


def start(path: str, words: Sequence[str], options: Mapping[str, Any]) -> None:
    """Note that `path`, such as `rubrictool score`, was called with these words, from which its `options` were read."""
    text = shlex.join([*path.split(), *map(_without_secrets, words)])
    _RUNNING.set({"command_line": text} | {name: options[name] for name in ("seed",) if name in options})


def figures() -> Mapping[str, Any]:
    """Return the `command_line` that is running, keys and passwords hidden, and the `seed` where it has one."""
    return _RUNNING.get()


def _without_secrets(word: str) -> str:
    for secret in _SECRETS:
        word = secret.sub(rf"\1{HIDDEN}\2", word)
    return word
