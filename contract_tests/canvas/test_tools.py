"""External tools of Canvas: installed, offered and removed; the pages in the navigation of courses."""

from __future__ import annotations

import json
import re
from html import unescape
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import httpx
import pytest

from contract_tests.canvas.lti import signed_in
from contract_tests.canvas.support import Site
from contract_tests.lms_site import form
from lms_emulator.providers.canvas.lti import tokens
from lms_emulator.signing import oauth1

COURSE = "/api/v1/courses/1"
TOOLS = f"{COURSE}/external_tools"
PLAIN = {"name": "Plain", "consumer_key": "k", "shared_secret": "s", "url": "https://plain.example.test/launch"}
XML = """<cartridge_basiclti_link xmlns="http://www.imsglobal.org/xsd/imslticc_v1p0"
 xmlns:blti="http://www.imsglobal.org/xsd/imsbasiclti_v1p0" xmlns:lticm="http://www.imsglobal.org/xsd/imslticm_v1p0">
 <blti:title>By XML</blti:title><blti:launch_url>https://xml.example.test/</blti:launch_url>
 <blti:extensions platform="canvas.instructure.com"><lticm:property name="privacy_level">public</lticm:property>
 <lticm:options name="user_navigation"><lticm:property name="text">Mine</lticm:property></lticm:options>
 </blti:extensions></cartridge_basiclti_link>"""


def make(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = client.post(TOOLS, json={**PLAIN, **fields}).json()
    return made


def labels(client: httpx.Client) -> dict[str, Any]:
    return {tab["label"]: tab for tab in client.get(f"{COURSE}/tabs").json()}


def test_a_tool_is_installed_changed_and_taken_away(canvas: Site) -> None:
    button = {"enabled": True, "icon_url": "https://plain.example.test/i.png"}
    tool = make(canvas.teacher, editor_button=button, custom_fields={"a": "1"})
    assert (tool["version"], tool["privacy_level"], tool["custom_fields"]) == ("1.1", "anonymous", {"a": "1"})
    assert tool["editor_button"]["selection_width"] == 800
    path = f"{TOOLS}/{tool['id']}"
    assert canvas.student.get(path).json()["name"] == "Plain"
    assert canvas.student.put(path, json={"name": "X"}).status_code == 403
    off = canvas.teacher.put(path, json={"editor_button": {"enabled": False}, "privacy_level": "public"}).json()
    assert (off["editor_button"]["enabled"], off["privacy_level"]) == (False, "public")
    on = canvas.teacher.put(path, json={"editor_button": {"enabled": True}}).json()
    assert on["editor_button"]["icon_url"] == button["icon_url"], "what was said of it before is kept"
    assert make(canvas.teacher, editor_button={"enabled": True})["editor_button"] is None, "it needs an icon"
    assert canvas.teacher.delete(path).json()["workflow_state"] == "deleted"
    assert canvas.teacher.get(path).status_code == 404


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": ""}, {"name"}),
        ({"url": ""}, {"url", "domain"}),
        ({"url": "", "domain": "plain.example.test"}, set()),
        ({"url": "not a url"}, {"url"}),
        ({"course_navigation": {"enabled": True, "url": 1.5}}, {"url"}),
        ({"config_type": "by_xml", "config_xml": "<a>"}, {"config_xml"}),
        ({"config_type": "by_xml", "config_xml": XML, "url": ""}, {"url", "domain"}),
        ({"config_type": "by_url"}, {"config_url"}),
        ({"config_type": "by_url", "config_url": "http://127.0.0.1:1/none.xml"}, {"config_url"}),
    ],
)
def test_errors_of_a_tool_are_listed_by_field(canvas: Site, changes: dict[str, Any], fields: set[str]) -> None:
    answer = canvas.teacher.post(TOOLS, json={**PLAIN, **changes})
    assert set(answer.json().get("errors", {})) == fields
    assert answer.status_code == (400 if fields else 200)


