"""filter-top-k --emit pairs: preference pairs from scored responses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rubrictool.cli.inputs import one_stdin
from rubrictool.cli.options import Asking, Files
from rubrictool.cli.session import Session
from rubrictool.rows.joins import Texts, prompts_by_id
from rubrictool.rows.jsonl import Rows
from rubrictool.rows.records import Prompt, PromptText, Scored
from rubrictool.select.preference_pairs import (
    Match,
    PairChoice,
    Skipped,
    check_bounds,
    matches,
    pair,
    same_text,
    unclear,
)
from rubrictool.steps.map_rows import Outcome


def run(scores: str, files: Files, asking: Asking, *, prompts: str | None, pairing: PairChoice, seed: int) -> None:
    """Write the pairs of each prompt, in the order in which the prompts come."""
    one_stdin(scores, prompts)
    rows = Rows(scores, Scored)
    texts = Texts()
    pools = _Pools.read(rows, prompts_by_id(prompts, texts), texts)
    found = [match for pool in pools.of.values() for match in matches(pool, pairing, seed=seed)]
    skipped = Counter(reason for match in found if (reason := unclear(match)))
    clear = [match for match in found if unclear(match) is None]
    pools.check_prompts(rows, clear)
    session = Session("filter-top-k", files, asking, reads=[scores, prompts])

    async def work(match: Match) -> Outcome:
        if same_text(match):
            skipped["same_text"] += 1
            return Outcome()
        return Outcome((pair(match, pools.texts[match.chosen.prompt_id]),))

    async def main() -> None:
        session.warn_if_empty(len(pools.of))
        whole = _whole(rows, clear)
        await session.do((_told(match, whole) for match in clear), work, lambda match: match.chosen, total=len(clear))
        _close(session, pools.of, len(found), skipped)

    session.run(main)


@dataclass(frozen=True)
class _Pools:
    """The rows by prompt without their texts, which choosing does not need; the prompts' texts, and where each begins."""

    of: dict[str, list[Scored]] = field(default_factory=dict)
    texts: dict[str, PromptText] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, rows: Rows[Scored], prompts: Mapping[str, Prompt], texts: Texts) -> _Pools:
        """What the file holds. Raises `InputError` for bounds that are no numbers."""
        pools = cls()
        for line, row in texts.checked(rows):
            try:
                check_bounds(row)
            except ValueError as error:
                raise rows.error(line, str(error)) from None
            known = prompts.get(row.prompt_id)
            pools._add(line, row, known.prompt if known else None)
        return pools

    def check_prompts(self, rows: Rows[Scored], found: Iterable[Match]) -> None:
        """Raise `InputError` for a pair whose prompt has no text anywhere."""
        for match in found:
            if (name := match.chosen.prompt_id) not in self.texts:
                raise rows.error(
                    self.lines[name], "prompt: the row does not have the prompt's text; give --prompts FILE"
                )

    def _add(self, line: int, row: Scored, known: PromptText | None) -> None:
        self.of.setdefault(row.prompt_id, []).append(row.model_copy(update={"response": "", "prompt": None}))
        self.lines.setdefault(row.prompt_id, line)
        if text := row.prompt or known:
            self.texts.setdefault(row.prompt_id, text)


def _whole(rows: Rows[Scored], found: Iterable[Match]) -> dict[str, Scored]:
    """The rows of all pairs by their ids, texts and all: the second reading."""
    wanted = {row.id for match in found for row in match}
    return {row.id: row for _, row in rows if row.id in wanted}


def _told(match: Match, whole: Mapping[str, Scored]) -> Match:
    return Match(*(whole[row.id] for row in match))


def _close(session: Session, pools: Mapping[str, Any], found: int, skipped: Mapping[Skipped, int]) -> None:
    reasons = {reason: skipped.get(reason, 0) for reason in _WORDS}
    pairs = found - sum(reasons.values())
    session.figures |= {"prompts": len(pools), "pairs": pairs, "skipped": reasons}
    left_out = ", ".join(f"{count} {_WORDS[reason]}" for reason, count in reasons.items() if count) or "none"
    session.tell(f"filter-top-k: pairs: {pairs:,}, prompts: {len(pools):,}, pairs left out: {left_out}")


_WORDS: dict[Skipped, str] = {"tied": "tied", "overlapping": "whose bounds meet", "same_text": "of one text"}
