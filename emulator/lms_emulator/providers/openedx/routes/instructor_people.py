"""The instructor dashboard's operations on people: roles, enrolments, beta testers, learners' data.

Source: edx-platform `lms/djangoapps/instructor/views/api.py`; `fixtures/recordings/openedx-2`, instr.jsonl 214-379.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call, course_of
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import CourseRole, CourseRoleName, Enrollment, ForumRole
from lms_emulator.providers.openedx.routes.instructor_api import (
    acting_user,
    answered,
    form,
    need,
    operation,
    person,
    plain_view,
)
from lms_emulator.providers.openedx.rules import bulk_enroll, cohorts, enrollment, fields, people
from lms_emulator.providers.openedx.rules.fields import Field
from lms_emulator.providers.openedx.web import deployment

ROLES: dict[str, CourseRoleName] = {
    "beta": "beta_testers",
    "instructor": "instructor",
    "staff": "staff",
    "limited_staff": "limited_staff",
    "data_researcher": "data_researcher",
}
FORUM_ROLES = ("Administrator", "Moderator", "Group Moderator", "Community TA")
_BETA = {
    "identifiers": Field(fields.text(), required=True),
    "action": Field(fields.choice("add", "remove"), required=True),
    "email_students": Field(fields.boolean),
    "auto_enroll": Field(fields.boolean),
}


# roles


def list_members(call: Call) -> Response:
    """The users with a role in the course."""
    given = form(call)
    role = str(given.get("rolename", ""))
    if role not in ROLES:
        problem = f'"{role}" is not a valid choice.' if "rolename" in given else fields.REQUIRED
        raise invalid({"rolename": [problem]})
    found = [row for row in call.store.course_roles.find("course", course_of(call).id) if row.role == ROLES[role]]
    users = [user for course_role in found if (user := call.store.users.get(course_role.user)) is not None]
    return wire.api_json({"course_id": course_of(call).id, role: [_member(user) for user in users]})


def _member(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
    }


def invalid(errors: dict[str, list[str]]) -> refusals.OpenedxRefusal:
    """Fields that the serializer does not accept."""
    return refusals.api_error(400, errors, reason="invalid_fields", check=", ".join(errors), got=errors)


def modify_access(call: Call) -> Response:
    """Give a user a role in the course, or remove it."""
    given = need(
        call,
        {
            "unique_student_identifier": "email or username of user to change access",
            "rolename": "'instructor', 'staff', 'beta', or 'ccx_coach'",
            "action": "'allow' or 'revoke'",
        },
    )
    who, role, action = (str(given[name]) for name in ("unique_student_identifier", "rolename", "action"))
    user = person(call, who)
    if user is None:
        return wire.pretty_json({"unique_student_identifier": who, "userDoesNotExist": True})
    shown: dict[str, Any] = {"unique_student_identifier": user.username}
    if not user.is_active:
        return wire.pretty_json(shown | {"inactiveUser": True})
    if role not in ROLES:
        raise answered(
            f"unknown rolename '{role}'", reason="unknown_role", check="rolename", expected={"rolename": sorted(ROLES)}
        )
    caller = acting_user(call)
    shown |= {"rolename": role, "action": action}
    if role == "instructor" and action == "revoke" and caller is not None and user.id == caller.id:
        return wire.pretty_json(shown | {"removingSelfAsInstructor": True})
    if action == "allow":
        call.store.course_roles.put(CourseRole(user=user.username, role=ROLES[role], course=course_of(call).id))
    elif action == "revoke":
        call.store.course_roles.delete((user.username, ROLES[role], course_of(call).id, None))
    else:
        raise answered(reason="unknown_action", check="action", expected={"action": ["allow", "revoke"]})
    return wire.pretty_json(shown | {"success": "yes"})


def list_forum_members(call: Call) -> Response:
    """The users with a role in the discussions of the course."""
    role = str(form(call).get("rolename", ""))
    if role not in FORUM_ROLES:
        raise invalid({"rolename": ["Invalid role name."]})
    found = [row for row in call.store.forum_roles.find("course", course_of(call).id) if row.role == role]
    users = [user for forum_role in found if (user := call.store.users.get(forum_role.user)) is not None]
    rows = [_member(user) | {"group_name": None} for user in users]
    return wire.api_json({"course_id": course_of(call).id, role: rows, "division_scheme": "none"})


def forum_admin(call: Call) -> None:
    """Permission: instructors, and administrators of the discussions; of administrators only instructors may know."""
    user, course_id = acting_user(call), course_of(call).id
    instructor = people.is_instructor(call.store, user, course_id)
    admin = user is not None and (user.username, course_id, "Administrator") in call.store.forum_roles
    if not (instructor or admin):
        text = "Operation requires staff & forum admin or instructor access"
        raise refusals.OpenedxRefusal("no_forum_admin", status=403, message=text, check="forum admin or instructor")
    if form(call).get("rolename") == "Administrator" and not instructor:
        text = "Operation requires instructor access."
        raise refusals.OpenedxRefusal("no_instructor", status=403, message=text, check="instructor")


def change_forum_role(call: Call) -> Response:
    """Give a user a role in the discussions of the course, or remove it."""
    given = form(call)
    who, role, action = (str(given.get(name, "")) for name in ("unique_student_identifier", "rolename", "action"))
    user = person(call, who)
    if role not in FORUM_ROLES:
        takes = {"rolename": sorted(FORUM_ROLES)}
        raise answered(f"Unrecognized rolename '{role}'.", reason="unknown_role", check="rolename", expected=takes)
    if user is None:
        raise answered("User does not exist.", reason="unknown_user")
    record = ForumRole(user=user.username, course=course_of(call).id, role=role)
    if action == "allow":
        call.store.forum_roles.put(record)
    elif action == "revoke":
        call.store.forum_roles.delete((user.username, course_of(call).id, role))
    else:
        raise answered(reason="unknown_action", check="action", expected={"action": ["allow", "revoke"]})
    return wire.pretty_json({"course_id": course_of(call).id, "action": action})


# enrolments


def _flag(call: Call, given: dict[str, Any], name: str) -> bool:
    return call.reads.flag(name, str(given.get(name, "")), ("true", "True", "1"))


def update_enrollment(call: Call) -> Response:
    """Enrol or unenrol the people named, by name or address."""
    given = need(call, {"action": "enroll or unenroll", "identifiers": "stringified list of emails and/or usernames"})
    action, found = given["action"], course_of(call)
    auto, mail = (_flag(call, given, name) for name in ("auto_enroll", "email_students"))
    results = []
    for who in bulk_enroll.identifiers(str(given["identifiers"])):
        line, user = bulk_enroll.process(
            call.store,
            who,
            found.id,
            call.clock.now(),
            settings=call.settings,
            enroll=action == "enroll",
            auto_enroll=auto,
        )
        results.append(line)
        bulk_enroll.warn_of(call, line)
        if mail and not line.get("invalidIdentifier"):
            _mail(call, user.email if user else who, f"You have been {action}ed in {found.display_name}")
    return wire.pretty_json({"action": action, "results": results, "auto_enroll": auto})


def _mail(call: Call, to: str, subject: str) -> None:
    call.outbox.add(
        "email", provider=call.provider, kind="enrollment", to=to, at=call.clock.now(), subject=subject, data={}
    )


def change_beta_testers(call: Call) -> Response:
    """Make people beta testers of the course, or no longer."""
    values, errors = fields.read(form(call), _BETA)
    if errors:
        raise answered(body={"message": errors}, reason="invalid_fields")
    results = [_beta(call, who, values) for who in bulk_enroll.identifiers(values["identifiers"])]
    for line in results:
        bulk_enroll.warn_of(call, line)
    return wire.pretty_json({"action": values["action"], "results": results})


def _beta(call: Call, who: str, values: dict[str, Any]) -> dict[str, Any]:
    user, course_id = person(call, who), course_of(call).id
    if user is None:
        return {"identifier": who, "error": True, "userDoesNotExist": True, "is_active": None}
    if values["action"] == "add":
        call.store.course_roles.put(CourseRole(user=user.username, role="beta_testers", course=course_id))
        subject = f"You have been invited to a beta test for {course_of(call).display_name}"
    else:
        call.store.course_roles.delete((user.username, "beta_testers", course_id, None))
        subject = f"You have been removed from a beta test for {course_of(call).display_name}"
    if values.get("email_students") and (user.is_active or values["action"] == "remove"):
        _mail(call, user.email, subject)
    known = enrollment.get(call.store, user, course_id)
    if values.get("auto_enroll") and (known is None or not known.is_active):  # also with "remove"
        mode = enrollment.default_mode(course_of(call), call.clock.now(), "audit")
        enrollment.enroll(call.store, user, course_of(call), mode, call.clock.now(), force=True)
    return {"identifier": who, "error": False, "userDoesNotExist": False, "is_active": user.is_active}


def enrollment_status(call: Call) -> Response:
    """Whether a learner is enrolled, in words."""
    who = form(call).get("unique_student_identifier")
    if who is None:
        raise answered(reason="nobody_named")
    user, found = person(call, str(who)), course_of(call)
    error, status = "", ""
    if user is not None:
        known = enrollment.get(call.store, user, found.id)
        state = "never enrolled" if known is None else "active" if known.is_active else "inactive"
        status = f"Enrollment status for {user.username}: {state}"
    elif (str(who).lower(), found.id) in call.store.enrollments_allowed:
        status = f"Enrollment status for {who}: pending"
    else:
        status = f"Enrollment status for {who}: never enrolled"
    return wire.pretty_json({"course_id": found.id, "error": error, "enrollment_status": status})


def progress_url(call: Call) -> Response:
    """The address of a learner's progress page. An unknown learner is not handled by the real server (500)."""
    user = person(call, str(form(call).get("unique_student_identifier", "")))
    if user is None:
        raise refusals.Unhandled("nobody has this unique_student_identifier")
    learning = deployment.front(call, "learning")
    page = f"{learning}/course/{course_of(call).id}/progress/{user.id}/" if learning else None
    address = page or urljoin(f"{call.base_url}/", f"courses/{course_of(call).id}/progress/{user.id}/")
    return wire.api_json({"course_id": course_of(call).id, "progress_url": address})


