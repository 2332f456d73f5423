"""Build the judge or the proposer for a given spec.

A new judge gets its spec here; `protocols` says what it has to be able to do.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

from rubrictool.errors import InputError
from rubrictool.judging.model_backed import ModelJudge, ModelProposer, PerCriterionJudge
from rubrictool.judging.order_swap import OrderSwap
from rubrictool.judging.protocols import Judge, Proposer
from rubrictool.judging.repeated_judge import RepeatedJudge
from rubrictool.models.client import Model
from rubrictool.models.context import RunContext
from rubrictool.models.options import OFFLINE, ModelConfig
from rubrictool.models.spec import connect, with_args_applied
from rubrictool.questions.separate import DEFAULT_CONTEXT, ContextPart
from rubrictool.questions.templates import Templates
from rubrictool.rows.records import JudgingMode
from rubrictool.rubric.limits import Limits
from rubrictool.text.trace_views import WHOLE, TraceView


async def judge(
    model: ModelConfig | str = OFFLINE,
    context: RunContext | None = None,
    *,
    templates: Templates | None = None,
    judging: JudgingMode = "all-at-once",
    reasons: bool = False,
    samples: int = 1,
    allow_abstain: bool = False,
    shuffle_criteria: bool = False,
) -> Judge:
    """Return the judge for a model's spec.

    `judging` says whether it is asked about all criteria at once or about each alone, `reasons` whether it gives a reason
    for each verdict, `samples` how many times it judges each response, `allow_abstain` whether it may say that it cannot tell,
    `shuffle_criteria` whether each response has an order of criteria of its own.

    Raises `InputError` where the model cannot be used, for reasons or doubts of the offline rules, which have none, for several
    samples of verdicts that are always the same, and for a way of judging that there is not.
    """
    config, context = _config(model), context or RunContext()
    if judging not in get_args(JudgingMode):
        raise InputError(f"judging: {judging!r} is unknown; write {' or '.join(get_args(JudgingMode))}")
    if samples < 1:
        raise InputError(f"samples: {samples} is too few; give 1 or more")
    if samples > 1:
        _check_samples_can_differ(config, samples)
    if shuffle_criteria and (judging == "per-criterion" or config.spec == OFFLINE):
        raise InputError(
            "criteria that are judged one by one have no order to shuffle; judge all at once, with a model"
        )
    if config.spec == OFFLINE:
        return _offline_judge(judging, templates.view if templates else WHOLE, reasons=reasons, abstain=allow_abstain)
    templates = templates or Templates()
    templates = templates.with_reasons() if reasons else templates
    templates = templates.with_abstaining() if allow_abstain else templates
    kind = PerCriterionJudge if judging == "per-criterion" else ModelJudge
    connected = await connect(config, context)
    judges = [kind(connected, templates, sample=number, shuffle_criteria=shuffle_criteria) for number in range(samples)]
    return RepeatedJudge(judges) if samples > 1 else judges[0]


def _check_samples_can_differ(config: ModelConfig, samples: int) -> None:
    if config.spec == OFFLINE:
        raise InputError(
            f"{samples} samples would be identical: the offline judge follows rules; judge with a model", code="judge"
        )
    if with_args_applied(config).temperature == 0:
        raise InputError(
            f"{samples} samples would be nearly identical at temperature 0; judge at temperature 1",
            code="temperature",
        )


def _offline_judge(judging: JudgingMode, view: TraceView, *, reasons: bool, abstain: bool) -> Judge:
    from rubrictool.judging.offline import OfflineJudge

    if reasons:
        raise InputError("the offline judge gives no reasons; judge with a model", code="judge")
    if abstain:
        raise InputError("the offline judge follows rules and never abstains; judge with a model", code="judge")
    return OfflineJudge(judging, view)


async def proposer(
    model: ModelConfig | str = OFFLINE,
    context: RunContext | None = None,
    *,
    templates: Templates | None = None,
    proposer_context: Collection[ContextPart] = DEFAULT_CONTEXT,
    both_orders: bool = False,
    limits: Limits = Limits(),  # noqa: B008  frozen
) -> Proposer:
    """Return the proposer for a model's spec.

    `proposer_context` says what it is shown of the rubric and the judge beside a pair, `both_orders` whether it is shown
    each pair in both orders, `limits` the size of a rubric that it is asked to keep to. Raises `InputError` where the model
    cannot be used.
    """
    config, context = _config(model), context or RunContext()
    if config.spec == OFFLINE:
        from rubrictool.judging.offline import OfflineProposer

        built: Proposer = OfflineProposer(limits)
    else:
        built = ModelProposer(await connect(config, context), templates, context=proposer_context, limits=limits)
    return OrderSwap(built) if both_orders else built


def model_of(role: object) -> Model | None:
    """Return the model that a judge or a proposer asks, None for the offline rules."""
    role = role.proposer if isinstance(role, OrderSwap) else role
    role = role.judges[0] if isinstance(role, RepeatedJudge) else role
    return role.model if isinstance(role, ModelJudge | ModelProposer) else None


def repeat_of(judge: Judge) -> Judge:
    """Return a judge that gives the same questions a second, independent reply; one that follows rules is its own."""
    if isinstance(judge, RepeatedJudge):
        return RepeatedJudge([_later(one, len(judge.judges)) for one in judge.judges])
    return _later(judge, 1)


def _later(judge: Judge, samples: int) -> Judge:
    return judge.with_sample(judge.sample + samples) if isinstance(judge, ModelJudge) else judge


def _config(model: ModelConfig | str) -> ModelConfig:
    return ModelConfig(model) if isinstance(model, str) else model