def test_by_xml_and_only_once(canvas: Site) -> None:
    sent = {name: value for name, value in PLAIN.items() if name not in ("url", "name")}
    once = {"external_tool": {**sent, "config_type": "by_xml", "config_xml": XML, "verify_uniqueness": "true"}}
    made = canvas.teacher.post(TOOLS, json=once).json()
    assert (made["name"], made["privacy_level"], made["user_navigation"]["label"]) == ("By XML", "public", "Mine")
    again = canvas.teacher.post(TOOLS, json=once)
    assert (again.status_code, set(again.json()["errors"])) == (400, {"tool_currently_installed"})
    assert [tool["name"] for tool in canvas.teacher.get(TOOLS, params={"placement": "user_navigation"}).json()] == [
        "By XML"
    ]
    assert canvas.teacher.get(TOOLS, params={"search_term": "by xm"}).json()[0]["id"] == made["id"]


def test_the_pages_of_a_course_are_moved_and_hidden(canvas: Site) -> None:
    tool = make(canvas.teacher, course_navigation={"enabled": True, "text": "Lab", "visibility": "admins"})
    assert "Lab" in labels(canvas.teacher)
    assert not {"Lab", "Settings"} & set(labels(canvas.student))
    canvas.teacher.put(f"{TOOLS}/{tool['id']}", json={"course_navigation": {"visibility": "members"}})
    assert "sessionless_launch" in labels(canvas.student)["Lab"]["url"]
    tab = f"{COURSE}/tabs/context_external_tool_{tool['id']}"
    assert canvas.teacher.put(tab, data={"position": "2"}).json()["position"] == 2
    assert canvas.teacher.put(tab, data={"position": "1"}).status_code == 400
    assert canvas.teacher.put(tab, data={"hidden": "true"}).json()["visibility"] == "admins"
    assert "Lab" not in labels(canvas.student)
    assert canvas.student.put(tab, data={"hidden": "false"}).status_code == 403
    assert canvas.teacher.put(f"{COURSE}/tabs/home", data={"hidden": "true"}).json() == {
        "error": "home is not manageable"
    }


def signature_of(action: str, fields: dict[str, str], secret: str) -> str:
    base = urlunsplit((*urlsplit(action)[:3], "", ""))
    return oauth1.sign("POST", base, [pair for pair in fields.items() if pair[0] != "oauth_signature"], secret)


def test_an_lti_1_1_launch_is_signed_and_sends_what_privacy_allows(canvas: Site) -> None:
    custom = {
        "who": "$Person.name.full",
        "in text": "${Canvas.course.id}!",
        "odd": "$Not.known",
        "due": "$Canvas.assignment.dueAt",
    }
    tool = make(
        canvas.teacher,
        url="https://plain.example.test/launch?a=b%20c",
        course_navigation={"enabled": True},
        privacy_level="public",
        custom_fields=custom,
    )
    browser, page = signed_in(canvas), f"/courses/1/external_tools/{tool['id']}"
    action, fields = form(browser.get(page).text)
    assert fields["oauth_signature"] == signature_of(action, fields, "s")
    assert (fields["a"], fields["roles"], fields["custom_canvas_user_login_id"]) == ("b c", "Learner", "ada.lovelace")
    assert (fields["custom_who"], fields["custom_in_text"], fields["custom_odd"]) == (
        "Ada Lovelace",
        "1!",
        "$Not.known",
    )
    warned = [warning for warning in canvas.lms.requests.last.warnings if warning.code == "variable_not_replaced"]
    assert {warning.message.split("`")[1] for warning in warned} == {"$Not.known", "$Canvas.assignment.dueAt"}
    canvas.teacher.put(f"{TOOLS}/{tool['id']}", json={"privacy_level": "anonymous"})
    assert not {"lis_person_name_full", "lis_person_contact_email_primary"} & set(form(browser.get(page).text)[1])
    assert browser.get(f"{page}?launch_type=homework_submission").headers["location"].endswith("/courses/1")


