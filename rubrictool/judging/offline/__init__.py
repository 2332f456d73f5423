"""The offline rules as judge or proposer: no network, no key, no knowledge of which response is better."""

from __future__ import annotations

from rubrictool.judging.offline.judge import OfflineJudge
from rubrictool.judging.offline.proposer import OfflineProposer

__all__ = ["OfflineJudge", "OfflineProposer"]
