"""`/change_enrollment`: enrolling and unenrolling from the site's own pages.

Source: edx-platform `common/djangoapps/student/views/management.py` (change_enrollment);
`fixtures/recordings/openedx-2`, acct.jsonl 422-440.
"""

from __future__ import annotations

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import course_modes, enrollment, keys
from lms_emulator.providers.openedx.web import methods, session


def change_enrollment(call: Call) -> Response:
    """Enrol the signed-in user, or end the enrolment. Answers the address where a mode can be chosen."""
    methods.require_post(call)
    methods.check_csrf(call)
    user = session.current(call).user
    if user is None:
        raise refusals.OpenedxRefusal("not_signed_in", status=403, style="empty", check="browser session")
    if "course_id" not in call.form():
        raise invalid("Course id not specified")
    key = keys.course_key(call.field("course_id"))
    if key is None:
        raise invalid("Invalid course id", got=call.field("course_id"))
    action = call.field("enrollment_action")
    if action == "enroll":
        return _enroll(call, user, key.text)
    if action == "unenroll":
        return _unenroll(call, user, key.text)
    raise invalid("Enrollment action is invalid", got=action)


def _enroll(call: Call, user: User, course_id: str) -> Response:
    course, now = call.store.courses.get(course_id), call.clock.now()
    if course is None:
        raise invalid("Course id is invalid", got=course_id)
    known = enrollment.get(call.store, user, course.id)
    if course.invitation_only or (known is not None and known.is_active):
        raise invalid("Could not enroll")
    modes = course_modes.offered(course, now)
    mode = enrollment.default_mode(course, now, "audit")
    try:
        enrollment.enroll(call.store, user, course, mode, now)
    except enrollment.Refused:
        raise invalid("Could not enroll") from None
    choice = any(course_mode.slug in ("verified", "professional", "credit") for course_mode in modes) and len(modes) > 1
    return wire.html(f"/course_modes/choose/{course.id}/" if choice else "")


def _unenroll(call: Call, user: User, course_id: str) -> Response:
    known = enrollment.get(call.store, user, course_id)
    if known is None or not known.is_active:
        raise invalid("You are not enrolled in this course")
    call.store.enrollments.put(replace(known, is_active=False))
    return wire.empty(200)


def invalid(text: str, *, got: object = None) -> refusals.OpenedxRefusal:
    """A request that changes nothing, as plain text."""
    reason = text.lower().replace(" ", "_")
    return refusals.OpenedxRefusal(reason, status=400, style="plain", body=text, check="change of enrolment", got=got)


ROUTES = (
    Family("", tag="enrollment").page(
        "/change_enrollment",
        change_enrollment,
        "Enrol or unenrol a signed-in browser",
        source=recorded("openedx-2/acct", 422, 436),
        ignores=("email_opt_in",),  # unless a feature is on that is off by default, ENABLE_MKTG_EMAIL_OPT_IN
    ),
)
