"""Define what is rewarded, a rollout, and its reward with what that is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rubrictool.rows.ids import prompt_key
from rubrictool.text.encoding import compact


@dataclass(frozen=True)
class Rollout:
    """A completion of a prompt; both are texts or lists of messages.

    `rubric` is the rubric of the row, in any form that has criteria: a rubric row, a list of criteria, their JSON text. Without
    one the rubric is looked up by `prompt_id`, else by the prompt's text. `group` says which completions compete, by default
    those of one prompt. Arrays of messages, which lists in Parquet become, are lists.
    """

    completion: Any
    prompt: Any = None
    rubric: Any = None
    prompt_id: str | None = None
    reference: str | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        for name in ("completion", "prompt"):
            if hasattr(given := getattr(self, name), "tolist"):
                object.__setattr__(self, name, given.tolist())

    @property
    def group_key(self) -> str:
        """Return the key of the group of completions that it competes with."""
        return self.group or self.prompt_id or (prompt_key(self.prompt) if self.prompt is not None else "")

    def response(self) -> Any:
        """Return the completion; one that is a single message of text is that text, so that both forms are one response."""
        if not isinstance(self.completion, list | tuple):
            return self.completion
        messages = [_with_text(message) for message in self.completion]
        text = _text_of(messages[0]) if len(messages) == 1 else None
        return messages if text is None else text


def _text_of(message: Any) -> str | None:
    """Return the text of a message that is a model's and has nothing beside its text, None for any other."""
    if not isinstance(message, Mapping) or message.keys() != {"role", "content"} or message["role"] != "assistant":
        return None
    return message["content"] if isinstance(message["content"], str) else None


def _with_text(message: Any) -> Any:
    """Return a message, in which a content that servers send as null, of one that says and calls nothing, is the empty text."""
    if not isinstance(message, Mapping) or message.get("content", "") is not None or message.get("tool_calls"):
        return message
    return {**message, "content": ""}


@dataclass(frozen=True)
class Reward:
    """The reward of a rollout. It is None where the judge did not decide, and nothing was chosen to stand for that.

    `score` and `base` are the score with and without vetoes, None where the judge did not decide. `veto` are the ids of the
    vetoes that hit. `verdicts` say by the id of a criterion whether it is met, of one with levels what its level counts.
    `rubric` is the hash of the rubric, `version` its column `version`, else its rounds of refinement, where it has one, and
    `error` why there is no score.
    """

    reward: float | None
    score: float | None = None
    base: float | None = None
    veto: tuple[str, ...] = ()
    verdicts: Mapping[str, float | None] = field(default_factory=dict)
    rubric: str = ""
    version: Any = None
    error: str | None = None

    @property
    def number(self) -> float:
        """Return the reward for a trainer that takes numbers only. Raises `ValueError` where it is None."""
        if self.reward is None:
            raise ValueError(f"a completion without a reward has no number ({self.error})")
        return self.reward

    def columns(self) -> dict[str, Any]:
        """Return the same keys for every rollout, none of them depending on its rubric; `verdicts` is JSON text."""
        return {
            "score": self.reward,
            "base": self.base,
            "veto": int(bool(self.veto)),
            "n_criteria": len(self.verdicts),
            "verdicts": compact(dict(self.verdicts)),
            "rubric": self.rubric,
            "failed": int(self.error is not None),
        }
