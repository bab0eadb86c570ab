"""`/api-docs/`, `/swagger.json`, `/swagger.yaml`: Swagger UI, served offline, over the site's own API description.

Sources: openedx.md 7; recorded answers (group api-docs).
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import Response

from lms_emulator.core.http.routing import Handler, Route
from lms_emulator.providers.openedx import api_document, html, visits, wire
from lms_emulator.providers.openedx.routes.admin import NEVER_CACHE

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.visits import Call

ALLOW = "GET, HEAD, OPTIONS"
VARY = "Accept, Cookie, Authorization"
YAML, JSON, OPENAPI, PAGE = "application/yaml", "application/json", "application/openapi+json", "text/html"
ASSETS = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui-standalone-preset.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon-32x32.png": "image/png",
}


def api_docs(x: Call) -> Response:
    """The page, or the description in the kind that Accept asks for (`?format=` is not looked at)."""
    return _answer(x, (PAGE, YAML, JSON, OPENAPI))


def swagger_json(x: Call) -> Response:
    """The description as JSON."""
    return _answer(x, (JSON,))


def swagger_yaml(x: Call) -> Response:
    """The description as YAML."""
    return _answer(x, (YAML,))


def swagger(x: Call) -> Response:
    """The older address of the page."""
    return wire.redirect(f"{x.prefix}/api-docs/")


def asset(x: Call) -> Response:
    """A file of Swagger UI, from the package that ships it."""
    from swagger_ui_bundle import swagger_ui_path  # type: ignore[import-untyped]  # ships no types

    name = x.path_params["name"]
    if name not in ASSETS:
        raise wire.page_not_found(x.path)
    data = swagger_ui_path.joinpath(name).read_bytes()
    return Response(data, 200, {"content-type": ASSETS[name], "cache-control": "max-age=3600"})


def _answer(x: Call, kinds: tuple[str, ...]) -> Response:
    kind = negotiate(x.headers.get("accept"), kinds)
    if kind is None:
        raise _refused(406, "not_acceptable", expected=list(kinds), got=x.headers.get("accept"))
    if x.method not in ("GET", "HEAD", "OPTIONS"):
        raise _refused(405, "method_not_allowed", expected=ALLOW, got=x.method)
    if kind == PAGE:
        if x.method != "HEAD":
            visits.need_csrf(x)
        response = html.page(x, "api_docs.html", assets=f"{x.prefix}/static/drf-yasg/swagger-ui-dist")
    else:
        document = api_document.document(x)
        text = api_document.to_yaml(document) + "\n" if kind == YAML else json.dumps(document, ensure_ascii=False)
        response = Response(text.encode(), 200, {"content-type": f"{kind}; charset=utf-8"})
    response.headers.update({"vary": VARY, "allow": ALLOW, "cache-control": NEVER_CACHE})
    return response


def _refused(status: int, reason: str, *, expected: object, got: object) -> wire.OpenedxRefusal:
    return wire.OpenedxRefusal(
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
    """The kind to send, as Django REST framework chooses it: the most specific accepted range first, then our order."""
    ranges = [part.split(";", 1)[0].strip().lower() for part in (accept or "*/*").split(",")]
    for level in (2, 1, 0):
        wanted = [one for one in ranges if _specificity(one) == level]
        for kind in kinds:
            for one in wanted:
                if one in ("*/*", kind) or (one.endswith("/*") and kind.startswith(one[:-1])):
                    return kind
    return None


def _specificity(media_range: str) -> int:
    if media_range == "*/*":
        return 0
    return 1 if media_range.endswith("/*") else 2


def _route(path: str, handler: Handler, summary: str, *methods: str) -> Route:
    return Route(
        methods=methods,
        path=path,
        handler=handler,
        evidence="recorded",
        source="openedx.md 7",
        summary=summary,
        tag="api-docs",
    )


ROUTES = (
    _route("/api-docs/", api_docs, "Swagger UI over the API"),
    _route("/swagger.json", swagger_json, "The API description as JSON"),
    _route("/swagger.yaml", swagger_yaml, "The API description as YAML"),
    _route("/swagger/", swagger, "The older address of the page", "GET"),
    _route("/static/drf-yasg/swagger-ui-dist/{name}", asset, "Files of Swagger UI", "GET"),
)