# learners' data

_FEATURES = {
    "id": "User ID",
    "username": "Username",
    "name": "Name",
    "email": "Email",
    "language": "Language",
    "location": "Location",
    "gender": "Gender",
    "level_of_education": "Level of Education",
    "mailing_address": "Mailing Address",
    "goals": "Goals",
    "enrollment_mode": "Enrollment Mode",
    "last_login": "Last Login",
    "date_joined": "Date Joined",
    "external_user_key": "External User Key",
    "cohort": "Cohort",
    "city": "City",
    "country": "Country",
}
_AVAILABLE = (
    "id", "username", "first_name", "last_name", "is_staff", "email", "date_joined", "last_login", "name", "language",
    "location", "year_of_birth", "gender", "level_of_education", "mailing_address", "goals", "meta", "city", "country",
    "external_user_key",
)  # fmt: skip


def students_features(call: Call) -> Response:
    """The learners of the course with their profiles."""
    found = course_of(call)
    rows = sorted((e for e in call.store.enrollments.find("course", found.id) if e.is_active), key=lambda e: e.user)
    students = [_features(call, user, row) for row in rows if (user := call.store.users.get(row.user)) is not None]
    cohorted = cohorts.settings(call.store, found.id).is_cohorted
    features = {name: text for name, text in _FEATURES.items() if cohorted or name != "cohort"}
    return wire.pretty_json(
        {
            "course_id": found.id,
            "students": students,
            "students_count": len(students),
            "queried_features": list(features),
            "feature_names": features,
            "available_features": list(_AVAILABLE),
        }
    )


