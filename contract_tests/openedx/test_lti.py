"""Open edX as an LTI platform, with PyLTI1p3 as the tool: launches, deep linking, grades and roster."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest
from pylti1p3.exception import LtiException
from pylti1p3.grade import Grade

from contract_tests.lms_site import form
from contract_tests.lti_tool import CRITICAL, LAUNCH, LOGIN, Tool, changed, keys
from contract_tests.openedx.lti_site import BASE, BLOCK, CLIENT, CONFIG, COURSE, DEEP, OLD_BLOCK, edx, lms, site, tool
from contract_tests.openedx.web import Browser, Web
from lms_emulator.signing import lti13, lti13_services
from lms_emulator.signing.jwt import read

__all__ = ["edx", "keys", "lms", "site", "tool"]


def _initiation(browser: Browser, path: str = f"/xblock/{BLOCK}") -> dict[str, str]:
    """The parameters of the block's login initiation."""
    page = browser.get(path)
    assert page.status_code == 200, page.text
    source = re.search(r'<iframe[^>]* src="([^"]+)"', page.text)
    assert source is not None
    address = html.unescape(source[1])
    assert address.startswith(f"{LOGIN}?")
    return dict(parse_qsl(urlsplit(address).query))


def _posted(browser: Browser, url: str) -> tuple[str, dict[str, str]]:
    answer = browser.get(url)
    assert answer.status_code == 200, answer.text
    return form(answer.text)


def _launched(edx: Web, tool: Tool, who: Any = None) -> Any:
    browser = edx.browser(who or edx.info.learner)
    action, fields = _posted(browser, tool.login(_initiation(browser)))
    assert action == LAUNCH
    return tool.launch(fields)


def test_a_launch_holds_for_pylti1p3(edx: Web, tool: Tool) -> None:
    launch = _launched(edx, tool)
    data = launch.get_launch_data()
    shown = [name.removeprefix(lti13.CLAIM) for name in data]
    assert shown[:11] == [
        "message_type", "version", "iss", "aud", "azp", "deployment_id", "target_link_uri", "sub", "roles", "email",
        "resource_link",
    ]  # fmt: skip
    assert shown[11:] == [
        "launch_presentation", "context", "tool_platform", "custom", lti13.AGS_CLAIM, lti13.NRPS_CLAIM, "nonce", "iat",
        "exp",
    ]  # fmt: skip
    assert data[f"{lti13.CLAIM}resource_link"] == {"id": BLOCK}
    assert data[f"{lti13.CLAIM}custom"] == {"a": "b"}
    assert data[f"{lti13.CLAIM}context"]["label"] == COURSE
    assert data["exp"] - data["iat"] == 3600
    assert data[lti13.AGS_CLAIM]["lineitem"] == f"{edx.url}{BASE}/lti/7/lti-ags/1"
    assert launch.check_student_access()
    teacher = _launched(edx, tool, edx.info.superuser)
    roles = teacher.get_launch_data()[f"{lti13.CLAIM}roles"]
    assert roles == [f"{lti13.INSTITUTION}Instructor"]  # of the institution, not of the course: as the component does
    assert teacher.get_launch_data()["sub"] != data["sub"]


