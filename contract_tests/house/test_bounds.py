"""What a world forgets, and when, is documented: `python -m contract_tests.house.test_bounds` writes the page."""

from __future__ import annotations

from pathlib import Path

from lms_emulator.app import load_providers

PAGE = Path(__file__).parents[2] / "docs" / "bounds.md"
_HEAD = """\
# What is forgotten, and when

State lives in memory, so a long run must not fill it. Each table declares up to two rules (`TableSpec`):

- **expires**: a record that can no longer affect any answer is dropped: a nonce whose timestamp would be refused,
  a used or expired code, an expired session. Each request drops a few, oldest first.
- **at most**: how many records are kept besides those of the world file. The oldest go first.

People, courses, enrolments and grades stay until the world is reset. The journal keeps the latest
`emulator.journal_entries` exchanges, up to `emulator.journal_bytes`; the outbox the latest `emulator.outbox_entries`
messages.

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
