"""Attack a judge with one response: how much does the score gain by texts that earn nothing?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from typing import NamedTuple

from rubrictool.errors import ModelUnusable, RowFailure
from rubrictool.judging.attacks import ATTACKS, NO_ANSWER, wants_more
from rubrictool.judging.build import repeat_of
from rubrictool.judging.protocols import Judge, calibrations_of, judge_id_of, may_abstain, view_of
from rubrictool.rows.joins import grouped
from rubrictool.rows.judge_ids import judge_id
from rubrictool.rows.levels import level_labelled
from rubrictool.rows.records import AttackedScore, Criterion, Prompt, Response, Rubric, Score
from rubrictool.rows.verdicts import Verdict
from rubrictool.steps.score import score
from rubrictool.text.encoding import draw
from rubrictool.text.wording import counted

CLEAN, REPEAT = "clean", "repeat"
"""The names of the response as it is, and of a second judgement of it."""

_OWN = AttackedScore.model_fields.keys() - Score.model_fields.keys()


class ResponseAudit(NamedTuple):
    """The scores of a response under attack, and what could not be judged."""

    rows: tuple[AttackedScore, ...]
    failure: RowFailure | None


class CanaryJudge:
    """Ask a judge about one criterion more, which no response meets. For one response.

    `fooled` is whether it finds it met, None where it abstains: that is no verdict, neither right nor wrong.
    """

    def __init__(self, judge: Judge) -> None:
        self.name, self.judging, self._judge = judge.name, judge.judging, judge
        self.view, self.abstains = view_of(judge), may_abstain(judge)
        self.calibrations = calibrations_of(judge)
        self.judge_id = judge_id(of=judge_id_of(judge), canary=True)
        self.fooled: bool | None = None

    async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
        """Return one verdict per criterion of the rubric. Raises `ModelFailure`."""
        found = await self._judge.verdicts(prompt, with_canary(criteria, prompt), response)
        wanted = {criterion.id for criterion in criteria}
        self.fooled = next((verdict.met for verdict in found if verdict.id not in wanted), None)
        return [verdict for verdict in found if verdict.id in wanted]


def with_canary(criteria: Sequence[Criterion], prompt: Prompt) -> list[Criterion]:
    """Return criteria with the canary after them: it asks for a code drawn by a hash, which no response and no attack has."""
    code = draw(0, "canary", prompt.id)[:10].upper()
    # The id is no other criterion's, and the same for all responses to a prompt.
    return [
        *criteria,
        Criterion(id=f"canary-{code}", criterion=f"The response quotes the reference code {code}.", weight=1),
    ]


async def audit(prompt: Prompt, rubric: Rubric, response: Response, judge: Judge) -> ResponseAudit:
    """Judge a response as it is, once more, and under each of the `ATTACKS`; also a response without an answer.

    What failed has no row; the failure names it. Raises the failure of the response as it is where that leaves no row, and
    `ModelUnusable`.
    """
    criteria, response = with_canary(rubric.criteria, prompt), _without_own_columns(response)
    versions = {CLEAN: response, REPEAT: response}
    versions |= {attack.name: attack.on(response, criteria) for attack in (NO_ANSWER, *ATTACKS)}
    judges = dict.fromkeys(versions, judge) | {REPEAT: repeat_of(judge)}
    judged = (_judged(prompt, rubric, versions[name], judges[name]) for name in versions)
    by_name = dict(zip(versions, await _results(*judged), strict=True))
    rows = tuple(_compared(by_name, rubric, response.id))
    if not rows and isinstance(failure := by_name[CLEAN], RowFailure):
        raise failure
    return ResponseAudit(rows, _failure(by_name))


def _without_own_columns(response: Response) -> Response:
    """Return a response without the columns of an earlier audit, or others of their names."""
    return Response.model_validate({name: value for name, value in response.columns().items() if name not in _OWN})


class _VersionScore(NamedTuple):
    """The score of one version of a response, and whether the judge found the canary met."""

    score: Score
    canary: bool | None


_Results = Mapping[str, _VersionScore | RowFailure]


async def _judged(prompt: Prompt, rubric: Rubric, version: Response, judge: Judge) -> _VersionScore:
    asked = CanaryJudge(judge)
    return _VersionScore(await score(prompt, rubric, version, asked), asked.fooled)


async def _results(*calls: Awaitable[_VersionScore]) -> list[_VersionScore | RowFailure]:
    """Return results and failures, once all calls are done. Raises `ModelUnusable`, and any error that is no row's failure."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and (
            isinstance(result, ModelUnusable) or not isinstance(result, RowFailure)
        ):
            raise result
    return [result for result in results if isinstance(result, _VersionScore | RowFailure)]


