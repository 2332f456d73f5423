"""Drawing responses from a model."""

from __future__ import annotations

from rubrictool.models.client import Model
from rubrictool.questions import sample as questions
from rubrictool.rows.records import Prompt, Response, joined


async def sample(prompt: Prompt, model: Model, *, number: int = 0) -> Response:
    """The response number `number` (from 0) of a model to a prompt; each number is a draw of its own.

    Empty and truncated replies are drawn again. Raises `ModelFailure`.
    """
    reply = await model.ask(questions.question(prompt), questions.parse, sample=number, complain=False)
    named = {"id": f"{prompt.id}/{model.name}/{number + 1}", "prompt_id": prompt.id, "prompt": prompt.prompt}
    row = {**named, "model": model.name, "response": reply}
    reference = {"reference": prompt.reference} if prompt.reference is not None else {}
    return Response.model_validate(joined(Response, row, reference, prompt.unknown()))
