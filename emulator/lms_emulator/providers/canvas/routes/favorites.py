"""REST: favourite courses and groups; without favourites, all of the caller's own count."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.routes.courses import with_own
from lms_emulator.providers.canvas.routes.declare import RECORDED, signed_in
from lms_emulator.providers.canvas.rules import collation, groups, menu, people
from lms_emulator.providers.canvas.shapes import groups as group_shapes
from lms_emulator.providers.canvas.shapes.courses import course_name

SOURCE = f"{RECORDED}/courses-misc.jsonl 52, 58, 71, 74; canvas-lms app/controllers/favorites_controller.rb"


def index(api: Api) -> Any:
    """The caller's favourite courses; without favourites all of them, those they teach first."""
    found = menu.entries(api)
    if api.params.text("sort") == "nickname":
        found.sort(key=lambda entry: (entry.rank, collation.key(course_name(api, entry.course))))
    if api.params.flag("exclude_blueprint_courses"):
        found = [entry for entry in found if not entry.course.blueprint]
    bodies = [with_own(api, entry.course, api.params.includes) for entry in found]
    if "enrollments" in api.params.texts("exclude"):
        for body in bodies:
            body.pop("enrollments", None)
    return bodies


def add(api: Api) -> Any:
    """Make a course a favourite."""
    user = api.user
    course = identifiers.course(api, api.slot("id"))
    if course.id not in (marked := menu.marked(user)):
        people.prefer(api, user, favorite_courses=[*marked, course.id])
    return {"context_id": course.id, "context_type": "Course"}


def remove(api: Api) -> Any:
    """Remove a favourite. Who has none yet, of courses or groups, first gets those in the menu as favourites."""
    user = api.user
    course = identifiers.course(api, api.slot("id"))
    marked = menu.marked(user)
    if not marked and not _marked_groups(api):
        marked = [entry.course.id for entry in menu.entries(api)]
    kept = [number for number in marked if number != course.id]
    people.prefer(api, user, favorite_courses=kept or None)
    return {"context_id": course.id, "context_type": "Course"} if course.id in marked else {}


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
    found = [group for group in own if group.id in marked] or own
    return [group_shapes.group(api, group) for group in found]


def _group(api: Api) -> int:
    return identifiers.group(api, api.slot("id")).id


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
    people.prefer(api, api.user, favorite_groups=[value for value in marked if value != key] or None)
    return {"context_id": key, "context_type": "Group"}


def reset_groups(api: Api) -> Any:
    """Remove all favourite groups."""
    people.prefer(api, api.user, favorite_groups=None)
    return {"status": "ok"}


COURSES = "/api/v1/users/self/favorites/courses"
GROUPS = "/api/v1/users/self/favorites/groups"
ROUTES: tuple[Route, ...] = (
    *signed_in(
        "users",
        SOURCE,
        (f"GET {COURSES}", index, "Favourite courses"),
        (f"DELETE {COURSES}", reset, "Reset favourite courses"),
        (f"POST {COURSES}/{{id}}", add, "Add a favourite course"),
        (f"DELETE {COURSES}/{{id}}", remove, "Remove a favourite course"),
    ),
    *signed_in(
        "users",
        f"{RECORDED}/groups.jsonl 288-289, 291-293; canvas-lms app/controllers/favorites_controller.rb",
        (f"GET {GROUPS}", groups_index, "Favourite groups"),
        (f"DELETE {GROUPS}", reset_groups, "Reset favourite groups"),
        (f"POST {GROUPS}/{{id}}", add_group, "Add a favourite group"),
        (f"DELETE {GROUPS}/{{id}}", remove_group, "Remove a favourite group"),
    ),
)
