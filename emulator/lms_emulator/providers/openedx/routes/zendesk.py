"""`/zendesk_proxy/v1`: support tickets. The site has no Zendesk to pass them on to.

Source: edx-platform `openedx/core/djangoapps/zendesk_proxy/v1/views.py` (ZendeskPassthroughView).
"""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.routes.resource import Family


def send(call: Call) -> Response:
    """Send a ticket. Refused if fields are missing, then because there is no Zendesk."""
    body = wire.read_object(call)
    comment = body.get("comment")
    if not isinstance(comment, dict) or "body" not in comment or "subject" not in body:
        raise refusals.api_error(400, None, reason="ticket_incomplete", check="subject and comment")
    why = "the ticket is complete; the emulated site has no Zendesk, and answers as one without ZENDESK_URL"
    raise refusals.api_error(503, None, reason="no_zendesk", check="Zendesk is configured", diagnosis=why)


ROUTES = Family("/zendesk_proxy", tag="support").resource(
    "/v1",
    "Send a support ticket",
    post=send,
    evidence="documented",
    source="edx-platform openedx/core/djangoapps/zendesk_proxy/v1/views.py, ZendeskPassthroughView",
)
