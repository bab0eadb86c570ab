"""The files of a SIS import: their kinds, rows, and diffs against another import.

Source: canvas-lms lib/sis/csv/import_refactored.rb, csv_base_importer.rb and diff_generator.rb, and the recorded
exchanges of `people-sis`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from lms_emulator.core import archives
from lms_emulator.providers.canvas.rules import csv_files
from lms_emulator.providers.canvas.rules.sis import (
    abstracts,
    courses,
    enrollments,
    groups,
    links,
    people,
    places,
    sections,
)
from lms_emulator.providers.canvas.rules.sis.work import ImportFault, Row, Work

IGNORED = re.compile(r"__macosx|desktop d[bf]|\A\..*", re.IGNORECASE)
SECRETS = ("password", "ssha_password")
"""Columns that are left out of the file that can be downloaded."""
Importer = Callable[[Work, Row], bool]


class Unreadable(ImportFault):
    """Why a file is skipped. `headed`: whether it has the headers of a SIS import file."""

    def __init__(self, says: str, *, headed: bool = False) -> None:
        super().__init__(says)
        self.headed = headed


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        headers: its first row contains all of one of these sets.
        fields: the key of its rows for diffs.
    """

    name: str
    headers: tuple[frozenset[str], ...]
    importer: Importer
    fields: tuple[str, ...]

    @property
    def counted(self) -> str:
        """The name under which its rows are counted."""
        return {"abstract_course": "abstract_courses", "group_category": "group_categories"}.get(
            self.name, self.name + ("" if self.name.endswith("s") else "s")
        )


def _kind(name: str, headers: str, importer: Importer, fields: str) -> Kind:
    return Kind(name, tuple(frozenset(row.split("+")) for row in headers.split()), importer, tuple(fields.split()))


EXISTING = ("existing_user_id", "existing_integration_id", "existing_canvas_user_id")
KINDS = (
    _kind("change_sis_id", "old_id old_integration_id", links.change_sis_id, "old_id old_integration_id"),
    _kind("account", "account_id+parent_account_id", places.account, "account_id"),
    _kind("term", "term_id+name", places.term, "term_id"),
    _kind("abstract_course", "abstract_course_id+short_name", abstracts.course, "abstract_course_id"),
    _kind("course", "course_id+short_name", courses.course, "course_id"),
    _kind("section", "section_id+name", sections.section, "section_id"),
    _kind("xlist", "xlist_course_id+section_id", sections.xlist, "section_id"),
    _kind("user", "user_id+login_id", people.user, "user_id"),
    _kind("login", " ".join(EXISTING), people.login, "user_id"),
    _kind(
        "enrollment",
        "course_id+user_id section_id+user_id course_id+user_integration_id section_id+user_integration_id",
        enrollments.enrollment,
        "course_id section_id user_id user_integration_id role role_id associated_user_id",
    ),
    _kind("admin", "user_id+account_id", links.admin, "user_id account_id"),
    _kind("group_category", "group_category_id+category_name", groups.category, "group_id"),
    _kind("group", "group_id+name", groups.group, "group_id"),
    _kind("group_membership", "group_id+user_id", groups.membership, "group_id user_id"),
    _kind("grade_publishing_results", "enrollment_id+grade_publishing_status", enrollments.published, "enrollment_id"),
    _kind("user_observer", "observer_id+student_id", links.observer, "observer_id student_id"),
)
"""In the order in which they are imported and in which a file's kind is detected."""


class Sheet(NamedTuple):
    """A file of one kind: the names of its columns, and its rows."""

    file: str
    kind: Kind
    headers: list[str]
    rows: list[list[str | None]]

    def each(self) -> Iterator[Row]:
        """The non-empty rows."""
        for number, cells in enumerate(self.rows, start=2):
            if any(cells):
                padded = [*cells, *[None] * (len(self.headers) - len(cells))]
                yield Row(self.file, number, dict(zip(self.headers, padded, strict=False)))

    @property
    def text(self) -> str:
        """The whole file as text."""
        return csv_files.written([self.headers, *self.rows])

    def without_secrets(self) -> Sheet:
        """The downloadable version, without passwords."""
        kept = [place for place, name in enumerate(self.headers) if name not in SECRETS]
        rows = [[row[place] if place < len(row) else None for place in kept] for row in self.rows]
        return self._replace(headers=[self.headers[place] for place in kept], rows=rows)


