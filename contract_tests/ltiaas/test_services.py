"""Roster, line items, scores and deep linking, proxied to a real LMS on a socket, by ltik and by service key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import pytest

from contract_tests.ltiaas.small_lms import SmallLms
from contract_tests.ltiaas.support import BENCH, DL, LTI, SMALL, LmsSide, Rig, details

SCORE = {"userId": "learner-1", "activityProgress": "Completed", "gradingProgress": "FullyGraded"}


class Tool:
    """A tool's back end after one launch."""

    def __init__(self, rig: Rig, side: LmsSide, **claims: Any) -> None:
        self.rig = rig
        self.ltik = side.ltik(**claims)
        self.by_ltik = f"LTIK-AUTH-V2 {rig.key}:{self.ltik}"
        services = rig.api("GET", "/api/idtoken", auth=self.by_ltik).json()["services"]
        self.by_key = f"SERVICE-AUTH-V1 {rig.key}:{services.get('serviceKey', 'none')}"

    def __call__(self, method: str, path: str, body: Any = None, *, auth: str | None = None) -> httpx.Response:
        return self.rig.api(method, path, body, auth=auth or self.by_ltik)


@pytest.fixture
def small_side(rig: Rig, small: SmallLms) -> Iterator[LmsSide]:
    side = LmsSide(rig, issuer=small.url, client_id="small-lti-client")
    yield side
    side.browser.close()


@pytest.fixture
def tool(rig: Rig, small: SmallLms, small_side: LmsSide) -> Tool:
    return Tool(rig, small_side, **small_side.services(small.url))


def test_service_token_is_asked_for_with_a_signed_assertion(tool: Tool, small: SmallLms) -> None:
    assert tool("GET", "/api/memberships").status_code == 200
    assert tool("GET", "/api/memberships").status_code == 200
    header, claims = small.assertions[0]
    assert header == {"alg": "RS256", "typ": "JWT", "kid": SMALL}
    assert claims["exp"] - claims["iat"] == 60
    assert len({claims["jti"] for _, claims in small.assertions}) == 2


# roster


def test_roster_by_ltik_and_by_service_key(tool: Tool, small: SmallLms) -> None:
    for auth in (tool.by_ltik, tool.by_key):
        body = tool("GET", "/api/memberships", auth=auth).json()
        assert body["id"] == f"{small.url}/roster"
        assert body["context"] == {"id": "course-1", "title": "Course", "label": "C1"}
        assert body["members"][0] == {
            "userId": "learner-1",
            "roles": ["Learner"],
            "status": "Active",
            "givenName": "L1",
        }
        assert body["members"][3]["lisPersonSourcedId"] == "T1"
        assert "next" not in body


def test_roster_paging_and_filters(tool: Tool) -> None:
    first = tool("GET", "/api/memberships?limit=3&role=Learner&resourceLinkId=link-1").json()
    assert [member["userId"] for member in first["members"]] == ["learner-1", "learner-2", "learner-3"]
    page = tool("GET", "/api/memberships?limit=2").json()
    for url in (quote(page["next"], safe=""), quote(quote(page["next"]))):  # once, and twice as the Python client
        rest = tool("GET", f"/api/memberships?url={url}&limit=1").json()
        assert [member["userId"] for member in rest["members"]] == ["learner-3", "teacher-1"]


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", "²"])
def test_limit_is_a_number_from_one(tool: Tool, limit: str) -> None:
    answer = tool("GET", f"/api/memberships?limit={limit}")
    assert (answer.status_code, details(answer)["message"]) == (400, "VALIDATION_ERROR")
    assert tool("GET", "/api/memberships?limit=1").status_code == 200


def test_page_url_must_be_the_lms(tool: Tool) -> None:
    answer = tool("GET", f"/api/memberships?url={quote('https://elsewhere.example/x', safe='')}")
    assert (answer.status_code, details(answer)["message"]) == (502, "PLATFORM_UNREACHABLE")