def test_checks_of_the_consumer_component(edx: Web, tool: Tool) -> None:
    browser = edx.browser(edx.info.learner)
    url = tool.login(_initiation(browser))
    stranger = edx.browser()
    for changes, reason in (
        ({"lti_message_hint": None}, "missing_lti_message_hint"),
        ({"login_hint": None}, "missing_login_hint"),
        ({"lti_message_hint": "unknown"}, "launch_unknown"),
        ({"nonce": None}, "lti_request_invalid"),
        ({"state": None}, "lti_request_invalid"),
        ({"client_id": "another"}, "lti_request_invalid"),
        ({"redirect_uri": "http://strange.example/"}, "lti_request_invalid"),
    ):
        answer = stranger.get(changed(url, **changes))
        assert (answer.status_code, "There was an error while launching" in answer.text) == (400, True), changes
        assert edx.refusal.reason == reason
    assert _posted(stranger, url)[0] == LAUNCH  # neither the session nor a second use is looked at
    assert _posted(stranger, changed(url, prompt="login"))[0] == LAUNCH
    assert {"jti_reused", "lti_request_lax"} <= {warning.code for warning in edx.lms.requests.last.warnings}
    edx.lms.settings["openedx.lti_checks"] = "strict"
    _, refused = _posted(stranger, changed(url, prompt="login"))
    assert refused["error"] == "invalid_request"
    edx.lms.clock.advance(seconds=601)
    assert stranger.get(url).status_code == 400


def test_a_launch_that_is_wrong_on_purpose_is_refused_by_the_tool(edx: Web, tool: Tool) -> None:
    edx.lms.openedx.lti.next_launch(expired=True)
    with pytest.raises(LtiException):
        _launched(edx, tool)
    assert _launched(edx, tool)
    before = edx.http.get(f"{BASE}/public_keysets/{CONFIG}").json()
    edx.lms.openedx.lti.rotate_keys()
    assert edx.http.get(f"{BASE}/public_keysets/{quote(BLOCK)}").json() != before
    assert _launched(edx, tool)


@pytest.mark.parametrize("absent", [["context"], ["email"], ["roles"], ["context", "email", "roles"]])
def test_a_launch_can_be_had_without_a_context_an_address_or_roles(edx: Web, tool: Tool, absent: list[str]) -> None:
    browser, claims = edx.browser(edx.info.learner), []
    edx.lms.openedx.lti.next_launch(missing=absent)
    for _ in range(2):
        _, fields = _posted(browser, tool.login(_initiation(browser)))
        claims.append({name.removeprefix(lti13.CLAIM) for name in read(fields["id_token"]).claims})
    assert (claims[1] - claims[0], claims[0] - claims[1]) == (set(absent), set())


def test_only_those_who_may_enter_see_the_block(edx: Web) -> None:
    assert edx.browser().get(f"/xblock/{BLOCK}").status_code == 302
    assert edx.browser(edx.info.learner).get(f"/xblock/{BLOCK.replace('mine', 'none')}").status_code == 404
    assert edx.browser(edx.info.learner).get(f"/xblock/{BLOCK}").status_code == 200
    assert edx.browser(edx.info.other_learner).get(f"/xblock/{BLOCK}").status_code == 404


def test_grades_and_roster_by_pylti1p3(edx: Web, tool: Tool) -> None:
    launch = _launched(edx, tool)
    sub = launch.get_launch_data()["sub"]
    ags = launch.get_ags()
    (item,) = ags.get_lineitems()
    assert (item["label"], item["scoreMaximum"], item["resourceLinkId"]) == ("Mine", 10, BLOCK)
    grade = Grade().set_score_given(7).set_score_maximum(10).set_user_id(sub)
    grade.set_activity_progress("Completed").set_grading_progress("FullyGraded")
    grade.set_timestamp("2026-11-21T12:00:00.000Z")
    assert ags.put_grade(grade)["body"]["scoreGiven"] == 7
    (result,) = httpx.get(f"{item['id']}/results/", headers=_bearer(edx, tool, lti13.SCOPE_RESULT_READ)).json()
    assert result == {
        "id": f"{item['id']}/results/{sub}",
        "scoreOf": item["id"],
        "userId": sub,
        "resultScore": 7.0,
        "resultMaximum": 10.0,
        "comment": None,
    }
    states = edx.lms.dump()["openedx"]["block_states"]
    assert [(state["earned"], state["possible"]) for state in states if state["block"] == BLOCK] == [(7.0, 10.0)]
    members = launch.get_nrps().get_members()
    assert [set(member) for member in members] == [{"status", "user_id", "roles"}] * len(members)
    assert {f"{lti13.MEMBERSHIP}Learner"} <= {role for member in members for role in member["roles"]}


