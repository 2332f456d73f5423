"""python -m rubrictool, and the command of that name: Ctrl-C ends it in one line, also while it is still importing."""

from rubrictool import interrupts


def main() -> None:
    """Run the command line and leave with its exit code."""
    interrupts.install()
    try:
        from rubrictool.cli import main as run

        run()
    except KeyboardInterrupt:
        interrupts.end()


if __name__ == "__main__":
    main()
