"""Notices (Platform Notification Service), which Canvas posts to the handlers that tools registered.

Source: https://developerdocs.instructure.com/services/canvas/external-tools/lti/file.pns.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from lms_emulator.core.http.outgoing import OutgoingError, fetch, later
from lms_emulator.core.keys import private_key
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.lti import places
from lms_emulator.providers.canvas.lti.keys import KEYS
from lms_emulator.providers.canvas.model import Account, Course, Tool
from lms_emulator.providers.canvas.rules import scopes, tools
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import sign

HELLO, COPY = "LtiHelloWorldNotice", "LtiContextCopyNotice"
WORK, CONTRIBUTION = "LtiAssetProcessorSubmissionNotice", "LtiAssetProcessorContributionNotice"
TYPES = (HELLO, WORK, COPY, CONTRIBUTION)
LIFETIME_SECONDS = 3600
_GREETING = {
    "title": "Hello World!",
    "message": f"Congratulations! You have successfully subscribed to {HELLO} in Canvas.",
}


def offered(x: Call, tool: Tool) -> bool:
    """Whether launches carry the notice claim: whether the tool's key has the scope."""
    if not x.settings.notices or tool.developer_key_id is None:
        return False
    return scopes.NOTICES in tools.key_of(x.store, tool).scopes


def claim(x: Call, tool: Tool) -> dict[str, Any]:
    """The notice claim of a launch."""
    return {
        "service_versions": ["1.0"],
        "platform_notification_service_url": x.url(f"/api/lti/notice-handlers/{tool.id}"),
        "scope": [scopes.NOTICES],
        "notice_types_supported": list(TYPES),
    }


def send_hello(x: Call, tool: Tool) -> None:
    """Send the notice that confirms a subscription."""
    home = tools.home(x.store, tool)
    place = places.Place("accounts", home.id, home) if isinstance(home, Account) else places.of_course(x, home)
    claims = {f"{lti13.CLAIM}context": place.claim, "https://www.instructure.com/hello_world": _GREETING}
    send(x, tool, HELLO, x.clock.now(), claims)


def copied(x: Call, course: Course, source: Course | None) -> None:
    """Notify the tools of a course, and of the accounts above it, that content was copied into the course."""
    claims: dict[str, Any] = {f"{lti13.CLAIM}context": places.of_course(x, course).claim}
    if source is not None:
        claims[f"{lti13.CLAIM}origin_contexts"] = [places.context_id(source)]
    for tool in tools.offered(x.store, course):
        send(x, tool, COPY, x.clock.now(), claims)


def send(x: Call, tool: Tool, kind: str, at: datetime, extra: dict[str, Any]) -> None:
    """Put a notice into the outbox and, if the tool subscribed to it, send it once the response is made."""
    wanted = next((one for one in x.store.notice_handlers.find("tool", tool.id) if one.notice_type == kind), None)
    if wanted is None:
        return
    key, client, now = KEYS.signing(x), str(tool.developer_key_id), int(x.clock.timestamp())
    claims = {
        f"{lti13.CLAIM}version": lti13.VERSION,
        f"{lti13.CLAIM}notice": {"id": x.ids.uuid(), "timestamp": stamp(at), "type": kind},
        "aud": client,
        "azp": client,
        f"{lti13.CLAIM}deployment_id": places.deployment_id(x, tool),
        "exp": now + LIFETIME_SECONDS,
        "iat": now,
        "iss": x.settings.issuer,
        "nonce": x.ids.uuid(),
        **extra,
    }
    body = {"notices": [{"jwt": sign(claims, private_key(key.name), kid=key.kid)}]}
    x.outbox.add("webhook", provider=x.provider, kind=kind, to=wanted.handler, at=at, subject=tool.name, data=body)
    later(x, partial(_deliver, x, wanted.handler, body))


async def _deliver(x: Call, url: str, body: dict[str, Any]) -> None:
    try:
        answer = await fetch(x, "POST", x.resolve(url), allowed=[url], json=body)
    except OutgoingError as error:
        x.warn("notice_not_delivered", f"{error}; Canvas does not retry; the notice is in the outbox")
        return
    if answer.status_code >= 300:
        x.warn("notice_not_delivered", f"{url} answered {answer.status_code}; Canvas does not retry")
