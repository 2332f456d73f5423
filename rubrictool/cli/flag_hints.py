"""The flags that remedy an `InputError`, by its code: below the command line no text names a flag."""

from __future__ import annotations

from rubrictool.errors import InputError

FLAG_HINTS = {
    "unpaired": "--common",
    "candidates": "--responses FILE, --model SPEC",
    "first_rubrics": "--rubrics FILE",
    "pairs": "--pairs great",
    "cache": "--cache FILE, --no-cache",
    "failures": "--failures FILE",
    "distinct": "--distinct COLUMN",
    "gold": "--gold FILE[:COLUMN]",
    "judge": "--judge SPEC",
    "missing_prompt": "--prompts FILE",
    "missing_rubric": "--missing-rubric skip",
    "temperature": "--temperature 1",
    "labels": "--labels FILE[:COLUMN]",
    "weak": "--weak FILE",
    "http_key": "--allow-http-key",
    "price": "--price IN,OUT",
    "vllm_args": "--vllm-arg ARG",
    "vllm_python": "--vllm-python PYTHON",
    "unit": "--unit response",
}
"""What follows the text of an error, in brackets."""


def with_flags(error: InputError) -> str:
    """Return the text of an error, followed by the flags that remedy it where there are any."""
    hint = FLAG_HINTS.get(error.code or "")
    return f"{error} ({hint})" if hint else str(error)
