"""Pages that offer tools, the LTI 1.3 launch, and the deep linking return."""

from __future__ import annotations

import struct
import zlib
from functools import cache

from starlette.responses import JSONResponse, Response

from lms_emulator.providers.canvas import refusals, rules, wire
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.credentials import visitors
from lms_emulator.providers.canvas.lti.keys import KEYS
from lms_emulator.providers.canvas.model import Course, User
from lms_emulator.providers.canvas.routes import login
from lms_emulator.providers.canvas.rules import links, tools


def _course(call: Call, user: User) -> Course:
    course = call.store.courses.get(number(call.path_params["course_id"]))
    if course is None or course.workflow_state == "deleted":
        raise refusals.page_not_found(f"course {call.path_params['course_id']} exists")
    if not call.check("takes part in the course", rules.may_enter(call, user, course), got=user.id):
        raise refusals.page_forbidden(
            call.settings.permission_denied_status, "the session's user takes part in the course"
        )
    return course


def dashboard(api: Api) -> Response:
    """GET /: the user's courses."""
    call = api.call
    if api.params.has("login_success") and not call.cookies:
        return wire.redirect(call.url("/login?needs_cookies=1"))
    led = login.open_session_url(api) or login.offer_masquerade(api)
    if led is not None:
        return led
    user = visitors.require(api)
    mine = {e.course_id for e in rules.active(rules.enrollments_of(call, user))}
    courses = [
        c for c in call.store.courses if (c.id in mine or rules.is_admin(call, user)) and c.workflow_state != "deleted"
    ]
    return wire.page(call, "dashboard.html", user=user, courses=courses)


def course(api: Api) -> Response:
    """GET /courses/{course_id}: a course's page, with links to its tools and to what they were placed on."""
    led = login.open_session_url(api) or login.offer_masquerade(api)
    if led is not None:
        return led
    call, user = api.call, visitors.require(api, notice=False)
    found = _course(call, user)
    staff = rules.is_staff(call, user, found.id)
    part = api.path.removeprefix(f"/courses/{found.id}").strip("/")
    edits = part in ("", "modules") and staff
    event = {"available": "claim", "unpublished": "offer"}.get(found.workflow_state)
    assignments = [a for a in call.store.assignments.find("course", found.id) if a.published or staff]
    return wire.page(
        call,
        "course.html",
        user=user,
        course=found,
        tools=[
            (tool, tools.opens_in_tab(tools.placement(call.store, tool, "course_navigation")))
            for tool in tools.offered(call.store, found)
        ],
        links=links.in_course(api, found.id),
        assignments=assignments,
        staff=staff,
        title=f"Course Modules: {found.name}" if part == "modules" else found.name,
        edits=edits,
        event=event if not part else None,
    )


def jwks(call: Call) -> Response:
    """GET /api/lti/security/jwks: the public keys of Canvas's id_tokens; with `rotation_check`, which ones are old."""
    shown = KEYS.rotation_check(call) if "rotation_check" in call.query else KEYS.key_set(call)
    return JSONResponse(shown, headers={"Cache-Control": "max-age=864000, private"})


def no_picture(call: Call) -> Response:
    """A grey square, 50 by 50 pixels, in place of Canvas's default picture."""
    return Response(_grey_square(50), media_type="image/png")


@cache
def _grey_square(size: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xbb" * size) * size)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
