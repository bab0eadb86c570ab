"""Errors of the command line, the control API and world files. A provider never sends them."""

from __future__ import annotations

LONGEST_PROBLEM = 1_000
"""How much of a problem of a world file is reported: it may quote a name of any length."""


def shortened(text: str, most: int) -> str:
    """The text, or the beginning of it."""
    return text if len(text) <= most else f"{text[:most]}…"


class UsageError(Exception):
    """A mistake by the person who runs the emulator. The text says in one line what is wrong and how to fix it."""


class WorldError(UsageError):
    """A world file or posted world that cannot be used.

    Attributes: `problems`, one line each: where it is and what was expected.
    """

    def __init__(self, problems: list[str]) -> None:
        problems = [shortened(problem, LONGEST_PROBLEM) for problem in problems]
        more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        super().__init__("; ".join(problems[:3]) + more)
        self.problems = problems


class NotFoundError(UsageError):
    """There is no world, snapshot or journal entry of that name."""