def test_service_not_offered_by_the_launch(rig: Rig, small: SmallLms, small_side: LmsSide) -> None:
    bare = Tool(rig, small_side)
    for path in ("/api/memberships", "/api/lineitems"):
        answer = bare("GET", path)
        assert (answer.status_code, details(answer)["message"]) == (403, "SERVICE_NOT_AVAILABLE_FOR_CONTEXT")
    rig.settings(service_not_available_status=404)
    assert bare("GET", "/api/memberships").status_code == 404


def test_service_not_in_the_plan(rig: Rig, tool: Tool) -> None:
    world = rig.control("GET", "/world")
    world["ltiaas"]["tenants"][0]["plan"] = {
        "names_and_roles": False,
        "assignment_and_grades": False,
        "deep_linking": False,
    }
    rig.control("PUT", "/world", world)
    for method, path in (("GET", "/api/memberships"), ("GET", "/api/lineitems"), ("POST", "/api/deeplinking")):
        answer = tool(method, path, {"contentItems": []} if method == "POST" else None)
        assert (answer.status_code, details(answer)["message"]) == (403, "INACTIVE_SERVICE")


def test_a_deactivated_platform_is_refused(rig: Rig, tool: Tool) -> None:
    assert rig.api("POST", f"/api/platforms/{SMALL}/deactivate").status_code == 200
    answer = tool("GET", "/api/memberships", auth=tool.by_key)
    assert (answer.status_code, details(answer)["message"]) == (400, "UNREGISTERED_OR_INACTIVE_PLATFORM")
    assert rig.api("POST", f"/api/platforms/{SMALL}/activate").status_code == 200
    assert tool("GET", "/api/memberships", auth=tool.by_key).status_code == 200


# the service key


def test_a_service_key_outlives_the_ltik_and_cannot_replace_it(rig: Rig, tool: Tool) -> None:
    rig.advance(30 * 24 * 3600)
    assert tool("GET", "/api/memberships").status_code == 401
    assert tool("GET", "/api/memberships", auth=tool.by_key).status_code == 200
    for path in ("/api/idtoken", "/api/deeplinking", "/api/platforms"):
        method = "POST" if path == "/api/deeplinking" else "GET"
        assert tool(method, path, {} if method == "POST" else None, auth=tool.by_key).status_code == 401
    key = tool.by_key.rpartition(":")[2]
    assert tool("GET", "/api/idtoken", auth=f"LTIK-AUTH-V2 {rig.key}:{key}").status_code == 401
    assert "SERVICE-AUTH-V1" in rig.refusal["diagnosis"]
    assert tool("GET", "/api/memberships", auth=f"SERVICE-AUTH-V1 {rig.key}:{tool.ltik}").status_code == 401
    assert rig.refusal["reason"] == "service_key_is_ltik"
    assert tool("GET", "/api/memberships", auth=f"Bearer {rig.key}").status_code == 401


def test_stale_service_key(rig: Rig, small: SmallLms, small_side: LmsSide) -> None:
    services = small_side.services(small.url)
    first = Tool(rig, small_side, **services)
    again = Tool(rig, small_side, **services)
    assert first.by_key == again.by_key
    rig.settings(service_key_rotates=True)
    newer = Tool(rig, small_side, **services)
    answer = first("GET", "/api/memberships", auth=first.by_key)
    assert (answer.status_code, rig.refusal["reason"]) == (401, "service_key_stale")
    assert newer("GET", "/api/memberships", auth=newer.by_key).status_code == 200


def test_service_key_of_a_removed_platform(rig: Rig, tool: Tool) -> None:
    assert rig.api("DELETE", f"/api/platforms/{SMALL}").status_code == 204
    assert tool("GET", "/api/memberships", auth=tool.by_key).status_code == 401
    assert rig.refusal["reason"] == "service_key_unknown"
    assert tool("GET", "/api/idtoken").status_code == 401
    assert rig.refusal["reason"] == "ltik_platform_gone"


