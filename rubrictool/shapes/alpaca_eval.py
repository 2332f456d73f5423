"""AlpacaEval's rows: the outputs of a model, and an annotator's preferences between two."""

from __future__ import annotations

from rubrictool.shapes.fields import Fields
from rubrictool.shapes.shape import ColumnValues, Contents, Shape, has
from rubrictool.shapes.writing import Given


def _read_output(row: Fields) -> Contents:
    response = {"response": row.text("output"), "model": row.text("generator")}
    return Contents({"prompt": row.text("instruction")}, responses=[response], columns=row.rest())


def _write_output(given: Given) -> list[ColumnValues]:
    prompt, rest = given.text(given.prompt.value("prompt")), given.travelling(given.prompt)
    return [
        {
            "instruction": prompt,
            "output": one.text("response"),
            "generator": one.text("model", "unknown"),
            **rest,
            **given.travelling(one),
        }
        for one in given.responses
    ]


def _read_annotation(row: Fields) -> Contents:
    """Read a preference from 1 to 2 for output_2, which becomes `a`; 0 and 1.5 are draws, null is a failed annotation."""
    instruction = row.text("instruction", None)
    prompt = None if instruction is None else {"prompt": instruction}
    systems = {"system_a": row.text("generator_2"), "system_b": row.text("generator_1")}
    outputs = [row.value("output_2", None), row.value("output_1", None)]
    responses = [
        {"response": output, "model": model}
        for output, model in zip(outputs, systems.values(), strict=True)
        if isinstance(output, str)
    ]
    places = {"a": 0, "b": 1} if len(responses) == 2 else {}
    preference = row.number("preference", None)
    if preference is None:
        return Contents(prompt, responses=responses, columns=row.rest(), notes=("rows without a preference left out",))
    share = 0.5 if preference == 0 else preference - 1
    return Contents(prompt, None, responses, [{**systems, **places, "preference": share}], columns=row.rest())


OUTPUTS = Shape(
    "alpaca-eval", "AlpacaEval outputs", has("instruction", "output", "generator"), _read_output, write=_write_output
)

ANNOTATIONS = Shape(
    "alpaca-eval-annotations", "AlpacaEval annotations", has("generator_1", "generator_2"), _read_annotation, pairs=True
)
