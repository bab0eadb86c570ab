"""Collaborations: a tool's content item becomes one, its members open it in the tool, and the tool asks who they are.

PyLTI1p3 is the tool of LTI 1.3.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from contract_tests.canvas.lti import LAUNCH, launched, signed_in
from contract_tests.canvas.support import Site
from contract_tests.canvas.test_lti_deep_linking import Choice
from contract_tests.chromium import CHROMIUM, IN_A_BROWSER, chromium, tab
from contract_tests.lms_site import Browser
from contract_tests.lti_tool import LOGIN, KeySite, Tool
from lms_emulator.signing import lti13

MEMBERS = "https://canvas.instructure.com/lti/collaboration"
PLACE = "/courses/1"
ALL = f"/api/v1{PLACE}/collaborations"
__all__ = ["chromium", "tab"]
ITEM: dict[str, Any] = {"type": "ltiResourceLink", "url": f"{LAUNCH}?doc=1", "title": "Minutes", "text": "of today"}


def with_collaborations(world: dict[str, Any]) -> dict[str, Any]:
    """The world where PyLTI1p3's tool makes collaborations, and a tool of LTI 1.1 does as well."""
    found = next(item for item in world["canvas"]["tools"] if item["id"] == 77)
    spot: dict[str, Any] = {"enabled": True, "message_type": lti13.DEEP_LINKING_REQUEST}
    spot["custom_fields"] = {"members": "$Canvas.api.collaborationMembers.url"}
    found["domain"] = urlsplit(LAUNCH).netloc
    found["settings"] = {"course_navigation": {"enabled": True}, "collaboration": spot}
    older = {**spot, "message_type": "ContentItemSelectionRequest"}
    world["canvas"]["tools"].append(
        {"id": 78, "course_id": 1, "name": "Older", "url": "http://tool11.example/launch", "domain": "tool11.example"}
        | {"consumer_key": "older", "shared_secret": "older-secret", "settings": {"collaboration": older}}
    )
    return world


@pytest.fixture
def collaborative(canvas: Site, tool: Tool) -> Tool:
    """The tool, where collaborations are made with it."""
    canvas.lms.load(with_collaborations(json.loads(json.dumps(canvas.lms.dump(), default=str))))
    return tool


def token(browser: Browser) -> str:
    shown = browser.get(f"{PLACE}/lti_collaborations/external_tools/77?launch_type=collaboration").text
    found = re.search(r'name="authenticity_token" value="([^"]+)"', shown)
    assert found is not None
    return found.group(1)


def kept(browser: Browser, item: Any, number: int | None = None, place: str = PLACE) -> httpx.Response:
    """Hand a content item to Canvas as its page does."""
    path = f"{place}/collaborations" + (f"/{number}" if number else "")
    headers = {"Accept": "application/json", "X-CSRF-Token": token(browser)}
    body = {"contentItems": json.dumps([item])}
    return browser.http.request("PUT" if number else "POST", f"{browser.url}{path}", json=body, headers=headers)


