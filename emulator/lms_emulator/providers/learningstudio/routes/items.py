"""Units and items of a course: lists, hierarchy, schedules and visibility."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import refusals, rules, wire
from lms_emulator.providers.learningstudio.call import (
    STAFF,
    Call,
    Place,
    expansions,
    field,
    in_course,
    moment,
    record_named,
    rows_of,
)
from lms_emulator.providers.learningstudio.model.content import CourseItem, ItemType
from lms_emulator.providers.learningstudio.settings import DASHBOARD, PORTAL, java
from lms_emulator.providers.learningstudio.shapes import content as show


# --- finding ---
def item_named(
    call: Call, place: Place, parameter: str = "item_id", kind: ItemType | None = None, what: str = "Item"
) -> CourseItem:
    """The item of the path; a 403 for a student who does not see it.

    Parameters: `kind`, the only type of item accepted.
    """

    def fits(item: CourseItem) -> bool:
        return item.course_id == place.course.id and kind in (None, item.type)

    found = record_named(call, call.store.course_items, parameter, what, fits)
    if not is_visible(call, place, found):
        raise refusals.item_not_visible(found.id)
    return found


def items_of(call: Call, place: Place, kind: ItemType | None = None) -> list[CourseItem]:
    """The items of the course that both the caller and the user of the path see."""
    found = [course_item for course_item in call.store.items_of(place.course.id) if kind in (None, course_item.type)]
    return [course_item for course_item in found if is_visible(call, place, course_item)]


def is_visible(call: Call, place: Place, item: CourseItem) -> bool:
    """Whether the caller sees the item, and so does the student in the path, if any."""
    now, user = call.clock.now(), place.user
    if place.is_student:
        assert place.caller.user is not None, "a student is a user"
        return rules.sees(call.store, item, place.caller.user.id, now)
    member = None if user is None else call.store.member(place.course.id, user.id)
    if user is None or member is None or member.role != "STUD":
        return True
    return rules.sees(call.store, item, user.id, now)


def _all_items(call: Call, place: Place) -> list[CourseItem]:
    """Every item of the course. Raises a 403 for a student who cannot see all of them."""
    found = call.store.items_of(place.course.id)
    hidden = next((course_item for course_item in found if not is_visible(call, place, course_item)), None)
    if hidden is not None:
        raise refusals.item_not_visible(hidden.id)
    return found


# --- answering ---
def items(call: Call, place: Place) -> Mapping[str, Any]:
    """GET /courses/ID/items: all items; a student who cannot see all of them is refused."""
    return {"items": [show.item(call, place, course_item, expansions(call)) for course_item in _all_items(call, place)]}


def user_items(call: Call, place: Place) -> Mapping[str, Any]:
    """GET /users/ID/courses/ID/items: the items that the user sees."""
    return {"items": [show.item(call, place, course_item, expansions(call)) for course_item in items_of(call, place)]}


def item(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/items/ID: a list of one."""
    return {"items": [show.item(call, place, item_named(call, place), expansions(call))]}


def hierarchy(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/itemHierarchy, with `expand=item,item.access,item.schedule,item.group`."""
    found = _all_items(call, place) if place.user is None else items_of(call, place)
    return {"itemHierarchy": show.hierarchy(call, place, found, expansions(call))}


def access(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/items/ID/access."""
    return {"access": show.access(call, place, item_named(call, place))}


def schedule(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/items/ID/schedule."""
    return {"schedule": show.schedule(item_named(call, place))}


def group(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/items/ID/group; a 404 for an item without a group."""
    course_item = item_named(call, place)
    found = None if course_item.group_id is None else call.store.course_groups.get(course_item.group_id)
    if found is None:
        raise refusals.not_found("Group", course_item.id)
    return {"group": show.group_of_item(found)}


# --- schedules of all items at once ---
def item_schedules(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/itemSchedules."""
    found = call.store.items_of(place.course.id)
    return {"itemSchedules": [{"itemId": row.id, "schedule": show.schedule(row)} for row in found]}


def put_item_schedules(call: Call, place: Place) -> Response:
    """PUT …/itemSchedules; the body must have every item of the course."""
    if not call.path_params["course_id"].isdigit():
        message = "Course overloads are not supported here."
        raise refusals.bad_request("course_overload", message, check="the course is named by its number")
    given = {}
    for row in rows_of(call, "itemSchedules"):
        given[field(row, "itemId", int)] = field(field(row, "schedule", dict, {}), "accessSchedule", dict, {})
    known = {course_item.id: course_item for course_item in call.store.items_of(place.course.id)}
    if set(given) != set(known):
        message, missing = "The schedules of all items are required.", sorted(set(known) - set(given))
        raise refusals.malformed_body(message, check="every item of the course is there", expected=missing)
    changed = [_rescheduled(known[number], body) for number, body in given.items()]
    for item in changed:
        call.store.course_items.put(item)
    return wire.no_content()


def _rescheduled(item: CourseItem, body: dict[str, Any]) -> CourseItem:
    return replace(
        item,
        start=moment(body, "startDateTime"),
        end=moment(body, "endDateTime"),
        before_start=field(body, "canAccessBeforeStartDateTime", bool, False),
        after_end=field(body, "canAccessAfterEndDateTime", bool, False),
    )


_CONTENT = java("content/ContentService")
_PARTS = (
    ("GET /items/{item_id}/access", access, "Whether an item is visible"),
    ("GET /items/{item_id}/schedule", schedule, "When an item is visible"),
    ("GET /items/{item_id}/group", group, "The group that an item is for"),
)

ROUTES: tuple[Route, ...] = (
    *in_course(
        "course items",
        _CONTENT,
        ("GET /items", items, "The units and items of a course"),
        ("GET /items/{item_id}", item, "One item"),
        ("GET /itemHierarchy", hierarchy, "The items of a course below their units"),
        *_PARTS,
    ),
    *in_course(
        "course items",
        f"{_CONTENT}; {DASHBOARD}",
        ("GET /items", user_items, "The units and items that a user can see"),
        ("GET /items/{item_id}", item, "One item, as a user sees it"),
        ("GET /itemHierarchy", hierarchy, "The items that a user can see, below their units"),
        *_PARTS,
        of_user=True,
    ),
    *in_course(
        "item schedules",
        f"{PORTAL}/schedules/content-item-schedules",
        ("GET /itemSchedules", item_schedules, "When the items of a course are visible", STAFF),
        ("PUT /itemSchedules", put_item_schedules, "Change when all of them are visible", STAFF),
        evidence="documented",
    ),
)
