"""Fakes that go through the two seams: a backend that says what it is told to, a judge, a proposer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from rubrictool.errors import ModelFailure
from rubrictool.models.backend import Backend, Completion, Price, Request
from rubrictool.models.client import Model
from rubrictool.models.connections import Connections
from rubrictool.models.context import Endpoint, RunContext
from rubrictool.models.options import AskPolicy, ModelConfig
from rubrictool.models.rate_limiter import RateLimiter
from rubrictool.questions.separate import JudgedResponse
from rubrictool.rows.records import Criterion, JudgingMode, Prompt, Response
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.amend import Item, Proposal

Said = str | Completion | Exception


class Scripted:
    """A backend that gives its lines one after the other, and the last one for ever."""

    recorded = False
    price: Price | None = None

    def __init__(self, *said: Said) -> None:
        self._said = list(said)
        self.requests: list[Request] = []

    async def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        said = self._said.pop(0) if len(self._said) > 1 else self._said[0]
        if isinstance(said, Exception):
            raise said
        return Completion(said) if isinstance(said, str) else said

    async def close(self) -> None:
        """Nothing to close."""


def model_of(backend: Backend, name: str = "m", *, rate_limiter: RateLimiter | None = None, **options: Any) -> Model:
    """A model on the caller's own loop; options are those of its policy, its config and its context."""
    policy = AskPolicy(**{field.name: options.pop(field.name) for field in fields(AskPolicy) if field.name in options})
    config = ModelConfig(
        **{field.name: options.pop(field.name) for field in fields(ModelConfig) if field.name in options}
    )
    limiter = rate_limiter or RateLimiter(
        policy.concurrency, rpm=policy.rpm, tpm=policy.tpm, share=policy.published_share
    )
    endpoint = Endpoint(name, backend, limiter)
    return Model(endpoint, config, RunContext(policy, **{"connections": Connections(background=False)} | options))


class WordJudge:
    """A judge for whom a criterion is met where its text occurs; it fails on responses that hold `!fail`."""

    name = "words"
    judging: JudgingMode = "all-at-once"

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        assert prompt.id == response.prompt_id
        self.asked.append((response.id, tuple(criterion.id for criterion in criteria)))
        if "!fail" in response.response:
            raise ModelFailure("unavailable", "no judge", attempts=3)
        return [Verdict(id=c.id, met=c.criterion in response.response) for c in criteria]


class FailingJudge(WordJudge):
    """A judge that fails on all."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def verdicts(self, *_: Any) -> Any:
        raise self._error


class ListProposer:
    """A proposer that begins with `first` and adds one criterion of `later` per pair; an empty one names no change."""

    name = "list"

    def __init__(self, *first: str, later: Sequence[str] = (), on_pair: Callable[[], None] = lambda: None) -> None:
        self._first, self._later, self._on_pair = first, list(later), on_pair
        self.shown: list[tuple[str, str]] = []

    async def propose(self, prompt: Prompt) -> Proposal:
        assert prompt.prompt
        return Proposal(tuple(Item(criterion=text, weight=1) for text in self._first))

    async def separate(
        self,
        prompt: Prompt,
        criteria: Sequence[Criterion],  # noqa: ARG002
        first: JudgedResponse,
        second: JudgedResponse,
    ) -> Proposal:
        self.shown.append((first.response.id, second.response.id))
        self._on_pair()
        if not self._later:
            raise ModelFailure("refused", f"no idea for {prompt.id}", attempts=1)
        text = self._later.pop(0)
        return (
            Proposal((Item(criterion=text, weight=2),)) if text else Proposal(better="neither", why="They are alike.")
        )
