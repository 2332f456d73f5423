"""Take apart criteria that are given as one text: a numbered or bulleted list, with a remark at the end of each item."""

from __future__ import annotations

from rubrictool.text.patterns import Pattern, linear

_NUMBERED = linear(r"^\s*\(?\d{1,3}[.):]\s+(?P<text>.*)$")
_BULLETED = linear(r"^\s*[-*•]\s+(?P<text>.*)$")
_LABEL = linear(r"^(?P<text>(?s:.*\S))\s*\[(?P<label>[^\[\]]+)\][.\s]*$")
_WEIGHT = linear(
    r"^(?P<text>(?s:.*\S))\s*\((?:(?i:importance|weight|score)\s*[:=]?\s*)?(?P<weight>\d+(?:\.\d+)?)(?:\s*/\s*\d+)?\)[.\s]*$"
)


def items(text: str) -> list[str]:
    """Return the items of a list without their numbers; a line without a number goes on with the item before it.

    What stands before the first item is no criterion. A text that is no list is one item for each line.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    start = next((one for one in (_NUMBERED, _BULLETED) if any(map(one.match, lines))), None)
    return _starting(start, lines) if start else [line.strip() for line in lines]


def _starting(start: Pattern, lines: list[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        if match := start.match(line):
            found.append(match["text"].strip())
        elif found:
            found[-1] += f"\n{line.strip()}"
    return [item for item in found if item]


def labelled(item: str) -> tuple[str, str | None]:
    """Return an item without the label in square brackets that it ends in, and that label."""
    match = _LABEL.match(item)
    return (match["text"], match["label"].strip()) if match else (item, None)


def weighted(listed: list[str]) -> list[tuple[str, float]]:
    """Return items with the weights that they end in, as `(importance: 80/100)`; where one has none, each has weight 1."""
    matches = [_WEIGHT.match(item) for item in listed]
    if not all(matches):
        return [(item, 1) for item in listed]
    return [(match["text"], _as_weight(match["weight"])) for match in matches if match]


def _as_weight(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number