def test_a_content_item_becomes_a_collaboration_that_its_members_open(canvas: Site, collaborative: Tool) -> None:
    choice = Choice(canvas, collaborative, "collaboration")
    page = choice.answer(ITEM)
    environment = page.text[page.text.index("deep_link_response") :]
    lookup = canvas.lms.dump()["canvas"]["resource_links"][-1]["lookup_id"]
    assert lookup in environment
    student = next(user for user in canvas.lms.dump()["canvas"]["users"] if user["id"] == 101)
    item = {**ITEM, "lookup_uuid": lookup, "updateUrl": f"{LAUNCH}?edit=1", MEMBERS: {"users": [student["lti_id"]]}}
    teacher = signed_in(canvas, "teacher")
    made = kept(teacher, item)
    assert made.status_code == 200, made.text
    body = made.json()["collaboration"]
    assert (body["title"], body["description"], body["data"]) == ("Minutes", "of today", item)
    assert body["permissions"] == {"read": True, "create": True, "update": True, "delete": True}
    (shown,) = canvas.teacher.get(ALL).json()
    assert shown["update_url"] == item["updateUrl"]
    assert (shown["type"], shown["url"]) == ("ExternalToolCollaboration", item["url"])
    answer = signed_in(canvas, "student").http.get(f"{canvas.url}{PLACE}/collaborations/{body['id']}")
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked == {"display": ["borderless"], "resource_link_lookup_id": [lookup], "url": [item["url"]]}
    path = answer.headers["location"].removeprefix(canvas.url)
    found = launched(canvas, collaborative, path=path).get_launch_data()
    assert found[f"{lti13.CLAIM}target_link_uri"] == item["url"]
    assert found[f"{lti13.CLAIM}message_type"] == lti13.RESOURCE_LINK_REQUEST


def test_the_tool_is_opened_to_change_it_and_told_where_its_members_are(canvas: Site, collaborative: Tool) -> None:
    edit = f"{LAUNCH}?edit=1"
    number = kept(signed_in(canvas, "teacher"), {**ITEM, "updateUrl": edit}).json()["collaboration"]["id"]
    here = f"{PLACE}/external_tools/retrieve?content_item_id={number}&placement=collaboration&display=borderless"
    said = launched(canvas, collaborative, "teacher", f"{here}&url={edit}").get_launch_data()
    members = said[f"{lti13.CLAIM}custom"]["members"]
    assert members == f"{canvas.url}/api/v1/collaborations/{number}/members"
    assert [item["name"] for item in canvas.teacher.get(members).json()] != []
    back = said[f"{lti13.DL_CLAIM}deep_linking_settings"]["deep_link_return_url"]
    choice = Choice(canvas, collaborative, "collaboration")
    assert f'"service_id": {number}' in choice.answer(ITEM, back=back).text.replace('"service_id":', '"service_id": ')
    other = launched(canvas, collaborative, "teacher", f"{here}&url={LAUNCH}?other=1").get_launch_data()
    assert other[f"{lti13.CLAIM}custom"]["members"] == "$Canvas.api.collaborationMembers.url"
    changed = kept(signed_in(canvas, "teacher"), {**ITEM, "title": "Renamed"}, number)
    assert changed.json()["collaboration"]["title"] == "Renamed"
    assert signed_in(canvas, "teacher").get(here.replace(str(number), "999")).status_code == 404


def test_a_tool_of_lti_1_1_returns_its_answer_for_the_one_it_changes(canvas: Site, collaborative: Tool) -> None:
    url = "http://tool11.example/launch?edit"
    number = kept(signed_in(canvas, "teacher"), {**ITEM, "updateUrl": url}).json()["collaboration"]["id"]
    here = f"{PLACE}/external_tools/retrieve?placement=collaboration&url={url}"
    page = signed_in(canvas, "teacher").get(f"{here}&content_item_id={number}")
    back = re.search(r'name="content_item_return_url" value="([^"]+)"', page.text)
    assert back is not None
    assert back.group(1).endswith(f"{PLACE}/external_content/success/external_tool_dialog?id={number}")
    assert f"/api/v1/collaborations/{number}/members" in page.text
    page = signed_in(canvas, "teacher").get(here)
    assert "$Canvas.api.collaborationMembers.url" in page.text


