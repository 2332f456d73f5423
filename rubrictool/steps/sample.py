"""Sample responses from models."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rubrictool.errors import RowFailure
from rubrictool.models.client import Model
from rubrictool.questions import sample as questions
from rubrictool.rows.records import Prompt, Response, joined


async def sample(prompt: Prompt, model: Model, *, number: int = 0) -> Response:
    """Return response number `number` (from 0) of a model to a prompt; each number is a draw of its own.

    Empty and truncated replies are drawn again. Raises `ModelFailure`.
    """
    reply = await model.ask(questions.question(prompt), questions.parse, sample=number, show_complaint=False)
    return _response(prompt, model, number, reply)


async def sample_all(prompt: Prompt, models: Sequence[Model], n: int) -> list[Response | RowFailure]:
    """Return n draws from each model, by model and number: a response, or the failure in its place."""
    return list(await asyncio.gather(*(_sampled(prompt, model, number) for model in models for number in range(n))))


def longest_response(prompt: Prompt, model: Model, *, number: int = 0) -> Response:
    """Return the longest response that a model could give, for a dry run: a token is at least one byte."""
    return _response(prompt, model, number, "x" * model.max_tokens)


async def _sampled(prompt: Prompt, model: Model, number: int) -> Response | RowFailure:
    try:
        return await sample(prompt, model, number=number)
    except RowFailure as failure:
        return failure


def _response(prompt: Prompt, model: Model, number: int, text: str) -> Response:
    named = {"id": f"{prompt.id}/{model.name}/{number + 1}", "prompt_id": prompt.id, "prompt": prompt.prompt}
    row = {**named, "model": model.name, "response": text}
    reference = {"reference": prompt.reference} if prompt.reference is not None else {}
    return Response.model_validate(joined(Response, row, reference, prompt.unknown()))
