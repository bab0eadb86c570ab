"""Brightspace as an LTI 1.3 platform, with PyLTI1p3 as the tool: launches, deep linking, service tokens, AGS, NRPS."""

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

from contract_tests.brightspace.support import Browser, Site, form
from contract_tests.lti_tool import KeySite, Tool
from lms_emulator.client import Emulator
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import read

CLIENT, DEPLOYMENT, LINK = "77777777-0000-4000-8000-000000000077", "dddddddd-0000-4000-8000-000000000077", "exu-77_6836"
LAUNCH = "https://tool.example/launch"
SERVICES = f"2.0/deployment/{DEPLOYMENT}/orgunit/6836"
NRPS, ITEMS = f"/d2l/api/lti/nrps/{SERVICES}/memberships", f"/d2l/api/lti/ags/{SERVICES}/lineitems"
OPEN = f"/d2l/le/lti/6836/launch/{LINK}"
ADA = "ada00169-0000-4000-8000-000000000169_169"


def world(dump: dict[str, Any], keys: str) -> dict[str, Any]:
    """The demo world with a further tool, whose keys are at `keys`."""
    section = dump["brightspace"]
    section["registrations"].append(
        {
            "client_id": CLIENT,
            "name": "PyLTI1p3",
            "login_url": "https://tool.example/login",
            "redirect_uris": [LAUNCH],
            "keyset_url": keys,
            "target_link_uri": LAUNCH,
        }
    )
    section["deployments"].append(
        {
            "id": DEPLOYMENT,
            "client_id": CLIENT,
            "org_unit_id": 6836,
            "name": "PyLTI1p3",
            "extensions": ["ags", "nrps", "deep_linking"],
            "custom": {"a": "b"},
        }
    )
    section["lti_links"].append({"id": LINK, "deployment_id": DEPLOYMENT, "title": "PyLTI1p3", "url": f"{LAUNCH}?x=1"})
    return dump


@pytest.fixture(scope="module")
def keys() -> Iterator[KeySite]:
    site = KeySite()
    yield site
    site.close()


@pytest.fixture
def tool(lms: Emulator, brightspace: Site, keys: KeySite) -> Iterator[Tool]:
    """PyLTI1p3, registered at the emulated Brightspace."""
    lms.load(json.loads(json.dumps(world(lms.dump(), keys.url), default=str)))
    made = Tool(
        issuer=brightspace.url,
        client_id=CLIENT,
        deployment_id=DEPLOYMENT,
        auth_url=f"{brightspace.url}/d2l/lti/authenticate",
        token_url=f"{brightspace.url}/core/connect/token",
        keys_url=f"{brightspace.url}/d2l/.well-known/jwks",
    )
    keys.publish(made)
    yield made
    made.close()
    lms.load("demo")


def signed_in(brightspace: Site, who: str = "student") -> Browser:
    browser = brightspace.browser()
    page = browser.follow(browser.get("/d2l/home/6836"))
    home = browser.follow(browser.sign_in(page, getattr(brightspace.info, who)))
    assert "Analytical Engines" in home.text
    return browser


def initiation(browser: Browser, path: str = OPEN) -> dict[str, str]:
    page = browser.get(path)
    assert page.status_code == 200, page.text
    action, fields = form(page.text)
    assert action == "https://tool.example/login"
    return fields


def posted(browser: Browser, url: str) -> tuple[str, dict[str, str]]:
    """The form that comes back from the authentication endpoint."""
    answer = browser.get(url)
    assert answer.status_code == 200, answer.text
    return form(answer.text)


def launched(brightspace: Site, tool: Tool, who: str = "student", path: str = OPEN) -> Any:
    browser = signed_in(brightspace, who)
    action, fields = posted(browser, tool.login(initiation(browser, path), LAUNCH))
    assert action == LAUNCH
    return tool.launch(fields)


def test_a_launch_holds_for_pylti1p3(brightspace: Site, tool: Tool) -> None:
    launch = launched(brightspace, tool)
    data = launch.get_launch_data()
    assert data["iss"] == brightspace.url
    assert data["aud"] == CLIENT
    assert "azp" not in data
    assert (data["sub"], data["nbf"], data["exp"] - data["iat"]) == (ADA, data["iat"], 1800)
    assert data["http://www.brightspace.com"]["user_id"] == 169
    assert data[f"{lti13.CLAIM}target_link_uri"] == f"{LAUNCH}?x=1"
    assert data[f"{lti13.CLAIM}context"]["id"] == "6836"
    assert data[lti13.AGS_CLAIM]["lineitems"] == f"{brightspace.url}{ITEMS}"
    assert launch.check_student_access()
    assert launched(brightspace, tool, "instructor").check_teacher_access()