def test_a_launch_without_a_session_signs_the_browser_in_once(canvas: Site) -> None:
    tool = make(canvas.teacher, course_navigation={"enabled": True})
    asked = f"{TOOLS}/sessionless_launch"
    assert canvas.student.get(asked).status_code == 400
    assert canvas.student.get(asked, params={"url": "https://other.example.test/"}).json()["errors"]
    answer = canvas.student.get(asked, params={"id": tool["id"]}).json()
    browser = canvas.browser()
    opened = browser.get(browser.get(answer["url"]).headers["location"])
    assert form(opened.text)[1]["user_id"]
    assert browser.get(answer["url"].replace("session_token", "x")).status_code == 404, "it was opened"
    assert canvas.api().get(asked, params={"id": tool["id"]}).status_code == 401


def test_items_of_modules_open_tools_and_lead_to_what_they_show(canvas: Site) -> None:
    tool = make(canvas.teacher)
    module = canvas.teacher.post(f"{COURSE}/modules", data={"module[name]": "M"}).json()
    canvas.teacher.put(f"{COURSE}/modules/{module['id']}", data={"module[published]": "true"})

    def add(**item: Any) -> str:
        made = canvas.teacher.post(f"{COURSE}/modules/{module['id']}/items", json={"module_item": item}).json()
        path = f"{COURSE}/modules/{module['id']}/items/{made['id']}"
        canvas.teacher.put(path, json={"module_item": {"published": True}})
        return str(made["html_url"]).removeprefix(canvas.url)

    browser = signed_in(canvas)
    own = add(type="ExternalTool", content_id=tool["id"], external_url=f"{PLAIN['url']}?item=1", title="Item")
    action, fields = form(browser.get(own).text)
    assert (action, fields["resource_link_title"]) == (f"{PLAIN['url']}?item=1", "Item")
    assert dict(parse_qsl(urlsplit(action).query)) == {"item": fields["item"]}
    lost = add(type="ExternalTool", external_url="https://nobody.example.test/", title="Lost")
    assert browser.get(lost).headers["location"].endswith("/courses/1/modules")
    assert "/assignments/1?module_item_id=" in browser.get(add(type="Assignment", content_id=1)).headers["location"]


def test_staff_see_a_course_as_its_test_student(canvas: Site) -> None:
    browser = signed_in(canvas, "teacher")
    csrf = form(browser.get("/courses/1").text)[1]["authenticity_token"]
    assert browser.http.post("/courses/1/student_view", data={"authenticity_token": csrf}).status_code == 302
    tool = make(canvas.teacher, course_navigation={"enabled": True}, privacy_level="public")
    fields = form(browser.get(f"/courses/1/external_tools/{tool['id']}").text)[1]
    assert (fields["lis_person_name_full"], fields["roles"]) == ("Test Student", "Learner")
    student = signed_in(canvas)
    csrf = re.search(r'name="authenticity_token" value="([^"]*)"', student.get("/courses/1").text)
    assert csrf is not None
    refused = student.http.post("/courses/1/student_view", data={"authenticity_token": unescape(csrf[1])})
    assert refused.status_code == 403


def env(page: str) -> dict[str, Any]:
    found = re.search(r"^ENV = (.*);$", page, re.MULTILINE)
    assert found is not None
    read: dict[str, Any] = json.loads(found[1])
    return read


