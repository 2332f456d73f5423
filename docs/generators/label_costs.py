"""Measure what labelled examples cost in tokens of a judge's question, on the sample data.

Run as `python docs/generators/label_costs.py`; the table stands in docs/judges.md. The labels are those of the offline judge: no
figure here depends on what they say, only on how long their texts are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean

import rubrictool as rt
from rubrictool.models.question import Question
from rubrictool.questions import criterion, judge
from rubrictool.questions.examples import Examples, examples_text
from rubrictool.questions.templates import Templates
from rubrictool.questions.verdicts import PLAIN, shown
from rubrictool.text.tokens import estimated_tokens

SAMPLE = Path(__file__).parents[2] / "sample_data"

Asked = tuple[rt.Prompt, Sequence[rt.Criterion], rt.Response]


def cost() -> None:
    """Print in Markdown the mean of the estimated tokens of a question, with examples and without."""
    prompts = {prompt.id: prompt for prompt in rt.read(SAMPLE / "prompts.jsonl", rt.Prompt)}
    rubrics = rt.read(SAMPLE / "rubrics.jsonl", rt.Rubric)
    answered = [row for rubric in rubrics for row in prompts[rubric.id].responses]
    examples = asyncio.run(_examples(prompts, rubrics, answered))
    criteria = {rubric.id: [one for one in rubric.criteria if one.check is None] for rubric in rubrics}
    whole: list[Asked] = [(prompts[row.prompt_id], criteria[row.prompt_id], row) for row in answered]
    single: list[Asked] = [(prompt, [one], row) for prompt, of, row in whole for one in of]
    print(
        "\n| `--judging` | tokens of a question | with `--examples` | times | for a response |\n|---|---:|---:|---:|---:|"
    )
    for name, asked, count in (("all-at-once", whole, 1.0), ("per-criterion", single, len(single) / len(whole))):
        plain, more = (mean(_tokens(asked, of)) for of in (Examples([]), examples))
        print(f"| {name} | {plain:,.0f} | {more:,.0f} | {more / plain:.1f} | {more * count:,.0f} |")
    print()


async def _examples(
    prompts: dict[str, rt.Prompt], rubrics: Sequence[rt.Rubric], answered: Sequence[rt.Response]
) -> Examples:
    offline, own = await rt.judge(), {rubric.id: rubric for rubric in rubrics}
    labels = [await rt.score(prompts[row.prompt_id], own[row.prompt_id], row, offline) for row in answered]
    return rt.label_examples(labels, answered, rubrics=rubrics, prompts=list(prompts.values())).examples


def _tokens(asked: Sequence[Asked], examples: Examples) -> Iterator[int]:
    for prompt, criteria, row in asked:
        text = examples_text(examples.chosen(prompt.id, row, criteria))
        yield estimated_tokens(str(_question(prompt, criteria, row, text).messages[0]["content"]))


def _question(prompt: rt.Prompt, criteria: Sequence[rt.Criterion], row: rt.Response, text: str) -> Question:
    if len(criteria) == 1:
        return criterion.question(Templates(), prompt, shown(criteria[0]), row.response, PLAIN, text)
    return judge.question(Templates(), prompt, [shown(one) for one in criteria], row.response, (), text)


if __name__ == "__main__":
    cost()