def test_the_first_step_names_everything(brightspace: Site, tool: Tool) -> None:
    fields = initiation(signed_in(brightspace))
    assert (fields["iss"], fields["client_id"], fields["login_hint"]) == (brightspace.url, CLIENT, "169")
    assert fields["lti_deployment_id"] == DEPLOYMENT
    assert fields["target_link_uri"] == f"{LAUNCH}?x=1"


def test_a_tampered_launch_does_not_hold(brightspace: Site, tool: Tool) -> None:
    browser = signed_in(brightspace)
    _, fields = posted(browser, tool.login(initiation(browser), LAUNCH))
    header, _, signature = fields["id_token"].split(".")
    body = tool.sign({**read(fields["id_token"]).claims, "sub": "x"}).split(".")[1]
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
        ({"nonce": None}, "invalid_request", "lti_missing_parameter"),
        ({"scope": "profile"}, "invalid_request", "lti_wrong_scope"),
        ({"response_type": "code"}, "invalid_request", "lti_wrong_response_type"),
        ({"response_mode": "query"}, "invalid_request", "lti_wrong_response_mode"),
        ({"prompt": "login"}, "invalid_request", "lti_wrong_prompt"),
        ({"login_hint": "170"}, "login_required", "lti_login_required"),
        ({"lti_message_hint": "x"}, "invalid_request", "lti_launch_over"),
    ],
)
def test_faults_are_posted_to_the_tool(
    brightspace: Site, tool: Tool, changes: dict[str, str | None], error: str, reason: str
) -> None:
    browser = signed_in(brightspace)
    url = tool.login(initiation(browser), LAUNCH)
    action, fields = posted(browser, changed(url, **changes))
    assert (action, fields["error"], brightspace.reason) == (LAUNCH, error, reason)
    assert "id_token" in posted(browser, url)[1], "the launch is still good"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"redirect_uri": f"{LAUNCH}/"}, "lti_redirect_uri_mismatch"),
        ({"redirect_uri": None}, "lti_redirect_uri_mismatch"),
        ({"client_id": "x"}, "lti_client_unknown"),
    ],
)
def test_faults_that_no_address_may_hear_of(
    brightspace: Site, tool: Tool, changes: dict[str, str | None], reason: str
) -> None:
    browser = signed_in(brightspace)
    url = tool.login(initiation(browser), LAUNCH)
    assert browser.get(changed(url, **changes)).status_code == 400
    assert brightspace.reason == reason
    assert "id_token" in posted(browser, url)[1]


def test_a_launch_is_used_once_by_its_person_and_not_late(brightspace: Site, tool: Tool) -> None:
    browser = signed_in(brightspace)
    url = tool.login(initiation(browser), LAUNCH)
    assert posted(brightspace.browser(), url)[1]["error"] == "login_required"
    assert posted(signed_in(brightspace, "other_student"), url)[1]["error"] == "login_required"
    theirs = {"client_id": brightspace.info.lti_client_id, "redirect_uri": f"{brightspace.lms.ltiaas.url}/lti/launch"}
    assert posted(browser, changed(url, **theirs))[1]["error"] == "unauthorized_client"
    assert "id_token" in posted(browser, url)[1]
    assert posted(browser, url)[1]["error"] == "invalid_request"
    assert brightspace.reason == "lti_launch_over"
    brightspace.lms.clock.freeze(brightspace.lms.clock.now.replace(microsecond=0))
    late = tool.login(initiation(browser), LAUNCH)
    brightspace.lms.clock.advance(seconds=299)
    boundary = tool.login(initiation(browser), LAUNCH)
    brightspace.lms.clock.advance(seconds=1)
    assert posted(browser, late)[1]["error"] == "invalid_request"
    assert "id_token" in posted(browser, boundary)[1]


def test_the_request_may_be_posted(brightspace: Site, tool: Tool) -> None:
    browser = signed_in(brightspace)
    url = httpx.URL(tool.login(initiation(browser), LAUNCH))
    answer = browser.http.post("/d2l/lti/authenticate", data=dict(url.params))
    assert "id_token" in form(answer.text)[1]