def baseline_of(name: str) -> str | None:
    """Return the version of a response that another is compared with; None for those that others are compared with."""
    if name in (CLEAN, NO_ANSWER.name):
        return None
    return NO_ANSWER.name if any(attack.name == name and attack.replaces for attack in ATTACKS) else CLEAN


def _compared(results: _Results, rubric: Rubric, of: str) -> Iterator[AttackedScore]:
    """Yield the rows of the versions that were judged, as were those that they are compared with."""
    for name, result in results.items():
        against = baseline_of(name)
        base = results[against] if against else result
        if isinstance(result, RowFailure) or isinstance(base, RowFailure):
            continue
        told = {"id": f"{of}/{name}", "attack": name, "of": of, "canary": result.canary}
        more = {"against": against, **_difference(rubric.criteria, base.score, result.score)} if against else {}
        yield AttackedScore.model_validate(result.score.columns() | told | more)


def _difference(criteria: Sequence[Criterion], base: Score, attacked: Score) -> dict[str, object]:
    """Return what an attack changed: the score, the verdicts that are the judge's, and those of checks."""
    pairs = list(_favours(criteria, base, attacked))
    judged, checked = ([pair for pair in pairs if bool(pair.criterion.check) == free] for free in (False, True))
    return {
        "gain": attacked.score - base.score,
        "won": [pair.criterion.id for pair in judged if pair.after > pair.before],
        "lost": [pair.criterion.id for pair in judged if pair.after < pair.before],
        "winnable": sum(pair.before < 1 for pair in judged),
        "losable": sum(pair.before > 0 for pair in judged),
        "won_checks": [pair.criterion.id for pair in checked if pair.after > pair.before],
        "winnable_checks": sum(pair.before < 1 for pair in checked),
    }


class _Favours(NamedTuple):
    """The share of a criterion that is in favour of the response, from 0 to 1, before and after an attack."""

    criterion: Criterion
    before: float
    after: float


def _favours(criteria: Sequence[Criterion], base: Score, attacked: Score) -> Iterator[_Favours]:
    """Yield the pairs of verdicts of which both were reached."""
    for criterion, old, new in zip(criteria, base.verdicts, attacked.verdicts, strict=True):
        before, after = _favour(criterion, old), _favour(criterion, new)
        if before is not None and after is not None:
            yield _Favours(criterion, before, after)


def _favour(criterion: Criterion, verdict: Verdict) -> float | None:
    """Return how far a verdict is in favour of the response, from 0 to 1; of a penalty, how far it is not met."""
    decided = _decided(criterion, verdict)
    return decided if decided is None or wants_more(criterion) else 1 - decided


def _decided(criterion: Criterion, verdict: Verdict) -> float | None:
    # The value of a soft verdict is never the same twice; its level, or which side of a half it is on, mostly is.
    level = level_labelled(criterion.levels, verdict.level) if criterion.levels and verdict.level is not None else None
    return level.value if level else verdict.decided


def _failure(results: _Results) -> RowFailure | None:
    """Return the failures of versions as one: the first, with the names of all."""
    failed = {name: result for name, result in results.items() if isinstance(result, RowFailure)}
    if not failed:
        return None
    first = next(iter(failed.values()))
    what = f"{counted(len(failed), 'version')} of {len(results)} not judged ({', '.join(failed)})"
    return RowFailure(first.kind, f"{what}: {first.message}", attempts=first.attempts)


def drawn_places(rows: Iterable[tuple[int, Response]], size: int, *, seed: int = 0) -> set[int]:
    """Return the places of `size` responses, drawn by a hash: one of each prompt before a second of any."""
    keys = grouped((row.prompt_id, (draw(seed, "audit", row.prompt_id, row.id), place)) for place, row in rows)
    ranked = ((rank, *key) for own in keys.values() for rank, key in enumerate(sorted(own)))
    return {place for _, _, place in nsmallest(size, ranked)}