# line items


def make(tool: Tool, **more: Any) -> dict[str, Any]:
    answer = tool("POST", "/api/lineitems", {"label": "Essay", "scoreMaximum": 10, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_line_item_life(tool: Tool, small: SmallLms) -> None:
    extension = "https://canvas.instructure.com/lti/submission_type"
    item = make(tool, tag="t", resourceId=None, **{extension: {"type": "none"}})
    assert item["id"].startswith(f"{small.url}/lineitems/")
    assert item[extension] == {"type": "none"}
    assert "resourceId" not in item
    path = f"/api/lineitems/{quote(item['id'], safe='')}"
    assert tool("GET", path).json() == item
    listed = tool("GET", "/api/lineitems?tag=t&limit=5").json()
    assert listed["lineItems"] == [item]
    assert listed["next"] == f"{small.url}/lineitems?page=2"
    assert listed["first"] == f"{small.url}/lineitems"
    assert tool("GET", "/api/lineitems?tag=other").json()["lineItems"] == []
    replaced = tool("PUT", path, {"label": "New", "scoreMaximum": 5})
    assert replaced.status_code == 201
    assert replaced.json() == {"id": item["id"], "label": "New", "scoreMaximum": 5}
    tool.rig.settings(lineitem_put_status=200)
    assert tool("PUT", path, {"label": "New", "scoreMaximum": 5}).status_code == 200
    deleted = tool("DELETE", path, auth=tool.by_key)
    assert (deleted.status_code, deleted.content) == (204, b"")
    missing = tool("GET", path)
    assert missing.status_code == 404
    assert details(missing)["externalError"] is True
    assert details(missing)["externalUrl"] == item["id"]
    assert details(missing)["bodyReceived"] == {"errors": {"type": "not_found"}}


def test_line_item_ids_as_the_clients_write_them(tool: Tool) -> None:
    item = make(tool)
    whole, slashes = quote(item["id"], safe=""), quote(item["id"])
    for written in (whole, slashes, quote(whole), item["id"], f"{whole}/"):
        assert tool("GET", f"/api/lineitems/{written}").json() == item, written
        assert tool("GET", f"//api/lineitems/{written}").json() == item, written
        assert tool("GET", f"/api/lineitems/{written.rstrip('/')}/scores").json() == {"scores": []}, written
    wrong = tool("GET", "/api/lineitems/7")
    assert (wrong.status_code, details(wrong)["message"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"label": None}, "label"),
        ({"label": "  "}, "label"),
        ({"label": 3.5}, "label"),
        ({"scoreMaximum": None}, "scoreMaximum"),
        ({"scoreMaximum": 0}, "scoreMaximum"),
        ({"scoreMaximum": "10"}, "scoreMaximum"),
    ],
)
def test_line_item_that_does_not_validate(tool: Tool, changes: dict[str, Any], field: str) -> None:
    answer = tool("POST", "/api/lineitems", {"label": "Essay", "scoreMaximum": 10, **changes})
    assert answer.status_code == 400
    assert list(details(answer)["errors"][0]) == [field]


# scores


def test_scores(tool: Tool, small: SmallLms) -> None:
    item = make(tool)
    path = f"/api/lineitems/{quote(item['id'], safe='')}/scores"
    answer = tool("POST", path, {**SCORE, "scoreGiven": 0, "scoreMaximum": 10, "comment": None})
    assert (answer.status_code, answer.content) == (204, b"")
    assert small.scores[0]["scoreGiven"] == 0
    assert small.scores[0]["timestamp"].endswith("Z")
    assert "comment" not in small.scores[0]
    posted = {**SCORE, "userId": "learner-2", "scoreGiven": 7, "scoreMaximum": 10, "timestamp": "2026-01-01T00:00:00Z"}
    assert tool("POST", path, posted, auth=tool.by_key).status_code == 204
    assert small.scores[1]["timestamp"] == "2026-01-01T00:00:00Z"
    found = tool("GET", path).json()
    assert [score["userId"] for score in found["scores"]] == ["learner-1", "learner-2"]
    assert set(found["scores"][0]) == {"id", "userId", "scoreOf", "resultScore", "resultMaximum"}
    scores = tool("GET", f"{path}?userId=learner-2").json()["scores"]
    assert [score["resultScore"] for score in scores] == [7]
    assert len(tool("GET", f"{path}?user_id=learner-2").json()["scores"]) == 2
    assert tool.rig.last["warnings"][0]["code"] == "user_id_ignored"


