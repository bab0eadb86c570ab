"""`POST /api/enrollment/v1/enrollment`: enrol, change mode, deactivate. The checks are in the LMS's own order.

Sources: edx-platform `openedx/core/djangoapps/enrollments/views.py` (EnrollmentListView.post);
`fixtures/recordings/openedx`, main.jsonl 1015-1065.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call, calling_user
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course, Enrollment
from lms_emulator.providers.openedx.rules import cohorts, enrollment, keys, people, preferences
from lms_emulator.providers.openedx.shapes import enrollment as shapes


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The requested change, after the checks of the body's shape and the caller's rights."""

    user: User
    course_id: str
    mode: str | None
    is_active: bool | None
    force: bool
    attributes: list[dict[str, Any]]
    cohort: str | None
    privileged: bool


def post(call: Call) -> Response:
    """Enrol a user; 200 for new, existing and unchanged enrolments."""
    body = wire.read_object(call)
    wanted = _read(call, body)
    made = _carry_out(call, wanted)
    if wanted.cohort is not None:
        _join_cohort(call, wanted)
    if body.get("email_opt_in") is not None:
        _opt_in(call, wanted, body["email_opt_in"])
    return wire.api_json(shape(call, made))


def shape(call: Call, record: Enrollment) -> dict[str, Any]:
    """An enrolment with its course."""
    return shapes.enrollment(record, call.store.courses.get(record.course), call.clock.now())


def _read(call: Call, body: dict[str, Any]) -> Wanted:
    """Checks 1 to 6: the course id, on whose behalf, which mode, which user, the flags."""
    key = _course_key(call, body)
    privileged = _is_privileged(call)
    username, email = body.get("user"), body.get("email")
    user = calling_user(call)
    own = user.username if user else ""
    if username and username != own and not privileged:
        raise not_yours(str(username))
    if email and not username:
        if not privileged:
            raise not_yours(str(email))
        found = lookup.user_with_email(call.store, call.settings, str(email))
        if found is None:
            raise unknown_email(str(email))
        username = found.username
    mode = body.get("mode")
    if mode is not None and mode not in enrollment.OPEN_MODES and not privileged:
        raise mode_not_permitted(str(mode))
    username = str(username or own)
    user = lookup.user_named(call.store, call.settings, username)
    if user is None:
        raise unknown_user(username)
    is_active, force = body.get("is_active"), body.get("force_enrollment")
    if is_active is not None and not isinstance(is_active, bool):
        raise bad_status(is_active, "enrollment activation")
    if force is not None and not isinstance(force, bool):
        raise bad_status(force, "force enrollment")
    return Wanted(
        user=user,
        course_id=key.text,
        mode=None if mode is None else str(mode),
        is_active=is_active,
        force=bool(force) and people.is_global_staff(calling_user(call)),
        attributes=_attributes(body),
        cohort=body.get("cohort"),
        privileged=privileged,
    )


def _course_key(call: Call, body: dict[str, Any]) -> keys.CourseKey:
    """Checks 1 and 2. The real server fails if course_details is not an object."""
    details = body.get("course_details", {})
    if not isinstance(details, dict):
        tip = "; a form holds no objects: send JSON" if call.is_form else ""
        raise refusals.Unhandled(f"course_details is not an object but {details!r}{tip}")
    text = details.get("course_id")
    if not text:
        raise course_id_missing(at_top="course_id" in body, is_form=call.is_form)
    key = keys.course_key(text)
    if key is None:
        raise unknown_course(str(text))
    return key


def _attributes(body: dict[str, Any]) -> list[dict[str, Any]]:
    given = body.get("enrollment_attributes") or []
    if not isinstance(given, list) or not all(isinstance(value, dict) for value in given):
        raise refusals.Unhandled(f"enrollment_attributes is not a list of objects but {given!r}")
    return given


def _is_privileged(call: Call) -> bool:
    return credentials.has_api_key(call) or people.is_global_staff(calling_user(call))


