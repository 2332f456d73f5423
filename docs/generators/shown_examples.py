"""Measure what labelled examples buy a judge where the words of a criterion leave open how much is enough.

Run as `python docs/generators/shown_examples.py`; the table stands in docs/judges.md. Labels follow rules that criteria do not
tell, as a person's standard does. Replies come from example_replies.jsonl beside this file; another SPEC and a file for a cache
record a run: `python docs/generators/shown_examples.py llm@http://127.0.0.1:8000/v1 replies.db`.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np

import rubrictool as rt
from rubrictool.analysis.estimators.intervals import Figure
from rubrictool.analysis.estimators.resampling import estimate, totals

SAMPLE = Path(__file__).parents[2] / "sample_data"

REPLIES = f"replay:{Path(__file__).with_name('example_replies.jsonl')}"

PROMPTS = (
    *("health-knee-ibuprofen", "health-infant-fever", "science-buffer", "science-twin", "finance-debt-or-match"),
    *("finance-mortgage-points", "law-deposit", "writing-product-recall", "writing-condolence", "instruction-summary"),
)

JUDGED = 2
"""Responses to each prompt that are judged; the others are labelled."""


class Standard(NamedTuple):
    """A criterion, the rule that its labels follow as a criterion, and the rule."""

    criterion: str
    in_words: str
    met: Callable[[str], bool]


def _numbers(text: str) -> int:
    return len(set(re.findall(r"\d[\d.,]*", text)))


def _items(text: str) -> int:
    return sum(line.lstrip().startswith(("-", "*", "#", "1.", "2.", "3.", "4.", "5.")) for line in text.splitlines())


STANDARDS = (
    Standard(
        "The response is short.",
        "The response has at most 150 words.",
        lambda text: len(text.split()) <= 150,
    ),
    Standard(
        "The response backs what it says with figures.",
        "The response has at least 9 different numbers.",
        lambda text: _numbers(text) >= 9,
    ),
    Standard(
        "The response can be skimmed.",
        "The response has at least 4 list items or headings.",
        lambda text: _items(text) >= 4,
    ),
)

OPEN = [{"criterion": one.criterion, "weight": 1} for one in STANDARDS]

WORDED = [{"criterion": one.in_words, "weight": 1} for one in STANDARDS]


class Answer(NamedTuple):
    """A verdict of a judge, and the label, on a criterion of a response."""

    prompt_id: str
    place: int
    said: bool
    label: bool


def _split(prompt: rt.Prompt) -> tuple[Sequence[rt.Response], Sequence[rt.Response]]:
    """Return the responses to a prompt that are judged, which are neither the longest nor the shortest, and those labelled."""
    by_length = sorted(prompt.responses, key=lambda one: (len(str(one.response)), one.id))
    places = {round(share * (len(by_length) - 1)) for share in (0.35, 0.65)}
    judged = [one for place, one in enumerate(by_length) if place in places][:JUDGED]
    return judged, [one for one in by_length if one not in judged]


def prompts() -> list[rt.Prompt]:
    """Return the prompts whose responses are judged."""
    known = {prompt.id: prompt for prompt in rt.read(SAMPLE / "prompts.jsonl", rt.Prompt)}
    return [known[name] for name in PROMPTS]


def labels(asked: Sequence[rt.Prompt]) -> Iterator[dict[str, Any]]:
    """Yield the labels of the responses that are not judged."""
    for prompt in asked:
        for response in _split(prompt)[1]:
            verdicts = [{"id": f"c{place}", "met": _met(response, place)} for place in range(1, len(STANDARDS) + 1)]
            yield {"prompt_id": prompt.id, "id": response.id, "verdicts": verdicts}


def _met(response: rt.Response, place: int) -> bool:
    assert isinstance(response.response, str)
    return STANDARDS[place - 1].met(response.response)


async def judged(spec: str = REPLIES, file: Path | None = None) -> Mapping[str, Sequence[Answer]]:
    """Return what the judge answers in each arm; replies that are new go to the file."""
    asked = prompts()
    rubrics = [{"id": prompt.id, "prompt": prompt.prompt, "criteria": OPEN} for prompt in asked]
    responses = [one.columns() for prompt in asked for one in _split(prompt)[1]]
    found = rt.label_examples(list(labels(asked)), responses, rubrics=rubrics, prompts=[one.columns() for one in asked])
    arms = {"without": (OPEN, None), "with 4 examples": (OPEN, found.examples), "the rule in words": (WORDED, None)}
    async with rt.RunContext(rt.AskPolicy(concurrency=512, timeout_s=7000), cache=file) as context:
        judges = [await rt.judge(spec, context, judging="per-criterion", examples=one) for _, one in arms.values()]
        criteria = [one for one, _ in arms.values()]
        answers = await asyncio.gather(*map(_answers, [asked] * len(arms), criteria, judges))
    return dict(zip(arms, answers, strict=True))


async def _answers(asked: Sequence[rt.Prompt], criteria: Sequence[Mapping[str, Any]], judge: rt.Judge) -> list[Answer]:
    pairs = [(prompt, response) for prompt in asked for response in _split(prompt)[0]]
    rubrics = {prompt.id: rt.Rubric.model_validate({"id": prompt.id, "criteria": criteria}) for prompt in asked}
    scores = await asyncio.gather(*(rt.score(one, rubrics[one.id], response, judge) for one, response in pairs))
    return [
        Answer(prompt.id, place, bool(verdict.met), _met(response, place))
        for (prompt, response), score in zip(pairs, scores, strict=True)
        for place, verdict in enumerate(score.verdicts, start=1)
    ]


def table(found: Mapping[str, Sequence[Answer]] | None = None) -> None:
    """Print in Markdown which share of the verdicts is yes and which is right in each arm."""
    found = found or asyncio.run(judged())
    heads = " | ".join(f"yes, {arm} | right" for arm in found)
    print(f"\n| criterion | labelled yes where | labelled yes | {heads} |")
    print("|---|---|" + "---:|" * (1 + 2 * len(found)))
    for place, one in enumerate(STANDARDS, start=1):
        of_it = {arm: [answer for answer in answers if answer.place == place] for arm, answers in found.items()}
        print(f"| {one.criterion} | {one.in_words} | {_shares(of_it)} |")
    print(f"| all | | {_shares(found)} |\n")
    first, *others = found
    for arm in others:
        change = _difference(found[first], found[arm])
        print(
            f"Right {arm}, less right {first}: {change.value:+.3f}{_interval(change)}, over {len(PROMPTS)} prompts.\n"
        )


def _shares(found: Mapping[str, Sequence[Answer]]) -> str:
    label = mean(answer.label for answer in next(iter(found.values())))
    shares = (
        f"{mean(one.said for one in answers):.3f} | {mean(one.said == one.label for one in answers):.3f}"
        for answers in found.values()
    )
    return f"{label:.3f} | {' | '.join(shares)}"


def _difference(before: Sequence[Answer], after: Sequence[Answer]) -> Figure:
    """Return the mean change of the share that is right, with its interval over prompts."""
    changes = [
        mean(
            (b.said == b.label) - (a.said == a.label) for a, b in zip(before, after, strict=True) if a.prompt_id == name
        )
        for name in PROMPTS
    ]
    (drawn,) = totals(np.array([[value, 1.0] for value in changes]), seed=0)
    return estimate(mean(changes), drawn[:, 0] / drawn[:, 1], len(changes), span=(-1, 1))


def _interval(figure: Figure) -> str:
    return "" if figure.low is None or figure.high is None else f" ({figure.low:+.3f} to {figure.high:+.3f})"


def main() -> None:
    """Print the table of the recording, or of the spec with the cache that are given."""
    spec, *file = sys.argv[1:] or [REPLIES]
    table(asyncio.run(judged(spec, Path(file[0]) if file else None)))


if __name__ == "__main__":
    main()
