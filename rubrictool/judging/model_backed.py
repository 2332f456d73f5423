"""A model as judge, comparer or proposer: ask a question, return the parsed reply."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from functools import cached_property, partial
from typing import Self

from rubrictool.errors import ModelFailure, RowFailure
from rubrictool.judging.criteria_order import drawn_order, placed
from rubrictool.models.client import Model
from rubrictool.models.gather import gather_partial
from rubrictool.models.question import Question
from rubrictool.questions import compare, criterion, judge, propose, separate, soft_verdicts
from rubrictool.questions.compare import Preference
from rubrictool.questions.examples import Examples, examples_text
from rubrictool.questions.separate import DEFAULT_CONTEXT, ContextPart, JudgedResponse
from rubrictool.questions.templates import Templates
from rubrictool.questions.verdicts import AllowedAnswers, allowed_answers, shown
from rubrictool.rows.judge_ids import judge_id
from rubrictool.rows.records import Criterion, JudgingMode, Prompt, Response
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.amend import Proposal
from rubrictool.rubric.limits import Limits


class ModelJudge:
    """A model as judge and comparer: all criteria of a response in one question (paper, section 2).

    `sample` numbers independent replies to the same question; each number is cached separately. With `shuffle_criteria`, each
    response and sample has an order of the criteria that is drawn by a hash: the same in every run. With `examples`, questions
    about criteria show a few of them.
    """

    judging: JudgingMode = "all-at-once"
    template = "judge"
    soft = False

    def __init__(
        self,
        model: Model,
        templates: Templates | None = None,
        *,
        sample: int = 0,
        shuffle_criteria: bool = False,
        examples: Examples | None = None,
    ) -> None:
        self.name, self.model, self.sample, self._shuffle = model.name, model, sample, shuffle_criteria
        self._templates, self._examples = templates or Templates(), examples
        self.view, self.abstains = self._templates.view, self._templates.abstain

    def with_sample(self, sample: int) -> Self:
        """Return the same judge with independent replies of another number."""
        other = copy(self)
        other.sample = sample
        return other

    @cached_property
    def judge_id(self) -> str:
        """Return the id of verdicts that are given in this way."""
        return self._id(self.template)

    @cached_property
    def comparer_id(self) -> str:
        """Return the id of preferences."""
        return self._id("compare")

    def _id(self, template: str) -> str:
        asked, shuffled = self._templates.identity(template), self._shuffle and template == self.template
        parameters, soft = self.model.parameters, self.soft and template == self.template
        examples = self._examples.identity if self._examples and template == self.template else None
        return judge_id(
            judge=self.name,
            parameters=parameters,
            question=template,
            templates=asked,
            shuffled=shuffled,
            soft=soft,
            examples=examples,
        )

    def _shown_examples(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> str:
        """Return the text of the examples for a question, empty without any."""
        chosen = self._examples.chosen(prompt.id, response, criteria) if self._examples else ()
        return examples_text(chosen, self.view)

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        """Return one verdict per criterion. Raises `ModelFailure`, which holds the clear verdicts (`partial`)."""
        if not self._shuffle:
            return await self._verdicts_on(prompt, criteria, response)
        order = drawn_order(criteria, prompt, response, sample=self.sample)
        try:
            found = await self._verdicts_on(prompt, order, response)
        except ModelFailure as failure:
            raise _with_partial(failure, placed(failure.partial, order)) from failure
        by_id = {verdict.id: verdict for verdict in placed(found, order)}
        return [by_id[criterion.id] for criterion in criteria]

    async def _verdicts_on(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        """Return the verdicts on criteria that are asked about in this order."""
        count, allowed = len(criteria), allowed_answers(criteria, abstain=self._templates.abstain)
        texts, examples = [shown(c) for c in criteria], self._shown_examples(prompt, criteria, response)
        try:
            found = await self.model.ask(
                judge.question(self._templates, prompt, texts, response.response, allowed, examples),
                partial(judge.parse, count=count, allowed=allowed),
                schema=judge.schema(count, allowed, reasons=self._templates.reasons),
                sample=self.sample,
            )
        except ModelFailure as failure:
            ids = {f"c{place}": criterion for place, criterion in enumerate(criteria, start=1)}
            raise _with_partial(
                failure, [_renamed(verdict, ids[verdict.id]) for verdict in failure.partial]
            ) from failure
        return [_renamed(verdict, c) for verdict, c in zip(found, criteria, strict=True)]

    async def prefer(self, prompt: Prompt, first: Response, second: Response) -> Preference:
        """Return which response is better. Raises `ModelFailure`."""
        return await self.model.ask(
            compare.question(self._templates, prompt, first.response, second.response),
            compare.parse,
            schema=compare.schema(reasons=self._templates.reasons),
            sample=self.sample,
        )


class PerCriterionJudge(ModelJudge):
    """A model as judge that is asked about each criterion alone.

    A verdict then depends on the prompt, the response and the criterion's text only. After a change of the rubric, only
    changed criteria are asked about; the verdicts on the others are in the cache.
    """

    judging: JudgingMode = "per-criterion"
    template = "criterion"

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        """Return one verdict per criterion. Raises `ModelFailure` after all were asked, with the verdicts found."""
        found, failures = await gather_partial(*(self._verdict(prompt, criterion, response) for criterion in criteria))
        if failures:
            over_budget = any(failure.kind == "budget" for failure in failures)
            raise _with_partial(failures[0], [] if over_budget else found)
        return found

    async def _verdict(self, prompt: Prompt, asked: Criterion, response: Response) -> Verdict:
        allowed = AllowedAnswers(asked.levels or (), self._templates.abstain)
        found = await self.model.ask(
            self._question(prompt, asked, response, allowed),
            partial(criterion.parse, allowed=allowed),
            schema=criterion.schema(allowed, reasons=self._templates.reasons),
            sample=self.sample,
        )
        return _renamed(found, asked)

    def _question(self, prompt: Prompt, asked: Criterion, response: Response, allowed: AllowedAnswers) -> Question:
        examples = self._shown_examples(prompt, [asked], response)
        return criterion.question(self._templates, prompt, shown(asked), response.response, allowed, examples)


class SoftJudge(PerCriterionJudge):
    """A model as judge whose verdicts are the probabilities that it gives to its answers on each criterion.

    They are read from the tokens at the place of the verdict (`questions.soft_verdicts`). A verdict whose probabilities are not
    known is that of the reply, with the reason under `hard`.
    """

    soft = True

    async def _verdict(self, prompt: Prompt, asked: Criterion, response: Response) -> Verdict:
        allowed = AllowedAnswers(asked.levels or (), self._templates.abstain)
        found = await self.model.ask(
            self._question(prompt, asked, response, allowed),
            partial(soft_verdicts.parse, allowed=allowed),
            schema=criterion.schema(allowed, reasons=self._templates.reasons),
            sample=self.sample,
            deciding=partial(soft_verdicts.deciding_token, allowed=allowed),
        )
        return _renamed(found, asked)


class ModelProposer:
    """A model as proposer; `context` is what it is shown of rubric and judge beside a pair, `limits` what it is told to keep."""

    def __init__(
        self,
        model: Model,
        templates: Templates | None = None,
        *,
        context: Collection[ContextPart] = DEFAULT_CONTEXT,
        limits: Limits = Limits(),  # noqa: B008  frozen
    ) -> None:
        self.name, self.model = model.name, model
        self._templates, self._context, self._limits = templates or Templates(), context, limits

    async def propose(self, prompt: Prompt) -> Proposal:
        """Return a first rubric, from the prompt alone. Raises `ModelFailure`."""
        question, parse = propose.question(self._templates, prompt), partial(propose.parse, proposer=self.name)
        return await self.model.ask(question, parse, schema=propose.schema())

    async def separate(
        self, prompt: Prompt, criteria: Sequence[Criterion], first: JudgedResponse, second: JudgedResponse
    ) -> Proposal:
        """Return the changes of the rubric that tell two responses apart (paper, Algorithm 1). Raises `ModelFailure`."""
        question = separate.question(
            self._templates, prompt, criteria, (first, second), context=self._context, limits=self._limits
        )
        parse = partial(separate.parse, criteria=criteria, proposer=self.name)
        return await self.model.ask(question, parse, schema=separate.schema(len(criteria), self._limits))


def _with_partial(failure: RowFailure, found: Sequence[Verdict]) -> ModelFailure:
    """Return the same failure with the verdicts that were found."""
    return ModelFailure(failure.kind, failure.message, attempts=failure.attempts, partial=found)


def _renamed(verdict: Verdict, criterion: Criterion) -> Verdict:
    """Return a verdict under its criterion's own id; a copy costs more than the comparison."""
    return verdict if verdict.id == criterion.id else verdict.model_copy(update={"id": criterion.id})
