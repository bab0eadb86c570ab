"""Claims about the image: each is printed when it is checked, and collected when it fails."""

from __future__ import annotations

failures: list[str] = []


def check(what: str, holds: bool, got: object = "") -> None:
    """Note and print one claim."""
    print(f"{'ok  ' if holds else 'FAIL'}  {what}" + (f": {got}" if got != "" else ""), flush=True)
    if not holds:
        failures.append(what)
