"""Who plays a role for a given spec: the offline rules or a model."""

from __future__ import annotations

from collections.abc import Collection

from rubrictool.errors import InputError
from rubrictool.llm import Model
from rubrictool.orders import BothOrders
from rubrictool.prompts import SHOWN, Shown
from rubrictool.records import Judging
from rubrictool.roles import Judge, ModelJudge, ModelProposer, PerCriterionJudge, Proposer
from rubrictool.specs import OFFLINE, Access, Asked, connect


async def judge(
    asked: Asked | str = OFFLINE,
    access: Access | None = None,
    *,
    judging: Judging = "together",
    reasons: bool = False,
) -> Judge:
    """The judge for a spec, asked about all criteria at once or each alone, and for reasons or not.

    Raises `InputError` where its model cannot be used, and for reasons from the offline rules, which have none.
    """
    asked, access = _asked(asked), access or Access()
    if asked.spec == OFFLINE:
        return _offline_judge(judging, reasons=reasons)
    templates = access.templates.with_reasons() if reasons else access.templates
    plays = PerCriterionJudge if judging == "per-criterion" else ModelJudge
    return plays(await connect(asked, access), templates, use_reference=access.use_reference)


def _offline_judge(judging: Judging, *, reasons: bool) -> Judge:
    from rubrictool.offline import OfflineJudge

    if reasons:
        raise InputError("--reasons: the offline judge gives no reasons; name a model with --judge")
    return OfflineJudge(judging)


async def proposer(
    asked: Asked | str = OFFLINE,
    access: Access | None = None,
    *,
    show: Collection[Shown] = SHOWN,
    both_orders: bool = False,
) -> Proposer:
    """The proposer for a spec: what a model sees beside a pair, and whether it is asked in both orders.

    Raises `InputError` where its model cannot be used.
    """
    asked, access = _asked(asked), access or Access()
    if asked.spec == OFFLINE:
        from rubrictool.offline import OfflineProposer

        plays: Proposer = OfflineProposer()
    else:
        model = await connect(asked, access)
        plays = ModelProposer(model, access.templates, show=show, use_reference=access.use_reference)
    return BothOrders(plays) if both_orders else plays


def model_of(role: object) -> Model | None:
    """The model that plays a role, None for the offline rules."""
    role = role.proposer if isinstance(role, BothOrders) else role
    return role.model if isinstance(role, ModelJudge | ModelProposer) else None


def _asked(asked: Asked | str) -> Asked:
    return Asked(asked) if isinstance(asked, str) else asked
