"""The site's own API description, Swagger 2.0, made from the declared REST views.

Paths, operation ids, parameters and tags are those of the real document for the families that are emulated; paths that
the emulator does not serve are left out. Source: recorded outline of the LMS's `/swagger.json`; openedx.md 7.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lms_emulator.providers.openedx.views import ANY_BODY, ApiView

if TYPE_CHECKING:
    from lms_emulator.core.http.routing import Route
    from lms_emulator.providers.openedx.visits import Call

_PARAMETER = re.compile(r"{(\w+)}")
_ACTIONS = {"POST": "create", "PUT": "update", "PATCH": "partial_update", "DELETE": "delete"}
_STATUS = {"POST": "201", "DELETE": "204"}
_PAGED = ({"name": "page", "in": "query", "required": False, "type": "integer"},)
_PAGE_SIZE = {"name": "page_size", "in": "query", "required": False, "type": "integer"}
_CURSOR = ({"name": "cursor", "in": "query", "required": False, "type": "string"},)

#: Our path to the documented one, where names differ; None leaves a path out.
RENAMED: dict[str, str | None] = {
    "/cohorts/v1/settings/{course_id}": "/cohorts/v1/settings/{course_key_string}",
    "/cohorts/v1/courses/{course_id}/cohorts/": None,
    "/cohorts/v1/courses/{course_id}/cohorts/{cohort_id}": (
        "/cohorts/v1/courses/{course_key_string}/cohorts/{cohort_id}"
    ),
    "/cohorts/v1/courses/{course_id}/cohorts/{cohort_id}/users/{username}": (
        "/cohorts/v1/courses/{course_key_string}/cohorts/{cohort_id}/users/{username}"
    ),
    "/courses/v1/blocks/{usage_key}": "/courses/v1/blocks/{usage_key_string}",
    "/courses/v2/blocks/{usage_key}": "/courses/v2/blocks/{usage_key_string}",
    "/courses/v1/courses/{course_id}": "/courses/v1/courses/{course_key_string}",
    "/enrollment/v1/enrollments": "/enrollment/v1/enrollments/",
    "/user/v1/preferences/{username}/{key}": "/user/v1/preferences/{username}/{preference_key}",
    "/user/v1/users/{user_id}/": "/user/v1/users/{id}/",
    "/user/v1/account/login_session/": None,
    "/user/v2/account/login_session/": None,
}
#: Operations of view sets, which are named after the action instead of the method.
ACTIONS = {
    ("GET", "/user/v1/me"): "user_v1_get",
    ("POST", "/user/v1/accounts/search_emails"): "user_v1_accounts_search_emails",
    ("GET", "/user/v1/accounts/retirement_queue/"): "user_v1_accounts_retirement_queue",
}
#: Operations that exist but are not documented.
HIDDEN = (("GET", "/user/v1/accounts/search_emails"),)
_ACCOUNT = ["application/json", "application/merge-patch+json"]
#: What the documents say is read, where it is not what the view's parsers say.
CONSUMES = dict.fromkeys(
    ("/user/v1/accounts", "/user/v1/accounts/{username}", "/user/v1/accounts/search_emails"), _ACCOUNT
)
NUMBERED = (
    "/courses/v1/blocks/",
    "/courses/v1/blocks/{usage_key_string}",
    "/courses/v1/course_ids/",
    "/courses/v1/courses/",
    "/courses/v2/blocks/",
    "/courses/v2/blocks/{usage_key_string}",
    "/grades/v1/policy/courses/{course_id}/",
    "/user/v1/users/",
)
CURSORED = ("/enrollment/v1/enrollments/", "/grades/v1/courses/", "/grades/v1/section_grades_breakdown/")
#: What a path's objects look like, by the name of a definition (below), or a schema.
SCHEMAS: dict[str, Any] = {
    "/cohorts/v1/courses/{course_key_string}/cohorts/{cohort_id}": {"type": "object", "properties": {}},
    "/cohorts/v1/courses/{course_key_string}/cohorts/{cohort_id}/users/{username}": "CohortUsersAPI",
    "/cohorts/v1/settings/{course_key_string}": {"type": "object", "properties": {}},
    "/course_modes/v1/courses/{course_id}/": "course_modes.CourseMode",
    "/course_modes/v1/courses/{course_id}/{mode_slug}": "course_modes.CourseMode",
    "/courses/v1/course_ids/": {"type": "string"},
    "/courses/v1/courses/": "Course",
    "/courses/v1/courses/{course_key_string}": "CourseDetail",
    "/enrollment/v1/enrollments/": "CourseEnrollmentsApiList",
    "/user/v1/users/": "user_api.User",
    "/user/v1/users/{id}/": "user_api.User",
}

_MOMENT = {"type": "string", "format": "date-time"}
_TEXT = {"type": "string", "minLength": 1}
_READ_ONLY = {"type": "string", "readOnly": True}
_URI = {"type": "string", "format": "uri", "minLength": 1}
_COURSE: dict[str, Any] = {
    "blocks_url": _READ_ONLY,
    "effort": _TEXT,
    "end": _MOMENT,
    "enrollment_start": _MOMENT,
    "enrollment_end": _MOMENT,
    "id": _TEXT,
    "media": {"$ref": "#/definitions/_CourseApiMediaCollection"},
    "name": _TEXT,
    "number": _TEXT,
    "org": _TEXT,
    "short_description": _TEXT,
    "start": _MOMENT,
    "start_display": _TEXT,
    "start_type": _TEXT,
    "pacing": _TEXT,
    "mobile_available": {"type": "boolean"},
    "hidden": _READ_ONLY,
    "invitation_only": {"type": "boolean"},
    "course_id": {"type": "string", "readOnly": True, "minLength": 1},
}
_OPTIONAL = ("blocks_url", "hidden", "course_id")
_REQUIRED = [name for name in _COURSE if name not in _OPTIONAL]


def _object(properties: Mapping[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {**({"required": required} if required else {}), "type": "object", "properties": dict(properties)}


DEFINITIONS: dict[str, Any] = {
    "course_modes.CourseMode": _object(
        {
            "course_id": _TEXT,
            "mode_slug": _TEXT,
            "mode_display_name": _TEXT,
            "min_price": {"type": "integer"},
            "currency": _TEXT,
            "expiration_datetime": {**_MOMENT, "x-nullable": True},
            "expiration_datetime_is_explicit": {"type": "boolean"},
            "description": {"type": "string", "x-nullable": True},
            "sku": {"type": "string", "x-nullable": True},
            "bulk_sku": {"type": "string", "x-nullable": True},
        },
        ["course_id", "mode_slug", "mode_display_name", "currency"],
    ),
    "CourseEnrollmentsApiList": _object(
        {
            "created": {**_MOMENT, "readOnly": True, "x-nullable": True},
            "mode": {"type": "string", "maxLength": 100, "minLength": 1},
            "is_active": {"type": "boolean"},
            "user": _READ_ONLY,
            "course_id": _TEXT,
        },
        ["course_id"],
    ),
    "Course": _object(_COURSE, _REQUIRED),
    "CourseDetail": _object({**_COURSE, "overview": _READ_ONLY}, _REQUIRED),
    "_CourseApiMediaCollection": _object(
        {
            "banner_image": {"$ref": "#/definitions/_AbsolutMedia"},
            "course_image": {"$ref": "#/definitions/_Media"},
            "course_video": {"$ref": "#/definitions/_Media"},
            "image": {"$ref": "#/definitions/Image"},
        },
        ["banner_image", "course_image", "course_video", "image"],
    ),
    "_Media": _object({"uri": _READ_ONLY}),
    "_AbsolutMedia": _object({"uri": _READ_ONLY, "uri_absolute": _READ_ONLY}),
    "Image": _object({"raw": _URI, "small": _URI, "large": _URI}, ["raw", "small", "large"]),
    "user_api.User": _object(
        {
            "id": {"type": "integer", "readOnly": True},
            "email": {"type": "string", "format": "email", "maxLength": 254},
            "name": _READ_ONLY,
            "username": {"type": "string", "pattern": r"^[\w.@+-]+$", "maxLength": 150, "minLength": 1},
            "preferences": _READ_ONLY,
            "url": {"type": "string", "format": "uri", "readOnly": True},
        },
        ["username"],
    ),
    "CohortUsersAPI": _object(
        {
            "username": {"type": "string", "pattern": r"^[\w.@+-]+$", "maxLength": 150, "minLength": 1},
            "email": {"type": "string", "format": "email", "maxLength": 254},
            "name": _READ_ONLY,
        },
        ["username"],
    ),
}


def document(x: Call) -> dict[str, Any]:
    """The whole description, as this client reaches the site."""
    return {
        "swagger": "2.0",
        "info": {
            "title": "Open edX API",
            "description": "APIs for access to Open edX information",
            "contact": {"email": x.store.section.contact_email},
            "version": "v1",
        },
        "host": x.authority,
        "schemes": [x.scheme],
        "basePath": f"{x.prefix}/api",
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {"Basic": {"type": "basic"}},
        "security": [{"Basic": []}],
        "paths": paths(),
        "definitions": DEFINITIONS,
    }


@functools.cache
def paths() -> dict[str, Any]:
    """The path items, in alphabetical order."""
    from lms_emulator.providers.openedx.routes import ROUTES

    items: dict[str, dict[str, Any]] = {}
    for path, route, view in _documented(ROUTES):
        item = items.setdefault(path, {"parameters": [_in_path(name) for name in _PARAMETER.findall(path)]})
        for method in route.methods:
            if (method, path) in HIDDEN:
                continue
            item[method.lower()] = _operation(path, method, route, view)
    return {
        path: {**{k: v for k, v in item.items() if k != "parameters"}, "parameters": item["parameters"]}
        for path, item in sorted(items.items())
    }


def _documented(routes: tuple[Route, ...]) -> Iterator[tuple[str, Route, ApiView]]:
    for route in routes:
        if not route.path.startswith("/api/") or not route.methods or not isinstance(route.handler, ApiView):
            continue
        own = route.path.removeprefix("/api")
        path = RENAMED.get(own, own)
        if path is not None:
            yield path, route, route.handler


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "type": "integer" if name == "id" else "string"}


def _operation(path: str, method: str, route: Route, view: ApiView) -> dict[str, Any]:
    is_list = method == "GET" and not path.rstrip("/").endswith("}")
    operation: dict[str, Any] = {
        "operationId": _operation_id(path, method, is_list=is_list),
        "description": route.summary,
        "parameters": _parameters(path, method),
        "responses": {_STATUS.get(method, "200"): {"description": "", **_answer_schema(path, method)}},
    }
    if path == "/user/v1/me":
        operation["responses"]["401"] = {"description": "No or wrong credentials"}
    if path in CONSUMES:
        operation["consumes"] = CONSUMES[path]
    elif view.parsers != ANY_BODY:
        operation["consumes"] = [kind for kind in view.parsers if "json" in kind] or list(view.parsers)
    operation["tags"] = [path.split("/")[1]]
    operation.update(route.openapi)
    return operation


def _operation_id(path: str, method: str, *, is_list: bool) -> str:
    named = ACTIONS.get((method, path))
    if named is not None:
        return named
    parts = [part for part in path.strip("/").split("/") if "{" not in part]
    return "_".join([*parts, _ACTIONS.get(method) or ("list" if is_list else "read")])


def _parameters(path: str, method: str) -> list[dict[str, Any]]:
    if method == "GET" and path in NUMBERED:
        return [*_PAGED, _PAGE_SIZE]
    if method == "GET" and path in CURSORED:
        return [*_CURSOR, _PAGE_SIZE]
    if method in ("POST", "PUT", "PATCH") and path in SCHEMAS:
        return [{"name": "data", "in": "body", "required": True, "schema": _schema(path)}]
    if (method, path) == ("GET", "/certificates/v0/certificates/{username}/"):
        return [{"name": "username", "in": "path", "type": "string", "required": True}]
    return []


def _schema(path: str) -> dict[str, Any]:
    named = SCHEMAS[path]
    return {"$ref": f"#/definitions/{named}"} if isinstance(named, str) else named


def _answer_schema(path: str, method: str) -> dict[str, Any]:
    if path == "/user/v1/me":
        return {"schema": {"type": "object", "properties": {"username": {"type": "string"}}}}
    if path not in SCHEMAS or method == "DELETE":
        return {}
    schema = _schema(path)
    if method != "GET":
        return {"schema": schema}
    if path == "/course_modes/v1/courses/{course_id}/":
        return {"schema": {"type": "array", "items": schema}}
    if path in NUMBERED or path in CURSORED:
        link = {"type": "string", "format": "uri", "x-nullable": True}
        count = {"count": {"type": "integer"}} if path in NUMBERED else {}
        page = {**count, "next": link, "previous": link, "results": {"type": "array", "items": schema}}
        return {"schema": _object(page, [*count, "results"])}
    return {"schema": schema}


def to_yaml(value: Any, depth: int = 0) -> str:
    """Plain data as YAML in block style; texts that could be read as anything else are quoted."""
    pad = "  " * depth
    if isinstance(value, dict) and value:
        lines = []
        for key, item in value.items():
            text = to_yaml(item, depth + 1)
            lines.append(f"{pad}{_scalar(key)}:{text if _is_inline(item) else chr(10) + text}")
        return "\n".join(lines)
    if isinstance(value, list) and value:
        lines = []
        for item in value:
            text = to_yaml(item, depth + 1)
            lines.append(f"{pad}-{text}" if _is_inline(item) else f"{pad}-{text[len(pad) + 1 :]}")
        return "\n".join(lines)
    return " " + _scalar(value)


def _is_inline(value: Any) -> bool:
    return not (isinstance(value, dict | list) and value)


def _scalar(value: Any) -> str:
    import json

    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_/$][\w/.{}$+-]*", value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value)


_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
