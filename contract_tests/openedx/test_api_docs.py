"""The API description and its page: offline, negotiated by Accept, and in agreement with the real outline."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from contract_tests.openedx.web import Web
from contract_tests.replay.exchanges import RECORDINGS


def test_the_page_loads_nothing_from_elsewhere(web: Web) -> None:
    page = web.http.get("/api-docs/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>Open edX API</title>" in page.text
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert all(source.startswith("/") for source in sources)
    for source in sources:
        assert web.http.get(source).status_code in (200, 302)
    assert "SwaggerUIBundle" in web.http.get("/static/drf-yasg/swagger-ui-dist/swagger-ui-bundle.js").text
    assert web.http.get("/static/drf-yasg/swagger-ui-dist/../secret").status_code == 501, "no file of this machine"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "text/html"),
        ("*/*", "text/html"),
        ("text/html", "text/html"),
        ("application/json,*/*", "application/json"),
        ("application/openapi+json", "application/openapi+json"),
        ("application/yaml", "application/yaml"),
        ("application/*", "application/yaml"),
    ],
)
def test_accept_decides(web: Web, accept: str | None, kind: str) -> None:
    request = web.http.build_request("GET", "/api-docs/?format=openapi")
    del request.headers["accept"]
    if accept is not None:
        request.headers["accept"] = accept
    assert web.http.send(request).headers["content-type"] == f"{kind}; charset=utf-8"


def test_media_types_that_are_not_offered(web: Web) -> None:
    refused = web.http.get("/api-docs/", headers={"Accept": "application/xml"})
    assert (refused.status_code, refused.text) == (406, "406 Not Acceptable")
    refused = web.http.post("/api-docs/", json={})
    assert (refused.status_code, refused.text) == (405, "405 Method Not Allowed")
    assert web.http.get("/api-docs").headers["location"] == "/api-docs/"
    assert web.http.get("/swagger/").headers["location"] == "/api-docs/"


def test_json_and_yaml_say_the_same(web: Web) -> None:
    document = web.http.get("/swagger.json")
    assert document.headers["content-type"] == "application/json; charset=utf-8"
    assert yaml.safe_load(web.http.get("/swagger.yaml").text) == document.json()
    assert list(document.json()) == [
        *("swagger", "info", "host", "schemes", "basePath", "consumes", "produces", "securityDefinitions"),
        *("security", "paths", "definitions"),
    ]


def test_it_says_where_it_was_reached(web: Web) -> None:
    assert web.http.get("/swagger.json").json()["basePath"] == "/api"
    prefix = web.info.base_urls["prefix"]
    shown = web.http.get(f"{prefix}/swagger.json").json()
    assert (shown["basePath"], prefix.endswith(shown["host"] + "/openedx")) == ("/openedx/api", True)


def facts(operation: dict[str, Any]) -> dict[str, Any]:
    """An operation without its prose."""
    answers = {c: {k: v for k, v in r.items() if k != "description"} for c, r in operation["responses"].items()}
    return {**{k: v for k, v in operation.items() if k != "description"}, "responses": answers}


def test_operations_are_those_of_the_real_outline(web: Web) -> None:
    ours = web.http.get("/swagger.json").json()
    real = json.loads((RECORDINGS / "openedx" / "openapi-outline.json").read_text(encoding="utf-8"))
    shared = set(ours["paths"]) & set(real["paths"])
    assert len(shared) >= 35
    for path in sorted(shared):
        mine, theirs = dict(ours["paths"][path]), dict(real["paths"][path])
        assert mine.pop("parameters") == theirs.pop("parameters"), path
        for method in set(mine) & set(theirs):
            assert facts(mine[method]) == facts(theirs[method]), (path, method)
    for name in set(ours["definitions"]) & set(real["definitions"]):
        assert ours["definitions"][name] == real["definitions"][name], name


def test_every_reference_has_its_definition(web: Web) -> None:
    text = web.http.get("/swagger.json").text
    used = set(re.findall(r"#/definitions/([\w.]+)", text))
    assert used <= set(json.loads(text)["definitions"])