def test_a_tool_opens_where_its_spot_says(canvas: Site) -> None:
    tab = {"enabled": True, "windowTarget": "_blank"}
    tool = make(canvas.teacher, course_navigation=tab)
    browser = signed_in(canvas, "teacher")

    def surface(path: str) -> tuple[str, str]:
        page = browser.get(path).text
        target = form(page)[1]["launch_presentation_document_target"]
        return re.findall('data-tool-launch-type="(.*?)"', page)[0], target

    opened = f"/courses/1/external_tools/{tool['id']}"
    assert f'{opened}?display=borderless" target="_blank"' in browser.get("/courses/1").text
    assert surface(opened) == ("", "iframe")
    assert surface(f"{opened}?display=borderless") == ("self", "window")
    module = canvas.teacher.post(f"{COURSE}/modules", json={"module": {"name": "M"}}).json()["id"]
    said = {"type": "ExternalTool", "content_id": tool["id"], "external_url": PLAIN["url"], "new_tab": True}
    item = canvas.teacher.post(f"{COURSE}/modules/{module}/items", json={"module_item": said}).json()["id"]
    assert surface(f"/courses/1/modules/items/{item}") == ("window", "window")
    canvas.lms.settings["canvas.tells_of_tabs"] = False
    assert surface(f"/courses/1/modules/items/{item}") == ("window", "iframe")
    canvas.lms.settings["canvas.launch_in"] = "window"
    assert surface(opened) == ("self", "iframe")


def test_lti_1_1_tools_return_selections_or_messages(canvas: Site) -> None:
    tool = make(canvas.teacher, link_selection={"enabled": True, "message_type": "ContentItemSelectionRequest"})
    browser = signed_in(canvas, "teacher")
    page = f"/courses/1/external_tools/{tool['id']}/resource_selection?placement=link_selection"
    fields = form(browser.get(page).text)[1]
    back = fields["content_item_return_url"]
    graph = [{"@type": "LtiLinkItem", "title": "T", "placementAdvice": {"presentationDocumentTarget": "iframe"}}]
    answer = {
        "lti_message_type": "ContentItemSelection",
        "lti_version": "LTI-1p0",
        "content_items": json.dumps({"@context": "x", "@graph": graph}),
        "data": fields["data"],
        "lti_errormsg": "Oh",
        "oauth_consumer_key": "k",
        "oauth_signature_method": "HMAC-SHA1",
    }
    answer["oauth_signature"] = oauth1.sign("POST", back, answer.items(), "s")
    shown = env(browser.http.post(back, data=answer).text)
    assert shown["retrieved_data"][0]["canvasURL"].startswith(
        "/courses/1/external_tools/retrieve?display=borderless&url="
    )
    assert (shown["lti_response_messages"], shown["service"]) == ({"lti_errormsg": "Oh"}, "external_tool_dialog")
    assert not canvas.lms.requests.last.warnings
    browser.http.post(back, data={**answer, "lti_errormsg": "changed"})
    assert canvas.lms.requests.last.warnings[0].code == "content_items_signature_wrong"
    assert browser.http.post(back, data={**answer, "data": "x"}).status_code == 400

    def changed(data: str, secret: str = "s") -> httpx.Response:
        sent = {**{k: v for k, v in answer.items() if k != "oauth_signature"}, "id": "7", "data": data}
        sent["oauth_signature"] = oauth1.sign("POST", back, sent.items(), secret)
        return browser.http.post(back, data=sent)

    own = tokens.seal({"content_item_id": "7", "oauth_consumer_key": "k"})
    assert [changed(own, "other").status_code, changed(fields["data"]).status_code] == [401, 401]
    assert env(changed(own).text)["service_id"] == "7"
    assert browser.http.post(back, data={**answer, "content_items": "{"}).status_code == 500
    content = {"return_type": "image_url", "url": "https://x.example.test/a.png", "width": "9"}
    found = env(browser.http.get(back, params=content).text)["retrieved_data"][0]
    assert (found["mediaType"], found["placementAdvice"]["presentationDocumentTarget"]) == ("image/png", "embed")
    returned = back.replace("_dialog", "_redirect")
    assert env(browser.http.get(returned, params={"lti_msg": "Hi"}).text)["message"] == "Hi"
    assert browser.http.get("/external_content/cancel/x").status_code == 200


LINK = "application/vnd.ims.lti.v1.ltilink"
LINKS = (LINK, "frame,window", "false", "true", "false")