def test_members_see_it_and_nobody_else(canvas: Site, collaborative: Tool) -> None:
    world = canvas.lms.dump()["canvas"]
    student = next(user for user in world["users"] if user["id"] == 101)
    teacher = signed_in(canvas, "teacher")
    number = kept(teacher, ITEM).json()["collaboration"]["id"]
    members = f"/api/v1/collaborations/{number}/members"
    learner = canvas.api(canvas.info.access_tokens.student)
    assert learner.get(ALL).json() == []
    assert learner.get(members).status_code in (401, 403)
    assert signed_in(canvas, "student").get(f"{PLACE}/collaborations/{number}").status_code in (401, 403)
    kept(teacher, {**ITEM, MEMBERS: {"users": [student["lti_id"], "unknown"], "groups": ["unknown"]}}, number)
    assert [item["id"] for item in learner.get(ALL).json()] == [number]
    found = learner.get(members, params={"include[]": ["collaborator_lti_id", "avatar_image_url"]}).json()
    assert [item["type"] for item in found] == ["user", "user"]
    assert found[1]["collaborator_id"] == 101
    assert set(found[1]) == {"id", "type", "name", "collaborator_id", "collaborator_lti_id", "avatar_image_url"}
    assert learner.delete(f"{ALL}/{number}").status_code in (401, 403)
    kept(teacher, ITEM, number)
    assert learner.get(ALL).json() == [], "who is no longer named is not a member"
    assert canvas.teacher.delete(f"{ALL}/{number}").json()["collaboration"]["workflow_state"] == "deleted"
    assert canvas.teacher.get(ALL).json() == []
    assert canvas.teacher.get("/api/v1/collaborations/999/members").status_code == 404


@pytest.mark.parametrize(
    ("item", "status", "field"),
    [
        ({**ITEM, "title": ""}, 400, "title"),
        ({**ITEM, "title": "x" * 256}, 400, "title"),
        ({"title": "Minutes"}, 400, "url"),
        ({**ITEM, MEMBERS: "all"}, 500, None),
        ("x", 500, None),
        (5, 500, None),
    ],
    ids=str,
)
def test_what_is_no_collaboration(canvas: Site, collaborative: Tool, item: Any, status: int, field: str | None) -> None:
    answer = kept(signed_in(canvas, "teacher"), item)
    assert answer.status_code == status
    assert field is None or list(answer.json()["errors"]) == [field]
    assert not canvas.lms.requests.find(outcome="crash")


def test_a_form_changes_what_is_known_of_it_and_its_members(canvas: Site, collaborative: Tool) -> None:
    team = canvas.teacher.post("/api/v1/courses/1/group_categories", json={"name": "Teams"}).json()
    group = canvas.teacher.post(f"/api/v1/group_categories/{team['id']}/groups", json={"name": "Owls"}).json()["id"]
    browser = signed_in(canvas, "teacher")
    number = kept(browser, ITEM).json()["collaboration"]["id"]
    form = {"collaboration[title]": "Notes", "collaboration[description]": "new", "collaboration[url]": f"{LAUNCH}?n=2"}
    form |= {"user[]": "101", "group[]": str(group), "authenticity_token": token(browser)}
    answer = browser.http.put(f"{canvas.url}{PLACE}/collaborations/{number}", data=form)
    assert answer.headers["location"] == f"{canvas.url}{PLACE}/collaborations"
    (shown,) = canvas.teacher.get(ALL).json()
    assert [shown[name] for name in ("title", "description", "url")] == ["Notes", "new", f"{LAUNCH}?n=2"]
    found = canvas.teacher.get(f"/api/v1/collaborations/{number}/members?include[]=collaborator_lti_id").json()
    assert [(item["type"], item["name"]) for item in found][1:] == [("user", "Lovelace, Ada"), ("group", "Owls")]
    assert all(item["collaborator_lti_id"] for item in found)
    form |= {"collaboration[title]": "", "_method": "put", "authenticity_token": token(browser)}
    answer = browser.http.post(f"{canvas.url}{PLACE}/collaborations/{number}", data=form)
    assert answer.status_code == 302
    assert "Collaboration update failed" in browser.http.get(answer.headers["location"]).text
    form = {"_method": "delete", "authenticity_token": token(browser)}
    assert browser.http.post(f"{canvas.url}{PLACE}/collaborations/{number}", data=form).status_code == 302
    assert canvas.teacher.get(ALL).json() == []