def test_score_for_someone_who_is_no_student(tool: Tool) -> None:
    path = f"/api/lineitems/{quote(make(tool)['id'], safe='')}/scores"
    answer = tool("POST", path, {**SCORE, "userId": "teacher-1"})
    assert answer.status_code == 422
    assert details(answer)["bodyReceived"] == {"errors": "User not found in course or is not a student"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"userId": None}, "userId"),
        ({"activityProgress": "Done"}, "activityProgress"),
        ({"gradingProgress": None}, "gradingProgress"),
        ({"scoreGiven": 3}, "scoreMaximum"),
        ({"scoreGiven": "3", "scoreMaximum": 4}, "scoreGiven"),
        ({"scoreGiven": 0, "scoreMaximum": 0}, "scoreMaximum"),
        ({"timestamp": "yesterday"}, "timestamp"),
    ],
)
def test_score_that_does_not_validate(tool: Tool, changes: dict[str, Any], field: str) -> None:
    path = f"/api/lineitems/{quote(make(tool)['id'], safe='')}/scores"
    answer = tool("POST", path, {**SCORE, **changes})
    assert (answer.status_code, list(details(answer)["errors"][0])) == (400, [field])
    assert tool("POST", path, SCORE).status_code == 204


# deep linking


@pytest.fixture
def chooser(rig: Rig, lms_side: LmsSide) -> Tool:
    settings = {
        "deep_link_return_url": "https://lms.test/back?a=1&b=2",
        "accept_types": ["link", "ltiResourceLink"],
        "accept_multiple": True,
        "data": "opaque",
    }
    return Tool(
        rig,
        lms_side,
        **{
            f"{LTI}message_type": "LtiDeepLinkingRequest",
            f"{LTI}resource_link": None,
            f"{DL}deep_linking_settings": settings,
        },
    )


def proved(rig: Rig, message: str) -> dict[str, Any]:
    """The claims of a message, proved with the published keys by PyJWT."""
    kid = jwt.get_unverified_header(message)["kid"]
    assert kid == BENCH
    keys = jwt.PyJWKSet.from_dict(rig.http.get(f"{rig.url}/lti/keys").json())
    return jwt.decode(message, keys[kid].key, algorithms=["RS256"], audience="https://lms.test", issuer="bench-client")


def test_deep_linking_settings_are_in_the_id_token(chooser: Tool) -> None:
    settings = chooser("GET", "/api/idtoken").json()["services"]["deepLinking"]
    assert settings["available"] is True
    assert settings["acceptTypes"] == ["link", "ltiResourceLink"]
    assert settings["acceptMultiple"] is True
    assert settings["data"] == "opaque"