def _carry_out(call: Call, wanted: Wanted) -> Enrollment:
    """Checks 7 to 11, then enrol or change."""
    course = call.store.courses.get(wanted.course_id)
    existing = enrollment.get(call.store, wanted.user, wanted.course_id)
    try:
        if course is not None and existing is not None and wanted.privileged and _changes(existing, wanted):
            return _change(call, existing, course, wanted)
        if course is None:
            raise unknown_course(wanted.course_id)
        mode = wanted.mode or enrollment.default_mode(course, call.clock.now(), call.settings.default_enrollment_mode)
        return enrollment.enroll(
            call.store,
            wanted.user,
            course,
            mode,
            call.clock.now(),
            is_active=wanted.is_active is not False,
            force=wanted.force,
            attributes=wanted.attributes,
        )
    except enrollment.Refused as refused:
        assert course is not None  # only a known course refuses
        raise _refusal(call, wanted, course, refused) from None


def _changes(existing: Enrollment, wanted: Wanted) -> bool:
    other_mode = wanted.mode is not None and existing.mode != wanted.mode
    return other_mode or (wanted.is_active is not None and existing.is_active != wanted.is_active)


def _change(call: Call, existing: Enrollment, course: Course, wanted: Wanted) -> Enrollment:
    if wanted.is_active is False and existing.is_active and wanted.mode is not None and existing.mode != wanted.mode:
        raise mode_mismatch(existing.mode, wanted.mode)
    missing = enrollment.missing_attributes(wanted.mode, wanted.attributes) if wanted.attributes else []
    if missing:
        raise attributes_missing(wanted.mode or "", missing)
    return enrollment.update(
        call.store,
        existing,
        course,
        call.clock.now(),
        mode=wanted.mode,
        is_active=wanted.is_active,
        attributes=wanted.attributes,
        include_expired=credentials.has_api_key(call),
    )


def _refusal(call: Call, wanted: Wanted, course: Course, refused: enrollment.Refused) -> refusals.OpenedxRefusal:
    if refused.reason == "mode_not_offered":
        details = shapes.course_details(course, call.clock.now())
        return mode_not_offered(refused.detail, course.id, details)
    if refused.reason == "attribute":
        return bad_attribute(refused.detail)
    return not_created(wanted.user.username, course.id, refused.reason, ending=wanted.is_active is False)


def _join_cohort(call: Call, wanted: Wanted) -> None:
    cohort = cohorts.named(call.store, wanted.course_id, str(wanted.cohort))
    if cohort is None:
        raise unknown_cohort(str(wanted.cohort))
    if wanted.user.username not in cohort.users:
        cohorts.join(call.store, cohort, wanted.user.username)


def _opt_in(call: Call, wanted: Wanted, agreed: object) -> None:
    """Record for the caller, whoever is enrolled, whether the course's organisation may write to them."""
    user, key = calling_user(call), keys.course_key(wanted.course_id)
    if user is None:
        raise refusals.Unhandled("email_opt_in is the caller's, and a server with X-Edx-Api-Key is nobody")
    preferences.opt_in(call.store, user.username, key.org if key else "", agreed, call.clock.now().year)


# refusals


def _message(status: int, text: str, reason: str, **more: Any) -> refusals.OpenedxRefusal:
    return refusals.api_error(status, {"message": text}, reason=reason, **more)


def course_id_missing(*, at_top: bool = False, is_form: bool = False) -> refusals.OpenedxRefusal:
    """No course named. Parameters: `at_top`, whether it was, but not in `course_details`."""
    in_form = "a form was sent, which has no place for course_details; send JSON" if is_form else None
    return _message(
        400,
        "Course ID must be specified to create a new enrollment.",
        "course_id_missing",
        check="course_details.course_id",
        expected='{"course_details": {"course_id": "course-v1:…"}}',
        diagnosis="course_id was sent at the top level; it belongs in course_details, in JSON" if at_top else in_form,
    )


def unknown_course(text: str) -> refusals.OpenedxRefusal:
    """An unknown course, or an id that cannot be parsed."""
    return _message(
        400,
        f"No course '{text}' found for enrollment",
        "unknown_course",
        check="course exists",
        got=text,
    )