def _features(call: Call, user: User, record: Enrollment) -> dict[str, Any]:
    cohort = cohorts.of_user(call.store, record.course, user.username)
    return {
        "id": str(user.id),
        "username": user.username,
        "email": user.email,
        "date_joined": _moment(user.date_joined),
        "last_login": _moment(user.last_login),
        "name": user.name,
        "language": "",
        "location": "",
        "gender": str(user.gender),
        "level_of_education": str(user.level_of_education),
        "mailing_address": str(user.mailing_address),
        "goals": str(user.goals),
        "city": str(user.city),
        "country": user.country or "",
        "cohort": cohort.name if cohort else "[unassigned]",
        "enrollment_mode": record.mode,
        "external_user_key": "",
    }


def _moment(at: Any) -> str:
    """A time as Django's JSON encoder writes it: with milliseconds, if any."""
    if at is None:
        return "None"
    text = at.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{at.microsecond // 1000:03d}Z" if at.microsecond else f"{text}Z"


ROUTES = (
    *operation("/list_course_role_members", "Users with a role", 217, list_members, people.is_instructor),
    *operation("/modify_access", "Grant or revoke a role", 323, modify_access, people.is_instructor),
    *operation(
        "/list_forum_members",
        "Users with a role in discussions",
        314,
        list_forum_members,
        people.is_course_staff,
        further=(forum_admin,),
    ),
    plain_view(
        "/update_forum_role_membership",
        "Grant or revoke a role in discussions",
        378,
        change_forum_role,
        people.is_course_staff,
    ),
    plain_view(
        "/students_update_enrollment",
        "Enrol or unenrol people",
        338,
        update_enrollment,
        people.is_course_staff,
    ),
    *operation(
        "/bulk_beta_modify_access",
        "Add or remove beta testers",
        364,
        change_beta_testers,
        people.is_instructor,
        developer=True,
    ),
    *operation(
        "/get_student_enrollment_status",
        "Whether a learner is enrolled",
        252,
        enrollment_status,
        people.is_course_staff,
    ),
    *operation(
        "/get_student_progress_url",
        "A learner's progress page",
        260,
        progress_url,
        people.is_course_staff,
        authenticators=credentials.JWT_BEARER_SESSION,
    ),
    *operation(
        "/get_students_features",
        "Learners with their profiles",
        224,
        students_features,
        people.may_research,
        developer=True,
    ),
)
