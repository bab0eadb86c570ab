"""A kind of record in the administration: its URL, a searchable list, and perhaps a form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from lms_emulator.providers.openedx.admin.forms import Field, Form
from lms_emulator.providers.openedx.call import Call


class Model:
    """One kind of record.

    Attributes: `app` and `name` make its URL; `single` and `plural` are its names; `columns` of its list; `editable`,
    whether it can be added, changed and deleted here.
    """

    app: ClassVar[str] = "oauth2_provider"
    app_title: ClassVar[str] = "Django OAuth Toolkit"
    name: ClassVar[str]
    single: ClassVar[str]
    plural: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    searches: ClassVar[tuple[str, ...]] = ()
    editable: ClassVar[bool] = False

    @property
    def url(self) -> str:
        """The path of its list, without prefix."""
        return f"/admin/{self.app}/{self.name}/"

    def records(self, call: Call) -> Sequence[Any]:
        """Every record, newest first."""
        raise NotImplementedError

    def row(self, call: Call, record: Any) -> tuple[str, ...]:
        """The cells of a record's row in the list."""
        raise NotImplementedError

    def label(self, record: Any) -> str:
        """A record's name in messages."""
        raise NotImplementedError

    def haystack(self, call: Call, record: Any) -> tuple[str, ...]:
        """The texts that are searched."""
        return self.row(call, record)

    def found(self, call: Call, query: str) -> list[Any]:
        """The records that a search finds: every word in some searched text, in any case."""
        words = query.lower().split()
        return [
            record
            for record in self.records(call)
            if all(any(word in text.lower() for text in self.haystack(call, record)) for word in words)
        ]

    def fields(self, call: Call) -> Sequence[Field]:
        """The fields of its form."""
        return ()

    def defaults(self, call: Call) -> dict[str, str]:
        """The initial values of an empty form."""
        return {}

    def values(self, call: Call, record: Any) -> dict[str, str]:
        """The initial values of a record's form."""
        return {}

    def by_id(self, call: Call, number: int) -> Any:
        """The record with this id, or None."""
        return next((record for record in self.records(call) if record.id == number), None)

    def save(self, call: Call, form: Form, existing: Any) -> Any:
        """Store the form's values, or note its errors and return None."""
        raise NotImplementedError

    def delete(self, call: Call, record: Any) -> None:
        """Take a record out."""
        raise NotImplementedError


def users(call: Call) -> list[tuple[str, str]]:
    """Ids and names of people, to choose from."""
    return [(str(user.id), user.username) for user in call.store.users]


def user_id(call: Call, username: str | None) -> str:
    """The id of a user as text; empty for nobody."""
    user = call.store.users.get(username) if username is not None else None
    return "" if user is None else str(user.id)


def applications(call: Call) -> list[tuple[str, str]]:
    """Ids and names of applications, to choose from."""
    return [(str(application.id), application.name or application.client_id) for application in call.store.applications]


def shown(moment: datetime | None) -> str:
    """A time as the lists show it."""
    return "-" if moment is None else moment.strftime("%b. %d, %Y, %H:%M:%S").replace("May. ", "May ")
