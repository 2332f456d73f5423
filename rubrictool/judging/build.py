"""Who plays a role for a given spec: the offline rules or a model."""

from __future__ import annotations

from collections.abc import Collection

from rubrictool.errors import InputError
from rubrictool.judging.model_backed import ModelJudge, ModelProposer, PerCriterionJudge
from rubrictool.judging.order_swap import OrderSwap
from rubrictool.judging.protocols import Judge, Proposer
from rubrictool.judging.repeated_judge import RepeatedJudge
from rubrictool.models.client import Model
from rubrictool.models.context import RunContext
from rubrictool.models.spec import OFFLINE, ModelConfig, connect, warmth
from rubrictool.questions.separate import DEFAULT_CONTEXT, ContextPart
from rubrictool.questions.templates import Templates
from rubrictool.rows.records import Judging


async def judge(
    asked: ModelConfig | str = OFFLINE,
    access: RunContext | None = None,
    *,
    templates: Templates | None = None,
    judging: Judging = "together",
    reasons: bool = False,
    samples: int = 1,
) -> Judge:
    """The judge for a spec, asked about all criteria at once or each alone, for reasons or not, and how many times.

    Raises `InputError` where its model cannot be used, for reasons from the offline rules, which have none, and for
    several samples of verdicts that are always the same.
    """
    asked, access = _asked(asked), access or RunContext()
    if samples > 1:
        _seen_to_differ(asked, samples)
    if asked.spec == OFFLINE:
        return _offline_judge(judging, reasons=reasons)
    templates = templates or Templates()
    templates = templates.with_reasons() if reasons else templates
    plays = PerCriterionJudge if judging == "per-criterion" else ModelJudge
    model = await connect(asked, access)
    draws = [plays(model, templates, sample=number) for number in range(samples)]
    return RepeatedJudge(draws) if samples > 1 else draws[0]


def _seen_to_differ(asked: ModelConfig, samples: int) -> None:
    if asked.spec == OFFLINE:
        raise InputError(f"--samples {samples}: the offline judge always says the same; name a model with --judge")
    if warmth(asked) == 0:
        raise InputError(
            f"--samples {samples}: at temperature 0 a judge is asked to say the same each time; give --temperature 1"
        )


def _offline_judge(judging: Judging, *, reasons: bool) -> Judge:
    from rubrictool.judging.offline import OfflineJudge

    if reasons:
        raise InputError("--reasons: the offline judge gives no reasons; name a model with --judge")
    return OfflineJudge(judging)


async def proposer(
    asked: ModelConfig | str = OFFLINE,
    access: RunContext | None = None,
    *,
    templates: Templates | None = None,
    proposer_context: Collection[ContextPart] = DEFAULT_CONTEXT,
    both_orders: bool = False,
) -> Proposer:
    """The proposer for a spec: what a model sees beside a pair, and whether it is asked in both orders.

    Raises `InputError` where its model cannot be used.
    """
    asked, access = _asked(asked), access or RunContext()
    if asked.spec == OFFLINE:
        from rubrictool.judging.offline import OfflineProposer

        plays: Proposer = OfflineProposer()
    else:
        model = await connect(asked, access)
        plays = ModelProposer(model, templates, context=proposer_context)
    return OrderSwap(plays) if both_orders else plays


def model_of(role: object) -> Model | None:
    """The model that plays a role, None for the offline rules."""
    role = role.proposer if isinstance(role, OrderSwap) else role
    role = role.draws[0] if isinstance(role, RepeatedJudge) else role
    return role.model if isinstance(role, ModelJudge | ModelProposer) else None


def _asked(asked: ModelConfig | str) -> ModelConfig:
    return ModelConfig(asked) if isinstance(asked, str) else asked
