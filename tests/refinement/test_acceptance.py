"""Test which proposals are taken: each rule refuses what it is there to refuse, and nothing is judged twice for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from fakes import ListProposer, WordJudge
from hypothesis import given
from hypothesis import strategies as st

from rubrictool.linting.rewording import says_again
from rubrictool.refinement.accept import (
    AcceptRule,
    Trial,
    aligned,
    label_agreement,
    repeats,
    reweighed,
    separates,
    without,
)
from rubrictool.refinement.loop import Refinement, refine
from rubrictool.refinement.options import RefineOptions
from rubrictool.refinement.pairs import PoolRule
from rubrictool.rows.records import Criterion, Prompt, Response, Score
from rubrictool.rows.verdicts import Verdict
from rubrictool.rubric.weights import score

POOL = "abcdefgh"


def criteria(*texts: str, weight: int = 1) -> tuple[Criterion, ...]:
    return tuple(Criterion(id=text, criterion=text, weight=weight) for text in texts)


def scored(rubric: Sequence[Criterion], meets: dict[str, str]) -> dict[str, Score]:
    """Scores of responses that meet the criteria whose letters they hold."""
    rows = {}
    for name, letters in meets.items():
        verdicts = tuple(Verdict(id=c.id, met=c.id in letters) for c in rubric)
        told = {"judge": "j", "judging": "all-at-once", "rubric": "r"}
        row = {"id": name, "prompt_id": "p", "response": letters, "score": score(rubric, verdicts)}
        rows[name] = Score.model_validate(row | told | {"verdicts": verdicts})
    return rows


def trial(
    meets: dict[str, str], *, old: str = "x", new: str = "xy", signal: Mapping[str, float] | None = None
) -> Trial:
    one, other = list(meets)[:2]
    before, after = criteria(*old), criteria(*new)
    return Trial(before, after, scored(before, meets), scored(after, meets), (one, other), signal or {})


def test_a_proposal_that_leaves_the_pair_tied_does_not_separate() -> None:
    found = separates(trial({"a": "x", "b": "x"}))
    assert ([c.id for c in found.criteria], "still tied" in found.reason) == (["x"], True)


def test_a_proposal_that_tells_the_pair_apart_and_keeps_the_order_is_taken() -> None:
    found = separates(trial({"a": "xy", "b": "x", "c": "x", "d": "", "e": ""}))
    assert [c.id for c in found.criteria] == ["x", "y"]


def test_a_proposal_that_turns_the_pool_round_is_refused_though_it_tells_the_pair_apart() -> None:
    found = separates(trial({"a": "xy", "b": "x", "c": "x", "d": "yz", "e": "yz"}, new="xyz"))
    assert [c.id for c in found.criteria] == ["x"]


def test_agreement_with_labels_outside_the_pair_must_not_fall() -> None:
    meets = {"a": "xy", "b": "x", "c": "x", "d": "y", "e": "xy", "f": "x", "g": "y"}
    up, down = ({"c": 1.0, "d": lower, "e": 2.0, "f": 1.0, "g": lower} for lower in (0.0, 3.0))
    refused = label_agreement(trial(meets, new="y", signal=up))
    assert (refused.criteria, "of 8 pairs" in refused.reason) == (criteria("x"), True)
    assert label_agreement(trial(meets, new="y", signal=down)).criteria == criteria("y")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Names red.", "names red"),
        ("Mentions acceleration.", "The response mentions acceleration"),
    ],
)
def test_what_lint_calls_a_duplicate_is_said_again(one: str, other: str) -> None:
    assert says_again(one, other)


def test_without_labels_outside_the_pair_nothing_speaks_against_a_proposal() -> None:
    alike = dict.fromkeys("cdefg", "x")
    for signal, said in (({"c": 1, "d": 0}, "too little data"), (dict.fromkeys("cdefg", 1), "are all equal")):
        found = label_agreement(trial({"a": "xy", "b": "x", **alike}, signal=signal))
        assert (found.criteria, said in found.reason) == (criteria("x", "y"), True)


def ranks(letters: Sequence[str]) -> dict[str, str]:
    return dict(zip(POOL, letters, strict=True))


def test_a_criterion_that_falls_where_quality_rises_is_refused_and_the_others_are_taken() -> None:
    meets = ranks(["xyz", "x", "xy", "xy", "xy", "xz", "xz", "xz"])
    signal = {name: float(place) for place, name in enumerate(POOL)}
    found = aligned(trial(meets, new="xyz", signal=signal))
    assert [c.id for c in found.criteria] == ["x", "z"]
    assert [(refusal.criterion.id, "correlation" in refusal.reason) for refusal in found.refused] == [("y", True)]


def test_a_criterion_that_rises_exactly_with_the_signal_is_taken() -> None:
    meets = ranks(["xy", "x", "x", "x", "x", "xy", "xy", "xy"])
    signal = {name: float("y" in letters) for name, letters in meets.items()}
    assert aligned(trial(meets, signal=signal)).refused == ()


def test_a_penalty_is_read_by_its_sign() -> None:
    meets = ranks(["xy", "x", "xy", "xy", "xy", "x", "x", "x"])
    signal = {name: float(place) for place, name in enumerate(POOL)}
    new = (*criteria("x"), *criteria("y", weight=-1))
    on_trial = Trial(criteria("x"), new, scored(criteria("x"), meets), scored(new, meets), ("a", "b"), signal)
    assert aligned(on_trial).refused == ()


def test_of_few_responses_nothing_is_concluded() -> None:
    meets = {"a": "xy", "b": "x", "c": "xy", "d": "x"}
    assert aligned(trial(meets, signal={"c": 0.0, "d": 9.0})).refused == ()


def test_a_criterion_that_is_to_weigh_less_is_not_held_to_the_signal() -> None:
    meets = ranks(["xy", "x", "xy", "xy", "xy", "x", "x", "x"])
    signal = {name: float(place) for place, name in enumerate(POOL)}
    old, new = (criteria("x") + criteria("y", weight=weight) for weight in (3, 1))
    before, after = scored(old, meets), scored(new, meets)
    assert aligned(Trial(old, new, before, after, ("a", "b"), signal)).criteria == new
    assert aligned(Trial(new, old, after, before, ("a", "b"), signal)).criteria == new


def test_what_was_rewritten_is_as_before_when_the_new_words_are_refused() -> None:
    old = criteria("x", "y")
    new = (old[0], old[1].model_copy(update={"criterion": "other"}), *criteria("z"))
    assert without(old, new, {"y", "z"}) == old


def test_a_criterion_that_says_again_what_another_says_is_found() -> None:
    first = "Names the rise of territorial states such as Sweden, Denmark or Muscovy as a cause."
    again = "Names the emergence of territorial states (for instance Muscovy, Sweden or Denmark) as one cause."
    other = "Names the shift of trade to the Atlantic as a cause."
    rubric = tuple(
        Criterion(id=f"c{n}", criterion=text, weight=1) for n, text in enumerate([first, again, other, other.upper()])
    )
    found = [(refusal.criterion.id, refusal.reason) for refusal in repeats(rubric[:1], rubric)]
    assert found == [("c1", "repeats c0"), ("c3", "repeats c2")]


@given(st.lists(st.sets(st.sampled_from("xyz")), min_size=3, max_size=8), st.sets(st.sampled_from("yz")))
def test_scores_made_of_the_verdicts_of_a_trial_are_what_judging_would_have_given(
    letters: list[set[str]], refused: set[str]
) -> None:
    meets = {POOL[place]: "".join(sorted(those)) for place, those in enumerate(letters)}
    on_trial = trial(meets, old="x", new="xyz")
    stands = without(on_trial.old, on_trial.new, refused)
    assert {row.id: row.score for row in reweighed(stands, on_trial)} == {
        name: row.score for name, row in scored(stands, meets).items()
    }


TEXTS = {"a": "red green", "b": "green red", "c": "red", "d": "grey", "e": "grey blue", "f": "blue"}


def run(
    later: Sequence[str], *, judge: WordJudge, accept: AcceptRule, pool: PoolRule = "drop-used", rounds: int = 2
) -> tuple[Refinement, ListProposer]:
    rows = [{"id": name, "model": f"m-{name}", "response": text} for name, text in TEXTS.items()]
    prompt = Prompt.model_validate({"id": "p", "prompt": "Name colours.", "responses": rows})
    proposer = ListProposer("red", "green", later=later)
    options = RefineOptions(rounds=rounds, pool_rule=pool, accept=accept)
    refined = refine(prompt, prompt.responses, judge=judge, proposer=proposer, options=options)
    return asyncio.run(refined), proposer


def test_a_refused_proposal_leaves_the_rubric_and_the_trace_says_why() -> None:
    refined, _ = run(["pink"], judge=WordJudge(), accept="separates", rounds=1)
    assert [c.criterion for c in refined.rubric.criteria] == ["red", "green"]
    first = refined.rounds[0]
    assert (first.accepted, first.reason) == (False, "the shown pair is still tied")
    assert [c.criterion for c in first.changes.added] == ["pink"]
    assert first.before.rubric == first.after.rubric
    assert (refined.rubric.rounds, refined.rubric.stopped) == (0, "done")


def test_the_scores_of_a_trial_are_the_next_rounds() -> None:
    judge = WordJudge()
    refined, _ = run(["pink", "blue"], judge=judge, accept="separates")
    rubrics = [ids for _, ids in judge.asked]
    assert rubrics.count(("c1", "c2")) == len(TEXTS), "the first rubric, once"
    assert len(judge.asked) == len(TEXTS) + len(TEXTS) + (len(TEXTS) - 2)
    assert [row.accepted for row in refined.rounds] == [False, False]


def test_a_pair_whose_proposal_was_refused_is_not_shown_again_where_the_pool_is_kept() -> None:
    _, proposer = run(["pink", "mauve", "teal"], judge=WordJudge(), accept="separates", pool="keep", rounds=3)
    shown = [frozenset(pair) for pair in proposer.shown]
    assert shown[0] == {"a", "b"}
    assert shown.count(shown[0]) == 1


def test_what_all_meet_or_none_stands_in_the_trace() -> None:
    refined, _ = run(["mauve", "teal"], judge=WordJudge(), accept="always")
    assert (refined.rounds[0].all_met, refined.rounds[0].never_met) == ((), ())
    assert refined.rounds[1].never_met == ("c2", "c3")


def test_a_judge_that_fails_on_trial_keeps_the_rubric() -> None:
    class Tires(WordJudge):
        async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
            response = response.model_copy(update={"response": "!fail"}) if len(criteria) > 2 else response
            return await super().verdicts(prompt, criteria, response)

    refined, _ = run(["blue"], judge=Tires(), accept="separates")
    assert (refined.rubric.stopped, len(refined.rubric.criteria)) == ("failed", 2)
    assert refined.failure is not None


def test_candidates_that_a_trial_could_not_judge_are_judged_again() -> None:
    class Tired(WordJudge):
        async def verdicts(self, prompt: Prompt, criteria: Sequence[Criterion], response: Response) -> list[Verdict]:
            tired = len(criteria) == 3 and sum(len(ids) == 3 for _, ids in self.asked) < len(TEXTS)
            failing = tired and response.id not in ("a", "b")
            asked = response.model_copy(update={"response": "!fail"}) if failing else response
            return await super().verdicts(prompt, criteria, asked)

    refined, proposer = run(["red green", "teal"], judge=Tired(), accept="separates")
    assert [row.accepted for row in refined.rounds][:1] == [True]
    assert (len(proposer.shown), refined.failure) == (2, None)


@pytest.mark.parametrize("accept", ["separates", "label-agreement", "label-correlation", "skill"])
def test_a_proposal_that_changes_nothing_costs_no_trial(accept: AcceptRule) -> None:
    judge = WordJudge()
    run(["red"], judge=judge, accept=accept, rounds=1)
    assert {ids for _, ids in judge.asked} == {("c1", "c2")}
