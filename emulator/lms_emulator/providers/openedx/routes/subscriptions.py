"""Subscriptions of learners: course e-mail, and course dates in their calendars.

Sources: edx-platform `common/djangoapps/student/views/management.py`, `openedx/features/calendar_sync/views/`.
"""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.core.http import json_text
from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import Call, caller, readable_key
from lms_emulator.providers.openedx.model.learning import EmailOptout
from lms_emulator.providers.openedx.routes.authorize import to_login
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.web import csrf, deployment, methods, session


def email_settings(call: Call) -> Response:
    """Whether the caller wants e-mail from a course; without a key of a course the real server fails (500)."""
    body = wire.read_object(call)
    key = readable_key(body.get("course_id"))
    chosen = EmailOptout(user=caller(call).username, course=key.text)
    if body.get("receive_emails"):
        call.store.email_optouts.delete((chosen.user, chosen.course))
    else:
        call.store.email_optouts.put(chosen)
    return wire.pretty_json({"success": True})


def sync_calendar(call: Call) -> Response:
    """Subscribe to the calendar of a course, or unsubscribe."""
    user = session.current(call).user
    methods.require_post(call)
    methods.check_csrf(call)
    if user is None:
        return to_login(call)
    csrf.ensure(call, set_by_view=True)
    try:
        sent = json_text.parse(call.field("tool_data") or "{}")
    except ValueError:
        sent = {}
    if not isinstance(sent, dict):
        return wire.server_failure(call, refusals.Unhandled("tool_data is not an object"))
    wanted = sent.get("toggle_data")
    if wanted not in ("subscribe", "unsubscribe"):
        text = "Toggle data was not provided or had unknown value."
        raise refusals.OpenedxRefusal("unknown_toggle", status=422, style="plain", body=text, check="toggle_data")
    front = deployment.front(call, "learning", call.base_url)
    response = wire.redirect(f"{front}/course/{call.path_params['course_id']}/home")
    response.headers["vary"] = "Cookie"
    return response


_COURSES = Family("/courses/{course_id}", tag="courseware")

ROUTES = (
    *Family("/api", tag="email").resource(
        "/change_email_settings",
        "Switch e-mail from a course on or off",
        post=email_settings,
        allow="OPTIONS, POST",
        defect=True,
        notes_course=False,
        evidence="documented",
        source="edx-platform common/djangoapps/student/views/management.py, change_email_settings",
    ),
    _COURSES.page(
        "/calendar_sync", sync_calendar, "Subscribe to the calendar", source=recorded("openedx-2/learn", 633)
    ),
)
