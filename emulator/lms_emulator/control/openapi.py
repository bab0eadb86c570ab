"""OpenAPI 3.1 of the control API, and of a provider's routes, from their declarations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from lms_emulator._version import __version__
from lms_emulator.core.http.routing import Route
from lms_emulator.core.worlds.faults import Fault

_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")


def document(gateway_url: str, routes: Iterable[Route], of_providers: Mapping[str, Iterable[Route]]) -> dict[str, Any]:
    """The control API.

    Parameters: `gateway_url`, the server it describes; `of_providers`, the calls that individual providers add.
    """
    bodies = [route.openapi.get("body") for own in of_providers.values() for route in own]
    kinds = dict.fromkeys([Fault, *(kind for kind in bodies if isinstance(kind, type))])
    (_, schemas) = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    problem = {
        "type": "object",
        "required": ["title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": {"type": "array", "items": {"type": "string"}},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "lms-emulator control API", "version": __version__},
        "servers": [{"url": f"{gateway_url}/_emulator"}],
        "paths": {
            **_paths(routes, control=True),
            **{
                f"/{provider}{path}": item
                for provider, own in of_providers.items()
                for path, item in _paths(own, control=True, within=provider).items()
            },
        },
        "components": {"schemas": {**schemas, "Problem": problem}},
    }


def provider_document(title: str, base_url: str, routes: Iterable[Route]) -> dict[str, Any]:
    """One provider's emulated operations, each with its evidence grade and source."""
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{title}, as emulated", "version": __version__},
        "servers": [{"url": base_url}],
        "paths": _paths(routes, control=False),
    }


def _paths(routes: Iterable[Route], *, control: bool, within: str = "") -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for route in routes:
        path = _PARAMETER.sub(lambda m: "{" + m[1] + "}", route.path)
        item = paths.setdefault(path, {})
        for method in route.methods or ("GET", "POST"):
            item.setdefault(method.lower(), _operation(route, method, control=control, within=within))
    return paths


def _operation(route: Route, method: str, *, control: bool, within: str) -> dict[str, Any]:
    given = dict(route.openapi)
    body = given.pop("body", None)
    if isinstance(body, type):
        body = {"$ref": f"#/components/schemas/{body.__name__}"}
    status = given.pop("status", 200)
    parameters = [
        {"name": m[1], "in": "path", "required": True, "schema": {"type": "string"}}
        for m in _PARAMETER.finditer(route.path)
    ] + list(given.pop("parameters", ()))
    slug = re.sub(r"\W+", "_", f"{within}{route.path}").strip("_") or "root"
    operation: dict[str, Any] = {"operationId": f"{method.lower()}_{slug}", "summary": route.summary}
    if route.tag:
        operation["tags"] = [route.tag]
    if parameters:
        operation["parameters"] = parameters
    if body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
    operation["responses"] = {str(status): {"description": "Success"}}
    if control:
        schema = {"$ref": "#/components/schemas/Problem"}
        error = {"description": "Failure", "content": {"application/problem+json": {"schema": schema}}}
        operation["responses"]["default"] = error
    else:
        operation["x-evidence"] = {"grade": route.evidence, "source": route.source}
        if route.defect:
            operation["x-provider-defect"] = True
        operation.update({k: v for k, v in given.items() if k in ("responses", "requestBody", "security", "tags")})
    return operation
