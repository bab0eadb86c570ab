"""Errors of our own surfaces: command line, control API, world files. Never sent by a provider."""

from __future__ import annotations


class UsageError(Exception):
    """Something the person running the emulator can put right; the text says what and how, in one line."""


class WorldError(UsageError):
    """A world file or posted world that cannot be used.

    Attributes: `problems`, one line each, naming file, table and key and what was expected.
    """

    def __init__(self, problems: list[str]) -> None:
        more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        super().__init__("; ".join(problems[:3]) + more)
        self.problems = problems


class NotFoundError(UsageError):
    """A named thing (world, snapshot, journal entry) that does not exist."""