def test_pages(brightspace: Site, tool: Tool) -> None:
    assert brightspace.browser().get(OPEN).headers["location"].endswith("/d2l/login")
    browser = signed_in(brightspace)
    assert browser.get("/d2l/home/99").status_code == 404
    assert browser.get("/d2l/home/6838").status_code == 403
    assert browser.get("/d2l/le/lti/6836/launch/x").status_code == 404
    assert browser.get(f"/d2l/le/lti/6836/deeplinking/{DEPLOYMENT}").status_code == 403
    assert browser.get("/d2l/le/lti/6836/deeplinking/x").status_code == 404
    page = browser.get("/d2l/home")
    token = page.text.partition('name="d2l_referrer" value="')[2].partition('"')[0]
    assert browser.http.post("/d2l/logout", data={"d2l_referrer": "x"}).status_code == 403
    assert browser.http.post("/d2l/logout", data={"d2l_referrer": token}).status_code == 302
    assert browser.get("/d2l/home").headers["location"].endswith("/d2l/login")


def test_deep_linking(brightspace: Site, tool: Tool) -> None:
    launch = launched(brightspace, tool, "instructor", f"/d2l/le/lti/6836/deeplinking/{DEPLOYMENT}")
    assert launch.is_deep_link_launch()
    back = launch.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]["deep_link_return_url"]
    item = LineItem().set_label("Quiz 9").set_score_maximum(5)
    resource = DeepLinkResource().set_url(f"{LAUNCH}?quiz=9").set_title("Quiz 9").set_lineitem(item)
    jwt = launch.get_deep_link().get_response_jwt([resource])
    assert httpx.post(back, data={"JWT": jwt}).status_code == 200
    assert httpx.post(back, data={"JWT": jwt}).status_code == 400
    assert brightspace.reason == "deep_linking_nonce_used"
    other = launch.get_deep_link().get_response_jwt([resource])
    for broken in ("", "x.y.z", tool.sign({"iss": CLIENT})):
        assert httpx.post(back, data={"JWT": broken}).status_code == 400
    forged = tool.sign(read(other).claims, key="spare")
    assert httpx.post(back, data={"JWT": forged}).status_code == 400
    assert brightspace.reason == "deep_linking_bad_signature"
    assert httpx.post(back.replace("/6836/", "/6837/"), data={"JWT": other}).status_code == 400
    assert httpx.post(back, data={"JWT": other}).status_code == 200
    assert "Quiz 9" in signed_in(brightspace).get("/d2l/home/6836").text
    assert "Quiz 9" in [g["Name"] for g in brightspace.student.get("/d2l/api/le/1.79/6836/grades/").json()]


# service tokens


def assertion(brightspace: Site, tool: Tool, **changes: Any) -> str:
    now = int(brightspace.lms.clock.now.timestamp())
    options = {name: changes.pop(name) for name in ("key", "kid") if name in changes}
    claims = {
        "iss": CLIENT,
        "sub": CLIENT,
        "aud": "https://api.brightspace.com/auth/token",
        "iat": now,
        "exp": now + 60,
        "jti": f"j{brightspace.lms.clock.now.timestamp()}",
        **changes,
    }
    return tool.sign({k: v for k, v in claims.items() if v is not None}, **options)


def service(
    brightspace: Site, signed: str, scope: str = lti13.SCOPE_MEMBERSHIP, kind: str = lti13.JWT_BEARER
) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": kind,
        "client_assertion": signed,
        "scope": scope,
    }
    return httpx.post(f"{brightspace.url}/core/connect/token", data=form)


def test_a_service_token(brightspace: Site, tool: Tool) -> None:
    body = service(brightspace, assertion(brightspace, tool)).json()
    assert sorted(body) == ["access_token", "expires_in", "scope", "token_type"]
    assert read(body["access_token"]).claims["sub"] == CLIENT
    assert brightspace.api(body["access_token"]).get(NRPS).status_code == 200
    own = assertion(brightspace, tool, aud=f"{brightspace.url}/core/connect/token", jti="own")
    assert service(brightspace, own).status_code == 200


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key": "spare"}, "assertion_bad_signature"),
        ({"kid": "other"}, "assertion_unknown_kid"),
        ({"sub": "x"}, "assertion_client_unknown"),
        ({"sub": None}, "assertion_client_unknown"),
        ({"iss": "x"}, "assertion_wrong_issuer"),
        ({"aud": "x"}, "assertion_wrong_audience"),
        ({"exp": 1}, "assertion_expired"),
        ({"iat": 1}, "assertion_too_old"),
        ({"iat": 9_000_000_000, "exp": 9_000_000_060}, "assertion_issued_in_future"),
        ({"jti": None}, "assertion_missing_claim"),
    ],
)
def test_assertions_that_do_not_hold(brightspace: Site, tool: Tool, changes: dict[str, Any], reason: str) -> None:
    answer = service(brightspace, assertion(brightspace, tool, **changes))
    assert (answer.status_code, answer.json(), brightspace.reason) == (400, {"error": "invalid_client"}, reason)


