"""The site's own API description, Swagger 2.0, made from the declared REST resources.

Paths, operation ids, parameters and tags are those of the real document for the families that are emulated; paths that
the emulator does not serve are left out. Source: `fixtures/recordings/openedx/openapi-outline.json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openedx.call import ANY_BODY, Call
from lms_emulator.providers.openedx.routes.api_docs.definitions import (
    ACTIONS,
    CONSUMES,
    CURSOR,
    CURSORED,
    DEFINITIONS,
    HIDDEN,
    NUMBERED,
    PAGE_SIZE,
    PAGED,
    RENAMED,
    SCHEMAS,
    object_of,
)
from lms_emulator.providers.openedx.routes.resource import Resource

_PARAMETER = re.compile(r"{(\w+)}")
_ACTIONS = {"POST": "create", "PUT": "update", "PATCH": "partial_update", "DELETE": "delete"}
_STATUS = {"POST": "201", "DELETE": "204"}


def document(call: Call, path_items: dict[str, Any]) -> dict[str, Any]:
    """The whole description, as this client reaches the site. Parameters: `path_items`, what `paths` made."""
    return {
        "swagger": "2.0",
        "info": {
            "title": "Open edX API",
            "description": "APIs for access to Open edX information",
            "contact": {"email": call.store.section.contact_email},
            "version": "v1",
        },
        "host": call.authority,
        "schemes": [call.scheme],
        "basePath": f"{call.prefix}/api",
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {"Basic": {"type": "basic"}},
        "security": [{"Basic": []}],
        "paths": path_items,
        "definitions": DEFINITIONS,
    }


def paths(described: tuple[Route, ...]) -> dict[str, Any]:
    """The path items of these routes, in alphabetical order."""
    items: dict[str, dict[str, Any]] = {}
    for path, route, parsers in _documented(described):
        item = items.setdefault(path, {"parameters": [_in_path(name) for name in _PARAMETER.findall(path)]})
        for method in route.methods:
            if (method, path) in HIDDEN:
                continue
            item[method.lower()] = _operation(path, method, route, parsers)
    return {
        path: {**{k: v for k, v in item.items() if k != "parameters"}, "parameters": item["parameters"]}
        for path, item in sorted(items.items())
    }


def _documented(routes: tuple[Route, ...]) -> Iterator[tuple[str, Route, tuple[str, ...]]]:
    for route in routes:
        if not route.path.startswith("/api/") or not route.methods or not isinstance(route.handler, Resource):
            continue
        own = route.path.removeprefix("/api")
        path = RENAMED.get(own, own)
        if path is not None:
            yield path, route, route.handler.dialect.parsers


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "type": "integer" if name == "id" else "string"}


def _operation(path: str, method: str, route: Route, parsers: tuple[str, ...]) -> dict[str, Any]:
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
    elif parsers != ANY_BODY:
        operation["consumes"] = [kind for kind in parsers if "json" in kind] or list(parsers)
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
        return [*PAGED, PAGE_SIZE]
    if method == "GET" and path in CURSORED:
        return [*CURSOR, PAGE_SIZE]
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
        return {"schema": object_of(page, [*count, "results"])}
    return {"schema": schema}
