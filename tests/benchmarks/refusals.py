"""What refusals cost: random ones beside a clean run, token buckets beside their rate; simulated, in virtual time."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from limited import Bucket, LimitedServer, asked, at_random, everything

QUESTIONS = 2000


def main() -> None:
    """Print the table of docs/performance.md."""
    clean = asked(LimitedServer(everything), QUESTIONS).seconds
    print("| server, 0.2 s, 64 in flight | seconds | of the clean run or the rate | refused | lost |")
    print("|---|---:|---:|---:|---:|")
    for share in (0.0, 0.1, 0.25):
        server = LimitedServer(at_random(share))
        took = asked(server, QUESTIONS)
        _line(f"{share:.0%} refused at random", took.seconds, took.seconds / clean, server, took.lost)
    for per_s, burst, spread, rpm in ((50, 50, 0.5, None), (50, 5, 0.5, None), (10, 2, 0.5, 600)):
        server = LimitedServer(Bucket(per_s, burst), spread=spread)
        took = asked(server, QUESTIONS, rpm=rpm)
        given = f", `--rpm {rpm}`" if rpm else ""
        share_used = QUESTIONS / (per_s * took.seconds + burst)
        _line(f"{per_s} a second, at once {burst}{given}", took.seconds, share_used, server, took.lost)


def _line(name: str, seconds: float, ratio: float, server: LimitedServer, lost: int) -> None:
    print(f"| {name} | {seconds:.1f} | {ratio:.2f} | {server.refused_share:.1%} | {lost} |")


if __name__ == "__main__":
    main()
