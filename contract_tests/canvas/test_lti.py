"""Canvas as an LTI 1.3 platform, with PyLTI1p3 as the tool: launches, deep linking, service tokens, AGS and NRPS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.exception import LtiException, LtiServiceException
from pylti1p3.grade import Grade
from pylti1p3.lineitem import LineItem

from contract_tests.canvas.support import Browser, Site, form
from contract_tests.lti_tool import KeySite, Tool
from lms_emulator.client import Emulator
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import read

KEY, DEPLOYMENT = 10000000000077, "77:c0001a0000000000000000000000000000000001"
LAUNCH = "https://tool.example/launch"
NRPS = "/api/lti/courses/1/names_and_roles"
ITEMS = "/api/lti/courses/1/line_items"


def world(dump: dict[str, Any], keys: str) -> dict[str, Any]:
    """The demo world with a further tool, whose keys are at `keys`."""
    section = dump["canvas"]
    section["developer_keys"].append(
        {
            "id": KEY,
            "name": "PyLTI1p3",
            "is_lti_key": True,
            "redirect_uris": [LAUNCH],
            "public_jwk_url": keys,
            "oidc_initiation_url": "https://tool.example/login",
            "target_link_uri": LAUNCH,
            "scopes": list(lti13.SERVICE_SCOPES),
            "accounts": [1],
        }
    )
    section["tools"].append(
        {
            "id": 77,
            "developer_key_id": KEY,
            "name": "PyLTI1p3",
            "deployment_id": DEPLOYMENT,
            "course_id": 1,
            "url": f"{LAUNCH}?from=tool",
            "deep_linking": True,
            "custom": {"a": "b"},
        }
    )
    return dump


@pytest.fixture(scope="module")
def keys() -> Iterator[KeySite]:
    site = KeySite()
    yield site
    site.close()


@pytest.fixture
def tool(lms: Emulator, canvas: Site, keys: KeySite) -> Iterator[Tool]:
    """PyLTI1p3, registered at the emulated Canvas."""
    lms.load(json.loads(json.dumps(world(lms.dump(), keys.url), default=str)))
    made = Tool(
        issuer="https://canvas.instructure.com",
        client_id=str(KEY),
        deployment_id=DEPLOYMENT,
        auth_url=f"{canvas.url}/api/lti/authorize_redirect",
        token_url=f"{canvas.url}/login/oauth2/token",
        keys_url=f"{canvas.url}/api/lti/security/jwks",
    )
    keys.publish(made)
    yield made
    made.close()
    lms.load("demo")


def signed_in(canvas: Site, who: str = "student") -> Browser:
    browser = canvas.browser()
    page = browser.follow(browser.get("/courses/1"))
    home = browser.follow(browser.sign_in(page, getattr(canvas.info, who)))
    assert "Analytical Engines" in home.text
    return browser


def initiation(browser: Browser, path: str = "/courses/1/external_tools/77") -> dict[str, str]:
    page = browser.get(path)
    assert page.status_code == 200, page.text
    action, fields = form(page.text)
    assert action == "https://tool.example/login"
    return fields


def posted(browser: Browser, url: str) -> tuple[str, dict[str, str]]:
    """The form that comes back from the authentication endpoint."""
    answer = browser.follow(browser.get(url))
    assert answer.status_code == 200, answer.text
    return form(answer.text)


def launched(canvas: Site, tool: Tool, who: str = "student", path: str = "/courses/1/external_tools/77") -> Any:
    browser = signed_in(canvas, who)
    action, fields = posted(browser, tool.login(initiation(browser, path), LAUNCH))
    assert action == LAUNCH
    return tool.launch(fields)


def test_a_launch_holds_for_pylti1p3(canvas: Site, tool: Tool) -> None:
    launch = launched(canvas, tool)
    data = launch.get_launch_data()
    assert data["iss"] == "https://canvas.instructure.com"
    assert data["azp"] == data["aud"] == str(KEY)
    assert data["exp"] - data["iat"] == 3600
    assert (data["name"], data["email"]) == ("Ada Lovelace", "ada.lovelace@example.edu")
    assert data["sub"] == canvas.info.student.lti_id
    assert data[f"{lti13.CLAIM}custom"] == {"a": "b"}
    assert data[f"{lti13.CLAIM}target_link_uri"] == f"{LAUNCH}?from=tool"
    assert data[f"{lti13.CLAIM}context"]["title"] == "Analytical Engines"
    assert launch.check_student_access()
    assert not launch.check_teacher_access()
    assert launched(canvas, tool, "teacher").check_teacher_access()


def test_the_first_step_names_everything(canvas: Site, tool: Tool) -> None:
    fields = initiation(signed_in(canvas))
    assert fields["iss"] == "https://canvas.instructure.com"
    assert fields["client_id"] == str(KEY)
    assert fields["lti_deployment_id"] == fields["deployment_id"] == DEPLOYMENT
    assert fields["login_hint"] == "ada0010100000000000000000000000000000101"
    assert {"lti_message_hint", "target_link_uri", "canvas_region", "canvas_environment"} <= set(fields)


def test_privacy_settings(canvas: Site, tool: Tool, keys: KeySite, lms: Emulator) -> None:
    dump = lms.dump()
    dump["canvas"]["tools"][-1]["privacy"] = "anonymous"
    lms.load(json.loads(json.dumps(dump, default=str)))
    data = launched(canvas, tool).get_launch_data()
    assert not {"name", "email", "given_name", "picture"} & set(data)


def test_a_tampered_launch_does_not_hold(canvas: Site, tool: Tool) -> None:
    browser = signed_in(canvas)
    _, fields = posted(browser, tool.login(initiation(browser), LAUNCH))
    header, _, signature = fields["id_token"].split(".")
    claims = {**read(fields["id_token"]).claims, "sub": "somebody else"}
    body = tool.sign(claims).split(".")[1]
    with pytest.raises(LtiException):
        tool.launch({**fields, "id_token": f"{header}.{body}.{signature}"})
    assert tool.launch(fields)


def changed(url: str, **changes: str | None) -> str:
    parsed = httpx.URL(url)
    params = dict(parsed.params)
    params |= {k: v for k, v in changes.items() if v is not None}
    return str(parsed.copy_with(params={k: v for k, v in params.items() if changes.get(k, "") is not None}))


@pytest.mark.parametrize(
    ("changes", "error", "reason"),
    [
        ({"nonce": None}, "invalid_request_object", "lti_missing_parameter"),
        ({"scope": "profile"}, "invalid_request_object", "lti_wrong_scope"),
        ({"response_type": "code"}, "invalid_request_object", "lti_wrong_response_type"),
        ({"response_mode": "query"}, "invalid_request_object", "lti_wrong_response_mode"),
        ({"prompt": "login"}, "invalid_request_object", "lti_wrong_prompt"),
        ({"login_hint": "x"}, "login_required", "lti_login_required"),
    ],
)
def test_faults_are_posted_to_the_tool(
    canvas: Site, tool: Tool, changes: dict[str, str | None], error: str, reason: str
) -> None:
    browser = signed_in(canvas)
    url = tool.login(initiation(browser), LAUNCH)
    action, fields = posted(browser, changed(url, **changes))
    assert (action, fields["error"]) == (LAUNCH, error)
    assert fields["state"] == dict(httpx.URL(url).params)["state"]
    assert canvas.reason == reason
    assert "id_token" in posted(browser, url)[1], "the launch is still good"


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"redirect_uri": f"{LAUNCH}/"}, 400, "lti_redirect_uri_mismatch"),
        ({"redirect_uri": "https://evil.example"}, 400, "lti_redirect_uri_mismatch"),
        ({"client_id": "1"}, 401, "unknown_client"),
        ({"lti_message_hint": "x"}, 400, "lti_message_hint_invalid"),
        ({"lti_message_hint": None}, 400, "lti_message_hint_invalid"),
    ],
)
def test_faults_that_no_address_may_hear_of(
    canvas: Site, tool: Tool, changes: dict[str, str | None], status: int, reason: str
) -> None:
    browser = signed_in(canvas)
    url = tool.login(initiation(browser), LAUNCH)
    answer = browser.follow(browser.get(changed(url, **changes)))
    assert (answer.status_code, canvas.reason) == (status, reason)
    assert "id_token" in posted(browser, url)[1]


def test_a_launch_is_used_once_and_not_late(canvas: Site, tool: Tool) -> None:
    browser = signed_in(canvas)
    url = tool.login(initiation(browser), LAUNCH)
    assert "id_token" in posted(browser, url)[1]
    assert posted(browser, url)[1]["error"] == "launch_no_longer_valid"
    late = tool.login(initiation(browser), LAUNCH)
    canvas.lms.clock.advance(seconds=301)
    answer = browser.follow(browser.get(late))
    assert (answer.status_code, canvas.reason) == (400, "lti_message_hint_invalid")


def test_somebody_elses_session_and_none(canvas: Site, tool: Tool) -> None:
    url = tool.login(initiation(signed_in(canvas)), LAUNCH)
    assert posted(canvas.browser(), url)[1]["error"] == "login_required"
    assert posted(signed_in(canvas, "other_student"), url)[1]["error"] == "login_required"


def test_another_tools_client_id(canvas: Site, tool: Tool) -> None:
    browser = signed_in(canvas)
    url = tool.login(initiation(browser), LAUNCH)
    theirs = {"client_id": canvas.info.lti_client_id, "redirect_uri": f"{canvas.lms.ltiaas.url}/lti/launch"}
    assert posted(browser, changed(url, **theirs))[1]["error"] == "unauthorized_client"


def test_pages_that_ask_to_sign_in_or_are_not_there(canvas: Site, tool: Tool) -> None:
    answer = canvas.browser().get("/courses/1/external_tools/77")
    assert answer.headers["location"].endswith("/login/canvas")
    browser = signed_in(canvas)
    for path in ("/courses/99", "/courses/1/external_tools/99", "/courses/1/assignments/99", "/nowhere"):
        assert browser.get(path).status_code == 404, path
    assert browser.get("/courses/3").status_code == 403
    assert browser.get("/courses/1/external_tools/77/resource_selection").status_code == 403
    assert "What can an engine do?" in browser.get("/courses/1/assignments/2").text
    assert "lti_message_hint" in browser.get("/courses/1/assignments/1").text


def test_signing_out(canvas: Site) -> None:
    browser = signed_in(canvas)
    page = browser.get("/")
    token = page.text.partition('name="authenticity_token" value="')[2].partition('"')[0]
    assert browser.http.post("/logout", data={"authenticity_token": "x"}).status_code == 422
    assert browser.http.post("/logout", data={"authenticity_token": token}).status_code == 302
    assert browser.get("/").headers["location"].endswith("/login/canvas")


# deep linking


def test_deep_linking(canvas: Site, tool: Tool) -> None:
    path = "/courses/1/external_tools/77/resource_selection"
    launch = launched(canvas, tool, "teacher", path)
    assert launch.is_deep_link_launch()
    settings = launch.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]
    item = LineItem().set_label("Quiz 9").set_score_maximum(5)
    resource = DeepLinkResource().set_url(f"{LAUNCH}?quiz=9").set_title("Quiz 9").set_lineitem(item)
    resource.set_custom_params({"quiz": "9"})
    jwt = launch.get_deep_link().get_response_jwt([resource])
    back = settings["deep_link_return_url"]
    assert httpx.post(back, data={"JWT": jwt}).status_code == 200
    assert httpx.post(back, data={"JWT": jwt}).status_code == 400, "a nonce is used once"
    assert canvas.reason == "deep_linking_nonce_used"
    for broken in ("", "x.y.z", tool.sign({"iss": str(KEY)}, key="spare")):
        assert httpx.post(back, data={"JWT": broken}).status_code == 400
    other = launch.get_deep_link().get_response_jwt([resource])
    assert httpx.post(back.partition("?")[0], data={"JWT": other}).status_code == 400
    assert canvas.reason == "deep_linking_data_invalid"
    assert httpx.post(back.replace("/courses/1/", "/courses/2/"), data={"JWT": other}).status_code == 400
    assert httpx.post(back, data={"JWT": other}).status_code == 200
    browser = signed_in(canvas)
    assert "Quiz 9" in browser.get("/courses/1").text
    quiz = next(a for a in canvas.student.get("/api/v1/courses/1/assignments").json() if a["name"] == "Quiz 9")
    placed = launched(canvas, tool, path=f"/courses/1/assignments/{quiz['id']}").get_launch_data()
    assert placed[f"{lti13.CLAIM}custom"] == {"a": "b", "quiz": "9"}
    assert placed[f"{lti13.CLAIM}target_link_uri"] == f"{LAUNCH}?quiz=9"
    own = placed[lti13.AGS_CLAIM]["lineitem"]
    assert own.startswith(f"{canvas.url}{ITEMS}/")
    token = service(canvas, assertion(canvas, tool), lti13.SCOPE_LINE_ITEM).json()["access_token"]
    assert canvas.api(token).get(own).status_code == 200
    assert canvas.api(token).delete(own).status_code == 401, "it belongs to a placed link"
    assert canvas.reason == "line_item_coupled"


# service tokens


def assertion(canvas: Site, tool: Tool, **changes: Any) -> str:
    now = int(canvas.lms.clock.now.timestamp())
    options = {name: changes.pop(name) for name in ("key", "kid") if name in changes}
    claims = {
        "iss": str(KEY),
        "sub": str(KEY),
        "aud": f"{canvas.url}/login/oauth2/token",
        "iat": now,
        "exp": now + 60,
        "jti": f"j{canvas.lms.clock.now.timestamp()}",
        **changes,
    }
    return tool.sign({k: v for k, v in claims.items() if v is not None}, **options)


def service(
    canvas: Site, signed: str, scope: str = lti13.SCOPE_MEMBERSHIP, kind: str = lti13.JWT_BEARER
) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": kind,
        "client_assertion": signed,
        "scope": scope,
    }
    return httpx.post(f"{canvas.url}/login/oauth2/token", data=form)


def test_a_service_token(canvas: Site, tool: Tool) -> None:
    body = service(canvas, assertion(canvas, tool)).json()
    assert sorted(body) == ["access_token", "expires_in", "scope", "token_type"]
    assert (body["expires_in"], body["scope"]) == (3600, lti13.SCOPE_MEMBERSHIP)
    assert canvas.api(body["access_token"]).get(NRPS).status_code == 200
    other = assertion(canvas, tool, aud=["x", "https://canvas.instructure.com/login/oauth2/token"], jti="other")
    assert service(canvas, other).status_code == 200


@pytest.mark.parametrize(
    ("changes", "description", "reason"),
    [
        ({"key": "spare"}, "JWS signature invalid.", "assertion_bad_signature"),
        ({"kid": "other"}, "JWS signature invalid.", "assertion_unknown_kid"),
        ({"sub": "1"}, "JWS signature invalid.", "assertion_client_unknown"),
        ({"sub": None}, "JWS signature invalid.", "assertion_client_unknown"),
        ({"iss": "1"}, "the 'iss' is invalid", "assertion_wrong_issuer"),
        ({"aud": "https://x"}, "the 'aud' is invalid", "assertion_wrong_audience"),
        ({"exp": 1}, "the JWT has expired", "assertion_expired"),
        ({"iat": 1}, "the 'iat' must be less than 300 seconds old", "assertion_too_old"),
        (
            {"iat": 9_000_000_000, "exp": 9_000_000_060},
            "the 'iat' must not be in the future",
            "assertion_issued_in_future",
        ),
        ({"jti": None}, "the following assertions are missing: jti", "assertion_missing_claim"),
    ],
)
def test_assertions_that_do_not_hold(
    canvas: Site, tool: Tool, changes: dict[str, Any], description: str, reason: str
) -> None:
    answer = service(canvas, assertion(canvas, tool, **changes))
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request", "error_description": description}
    assert canvas.reason == reason


def test_assertions_once_for_known_scopes_of_the_right_kind(canvas: Site, tool: Tool, keys: KeySite) -> None:
    signed = assertion(canvas, tool)
    assert service(canvas, signed, kind="x").json()["error"] == "invalid_request"
    assert service(canvas, "x").json()["error_description"] == "JWS signature invalid."
    assert service(canvas, assertion(canvas, tool, jti="s"), "nonsense").json()["error"] == "invalid_scope"
    assert service(canvas, signed).status_code == 200
    again = service(canvas, signed)
    assert (again.status_code, canvas.reason) == (400, "assertion_jti_used")
    canvas.lms.settings["canvas.reused_jti"] = "allow"
    assert service(canvas, signed).status_code == 200
    assert [w.code for w in canvas.lms.requests.last.warnings] == ["jti_reused"]
    for broken in ((500, b""), (200, b"x"), (200, b"[]")):
        keys.answer = broken
        assert service(canvas, assertion(canvas, tool, jti="k")).status_code == 400
        assert canvas.reason == "tool_keys_unavailable"


def test_tokens_at_the_services(canvas: Site, tool: Tool) -> None:
    def refused(token: str | None, message: str, reason: str) -> None:
        answer = canvas.api(token).get(NRPS)
        assert answer.status_code == 401
        assert answer.json() == {"errors": {"type": "unauthorized", "message": message}}
        assert canvas.reason == reason

    refused(None, "Missing access token", "service_token_missing")
    wrong = "Access token invalid - signature likely incorrect"
    refused("x", wrong, "service_token_malformed")
    refused(canvas.info.access_tokens.student, wrong, "service_token_malformed")
    assert "grant_type=client_credentials" in str(canvas.lms.requests.last.refusal.diagnosis)
    refused(tool.sign({"sub": str(KEY)}), wrong, "service_token_alg_not_allowed")
    narrow = service(canvas, assertion(canvas, tool), lti13.SCOPE_SCORE).json()["access_token"]
    refused(narrow, "Insufficient permissions", "service_scope_missing")
    good = service(canvas, assertion(canvas, tool, jti="g")).json()["access_token"]
    assert canvas.api(good).get(NRPS).status_code == 200
    assert canvas.api(good).get("/api/lti/courses/2/names_and_roles").status_code == 401
    assert canvas.reason == "tool_not_in_context"
    assert canvas.api(good).get("/api/lti/courses/99/names_and_roles").status_code == 404
    canvas.lms.clock.advance(seconds=3601)
    refused(good, "Access token expired", "service_token_expired")


# names and roles, assignments and grades, by PyLTI1p3


def test_the_roster(canvas: Site, tool: Tool) -> None:
    nrps = launched(canvas, tool).get_nrps()
    members = {m["name"]: m for m in nrps.get_members()}
    assert sorted(members) == ["Ada Lovelace", "Charles Babbage", "Grace Hopper"]
    assert members["Ada Lovelace"]["user_id"] == canvas.info.student.lti_id
    assert members["Grace Hopper"]["roles"] == [f"{lti13.MEMBERSHIP}Instructor"]
    assert nrps.get_context()["title"] == "Analytical Engines"


def test_pages_and_filters_of_the_roster(canvas: Site, tool: Tool) -> None:
    api = canvas.api(service(canvas, assertion(canvas, tool)).json()["access_token"])
    first = api.get(NRPS, params={"limit": 2})
    assert len(first.json()["members"]) == 2
    second = api.get(first.links["next"]["url"])
    assert len(second.json()["members"]) == 1
    assert "next" not in second.links
    learners = api.get(NRPS, params={"role": "Learner"}).json()["members"]
    assert len(learners) == 2
    assert api.get(NRPS, params={"rlid": "x"}).status_code == 400
    assert api.get(NRPS, params={"rlid": "c0001a0000000000000000000000000000000001"}).status_code == 200


def test_line_items_scores_and_results(canvas: Site, tool: Tool) -> None:
    ags = launched(canvas, tool).get_ags()
    item = ags.find_or_create_lineitem(LineItem().set_label("Quiz").set_score_maximum(10).set_tag("quiz"))
    assert item.get_id().startswith(f"{canvas.url}{ITEMS}/")
    assert [i["label"] for i in ags.get_lineitems()] == ["Quiz"], "another tool's line item is not seen"
    grade = Grade().set_score_given(40).set_score_maximum(50).set_user_id(canvas.info.student.lti_id)
    grade.set_timestamp(datetime.now(UTC).isoformat()).set_activity_progress("Completed").set_grading_progress(
        "FullyGraded"
    )
    answer = ags.put_grade(grade.set_comment("well done"), item)
    assert answer["body"]["resultUrl"].startswith(item.get_id())
    (result,) = ags.get_grades(item)
    assert (result["resultScore"], result["resultMaximum"], result["comment"]) == (8, 10, "well done")
    assert result["userId"] == canvas.info.student.lti_id
    assert ags.get_lineitem(item.get_id()).get_label() == "Quiz"
    teacher = Grade().set_score_given(1).set_score_maximum(1).set_user_id(canvas.info.teacher.lti_id)
    teacher.set_timestamp(datetime.now(UTC).isoformat()).set_activity_progress("Completed").set_grading_progress(
        "FullyGraded"
    )
    with pytest.raises(LtiServiceException) as caught:
        ags.put_grade(teacher, item)
    assert caught.value.response.status_code == 422
    assert caught.value.response.json()["errors"]["message"] == "User not found in course or is not a student"


def score(**changes: Any) -> dict[str, Any]:
    body = {
        "userId": "101",
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": "2026-11-21T12:00:00.000Z",
        "scoreGiven": 5,
        "scoreMaximum": 10,
        **changes,
    }
    return {k: v for k, v in body.items() if v is not ...}


def test_each_rule_of_line_items_and_scores(canvas: Site, tool: Tool) -> None:
    scopes = " ".join(lti13.AGS_SCOPES)
    api = canvas.api(service(canvas, assertion(canvas, tool), scopes).json()["access_token"])
    made = api.post(ITEMS, json={"label": "Quiz", "scoreMaximum": 10})
    assert made.status_code == 201
    assert made.headers["content-type"] == "application/vnd.ims.lis.v2.lineitem+json"
    url = made.json()["id"]
    assert api.post(ITEMS, json={"scoreMaximum": 1}).status_code == 400
    assert api.post(ITEMS, json={"label": "x", "scoreMaximum": 0}).status_code == 422
    assert api.post(ITEMS, content=b"{").status_code == 400
    assert api.post(ITEMS, json={"label": "x", "scoreMaximum": 1, "resourceLinkId": "x"}).status_code == 404
    assert api.get(f"{ITEMS}/999").status_code == 404
    assert api.get(f"{ITEMS}/1").status_code == 412
    assert canvas.reason == "line_item_of_another_tool"
    assert api.put(url, json={"label": "Renamed"}).json()["label"] == "Renamed"
    post = f"{url}/scores"
    assert api.post(post, json=score()).status_code == 200
    for changes, status in (
        ({"userId": ...}, 422),
        ({"userId": "103"}, 422),
        ({"gradingProgress": ...}, 400),
        ({"activityProgress": "Done"}, 400),
        ({"timestamp": ...}, 400),
        ({"timestamp": "x"}, 400),
        ({"scoreMaximum": ...}, 422),
        ({"timestamp": "2026-11-21T11:59:59.000Z"}, 400),
    ):
        assert api.post(post, json=score(**changes)).status_code == status, changes
    assert canvas.reason == "score_too_old"
    results = api.get(f"{url}/results", params={"user_id": "101"}).json()
    assert len(results) == 1
    assert api.get(results[0]["id"]).json() == results[0]
    assert api.get(f"{url}/results/999").status_code == 404
    assert api.get(f"{url}/results", params={"user_id": "102"}).json() == []
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404


def test_a_placed_link_is_launched_from_the_course_page(canvas: Site) -> None:
    browser = signed_in(canvas)
    path = "/courses/1/external_tools/retrieve?resource_link_lookup_uuid="
    fields = form(browser.get(f"{path}8aa641d1-b4d4-4fea-8a9b-000000000001").text)[1]
    assert fields["target_link_uri"] == f"{canvas.lms.ltiaas.url}/lti/launch?exercise=1"
    assert browser.get(f"{path}x").status_code == 404


def test_deep_linking_with_a_line_item_that_does_not_hold(canvas: Site, tool: Tool, keys: KeySite) -> None:
    launch = launched(canvas, tool, "teacher", "/courses/1/external_tools/77/resource_selection")
    back = launch.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]["deep_link_return_url"]
    item = LineItem().set_label("Quiz")
    bad = launch.get_deep_link().get_response_jwt([DeepLinkResource().set_title("Quiz").set_lineitem(item)])
    assert httpx.post(back, data={"JWT": bad}).status_code == 400
    assert canvas.reason == "deep_linking_line_item"
    good = launch.get_deep_link().get_response_jwt([DeepLinkResource().set_title("Quiz")])
    keys.answer = (500, b"")
    assert httpx.post(back, data={"JWT": good}).status_code == 400
    assert canvas.reason == "tool_keys_unavailable"
