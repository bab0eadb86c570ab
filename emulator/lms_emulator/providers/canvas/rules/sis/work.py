"""What the importers of one SIS import share: the current row, lookups, and how changes are stored."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_moment
from lms_emulator.providers.canvas.model import Account, CanvasStore, Pseudonym, SisBatch, SisBatchError, StateChange
from lms_emulator.providers.canvas.rules import csv_files, stickiness
from lms_emulator.providers.canvas.rules.permissions import root_of

R = TypeVar("R")
DIGIT = re.compile(r"\d")
TABLES = {
    "Account": "accounts",
    "EnrollmentTerm": "enrollment_terms",
    "AbstractCourse": "abstract_courses",
    "Course": "courses",
    "CourseSection": "course_sections",
    "GroupCategory": "group_categories",
    "Group": "groups",
    "Pseudonym": "pseudonyms",
    "CommunicationChannel": "communication_channels",
    "Enrollment": "enrollments",
    "GroupMembership": "group_memberships",
    "UserObserver": "user_observers",
    "AccountUser": "account_users",
}
"""What imports change, in the order in which it is counted and restored, with its table."""


class ImportFault(Exception):
    """Why a row is skipped, in Canvas's words.

    Parameters: `row`, how Canvas shows the row, if not as it was sent; `late`, whether Canvas finds it only once it has
    read the rows of its batch.
    """

    def __init__(self, says: str, row: str | None = None, *, late: bool = False) -> None:
        super().__init__(says)
        self.row, self.late = row, late


def too_long(**values: str | None) -> list[str]:
    """What the model says of texts that are longer than 255 characters, by attribute."""
    return [f"{name} is too long (maximum is 255 characters)" for name, text in values.items() if len(text or "") > 255]


def inspected(**values: str | bool | None) -> str:
    """A row as Canvas stores it once it was read: a list with one hash, as Ruby shows it."""
    ruby = {None: "nil", True: "true", False: "false"}

    def shown(value: str | bool | None) -> str:
        return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else ruby[value]

    return "[{" + ", ".join(f":{name}=>{shown(value)}" for name, value in values.items()) + "}]"


class Row(NamedTuple):
    """One row of a file. `number` counts from 1, the headers included."""

    file: str
    number: int
    cells: dict[str, str | None]

    def get(self, name: str) -> str:
        """A cell; an empty string if it is empty or missing."""
        return self.cells.get(name) or ""

    def matches(self, name: str, pattern: str) -> bool:
        """Whether a cell begins with a pattern, in any case."""
        return re.match(pattern, self.get(name), re.IGNORECASE) is not None

    @property
    def text(self) -> str:
        """The row as Canvas stores it with errors: with its number at the end."""
        return csv_files.written([[*self.cells.values(), self.number]])


class Work:
    """A running import."""

    def __init__(self, api: Api, batch: SisBatch) -> None:
        self.api, self.batch = api, batch
        self._said: list[SisBatchError] = []
        self._late: list[SisBatchError] = []

    @property
    def store(self) -> CanvasStore:
        return self.api.store

    @property
    def skips_deletes(self) -> bool:
        """Whether the import deletes nothing."""
        return bool(self.batch.options.get("skip_deletes"))

    # what is said

    def say(
        self,
        message: str,
        row: Row | None = None,
        *,
        file: str | None = None,
        failure: bool = False,
        shown: str | None = None,
        late: bool = False,
    ) -> None:
        """Record a warning or, with `failure`, an error. `shown` and `late`: as `row` and `late` of ImportFault."""
        made = SisBatchError(
            id=0,
            sis_batch_id=self.batch.id,
            file=row.file if row is not None else file,
            message=message,
            row=row.number if row is not None else None,
            row_info=shown or (row.text if row is not None else None),
            failure=failure,
            created_at=self.api.now,
        )
        (self._late if late else self._said).append(made)

    def write(self) -> None:
        """Store what was said, the late messages last."""
        for error in [*self._said, *self._late]:
            self.store.sis_batch_errors.put(replace(error, id=self.api.new_id("sis_batch_errors")))
        self._said, self._late = [], []

    def dates(self, row: Row, of: str) -> tuple[datetime | None, datetime | None]:
        """The start and end in a row. An impossible one causes a warning, and what follows it is not read.

        A text without digits is not a date for Canvas either, but it says nothing.
        """
        found: list[datetime | None] = [None, None]
        for place, name in enumerate(("start_date", "end_date")):
            text = row.get(name)
            found[place] = read_moment(text, UTC) if text else None
            if found[place] is None and DIGIT.search(text):
                self.say(f"Bad date format for {of}", row)
                break
        return found[0], found[1]

    # finding

    def account(self, sis_id: str) -> Account | None:
        """The account of this school with a SIS id."""
        return self.own(self.store.accounts.find("sis_account_id", sis_id), lambda account: account.id)

    def own(self, found: Collection[R] | Any, account_of: Callable[[R], int]) -> R | None:
        """The first of some records whose account belongs to this school."""
        return next((item for item in found if root_of(self.store, account_of(item)).id == self.batch.account_id), None)

    def login(self, sis_id: str) -> Pseudonym | None:
        """The login of this school with a SIS id, deleted ones too."""
        logins = self.store.pseudonyms.find("sis_user_id", sis_id)
        return next((login for login in logins if login.account_id == self.batch.account_id), None)

    # keeping

    def stickiness(self, known: Any, record: Any) -> dict[str, list[str]]:
        """What an import's options make of the sticky fields of a record that it changes."""
        overrides = self.batch.options.get("override_sis_stickiness")
        if overrides and self.batch.options.get("clear_sis_stickiness"):
            return {"stuck_sis_fields": []}
        if overrides and self.batch.options.get("add_sis_stickiness") and hasattr(record, "stuck_sis_fields"):
            stuck = {*record.stuck_sis_fields, *stickiness.changed(known, record)}
            return {"stuck_sis_fields": sorted(stuck)}
        return {}

    def stuck(self, record: Any) -> Collection[str]:
        """The sticky fields of a record, which must not change."""
        if record is None or self.batch.options.get("override_sis_stickiness"):
            return ()
        fields: list[str] = record.stuck_sis_fields
        return fields

    def keep(self, made: R, known: R | None) -> R:
        """Store a record from a row, respecting the import's stickiness options. `known`: None for a new one."""
        record: Any = made
        kind = type(record).__name__
        given: dict[str, Any] = {"sis_batch_id": self.batch.id, **self.stickiness(known, record)}
        given = {name: value for name, value in given.items() if hasattr(record, name)}
        put: R = getattr(self.store, TABLES[kind]).put(replace(record, **given))
        if known is not None or kind not in ("CourseSection", "UserObserver"):
            self.note(put, known)
        return put

    def note(self, record: Any, known: Any, *, batch_mode: bool = False) -> None:
        """Record a change of state."""
        previous = known.workflow_state if known is not None else "non-existent"
        if previous == record.workflow_state:
            return
        made = StateChange(
            id=self.api.new_id("sis_batch_roll_back_data"),
            sis_batch_id=self.batch.id,
            context_type=type(record).__name__,
            context_id=record.id,
            previous=previous,
            updated=record.workflow_state,
            batch_mode_delete=batch_mode,
        )
        self.store.sis_batch_roll_back_data.put(made)

    def change(self, record: Any, state: str, *, batch_mode: bool = False, **fields: Any) -> None:
        """Change the state of a record that depends on an imported one."""
        if record.workflow_state != state:
            changed = replace(record, workflow_state=state, **fields)
            getattr(self.store, TABLES[type(record).__name__]).put(changed)
            self.note(changed, record, batch_mode=batch_mode)