def test_a_group_has_its_own(canvas: Site, collaborative: Tool) -> None:
    team = canvas.teacher.post("/api/v1/courses/1/group_categories", json={"name": "Teams"}).json()
    group = canvas.teacher.post(f"/api/v1/group_categories/{team['id']}/groups", json={"name": "Owls"}).json()["id"]
    canvas.teacher.post(f"/api/v1/groups/{group}/memberships", json={"user_id": 101})
    student = signed_in(canvas, "student")
    place = f"/groups/{group}"
    number = kept(student, ITEM, place=place).json()["collaboration"]["id"]
    learner = canvas.api(canvas.info.access_tokens.student)
    assert [item["context_type"] for item in learner.get(f"/api/v1{place}/collaborations").json()] == ["Group"]
    assert kept(student, {**ITEM, "title": "Renamed"}, number, place).json()["collaboration"]["title"] == "Renamed"
    assert canvas.teacher.get(ALL).json() == []
    assert student.http.get(f"{canvas.url}{PLACE}/collaborations/{number}").status_code == 404
    assert learner.delete(f"/api/v1{place}/collaborations/{number}").status_code == 200
    assert learner.get(f"/api/v1{place}/collaborations").json() == []


def test_the_tool_is_told_whether_its_item_was_taken(canvas: Site, collaborative: Tool, keys: KeySite) -> None:
    browser, confirmed = signed_in(canvas, "teacher"), {**ITEM, "confirmUrl": f"{keys.url}/confirm"}
    keys.posted.clear()
    kept(browser, {**confirmed, "title": ""})
    assert keys.posted == []
    kept(browser, confirmed)
    assert keys.posted == [b""]


def test_new_members_are_invited_by_mail_and_see_it_in_their_stream(canvas: Site, collaborative: Tool) -> None:
    world = canvas.lms.dump()["canvas"]
    names = {user["id"]: user["lti_id"] for user in world["users"]}
    team = canvas.teacher.post("/api/v1/courses/1/group_categories", json={"name": "Teams"}).json()
    group = canvas.teacher.post(f"/api/v1/group_categories/{team['id']}/groups", json={"name": "Owls"}).json()["id"]
    canvas.teacher.post(f"/api/v1/groups/{group}/memberships", json={"user_id": 102})
    browser, before = signed_in(canvas, "teacher"), len(canvas.lms.outbox.emails)

    def invited() -> list[str]:
        mails = [mail for mail in canvas.lms.outbox.emails[before:] if mail.kind == "collaboration_invitation"]
        return [mail.to for mail in mails]

    number = kept(browser, {**ITEM, MEMBERS: {"users": [names[101], names[103]]}}).json()["collaboration"]["id"]
    ada, charles = canvas.info.student.email, canvas.info.other_student.email
    assert invited() == [ada], "its author is not invited"
    mail = canvas.lms.outbox.emails[-1]
    course = canvas.teacher.get("/api/v1/courses/1").json()["name"]
    assert mail.subject == f"Collaboration Invitation: {course}"
    assert mail.data["link"] == f"{canvas.url}{PLACE}/collaborations/{number}"
    form = {"collaboration[title]": "Notes", "user[]": "101", "group[]": str(group)}
    form["authenticity_token"] = token(browser)
    browser.http.put(f"{canvas.url}{PLACE}/collaborations/{number}", data=form)
    assert invited() == [ada, charles], "the members of a group are, and nobody is twice"

    def seen(client: httpx.Client) -> list[dict[str, Any]]:
        rows = client.get(f"/api/v1{PLACE}/activity_stream").json()
        return [row for row in rows if row["type"] == "Collaboration"]

    for client in (canvas.teacher, canvas.student):
        (row,) = seen(client)
        assert (row["collaboration_id"], row["title"], row["message"]) == (number, "Notes", "of today")
        assert row["html_url"] == mail.data["link"]
        assert row["read_state"] is True, "nothing keeps whether it was read"
    assert {
        "type": "Collaboration",
        "count": 1,
        "unread_count": 0,
        "notification_category": None,
    } in canvas.student.get(f"/api/v1{PLACE}/activity_stream/summary").json()
    canvas.teacher.delete(f"{ALL}/{number}")
    assert seen(canvas.student) == []


