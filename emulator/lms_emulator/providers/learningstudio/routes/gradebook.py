"""The columns of a gradebook, and a teacher's custom categories and items."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import refusals, wire
from lms_emulator.providers.learningstudio.call import (
    NUMBER,
    Call,
    body_of,
    course_named,
    field,
    number,
    resource,
    staffed_course,
)
from lms_emulator.providers.learningstudio.credentials import Caller
from lms_emulator.providers.learningstudio.model.gradebook import CustomCategory, CustomItem, GradebookItem
from lms_emulator.providers.learningstudio.model.people import Course
from lms_emulator.providers.learningstudio.settings import PORTAL, android, java
from lms_emulator.providers.learningstudio.shapes import gradebook as show


def gradebook_items(call: Call, caller: Caller) -> Response:
    """GET …/gradebookItems: the columns of the gradebook."""
    course = course_named(call, caller)
    items = call.store.gradebook_items.find("course", course.id)
    return wire.answer({"gradebookItems": [show.gradebook_item(call, item) for item in items]})


def gradebook_item(call: Call, caller: Caller) -> Response:
    """GET …/gradebookItems/ID: a list of one."""
    item = item_named(call, course_named(call, caller))
    return wire.answer({"gradebookItems": [show.gradebook_item(call, item)]})


def update_gradebook_item(call: Call, caller: Caller) -> Response:
    """PUT …/gradebookItems/ID; omitted members keep their values."""
    course = staffed_course(call, caller, "the gradebook's items for writing")
    item = item_named(call, course)
    body = body_of(call, "gradebookItem")
    changed = replace(
        item,
        title=field(body, "title", str, item.title),
        points_possible=points(field(body, "pointsPossible", NUMBER, item.points_possible), "pointsPossible"),
        is_included_in_grade=field(body, "isIncludedInGrade", bool, item.is_included_in_grade),
        is_extra_credit=field(body, "isExtraCredit", bool, item.is_extra_credit),
    )
    call.store.gradebook_items.put(changed)
    return wire.no_content()


def gradebook_item_of_item(call: Call, caller: Caller) -> Response:
    """GET …/items/ID/gradebookItem: the column that grades a course item, not in a list."""
    course = course_named(call, caller)
    identifier: str = call.path_params["item_id"]
    item_id = number(identifier)
    found = None if item_id is None else call.store.gradebook_items.first("item", (course.id, item_id))
    if found is None:
        raise refusals.not_found("Gradebook item", identifier)
    return wire.answer({"gradebookItem": show.gradebook_item(call, found)})


def item_named(call: Call, course: Course) -> GradebookItem:
    """The gradebook item of the path, which must belong to the course."""
    identifier: str = call.path_params["gradebook_item_id"]
    found = call.store.gradebook_items.get(identifier.lower()) or call.store.gradebook_items.get(identifier)
    if found is None or found.course_id != course.id:
        raise refusals.not_found("Gradebook item", identifier)
    return found


def points(value: float, name: str) -> float:
    """A number of points: finite, not negative, below a billion."""
    if not 0 <= value < 1e9:
        raise refusals.bad_request(
            "malformed_body", f"Invalid value for {name}.", check=name, expected="0 or more", got=str(value)
        )
    return float(value)


# --- custom categories and items ---
def categories(call: Call, caller: Caller) -> Response:
    """GET …/customCategories."""
    course = staffed_course(call, caller, "custom categories")
    found = call.store.custom_categories.find("course", course.id)
    return wire.answer({"customCategories": [_category(call, category) for category in found]})


def category(call: Call, caller: Caller) -> Response:
    """GET …/customCategories/ID: a list of one."""
    found = _category_named(call, course_named(call, caller))
    return wire.answer({"customCategories": [_category(call, found)]})


def create_category(call: Call, caller: Caller) -> Response:
    """POST …/customCategories; the wrapper of the body is plural, that of the answer is not."""
    course = staffed_course(call, caller, "custom categories")
    body = body_of(call, "customCategories", "customCategory")
    made = CustomCategory(
        guid=call.ids.uuid(),
        course_id=course.id,
        title=_new_title(call, course, _title(body)),
        is_assignable=field(body, "isAssignable", bool, False),
    )
    call.store.custom_categories.put(made)
    path = f"/courses/{course.id}/gradebook/customCategories/{made.guid}"
    return wire.created(call, path, {"customCategory": _category(call, made)})


def update_category(call: Call, caller: Caller) -> Response:
    """PUT …/customCategories/ID; omitted members keep their values."""
    course = staffed_course(call, caller, "custom categories")
    found, body = _category_named(call, course), body_of(call, "customCategories", "customCategory")
    title = field(body, "title", str, found.title)
    changed = replace(
        found,
        title=title if title == found.title else _new_title(call, course, title),
        is_assignable=field(body, "isAssignable", bool, found.is_assignable),
    )
    call.store.custom_categories.put(changed)
    return wire.no_content()


def delete_category(call: Call, caller: Caller) -> Response:
    """DELETE …/customCategories/ID, with its items and their grades."""
    course = staffed_course(call, caller, "custom categories")
    found = _category_named(call, course)
    for item in call.store.custom_items.find("category", found.guid):
        _remove(call, item)
    call.store.custom_categories.delete(found.guid)
    return wire.no_content()


def custom_items(call: Call, caller: Caller) -> Response:
    """GET …/customItems of one category."""
    course = staffed_course(call, caller, "custom items")
    found = call.store.custom_items.find("category", _category_named(call, course).guid)
    return wire.answer({"customItems": [_custom_item(call, course, item) for item in found]})


def custom_item(call: Call, caller: Caller) -> Response:
    """GET …/customItems/ID: a list of one."""
    course = staffed_course(call, caller, "custom items")
    return wire.answer({"customItems": [_custom_item(call, course, _custom_item_named(call, course))]})


def custom_gradebook_item(call: Call, caller: Caller) -> Response:
    """GET …/customItems/ID/gradebookItem: the custom item as a column of the gradebook."""
    course = staffed_course(call, caller, "custom items")
    item = call.store.gradebook_items.get(_custom_item_named(call, course).gradebook_item_id)
    if item is None:
        raise refusals.not_found("Gradebook item", call.path_params["custom_item_id"])
    return wire.answer({"gradebookItem": show.gradebook_item(call, item)})


def create_custom_item(call: Call, caller: Caller) -> Response:
    """POST …/customItems; a custom item is a column of the gradebook too, and can be graded."""
    course = staffed_course(call, caller, "custom items")
    parent = _category_named(call, course)
    if not parent.is_assignable:
        raise refusals.bad_request(
            "category_not_assignable",
            "The category is not assignable.",
            check="isAssignable of the category",
            expected=True,
            got=False,
            diagnosis="create the category with isAssignable true",
        )
    body = body_of(call, "customItem")
    unit_id = _unit(call, course, field(body, "unitID", int))
    column = GradebookItem(
        id=call.ids.uuid(),
        course_id=course.id,
        item_id=unit_id or call.store.next_number("gradebook_items", "item_id"),
        title=field(body, "title", str, parent.title),
        points_possible=points(field(body, "pointsPossible", NUMBER, 0), "pointsPossible"),
        is_included_in_grade=field(body, "isIncludedInGrade", bool, True),
        is_extra_credit=field(body, "isExtraCredit", bool, False),
        type="customItem",
        category_id=parent.guid,
    )
    call.store.gradebook_items.put(column)
    made = CustomItem(
        guid=call.ids.uuid(),
        category_guid=parent.guid,
        title=column.title,
        unit_id=unit_id,
        gradebook_item_id=column.id,
    )
    call.store.custom_items.put(made)
    path = f"/courses/{course.id}/gradebook/customCategories/{parent.guid}/customItems/{made.guid}"
    return wire.created(call, path, {"customItem": _custom_item(call, course, made)})


def delete_custom_item(call: Call, caller: Caller) -> Response:
    """DELETE …/customItems/ID, with its column and grades."""
    course = staffed_course(call, caller, "custom items")
    _remove(call, _custom_item_named(call, course))
    return wire.no_content()


def _unit(call: Call, course: Course, unit_id: int | None) -> int | None:
    """The unit of a custom item; warns if the course has no such unit."""
    unit = None if unit_id is None else call.store.course_items.get(unit_id)
    if unit is None or unit.course_id != course.id or unit.parent_id is not None:
        what = "has no unitID" if unit_id is None else f"has the unitID {unit_id}, which is not a unit of the course"
        call.warn("no_such_unit", f"The custom item {what}; /courses/ID/items lists them (their ids begin with 200).")
    return unit_id


def _remove(call: Call, item: CustomItem) -> None:
    for grade in call.store.grades.find("item", item.gradebook_item_id):
        call.store.grades.delete(grade.id)
    call.store.gradebook_items.delete(item.gradebook_item_id)
    call.store.custom_items.delete(item.guid)


def _title(body: dict[str, Any]) -> str:
    title: str = field(body, "title", str, "")
    if not title:
        raise refusals.malformed_body("Missing required element: title.", check="title is there")
    return title


def _new_title(call: Call, course: Course, title: str) -> str:
    """A title, which must be unique among the categories of the course."""
    if title in [custom_category.title for custom_category in call.store.custom_categories.find("course", course.id)]:
        raise refusals.bad_request(
            "category_exists", "A category of this title exists.", check="titles of categories are unique", got=title
        )
    return title


def _category_named(call: Call, course: Course) -> CustomCategory:
    identifier: str = call.path_params["category_id"]
    found = call.store.custom_categories.get(identifier.lower())
    if found is None or found.course_id != course.id:
        raise refusals.not_found("Custom category", identifier)
    return found


def _custom_item_named(call: Call, course: Course) -> CustomItem:
    parent = _category_named(call, course)
    identifier: str = call.path_params["custom_item_id"]
    found = call.store.custom_items.get(identifier.lower())
    if found is None or found.category_guid != parent.guid:
        raise refusals.not_found("Custom item", identifier)
    return found


def _category(call: Call, category: CustomCategory) -> dict[str, Any]:
    path = f"/courses/{category.course_id}/gradebook/customCategories/{category.guid}"
    return {
        "guid": category.guid,
        "title": category.title,
        "isAssignable": category.is_assignable,
        "links": [wire.link(call, path, "self"), wire.link(call, f"{path}/customItems", "related")],
    }


def _custom_item(call: Call, course: Course, item: CustomItem) -> dict[str, Any]:
    path = f"/courses/{course.id}/gradebook/customCategories/{item.category_guid}/customItems/{item.guid}"
    return {
        "guid": item.guid,
        "title": item.title,
        "unitID": item.unit_id,
        "links": [
            wire.link(call, path, "self"),
            wire.link(call, f"/courses/{course.id}/gradebook/gradebookItems/{item.gradebook_item_id}", "related"),
        ],
    }


_CATEGORIES = "/courses/{course_id}/gradebook/customCategories"
_ITEMS = f"{_CATEGORIES}/{{category_id}}/customItems"

ROUTES: tuple[Route, ...] = (
    *(
        route
        for book in ("", "/gradebook")
        for route in (
            resource(
                "GET",
                f"/courses/{{course_id}}{book}/gradebookItems",
                gradebook_items,
                summary="The gradebook's items",
                source=android("services/courses/FetchGradebookItemsForCourseId"),
                tag="gradebook",
            ),
            resource(
                "GET",
                f"/courses/{{course_id}}{book}/gradebookItems/{{gradebook_item_id}}",
                gradebook_item,
                summary="One gradebook item",
                source=android("services/grades/FetchGradebookItemByGuid"),
                tag="gradebook",
            ),
            resource(
                "PUT",
                f"/courses/{{course_id}}{book}/gradebookItems/{{gradebook_item_id}}",
                update_gradebook_item,
                summary="Change a gradebook item",
                source=java("grades/GradeService"),
                tag="gradebook",
            ),
        )
    ),
    resource(
        "GET",
        "/courses/{course_id}/items/{item_id}/gradebookItem",
        gradebook_item_of_item,
        summary="The gradebook item of a course item",
        evidence="documented",
        source=f"{PORTAL}/common-integration-use-cases/gradebook-integration",
        tag="gradebook",
    ),
    *(
        resource(method, path, handler, summary=summary, source=java("grades/GradeService"), tag="custom categories")
        for method, path, handler, summary in (
            ("GET", _CATEGORIES, categories, "Custom categories"),
            ("POST", _CATEGORIES, create_category, "Add a custom category"),
            ("GET", f"{_CATEGORIES}/{{category_id}}", category, "A custom category"),
            ("PUT", f"{_CATEGORIES}/{{category_id}}", update_category, "Change a custom category"),
            ("DELETE", f"{_CATEGORIES}/{{category_id}}", delete_category, "Remove a custom category"),
            ("GET", _ITEMS, custom_items, "Items of a custom category"),
            ("POST", _ITEMS, create_custom_item, "Add an item to a custom category"),
            ("GET", f"{_ITEMS}/{{custom_item_id}}", custom_item, "A custom item"),
            ("DELETE", f"{_ITEMS}/{{custom_item_id}}", delete_custom_item, "Remove a custom item"),
            ("GET", f"{_ITEMS}/{{custom_item_id}}/gradebookItem", custom_gradebook_item, "Its gradebook item"),
        )
    ),
)
