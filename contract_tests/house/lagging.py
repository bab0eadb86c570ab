"""What does not keep the rules of the house yet. A change that mends something takes it off; nothing is added."""

from __future__ import annotations

STRAY_ROOMS: set[str] = set()
"""Files in a provider's folder that are no rooms: `canvas/answers.py`."""

MISSING_ROOMS: set[str] = set()
"""Rooms that a provider lacks: `canvas/checks`."""

CIRCLES: list[set[str]] = []
"""Modules that import each other."""

DOCSTRINGS: set[str] = set()
"""Entries at the top of the package whose docstrings have another style."""

SOURCES: set[str] = set()
"""Providers whose sources cannot all be opened by a stranger."""