@pytest.mark.parametrize(
    ("spot", "targets"),
    [
        *((name, LINKS) for name in ("link_selection", "assignment_selection", "submission_type_selection")),
        ("editor_button", (f"image/*,text/html,{LINK},*/*", "embed,frame,iframe,window", "true", "true", "false")),
        ("collaboration", (LINK, "window", "false", "false", "true")),
        ("module_index_menu", (None, None, "false", None, None)),
        ("course_home_sub_navigation", None),
    ],
)
def test_lti_1_1_content_selection_by_placement(canvas: Site, spot: str, targets: tuple[Any, ...] | None) -> None:
    """A spot without settings of its own takes nothing from others': the tool is not opened there."""
    placement = {
        "enabled": True,
        "message_type": "ContentItemSelectionRequest",
        "icon_url": "https://x.example.test/i.png",
    }
    tool = make(canvas.teacher, **{spot: placement})
    page = f"/courses/1/external_tools/{tool['id']}/resource_selection?launch_type="
    browser = signed_in(canvas, "teacher")
    other = "link_selection" if spot != "link_selection" else "assignment_selection"
    assert browser.get(page + other).headers["Location"] == f"{canvas.url}/courses/1"
    answer = browser.get(page + spot)
    if targets is None:
        assert answer.headers["Location"] == f"{canvas.url}/courses/1"
        assert "There was an error generating the tool launch" in browser.get("/courses/1").text
        return
    fields = form(answer.text)[1]
    names = ("accept_media_types", "accept_presentation_document_targets", "accept_multiple", "accept_unsigned")
    assert tuple(fields.get(name) for name in (*names, "auto_create")) == targets
    assert fields["lti_message_type"] == "ContentItemSelectionRequest"


def test_homework_submission_by_lti_1_1_tools(canvas: Site) -> None:
    """By content items and without: the assignment says what it takes."""
    made = canvas.teacher.post(
        f"{COURSE}/assignments",
        json={"assignment": {"name": "A", "submission_types": ["online_upload"], "allowed_extensions": ["pdf", "txt"],
                             "published": True}},
    ).json()  # fmt: skip
    both = canvas.teacher.post(
        f"{COURSE}/assignments",
        json={"assignment": {"name": "B", "submission_types": ["online_url", "online_upload"], "published": True}},
    ).json()
    asking = {"enabled": True, "message_type": "ContentItemSelectionRequest"}
    browser = signed_in(canvas)

    def files_claims(tool: Any, **asked: Any) -> dict[str, str]:
        page = f"/courses/1/external_tools/{tool['id']}/resource_selection?homework=true"
        return form(browser.get(page + "".join(f"&{name}={value}" for name, value in asked.items())).text)[1]

    tool = make(canvas.teacher, homework_submission=asking)
    files = files_claims(tool, assignment_id=made["id"])
    assert (files["accept_media_types"], files["ext_content_file_extensions"]) == (
        "application/pdf,text/plain", "pdf,txt",
    )  # fmt: skip
    assert (files["accept_presentation_document_targets"], files["accept_copy_advice"]) == ("none", "true")
    assert (files["ext_lti_assignment_id"], "accept_unsigned" in files) == (made["lti_context_id"], False)
    anything = files_claims(tool, assignment_id=both["id"])
    assert anything["accept_presentation_document_targets"] == "window,none"
    assert (anything["accept_media_types"], "ext_content_file_extensions" in anything) == ("*/*", False)
    assert browser.get(f"/courses/1/external_tools/{tool['id']}/resource_selection?homework=true").status_code == 500
    plain = make(canvas.teacher, homework_submission={"enabled": True}, privacy_level="anonymous")
    old = files_claims(plain, assignment_id=made["id"], selection="a b")
    assert (old["ext_content_return_types"], old["ext_content_file_extensions"]) == ("file", "pdf,txt")
    assert (old["text"], old["custom_canvas_assignment_title"], "custom_canvas_assignment_id" in old) == (
        "a+b", "A", False,
    )  # fmt: skip
    assert "ext_content_return_types" not in files_claims(plain)