def test_nobody_is_invited_to_a_document_of_an_unpublished_course(canvas: Site, collaborative: Tool) -> None:
    world = json.loads(json.dumps(canvas.lms.dump(), default=str))
    next(course for course in world["canvas"]["courses"] if course["id"] == 1)["workflow_state"] = "unpublished"
    canvas.lms.load(world)
    ada = next(user["lti_id"] for user in world["canvas"]["users"] if user["id"] == 101)
    assert kept(signed_in(canvas, "teacher"), {**ITEM, MEMBERS: {"users": [ada]}}).status_code == 200
    assert [mail for mail in canvas.lms.outbox.emails if mail.kind == "collaboration_invitation"] == []


def test_the_page_around_a_tool_has_the_storage_frame(canvas: Site, collaborative: Tool) -> None:
    browser = signed_in(canvas, "teacher")
    page = f"{PLACE}/lti_collaborations/external_tools/77?launch_type=collaboration"
    assert 'id="post_message_forwarding"' in browser.get(page).text
    canvas.lms.settings["canvas.platform_storage"] = False
    assert 'id="post_message_forwarding"' not in browser.get(page).text


def test_only_its_own_pages_may_send_one(canvas: Site, collaborative: Tool) -> None:
    browser = signed_in(canvas, "teacher")
    sent = {"contentItems": json.dumps([ITEM])}
    refused = browser.http.post(
        f"{canvas.url}{PLACE}/collaborations", json=sent, headers={"Accept": "application/json"}
    )
    assert refused.status_code == 422
    assert canvas.teacher.get(ALL).json() == []


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason=IN_A_BROWSER[1].kwargs["reason"])
def test_in_a_browser_a_collaboration_is_made_opened_and_deleted(canvas: Site, collaborative: Tool, tab: Any) -> None:
    def at_login(route: Any, request: Any) -> None:
        to = collaborative.login(dict(parse_qsl(request.post_data)))
        route.fulfill(content_type="text/html", body=f"<script>location.replace({json.dumps(to)})</script>")

    def at_launch(route: Any, request: Any) -> None:
        claims = collaborative.launch(dict(parse_qsl(request.post_data))).get_launch_data()
        settings = claims.get(f"{lti13.DL_CLAIM}deep_linking_settings")
        page = "<h1>The document</h1>"
        if settings is not None:
            choice.back = settings["deep_link_return_url"]
            signed = collaborative.sign(choice.claims(ITEM))
            page = f"""<form method="post" action="{choice.back}"><input name="JWT" value="{signed}"></form>
                <script>document.forms[0].submit()</script>"""
        route.fulfill(content_type="text/html", body=page)

    choice = Choice(canvas, collaborative, "collaboration")
    tab.context.route(f"{LOGIN}*", at_login)
    tab.context.route(f"{LAUNCH}*", at_launch)
    tab.goto(f"{canvas.url}{PLACE}/lti_collaborations")
    tab.fill("#pseudonym_session_unique_id", canvas.info.teacher.login)
    tab.fill("#pseudonym_session_password", canvas.info.teacher.password)
    tab.click("[type=submit]")
    tab.click("text=New collaboration with PyLTI1p3")
    with tab.expect_popup() as opened:
        tab.click("text=Minutes")
    opened.value.wait_for_selector("text=The document")
    tab.click("text=Delete")
    tab.wait_for_selector("text=There are no collaborations.")
    assert canvas.teacher.get(ALL).json() == []
