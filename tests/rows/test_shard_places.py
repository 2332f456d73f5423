"""Shards are contiguous, end between prompts, and together are the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubrictool.errors import InputError
from rubrictool.rows.shards import PromptRuns, Shard


def places(runs: PromptRuns, count: int) -> list[range]:
    return [Shard(number, count).places(runs) for number in range(1, count + 1)]


@given(st.lists(st.sampled_from("abcd"), max_size=40), st.integers(1, 60))
def test_all_shards_in_order_hold_each_row_once(prompts: list[str], count: int) -> None:
    together = [place for part in places(PromptRuns.of(prompts), count) for place in part]
    assert together == list(range(len(prompts)))


@given(st.lists(st.sampled_from("abcd"), max_size=40), st.integers(1, 12))
def test_no_shard_begins_between_two_rows_of_one_prompt(prompts: list[str], count: int) -> None:
    begins = [part.start for part in places(PromptRuns.of(prompts), count) if part]
    assert all(place == 0 or prompts[place - 1] != prompts[place] for place in begins)


@given(st.integers(0, 200), st.integers(1, 50))
def test_shards_of_prompts_differ_by_one_at_most(rows: int, count: int) -> None:
    sizes = {len(part) for part in places(PromptRuns.of_prompts(rows), count)}
    assert max(sizes) - min(sizes) <= 1


@given(st.lists(st.integers(1, 9), min_size=1, max_size=30), st.integers(1, 12))
def test_a_shard_exceeds_its_share_of_the_rows_by_less_than_one_prompt(sizes: list[int], count: int) -> None:
    runs = PromptRuns.of(str(prompt) for prompt, size in enumerate(sizes) for _ in range(size))
    assert all(len(part) < sum(sizes) / count + max(sizes) for part in places(runs, count))


def test_rows_of_one_prompt_in_several_places_are_noticed() -> None:
    assert not PromptRuns.of("aabbc").scattered
    assert PromptRuns.of("aabba").scattered
    assert not PromptRuns.of("").scattered


@pytest.mark.parametrize(
    "text",
    [
        "0/3",
        "4/3",
        "1/0",
        "3",
        "",
        "/",
        "1/",
        "a/b",
        "-1/3",
        "+1/3",
        "1 /3",
        "1.0/3",
        "1/2/3",
        "٣/٥",
        "1/" + "9" * 5000,
    ],
)
def test_what_is_no_shard_is_an_input_error_that_says_how_to_write_one(text: str) -> None:
    with pytest.raises(InputError, match=r"must be I/N, whole numbers with I from 1 to N, such as 3/8"):
        Shard.parse(text)


def test_a_shard_is_written_as_it_is_read() -> None:
    assert Shard.parse("03/8") == Shard(3, 8)
    assert str(Shard(3, 8)) == "3/8"
