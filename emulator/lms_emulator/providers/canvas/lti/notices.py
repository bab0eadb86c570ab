"""Notices (Platform Notification Service), which Canvas posts to the handlers that tools registered.

Source: https://developerdocs.instructure.com/services/canvas/external-tools/lti/file.pns.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from lms_emulator.lti.notices import Notices
from lms_emulator.lti.rotating_keys import RotatingKeys
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.lti import places
from lms_emulator.providers.canvas.lti.keys import KEYS
from lms_emulator.providers.canvas.model import Account, Course, Tool
from lms_emulator.providers.canvas.rules import scopes, tools
from lms_emulator.signing import lti13

HELLO, COPY = "LtiHelloWorldNotice", lti13.CONTEXT_COPY_NOTICE
WORK, CONTRIBUTION = lti13.SUBMISSION_NOTICE, "LtiAssetProcessorContributionNotice"
TYPES = (HELLO, WORK, COPY, CONTRIBUTION)
_GREETING = {
    "title": "Hello World!",
    "message": f"Congratulations! You have successfully subscribed to {HELLO} in Canvas.",
}


def offered(call: Call, tool: Tool) -> bool:
    """Whether launches carry the notice claim: whether the tool's key has the scope."""
    if not call.settings.notices or tool.developer_key_id is None:
        return False
    return scopes.NOTICES in tools.key_of(call.store, tool).scopes


class CanvasNotices(Notices[Call, Tool]):
    """Notices to a tool."""

    keys: ClassVar[RotatingKeys] = KEYS
    title: ClassVar[str] = "Canvas"

    def types(self, call: Call, tool: Tool) -> Sequence[str]:
        return TYPES

    def url(self, call: Call, tool: Tool) -> str:
        return call.url(f"/api/lti/notice-handlers/{tool.id}")

    def key(self, tool: Tool) -> int:
        return tool.id

    def client_id(self, tool: Tool) -> str:
        return str(tool.developer_key_id)

    def deployment_id(self, call: Call, tool: Tool) -> str:
        return places.deployment_id(call, tool)

    def name(self, tool: Tool) -> str:
        return tool.name

    def issuer(self, call: Call) -> str:
        return call.settings.issuer

    def stamp(self, at: datetime) -> str:
        return stamp(at) or ""


NOTICES = CanvasNotices()


def send_hello(call: Call, tool: Tool) -> None:
    """Send the notice that confirms a subscription."""
    home = tools.home(call.store, tool)
    place = places.Place("accounts", home.id, home) if isinstance(home, Account) else places.of_course(call, home)
    claims = {f"{lti13.CLAIM}context": place.claim, "https://www.instructure.com/hello_world": _GREETING}
    NOTICES.send(call, tool, HELLO, call.clock.now(), claims)


def copied(call: Call, course: Course, source: Course | None) -> None:
    """Notify the tools of a course, and of the accounts above it, that content was copied into the course."""
    claims: dict[str, Any] = {f"{lti13.CLAIM}context": places.of_course(call, course).claim}
    if source is not None:
        claims[f"{lti13.CLAIM}origin_contexts"] = [places.context_id(source)]
    for tool in tools.offered(call.store, course):
        NOTICES.send(call, tool, COPY, call.clock.now(), claims)
