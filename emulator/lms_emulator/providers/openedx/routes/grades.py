"""`/api/grades/v1/`: grades, grading policy, gradebook.

Source: edx-platform `lms/djangoapps/grades/rest_api/v1/views.py` and `v1/gradebook_views.py`.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, paging, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller, calling_user
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course, Grade
from lms_emulator.providers.openedx.routes.permissions import is_staff, staff_or_self
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import enrollment, grades, keys, people
from lms_emulator.providers.openedx.shapes import grades as shapes


def require_login(call: Call) -> None:
    """Permission: a user is signed in. These resources word the refusal in their own way."""
    if calling_user(call) is None:
        raise refusals.OpenedxRefusal(
            "not_authenticated",
            status=401,
            message="Incorrect authentication credentials.",
            check="the caller is known",
            expected="credentials of a kind that the resource takes",
        )


def read_grades(call: Call) -> Response:
    """The grade of one learner, or of everybody enrolled, page by page."""
    course = _course(call)
    username = call.query.get("username", "")
    if username:
        user = learner_of(call, course, username)
        return wire.api_json([_summary(call, course, user)])
    page = page_of(call, course, grades.learners(call.store, course))
    return wire.api_json(page.envelope([_summary(call, course, user) for user in page.items]))


def _summary(call: Call, course: Course, user: User) -> dict[str, Any]:
    return shapes.summary(user, course, grade_of(call, course, user), mode_of(call, course, user))


def mode_of(call: Call, course: Course, user: User) -> str:
    found = enrollment.get(call.store, user, course.id)
    return found.mode if found else ""


def grade_of(call: Call, course: Course, user: User) -> Grade | None:
    return grades.graded(call.store, course, user)


def page_of(call: Call, course: Course, users: list[User]) -> paging.Slice:
    """A page of the learners of a course, in the order of their enrolments."""
    numbers = {user.username: found.id for user in users if (found := enrollment.get(call.store, user, course.id))}
    return paging.by_cursor(call, users, lambda user: str(numbers[user.username]), size=50)


def _course(call: Call) -> Course:
    text = call.path_params.get("course_id") or call.query.get("course_id") or ""
    key = keys.course_key(text)
    if key is None:
        raise error(404, "invalid_course_key", "The provided course key cannot be parsed.", text)
    course = call.store.courses.get(key.text)
    if course is None:
        raise error(404, "course_does_not_exist", f"Requested grade for unknown course {text}", text)
    return course


def learner_of(call: Call, course: Course, username: str) -> User:
    user = lookup.user_named(call.store, call.settings, username)
    if user is None:
        text = "The user matching the requested username does not exist."
        raise error(404, "user_does_not_exist", text, username)
    if enrollment.get(call.store, user, course.id) is None:
        text = "The user matching the requested username is not enrolled in this course"
        refusal = error(404, "user_not_enrolled", text, username)
        refusal.diagnosis = f"{user.username} is not enrolled in {course.id}"
        raise refusal
    return user


def read_policy(call: Call) -> Response:
    """The grading policy of a course, for its staff."""
    text = call.path_params["course_id"]
    key = keys.course_key(text)
    if key is None:
        raise error(400, "invalid_course_key", "The provided course key cannot be parsed.", text)
    user = caller(call)
    if not people.is_course_staff(call.store, user, key.text):
        raise error(403, "user_or_course_does_not_exist", "The course does not exist.", text)
    course = call.store.courses.get(key.text)
    if course is None:
        raise error(404, "user_or_course_does_not_exist", "The course does not exist.", text)
    return wire.api_json(shapes.policy(course))


def authored_course(call: Call, text: str) -> Course:
    """The course, whose grades the caller must be allowed to change. Raises the refusal."""
    key = keys.course_key(text)
    if key is None:
        raise error(404, "invalid_course_key", "The provided course key cannot be parsed.", text)
    if not people.is_course_staff(call.store, caller(call), key.text):
        text = "The requesting user does not have course author permissions."
        raise error(403, "user_permissions", text, caller(call).username)
    course = call.store.courses.get(key.text)
    if course is None:
        raise error(404, "course_does_not_exist", f"Requested grade for unknown course {text}", text)
    return course


def _for_staff(call: Call) -> tuple[Course, list[User]]:
    """The course in the request and its learners, or the one in `username`. Raises the refusal for all but staff."""
    is_staff(call)
    course, username = _course(call), call.query.get("username", "")
    return course, [learner_of(call, course, username)] if username else grades.learners(call.store, course)


def read_breakdown(call: Call) -> Response:
    """The grade of each learner with its parts, for staff."""
    course, users = _for_staff(call)
    page = page_of(call, course, users)
    rows = [shapes.breakdown(user, course, grade_of(call, course, user)) for user in page.items]
    return wire.api_json(page.envelope(rows))


def read_history(call: Call) -> Response:
    """The submissions of learners, for staff; the emulator keeps none."""
    course, users = _for_staff(call)
    page = paging.numbered(call, users)
    rows = [
        {"course_id": course.id, "course_name": course.display_name, "user": user.username, "problems": []}
        for user in page.items
    ]
    return wire.api_json({"next": page.next, "previous": page.previous, "results": rows})


def error(status: int, code: str, text: str, got: Any) -> refusals.OpenedxRefusal:
    return refusals.developer_error(status, text, code=code, got=got)


FAMILY = Family("/api/grades/v1", tag="grades", developer_errors=True, permissions=(require_login,))
_GRADES: dict[str, Any] = {
    "get": read_grades,
    "permissions": (require_login, staff_or_self("grades:read")),
    "restricted": True,
}
_FOR_STAFF: dict[str, Any] = {"authenticators": credentials.JWT_SESSION, "evidence": "documented"}
_VIEWS = "edx-platform lms/djangoapps/grades/rest_api/v1/views.py"

ROUTES = (
    *FAMILY.resource("/courses/", "Grades in the course named in the query", source=recorded("more", 72), **_GRADES),
    *FAMILY.resource("/courses/{course_id}/", "Grades in a course", source=recorded("main", 1192), **_GRADES),
    *FAMILY.resource(
        "/policy/courses/{course_id}/", "Grading policy of a course", get=read_policy, source=recorded("more", 97)
    ),
    *FAMILY.resource(
        "/section_grades_breakdown/",
        "Section grades breakdown, for staff",
        get=read_breakdown,
        source=f"{_VIEWS}, SectionGradesBreakdown",
        **_FOR_STAFF,
    ),
    *FAMILY.resource(
        "/submission_history/{course_id}/",
        "Submissions of learners, for staff",
        get=read_history,
        source=f"{_VIEWS}, SubmissionHistoryView",
        **_FOR_STAFF,
    ),
)
