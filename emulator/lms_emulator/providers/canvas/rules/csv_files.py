"""CSV as Ruby's CSV library reads and writes it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

_EMPTY = "\x00"


class MalformedCsv(ValueError):
    """A quote that is not closed, or text after one that is."""


def written(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as text: an empty text is quoted, None is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow([_EMPTY if cell == "" else cell for cell in row])
    return out.getvalue().replace(_EMPTY, '""')


def read(text: str) -> list[list[str | None]]:
    """The rows of a text, without blank lines; cells are stripped, empty ones None. Raises MalformedCsv."""
    try:
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))
    except csv.Error as error:
        raise MalformedCsv(str(error)) from error
    return [[cell.strip() or None for cell in row] for row in rows if row]
