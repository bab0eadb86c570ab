"""How long a world keeps things is documented: `python -m contract_tests.house.test_bounds` writes the page."""

from __future__ import annotations

from pathlib import Path

from lms_emulator.app import load_providers

PAGE = Path(__file__).parents[2] / "docs" / "bounds.md"
_HEAD = """\
# What is kept, and how much

State lives in memory, so a long run must not fill it. Each table declares up to two rules (`TableSpec`):

- **expires**: a record that can no longer affect any answer is dropped: a nonce whose timestamp would be refused,
  a used or expired code, an expired session. Each request drops a few, oldest first.
- **at most**: how many records are kept besides those of the world file. The oldest go first.

People, courses, enrolments and grades stay until the world is reset. The journal keeps the latest
`emulator.journal_entries` exchanges, up to `emulator.journal_bytes`; the outbox the latest `emulator.outbox_entries`
messages.

## What one request may cost

| what | bound | beyond it |
|---|---|---|
| request line and headers | 64 KiB | 431 |
| chunk headers and trailers of a body | 64 KiB, and eight times the body | 431 |
| receiving the head of a request | 30 s | 408, or closed if nothing was received |
| receiving 16 KiB of a body, or its rest | 30 s | 408, or closed if an answer has begun |
| a peer that reads less than 16 KiB of an answer, or of its rest | 30 s | closed |
| body of a request to a provider | `emulator.max_body_bytes` | 413 |
| fields of a form in a body | `emulator.max_fields` | 413 |
| values in a JSON body | `emulator.max_json_values` | 413 |
| unpacked size of a zip archive | 16 MiB | as for an unreadable archive |
| events of a Canvas timetable | `emulator.max_json_values` | 413 |
| a time in a world file | a date in UTC | the world is refused |
| a copy of a Brightspace course | 10,000 records of a kind in both courses | 400 |
| a CSV | 1,000,000 lines, 262,144 characters each | as for a malformed CSV |
| body of a control call | 32 MiB, 1,000,000 commas and brackets, 50,000 different names | 413 |
| depth of stored HTML | 512 levels, and a sum of depths of 1,000,000 | deeper tags are dropped |
| nesting of a JSON text | 400 levels | as for a body that is not JSON |
| levels of a key or table name in a TOML file | 400 | the world is refused |
| an XML document | 200 levels, 250,000 elements, 256 KiB per tag or comment, no declarations | as if not XML |
| answer to an outgoing request | `emulator.max_outgoing_bytes`, `emulator.lms_timeout_seconds` | an unusable answer |
| search for the mistake in a signature | 2 ms of processor time | it is finished when the entry is read |
| nested records of a world file, such as folders | 200 levels, no cycles | the world is refused |
| reported problems of a world file | 100 per provider, 1,000 characters each | the rest is not reported |

Long work (a body over 16 KiB, queued jobs, a world with over 2,000 records, a dump) runs in a thread, and other
requests to the same world wait for it: they are answered one after the other, as always. `/_emulator/health` and
other worlds do not wait. A world too large for a control call can be given to `serve --world`.

## What each table keeps

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