def not_yours(whom: str) -> refusals.OpenedxRefusal:
    """Another user's enrolment, without staff rights or the API key: 404 without a body."""
    text = "only staff and servers with X-Edx-Api-Key may see or change somebody else's enrolment"
    check = "own enrolment, staff, or API key"
    return refusals.api_error(404, None, reason="not_your_enrollment", check=check, got=whom, diagnosis=text)


def unknown_email(email: str) -> refusals.OpenedxRefusal:
    """No account with this address."""
    text = f"The user with the email address {email} does not exist."
    return _message(406, text, "unknown_email", check="user exists", got=email)


def unknown_user(username: str) -> refusals.OpenedxRefusal:
    """No such user."""
    return _message(406, f"The user {username} does not exist.", "unknown_user", check="user exists", got=username)


def mode_not_permitted(mode: str) -> refusals.OpenedxRefusal:
    """A mode that learners may not choose for themselves."""
    return _message(
        403,
        f"User does not have permission to create enrollment with mode [{mode}].",
        "mode_not_permitted",
        check="mode open to learners",
        expected=enrollment.OPEN_MODES,
        got=mode,
        diagnosis="paid modes are given by staff or by a server with X-Edx-Api-Key",
    )


def bad_status(given: Any, what: str) -> refusals.OpenedxRefusal:
    """A flag that is not a JSON boolean."""
    return _message(
        400,
        f"'{given}' is an invalid {what} status.",
        "not_a_boolean",
        check=what,
        expected="true or false",
        got=given,
        diagnosis='a string is not a boolean: send true, not "true"' if isinstance(given, str) else None,
    )


def mode_mismatch(active: str, requested: str) -> refusals.OpenedxRefusal:
    """Deactivating an enrolment while naming another mode."""
    text = f"Enrollment mode mismatch: active mode={active}, requested mode={requested}. Won't deactivate."
    return _message(400, text, "mode_mismatch", check="mode of the enrolment", expected=active, got=requested)


def attributes_missing(mode: str, missing: list[str]) -> refusals.OpenedxRefusal:
    """A mode that requires attributes."""
    text = f"Missing enrollment attributes: requested mode={mode} required attributes={missing}"
    return _message(400, text, "attributes_missing", check="enrollment_attributes", expected=missing)


def mode_not_offered(mode: str, course: str, details: dict[str, Any]) -> refusals.OpenedxRefusal:
    """A mode that the course does not offer (any more)."""
    text = f"The [{mode}] course mode is expired or otherwise unavailable for course run [{course}]."
    return refusals.api_error(
        400,
        {"message": text, "course_details": details},
        reason="mode_not_offered",
        check="mode offered by the course",
        expected=[course_mode["slug"] for course_mode in details["course_modes"]],
        got=mode,
    )


def bad_attribute(text: str) -> refusals.OpenedxRefusal:
    """An enrollment attribute without one of its three parts."""
    return refusals.api_error(
        400,
        {"message": text, "localizedMessage": text},
        reason="bad_attribute",
        check="enrollment_attributes",
        expected=("namespace", "name", "value"),
    )


def not_created(username: str, course: str, reason: str, *, ending: bool) -> refusals.OpenedxRefusal:
    """The course is closed or full.

    Parameters: `ending`, whether the request sends `is_active: false`.
    """
    text = f"An error occurred while creating the new course enrollment for user '{username}' in course '{course}'"
    diagnosis = f"the course is {reason}; force_enrollment by staff gets past this"
    if ending:
        ended = f"{username} is not enrolled, so there is no enrolment to end"
        diagnosis = f"{ended}; a new one is refused, as the course is {reason}"
    return _message(400, text, f"enrollment_{reason}", check=f"course is not {reason}", diagnosis=diagnosis)


def unknown_cohort(name: str) -> refusals.OpenedxRefusal:
    """No cohort of this name in the course; the enrolment has been made all the same."""
    text = f"An error occured while adding to cohort [{name}]"
    return _message(400, text, "unknown_cohort", check="cohort exists", got=name)
