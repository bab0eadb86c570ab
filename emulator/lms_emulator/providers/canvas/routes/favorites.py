"""REST: the courses that people marked; without a mark, all of their own count."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import User
from lms_emulator.providers.canvas.routes.courses import current_courses, shown
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import people

SOURCE = f"{RECORDED}/courses-misc.jsonl 52, 58, 71, 74; canvas-lms app/controllers/favorites_controller.rb"


def _marked(user: User) -> list[int]:
    found: list[int] = user.preferences.get("favorite_courses", [])
    return found


def index(api: Api) -> Any:
    """The marked ones of the caller's courses, all of them where none is marked."""
    own, marked = current_courses(api, api.user), _marked(api.user)
    rows = [row for row in own if row[0].id in marked] or own
    without = api.params.texts("exclude")
    bodies = [shown(api, *row, api.params.includes) for row in rows]
    return [{name: value for name, value in body.items() if name not in without} for body in bodies]


def add(api: Api) -> Any:
    """Mark a course."""
    user = api.user
    course = identifiers.course(api, api.slot("id"))
    if course.id not in _marked(user):
        people.prefer(api, user, favorite_courses=[*_marked(user), course.id])
    return {"context_id": course.id, "context_type": "Course"}


def remove(api: Api) -> Any:
    """Take a mark away. Where none is, all but that course are marked."""
    user = api.user
    course = identifiers.course(api, api.slot("id"))
    marked = _marked(user) or [course.id for course, _ in current_courses(api, user)]
    if course.id not in marked:
        return {}
    people.prefer(api, user, favorite_courses=[number for number in marked if number != course.id] or None)
    return {"context_id": course.id, "context_type": "Course"}


def reset(api: Api) -> Any:
    """Take all marks away."""
    people.prefer(api, api.user, favorite_courses=None)
    return {"status": "ok"}


COURSES = "/api/v1/users/self/favorites/courses"
ROUTES: tuple[Route, ...] = rest(
    "users",
    SOURCE,
    (f"GET {COURSES}", index, "Favourite courses"),
    (f"DELETE {COURSES}", reset, "Take all marks away"),
    (f"POST {COURSES}/{{id}}", add, "Mark a course"),
    (f"DELETE {COURSES}/{{id}}", remove, "Take a mark away"),
)
