"""`POST /api/enrollment/v1/enrollment`: enrol, change mode, deactivate. The checks stand in the LMS's own order.

Source: openedx.md 6.2 (eleven ordered checks); recorded group `enrollment/post`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lms_emulator.providers.openedx import credentials, views, visits, wire
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.rules import cohorts, enrollment, keys, people, shapes

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.model.accounts import User
    from lms_emulator.providers.openedx.model.courseware import Course, Enrollment
    from lms_emulator.providers.openedx.visits import Call


class _Unhandled(Exception):
    """The real server does not handle this input."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the body asks for, after the checks on its shape and on who may ask."""

    user: User
    course_id: str
    mode: str | None
    is_active: bool | None
    force: bool
    attributes: list[dict[str, Any]]
    cohort: str | None
    privileged: bool


def post(x: Call) -> Response:
    """Enrol somebody; 200 for new, existing and unchanged alike."""
    body = views.data(x)
    try:
        wish = _read(x, body)
    except _Unhandled:
        return views.server_error(x)
    made = _carry_out(x, wish)
    if wish.cohort is not None:
        _join_cohort(x, wish)
    return wire.api_json(enrollment.detail(x.store, made, x.clock.now()))


def _read(x: Call, body: Any) -> Wish:
    """Checks 1 to 6: the course id, on whose behalf, which mode, which user, the flags."""
    key = _course_key(body)
    privileged = _is_privileged(x)
    username, email = body.get("user"), body.get("email")
    identity = visits.of(x).identity
    own = identity.user.username if identity else ""
    if (username and username != own and not privileged) or (email and not privileged):
        raise not_yours(str(username or email))
    if email and not username:
        found = lookup.user_with_email(x.store, x.settings, str(email))
        if found is None:
            raise unknown_email(str(email))
        username = found.username
    mode = body.get("mode")
    if mode is not None and mode not in enrollment.OPEN_MODES and not privileged:
        raise mode_not_permitted(str(mode))
    username = str(username or own)
    user = lookup.user_named(x.store, x.settings, username)
    if user is None:
        raise unknown_user(username)
    is_active, force = body.get("is_active"), body.get("force_enrollment")
    if is_active is not None and not isinstance(is_active, bool):
        raise bad_status(is_active, "enrollment activation")
    if force is not None and not isinstance(force, bool):
        raise bad_status(force, "force enrollment")
    return Wish(
        user=user,
        course_id=key.text,
        mode=None if mode is None else str(mode),
        is_active=is_active,
        force=bool(force) and privileged,
        attributes=_attributes(body),
        cohort=body.get("cohort"),
        privileged=privileged,
    )


def _course_key(body: Any) -> keys.CourseKey:
    """Checks 1 and 2. A body or course_details that is no object is not handled by the real server."""
    if not isinstance(body, dict):
        raise _Unhandled
    details = body.get("course_details", {})
    if not isinstance(details, dict):
        raise _Unhandled
    text = details.get("course_id")
    if not text:
        raise course_id_missing()
    key = keys.course_key(text)
    if key is None:
        raise unknown_course(str(text))
    return key


def _attributes(body: dict[str, Any]) -> list[dict[str, Any]]:
    given = body.get("enrollment_attributes") or []
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise _Unhandled
    return given


def _is_privileged(x: Call) -> bool:
    identity = visits.of(x).identity
    return credentials.has_api_key(x) or (identity is not None and people.is_global_staff(identity.user))


def _carry_out(x: Call, wish: Wish) -> Enrollment:
    """Checks 7 to 11, and the deed."""
    course = x.store.courses.get(wish.course_id)
    existing = enrollment.get(x.store, wish.user, wish.course_id)
    try:
        if course is not None and existing is not None and wish.privileged and _changes(existing, wish):
            return _change(x, existing, course, wish)
        if course is None:
            raise unknown_course(wish.course_id)
        mode = wish.mode or enrollment.default_mode(course, x.clock.now(), x.settings.default_enrollment_mode)
        return enrollment.enroll(
            x.store,
            wish.user,
            course,
            mode,
            x.clock.now(),
            is_active=wish.is_active is not False,
            force=wish.force,
            attributes=wish.attributes,
        )
    except enrollment.Refused as refused:
        assert course is not None  # only a known course refuses
        raise _refusal(x, wish, course, refused) from None


def _changes(existing: Enrollment, wish: Wish) -> bool:
    other_mode = wish.mode is not None and existing.mode != wish.mode
    return other_mode or (wish.is_active is not None and existing.is_active != wish.is_active)


def _change(x: Call, existing: Enrollment, course: Course, wish: Wish) -> Enrollment:
    if wish.is_active is False and existing.is_active and wish.mode is not None and existing.mode != wish.mode:
        raise mode_mismatch(existing.mode, wish.mode)
    missing = enrollment.missing_attributes(wish.mode, wish.attributes) if wish.attributes else []
    if missing:
        raise attributes_missing(wish.mode or "", missing)
    return enrollment.update(
        x.store,
        existing,
        course,
        x.clock.now(),
        mode=wish.mode,
        is_active=wish.is_active,
        attributes=wish.attributes,
        include_expired=credentials.has_api_key(x),
    )


