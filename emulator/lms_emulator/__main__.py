"""The command `lms-emulator`, also run by `python -m lms_emulator`."""

import sys


def main() -> int:
    """Run one command. Returns the exit code."""
    if sys.argv[1:] == ["healthcheck"]:
        # Containers run this every second, so it skips the parser and everything that other commands import.
        from lms_emulator.command.health import default_url, report

        return report(default_url())
    from lms_emulator.command.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