def unpacked(name: str, content: bytes) -> list[tuple[str, bytes]]:
    """The uploaded files: one, or those in a zip archive. Raises `zipfile.BadZipFile`."""
    extension = name.lower().rpartition(".")[2]
    if extension == "csv":
        return [(name, content)]
    if extension != "zip":
        return []
    with archives.opened(content) as archive:
        found = [entry for entry in archive.infolist() if not entry.is_dir() and not IGNORED.search(entry.filename)]
        return [(entry.filename, archive.read(entry)) for entry in sorted(found, key=lambda entry: entry.filename)]


def kind_of(headers: Iterable[str]) -> Kind | None:
    """The kind of file with these columns."""
    named = set(headers)
    for kind in KINDS:
        if kind.name == "user" and named.intersection(EXISTING):
            continue
        if kind.name == "abstract_course" and "course_id" in named:
            continue
        if any(headers <= named for headers in kind.headers):
            return kind
    return None


def sheet(name: str, content: bytes) -> Sheet | None:
    """A file's kind and rows; None if it is blank. Raises Unreadable for one that is not a SIS import file."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("Invalid UTF-8") from error
    try:
        text = text.lstrip("\ufeff\r\n")
        end = text.find("\n")
        first = csv_files.read(text if end < 0 else text[:end])
    except csv_files.MalformedCsv as error:
        raise Unreadable("Malformed CSV") from error
    if not first:
        return None
    headers = [(cell or "").lower() for cell in first[0]]
    kind = kind_of(headers)
    if kind is None:
        raise Unreadable("Couldn't find Canvas CSV import headers")
    try:
        rows = csv_files.read(text)
    except csv_files.MalformedCsv as error:
        raise Unreadable("Malformed CSV", headed=True) from error
    return Sheet(name, kind, headers, rows[1:])


def changed(work: Work, before: list[Sheet], now: list[Sheet]) -> list[Sheet]:
    """The changes in some files since an earlier import; rows that disappeared become deletions."""
    found: list[Sheet] = []
    for kind in KINDS:
        mine = [sheet for sheet in now if sheet.kind is kind]
        theirs = [sheet for sheet in before if sheet.kind is kind]
        if not mine or not theirs:
            found += mine
        elif len(mine) > 1 or len(theirs) > 1:
            work.say("Can't perform diffing against more than one file of the same type", file=mine[0].file)
            found += mine
        elif set(mine[0].headers) != set(theirs[0].headers):
            work.say("Couldn't generate diff: CSV headers do not match, cannot diff", file=mine[0].file)
            found += mine
        elif not set(mine[0].headers) & set(kind.fields):
            work.say("Couldn't generate diff: At least one primary key field must be present", file=mine[0].file)
            found += mine
        else:
            found.append(mine[0]._replace(rows=_difference(work, theirs[0], mine[0])))
    return found


def _difference(work: Work, before: Sheet, now: Sheet) -> list[list[str | None]]:
    def keyed(sheet: Sheet) -> dict[tuple[str, ...], dict[str, str | None]]:
        return {tuple(row.get(name) for name in sheet.kind.fields): row.cells for row in sheet.each()}

    old, new = keyed(before), keyed(now)
    rows = [[cells[name] for name in now.headers] for key, cells in new.items() if old.get(key) != cells]
    drop = work.batch.options.get("diffing_drop_status") if now.kind.name == "enrollment" else None
    if now.kind.name == "user":
        drop = work.batch.options.get("diffing_user_remove_status")
    for key, cells in old.items():
        if key not in new:
            removed = {**cells, "status": drop or "deleted"}
            rows.append([removed.get(name) for name in now.headers])
    return rows
