"""Which responses meet in `winrate`: the systems by name, the files they stand in, and who meets whom on each prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from rubrictool.analysis.matches import Systems
from rubrictool.errors import InputError
from rubrictool.rows.joins import Texts, filled
from rubrictool.rows.jsonl import STDIN, Rows
from rubrictool.rows.records import Comparison, Response
from rubrictool.text.wording import counted

R = TypeVar("R", bound=Response)

One = TypeVar("One", bound=Response, covariant=True)


class System(NamedTuple):
    """A file of responses, under its stem."""

    name: str
    path: str


class Opponents(NamedTuple):
    """The systems that meet. `named` tells whether rows carry their names: of two plain files they do not."""

    systems: Sequence[System]
    baseline: System | None
    named: bool

    @property
    def paths(self) -> list[str]:
        """All files, each once."""
        return [system.path for system in (*self.systems, *([self.baseline] if self.baseline else []))]

    def pairs(self, *, everyone: bool) -> Iterator[tuple[System, System]]:
        """Who meets whom: each system the baseline; without one, or for `everyone`, all others too."""
        if self.baseline:
            yield from ((system, self.baseline) for system in self.systems)
        if self.baseline is None or everyone:
            yield from combinations(self.systems, 2)


def entrants(paths: Sequence[str], baseline: str | None) -> Opponents:
    """The systems of the files, the baseline left out where it is among them (a glob takes all).

    Raises `InputError` for two systems of one name, and where nobody is left to meet the baseline.
    """
    systems = [_system(path) for path in paths if baseline is None or not _same(path, baseline)]
    opposite = _system(baseline) if baseline is not None else None
    if not systems:
        raise InputError(f"--baseline {baseline}: is the only file; name others to compare with it")
    everybody = [*systems, *([opposite] if opposite else [])]
    seen: dict[str, str] = {}
    for name, path in everybody:
        if name in seen and (opposite or len(everybody) > 2):
            raise InputError(
                f"{path}: {seen[name]} is named {name} too; systems are named by their files, so rename one"
            )
        seen[name] = path
    return Opponents(systems, opposite, named=opposite is not None or len(systems) > 2)


def _system(path: str) -> System:
    return System("stdin" if path == STDIN else Path(path).stem, path)


def _same(one: str, other: str) -> bool:
    return one == other or (STDIN not in (one, other) and Path(one).resolve() == Path(other).resolve())


@dataclass(frozen=True)
class Pairing(Generic[One]):
    """Two responses to one prompt, and the systems that they are of where rows carry the names."""

    a: One
    b: One
    systems: Systems | None

    def columns(self) -> dict[str, Any]:
        """What the failures file tells of it."""
        return {"prompt_id": self.a.prompt_id, "a": self.a.id, "b": self.b.id, **self._names()}

    def named(self, comparison: Comparison) -> Comparison:
        """A comparison with the systems in its columns, where they have names."""
        return Comparison.model_validate({**comparison.columns(), **self._names()}) if self.systems else comparison

    def _names(self) -> dict[str, str]:
        return {"system_a": self.systems.a, "system_b": self.systems.b} if self.systems else {}


def pairings(of: Opponents, kind: type[R], texts: Texts, *, common: bool, everyone: bool = False) -> list[Pairing[R]]:
    """Who meets whom, pair of systems by pair, each in the order of its first file.

    Raises `InputError` where the files do not match.
    """
    rows = {path: filled([row for _, row in texts.checked(Rows(path, kind))], path) for path in of.paths}
    return [
        Pairing(one, other, Systems(a.name, b.name) if of.named else None)
        for a, b in of.pairs(everyone=everyone)
        for one, other in _met(a.path, b.path, rows, common=common)
    ]


def _met(a: str, b: str, rows: Mapping[str, Sequence[R]], *, common: bool) -> list[tuple[R, R]]:
    """The responses of two files that meet: the k-th to a prompt the k-th."""
    ours, theirs = _by_prompt(rows[a]), _by_prompt(rows[b])
    alone = sorted(ours.keys() ^ theirs.keys())
    if alone and not common:
        where = a if alone[0] in ours else b
        raise InputError(
            f"{where}: prompt_id: {counted(len(alone), 'prompt')} in one file only ({alone[0]}); --common leaves them out"
        )
    shared = [prompt_id for prompt_id in ours if prompt_id in theirs]
    if not shared:
        raise InputError(f"{a}: has no prompt in common with {b}")
    found = {one.id: (one, other) for name in shared for one, other in _kth(name, a, ours[name], b, theirs[name])}
    return [found[row.id] for row in rows[a] if row.id in found]


def _by_prompt(rows: Sequence[R]) -> dict[str, list[R]]:
    grouped: dict[str, list[R]] = {}
    for row in rows:
        grouped.setdefault(row.prompt_id, []).append(row)
    return grouped


def _kth(prompt_id: str, a: str, ours: Sequence[R], b: str, theirs: Sequence[R]) -> Iterator[tuple[R, R]]:
    if len(ours) != len(theirs):
        raise InputError(
            f"{a}: {prompt_id}: {counted(len(ours), 'response')} here, {len(theirs)} in {b}; the k-th meets the k-th, so give as "
            "many, or choose with rubrictool filter-top-k"
        )
    yield from zip(ours, theirs, strict=True)
