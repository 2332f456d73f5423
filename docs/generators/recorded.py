"""Refine the sample's prompts with a recorded large language model, in several arms, and hold the rubrics to preferences.

Run as `python docs/generators/recorded.py`; the tables stand in docs/recorded.md. Replies come from
sample_data/replies.jsonl; another SPEC, and a file for a cache, can be given to record a run:
`python docs/generators/recorded.py llm@http://127.0.0.1:8000/v1 replies.db`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

import rubrictool as rt
from rubrictool.analysis.estimators.intervals import Figure
from rubrictool.analysis.tails.pair_accuracy import RegionAccuracy
from rubrictool.analysis.tails.regions import EVERYWHERE
from rubrictool.models.client import Model
from rubrictool.models.question import Question
from rubrictool.questions import separate
from rubrictool.questions.separate import JudgedResponse
from rubrictool.questions.templates import fence
from rubrictool.refinement.loop import Refinement
from rubrictool.rows.comparisons import ExternalComparison
from rubrictool.rows.jsonl import Rows
from rubrictool.rubric.amend import Proposal
from rubrictool.text.chats import chat_text, visible_text

SAMPLE = Path(__file__).parents[2] / "sample_data"

REPLIES = f"replay:{SAMPLE / 'replies.jsonl'}"

PREFERENCES = SAMPLE / "preferences.jsonl"

NO_CONTRAST = """You extend a rubric. The criteria below score answers to a prompt; some of what good answers do may be missing.

The prompt (material, not instructions to you):

{prompt}

The present rubric, each criterion with its id and weight:

{criteria}

{answers}

Add a criterion for what is shown here, that matters to the person who asked, and that no criterion asks for yet: one claim,
concrete, decidable from one answer alone, without a condition, failed by an empty answer. It must be worth asking of any
answer to this prompt. Weights: 3 where an answer without it is wrong or would let the reader down, 2 where it is clearly
worse without it, 1 where it is merely better with it. The rubric holds {count} criteria and may hold 24; add at most 4.

Answer with one JSON object in this form and nothing else; replace what stands in angle brackets. If nothing is missing, write
"none" under "better" and leave the list empty:
{"better": "<none or first>", "add": [{"criterion": "<one claim>", "weight": <1, 2 or 3>}]}
"""


class NoContrast:
    """A proposer that is not asked to compare: it adds what it sees, in the better-scored answer or in both."""

    name = "no-contrast"

    def __init__(self, proposer: rt.Proposer, model: Model, *, both: bool) -> None:
        self._proposer, self._model, self._both = proposer, model, both

    async def propose(self, prompt: rt.Prompt) -> Proposal:
        """Return the first rubric of the other proposer."""
        return await self._proposer.propose(prompt)

    async def separate(
        self, prompt: rt.Prompt, criteria: Sequence[rt.Criterion], first: JudgedResponse, second: JudgedResponse
    ) -> Proposal:
        """Return what the shown answers have and the rubric does not ask for."""
        shown = [first, second] if self._both else [max(first, second, key=lambda row: row.score or 0)]
        answers = "\n\n".join(f"An answer:\n\n{fence('answer', visible_text(row.response.response))}" for row in shown)
        listed = "\n".join(f"c{n} (weight {c.weight:g}): {c.criterion}" for n, c in enumerate(criteria, start=1))
        text = prompt.prompt if isinstance(prompt.prompt, str) else chat_text(prompt.prompt)
        question = NO_CONTRAST
        for name, value in (("count", str(len(criteria))), ("criteria", fence("rubric", listed)), ("answers", answers)):
            question = question.replace(f"{{{name}}}", value)
        asked = Question([{"role": "user", "content": question.replace("{prompt}", fence("prompt", text))}], prompt.id)
        return await self._model.ask(asked, partial(separate.parse, criteria=criteria, proposer=self.name))


@dataclass(frozen=True)
class Arm:
    """One way to refine: its options, and what the proposer is shown (a pair to compare, one answer, or both as a list)."""

    options: rt.RefineOptions = field(default_factory=rt.RefineOptions)
    shows: str = "pair"


ARMS = {
    "first rubric": Arm(rt.RefineOptions(rounds=0)),
    "narrow": Arm(),
    "drop-used": Arm(rt.RefineOptions(pool_rule="drop-used")),
    "random pairs": Arm(rt.RefineOptions(pairs="random")),
    "no contrast, one answer": Arm(shows="one"),
    "no contrast, both answers": Arm(shows="both"),
}


@dataclass(frozen=True)
class Run:
    """The results of an arm: by prompt the refinement, and the whole pool's scores under the last rubric."""

    refined: Mapping[str, Refinement]
    scores: Sequence[rt.Score]


def prompts() -> list[rt.Prompt]:
    """Return the sample's prompts."""
    return list(rt.read(SAMPLE / "prompts.jsonl", rt.Prompt))


@cache
def ordered() -> frozenset[str]:
    """Return the ids of the prompts whose best responses were compared."""
    return frozenset(row.prompt_id for _, row in Rows(PREFERENCES, ExternalComparison))


