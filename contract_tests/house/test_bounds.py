"""What a world forgets, and when, is written down: `python -m contract_tests.house.test_bounds` writes the page."""

from __future__ import annotations

from pathlib import Path

from lms_emulator.app import load_providers

PAGE = Path(__file__).parents[2] / "docs" / "bounds.md"
_HEAD = """\
# What is forgotten, and when

State lives in memory, and a long run must not fill it. Two rules, declared with each table (`TableSpec`):

- **expires**: a record that can no longer matter to any answer (a nonce beyond the window in which its timestamp would
  be accepted, a used or expired code, an expired session) is dropped, oldest first, a few with every request.
- **at most**: no more than so many records are kept beside those of the world file; the oldest go first.

People, courses, enrolments, grades and the like are kept until the world is reset. The journal keeps the latest
`emulator.journal_entries` exchanges within `emulator.journal_bytes`, the outbox the latest
`emulator.outbox_entries` messages.

| provider | table | expires | at most |
|---|---|---|---|
"""


def page() -> str:
    """The page, from the declarations."""
    rows = [
        f"| {provider.name} | {name} | {'yes' if spec.keep_until else ''} | {f'{spec.limit:,}' if spec.limit else ''} |"
        for provider in load_providers().values()
        for name, spec in provider.store.tables.items()
        if spec.keep_until or spec.limit
    ]
    return _HEAD + "\n".join(rows) + "\n"


def test_the_page_says_what_is_declared() -> None:
    assert PAGE.read_text("utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
