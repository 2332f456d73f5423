"""One run of a command: its models, its files, its rows, and how it ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar

import typer

from rubrictool import players
from rubrictool.cache import Cache, cache_path
from rubrictool.cli.files import OnlyIfAny, Sink, Staged, all_different, failures_path, sink
from rubrictool.cli.flags import Asking, Files, Wording
from rubrictool.errors import RowFailure
from rubrictool.jsonl import encode, encode_value
from rubrictool.llm import Model
from rubrictool.progress import Progress
from rubrictool.prompts import Templates
from rubrictool.records import Row
from rubrictool.roles import Judge, Proposer
from rubrictool.run import Outcome, in_order
from rubrictool.specs import OFFLINE, Access, Asked, connect

T = TypeVar("T")

SOME_FAILED, MISSED, INTERRUPTED = 1, 3, 130


class Interrupted(Exception):
    """Ctrl-C or SIGTERM came; outputs are as they were before."""


class Session:
    """What a command holds while it runs. Opening it opens its files, so that nothing is spent for nothing."""

    def __init__(
        self,
        command: str,
        files: Files,
        asking: Asking | None = None,
        wording: Wording | None = None,
        *,
        trace: str | None = None,
    ) -> None:
        self._command, self._files, self._asking = command, files, asking or Asking()
        self.progress = Progress(command, quiet=files.quiet)
        self.figures: dict[str, Any] = {}
        self._missed = ""
        self._models: list[Model] = []
        self._cache: Cache | None = None
        self._access = self._reach(wording or Wording())
        self._failures_path = failures_path(files.failures, files.output, command)
        outputs = {"--output": files.output, "--failures": str(self._failures_path)}
        all_different({**outputs, "--summary": files.summary, "--trace": trace})
        self._open(trace)

    async def judge(self, asked: Asked) -> Judge:
        """The judge that the flags name."""
        return self._held(await players.judge(asked, self._access))

    async def proposer(self, asked: Asked) -> Proposer:
        """The proposer that the flags name."""
        return self._held(await players.proposer(asked, self._access))

    async def model(self, asked: Asked) -> Model:
        """A model to draw responses from."""
        model = await connect(asked, self._access)
        self._models.append(model)
        return model

    def say_offline(self, **roles: Asked) -> None:
        """Say which roles the built-in rules play."""
        played = [role for role, asked in roles.items() if asked.spec == OFFLINE]
        if played:
            flags = " and ".join(f"--{role} SPEC" for role in played)
            chooses = "chooses a model" if len(played) == 1 else "choose models"
            self.tell(f"{' and '.join(played)}: offline (built-in rules, no model); {flags} {chooses}")

    def tell(self, line: str) -> None:
        """Say a line to people."""
        self.progress.tell(line)

    def emit(self, row: Row) -> None:
        """Write one finished row."""
        self._rows.write(encode(row))

    def fail(self, row: Row | Mapping[str, Any], failure: RowFailure) -> None:
        """Write one unfinished row, with why."""
        columns = row.columns() if isinstance(row, Row) else dict(row)
        error = {"kind": failure.kind, "message": failure.message, "attempts": failure.attempts}
        self._failures.write(encode_value({**columns, "error": error}))

    async def do(
        self, items: Iterable[T], work: Callable[[T], Awaitable[Outcome]], row_of: Callable[[T], Any], *, total: int
    ) -> None:
        """Work on all items and write what comes of them, in their order."""
        self.progress.start(total, [model.tally for model in self._models])
        async with aclosing(in_order(items, work, at_once=self._asking.concurrency)) as outcomes:
            async for item, outcome in outcomes:
                self._write(row_of(item), outcome)

    def miss(self, words: str) -> None:
        """Note that a threshold was missed."""
        self._missed = words

    def run(self, main: Callable[[], Awaitable[None]]) -> None:
        """Run to the end: files in their places, the closing line, the exit code.

        Raises `Interrupted`, `InputError` and `ReaderGone` with all files left as they were.
        """
        try:
            asyncio.run(self._supervised(main))
        except (KeyboardInterrupt, asyncio.CancelledError):
            self._discard()
            raise Interrupted(
                f"{self._command}: interrupted; what was paid for is in the cache, run it again"
            ) from None
        except BaseException:  # files must not stay half-written whatever it is; it is raised again
            self._discard()
            raise
        self._close()

    def _open(self, trace: str | None) -> None:
        self._sinks: list[Sink] = []
        try:
            self._rows = self._sink(sink(self._files.output))
            self._failures = self._sink(OnlyIfAny(self._failures_path))
            self._trace = self._sink(Staged(Path(trace))) if trace else None
            self._summary = self._sink(Staged(Path(self._files.summary))) if self._files.summary else None
        except Exception:  # the files opened before the one that failed; it is raised again
            self._discard()
            raise

    def _sink(self, opened: Any) -> Any:
        self._sinks.append(opened)
        return opened

    def _reach(self, wording: Wording) -> Access:
        return Access(
            cache=self._opened_cache,
            slots=asyncio.Semaphore(self._asking.concurrency),
            attempts=self._asking.attempts,
            timeout_s=self._asking.timeout,
            allow_http_key=self._asking.allow_http_key,
            templates=Templates(wording.templates),
            use_reference=wording.use_reference,
            tell=self.tell,
        )

    def _opened_cache(self) -> Cache | None:
        """The run's cache, opened for the first model that needs one."""
        if self._cache is None and not self._asking.no_cache:
            self._cache = Cache(cache_path(self._asking.cache))
        return self._cache

    def _held(self, role: T) -> T:
        if model := players.model_of(role):
            self._models.append(model)
        return role

    async def _supervised(self, main: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        try:
            await main()
        finally:
            for model in self._models:
                await model.close()
            self.progress.stop()

    def _write(self, row: Any, outcome: Outcome) -> None:
        for finished in outcome.rows:
            self.emit(finished)
        for step in outcome.trace:
            if self._trace:
                self._trace.write(encode(step))
        if outcome.failure:
            self.fail(row, outcome.failure)
        self.progress.row(failed=outcome.failure is not None)

    def _close(self) -> None:
        progress = self.progress
        counts = {"rows": progress.done, "failed": progress.failed, "calls": progress.calls, "cached": progress.cached}
        code = SOME_FAILED if progress.failed else MISSED if self._missed else 0
        if self._summary:
            figures = {"command": self._command, **counts, "seconds": round(progress.seconds, 3), **self.figures}
            self._summary.write(encode_value({**figures, "exit_code": code}))
        for opened in self._sinks:
            opened.commit()
        self._say_closing(counts)
        raise typer.Exit(code)

    def _say_closing(self, counts: Mapping[str, int]) -> None:
        failed = f"{counts['failed']} failed" + (f" ({self._failures_path})" if counts["failed"] else "")
        calls = f", {counts['calls']} calls, {counts['cached']} cached" if self._models else ""
        rows = "1 row" if counts["rows"] == 1 else f"{counts['rows']} rows"
        self.tell(f"{self._command}: {rows}, {failed}{calls}, {self.progress.seconds:.1f} s")
        if self._missed:
            self.tell(f"{self._command}: {self._missed}")

    def _discard(self) -> None:
        self.progress.stop()
        for opened in self._sinks:
            opened.discard()
