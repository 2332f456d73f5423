"""Who plays a role for a given spec: the offline rules or a model."""

from __future__ import annotations

from rubrictool.llm import Model
from rubrictool.roles import Judge, ModelJudge, ModelProposer, Proposer
from rubrictool.specs import OFFLINE, Access, Asked, connect


async def judge(asked: Asked | str = OFFLINE, access: Access | None = None) -> Judge:
    """The judge for a spec. Raises `InputError` where its model cannot be used."""
    asked, access = _asked(asked), access or Access()
    if asked.spec == OFFLINE:
        from rubrictool.offline import OfflineJudge

        return OfflineJudge()
    return ModelJudge(await connect(asked, access), access.templates, use_reference=access.use_reference)


async def proposer(asked: Asked | str = OFFLINE, access: Access | None = None) -> Proposer:
    """The proposer for a spec. Raises `InputError` where its model cannot be used."""
    asked, access = _asked(asked), access or Access()
    if asked.spec == OFFLINE:
        from rubrictool.offline import OfflineProposer

        return OfflineProposer()
    return ModelProposer(await connect(asked, access), access.templates, use_reference=access.use_reference)


def model_of(role: object) -> Model | None:
    """The model that plays a role, None for the offline rules."""
    return role.model if isinstance(role, ModelJudge | ModelProposer) else None


def _asked(asked: Asked | str) -> Asked:
    return Asked(asked) if isinstance(asked, str) else asked
