"""REST: favourite courses and groups; without favourites, all of the caller's own count."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, Enrollment, User
from lms_emulator.providers.canvas.routes.courses import current_courses, shown
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import collation, groups, people
from lms_emulator.providers.canvas.shapes import groups as group_shapes
from lms_emulator.providers.canvas.shapes.courses import course_name

SOURCE = f"{RECORDED}/courses-misc.jsonl 52, 58, 71, 74; canvas-lms app/controllers/favorites_controller.rb"
RANKS = (
    "TeacherEnrollment",
    "TaEnrollment",
    "DesignerEnrollment",
    "StudentEnrollment",
    "StudentViewEnrollment",
    "ObserverEnrollment",
)
"""The order of courses in the menu, by what somebody is in them."""


def _marked(user: User) -> list[int]:
    found: list[int] = user.preferences.get("favorite_courses", [])
    return found


def _rank(row: tuple[Course, list[Enrollment]]) -> int:
    return min(RANKS.index(one.type) for one in row[1])


def index(api: Api) -> Any:
    """The caller's favourite courses; without favourites all of them, those they teach first."""
    own, marked = current_courses(api, api.user), _marked(api.user)
    rows = [row for row in own if row[0].id in marked]
    if not rows:
        rows = sorted(own, key=lambda row: (_rank(row), collation.key(row[0].name or "")))
    if api.params.text("sort") == "nickname":
        rows = sorted(rows, key=lambda row: (_rank(row), collation.key(course_name(api, row[0]))))
    if api.params.flag("exclude_blueprint_courses"):
        rows = [row for row in rows if not row[0].blueprint]
    bodies = [shown(api, *row, api.params.includes) for row in rows]
    if "enrollments" in api.params.texts("exclude"):
        for body in bodies:
            body.pop("enrollments", None)
    return bodies


def add(api: Api) -> Any:
    """Make a course a favourite."""
    user = api.user
    course = identifiers.course(api, api.slot("id"))
    if course.id not in _marked(user):
        people.prefer(api, user, favorite_courses=[*_marked(user), course.id])
    return {"context_id": course.id, "context_type": "Course"}


def remove(api: Api) -> Any:
    """Remove a favourite. If there are none yet, all other courses become favourites."""
    user = api.user
    course = identifiers.course(api, api.slot("id"))
    marked = _marked(user) or [course.id for course, _ in current_courses(api, user)]
    if course.id not in marked:
        return {}
    people.prefer(api, user, favorite_courses=[number for number in marked if number != course.id] or None)
    return {"context_id": course.id, "context_type": "Course"}


def reset(api: Api) -> Any:
    """Remove all favourite courses."""
    people.prefer(api, api.user, favorite_courses=None)
    return {"status": "ok"}


def _marked_groups(api: Api) -> list[int]:
    found: list[int] = api.user.preferences.get("favorite_groups", [])
    return found


def groups_index(api: Api) -> Any:
    """The caller's favourite groups; all groups if there are no favourites."""
    own, marked = groups.of_user(api, api.user), _marked_groups(api)
    found = [one for one in own if one.id in marked] or own
    return [group_shapes.group(api, one) for one in found]


def _group(api: Api) -> int:
    found = identifiers.find(api, "groups", api.slot("id"))
    if found is None or found.workflow_state == "deleted":
        raise refusals.not_found("the group", api.slot("id"))
    number: int = found.id
    return number


def add_group(api: Api) -> Any:
    """Make a group a favourite."""
    key, marked = _group(api), _marked_groups(api)
    people.prefer(api, api.user, favorite_groups=marked if key in marked else [*marked, key])
    return {"context_id": key, "context_type": "Group"}


def remove_group(api: Api) -> Any:
    """Remove a favourite group."""
    key, marked = _group(api), _marked_groups(api)
    if key not in marked:
        return {}
    people.prefer(api, api.user, favorite_groups=[one for one in marked if one != key] or None)
    return {"context_id": key, "context_type": "Group"}


def reset_groups(api: Api) -> Any:
    """Remove all favourite groups."""
    people.prefer(api, api.user, favorite_groups=None)
    return {"status": "ok"}


COURSES = "/api/v1/users/self/favorites/courses"
GROUPS = "/api/v1/users/self/favorites/groups"
ROUTES: tuple[Route, ...] = (
    *rest(
        "users",
        SOURCE,
        (f"GET {COURSES}", index, "Favourite courses"),
        (f"DELETE {COURSES}", reset, "Take all marks away"),
        (f"POST {COURSES}/{{id}}", add, "Mark a course"),
        (f"DELETE {COURSES}/{{id}}", remove, "Take a mark away"),
    ),
    *rest(
        "users",
        f"{RECORDED}/groups.jsonl 288-289, 291-293; canvas-lms app/controllers/favorites_controller.rb",
        (f"GET {GROUPS}", groups_index, "Favourite groups"),
        (f"DELETE {GROUPS}", reset_groups, "Take all marks of groups away"),
        (f"POST {GROUPS}/{{id}}", add_group, "Mark a group"),
        (f"DELETE {GROUPS}/{{id}}", remove_group, "Take a mark of a group away"),
    ),
)