@pytest.mark.parametrize("path", ["/api/deeplinking", "/api/deeplinking/message"])
def test_deep_linking_message(rig: Rig, chooser: Tool, path: str) -> None:
    extra = "https://canvas.instructure.com/lti/module_name"
    items = [
        {"type": "ltiResourceLink", "url": f"{rig.url}/lti/launch?r=1", "title": "Quiz", "icon": None, extra: "Week 1"},
        {"type": "link", "url": "https://example.org"},
        {"type": "html", "html": "<p>hello</p>"},
    ]
    body = {"contentItems": items, "options": {"message": "done", "log": "ok", "errMessage": None, "errLog": None}}
    answer = chooser("POST", path, body)
    assert answer.status_code == 200
    assert answer.json()["target"] == "https://lms.test/back?a=1&b=2"
    claims = proved(rig, answer.json()["message"])
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingResponse"
    assert claims[f"{LTI}version"] == "1.3.0"
    assert claims[f"{LTI}deployment_id"] == "deployment-1"
    assert claims[f"{DL}data"] == "opaque"
    assert claims[f"{DL}msg"] == "done"
    assert claims[f"{DL}log"] == "ok"
    assert f"{DL}errormsg" not in claims
    sent = claims[f"{DL}content_items"]
    assert sent[0] == {"type": "ltiResourceLink", "url": f"{rig.url}/lti/launch?r=1", "title": "Quiz", extra: "Week 1"}
    assert [item["type"] for item in sent] == ["ltiResourceLink", "link", "html"]


def test_deep_linking_form(rig: Rig, chooser: Tool) -> None:
    form = chooser("POST", "/api/deeplinking/form", {"contentItems": []}).json()["form"]
    assert '<form id="ltiaas_dl"' in form
    assert 'action="https://lms.test/back?a=1&amp;b=2"' in form
    assert 'name="JWT"' in form
    rig.settings(deep_linking_form_id="ltijs_submit")
    assert 'id="ltijs_submit"' in chooser("POST", "/api/deeplinking/form", {"contentItems": []}).json()["form"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"contentItems": {}},
        {"contentItems": ["x"]},
        {"contentItems": [{"url": "https://x"}]},
        {"contentItems": [{"type": "video"}]},
        {"contentItems": [{"type": []}]},
        {"contentItems": [{"type": "link"}]},
        {"contentItems": [{"type": "html"}]},
        {"contentItems": [], "options": "x"},
        {"contentItems": [], "options": {"message": "a", "errLog": "b"}},
    ],
)
def test_deep_linking_body_that_does_not_validate(chooser: Tool, body: dict[str, Any]) -> None:
    answer = chooser("POST", "/api/deeplinking", body)
    assert (answer.status_code, details(answer)["message"]) == (400, "VALIDATION_ERROR")
    assert all(isinstance(error, dict) for error in details(answer)["errors"])


def test_deep_link_that_leads_elsewhere(rig: Rig, chooser: Tool) -> None:
    body = {"contentItems": [{"type": "ltiResourceLink", "url": "https://tool.example/direct"}]}
    assert chooser("POST", "/api/deeplinking", body).status_code == 200
    assert rig.last["warnings"][0]["code"] == "deep_link_leads_elsewhere"
    rig.settings(deep_linking_foreign_url="refuse")
    assert chooser("POST", "/api/deeplinking", body).status_code == 400
    body["contentItems"][0]["url"] = "https://demo.ltiaas.com/lti/launch?x=1"
    assert chooser("POST", "/api/deeplinking", body).status_code == 200


def test_deep_linking_only_in_a_deep_linking_launch(tool: Tool) -> None:
    answer = tool("POST", "/api/deeplinking", {"contentItems": []})
    assert (answer.status_code, details(answer)["message"]) == (403, "SERVICE_NOT_AVAILABLE_FOR_CONTEXT")


def test_well_signed_keys_of_another_life_are_named(rig: Rig, tool: Tool) -> None:
    world = rig.control("GET", "/world")
    rig.control("PUT", "/world", {**world, "ltiaas": {**world["ltiaas"], "launches": [], "activities": []}})
    for auth, reason in ((None, "ltik_unknown"), (tool.by_key, "service_key_unknown")):
        answer = tool("GET", "/api/memberships", auth=auth) if auth else tool("GET", "/api/memberships")
        assert (answer.status_code, rig.refusal["reason"]) == (401, reason)
        assert "this world never issued it" in rig.refusal["diagnosis"]
