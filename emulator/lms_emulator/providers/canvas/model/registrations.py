"""LTI registrations: a school's view of a tool, its overlay over the tool's configuration, and where it is available.

Every LTI key has a registration; what binds it to an account is the key's binding.
"""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record
from lms_emulator.core.state.store import Store
from lms_emulator.core.state.tables import Table, table

UpdateType = Literal["manual_edit", "control_edit", "registration_update"]


class LtiRegistration(Record, frozen=True, kw_only=True):
    """The registration of an LTI key's tool.

    Attributes:
        name: the tool's name; empty for the key's name. admin_nickname: the school's name for it.
        dynamic: whether the tool registered itself. registration_url: the URL with which that began.
        unified_tool_id: its id in Instructure's tool directory.
        sent: the registration request of a dynamic one; guid: the id of its registration token.
        template: whether a site-wide registration may be installed as a school's own copy.
        template_registration_id: of such a copy.
    """

    id: int
    developer_key_id: int
    name: str = ""
    admin_nickname: str | None = None
    vendor: str | None = None
    description: str | None = None
    lock_deploying: bool = False
    dynamic: bool = False
    unified_tool_id: str | None = None
    sent: dict[str, Any] | None = None
    guid: str | None = None
    registration_url: str | None = None
    template: bool = False
    template_registration_id: int | None = None
    created_by_id: int | None = None
    updated_by_id: int | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


class LtiOverlayVersion(Record, frozen=True, kw_only=True):
    """One change of an overlay. `diff` lists what was added (`+`), removed (`-`) and changed (`~`)."""

    id: int
    diff: list[Any] = []
    caused_by_reset: bool = False
    created_by_id: int | None = None
    created_at: Instant


class LtiOverlay(Record, frozen=True, kw_only=True):
    """An account's changes to a tool's configuration, with their history, the latest last."""

    id: int
    registration_id: int
    account_id: int
    data: dict[str, Any] = {}
    versions: list[LtiOverlayVersion] = []
    updated_by_id: int | None = None
    created_at: Instant
    updated_at: Instant


class LtiContextControl(Record, frozen=True, kw_only=True):
    """Whether an installed tool is available in an account or course and everything below."""

    id: int
    deployment_id: int
    account_id: int | None = None
    course_id: int | None = None
    available: bool = True
    workflow_state: Literal["active", "deleted"] = "active"
    created_by_id: int | None = None
    updated_by_id: int | None = None
    created_at: Instant
    updated_at: Instant

    @property
    def place(self) -> tuple[str, int]:
        """The account or course, as kind and id."""
        return ("Course", self.course_id) if self.course_id is not None else ("Account", self.account_id or 0)


class LtiHistoryEntry(Record, frozen=True, kw_only=True):
    """One change to a registration: itself, its key, its configuration, an overlay, or its availability."""

    id: int
    registration_id: int
    account_id: int
    diff: dict[str, list[Any]]
    update_type: UpdateType
    comment: str | None = None
    created_by_id: int | None = None
    created_at: Instant


class LtiUpdateRequest(Record, frozen=True, kw_only=True):
    """A dynamically registered tool's request to update its registration.

    Attributes: `sent`, the new registration; `uuid`, of the token that an administrator created for it.
    """

    id: int
    registration_id: int
    account_id: int
    sent: dict[str, Any]
    uuid: str | None = None
    tool_initiated: bool = False
    comment: str | None = None
    created_by_id: int | None = None
    updated_by_id: int | None = None
    created_at: Instant
    updated_at: Instant
    accepted_at: Instant | None = None
    rejected_at: Instant | None = None


class RegistrationStore(Store):
    """The tables of registrations."""

    lti_registrations: Table[LtiRegistration] = table(key="id", indexes={"key": lambda r: r.developer_key_id})
    lti_overlays: Table[LtiOverlay] = table(key="id", indexes={"whose": lambda o: (o.registration_id, o.account_id)})
    lti_history: Table[LtiHistoryEntry] = table(
        key="id", limit=10_000, indexes={"registration": lambda e: e.registration_id}
    )
    lti_update_requests: Table[LtiUpdateRequest] = table(
        key="id", limit=10_000, indexes={"registration": lambda r: r.registration_id}
    )
    lti_context_controls: Table[LtiContextControl] = table(key="id", indexes={"deployment": lambda c: c.deployment_id})
