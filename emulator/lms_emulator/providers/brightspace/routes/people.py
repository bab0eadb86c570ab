"""REST: the caller, their org units, and the people in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from starlette.responses import JSONResponse, Response

from lms_emulator.core.access.recognise import UNSET
from lms_emulator.core.access.slips import undone
from lms_emulator.core.http.urls import same_url
from lms_emulator.providers.brightspace import refusals, rules, shapes, wire
from lms_emulator.providers.brightspace.call import Call, number
from lms_emulator.providers.brightspace.credentials import Caller, api
from lms_emulator.providers.brightspace.model import Enrollment, User

R = TypeVar("R")


def paged_set(x: Call, records: Sequence[R], identity: Callable[[R], int], shape: Callable[[R], Any]) -> Response:
    """`{"PagingInfo", "Items"}`: the page after `bookmark`, the last identity of the previous page."""
    ordered = sorted(records, key=identity)
    bookmark = x.query.get("bookmark", "")
    after = number(bookmark)
    if bookmark and after is None:
        raise refusals.bad_request(
            "bookmark_unknown", "Invalid bookmark", got=bookmark, diagnosis=_why_no_bookmark(bookmark)
        )
    rest = [record for record in ordered if after is None or identity(record) > after]
    shown = rest[: x.settings.page_size]
    more = len(rest) > len(shown)
    if more and not bookmark:
        x.warn(
            "more_pages",
            f"this is {len(shown)} of {len(rest)} items; continue with `bookmark` while HasMoreItems is true",
        )
    info = {"Bookmark": str(identity(shown[-1])) if shown else bookmark, "HasMoreItems": more}
    return JSONResponse({"PagingInfo": info, "Items": [shape(record) for record in shown]})


def _why_no_bookmark(sent: str) -> str:
    for why, meant in undone(sent):
        if number(meant) is not None:
            return f"it is {meant}, but {why}"
    if sent.lower() in UNSET:
        return f"`{sent}` was sent: the variable that should hold the bookmark has no value"
    return "send the `Bookmark` of the page before as it came, and none for the first page"


def paged_objects(x: Call, records: Sequence[R], shape: Callable[[R], Any]) -> Response:
    """`{"Next", "Objects"}`: `Next` is the URL of the next page, or null."""
    start = wire.number_or(x, "bookmark", 0)
    size = x.settings.page_size
    shown = records[start : start + size]
    following = None
    if start + size < len(records):
        following = same_url(x, ("bookmark",), [("bookmark", start + size)])
        if not start:
            x.warn("more_pages", f"this is {len(shown)} of {len(records)} items; continue with `Next` until it is null")
    return JSONResponse({"Next": following, "Objects": [shape(record) for record in shown]})


@api("lp", "users:own_profile:read", "users:profile:read", "users:userdata:read")
def whoami(x: Call, caller: Caller) -> Response:
    """GET /d2l/api/lp/{version}/users/whoami."""
    return JSONResponse(shapes.whoami(caller.user))


@api("lp", "enrollment:own_enrollment:read")
def my_enrollments(x: Call, caller: Caller) -> Response:
    """GET /d2l/api/lp/{version}/enrollments/myenrollments/: `orgUnitTypeId`, `isActive`, `canAccess`, `bookmark`."""
    kinds = wire.numbers(x, "orgUnitTypeId", {name: key for key, (name, _) in shapes.TYPE_NAMES.items()})
    active, accessible = wire.truth(x, "isActive"), wire.truth(x, "canAccess")
    rows = []
    for record in x.store.enrollments.find("user", caller.user.id):
        unit = x.store.org_units.get(record.org_unit_id)
        if unit is None or not record.is_active or (kinds and unit.type_id not in kinds):
            continue
        if active not in (None, unit.is_active) or accessible not in (None, shapes.can_access(x, record, unit)):
            continue
        rows.append((record, unit))
    return paged_set(x, rows, lambda row: row[1].id, lambda row: shapes.my_enrollment(x, *row))


def _enrolled(x: Call, org_unit_id: int) -> list[tuple[Enrollment, User]]:
    found = [(e, x.store.users.get(e.user_id)) for e in x.store.enrollments.find("unit", org_unit_id) if e.is_active]
    return [(e, user) for e, user in found if user is not None]


@api("lp", "enrollment:orgunit:read")
def unit_users(x: Call, caller: Caller) -> Response:
    """GET /d2l/api/lp/{version}/enrollments/orgUnits/{orgUnitId}/users/: `roleId`, `isActive`, `bookmark`."""
    unit = rules.entered_unit(x, caller.user, x.path_params["orgUnitId"])
    rules.require(x, caller.user, unit, rules.SEE_USERS)
    roles = wire.numbers(x, "roleId", {role.name: role.id for role in x.store.roles})
    active = wire.truth(x, "isActive")
    rows = [row for row in _enrolled(x, unit.id) if not roles or row[0].role_id in roles]
    rows = [row for row in rows if active in (None, row[1].is_active)]
    return paged_set(x, rows, lambda row: row[1].id, lambda row: shapes.unit_user(x, *row))


def _classlist(x: Call, caller: Caller) -> list[tuple[Enrollment, User]]:
    unit = rules.entered_unit(x, caller.user, x.path_params["orgUnitId"])
    rules.require(x, caller.user, unit, rules.SEE_CLASSLIST)
    return sorted(_enrolled(x, unit.id), key=lambda row: (row[1].last_name, row[1].first_name, row[1].id))


@api("le", "enrollment:orgunit:read")
def classlist(x: Call, caller: Caller) -> Response:
    """GET /d2l/api/le/{version}/{orgUnitId}/classlist/: the whole class list."""
    return JSONResponse([shapes.classlist_user(x, *row) for row in _classlist(x, caller)])


@api("le", "enrollment:orgunit:read")
def classlist_paged(x: Call, caller: Caller) -> Response:
    """GET /d2l/api/le/{version}/{orgUnitId}/classlist/paged/."""
    return paged_objects(x, _classlist(x, caller), lambda row: shapes.classlist_user(x, *row))


@api("lp", "groups:group:read")
def group_categories(x: Call, caller: Caller) -> Response:
    """GET /d2l/api/lp/{version}/{orgUnitId}/groupcategories/."""
    unit = rules.entered_unit(x, caller.user, x.path_params["orgUnitId"])
    rules.require(x, caller.user, unit, rules.SEE_GROUPS)
    found = x.store.group_categories.find("unit", unit.id)
    return JSONResponse([_category(x, category.id) for category in found])


def _category(x: Call, category_id: int) -> shapes.Json:
    category = x.store.group_categories.get(category_id)
    assert category is not None
    return shapes.group_category(category, [group.id for group in x.store.groups.find("category", category_id)])


def _found_category(x: Call, caller: Caller) -> int:
    unit = rules.entered_unit(x, caller.user, x.path_params["orgUnitId"])
    rules.require(x, caller.user, unit, rules.SEE_GROUPS)
    found = x.store.group_categories.get(number(x.path_params["groupCategoryId"]))
    if found is None or found.org_unit_id != unit.id:
        raise refusals.not_found("the group category", x.path_params["groupCategoryId"])
    return found.id


@api("lp", "groups:group:read")
def group_category(x: Call, caller: Caller) -> Response:
    """GET /d2l/api/lp/{version}/{orgUnitId}/groupcategories/{groupCategoryId}."""
    return JSONResponse(_category(x, _found_category(x, caller)))


@api("lp", "groups:group:read")
def groups(x: Call, caller: Caller) -> Response:
    """GET /d2l/api/lp/{version}/{orgUnitId}/groupcategories/{groupCategoryId}/groups/."""
    category = _found_category(x, caller)
    return JSONResponse([shapes.group(group) for group in x.store.groups.find("category", category)])


@api("lp", "groups:group:read")
def group(x: Call, caller: Caller) -> Response:
    """GET /d2l/api/lp/{version}/{orgUnitId}/groupcategories/{groupCategoryId}/groups/{groupId}."""
    category = _found_category(x, caller)
    found = x.store.groups.get(number(x.path_params["groupId"]))
    if found is None or found.category_id != category:
        raise refusals.not_found("the group", x.path_params["groupId"])
    return JSONResponse(shapes.group(found))