def _refusal(x: Call, wish: Wish, course: Course, refused: enrollment.Refused) -> wire.OpenedxRefusal:
    if refused.reason == "mode_not_offered":
        details = shapes.course_details(course, x.clock.now())
        return mode_not_offered(refused.detail, course.id, details)
    if refused.reason == "attribute":
        return bad_attribute(refused.detail)
    return not_created(wish.user.username, course.id, refused.reason)


def _join_cohort(x: Call, wish: Wish) -> None:
    cohort = cohorts.named(x.store, wish.course_id, str(wish.cohort))
    if cohort is None:
        raise unknown_cohort(str(wish.cohort))
    if wish.user.username not in cohort.users:
        cohorts.join(x.store, cohort, wish.user.username)


# refusals


def _message(status: int, text: str, reason: str, **more: Any) -> wire.OpenedxRefusal:
    return wire.api_error(status, {"message": text}, reason=reason, **more)


def course_id_missing() -> wire.OpenedxRefusal:
    """No course named."""
    return _message(
        400,
        "Course ID must be specified to create a new enrollment.",
        "course_id_missing",
        check="course_details.course_id",
        expected='{"course_details": {"course_id": "course-v1:…"}}',
    )


def unknown_course(text: str) -> wire.OpenedxRefusal:
    """A course that is not there, or an id that cannot be read."""
    diagnosis = "in a query or form `+` means a space: write %2B" if " " in text else None
    return _message(
        400,
        f"No course '{text}' found for enrollment",
        "unknown_course",
        check="course exists",
        got=text,
        diagnosis=diagnosis,
    )


def not_yours(whom: str) -> wire.OpenedxRefusal:
    """On behalf of another user, without staff rights or the API key."""
    return wire.api_error(
        404,
        None,
        reason="not_your_enrollment",
        check="own enrolment, staff, or API key",
        got=whom,
        diagnosis="only staff and servers with X-Edx-Api-Key may enrol somebody else",
    )


def unknown_email(email: str) -> wire.OpenedxRefusal:
    """No account with this address."""
    text = f"The user with the email address {email} does not exist."
    return _message(406, text, "unknown_email", check="user exists", got=email)


def unknown_user(username: str) -> wire.OpenedxRefusal:
    """No such user."""
    return _message(406, f"The user {username} does not exist.", "unknown_user", check="user exists", got=username)


def mode_not_permitted(mode: str) -> wire.OpenedxRefusal:
    """A mode that a learner may not take by himself."""
    return _message(
        403,
        f"User does not have permission to create enrollment with mode [{mode}].",
        "mode_not_permitted",
        check="mode open to learners",
        expected=enrollment.OPEN_MODES,
        got=mode,
        diagnosis="paid modes are given by staff or by a server with X-Edx-Api-Key",
    )


def bad_status(given: Any, what: str) -> wire.OpenedxRefusal:
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


def mode_mismatch(active: str, requested: str) -> wire.OpenedxRefusal:
    """Deactivating an enrolment while naming another mode."""
    text = f"Enrollment mode mismatch: active mode={active}, requested mode={requested}. Won't deactivate."
    return _message(400, text, "mode_mismatch", check="mode of the enrolment", expected=active, got=requested)


def attributes_missing(mode: str, missing: list[str]) -> wire.OpenedxRefusal:
    """A mode that needs more said about it."""
    text = f"Missing enrollment attributes: requested mode={mode} required attributes={missing}"
    return _message(400, text, "attributes_missing", check="enrollment_attributes", expected=missing)


def mode_not_offered(mode: str, course: str, details: dict[str, Any]) -> wire.OpenedxRefusal:
    """A mode that the course does not offer (any more)."""
    text = f"The [{mode}] course mode is expired or otherwise unavailable for course run [{course}]."
    return wire.api_error(
        400,
        {"message": text, "course_details": details},
        reason="mode_not_offered",
        check="mode offered by the course",
        expected=[one["slug"] for one in details["course_modes"]],
        got=mode,
    )


def bad_attribute(text: str) -> wire.OpenedxRefusal:
    """An enrollment attribute without one of its three parts."""
    return wire.api_error(
        400,
        {"message": text, "localizedMessage": text},
        reason="bad_attribute",
        check="enrollment_attributes",
        expected=("namespace", "name", "value"),
    )


def not_created(username: str, course: str, reason: str) -> wire.OpenedxRefusal:
    """The course is closed or full."""
    text = f"An error occurred while creating the new course enrollment for user '{username}' in course '{course}'"
    diagnosis = "force_enrollment by staff gets past this" if reason == "closed" else None
    return _message(400, text, f"enrollment_{reason}", check=f"course is not {reason}", diagnosis=diagnosis)


def unknown_cohort(name: str) -> wire.OpenedxRefusal:
    """No cohort of this name in the course; the enrolment has been made all the same."""
    text = f"An error occured while adding to cohort [{name}]"
    return _message(400, text, "unknown_cohort", check="cohort exists", got=name)
