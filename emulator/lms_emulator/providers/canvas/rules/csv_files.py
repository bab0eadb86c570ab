"""CSV in the dialect of Ruby's CSV library."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

_EMPTY = "\x00"
MOST_LINES = 1_000_000
LONGEST_LINE = 262_144
"""Maximum length of a line, which is parsed in one go while other threads wait."""
_PIECE = 262_144
"""How much of a text is split into lines in one go."""


class MalformedCsv(ValueError):
    """An unclosed quote, or text after a closing one."""


def written(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as text: an empty text is quoted, None is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow([_EMPTY if cell == "" else cell for cell in row])
    return out.getvalue().replace(_EMPTY, '""')


def read(text: str) -> list[list[str | None]]:
    """The rows of a text, without blank lines; cells are stripped, empty ones None. Raises MalformedCsv."""
    reader = csv.reader(_lines(text.removeprefix("\ufeff")), strict=True)
    try:  # row by row, so that other threads have their turn
        return [[cell.strip() or None for cell in row] for row in reader if row]
    except csv.Error as error:
        raise MalformedCsv(str(error)) from error


def whole(text: str, separator: str) -> list[list[str | None]]:
    """The rows of a text with its blank lines and spaces; empty cells are None. Raises MalformedCsv."""
    reader = csv.reader(_lines(text), strict=True, delimiter=separator)
    try:
        return [[cell or None for cell in row] for row in reader]
    except csv.Error as error:
        raise MalformedCsv(str(error)) from error


def _lines(text: str) -> Iterator[str]:
    number, unfinished = 0, ""
    for begin in range(0, len(text), _PIECE):
        *lines, unfinished = io.StringIO(unfinished + text[begin : begin + _PIECE], newline="")
        if len(unfinished) > LONGEST_LINE or any(len(line) > LONGEST_LINE for line in lines):
            raise MalformedCsv(f"a line has over {LONGEST_LINE} characters")
        yield from lines
        number += len(lines)
        if number + bool(unfinished) > MOST_LINES:
            raise MalformedCsv(f"it has over {MOST_LINES} lines")
    if unfinished:
        yield unfinished
