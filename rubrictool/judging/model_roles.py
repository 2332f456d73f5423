"""A model as judge or proposer: fill a template, ask, parse."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pydantic import ValidationError

from rubrictool.errors import ModelFailure, RowFailure, Unreadable
from rubrictool.models.client import Model
from rubrictool.models.gather import gather_partial
from rubrictool.questions import replies, schemas
from rubrictool.questions.replies import Preference
from rubrictool.questions.templates import SHOWN, Judged, Shown, Templates
from rubrictool.rows.jsonl import explain
from rubrictool.rows.records import Criterion, Judging, Prompt, Response, Verdict
from rubrictool.rubric.amend import Proposal, amend, valid_criteria


class ModelJudge:
    """A model as judge and comparer: all criteria of a response in one question (paper, section 2).

    Its verdicts are the draw number `sample` of the model's, each number being cached by itself.
    """

    judging: Judging = "together"

    def __init__(self, model: Model, templates: Templates | None = None, *, sample: int = 0) -> None:
        self.name, self.model, self.sample = model.name, model, sample
        self._templates = templates or Templates()

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        """One verdict per criterion. Raises `ModelFailure` rather than leave one out."""
        texts = [criterion.criterion for criterion in criteria]
        question = self._templates.judge(prompt, texts, response.response)
        form = schemas.verdicts(len(texts), reasons=self._templates.reasons)
        ids = {f"c{place}": criterion for place, criterion in enumerate(criteria, start=1)}
        try:
            found = await self.model.ask(
                question, lambda reply: replies.verdicts(reply, count=len(texts)), schema=form, sample=self.sample
            )
        except ModelFailure as failure:
            raise _of_part(failure, [_named(verdict, ids[verdict.id]) for verdict in failure.found]) from failure
        return [_named(v, c) for v, c in zip(found, criteria, strict=True)]

    async def prefer(self, prompt: Prompt, first: Response, second: Response) -> Preference:
        """Which response is better. Raises `ModelFailure`."""
        question = self._templates.compare(prompt, first.response, second.response)
        form = schemas.preference(reasons=self._templates.reasons)
        return await self.model.ask(question, replies.preference, schema=form, sample=self.sample)


class PerCriterionJudge(ModelJudge):
    """A model as judge that is asked about each criterion alone.

    A verdict then depends on the prompt, the response and the criterion's text, so that a rubric which changed in part
    is paid for in part: the rest is in the cache.
    """

    judging: Judging = "per-criterion"

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        """One verdict per criterion. Raises `ModelFailure` once all were asked about: what is answered is kept."""
        found, failures = await gather_partial(*(self._verdict(prompt, criterion, response) for criterion in criteria))
        if failures:
            unpaid = any(failure.kind == "budget" for failure in failures)
            raise _of_part(failures[0], [] if unpaid else found)
        return found

    async def _verdict(self, prompt: Prompt, criterion: Criterion, response: Response) -> Verdict:
        question = self._templates.criterion(prompt, criterion.criterion, response.response)
        form = schemas.verdict(reasons=self._templates.reasons)
        found = await self.model.ask(question, replies.verdict, schema=form, sample=self.sample)
        return _named(found, criterion)


class ModelProposer:
    """A model as proposer; `show` is what it sees of the rubric and the judge when it is shown a pair."""

    def __init__(
        self,
        model: Model,
        templates: Templates | None = None,
        *,
        show: Collection[Shown] = SHOWN,
    ) -> None:
        self.name, self.model = model.name, model
        self._templates, self._show = templates or Templates(), show

    async def propose(self, prompt: Prompt) -> Proposal:
        """A first rubric, from the prompt alone. Raises `ModelFailure`."""
        question = self._templates.propose(prompt)
        return await self.model.ask(question, lambda reply: _proposal(reply, (), self.name), schema=schemas.rubric())

    async def separate(self, prompt: Prompt, criteria: Sequence[Criterion], first: Judged, second: Judged) -> Proposal:
        """How the rubric must change to tell two responses apart (paper, Algorithm 1). Raises `ModelFailure`."""
        question = self._templates.separate(prompt, criteria, first, second, show=self._show)
        form = schemas.amended([criterion.id for criterion in criteria])
        return await self.model.ask(question, lambda reply: _proposal(reply, criteria, self.name), schema=form)


def _of_part(failure: RowFailure, found: Sequence[Verdict]) -> ModelFailure:
    """The same failure, with the verdicts that there are."""
    return ModelFailure(failure.kind, failure.message, attempts=failure.attempts, found=found)


def _named(verdict: Verdict, criterion: Criterion) -> Verdict:
    """A verdict under its criterion's own id; copying costs more than looking."""
    return verdict if verdict.id == criterion.id else verdict.model_copy(update={"id": criterion.id})


def _proposal(reply: str, criteria: Sequence[Criterion], name: str) -> Proposal:
    """A proposal that leaves a rubric which can score."""
    proposal = replies.proposal(reply, known=[criterion.id for criterion in criteria])
    try:
        valid_criteria(amend(criteria, proposal, proposer=name).criteria)
    except ValidationError as error:
        raise Unreadable(f"the rubric would not do: {explain(error)}") from None
    return proposal