def test_a_spot_may_need_permissions(canvas: Site) -> None:
    """Whoever has all of them opens the tool; the card of a student tells of the student who has been in the course."""
    spot = {"enabled": True, "required_permissions": "manage_grades, read_roster"}
    tool = make(canvas.teacher, course_navigation=spot, student_context_card={"enabled": True, "visibility": "admins"})
    teacher, student = signed_in(canvas, "teacher"), signed_in(canvas)
    page = f"/courses/1/external_tools/{tool['id']}?placement="
    assert "ext_lti_student_id" not in form(teacher.get(f"{page}course_navigation").text)[1]
    denied = canvas.lms.settings["canvas.permission_denied_status"]
    assert student.get(f"{page}course_navigation").status_code == denied
    card, ada, ron = f"{page}student_context_card&student_id=", canvas.info.student.id, canvas.info.teacher.id
    assert form(teacher.get(f"{card}{ada}").text)[1]["ext_lti_student_id"] == str(10000000000000 + ada)
    assert student.get(f"{card}{ada}").status_code == denied
    assert teacher.get(f"{card}{ron}").status_code == denied, "a teacher has never been a student here"
    assert teacher.get(f"{card}999999").status_code == 404
    assert form(student.get(f"{page}student_context_card").text)[1]["user_id"], "nobody's card: nobody is asked"


def test_which_tool_an_address_opens(canvas: Site) -> None:
    """Not the nearest of all: one of LTI 1.3 comes first, then the nearest, then that of the longest domain."""
    wide = canvas.admin.post("/api/v1/accounts/1/external_tools", json={**PLAIN, "url": None, "domain": "example.test"})
    nearer = make(canvas.teacher, url=None, domain="plain.example.test")
    far = make(canvas.teacher, url=None, domain="example.test")
    assert wide.status_code == 200
    browser = signed_in(canvas)

    def opens(url: str, query: str = "") -> str | None:
        page = browser.get(f"/courses/1/external_tools/retrieve?url={url}{query}")
        found = re.findall('data-tool-id="(.*?)"', page.text)
        return found[0] if found else None

    assert opens("https://a.plain.example.test/x") == str(nearer["id"])
    assert opens("https://other.example.test/x") == str(far["id"])
    assert opens("https://elsewhere.test/x") is None
    world = canvas.lms.dump()
    key = {"id": 10000000000091, "name": "New", "is_lti_key": True, "accounts": [1], "redirect_uris": ["https://n.test"],
           "oidc_initiation_url": "https://n.test/login", "target_link_uri": "https://n.test/launch"}  # fmt: skip
    world["canvas"]["developer_keys"].append(key)
    world["canvas"]["tools"].append(
        {"id": 991, "developer_key_id": key["id"], "name": "New", "account_id": 1, "domain": "example.test"}
    )
    canvas.lms.load(json.loads(json.dumps(world, default=str)))
    browser = signed_in(canvas)
    assert opens("https://a.plain.example.test/x") == "991"
    assert opens("https://a.plain.example.test/x", "&client_id=91") == "991"
    assert opens("https://a.plain.example.test/x", "&client_id=77777") is None
    spot = form(browser.get("/courses/1/external_tools/retrieve?url=https://a.example.test/x&placement=file_menu").text)
    assert spot[1]["target_link_uri"] == "https://a.example.test/x"