def _token(edx: Web, assertion: str, scope: str, config: str = CONFIG, **changes: str) -> httpx.Response:
    fields = {
        "grant_type": "client_credentials",
        "client_assertion_type": lti13.JWT_BEARER,
        "client_assertion": assertion,
        "scope": scope,
        **changes,
    }
    return edx.http.post(f"{BASE}/token/{config}", data={k: v for k, v in fields.items() if v})


def _bearer(edx: Web, tool: Tool, scope: str) -> dict[str, str]:
    answer = _token(edx, tool.assertion("anything", edx.lms.clock.now), scope)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_the_token_endpoint(edx: Web, tool: Tool) -> None:
    scope, now = lti13.SCOPE_SCORE, edx.lms.clock.now
    good = tool.assertion("anything", now)
    answer = _token(edx, good, f"{scope} unknown")
    assert answer.json() | {"access_token": ""} == {
        "access_token": "", "token_type": "bearer", "expires_in": 3600, "scope": scope,
    }  # fmt: skip
    assert {"lti_assertion_lax", "lti_scope_left_out"} <= {w.code for w in edx.lms.requests.last.warnings}
    for assertion, changes, error in (
        (good, {"scope": ""}, "invalid_request"),
        (good, {"grant_type": "password"}, "unsupported_grant_type"),
        ("no.jwt", {}, "invalid_grant"),
        (tool.assertion("x", now, exp=1), {}, "unidentified_error"),
        (tool.assertion("x", now, key="spare"), {}, "invalid_client"),
        (tool.assertion("x", now, headers=CRITICAL), {}, "unidentified_error"),
    ):
        refused = _token(edx, assertion, changes.pop("scope", scope), **changes)
        assert (refused.status_code, refused.json()) == (400, {"error": error})
    assert _token(edx, good, scope, config=CONFIG.replace("7", "6")).status_code == 404
    assert edx.refusal.diagnosis.startswith("no LTI tool has this configuration; there are ")
    assert CONFIG in edx.refusal.diagnosis
    address = f"{edx.url}{BASE}/token/{CONFIG}"
    misnamed = tool.assertion(address, now, jti="j4", headers={"kid": "nobody's"})
    assert _token(edx, misnamed, scope).status_code == 200, "the component tries every key"
    assert "kid: unknown_kid" in " ".join(w.message for w in edx.lms.requests.last.warnings)
    edx.lms.settings["openedx.critical_headers"] = "ignore"
    assert _token(edx, tool.assertion("x", now, headers=CRITICAL), scope).status_code == 200
    assert "crit_ignored" in {w.code for w in edx.lms.requests.last.warnings}
    edx.lms.settings["openedx.lti_checks"] = "strict"
    assert _token(edx, tool.assertion("anything", now, jti="j2"), scope).status_code == 400
    assert _token(edx, misnamed, scope).status_code == 400
    assert edx.refusal.reason == "assertion_unknown_kid"
    right = tool.assertion(address, now, jti="j3")
    assert _token(edx, right, scope).status_code == 200
    assert _token(edx, right, scope).status_code == 400
    assert edx.refusal.reason == "assertion_jti_used"


def test_a_token_of_another_tool_is_taken_with_a_warning_or_refused(edx: Web, tool: Tool) -> None:
    world = json.loads(json.dumps(edx.lms.dump(), default=str))
    tools = world["openedx"]["lti_tools"]
    own = next(row for row in tools if row["id"] == 7)
    tools.append({**own, "id": 99, "config_id": CONFIG.replace("7", "5"), "client_id": "another"})
    edx.lms.load(world)
    _launched(edx, tool)
    reading = _bearer(edx, tool, lti13.SCOPE_LINE_ITEM_READ)
    own_items, others = (f"{BASE}/lti/{number}/lti-ags" for number in (7, 99))
    assert edx.http.get(others, headers=reading).status_code == 200
    assert "lti_token_of_another" in {warning.code for warning in edx.lms.requests.last.warnings}
    edx.lms.settings["openedx.lti_checks"] = "strict"
    answer = edx.http.get(others, headers=reading)
    assert (answer.status_code, edx.refusal.check) == (403, "the token is this tool's")
    assert edx.http.get(own_items, headers=reading).status_code == 200


