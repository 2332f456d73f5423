"""Measure what a row of `rubrictool score` costs this machine: processor time, memory, cache, output; for docs/scale.md.

Prints JSON. Each figure is the difference of two runs, of few rows and of many, so that the start is left out; `base_mib` is
the memory without rows. With `--ray-address` also the driver's share of a run on that cluster, for which this Python needs Ray.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import processes
import workload
from processes import Run

SHARDS = 64
FEW, MANY = 100, 1000
"""Prompts, of 16 responses each."""


def asked(directory: Path, files: workload.Files, cache: Path, *extra: str) -> Run:
    """Score with a server that answers at once, with an empty cache."""
    with processes.serving(0) as served:
        output = directory / "scores.jsonl"
        command = processes.score(*files, judge=served.spec, cache=cache, output=output, at_once=256)
        return processes.run([*command, *extra], directory)


def passed(directory: Path, files: workload.Files, cache: Path) -> Run:
    """Read and check all rows, and score one shard of them from the cache."""
    judge, output = "bench@http://127.0.0.1:9/v1", directory / "shard.jsonl"
    command = processes.score(*files, judge=judge, cache=cache, output=output, at_once=64)
    return processes.run([*command, "--shard", f"1/{SHARDS}"], directory)


def merged(directory: Path, cache: Path) -> Run:
    """Merge the cache into an empty one."""
    command = [processes.RUBRICTOOL, "cache", "merge", str(directory / "merged.db"), str(cache)]
    return processes.run(command, directory)


def figures(directory: Path, prompts: int, address: str | None) -> dict[str, float]:
    """The figures of one size of the input."""
    files, cache = workload.write(directory, prompts), directory / "cache.db"
    run = asked(directory, files, cache)
    shard = passed(directory, files, cache)
    found = {
        "rows": prompts * workload.RESPONSES,
        "score_cpu_s": run.cpu_s,
        "score_peak_mib": run.peak_mib,
        "shard_cpu_s": shard.cpu_s,
        "shard_peak_mib": shard.peak_mib,
        "merge_cpu_s": merged(directory, cache).cpu_s,
        "cache_bytes": cache.stat().st_size,
        "input_bytes": files.responses.stat().st_size,
        "output_bytes": (directory / "scores.jsonl").stat().st_size,
    }
    if address:
        driver = asked(directory, files, directory / "ray.db", "--engine", "ray", "--ray-address", address)
        found |= {"driver_cpu_s": driver.cpu_s, "driver_peak_mib": driver.peak_mib}
    return found


def measured(address: str | None) -> dict[str, float]:
    """Each figure for one more row."""
    both = []
    for prompts in (FEW, MANY):
        with tempfile.TemporaryDirectory() as directory:
            both.append(figures(Path(directory), prompts, address))
    few, many = both
    rows = many["rows"] - few["rows"]
    found = {name: (many[name] - few[name]) / rows for name in few if name != "rows"}
    return {"base_mib": few["score_peak_mib"] - few["rows"] * found["score_peak_mib"], **found}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ray-address", help="HOST:PORT of a cluster.")
    print(json.dumps({"machine": processes.machine(), **measured(parser.parse_args().ray_address)}, indent=1))
