"""Judge and proposer by rule: no network, no key, and no idea which response is better."""

from __future__ import annotations

from rubrictool.judging.offline.judge import OfflineJudge
from rubrictool.judging.offline.proposer import OfflineProposer

__all__ = ["OfflineJudge", "OfflineProposer"]
