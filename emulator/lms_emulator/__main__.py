"""The command `lms-emulator`, which `python -m lms_emulator` is as well."""

import sys


def main() -> int:
    """Run one command. Returns the exit code."""
    if sys.argv[1:] == ["healthcheck"]:
        # Containers ask it every second: without the parser and what the other commands need.
        from lms_emulator.command.health import default_url, report

        return report(default_url())
    from lms_emulator.command.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
