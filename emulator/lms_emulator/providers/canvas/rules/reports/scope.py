"""What reports share: their account, term, course and time range, and the format of times.

Source: canvas-lms gems/plugins/account_reports/lib/account_reports/report_helper.rb (2023-06).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_moment, stamp
from lms_emulator.providers.canvas.call.params import as_flag, as_text
from lms_emulator.providers.canvas.model import Account, AccountReport, Course, EnrollmentTerm, Pseudonym, User
from lms_emulator.providers.canvas.rules import people
from lms_emulator.providers.canvas.rules.belonging import accounts_with
from lms_emulator.providers.canvas.rules.permissions import chain

Table = list[list[Any]]


class Made(NamedTuple):
    """A finished report: its files by name, and its message.

    Attributes: `packed`, whether even a single file comes in an archive.
    """

    files: dict[str, Table]
    says: str
    packed: bool = False


class Scope:
    """A run of a report.

    Attributes:
        parameters: those sent, and those that the report adds.
        takes: the names of those that Canvas documents for the report.
    """

    def __init__(self, api: Api, report: AccountReport, account: Account, takes: Iterable[str] = ()) -> None:
        self.api, self.account, self.takes = api, account, frozenset(takes)
        self.parameters = dict(report.parameters)

    def text(self, name: str) -> str:
        """A parameter as text."""
        return as_text(self.parameters.get(name)) or ""

    def flag(self, name: str) -> bool:
        """Whether a parameter is on."""
        return as_flag(self.parameters.get(name))

    @property
    def deleted(self) -> bool:
        """Whether what was deleted is included."""
        return self.flag("include_deleted")

    def moment(self, name: str) -> datetime | None:
        """A time among the parameters."""
        return read_moment(self.text(name), UTC)

    @property
    def term(self) -> EnrollmentTerm | None:
        """The term of the report. Raises the refusal `not_found`."""
        named = self.text("enrollment_term_id") or self.text("enrollment_term")
        return identifiers.term(self.api, named) if named else None

    @property
    def course(self) -> Course | None:
        """The course of the report, a deleted one included. Raises the refusal `not_found`."""
        named = self.text("course_id") or self.text("course")
        if not named:
            return None
        found: Course = identifiers.named(self.api, "courses", named, "the course", deleted=True)
        return found

    def term_summary(self) -> str:
        """The report's message about its term."""
        term = self.term
        return f"Term: {term.name if term is not None else 'All Terms'};"

    def summary(self) -> str:
        """The report's message about those of its term, time and course that it takes."""
        parts = ["Include Deleted Objects;"] if self.deleted else []
        parts.append(self.term_summary())
        for name, label in (("start_at", "Start At"), ("end_at", "End At")):
            moment = self.moment(name)
            if moment is not None and name in self.takes:
                parts.append(f"{label}: {stamp(moment)};")
        if self.course is not None:
            parts.append(f"For Course: {self.course.id};")
        return " ".join(parts)

    def deleted_summary(self) -> str:
        """The report's message about deleted records."""
        return "Include Deleted Objects;" if self.deleted else ""

    def inside(self, account_id: int) -> bool:
        """Whether an account is the report's, or below it."""
        return any(account.id == self.account.id for account in chain(self.api.store, account_id))

    def courses(self) -> list[Course]:
        """The courses of the account, and of the term if there is one; deleted ones too."""
        term = self.term
        found = (course for course in self.api.store.courses if self.inside(course.account_id))
        return [course for course in found if term is None or course.enrollment_term_id == term.id]

    def living(self) -> list[Course]:
        """Those of them that are not deleted."""
        return [course for course in self.courses() if course.workflow_state != "deleted"]

    def logins(self, states: Iterable[str]) -> list[tuple[Pseudonym, User]]:
        """The logins of the school whose people belong to the account, in certain states."""
        wanted, found = set(states), []
        for login in sorted(self.api.store.pseudonyms, key=lambda record: record.id):
            user = self.api.store.users.get(login.user_id)
            if login.account_id != self.api.root.id or login.workflow_state not in wanted or user is None:
                continue
            whole = self.account.parent_account_id is None
            if whole or any(self.inside(account.id) for account in accounts_with(self.api, user)):
                found.append((login, user))
        return found

    def login_of(self, user_id: int) -> Pseudonym | None:
        """The login that a user is known by; a deleted one where deleted ones are included."""
        user = self.api.store.users.get(user_id)
        found = people.login_of(self.api.store, user) if user is not None else None
        if found is None and self.deleted:
            found = next(iter(self.api.store.pseudonyms.find("user", user_id)), None)
        return found


def when(moment: datetime | None) -> str | None:
    """A time in the format of reports."""
    return stamp(moment) if moment is not None else None


def from_sis(record: Any) -> str:
    """Whether an import created something."""
    return "true" if getattr(record, "sis_batch_id", None) is not None else "false"