def test_the_services_refuse(edx: Web, tool: Tool) -> None:
    _launched(edx, tool)
    items, item = f"{BASE}/lti/7/lti-ags", f"{BASE}/lti/7/lti-ags/1"
    reading, scoring = _bearer(edx, tool, lti13.SCOPE_LINE_ITEM_READ), _bearer(edx, tool, lti13.SCOPE_SCORE)
    writing = _bearer(edx, tool, lti13.SCOPE_LINE_ITEM)
    for headers, detail in (
        ({}, "Missing LTI 1.3 authentication token."),
        ({"Authorization": "Bearer"}, "Invalid token header. No credentials provided."),
        ({"Authorization": "Bearer x"}, "Invalid token signature."),
        (scoring, "You do not have permission to perform this action."),
    ):
        answer = edx.http.get(items, headers=headers)
        assert (answer.status_code, answer.json()) == (403, {"detail": detail})
    assert edx.refusal.diagnosis.startswith(f"the token has {lti13.SCOPE_SCORE}; request ")
    for media in (lti13_services.LINE_ITEMS_TYPE, "*/*"):
        assert edx.http.get(items, headers={**reading, "Accept": media}).status_code == 200
    assert edx.http.get(items, headers={**reading, "Accept": "application/json"}).status_code == 406
    assert f"the answer is {lti13_services.LINE_ITEMS_TYPE} or" in edx.refusal.diagnosis
    assert edx.http.get(f"{BASE}/lti/66/lti-ags", headers=reading).json() == {"detail": "LTI configuration not found."}
    assert "no block has the configuration 66; those of LTI 1.3 are: 1 (block-v1:" in edx.refusal.diagnosis
    assert edx.http.get(f"{BASE}/lti/{CONFIG}/lti-ags", headers=reading).is_error
    assert edx.refusal.diagnosis.startswith("its services are below 7; ")
    assert edx.http.get(
        items, headers={"Authorization": f"Bearer {edx.lms.brightspace.access_tokens.student}"}
    ).is_error
    assert "at Brightspace; the request came to Open edX" in edx.refusal.diagnosis
    assert edx.http.get(f"{items}/99", headers=reading).status_code == 404
    assert edx.refusal.diagnosis == "there is no line item 99; this world has 1"
    assert edx.http.delete(item, headers=writing).status_code == 403
    kind = {"Content-Type": "application/vnd.ims.lis.v2.lineitem+json"}
    made = edx.http.post(
        items,
        content=json.dumps({"label": "L", "scoreMaximum": 5, "resourceId": "r", "tag": "t"}),
        headers=writing | kind,
    )
    assert (made.status_code, made.json()["tag"]) == (201, "t")
    assert len(edx.http.get(f"{items}?tag=t", headers=reading).json()) == 1
    short = edx.http.post(items, content="{}", headers=writing | kind)
    assert short.json() == {name: ["This field is required."] for name in ("resourceId", "label", "scoreMaximum")}
    assert edx.refusal.diagnosis == "none of `label`, `resourceId`, `scoreMaximum` was sent"
    assert edx.http.post(items, json={}, headers=writing).status_code == 415
    score = {
        "userId": "nobody", "activityProgress": "Completed", "gradingProgress": "Pending", "scoreGiven": 1,
        "scoreMaximum": 2, "timestamp": "2026-11-21T12:00:00Z",
    }  # fmt: skip

    def post(**changes: Any) -> httpx.Response:
        return edx.http.post(f"{item}/scores", json={**score, **changes}, headers=scoring)

    assert post().status_code == 201
    assert post().json() == {"timestamp": ["Score already exists for the provided timestamp"]}
    assert edx.refusal.diagnosis.endswith("Score already exists for the provided timestamp")
    assert set(post(scoreGiven="x").json()) == {"timestamp", "scoreGiven"}
    assert "`scoreGiven` was sent as x: A valid number is required; `timestamp` was sent as" in edx.refusal.diagnosis
    later = "2026-11-21T12:00:01Z"
    assert "scoreMaximum is a required" in post(timestamp=later, scoreMaximum=None).text
    assert post(timestamp="2026-11-21T11:00:00Z").status_code == 400
    assert post(timestamp=later, gradingProgress="FullyGraded").status_code == 500
    assert edx.lms.requests.last.outcome == "provider_defect"