def test_tools_report_activity_and_are_notified_of_the_sign_out(canvas: Site) -> None:
    asked = {"x": "$Canvas.xapi.url", "c": "$Caliper.url", "l": "$Canvas.logoutService.url"}
    tool = make(canvas.teacher, course_navigation={"enabled": True}, custom_fields=asked)
    browser = signed_in(canvas)
    fields = form(browser.get(f"/courses/1/external_tools/{tool['id']}").text)[1]
    nonces = count()

    def send(url: str, body: str, media: str = "application/json") -> httpx.Response:
        now = str(int(canvas.lms.clock.now.timestamp()))
        oauth = {"oauth_consumer_key": "k", "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": now}
        oauth["oauth_nonce"] = f"n{next(nonces)}"
        pairs = [*oauth.items(), *(parse_qsl(body) if "form" in media else [])]
        oauth["oauth_signature"] = oauth1.percent_encode(oauth1.sign("POST", url, pairs, "s"))
        header = ", ".join(f'{name}="{value}"' for name, value in oauth.items())
        return httpx.post(url, content=body, headers={"Authorization": f"OAuth {header}", "Content-Type": media})

    def spent() -> int:
        rows = canvas.teacher.get(f"{COURSE}/enrollments?user_id={canvas.info.student.id}").json()
        return int(rows[0]["total_activity_time"])

    before = spent()
    assert send(fields["custom_x"], '{"result": {"duration": "PT10M0S"}}').status_code == 200
    assert send(fields["custom_c"], '{"duration": "PT1H"}').status_code == 200
    assert spent() - before == 4200
    assert send(fields["custom_x"][:-1] + "x", "{}").json()["errors"][0]["message"] == "Invalid analytics service token"
    assert httpx.post(fields["custom_x"], json={}).status_code == 401
    callback = f"callback={oauth1.percent_encode(canvas.url + '/signed-out')}"
    media = "application/x-www-form-urlencoded"
    assert send(fields["custom_l"], callback, media).status_code == 200
    assert "already been used" in send(fields["custom_l"], callback, media).text
    page = browser.get("/logout").text
    sent = dict(re.findall(r'name="([^"]*)" value="([^"]*)"', page))
    browser.http.post("/logout", data={name: unescape(value) for name, value in sent.items()})
    assert "/signed-out" in [urlsplit(request.url).path for request in canvas.lms.requests]


def test_an_account_pins_tools_to_two_bars(canvas: Site) -> None:
    tools = "/api/v1/accounts/1/external_tools"
    icon = {"enabled": True, "icon_url": "https://plain.example.test/i.png"}
    both = {**PLAIN, "editor_button": icon, "top_navigation": {"enabled": True}}
    numbers = [canvas.admin.post(tools, json={**both, "name": f"Tool {n}"}).json()["id"] for n in range(3)]
    plain = canvas.admin.post(tools, json=PLAIN).json()["id"]
    for bar, missing in (("rce", "an editor_button"), ("top_nav", "top_navigation")):
        path, name = f"{tools}/{bar}_favorites", f"{bar}_favorite_tool_ids"
        shown = canvas.admin.get(f"{tools}/{numbers[0]}").json()
        assert shown[f"is_{bar}_favorite"] is False
        assert canvas.teacher.post(f"{path}/{numbers[0]}").status_code == 403
        refused = canvas.admin.post(f"{path}/{plain}")
        assert (refused.status_code, refused.json()["message"]) == (400, f"Tool does not have {missing} placement")
        assert canvas.admin.post(f"{path}/999").status_code == 404
        assert canvas.admin.post(f"{path}/{numbers[0]}").json() == {name: numbers[:1]}
        assert canvas.admin.post(f"{path}/{numbers[1]}").json() == {name: numbers[:2]}
        full = canvas.admin.post(f"{path}/{numbers[2]}")
        assert (full.status_code, full.json()["message"]) == (400, "Cannot have more than 2 favorited tools")
        assert canvas.admin.get(f"{tools}/{numbers[0]}").json()[f"is_{bar}_favorite"] is True
        assert canvas.admin.delete(f"{path}/{numbers[0]}").json() == {name: numbers[1:2]}
        assert canvas.admin.get(f"{tools}/{numbers[0]}").json()[f"is_{bar}_favorite"] is False
