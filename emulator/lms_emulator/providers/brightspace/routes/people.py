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


def paged_set(call: Call, records: Sequence[R], identity: Callable[[R], int], shape: Callable[[R], Any]) -> Response:
    """`{"PagingInfo", "Items"}`: the page after `bookmark`, the last identity of the previous page."""
    ordered = sorted(records, key=identity)
    bookmark = call.query.get("bookmark", "")
    after = number(bookmark)
    if bookmark and after is None:
        raise refusals.bad_request(
            "bookmark_unknown", "Invalid bookmark", got=bookmark, diagnosis=_why_no_bookmark(bookmark)
        )
    rest = [record for record in ordered if after is None or identity(record) > after]
    shown = rest[: call.settings.page_size]
    more = len(rest) > len(shown)
    if more and not bookmark:
        call.warn(
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
    return "send the `Bookmark` of the page before unchanged, and none for the first page"


def paged_objects(call: Call, records: Sequence[R], shape: Callable[[R], Any]) -> Response:
    """`{"Next", "Objects"}`: `Next` is the URL of the next page, or null."""
    start = wire.number_or(call, "bookmark", 0)
    size = call.settings.page_size
    shown = records[start : start + size]
    following = None
    if start + size < len(records):
        following = same_url(call, ("bookmark",), [("bookmark", start + size)])
        if not start:
            call.warn(
                "more_pages", f"this is {len(shown)} of {len(records)} items; continue with `Next` until it is null"
            )
    return JSONResponse({"Next": following, "Objects": [shape(record) for record in shown]})


@api("lp", "users:own_profile:read", "users:profile:read", "users:userdata:read")
def whoami(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/lp/{version}/users/whoami."""
    return JSONResponse(shapes.whoami(caller.user))


@api("lp", "enrollment:own_enrollment:read")
def my_enrollments(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/lp/{version}/enrollments/myenrollments/: `orgUnitTypeId`, `isActive`, `canAccess`, `bookmark`."""
    kinds = wire.numbers(call, "orgUnitTypeId", {name: key for key, (name, _) in shapes.TYPE_NAMES.items()})
    active, accessible = wire.truth(call, "isActive"), wire.truth(call, "canAccess")
    rows = []
    for record in call.store.enrollments.find("user", caller.user.id):
        unit = call.store.org_units.get(record.org_unit_id)
        if unit is None or not record.is_active or (kinds and unit.type_id not in kinds):
            continue
        if active not in (None, unit.is_active) or accessible not in (None, shapes.can_access(call, record, unit)):
            continue
        rows.append((record, unit))
    return paged_set(call, rows, lambda row: row[1].id, lambda row: shapes.my_enrollment(call, *row))


def _enrolled(call: Call, org_unit_id: int) -> list[tuple[Enrollment, User]]:
    found = [
        (e, call.store.users.get(e.user_id)) for e in call.store.enrollments.find("unit", org_unit_id) if e.is_active
    ]
    return [(e, user) for e, user in found if user is not None]


@api("lp", "enrollment:orgunit:read")
def unit_users(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/lp/{version}/enrollments/orgUnits/{orgUnitId}/users/: `roleId`, `isActive`, `bookmark`."""
    unit = rules.entered_unit(call, caller.user, call.path_params["orgUnitId"])
    rules.require(call, caller.user, unit, rules.SEE_USERS)
    roles = wire.numbers(call, "roleId", {role.name: role.id for role in call.store.roles})
    active = wire.truth(call, "isActive")
    rows = [row for row in _enrolled(call, unit.id) if not roles or row[0].role_id in roles]
    rows = [row for row in rows if active in (None, row[1].is_active)]
    return paged_set(call, rows, lambda row: row[1].id, lambda row: shapes.unit_user(call, *row))


def _classlist(call: Call, caller: Caller) -> list[tuple[Enrollment, User]]:
    unit = rules.entered_unit(call, caller.user, call.path_params["orgUnitId"])
    rules.require(call, caller.user, unit, rules.SEE_CLASSLIST)
    return sorted(_enrolled(call, unit.id), key=lambda row: (row[1].last_name, row[1].first_name, row[1].id))


@api("le", "enrollment:orgunit:read")
def classlist(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/le/{version}/{orgUnitId}/classlist/: the whole class list."""
    return JSONResponse([shapes.classlist_user(call, *row) for row in _classlist(call, caller)])


@api("le", "enrollment:orgunit:read")
def classlist_paged(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/le/{version}/{orgUnitId}/classlist/paged/."""
    return paged_objects(call, _classlist(call, caller), lambda row: shapes.classlist_user(call, *row))


@api("lp", "groups:group:read")
def group_categories(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/lp/{version}/{orgUnitId}/groupcategories/."""
    unit = rules.entered_unit(call, caller.user, call.path_params["orgUnitId"])
    rules.require(call, caller.user, unit, rules.SEE_GROUPS)
    found = call.store.group_categories.find("unit", unit.id)
    return JSONResponse([_category(call, category.id) for category in found])


def _category(call: Call, category_id: int) -> shapes.Json:
    category = call.store.group_categories.get(category_id)
    assert category is not None
    return shapes.group_category(category, [group.id for group in call.store.groups.find("category", category_id)])


def _found_category(call: Call, caller: Caller) -> int:
    unit = rules.entered_unit(call, caller.user, call.path_params["orgUnitId"])
    rules.require(call, caller.user, unit, rules.SEE_GROUPS)
    found = call.store.group_categories.get(number(call.path_params["groupCategoryId"]))
    if found is None or found.org_unit_id != unit.id:
        raise refusals.not_found("the group category", call.path_params["groupCategoryId"])
    return found.id


@api("lp", "groups:group:read")
def group_category(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/lp/{version}/{orgUnitId}/groupcategories/{groupCategoryId}."""
    return JSONResponse(_category(call, _found_category(call, caller)))


@api("lp", "groups:group:read")
def groups(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/lp/{version}/{orgUnitId}/groupcategories/{groupCategoryId}/groups/."""
    category = _found_category(call, caller)
    return JSONResponse([shapes.group(group) for group in call.store.groups.find("category", category)])


@api("lp", "groups:group:read")
def group(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/lp/{version}/{orgUnitId}/groupcategories/{groupCategoryId}/groups/{groupId}."""
    category = _found_category(call, caller)
    found = call.store.groups.get(number(call.path_params["groupId"]))
    if found is None or found.category_id != category:
        raise refusals.not_found("the group", call.path_params["groupId"])
    return JSONResponse(shapes.group(found))
