"""Typed views of the control API: clock, journal, outbox, faults, settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec

from lms_emulator.core.outcomes import WELL, Outcome

ControlCall = Callable[..., Any]
FILTERS = ("provider", "method", "status", "path", "outcome", "refused", "reason", "warning", "after", "limit")


class RecordedRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was refused."""

    reason: str
    status: int
    message: str = ""
    check: str = ""
    expected: Any = None
    got: Any = None
    diagnosis: str | None = None


class RecordedWarning(msgspec.Struct, frozen=True):
    """Something that the real provider accepts although it is probably a mistake."""

    code: str
    message: str
    name: str = ""
    documented: bool | None = None


class RecordedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One side of an exchange."""

    headers: list[tuple[str, str]] = []
    body: str = ""

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class RecordedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange of the journal."""

    id: str
    at: datetime
    method: str
    url: str
    status: int
    provider: str
    outcome: Outcome = "answered"
    explanation: str = ""
    route: str = ""
    world: str = ""
    reached_by: str = ""
    duration_ms: float = 0.0
    refusal: RecordedRefusal | None = None
    warnings: list[RecordedWarning] = []
    checks: list[dict[str, Any]] = []
    notes: dict[str, Any] = {}
    provider_defect: bool = False
    crash: str | None = None
    request: RecordedMessage = RecordedMessage()
    response: RecordedMessage = RecordedMessage()


class OutboxMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One e-mail or webhook that the provider would have sent."""

    id: str
    medium: str
    provider: str
    kind: str
    to: str
    subject: str = ""
    body: str = ""
    data: dict[str, Any] = {}
    at: datetime


class ClockHandle:
    """The world's time."""

    def __init__(self, call: ControlCall) -> None:
        self._call = call

    @property
    def now(self) -> datetime:
        """The world's current time, in UTC."""
        return msgspec.convert(self._call("GET", "/clock")["now"], datetime)

    @property
    def mode(self) -> str:
        """`real`, `offset` or `frozen`."""
        return str(self._call("GET", "/clock")["mode"])

    def advance(self, by: timedelta | None = None, **parts: float) -> None:
        """Move forward by a timedelta or its keyword arguments: `advance(minutes=6)`, `advance(days=1, seconds=-1)`."""
        length = (by or timedelta()) + timedelta(**parts)
        self._call("POST", "/clock", {"advance": length.total_seconds()})

    def set(self, moment: datetime) -> None:
        """Jump to an instant; UTC if it has no time zone."""
        self._call("POST", "/clock", {"set": moment.isoformat()})

    def freeze(self, at: datetime | None = None) -> None:
        """Stop at the current instant, or at the given one."""
        body: dict[str, Any] = {"freeze": True}
        if at is not None:
            body["set"] = at.isoformat()
        self._call("POST", "/clock", body)

    def resume(self) -> None:
        """Run again from the current instant."""
        self._call("POST", "/clock", {"resume": True})


class RequestsHandle:
    """The journal."""

    def __init__(self, call: ControlCall) -> None:
        self._call = call

    def __iter__(self) -> Iterator[RecordedRequest]:
        return iter(self.find())

    def __len__(self) -> int:
        return len(self.find())

    def find(
        self,
        *,
        provider: str | None = None,
        method: str | None = None,
        status: int | str | None = None,
        path: str | None = None,
        outcome: Outcome | None = None,
        refused: bool | None = None,
        reason: str | None = None,
        warning: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> list[RecordedRequest]:
        """Exchanges, oldest first, without bodies.

        Parameters:
            status: `404`, or the class `"4xx"`.
            path: a substring of the request target.
            reason, warning: machine names of a refusal and of a warning.
            after: the id of an earlier exchange.
            limit: at most this many, the latest.
        Raises ControlError for an impossible value, such as a misspelled provider.
        """
        given = locals()
        filters = {name: given[name] for name in FILTERS if given[name] is not None}
        query = urlencode({k: str(v).lower() if isinstance(v, bool) else v for k, v in filters.items()})
        answer = self._call("GET", f"/requests?{query}" if query else "/requests")
        return msgspec.convert(answer["requests"], list[RecordedRequest])

    def get(self, entry_id: str) -> RecordedRequest:
        """One exchange with headers, bodies and checks. Raises ControlError for an unknown id."""
        return msgspec.convert(self._call("GET", f"/requests/{entry_id}"), RecordedRequest)

    @property
    def last(self) -> RecordedRequest:
        """The latest exchange, with headers and bodies. Raises ControlError if there is none."""
        return self.get("last")

    @property
    def refused(self) -> list[RecordedRequest]:
        """The exchanges that were turned down: refused, not emulated, unknown path. Failures are in `failed` only."""
        return self.find(refused=True)

    @property
    def failed(self) -> list[RecordedRequest]:
        """The exchanges that failed in any way, oldest first."""
        return [request for request in self.find() if request.outcome not in WELL]

    def clear(self) -> None:
        """Clear the journal."""
        self._call("DELETE", "/requests")


class OutboxHandle:
    """E-mails and webhooks that would have been sent."""

    def __init__(self, call: ControlCall) -> None:
        self._call = call

    def _messages(self, medium: str) -> list[OutboxMessage]:
        return msgspec.convert(self._call("GET", "/outbox")[medium], list[OutboxMessage])

    @property
    def emails(self) -> list[OutboxMessage]:
        """E-mails, oldest first."""
        return self._messages("emails")

    @property
    def webhooks(self) -> list[OutboxMessage]:
        """Webhooks, oldest first."""
        return self._messages("webhooks")

    def clear(self) -> None:
        """Empty the outbox."""
        self._call("DELETE", "/outbox")


class FaultsHandle:
    """Scripted failures."""

    def __init__(self, call: ControlCall) -> None:
        self._call = call

    def add(self, **fault: Any) -> str:
        """Script a failure, e.g. `add(provider="openedx", path="/oauth2/", status=503, times=1)`. Returns its id.

        The keys are those of `lms_emulator.core.worlds.faults.Fault`. Raises ControlError naming an invalid one.
        """
        return str(self._call("POST", "/faults", fault)["id"])

    def remove(self, fault_id: str) -> None:
        """Remove one."""
        self._call("DELETE", f"/faults/{fault_id}")

    def clear(self) -> None:
        """Remove all."""
        self._call("DELETE", "/faults")


class SettingsHandle:
    """Chosen behaviours: `lms.settings["openlearning.trailing_slash"] = "redirect"`."""

    def __init__(self, call: ControlCall) -> None:
        self._call = call

    def all(self) -> dict[str, Any]:
        """Every setting's value by name."""
        return {row["name"]: row["value"] for row in self._call("GET", "/settings")["settings"]}

    def __getitem__(self, name: str) -> Any:
        return self.all()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._call("PATCH", "/settings", {name: value})
