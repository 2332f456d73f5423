"""Test what each worker of a cluster may ask."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rubrictool.distribution.engine import shares_of
from rubrictool.models.options import AskPolicy

counts = st.integers(1, 5000)


@given(counts, counts, st.none() | counts, st.none() | counts)
def test_the_shares_of_all_workers_are_never_more_than_the_whole(
    slots: int, processors: int, rpm: int | None, tpm: int | None
) -> None:
    shares = shares_of(AskPolicy(concurrency=slots, rpm=rpm, tpm=tpm), processors)
    assert sum(share.concurrency for share in shares) == slots
    assert len(shares) <= processors
    assert abs(sum(share.published_share for share in shares) - 1) < 1e-9
    if rpm is not None:
        assert 1 <= sum(share.rpm or 0 for share in shares) <= rpm
    if tpm is not None:
        assert 1 <= sum(share.tpm or 0 for share in shares) <= tpm