def test_deep_linking(edx: Web, tool: Tool) -> None:
    staff = edx.browser(edx.info.superuser)
    assert edx.browser(edx.info.learner).get(f"/xblock/{DEEP}?deep_linking=1").status_code == 403
    asked = _initiation(staff, f"/xblock/{DEEP}?deep_linking=1")
    url = f"{edx.url}{BASE}/launch/"
    params = {**asked, "nonce": "n", "state": "s", "redirect_uri": LAUNCH, "scope": "openid", "prompt": "none"}
    params |= {"response_type": "id_token", "response_mode": "form_post"}
    action, fields = _posted(staff, str(httpx.URL(url, params=params)))
    claims = read(fields["id_token"]).claims
    settings = claims[f"{lti13.DL_CLAIM}deep_linking_settings"]
    assert (action, claims[f"{lti13.CLAIM}message_type"]) == (f"{LAUNCH}/choose", lti13.DEEP_LINKING_REQUEST)
    assert settings["deep_link_return_url"] == f"{edx.url}{BASE}/lti/8/lti-dl/response"

    def answer(browser: Browser, *items: dict[str, Any], **changes: Any) -> httpx.Response:
        body = {
            "exp": int(edx.lms.clock.now.timestamp()) + 60,
            f"{lti13.CLAIM}message_type": lti13.DEEP_LINKING_RESPONSE,
            f"{lti13.DL_CLAIM}content_items": list(items),
        }
        signed = tool.sign(body, **changes)
        return browser.http.post(f"{BASE}/lti/8/lti-dl/response", data={"JWT": signed})

    link = {"type": "ltiResourceLink", "url": f"{LAUNCH}?chosen=1", "custom": {"c": "d"}}
    assert answer(edx.browser(edx.info.learner), link).status_code == 403
    assert answer(staff, link, key="spare").status_code == 403
    assert answer(staff, link, headers=CRITICAL).status_code == 403
    assert edx.refusal.reason == "deep_linking_crit_not_understood"
    assert answer(staff, {"type": "file"}).status_code == 400
    assert "successfully saved" in answer(staff, link).text
    launched = _initiation(edx.browser(edx.info.learner), f"/xblock/{DEEP}")
    _, fields = _posted(staff, str(httpx.URL(url, params={**params, **launched})))
    chosen = read(fields["id_token"]).claims
    assert chosen[f"{lti13.CLAIM}target_link_uri"] == f"{LAUNCH}?chosen=1"
    assert chosen[f"{lti13.CLAIM}custom"] == {"c": "d"}
    assert answer(staff, link, {"type": "link", "url": "http://x.example/"}).status_code == 200
    learner = edx.browser(edx.info.learner)
    frame = html.unescape(re.findall('<iframe[^>]* src="(.*?)"', learner.get(f"/xblock/{DEEP}").text)[0])
    for query, reason in (("", "content_key_missing"), ("?launch_data_key=x", "content_key_unknown")):
        assert learner.get(f"{BASE}/lti/8/lti-dl/content{query}").status_code == 400
        assert edx.refusal.reason == reason
    shown = learner.get(frame).text
    (start,) = re.findall('<a href="([^"]*)" target="_blank">', shown)
    assert "login_hint=" in start
    assert 'href="http://x.example/"' in shown


