"""Declaring operations: one for both versions of the API, and what a request may carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lms_emulator.core.evidence import Evidence
from lms_emulator.core.http.routing import Handler, Route
from lms_emulator.providers.openlearning.wire import VERSIONS

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def request_body(fields: Mapping[str, str], *, media_type: str = FORM) -> dict[str, Any]:
    """OpenAPI of a body of texts.

    Parameters: `fields`, name to description; names that end in `!` are required.
    """
    properties = {name.rstrip("!"): {"type": "string", "description": text} for name, text in fields.items()}
    required = [name.rstrip("!") for name in fields if name.endswith("!")]
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return {"required": bool(required), "content": {media_type: {"schema": schema}}}


def in_query(parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    """OpenAPI of optional query parameters, name to description."""
    return [
        {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
        for name, text in parameters.items()
    ]


def api(
    methods: tuple[str, ...],
    path: str,
    handler: Handler,
    *,
    evidence: Evidence,
    source: str,
    summary: str,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    versions: tuple[str, ...] = VERSIONS,
) -> tuple[Route, ...]:
    """One route per version of the API, with the same handler: only the error bodies differ.

    Parameters: `query`, as of `in_query`; `body`, from `request_body`; the others as of `Route`.
    """
    openapi: dict[str, Any] = {
        "parameters": in_query({"api_key": "the API key, unless it is in the header X-API-Key", **(query or {})})
    }
    if body is not None:
        openapi["requestBody"] = body
    return tuple(
        Route(
            methods=methods,
            path=f"/{version}{path}",
            handler=handler,
            evidence=evidence,
            source=source,
            summary=summary,
            tag=f"API {version}",
            openapi=openapi,
        )
        for version in versions
    )
