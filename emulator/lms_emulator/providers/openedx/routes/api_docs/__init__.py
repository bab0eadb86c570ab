"""`/api-docs/`, `/swagger.json`, `/swagger.yaml`: Swagger UI, served offline, over the site's own API description.

Sources: edx-api-doc-tools 3.0.0 `edx_api_doc_tools/conf_utils.py`; drf-yasg 1.21.15; `fixtures/recordings/openedx`,
main.jsonl 1208-1223.
"""

from __future__ import annotations

import functools
import json
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openedx import pages, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.routes.admin import NEVER_CACHE
from lms_emulator.providers.openedx.routes.api_docs import document
from lms_emulator.providers.openedx.routes.api_docs.yaml import to_yaml
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.web import csrf

ALLOW = "GET, HEAD, OPTIONS"
VARY = "Accept, Cookie, Authorization"
YAML, JSON, OPENAPI, PAGE = "application/yaml", "application/json", "application/openapi+json", "text/html"
ASSETS = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui-standalone-preset.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon-32x32.png": "image/png",
}


class Description:
    """The addresses of the API description.

    Parameters: `described`, the routes that it describes.
    """

    def __init__(self, described: tuple[Route, ...]) -> None:
        self._described = described

    @functools.cached_property
    def _paths(self) -> dict[str, Any]:
        return document.paths(self._described)

    def api_docs(self, call: Call) -> Response:
        """The page, or the description as the media type that Accept asks for (`?format=` is ignored)."""
        return self._answer(call, (PAGE, YAML, JSON, OPENAPI))

    def swagger_json(self, call: Call) -> Response:
        """The description as JSON."""
        return self._answer(call, (JSON,))

    def swagger_yaml(self, call: Call) -> Response:
        """The description as YAML."""
        return self._answer(call, (YAML,))

    def _answer(self, call: Call, kinds: tuple[str, ...]) -> Response:
        kind = negotiate(call.headers.get("accept"), kinds)
        if kind is None:
            raise _refused(406, "not_acceptable", expected=list(kinds), got=call.headers.get("accept"))
        if call.method not in ("GET", "HEAD", "OPTIONS"):
            raise _refused(405, "method_not_allowed", expected=ALLOW, got=call.method)
        if kind == PAGE:
            if call.method != "HEAD":
                csrf.ensure(call)
            response = pages.page(call, "api_docs.html", assets=f"{call.prefix}/static/drf-yasg/swagger-ui-dist")
        else:
            description = document.document(call, self._paths)
            text = to_yaml(description) + "\n" if kind == YAML else json.dumps(description, ensure_ascii=False)
            response = Response(text.encode(), 200, {"content-type": f"{kind}; charset=utf-8"})
        response.headers.update({"vary": VARY, "allow": ALLOW, "cache-control": NEVER_CACHE})
        return response


def swagger(call: Call) -> Response:
    """The older address of the page."""
    return wire.redirect(f"{call.prefix}/api-docs/")


def asset(call: Call) -> Response:
    """A file of Swagger UI, from the package that ships it."""
    from swagger_ui_bundle import swagger_ui_path  # type: ignore[import-untyped]  # ships no types

    name = call.path_params["name"]
    if name not in ASSETS:
        raise refusals.page_not_found(call.path)
    data = swagger_ui_path.joinpath(name).read_bytes()
    return Response(data, 200, {"content-type": ASSETS[name], "cache-control": "max-age=3600"})


def _refused(status: int, reason: str, *, expected: object, got: object) -> refusals.OpenedxRefusal:
    return refusals.OpenedxRefusal(
        reason,
        status=status,
        style="plain",
        body=f"{status} {HTTPStatus(status).phrase}",
        headers={"vary": VARY, "allow": ALLOW, "cache-control": NEVER_CACHE},
        check="Accept" if status == 406 else "method",
        expected=expected,
        got=got,
    )


def negotiate(accept: str | None, kinds: tuple[str, ...]) -> str | None:
    """The media type to send, chosen as Django REST framework does: by the most specific range, then by our order."""
    ranges = [part.split(";", 1)[0].strip().lower() for part in (accept or "*/*").split(",")]
    for level in (2, 1, 0):
        wanted = [value for value in ranges if _specificity(value) == level]
        for kind in kinds:
            for pair in wanted:
                if pair in ("*/*", kind) or (pair.endswith("/*") and kind.startswith(pair[:-1])):
                    return kind
    return None


def _specificity(media_range: str) -> int:
    if media_range == "*/*":
        return 0
    return 1 if media_range.endswith("/*") else 2


def routes(described: tuple[Route, ...]) -> tuple[Route, ...]:
    """The routes of this family. Parameters: `described`, the routes that the description describes."""
    family, description = Family("", tag="api-docs"), Description(described)
    return (
        family.page(
            "/api-docs/",
            description.api_docs,
            "Swagger UI over the API",
            evidence="observed",
            source=recorded("main", 1208),
            ignores=("format",),
        ),
        family.page(
            "/swagger.json",
            description.swagger_json,
            "The API description as JSON",
            evidence="documented",
            source="openedx/api-doc-tools 3.0.0 edx_api_doc_tools/conf_utils.py, make_docs_urls",
        ),
        family.page(
            "/swagger.yaml",
            description.swagger_yaml,
            "The API description as YAML",
            evidence="observed",
            source=recorded("main", 1218),
        ),
        family.page(
            "/swagger/",
            swagger,
            "The page at its older URL",
            "GET",
            evidence="documented",
            source="openedx/api-doc-tools 3.0.0 edx_api_doc_tools/conf_utils.py, make_docs_urls",
        ),
        family.page(
            "/static/drf-yasg/swagger-ui-dist/{name}",
            asset,
            "Files of Swagger UI",
            "GET",
            evidence="documented",
            source="axnsan12/drf-yasg 1.21.15 src/drf_yasg/renderers.py, SwaggerUIRenderer",
        ),
    )
