"""Several addresses of one model: which one gets a request, and what is said of those that do not answer."""

from __future__ import annotations

from rubrictool.models.backends.replicas import Replicas


def test_an_address_that_does_not_answer_is_told_once_and_not_again_when_none_does() -> None:
    said: list[str] = []
    replicas = Replicas(["http://a", "http://b"], said.append)
    for number in range(10):
        with replicas.chosen(str(number)) as address:
            replicas.drop(address)
    (line,) = said
    assert "does not answer; its work goes to the 1 left" in line
