"""Errors of the command line, the control API and world files. A provider never sends them."""

from __future__ import annotations


class UsageError(Exception):
    """A mistake of the person who runs the emulator. The text says in one line what is wrong and how to fix it."""


class WorldError(UsageError):
    """A world file or posted world that cannot be used.

    Attributes: `problems`, one line each: where it is and what was expected.
    """

    def __init__(self, problems: list[str]) -> None:
        more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        super().__init__("; ".join(problems[:3]) + more)
        self.problems = problems


class NotFoundError(UsageError):
    """There is no world, snapshot or journal entry of that name."""
