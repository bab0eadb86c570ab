"""LTI 1.1 links and tool providers by the REST API, and their launches, checked by oauthlib."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from oauthlib.common import Request
from oauthlib.oauth1.rfc5849 import signature

from contract_tests.brightspace.lti import signed_in
from contract_tests.brightspace.support import Site
from contract_tests.lms_site import form

LE = "/d2l/api/le/1.79/lti"
LINKS, PROVIDERS = f"{LE}/link/6836", f"{LE}/tp/6836"
URL = "https://old.example/tool/launch?room=1"
SWITCHES = {
    "SendTcInfo": {f"tool_consumer_{value}" for value in (
        "info_product_family_code", "info_version", "instance_guid", "instance_name")},
    "SendContextInfo": {
        *("context_id", "context_title", "context_label", "context_type"), "lis_course_offering_sourcedid"
    },
    "SendSectionCode": {"lis_course_section_sourcedid"},
    "SendUserId": {"user_id"},
    "SendUserName": {"lis_person_name_given", "lis_person_name_family", "lis_person_name_full"},
    "SendUserEmail": {"lis_person_contact_email_primary"},
    "SendLinkTitle": {"resource_link_title"},
    "SendLinkDescription": {"resource_link_description"},
    "SendD2LUserName": {"ext_d2l_username"},
    "SendD2LOrgDefinedId": {"ext_d2l_orgdefinedid"},
    "SendD2LOrgRoleId": {"ext_d2l_role"},
}  # fmt: skip
OFF: dict[str, Any] = dict.fromkeys(SWITCHES, False)
LINK = OFF | {
    "Title": "Old tool",
    "Url": URL,
    "Description": "Once upon a time",
    "Key": "link-key",
    "PlainSecret": "link-secret",
    "IsVisible": True,
    "SignMessage": True,
    "SignWithTc": False,
    "UseToolProviderSecuritySettings": False,
    "CustomParameters": None,
}
PROVIDER = OFF | {
    "LaunchPoint": "old.example/tool",
    "Secret": "provider-secret",
    "UseDefaultTcInfo": False,
    "Key": "provider-key",
    "Name": "Old Tools Inc.",
    "Description": "",
    "ContactEmail": "old@example.com",
    "IsVisible": True,
    "OAuthSignatureMethod": 2,
    "Version": 0,
}


@pytest.fixture
def api(brightspace: Site) -> httpx.Client:
    """The instructor, with every right to links that an application can have."""
    return brightspace.api(brightspace.tokens("instructor", scope="core:*:* lti:links:*")["access_token"])


def made(api: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def launch(site: Site, link: dict[str, Any], who: str = "student", unit: int = 6836) -> dict[str, str]:
    page = signed_in(site, who).get(f"/d2l/le/lti/{unit}/launch/{link['LtiLinkId']}")
    assert page.status_code == 200, page.text
    action, fields = form(page.text)
    assert action == URL
    return fields


def holds(fields: dict[str, str], secret: str) -> bool:
    """Whether a tool that has the secret takes the form."""
    request = Request(URL, "POST", fields)
    request.params = [*fields.items(), ("room", "1")]
    request.signature = fields["oauth_signature"]
    request.params = [(name, value) for name, value in request.params if name != "oauth_signature"]
    check = {"HMAC-SHA1": signature.verify_hmac_sha1, "HMAC-SHA256": signature.verify_hmac_sha256}
    return bool(check[fields["oauth_signature_method"]](request, secret))


def test_a_link_launches_with_its_own_key(brightspace: Site, api: httpx.Client) -> None:
    link = made(api, LINKS, LINK)
    secretless = {name: value for name, value in LINK.items() if name != "PlainSecret"}
    assert link == {"LtiLinkId": link["LtiLinkId"]} | secretless
    assert api.get(f"{LINKS}/{link['LtiLinkId']}").json() == link
    assert api.get(f"{LINKS}/").json() == [link]
    fields = launch(brightspace, link)
    assert (fields["oauth_consumer_key"], fields["oauth_signature_method"]) == ("link-key", "HMAC-SHA1")
    assert holds(fields, "link-secret")
    assert not holds(fields, "other-secret")
    assert not holds(fields | {"roles": "Instructor"}, "link-secret")
    assert (fields["lti_message_type"], fields["lti_version"]) == ("basic-lti-launch-request", "LTI-1p0")
    assert fields["roles"] == "urn:lti:instrole:ims/lis/Learner,Learner"
    assert launch(brightspace, link)["oauth_nonce"] != fields["oauth_nonce"]
    assert "Old tool" in signed_in(brightspace).get("/d2l/home/6836").text


def test_a_tool_provider_signs_for_the_links_that_lead_to_it(brightspace: Site, api: httpx.Client) -> None:
    provider = made(api, PROVIDERS, PROVIDER)
    shown = {name: value for name, value in PROVIDER.items() if name != "Secret"}
    assert provider == shown | {"LtiToolProviderId": provider["LtiToolProviderId"], "OrgUnitId": 6836}
    where = f"{PROVIDERS}/{provider['LtiToolProviderId']}"
    assert api.get(where).json() == provider
    assert api.get(f"{PROVIDERS}/").json() == [provider]
    link = made(api, LINKS, LINK | {"SignWithTc": True})
    fields = launch(brightspace, link)
    assert (fields["oauth_consumer_key"], fields["oauth_signature_method"]) == ("provider-key", "HMAC-SHA256")
    assert holds(fields, "provider-secret")
    own = f"{LE}/tp/{provider['LtiToolProviderId']}"
    changed = PROVIDER | {"OAuthSignatureMethod": 1, "UseDefaultTcInfo": True}
    assert api.put(own, json=changed).json()["OAuthSignatureMethod"] == 1
    fields = launch(brightspace, link)
    assert (fields["oauth_consumer_key"], fields["oauth_signature_method"]) == ("brightspace", "HMAC-SHA1")
    assert holds(fields, "provider-secret")
    longer = made(api, PROVIDERS, PROVIDER | {"LaunchPoint": "https://old.example/tool/launch", "Key": "nearer"})
    assert launch(brightspace, link)["oauth_consumer_key"] == "nearer"
    for other in ("old.example/tools", "older.example", "old.example/tool/launch/deep"):
        assert api.put(f"{LE}/tp/{longer['LtiToolProviderId']}", json=PROVIDER | {"LaunchPoint": other}).is_success
        assert launch(brightspace, link)["oauth_consumer_key"] == "brightspace", other
    assert api.delete(own).status_code == 200
    assert api.get(where).status_code == api.delete(own).status_code == 404
    assert launch(brightspace, link)["oauth_consumer_key"] == "link-key"


@pytest.mark.parametrize("switch", SWITCHES)
def test_each_security_setting_sends_its_fields(brightspace: Site, api: httpx.Client, switch: str) -> None:
    link = made(api, LINKS, LINK)
    before = launch(brightspace, link)
    assert not set(before) & {name for names in SWITCHES.values() for name in names}
    on = api.put(f"{LE}/link/{link['LtiLinkId']}", json=LINK | {switch: True}).json()
    assert on[switch] is True
    assert set(launch(brightspace, link)) - set(before) == SWITCHES[switch]


def test_the_settings_of_the_provider_count_if_the_link_says_so(brightspace: Site, api: httpx.Client) -> None:
    made(api, PROVIDERS, PROVIDER | {"SendUserEmail": True})
    link = made(api, LINKS, LINK | {"SendUserName": True, "UseToolProviderSecuritySettings": True})
    fields = launch(brightspace, link)
    assert fields["lis_person_contact_email_primary"] == brightspace.info.student.email
    assert "lis_person_name_full" not in fields
    where = f"{LE}/link/{link['LtiLinkId']}"
    api.put(where, json=LINK | {"SendUserName": True})
    fields = launch(brightspace, link)
    assert (fields["lis_person_name_full"], "lis_person_contact_email_primary" in fields) == ("Ada Lovelace", False)


def test_custom_parameters_are_expanded_as_far_as_the_settings_allow(brightspace: Site, api: httpx.Client) -> None:
    rows = [
        {"Name": "My Room", "Value": "1"},
        {"Name": "who", "Value": "$User.username"},
        {"Name": "x", "Value": "$No"},
    ]
    link = made(api, LINKS, LINK | {"CustomParameters": rows, "SendD2LUserName": True})
    assert link["CustomParameters"] == rows
    fields = launch(brightspace, link)
    assert (fields["custom_my_room"], fields["custom_who"], fields["custom_x"]) == ("1", "ada.lovelace", "$No")
    assert holds(fields, "link-secret")
    api.put(f"{LE}/link/{link['LtiLinkId']}", json=LINK | {"CustomParameters": rows})
    assert launch(brightspace, link)["custom_who"] == ""


def test_a_link_can_be_unsigned_hidden_or_without_a_secret(brightspace: Site, api: httpx.Client) -> None:
    link = made(api, LINKS, LINK | {"SignMessage": False})
    assert not [name for name in launch(brightspace, link) if name.startswith("oauth_")]
    where, page = f"{LE}/link/{link['LtiLinkId']}", f"/d2l/le/lti/6836/launch/{link['LtiLinkId']}"
    api.put(where, json=LINK | {"PlainSecret": ""})
    refused = signed_in(brightspace).get(page)
    assert (refused.status_code, brightspace.reason) == (400, "legacy_secret_missing")
    api.put(where, json=LINK | {"IsVisible": False})
    assert signed_in(brightspace).get(page).status_code == 404
    assert "Old tool" not in signed_in(brightspace).get("/d2l/home/6836").text
    assert api.delete(where).status_code == 200
    assert api.get(f"{LINKS}/{link['LtiLinkId']}").status_code == api.delete(where).status_code == 404


def test_a_quicklink_opens_the_link(brightspace: Site, api: httpx.Client) -> None:
    link = made(api, LINKS, LINK)
    answer = api.post(f"{LE}/quicklink/6836/{link['LtiLinkId']}").json()
    assert answer["LtiLinkId"] == link["LtiLinkId"]
    address = answer["PublicUrl"].replace("{orgUnitId}", "6836")
    browser = signed_in(brightspace)
    opened = browser.follow(browser.get(address))
    assert (opened.status_code, form(opened.text)[0]) == (200, URL)
    assert browser.get(address.replace("srcou=6836", "srcou=6837")).status_code == 404
    assert api.post(f"{LE}/quicklink/6836/1").status_code == 404


def test_links_and_providers_are_shared(brightspace: Site, api: httpx.Client) -> None:
    link = made(api, LINKS, LINK | {"SignWithTc": True})
    provider = made(api, PROVIDERS, PROVIDER)
    page = f"/d2l/le/lti/6838/launch/{link['LtiLinkId']}"
    assert signed_in(brightspace, "instructor").get(page).status_code == 404
    rule = {"SharingOrgUnitId": 6838, "ShareWithOrgUnit": True, "ShareWithDescendants": False, "DescendantsTypes": []}
    shared = f"{LINKS}/{link['LtiLinkId']}/sharing/"
    assert made(api, shared, rule) == rule
    assert api.get(shared).json() == [rule]
    assert launch(brightspace, link, "instructor", 6838)["oauth_consumer_key"] == "link-key"
    below = rule | {"SharingOrgUnitId": 6606, "ShareWithOrgUnit": False, "ShareWithDescendants": True}
    where = f"{PROVIDERS}/{provider['LtiToolProviderId']}/sharing/"
    made(api, where, below | {"DescendantsTypes": [2]})
    assert launch(brightspace, link, "instructor", 6838)["oauth_consumer_key"] == "link-key"
    assert api.put(f"{where}6606", json=below | {"DescendantsTypes": [3]}).json()["DescendantsTypes"] == [3]
    assert launch(brightspace, link, "instructor", 6838)["oauth_consumer_key"] == "provider-key"
    assert api.delete(f"{shared}6838").status_code == api.delete(where).status_code == 200
    assert signed_in(brightspace, "instructor").get(page).status_code == 404
    assert api.get(f"{where}6606").status_code == 404
    brightspace.lms.load(brightspace.lms.dump())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Title": " "}, "title_missing"),
        ({"Url": "tool"}, "url_invalid"),
        ({"Url": "http://["}, "url_invalid"),
        ({"Url": "https://"}, "url_invalid"),
        ({"SendUserId": ...}, "legacy_link_invalid"),
        ({"CustomParameters": ...}, "legacy_link_invalid"),
        ({"CustomParameters": {"a": "b"}}, "legacy_link_invalid"),
        ({"IsVisible": "true"}, "legacy_link_invalid"),
    ],
)
def test_wrong_links_are_refused(brightspace: Site, api: httpx.Client, change: dict[str, Any], reason: str) -> None:
    number = made(api, LINKS, LINK)["LtiLinkId"]
    body = {name: value for name, value in (LINK | change).items() if value is not ...}
    for answer in (api.post(LINKS, json=body), api.put(f"{LE}/link/{number}", json=body)):
        assert (answer.status_code, brightspace.reason) == (400, reason)
    assert len(api.get(f"{LINKS}/").json()) == 1


def test_wrong_providers_are_refused(brightspace: Site, api: httpx.Client) -> None:
    for change in ({"LaunchPoint": ""}, {"OAuthSignatureMethod": 3}, {"Version": "1"}, {"Secret": None}):
        assert api.post(PROVIDERS, json=PROVIDER | change).status_code == 400, change
    assert api.get(f"{PROVIDERS}/").json() == []


def test_scopes_and_roles_decide(brightspace: Site, api: httpx.Client) -> None:
    number = made(api, LINKS, LINK)["LtiLinkId"]
    reads = brightspace.api(brightspace.tokens("instructor", scope="lti:links:read")["access_token"])
    assert reads.get(f"{LINKS}/").status_code == 200
    for answer in (reads.post(LINKS, json=LINK), reads.delete(f"{LE}/link/{number}"), reads.get(f"{PROVIDERS}/")):
        assert answer.status_code == 403
    learns = brightspace.api(brightspace.tokens("student", scope="core:*:* lti:links:*")["access_token"])
    for answer in (learns.get(f"{LINKS}/"), learns.put(f"{LE}/link/{number}", json=LINK), learns.get(f"{PROVIDERS}/")):
        assert answer.json()["title"] == "Not Authorized"


PLUGIN = {
    "org_unit_id": 6836,
    "url": URL,
    "key": "link-key",
    "secret": "link-secret",
    "with_provider": False,
    "as_provider": False,
}


@pytest.fixture
def plugins(brightspace: Site) -> dict[str, dict[str, Any]]:
    """A remote plugin of each kind."""
    kinds = ("coursebuilder", "isf", "navbar", "quicklink", "widget")
    rows = [PLUGIN | {"id": 900 + n, "title": f"The {kind}", "plugin": kind} for n, kind in enumerate(kinds)]
    world = brightspace.lms.dump()
    world["brightspace"]["legacy_links"] = rows
    brightspace.lms.load(world)
    return {str(row["plugin"]): {"LtiLinkId": row["id"]} for row in rows}


def test_remote_plugins_have_their_places(
    brightspace: Site, api: httpx.Client, plugins: dict[str, dict[str, Any]]
) -> None:
    shown = {who: signed_in(brightspace, who).get("/d2l/home/6836").text for who in ("student", "instructor")}
    for kind in plugins:
        assert (f"The {kind}" in shown["student"]) is (kind in ("navbar", "widget")), kind
        assert f"The {kind}" in shown["instructor"]
    number = plugins["widget"]["LtiLinkId"]
    assert f'<iframe src="{brightspace.url}/d2l/le/lti/6836/launch/{number}" title="The widget"' in shown["student"]
    for kind in ("navbar", "widget"):
        fields = launch(brightspace, plugins[kind])
        assert holds(fields, "link-secret")
        assert fields["launch_presentation_return_url"] == f"{brightspace.url}/d2l/home/6836"
    assert api.get(f"{LINKS}/").json() == []
    assert api.get(f"{LINKS}/{number}").status_code == api.delete(f"{LE}/link/{number}").status_code == 404


@pytest.mark.parametrize(
    ("kind", "sent", "note"),
    [
        ("isf", {"content": '<img src="https://old.example/dog.jpg" />'}, "html"),
        ("quicklink", {"quickLink": "https://old.example/dog", "title": "Dog Picture", "target": "SameFrame"}, "Dog"),
    ],
)
def test_remote_plugins_choose_content(
    brightspace: Site, plugins: dict[str, dict[str, Any]], kind: str, sent: dict[str, str], note: str
) -> None:
    """As D2L's own plugins return it: in the query of the return URL."""
    fields, teacher = launch(brightspace, plugins[kind], "instructor"), signed_in(brightspace, "instructor")
    assert holds(fields, "link-secret")
    back = fields["launch_presentation_return_url"]
    answer = teacher.get(f"{back}?{httpx.QueryParams(sent)}")
    assert answer.status_code == 200
    assert "1 item received" in answer.text
    assert note in answer.text
    assert teacher.get(back).status_code == 400
    assert brightspace.reason == "plugin_chose_nothing"
    learner = signed_in(brightspace)
    assert learner.get(f"{back}?{httpx.QueryParams(sent)}").status_code == 403
    assert learner.get(f"/d2l/le/lti/6836/launch/{plugins[kind]['LtiLinkId']}").status_code == 403
    assert teacher.get(back.replace(str(plugins[kind]["LtiLinkId"]), "904")).status_code == 404