async def runs(spec: str = REPLIES, file: Path | None = None) -> dict[str, Run]:
    """Return what each arm gives, on the prompts whose best responses were compared; replies that are new go to the file."""
    policy = rt.AskPolicy(concurrency=512, timeout_s=7000)
    async with rt.RunContext(policy, cache=file) as context:
        judge, proposer, model = await asyncio.gather(
            rt.judge(spec, context), rt.proposer(spec, context), rt.connect(rt.ModelConfig(spec), context)
        )
        proposers = {
            "pair": proposer,
            "one": NoContrast(proposer, model, both=False),
            "both": NoContrast(proposer, model, both=True),
        }
        arms = await asyncio.gather(*(_run(arm, judge, proposers[arm.shows]) for arm in ARMS.values()))
    return dict(zip(ARMS, arms, strict=True))


async def _run(arm: Arm, judge: rt.Judge, proposer: rt.Proposer) -> Run:
    asked = [prompt for prompt in prompts() if prompt.id in ordered()]
    done = await asyncio.gather(*(_refined(prompt, arm, judge, proposer) for prompt in asked))
    return Run({refined.rubric.id: refined for refined, _ in done}, [row for _, rows in done for row in rows])


async def _refined(
    prompt: rt.Prompt, arm: Arm, judge: rt.Judge, proposer: rt.Proposer
) -> tuple[Refinement, list[rt.Score]]:
    refined = await rt.refine(prompt, prompt.responses, judge=judge, proposer=proposer, options=arm.options)
    if refined.failure:
        raise refined.failure
    return refined, await asyncio.gather(*(rt.score(prompt, refined.rubric, row, judge) for row in prompt.responses))


def table(found: Mapping[str, Run] | None = None) -> None:
    """Print the arms in Markdown: what they cost, and half-credit where preferences and where labels decide."""
    found = found or asyncio.run(runs())
    scores = {name: [row.columns() for row in run.scores] for name, run in found.items()}
    labelled = {name: [row for row in rows if "quality" in row] for name, rows in scores.items()}
    best, all_ = rt.tail(scores, PREFERENCES).accuracy[None], rt.tail(labelled).accuracy[None]
    print(
        "\n| arm | proposer calls | judge calls | criteria | best eight | less the first | ties | labelled | less the first |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for place, (name, run) in enumerate(found.items()):
        cells = [*_cost(run), *_agreement(best, place), f"{_everywhere(best, place).ties}", *_agreement(all_, place)]
        print(f"| {name} | {' | '.join(cells)} |")
    print()


def rounds() -> None:
    """Print in Markdown what the rounds of the default arm did, on all prompts."""
    rows = [row for refined in asyncio.run(_all_refined()) for row in refined.rounds]
    print(
        "\n| round | pool | changes named | criteria added | rewritten | dropped or merged |\n|---|---|---|---|---|---|"
    )
    for number in sorted({row.round for row in rows}):
        own = [row for row in rows if row.round == number]
        made = [row.changes for row in own if row.accepted]
        counts = [sum(len(getattr(one, kind)) for one in made) for kind in ("added", "rewritten", "dropped")]
        pool = sum(len(row.pool) for row in own) / len(own)
        print(f"| {number} | {pool:.1f} | {len(made)} of {len(own)} | {' | '.join(map(str, counts))} |")
    print()


async def _all_refined() -> list[Refinement]:
    async with rt.RunContext() as context:
        judge, proposer = await rt.judge(REPLIES, context), await rt.proposer(REPLIES, context)
        return await asyncio.gather(
            *(rt.refine(prompt, prompt.responses, judge=judge, proposer=proposer) for prompt in prompts())
        )


def _cost(run: Run) -> list[str]:
    """Return calls and criteria per prompt."""
    prompts_, rounds = len(run.refined), [row for one in run.refined.values() for row in one.rounds]
    judged = sum(entry.score is not None for row in rounds for entry in row.pool)
    criteria = sum(len(one.rubric.criteria) for one in run.refined.values())
    return [f"{1 + len(rounds) / prompts_:.0f}", f"{judged / prompts_:.1f}", f"{criteria / prompts_:.1f}"]


def _agreement(accuracy: Sequence[RegionAccuracy], place: int) -> list[str]:
    """Return half-credit and its difference from the first arm's, each with its interval over prompts."""
    one = _everywhere(accuracy, place)
    return [_with_interval(one.own and one.own.half_credit), _with_interval(one.difference, sign="+")]


def _everywhere(accuracy: Sequence[RegionAccuracy], place: int) -> RegionAccuracy:
    return next(one for one in accuracy if one.file == place and one.region == EVERYWHERE)


def _with_interval(estimate: Figure | None, *, sign: str = "") -> str:
    if estimate is None:
        return ""
    value, low, high = estimate
    between = "" if low is None or high is None else f" ({low:{sign}.3f} to {high:{sign}.3f})"
    return f"{value:{sign}.3f}{between}"


def main() -> None:
    """Run all arms with the recording, or with the spec and the cache that are given, and print the table."""
    spec, *file = sys.argv[1:] or [REPLIES]
    table(asyncio.run(runs(spec, Path(file[0]) if file else None)))


if __name__ == "__main__":
    main()
