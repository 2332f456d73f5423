"""Peak memory of rubrictool score where all replies but the first are cached, and the first row takes long: all others wait."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import processes
import workload

from rubrictool.models.backend import Request
from rubrictool.models.cache import Cache
from rubrictool.models.schema_support import PROBE
from rubrictool.questions import judge
from rubrictool.questions.templates import Templates
from rubrictool.rows.records import Prompt, Rubric

MODEL, CHUNK = "bench", 1000


def keys(files: workload.Files) -> Iterator[str]:
    """The keys of all questions but the first, and of the probe for schemas."""
    templates = Templates()
    with open(files.rubrics) as lines:
        rubrics = {rubric.id: rubric for rubric in map(Rubric.model_validate_json, lines)}
    with open(files.responses) as lines:
        next(lines)
        for row in map(json.loads, lines):
            rubric = rubrics[row["prompt_id"]]
            assert rubric.prompt is not None
            criteria = [criterion.criterion for criterion in rubric.criteria]
            prompt = Prompt.model_construct(id=rubric.id, prompt=rubric.prompt)
            yield _key(judge.question(templates, prompt, criteria, row["response"]).messages)
    yield _key([{"role": "user", "content": PROBE}])


def _key(messages: object) -> str:
    return Request(MODEL, messages, 0, 4096).key()  # type: ignore[arg-type]


def fill(path: Path, files: workload.Files) -> None:
    """Put a reply to each question but the first into the cache."""
    cache, reply = Cache(path), json.dumps({f"c{place}": "yes" for place in range(1, workload.CRITERIA + 1)})
    for key in keys(files):
        cache.put(key, MODEL, reply)
    cache.close()


def main() -> None:
    """Measure and print the figures."""
    flags = processes.flags(__doc__, prompts=12_500, latency=120_000.0)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        files, cache, output = workload.write(directory, flags.prompts), directory / "cache.db", directory / "out.jsonl"
        filling = get_context("spawn").Process(target=fill, args=(cache, files))
        filling.start()
        filling.join()
        with processes.serving(flags.latency) as served:
            command = processes.score(*files, judge=served.spec, cache=cache, output=output, at_once=64)
            run = processes.run(command, directory)
        assert served.seen["requests"] == 1, f"{served.seen['requests']} requests, so the keys differ"
        rows = workload.lines(output)
    print(
        f"{rows:,} rows, the first after {flags.latency / 1000:g} s: {run.peak_mib:.0f} MiB at most, {run.seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
