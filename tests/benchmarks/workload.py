"""The rows that the benchmarks work on: prompts with rubrics and responses in pseudo-words, the same in every run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

CRITERIA, RESPONSES, WORDS = 12, 16, 400
SYLLABLES = "a be ca de e fi ga ho i ja ko la mi no o pe qui ra si ta u va we xo ya za ter ing ment con pro est"


class Files(NamedTuple):
    """The files of a workload's responses and rubrics."""

    responses: Path
    rubrics: Path


def write(directory: Path, prompts: int) -> Files:
    """Write `prompts` rubrics, and 16 responses to each of their prompts."""
    files = Files(directory / "responses.jsonl", directory / "rubrics.jsonl")
    with open(files.responses, "w") as responses, open(files.rubrics, "w") as rubrics:
        for number in range(prompts):
            random = Random(number)
            rubrics.write(json.dumps(_rubric(random, number)) + "\n")
            responses.writelines(json.dumps(row) + "\n" for row in _responses(random, number))
    return files


def lines(path: Path) -> int:
    """Return how many lines a file has."""
    with open(path, "rb") as file:
        return sum(1 for _ in file)


def _rubric(random: Random, number: int) -> dict[str, Any]:
    criteria = [{"criterion": _text(random, 14), "weight": random.randint(1, 3)} for _ in range(CRITERIA)]
    return {"id": f"p{number}", "prompt": _text(random, 40), "criteria": criteria}


def _responses(random: Random, number: int) -> Iterator[dict[str, Any]]:
    for draw in range(RESPONSES):
        name = {"id": f"p{number}-{draw}", "prompt_id": f"p{number}", "model": f"writer-{draw % 4}"}
        yield {**name, "response": _text(random, WORDS)}


def _text(random: Random, words: int) -> str:
    """So many words in sentences of about 15; frequent words are short, as in a language."""
    chosen, sentences = random.choices(VOCABULARY, cum_weights=FREQUENCIES, k=words), []
    while chosen:
        length = random.randint(8, 22)
        sentences.append(" ".join(chosen[:length]).capitalize() + ".")
        del chosen[:length]
    return " ".join(sentences)


def _vocabulary(size: int) -> list[str]:
    random, syllables = Random(0), SYLLABLES.split()
    return ["".join(random.choices(syllables, k=1 + min(4, rank.bit_length() // 4))) for rank in range(1, size + 1)]


VOCABULARY = _vocabulary(5000)
FREQUENCIES = list(accumulate(1 / rank for rank in range(1, len(VOCABULARY) + 1)))
