"""A key goes to the one server that it was made for, and what has none is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from chat import ChatServer, chat_server
from shell import Shell

from rubrictool.errors import InputError
from rubrictool.models.context import RunContext
from rubrictool.models.options import ModelConfig
from rubrictool.models.origins import API_KEY, key_for, variable_of
from rubrictool.models.spec import connect

PROMPTS = [{"id": "p", "prompt": "Why?", "responses": ["So.", "Not so."]}]


@pytest.fixture
def servers() -> Iterator[list[ChatServer]]:
    with ExitStack() as stack:
        yield [stack.enter_context(chat_server()) for _ in range(2)]


def variable(server: ChatServer) -> str:
    return f"{API_KEY}_127_0_0_1_{server.port}"


def keys_at(server: ChatServer) -> set[str | None]:
    return {headers.get("Authorization") for headers in server.headers_seen}


def refined(shell: Shell, judge: str, proposer: str, *more: object) -> tuple[int, str]:
    roles = ["--pairs", "great", "--rounds", 1, "--judge", judge, "--proposer", proposer, "--no-cache"]
    ran = shell("refine", shell.write("p.jsonl", PROMPTS), *roles, *more, "-o", "out.jsonl")
    return ran.code, ran.err


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("http://localhost:8001/v1", "LOCALHOST_8001"),
        ("https://api.example-host.com/v1", "API_EXAMPLE_HOST_COM"),
        ("https://api.example.com:443/v1", "API_EXAMPLE_COM"),
        ("http://gpu1:80", "GPU1"),
        ("https://gpu1:80", "GPU1_80"),
        ("http://[::1]:2/v1", "___1__2"),
    ],
)
def test_the_variable_is_named_after_host_and_port(address: str, name: str) -> None:
    assert variable_of(address) == f"{API_KEY}_{name}"


A, B, C = "https://a/v1", "https://b/v1", "https://c/v1"


@pytest.mark.parametrize(
    ("own", "others", "keys", "found"),
    [
        ([A], [[A]], {"": "k"}, (API_KEY, "k")),
        ([A], [[A]], {}, (API_KEY, None)),
        ([A], [[A]], {"": "k", "_A": "a"}, (API_KEY + "_A", "a")),
        ([A, B], [[A, B]], {"": "k"}, (API_KEY, "k")),
        ([A, B], [], {"_B": "b"}, (API_KEY + "_B", "b")),
        ([A], [[A], [B]], {"": "k"}, (API_KEY + "_A", None)),
        ([A], [[A], [B]], {"": "k", "_A": "a"}, (API_KEY + "_A", "a")),
        ([A], [[A], [B]], {"_B": "b"}, (API_KEY + "_A", None)),
        ([A], [["https://A:443/other"]], {"": "k"}, (API_KEY, "k")),
        ([A], [["https://a:8443/v1"]], {"": "k"}, (API_KEY + "_A", None)),
        ([A], [[A, B], [B, C]], {"": "k"}, (API_KEY, "k")),
        ([A], [[A, B], [C]], {"": "k", "_B": "b"}, (API_KEY + "_B", "b")),
        ([A], [[B]], {"": "k", "_A": " \n"}, (API_KEY + "_A", None)),
    ],
)
def test_the_key_of_an_origin(
    monkeypatch: pytest.MonkeyPatch,
    own: list[str],
    others: list[list[str]],
    keys: dict[str, str],
    found: tuple[str, str | None],
) -> None:
    for name, value in keys.items():
        monkeypatch.setenv(API_KEY + name, value)
    assert key_for(own, others) == found


def test_a_key_that_no_header_could_carry_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{API_KEY}_A", "one\ntwo")
    with pytest.raises(InputError, match=f"{API_KEY}_A: contains a character"):
        key_for([A], [[B]])


def test_several_servers_get_each_its_own_key(
    shell: Shell, servers: list[ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, proposer = servers
    monkeypatch.setenv(variable(judge), "key-of-the-judge")
    monkeypatch.setenv(variable(proposer), "key-of-the-proposer")
    monkeypatch.setenv(API_KEY, "key-of-nobody")
    code, words = refined(shell, judge.spec, proposer.spec)
    assert (code, "no key is sent" in words) == (0, False), words
    assert keys_at(judge) == {"Bearer key-of-the-judge"}
    assert keys_at(proposer) == {"Bearer key-of-the-proposer"}


def test_an_origin_without_its_variable_gets_no_key_and_that_is_told(
    shell: Shell, servers: list[ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, proposer = servers
    monkeypatch.setenv(API_KEY, "key-of-nobody")
    monkeypatch.setenv(variable(proposer), "key-of-the-proposer")
    code, words = refined(shell, judge.spec, proposer.spec)
    assert code == 0, words
    assert (keys_at(judge), keys_at(proposer)) == ({None}, {"Bearer key-of-the-proposer"})
    (line,) = [line for line in words.splitlines() if "no key is sent" in line]
    assert line.startswith(judge.address)
    assert line.endswith(variable(judge))


def test_servers_without_any_key_are_no_news(shell: Shell, servers: list[ChatServer]) -> None:
    code, words = refined(shell, servers[0].spec, servers[1].spec)
    assert (code, "key" in words) == (0, False)


def test_the_addresses_of_one_spec_are_one_origin(
    shell: Shell, servers: list[ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(API_KEY, "key-of-both")
    one, other = servers
    code, words = refined(shell, f"{one.spec},{other.address}", other.spec)
    assert (code, "no key" in words) == (0, False)
    assert keys_at(one) | keys_at(other) == {"Bearer key-of-both"}


@pytest.mark.parametrize("sent", [True, False])
def test_a_denial_names_the_variable(
    shell: Shell, servers: list[ChatServer], monkeypatch: pytest.MonkeyPatch, sent: bool
) -> None:
    judge, proposer = servers
    proposer.status = 401
    monkeypatch.setenv(variable(proposer) if sent else API_KEY, "key-of-the-proposer")
    _, words = refined(shell, judge.spec, proposer.spec)
    name = variable(proposer)
    assert (f"(key: {name})" if sent else f"(no key was sent: {name} is not set)") in words
    assert "key-of-the-proposer" not in words


def test_a_key_of_its_own_goes_over_plain_http_no_more_than_another(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{API_KEY}_GPU1_8000", "key-of-the-judge")
    code, words = refined(shell, "m@http://gpu1:8000/v1", "m@https://gpu2/v1")
    assert (code, f"{API_KEY}_GPU1_8000 would be sent over plain http" in words) == (2, True)


def test_the_library_is_told_of_all_specs_before_the_first_connects(
    servers: list[ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(API_KEY, "key-of-nobody")
    told: list[str] = []
    bare = [server.address for server in servers]
    access = RunContext(specs=bare, notify=told.append)

    async def main() -> None:
        for spec in bare:
            model = await connect(ModelConfig(spec), access)
            await model.close()

    asyncio.run(main())
    assert [line.partition(": no key")[0] for line in told] == bare


def test_a_second_origin_that_the_library_was_not_told_of_gets_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(API_KEY, "key-of-the-first")
    told: list[str] = []
    access = RunContext(notify=told.append)
    for spec in (f"m@{A}", f"m@{B}"):
        asyncio.run(connect(ModelConfig(spec), access))
    assert told == [f"{B}: no key is sent; with several servers in a run each has a variable of its own: {API_KEY}_B"]
