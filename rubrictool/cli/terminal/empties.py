"""Report empty responses: how many there were, what became of them without a judge."""

from __future__ import annotations

from rubrictool.cli.session import Session


def tell_empty(session: Session, command: str, count: int, outcome: str) -> None:
    """Put the number of empty responses into the figures, and say it where there are any."""
    session.figures["empty_responses"] = count
    if count:
        session.tell(f"{command}: empty responses: {count:,}; {outcome}")


def scored_without_judge(count: int, failed: int) -> str:
    """Return in words what became of empty responses that were to be scored."""
    if not failed:
        return "no judge was asked, what it would have decided counts as not met"
    if failed == count:
        return "failed without a question; --empty unmet scores them, with judged criteria not met"
    return (
        f"{failed:,} failed without a question, of the others judged criteria count as not met (--empty unmet: of all)"
    )
