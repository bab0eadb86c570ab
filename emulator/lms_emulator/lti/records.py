"""Records that every LMS with LTI keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lms_emulator.core.state.credentials import Credential
from lms_emulator.core.state.records import Instant, Record
from lms_emulator.core.state.tables import table
from lms_emulator.lti.misbehaviour import NextLaunch
from lms_emulator.lti.signed_misbehaviour import NextSignedLaunch
from lms_emulator.signing.lti13 import Launch


class PendingLaunch(Record, frozen=True, kw_only=True):
    """A launch between login initiation and the tool's authentication request; single use.

    Attributes:
        hint: what the tool sends back in or as `lti_message_hint`.
        wrong: its deliberate misbehaviours.
    """

    hint: str
    user_id: int
    client_id: str
    launch: Launch
    expires_at: Instant
    wrong: NextLaunch | None = None


class ArmedLaunch(Record, frozen=True, kw_only=True):
    """The misbehaviours armed for a future launch.

    Attributes: `client_id`, the tool concerned; None for any tool.
    """

    id: int
    wrong: NextLaunch
    client_id: str | None = None


class ArmedSignedLaunch(Record, frozen=True, kw_only=True):
    """The misbehaviours armed for a future LTI 1.1 launch.

    Attributes: `consumer_key`, of the tool concerned; None for any tool.
    """

    id: int
    wrong: NextSignedLaunch
    consumer_key: str | None = None


class LastSignedLaunch(Record, frozen=True, kw_only=True):
    """The last form that a tool of LTI 1.1 got, for a platform that sends it again."""

    consumer_key: str
    fields: dict[str, str]


class LastLaunch(Record, frozen=True, kw_only=True):
    """The last id_token that a tool got, for a platform that sends it again."""

    client_id: str
    id_token: str
    nonce: str


class KeyRotation(Record, frozen=True, kw_only=True):
    """A requested change of the platform's signing keys, besides those by the clock.

    Attributes:
        at: when it was requested.
        due: when the next key starts signing; None for immediately.
        stale: whether the key set still shows the previous keys.
    """

    id: int
    at: Instant
    due: Instant | None = None
    stale: bool = False


class RegistrationToken(Record, frozen=True, kw_only=True):
    """A token with which a tool registers itself, once.

    Attributes:
        user_id: the administrator who started it.
        deploys: whether the tool is deployed as well, at platforms where that is optional.
    """

    token: str
    user_id: int
    expires_at: Instant
    used: bool = False
    deploys: bool = False


class KeptKeySet(Record, frozen=True, kw_only=True):
    """A tool's key set as fetched, for as long as a platform caches it."""

    url: str
    keys: dict[str, Any]
    expires_at: Instant


class Result(Record, frozen=True, kw_only=True):
    """A tool's last score for one person in one line item. `score` is on the line item's scale."""

    id: int
    line_item_id: int | str
    user_id: int
    score: float | None = None
    comment: str | None = None
    activity_progress: str
    grading_progress: str
    timestamp: Instant


class NoticeHandler(Record, frozen=True, kw_only=True):
    """A tool's subscription to notices of one type, outside of launches.

    Attributes:
        tool_id: the tool at Canvas, the deployment at Brightspace.
        max_batch_size: how many notices may be sent at once; the emulator sends each separately.
    """

    id: int
    tool_id: int | str
    notice_type: str
    handler: str
    max_batch_size: int | None = None


def pending_launches(read: Callable[[str], Any] | None = None, *, single_use: bool = True) -> Any:
    """A platform's table of pending launches.

    Parameters: `read`, from a sent `lti_message_hint` to a launch's `hint`, if they differ; `single_use`, whether
    it can be used once.
    """
    credential = Credential(
        name="the `lti_message_hint` of a launch",
        value="hint",
        owner=lambda record: f"the tool {record.client_id}",
        tip="the platform gets it back from the tool" + (", once" if single_use else ""),
        single_use=single_use,
        read=read,
    )
    return table(key="hint", keep_until=lambda launch: launch.expires_at, credentials=(credential,))


RESULTS: Any = table(
    key="id", indexes={"line_item": lambda r: r.line_item_id, "person": lambda r: [(r.line_item_id, r.user_id)]}
)
HANDLERS: Any = table(key="id", indexes={"tool": lambda handler: handler.tool_id})
"""A platform's table of handlers."""
