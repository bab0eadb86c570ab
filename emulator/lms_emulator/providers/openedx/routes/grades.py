"""`/api/grades/v1/`: grades, grading policy, gradebook. Source: openedx.md 6.5; recorded group `grades`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lms_emulator.providers.openedx import credentials, paging, permissions, views, visits, wire
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.rules import blocks, enrollment, grades, keys, people
from lms_emulator.providers.openedx.views import ApiView

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.model.accounts import User
    from lms_emulator.providers.openedx.model.courseware import Course
    from lms_emulator.providers.openedx.visits import Call

_BASE = "/api/grades/v1"


def somebody(x: Call) -> None:
    """Permission: somebody is signed in. These views word the refusal in their own way, also after bad tokens."""
    if visits.of(x).identity is None:
        raise not_authenticated()


def read_grades(x: Call) -> Response:
    """The grade of one learner, or of everybody enrolled, page by page."""
    course = _course(x)
    username = x.query.get("username", "")
    if username:
        return wire.api_json([grades.summary(x.store, _learner(x, course, username), course)])
    page = _learners(x, course, size=50)
    results = [grades.summary(x.store, user, course) for user in page.items]
    return wire.api_json({"next": page.next, "previous": page.previous, "results": results})


def _learners(x: Call, course: Course, *, size: int) -> paging.Slice:
    """A page of the learners of a course, in the order of their enrolments."""
    users = grades.learners(x.store, course)
    numbers = {user.username: found.id for user in users if (found := enrollment.get(x.store, user, course.id))}
    return paging.by_cursor(x, users, lambda user: str(numbers[user.username]), size=size)


def _course(x: Call) -> Course:
    text = x.path_params.get("course_id") or x.query.get("course_id") or ""
    key = keys.course_key(text)
    if key is None:
        raise error(404, "invalid_course_key", "The provided course key cannot be parsed.", text)
    course = x.store.courses.get(key.text)
    if course is None:
        raise error(404, "course_does_not_exist", f"Requested grade for unknown course {text}", text)
    return course


def _learner(x: Call, course: Course, username: str) -> User:
    user = lookup.user_named(x.store, x.settings, username)
    if user is None:
        text = "The user matching the requested username does not exist."
        raise error(404, "user_does_not_exist", text, username)
    if enrollment.get(x.store, user, course.id) is None:
        text = "The user matching the requested username is not enrolled in this course"
        raise error(404, "user_not_enrolled", text, username)
    return user


def read_policy(x: Call) -> Response:
    """The grading policy of a course, for its staff."""
    text = x.path_params["course_id"]
    key = keys.course_key(text)
    if key is None:
        raise error(400, "invalid_course_key", "The provided course key cannot be parsed.", text)
    user = views.caller(x).user
    if not people.is_course_staff(x.store, user, key.text):
        raise error(403, "user_or_course_does_not_exist", "The course does not exist.", text)
    course = x.store.courses.get(key.text)
    if course is None:
        raise error(404, "user_or_course_does_not_exist", "The course does not exist.", text)
    return wire.api_json(grades.policy(course))


def read_gradebook(x: Call) -> Response:
    """The gradebook of a course, for its staff, page by page."""
    course = _authored_course(x, x.path_params["course_id"])
    page = _learners(x, course, size=50)
    count = len(grades.learners(x.store, course))
    return wire.api_json(
        {
            "next": page.next,
            "previous": page.previous,
            "results": [grades.gradebook_row(x.store, user, course) for user in page.items],
            "total_users_count": count,
            "filtered_users_count": count,
        }
    )


def read_subsection(x: Call) -> Response:
    """A learner's score in one subsection, for the course's staff."""
    key = keys.usage_key(x.path_params["subsection_id"])
    if key is None:
        raise error(404, "invalid_subsection_id", "Invalid UsageKey", x.path_params["subsection_id"])
    course = _authored_course(x, key.course)
    user = x.store.users.first("id", int(number)) if (number := x.query.get("user_id", "")).isdecimal() else None
    node = blocks.find(blocks.tree(course), key.text)
    if node is None or user is None:
        raise error(404, "user_does_not_exist", "The user matching the requested user_id does not exist.", number)
    found = grades.score(x.store.grades.get((user.username, course.id)), key.block_id)
    earned, most = found or (0.0, grades.possible(node))
    score = {"earned_all": earned, "possible_all": most, "earned_graded": earned, "possible_graded": most}
    if not node.graded:
        score |= {"earned_graded": 0.0, "possible_graded": 0.0}
    return wire.api_json(
        {
            "success": True,
            "subsection_id": key.text,
            "user_id": user.id,
            "course_id": course.id,
            "original_grade": score,
            "override": None,
            "history": [],
        }
    )


def _authored_course(x: Call, text: str) -> Course:
    """The course, for those who may change its grades. Raises the refusal."""
    key = keys.course_key(text)
    if key is None:
        raise error(404, "invalid_course_key", "The provided course key cannot be parsed.", text)
    if not people.is_course_staff(x.store, views.caller(x).user, key.text):
        text = "The requesting user does not have course author permissions."
        raise error(403, "user_permissions", text, views.caller(x).user.username)
    course = x.store.courses.get(key.text)
    if course is None:
        raise error(404, "course_does_not_exist", f"Requested grade for unknown course {text}", text)
    return course


def read_breakdown(x: Call) -> Response:
    """The grade of each learner with its parts, for staff."""
    if not views.caller(x).user.is_staff:
        raise wire.permission_denied("only staff may read everybody's grades")
    course = _course(x)
    username = x.query.get("username", "")
    users = [_learner(x, course, username)] if username else grades.learners(x.store, course)
    numbers = {user.username: found.id for user in users if (found := enrollment.get(x.store, user, course.id))}
    page = paging.by_cursor(x, users, lambda user: str(numbers[user.username]), size=50)
    results = [_breakdown(x, user, course) for user in page.items]
    return wire.api_json({"next": page.next, "previous": page.previous, "results": results})


def _breakdown(x: Call, user: User, course: Course) -> dict[str, Any]:
    summary = grades.summary(x.store, user, course)
    row = grades.gradebook_row(x.store, user, course)
    return {
        "course_id": course.id,
        "username": user.username,
        "passed": summary["passed"],
        "current_grade": int(summary["percent"] * 100),
        "section_breakdown": [
            {
                "percent": part["percent"],
                "label": part["label"],
                "detail": f"{part['subsection_name']} - {part['percent']:.0%} "
                f"({part['score_earned']:g}/{part['score_possible']:g})",
                "category": part["category"],
            }
            for part in row["section_breakdown"]
        ],
    }


def read_history(x: Call) -> Response:
    """The submissions of learners, for staff; the emulator keeps none."""
    if not views.caller(x).user.is_staff:
        raise wire.permission_denied("only staff may read submissions")
    course = _course(x)
    username = x.query.get("username", "")
    users = [_learner(x, course, username)] if username else grades.learners(x.store, course)
    page = paging.numbered(x, users)
    rows = [
        {"course_id": course.id, "course_name": course.display_name, "user": user.username, "problems": []}
        for user in page.items
    ]
    return wire.api_json({"next": page.next, "previous": page.previous, "results": rows})


# refusals


def not_authenticated() -> wire.OpenedxRefusal:
    """Nobody, in the words of these views."""
    return wire.OpenedxRefusal(
        "not_authenticated",
        status=401,
        message="Incorrect authentication credentials.",
        check="the caller is known",
        expected="credentials of a kind that the view takes",
    )


def error(status: int, code: str, text: str, got: Any) -> wire.OpenedxRefusal:
    """A refusal with an error code, told as a developer message."""
    return wire.OpenedxRefusal(code, status=status, message=text, code=code, check=code.replace("_", " "), got=got)


def _view(path: str, summary: str, regex: str | None = None, **more: Any) -> ApiView:
    defaults: dict[str, Any] = {"permissions": (somebody,)}
    return ApiView(
        _BASE + path,
        regex=None if regex is None else rf"^{_BASE}{regex}$",
        developer_errors=True,
        summary=summary,
        evidence=more.pop("evidence", "recorded"),
        source="openedx.md 6.5",
        tag="grades",
        **(defaults | more),
    )


_GRADES: dict[str, Any] = {
    "get": read_grades,
    "permissions": (somebody, permissions.staff_or_self("grades:read")),
    "restricted": True,
}
_STAFF_ONLY: dict[str, Any] = {"authenticators": credentials.JWT_SESSION, "evidence": "documented"}
_COURSE = rf"(?P<course_id>{keys.COURSE_URL})"

VIEWS = (
    _view("/courses/", "Grades in the course named in the query", **_GRADES),
    _view("/courses/{course_id}/", "Grades in a course", rf"/courses/{_COURSE}/", **_GRADES),
    _view(
        "/policy/courses/{course_id}/", "Grading policy of a course", rf"/policy/courses/{_COURSE}/", get=read_policy
    ),
    _view("/gradebook/{course_id}/", "Gradebook of a course", rf"/gradebook/{_COURSE}/", get=read_gradebook),
    _view(
        "/subsection/{subsection_id}/",
        "A learner's score in a subsection",
        r"/subsection/(?P<subsection_id>[^/]+)/",
        get=read_subsection,
    ),
    _view("/section_grades_breakdown/", "Grades with their parts, for staff", get=read_breakdown, **_STAFF_ONLY),
    _view(
        "/submission_history/{course_id}/",
        "Submissions of learners, for staff",
        rf"/submission_history/{_COURSE}/",
        get=read_history,
        **_STAFF_ONLY,
    ),
)
