"""`/support/`: the tools of the support team, as data.

Source: edx-platform `lms/djangoapps/support/views/`; `fixtures/recordings/openedx-2`, instr.jsonl 695-756.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, pages, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller, calling_user
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Enrollment
from lms_emulator.providers.openedx.routes.authorize import to_login
from lms_emulator.providers.openedx.routes.permissions import anyone
from lms_emulator.providers.openedx.routes.resource import Family, Operation, recorded
from lms_emulator.providers.openedx.rules import course_modes, enrollment, keys, people
from lms_emulator.providers.openedx.shapes import enrollment as shapes
from lms_emulator.providers.openedx.shapes import moment
from lms_emulator.providers.openedx.web import csrf, session


def _user(call: Call) -> User | None:
    return people.user_by_name_or_email(call.store, call.settings, call.path_params["who"])


def _forbidden() -> refusals.OpenedxRefusal:
    return refusals.OpenedxRefusal(
        "not_support", status=403, style="empty", headers={"content-type": wire.HTML}, check="support role"
    )


def for_support(operation: Operation) -> Operation:
    """An operation for the support team; nobody is sent to sign in, others are refused."""

    def run(call: Call) -> Response:
        user = calling_user(call)
        if user is None:
            return to_login(call)
        if not people.is_support(call.store, user):
            raise _forbidden()
        return operation(call)

    return run


def support_role(call: Call) -> None:
    """Permission: the support team."""
    if not people.is_support(call.store, caller(call)):
        raise _forbidden()


# enrolments


def list_enrollments(call: Call) -> Response:
    """The enrolments of a user; empty for an unknown one."""
    user = _user(call)
    if user is None:
        return wire.pretty_json([])
    return wire.pretty_json([_shape(call, record) for record in enrollment.of_user(call.store, user)])


def _shape(call: Call, record: Enrollment) -> dict[str, Any]:
    course, now = call.store.courses.get(record.course), call.clock.now()
    shape: dict[str, Any] = {
        "created": moment(record.created),
        "mode": record.mode,
        "is_active": record.is_active,
        "user": record.user,
    }
    if course is not None:
        shape |= shapes.course_details(course, now)
        verified = next((mode for mode in course_modes.offered(course, now) if mode.slug == "verified"), None)
        if verified is not None:
            shape["verified_price"] = verified.min_price
            shape["verified_upgrade_deadline"] = moment(verified.expiration_datetime)
            shape["verification_deadline"] = moment(course.verification_deadline)
    return shape | {"order_number": "", "source_system": "", "manual_enrollment": {}}


def _needed(call: Call, names: tuple[str, ...]) -> dict[str, Any]:
    body = wire.read_object(call)
    for name in names:
        if not body.get(name):
            raise _invalid(f"The field '{name}' is required.")
    return body


def _invalid(text: str) -> refusals.OpenedxRefusal:
    return refusals.OpenedxRefusal(
        "invalid_change", status=400, style="plain", body=text, headers={"content-type": wire.HTML}, check="enrolment"
    )


def enroll(call: Call) -> Response:
    """Enrol a user."""
    body, user = _needed(call, ("course_id", "mode", "reason")), _user(call)
    key = keys.course_key(str(body["course_id"]))
    course = call.store.courses.get(key.text) if key else None
    if course is None or user is None:
        raise _invalid("Could not parse course key.") if key is None else _invalid("Could not find user or course.")
    known = enrollment.get(call.store, user, course.id)
    if known is not None and known.is_active:
        raise _invalid(f"The user {user.username} is already enrolled in {course.id}.")
    try:
        made = enrollment.enroll(call.store, user, course, str(body["mode"]), call.clock.now(), force=True)
    except enrollment.Refused:
        raise _invalid(f"{body['mode']} is not a valid mode for {course.id}.") from None
    return wire.pretty_json(_shape(call, made))


def change_mode(call: Call) -> Response:
    """Change the mode of an enrolment."""
    body, user = _needed(call, ("course_id", "old_mode", "new_mode", "reason")), _user(call)
    known = enrollment.get(call.store, user, str(body["course_id"])) if user else None
    if known is None or known.mode != body["old_mode"]:
        name = user.username if user else call.path_params["who"]
        raise _invalid(f"Could not find enrollment for user {name} in course {body['course_id']}")
    made = call.store.enrollments.put(replace(known, mode=str(body["new_mode"])))
    return wire.pretty_json(_shape(call, made))


# users


def manage_user(call: Call) -> Response:
    """An account, and whether its password can be used."""
    user = _user(call)
    if user is None:
        return wire.pretty_json([])
    return wire.pretty_json(
        {
            "username": user.username,
            "email": user.email,
            "date_joined": moment(user.date_joined),
            "is_active": user.is_active,
            "password_toggle_history": [],
            "status": "Unusable" if user.password is None else "Usable",
        }
    )


def toggle_password(call: Call) -> Response:
    """Make a password unusable; a lost one does not come back."""
    user = _user(call)
    if user is None:
        raise refusals.Unhandled(f"nobody is called `{call.path_params['who']}`")
    call.store.users.put(replace(user, password=None))
    text = f"{user.username} has been disabled successfully"
    return wire.pretty_json({"success_msg": text})


def nothing(call: Call) -> Response:
    """An empty list."""
    return wire.pretty_json([])


def onboarding(call: Call) -> Response:
    """Where a user was verified for proctored exams: nowhere."""
    return wire.pretty_json({"verified_in": None, "current_status": None})


def inspect_programs(call: Call) -> Response:
    """The enrolments of a user in programs: none."""
    who = call.query.get("edx_user", "")
    user = people.user_by_name_or_email(call.store, call.settings, who) if who else None
    error = "" if user is not None or not who else f"Could not find edx account with {who}"
    found: dict[str, Any] = {}
    if user is not None:
        verification = {
            "status": "none",
            "error": "",
            "should_display": True,
            "status_date": "",
            "verification_expiry": "",
        }
        found = {"user": {"username": user.username, "email": user.email}, "id_verification": verification}
    return wire.api_json({"error": error, "learner_program_enrollments": found, "org_keys": ""})


def link_programs(call: Call) -> Response:
    """Link users to programs, of which there are none."""
    text = "There must be an equal number of program enrollments and usernames."
    return wire.api_json({"successes": [], "errors": [text], "program_uuid": "", "text": ""})


def enrollment_page(call: Call) -> Response:
    """The page of the enrolment tool."""
    user = session.current(call).user
    if user is None:
        return to_login(call)
    csrf.ensure(call)
    if not people.is_support(call.store, user):
        raise _forbidden()
    return pages.page(call, "message.html", title="Enrollment", heading="Student Support: Enrollment", text="")


FAMILY = Family("/support", tag="support", authenticators=credentials.JWT_SESSION, permissions=(anyone,))
_API: dict[str, Any] = {"permissions": (support_role,)}


def _instr(*numbers: int) -> str:
    return recorded("openedx-2/instr", *numbers)


ROUTES = (
    *FAMILY.resource(
        "/enrollment/{who}",
        "Enrolments of a user",
        get=for_support(list_enrollments),
        post=for_support(enroll),
        patch=for_support(change_mode),
        source=_instr(697, 747),
    ),
    FAMILY.page("/enrollment/", enrollment_page, "The enrolment tool", "GET", evidence="observed", source=_instr(709)),
    *FAMILY.resource(
        "/manage_user/{who}",
        "An account and its password",
        get=for_support(manage_user),
        post=for_support(toggle_password),
        defect=True,
        source=_instr(714),
    ),
    *FAMILY.resource(
        "/sso_records/{who}", "Accounts at other identity providers", get=for_support(nothing), source=_instr(722)
    ),
    *FAMILY.resource(
        "/onboarding_status/{who}", "Verification for proctored exams", get=for_support(onboarding), source=_instr(725)
    ),
    *FAMILY.resource(
        "/course_reset/{who}",
        "Resets of a course",
        get=nothing,
        allow="GET, POST, HEAD, OPTIONS",
        source=_instr(729),
        **_API,
    ),
    *FAMILY.resource(
        "/feature_based_enrollment_details/{course_id}", "Gating of a course", get=nothing, source=_instr(716), **_API
    ),
    *FAMILY.resource(
        "/program_enrollments_inspector_details/",
        "Programs of a user",
        get=inspect_programs,
        source=_instr(737),
        **_API,
    ),
    *FAMILY.resource(
        "/link_program_enrollments_details/",
        "Link users to programs",
        post=link_programs,
        permissions=(caller,),
        evidence="documented",
        source="edx-platform lms/djangoapps/support/views/program_enrollments.py, LinkProgramEnrollmentSupportAPIView",
    ),
    *FAMILY.resource("/get_saml_providers/", "SAML providers", get=nothing, source=_instr(741), **_API),
)