def test_unknown_variables_are_sent_unexpanded_with_a_warning(edx: Web, tool: Tool) -> None:
    world = json.loads(json.dumps(edx.lms.dump(), default=str))
    for lti_tool in world["openedx"]["lti_tools"]:
        lti_tool["custom_parameters"] = ["who=$User.id", "plain=x"]
    edx.lms.load(world)
    custom = _launched(edx, tool).get_launch_data()[f"{lti13.CLAIM}custom"]
    assert custom == {"who": "$User.id", "plain": "x"}
    page = edx.browser(edx.info.learner).get(f"/courses/{COURSE}/xblock/{OLD_BLOCK}/handler/lti_launch_handler")
    assert form(page.text)[1]["custom_who"] == "$User.id"
    named = [w.message for e in edx.lms.requests for w in e.warnings if w.code == "variable_unknown"]
    assert len(named) >= 2
    assert all("`$User.id` of the custom parameter `who`" in text for text in named)


def test_what_a_site_without_plugins_answers(edx: Web, tool: Tool) -> None:
    """External configurations, proctoring and the LTI provider are of services that the site does not have."""
    assert edx.http.get(f"{BASE}/public_keysets/app/slug").status_code == 404
    assert edx.http.post(f"{BASE}/token/app/slug").status_code == 404
    assert edx.http.post(f"/lti_provider/courses/{COURSE}/{BLOCK}").status_code == 404
    start = f"{BASE}/start_proctoring_assessment"
    for sent, status in ((tool.sign({"iss": CLIENT}), 400), (tool.sign({"iss": "other"}), 404), ("x", 400)):
        answer = edx.http.post(start, data={"JWT": sent})
        assert (answer.status_code, "proctored assessment" in answer.text) == (status, True)


def test_the_demo_tool_behind_ltiaas(edx: Web) -> None:
    """The demo world's block: launched through LTIAAS, which then reads the roster and sends a score."""
    ltiaas = edx.lms.ltiaas
    browser = edx.browser(edx.info.learner)
    page = browser.get(f"/xblock/{edx.info.lti_block}").text
    source = re.search(r'<iframe[^>]* src="([^"]+)"', page)
    assert source is not None
    with httpx.Client() as other:
        asked = other.get(html.unescape(source[1]))
        action, fields = form(other.get(asked.headers["location"]).text)
        arrived = other.post(action, data=fields)
        ltik = dict(parse_qsl(urlsplit(arrived.headers["location"]).query))["ltik"]
        with httpx.Client(
            base_url=ltiaas.url, headers={"Authorization": f"LTIK-AUTH-V2 {ltiaas.api_key}:{ltik}"}
        ) as api:
            token = api.get("/api/idtoken").json()
            assert (token["user"]["name"], token["launch"]["custom"]) == ("Ada Lovelace", {"greeting": "hello"})
            names = {member["name"] for member in api.get("/api/memberships").json()["members"]}
            assert "Ada Lovelace" in names
            (item,) = api.get("/api/lineitems").json()["lineItems"]
            score = {
                "userId": token["user"]["id"], "scoreGiven": 4, "scoreMaximum": 10,
                "activityProgress": "Completed", "gradingProgress": "FullyGraded",
            }  # fmt: skip
            sent = api.post(f"/api/lineitems/{quote(item['id'], safe='')}/scores", json=score)
            assert sent.is_success, sent.text
    states = edx.lms.dump()["openedx"]["block_states"]
    assert [state["earned"] for state in states if state["block"] == edx.info.lti_block] == [4.0]
