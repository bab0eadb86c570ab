"""REST: data that applications store with a user, each in its own namespace."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import CustomData
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.preferences import person, readable
from lms_emulator.providers.canvas.wire import reply

SOURCE = f"{RECORDED}/people-users.jsonl 300, 302; canvas-lms app/controllers/custom_data_controller.rb"
LONGEST_NAMESPACE = 255
RUBY_NAMES = {list: "Array", str: "String", int: "Integer", float: "Float"}


def _namespace(api: Api) -> tuple[str, CustomData | None]:
    """The requested namespace, and its data for the person in the path; rights are checked afterwards."""
    name = api.params.text("ns")
    if not name:
        raise refusals.message(400, "namespace_missing", "invalid namespace", check="`ns` is sent", absent="ns")
    user = identifiers.user(api, api.slot("user_id"))
    rows = api.store.custom_data.find("user", user.id)
    return name, next((row for row in rows if row.namespace == name), None)


def _scope(api: Api) -> list[str]:
    path = api.slot("scope") if "scope" in api.call.path_params else ""
    return [part for part in path.split("/") if part]


def _invalid_scope() -> SiteRefusal:
    return refusals.message(400, "scope_invalid", "invalid scope for hash")


def show(api: Api) -> Any:
    """The data at a scope; null if there is none."""
    _, kept = _namespace(api)
    if kept is None:
        raise refusals.message(400, "scope_unknown", "no data for scope")
    readable(api)
    found: Any = kept.data
    for part in _scope(api):
        if not isinstance(found, dict):
            raise _invalid_scope()
        found = found.get(part)
    return {"data": found}


def store(api: Api) -> Any:
    """Store data at a scope; missing parents are created."""
    name, kept = _namespace(api)
    user = person(api)
    if len(name) > LONGEST_NAMESPACE:
        raise refusals.crashed("the namespace is longer than its column", name)
    value = api.params.get("data")
    if value is None:
        if kept is None:  # the namespace is known from here on
            number = api.new_id("custom_data")
            api.store.custom_data.put(CustomData(id=number, user_id=user.id, namespace=name, data=None))
        raise refusals.message(400, "data_missing", "no data specified")
    scope = _scope(api)
    root: dict[str, Any] = {"": deepcopy(kept.data) if kept is not None else None}
    at, name_of_part = root, ""
    for depth, part in enumerate(scope):
        below = at.get(name_of_part)
        if below is None:
            below = at[name_of_part] = {}
        if not isinstance(below, dict):
            raise _conflict(scope[:depth], below)
        at, name_of_part = below, part
    fresh = at.get(name_of_part) is None
    at[name_of_part] = value
    number = kept.id if kept is not None else api.new_id("custom_data")
    api.store.custom_data.put(CustomData(id=number, user_id=user.id, namespace=name, data=root[""]))
    return reply(api, {"data": value}, 201 if fresh else 200)


def _conflict(scope: list[str], value: Any) -> SiteRefusal:
    body = {
        "conflict_scope": "/".join(scope),
        "type_at_conflict": f"{value}Class" if isinstance(value, bool) else RUBY_NAMES[type(value)],
        "value_at_conflict": value,
        "message": "write conflict for custom_data hash",
    }
    return refusals.rest("scope_conflict", 409, body, check="every part of the scope is a hash")


def remove(api: Api) -> Any:
    """Delete the data at a scope, and parents that become empty."""
    _, kept = _namespace(api)
    if kept is None:
        raise refusals.message(400, "scope_unknown", "no data for scope")
    person(api)
    root: dict[str, Any] = {"": deepcopy(kept.data)}
    way: list[tuple[dict[str, Any], str]] = [(root, "")]
    scope = _scope(api)
    for depth, part in enumerate(scope):
        below = way[-1][0][way[-1][1]]
        if (
            below is not None
            and not isinstance(below, dict)
            and (depth + 1 == len(scope) or not isinstance(below, str))
        ):
            raise refusals.crashed("a scope below what is not a hash", part)
        if not isinstance(below, dict) or part not in below:
            raise _invalid_scope()
        way.append((below, part))
    if kept.data is None:
        raise _invalid_scope()
    removed = way[-1][0].pop(way[-1][1])
    for holder, name in reversed(way[:-1]):
        if holder[name] == {}:
            del holder[name]
    if root:
        api.store.custom_data.put(replace(kept, data=root[""]))
    else:
        api.store.custom_data.delete(kept.id)
    return {"data": removed}


DATA = "/api/v1/users/{user_id}/custom_data"
ROUTES: tuple[Route, ...] = rest(
    "users",
    SOURCE,
    (f"GET {DATA}", show, "An application's data about a user"),
    (f"PUT {DATA}", store, "Store data"),
    (f"DELETE {DATA}", remove, "Delete all data"),
    (f"GET {DATA}/{{scope:path}}", show, "The data at a scope"),
    (f"PUT {DATA}/{{scope:path}}", store, "Store data at a scope"),
    (f"DELETE {DATA}/{{scope:path}}", remove, "Delete the data at a scope"),
)