def test_assertions_once_for_known_scopes_of_the_right_kind(brightspace: Site, tool: Tool, keys: KeySite) -> None:
    signed = assertion(brightspace, tool)
    assert service(brightspace, signed, kind="x").json() == {"error": "invalid_client"}
    assert service(brightspace, "x").json() == {"error": "invalid_client"}
    assert service(brightspace, assertion(brightspace, tool, jti="s"), "core:*:*").json() == {"error": "invalid_scope"}
    assert service(brightspace, assertion(brightspace, tool, jti="e"), "").json() == {"error": "invalid_scope"}
    assert service(brightspace, signed).status_code == 200
    assert service(brightspace, signed).status_code == 400
    assert brightspace.reason == "assertion_jti_used"
    for broken in ((500, b""), (200, b"x"), (200, b"[]")):
        keys.answer = broken
        assert service(brightspace, assertion(brightspace, tool, jti="k")).status_code == 400
        assert brightspace.reason == "tool_keys_unavailable"


def test_tokens_at_the_services(brightspace: Site, tool: Tool) -> None:
    assert brightspace.api().get(NRPS).status_code == 401
    assert brightspace.student.get(NRPS).status_code == 401
    assert brightspace.reason == "service_token_of_no_tool"
    narrow = service(brightspace, assertion(brightspace, tool), lti13.SCOPE_SCORE).json()["access_token"]
    assert brightspace.api(narrow).get(NRPS).status_code == 403
    assert brightspace.reason == "insufficient_scope"
    wide = " ".join(lti13.SERVICE_SCOPES)
    good = brightspace.api(service(brightspace, assertion(brightspace, tool, jti="g"), wide).json()["access_token"])
    assert good.get(NRPS).status_code == 200
    other = "/d2l/api/lti/nrps/2.0/deployment/d1d1d1d1-0000-4000-8000-00000000de01/orgunit/6836/memberships"
    assert good.get(other).status_code == 403
    assert brightspace.reason == "deployment_of_another_tool"
    assert good.get(NRPS.replace("6836", "6837")).status_code == 404
    assert good.get("/d2l/api/lp/1.47/users/whoami").status_code == 401
    assert brightspace.reason == "token_of_no_user"
    brightspace.lms.clock.advance(seconds=3600)
    assert good.get(NRPS).json()["detail"] == "Token expired"


def test_a_service_switched_off(brightspace: Site, tool: Tool, lms: Emulator) -> None:
    dump = lms.dump()
    dump["brightspace"]["deployments"][-1]["extensions"] = ["ags"]
    lms.load(json.loads(json.dumps(dump, default=str)))
    token = service(brightspace, assertion(brightspace, tool), " ".join(lti13.SERVICE_SCOPES)).json()["access_token"]
    assert brightspace.api(token).get(NRPS).status_code == 403
    assert brightspace.reason == "service_switched_off"
    assert brightspace.api(token).get(ITEMS).status_code == 200
    data = launched(brightspace, tool).get_launch_data()
    assert lti13.NRPS_CLAIM not in data
    assert lti13.AGS_CLAIM in data


# services, by PyLTI1p3


def test_the_roster(brightspace: Site, tool: Tool) -> None:
    brightspace.lms.settings["brightspace.page_size"] = 2
    nrps = launched(brightspace, tool).get_nrps()
    members = {m["name"]: m for m in nrps.get_members()}
    assert sorted(members) == ["Ada Lovelace", "Charles Babbage", "Grace Hopper"], "PyLTI1p3 follows the next page"
    assert members["Ada Lovelace"]["user_id"] == ADA
    assert nrps.get_context()["title"] == "Analytical Engines"
    token = service(brightspace, assertion(brightspace, tool)).json()["access_token"]
    assert len(brightspace.api(token).get(NRPS, params={"role": "Instructor"}).json()["members"]) == 1