def content(site: Site) -> list[dict[str, Any]]:
    """The topics of the first module, as its table of contents shows them."""
    api = site.api(
        site.tokens("instructor", scope="content:toc:read content:topics:read content:file:read")["access_token"]
    )
    return list(api.get("/d2l/api/le/1.79/6836/content/toc").json()["Modules"][0]["Topics"])


def test_what_a_plugin_chose_is_inserted_where_it_was_opened(
    brightspace: Site, plugins: dict[str, dict[str, Any]]
) -> None:
    """A quicklink becomes a topic of the module; Insert Stuff goes into the file in the editor, or makes a new one."""
    section = brightspace.lms.dump()["brightspace"]
    module = section["modules"][0]["id"]
    teacher, before = signed_in(brightspace, "instructor"), content(brightspace)
    file = next(row for row in section["topics"] if row["module_id"] == module and row.get("type", "File") == "File")
    link = {"quickLink": "https://old.example/dog?a=1&b=2", "title": "A <dog>", "target": "NewWindow"}
    html = {"content": "<p>Hello</p>"}

    def chosen(kind: str, sent: dict[str, str], where: str) -> httpx.Response:
        page = f"/d2l/le/lti/6836/launch/{plugins[kind]['LtiLinkId']}?{where}"
        back = form(teacher.get(page).text)[1]["launch_presentation_return_url"]
        assert httpx.URL(back).params == httpx.QueryParams(), "the plugin replaces the query"
        return teacher.get(f"{back}?{httpx.QueryParams(sent)}")

    assert chosen("quicklink", link, f"parentNode={module}").status_code == 200
    assert chosen("isf", html, f"parentNode={module}").status_code == 200
    made = content(brightspace)[len(before) :]
    assert [(made_item["Title"], made_item["TypeIdentifier"]) for made_item in made] == [
        ("A <dog>", "Link"),
        ("html", "File"),
    ]
    assert made[0]["Url"] == link["quickLink"]
    api = brightspace.api(brightspace.tokens("instructor", scope="content:file:read")["access_token"])
    text = f"/d2l/api/le/1.79/6836/content/topics/{file['id']}/file"
    assert api.get(text.replace(str(file["id"]), str(made[1]["TopicId"]))).text == html["content"]
    old = api.get(text).text
    chosen("isf", html, f"topic={file['id']}")
    chosen("quicklink", link, f"topic={file['id']}")
    anchor = '<a href="https://old.example/dog?a=1&amp;b=2" target="_blank">A &lt;dog&gt;</a>'
    assert api.get(text).text == f"{old}{html['content']}{anchor}"
    assert len(content(brightspace)) == len(before) + 2
    for wrong in ("parentNode=999", "topic=999", "topic=x"):
        page = f"/d2l/le/lti/6836/launch/{plugins['isf']['LtiLinkId']}?{wrong}"
        assert teacher.get(page).status_code == 404
    back = f"/d2l/le/lti/6836/plugins/{plugins['isf']['LtiLinkId']}/return"
    for wrong in ("module/999", "module/x", "unit/1"):
        assert teacher.get(f"{back}/{wrong}?content=x").status_code == 404


def test_a_course_builder_plugin_learns_the_module(brightspace: Site, plugins: dict[str, dict[str, Any]]) -> None:
    teacher = signed_in(brightspace, "instructor")
    page = f"/d2l/le/lti/6836/launch/{plugins['coursebuilder']['LtiLinkId']}"
    module = brightspace.lms.dump()["brightspace"]["modules"][0]["id"]
    assert f"{page}?parentNode={module}" in teacher.get("/d2l/home/6836").text
    fields = form(teacher.get(f"{page}?parentNode={module}").text)[1]
    assert holds(fields, "link-secret")
    back = httpx.URL(fields["launch_presentation_return_url"])
    assert dict(back.params) == {"ou": "6836", "parentNode": str(module)}
    assert teacher.get(str(back)).status_code == 200
    for wrong in ("", "?parentNode=x", "?parentNode=999999"):
        assert teacher.get(page + wrong).status_code == 404