def test_line_items_scores_and_results(brightspace: Site, tool: Tool) -> None:
    ags = launched(brightspace, tool).get_ags()
    item = ags.find_or_create_lineitem(LineItem().set_label("Quiz").set_score_maximum(10).set_tag("quiz"))
    assert [i["label"] for i in ags.get_lineitems()] == ["Quiz"]
    grade = Grade().set_score_given(40).set_score_maximum(50).set_user_id(ADA).set_comment("well done")
    grade.set_timestamp(datetime.now(UTC).isoformat()).set_activity_progress("Completed").set_grading_progress(
        "FullyGraded"
    )
    ags.put_grade(grade, item)
    (result,) = ags.get_grades(item)
    assert (result["resultScore"], result["resultMaximum"], result["comment"], result["userId"]) == (
        8,
        10,
        "well done",
        ADA,
    )
    mine = brightspace.student.get("/d2l/api/le/1.79/6836/grades/values/myGradeValues/").json()
    assert ("Quiz", 8) in [(v["GradeObjectName"], v["PointsNumerator"]) for v in mine]
    with pytest.raises(LtiServiceException) as caught:
        ags.put_grade(grade.set_user_id(brightspace.info.instructor.lti_id), item)
    assert caught.value.response.status_code == 422


def score(**changes: Any) -> dict[str, Any]:
    body = {
        "userId": ADA,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": "2026-11-21T12:00:00.000Z",
        "scoreGiven": 5,
        "scoreMaximum": 10,
        **changes,
    }
    return {k: v for k, v in body.items() if v is not ...}


def test_each_rule_of_line_items_and_scores(brightspace: Site, tool: Tool) -> None:
    token = service(brightspace, assertion(brightspace, tool), " ".join(lti13.AGS_SCOPES)).json()["access_token"]
    api = brightspace.api(token)
    made = api.post(ITEMS, json={"label": "Quiz", "scoreMaximum": 10, "tag": "t"})
    assert made.status_code == 201
    url = made.json()["id"]
    assert api.get(url).json() == made.json()
    assert api.get(ITEMS, params={"tag": "other"}).json() == []
    assert api.post(ITEMS, json={"label": " ", "scoreMaximum": 1}).status_code == 400
    assert api.post(ITEMS, content=b"{").status_code == 400
    assert api.post(ITEMS, json={"label": "x", "scoreMaximum": 1, "resourceLinkId": "x"}).status_code == 404
    joined = api.post(ITEMS, json={"label": "x", "scoreMaximum": 1, "resourceLinkId": LINK})
    assert joined.json()["resourceLinkId"] == LINK
    assert api.get(f"{ITEMS}/x").status_code == 404
    changed_item = api.put(url, json={"label": "Renamed", "scoreMaximum": 20})
    assert (changed_item.json()["label"], "tag" in changed_item.json()) == ("Renamed", False)
    assert api.put(url, json={"label": "Renamed"}).status_code == 400
    post = f"{url}/scores"
    assert api.post(post, json=score()).status_code == 204
    for changes, status in (
        ({"userId": ...}, 400),
        ({"userId": "169"}, 404),
        ({"userId": "94ace171-0000-4000-8000-000000000171_171"}, 422),
        ({"gradingProgress": "Done"}, 400),
        ({"timestamp": "2026-11-21T11:59:59.000Z"}, 409),
    ):
        assert api.post(post, json=score(**changes)).status_code == status, changes
    assert api.get(f"{url}/results", params={"user_id": ADA}).json()[0]["resultScore"] == 10
    assert api.get(f"{url}/results", params={"user_id": "x"}).json() == []
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404


def test_deep_linking_with_a_line_item_that_does_not_hold(brightspace: Site, tool: Tool, keys: KeySite) -> None:
    launch = launched(brightspace, tool, "instructor", f"/d2l/le/lti/6836/deeplinking/{DEPLOYMENT}")
    back = launch.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]["deep_link_return_url"]
    item = LineItem().set_label("Quiz")
    bad = launch.get_deep_link().get_response_jwt([DeepLinkResource().set_title("Quiz").set_lineitem(item)])
    assert httpx.post(back, data={"JWT": bad}).status_code == 400
    assert brightspace.reason == "deep_linking_line_item"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    for url in (back, f"{brightspace.url}/d2l/lti/authenticate"):
        assert httpx.post(url, content=b"x", headers=headers).status_code == 400
    good = launch.get_deep_link().get_response_jwt([DeepLinkResource().set_title("Quiz")])
    keys.answer = (500, b"")
    assert httpx.post(back, data={"JWT": good}).status_code == 400
    assert brightspace.reason == "tool_keys_unavailable"
