"""Dynamic registration at Canvas and Brightspace: LTIAAS adds the platform at run time, and the launch works."""

from __future__ import annotations

import re
from contextlib import closing
from html import unescape
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest

from contract_tests import node
from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.lms_site import LmsSite, form
from contract_tests.lti.web_tools import free_port, ltijs
from lms_emulator.client.emulator import Emulator
from lms_emulator.command.certify.visitors import HttpVisitor
from lms_emulator.lti.registrations import PLATFORM, TOOL
from lms_emulator.lti.seats import Person
from lms_emulator.signing import lti13

REQUEST: dict[str, Any] = {
    "application_type": "web",
    "grant_types": ["client_credentials", "implicit"],
    "response_types": ["id_token"],
    "initiate_login_uri": "https://tool.example/login",
    "redirect_uris": ["https://tool.example/launch"],
    "client_name": "Tool",
    "jwks_uri": "https://tool.example/keys",
    "token_endpoint_auth_method": "private_key_jwt",
    "scope": f"{lti13.SCOPE_MEMBERSHIP} {lti13.SCOPE_SCORE}",
    TOOL: {
        "domain": "tool.example",
        "target_link_uri": "https://tool.example/launch",
        "claims": ["sub"],
        "messages": [{"type": lti13.RESOURCE_LINK_REQUEST}],
    },
}


class Registrar:
    """Somebody who registers tools at one platform."""

    def __init__(self, site: LmsSite) -> None:
        self.site, self.browser = site, site.browser()
        if site.name == "canvas":
            self.page = "/accounts/1/developer_keys"
            admin: Any = SimpleNamespace(login="admin", password="admin-canvas-password")
        else:
            self.page, admin = "/d2l/le/ltiadvantage/registrations", site.info.administrator
        self.browser.sign_in(self.browser.follow(self.browser.get(self.page)), admin)

    def begun(self, url: str = "https://tool.example/register?a=1") -> str:
        """Where the browser is sent: the tool's address, with configuration and token."""
        canvas = self.site.name == "canvas"
        path, name = ("/api/lti/register", "registration_url") if canvas else (f"{self.page}/create", "url")
        answer = self.browser.get(path, params={name: url})
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    def switch(self, client_id: str, *, on: bool) -> None:
        """Switch a registration on or off."""
        value = (
            {"workflow_state": "on" if on else "off"} if self.site.name == "canvas" else {"enabled": str(on).lower()}
        )
        self.posted(client_id, value)

    def posted(self, path: str, fields: dict[str, str]) -> None:
        """Post a form of the page."""
        csrf = re.search(r'name="(authenticity_token|d2l_referrer)" value="([^"]+)"', self.browser.get(self.page).text)
        assert csrf is not None
        done = self.browser.http.post(f"{self.page}/{path}", data={csrf[1]: unescape(csrf[2]), **fields})
        assert done.status_code == 302, done.text

    def switched_on(self, client_id: str) -> str:
        """Switch the new registration on. Returns the page that opens the tool."""
        if self.site.name == "brightspace":
            assert "disabled" in self.browser.get(self.page).text
        self.switch(client_id, on=True)
        if self.site.name == "canvas":
            tools = self.site.lms.dump()["canvas"]["tools"]
            tool = next(item for item in tools if str(item.get("developer_key_id")) == client_id)
            return f"/courses/1/external_tools/{tool['id']}"
        self.posted(f"{client_id}/deployments", {"orgUnitId": "6836"})
        section = self.site.lms.dump()["brightspace"]
        deployment = next(item for item in section["deployments"] if item["client_id"] == client_id)
        link = next(lti_link for lti_link in section["lti_links"] if lti_link["deployment_id"] == deployment["id"])
        return f"/d2l/le/lti/6836/launch/{link['id']}"


@pytest.fixture(params=[CanvasSite, BrightspaceSite], ids=["canvas", "brightspace"])
def registrar(request: pytest.FixtureRequest, lms: Emulator) -> Any:
    site = request.param(lms)
    yield Registrar(site)
    site.close()


def test_ltiaas_takes_on_the_platform_and_the_launch_works(registrar: Registrar, lms: Emulator) -> None:
    site, api = registrar.site, {"Authorization": f"Bearer {lms.ltiaas.api_key}"}
    known = httpx.get(f"{lms.ltiaas.url}/api/platforms", headers=api).json()["platforms"]
    sent = registrar.begun(f"{lms.ltiaas.url}/lti/register")
    done = httpx.get(sent)
    assert done.status_code == 200, done.text
    assert "org.imsglobal.lti.close" in done.text
    platforms = httpx.get(f"{lms.ltiaas.url}/api/platforms", headers=api).json()["platforms"]
    (added,) = [platform for platform in platforms if platform not in known]
    httpx.post(f"{lms.ltiaas.url}/api/platforms/{added['id']}/activate", headers=api)
    student = site.browser()
    home = "/courses/1" if site.name == "canvas" else "/d2l/home/6836"
    student.sign_in(student.follow(student.get(home)), site.info.student)
    opened = registrar.switched_on(added["clientId"])
    action, fields = form(student.follow(student.get(opened)).text)
    assert fields["client_id"] == added["clientId"]
    login = student.http.post(action, data=fields)
    action, fields = form(student.follow(student.get(login.headers["location"])).text)
    launched = student.http.post(action, data=fields)
    assert (launched.status_code, "ltik=" in launched.headers["location"]) == (302, True), launched.text
    services_work(lms, dict(parse_qsl(urlsplit(launched.headers["location"]).query))["ltik"])


@pytest.mark.slow
@node.needs("ltijs@5.9.9")
@pytest.mark.parametrize("kind", [CanvasSite, BrightspaceSite], ids=["canvas", "brightspace"])
def test_ltijs_registers_itself_and_works(kind: type[Any]) -> None:
    """It asks for no placement, so that Canvas opens it by its address alone; and takes `authorization_server`, a bare
    host there, for the audience, so that it gets no token.
    """
    port = free_port()
    with Emulator.start(allow_outgoing=[f"127.0.0.1:{port}"]) as lms, ltijs(port, {}, works=True) as url:
        site = kind(lms)
        registrar = Registrar(site)
        table, name = ("developer_keys", "id") if site.name == "canvas" else ("registrations", "client_id")
        known = {str(row[name]) for row in lms.dump()[site.name][table]}
        done = httpx.get(registrar.begun(f"{url}/register"), timeout=30)
        assert "org.imsglobal.lti.close" in done.text, (done.text, site.diagnosis)
        (client,) = {str(row[name]) for row in lms.dump()[site.name][table]} - known
        page, student = registrar.switched_on(client), site.info.student
        if site.name == "canvas":
            page = f"/courses/1/external_tools/retrieve?url={quote(url, safe='')}%2Flaunch"
        login = student.login if site.name == "canvas" else student.username
        with closing(HttpVisitor("allow")) as visitor:
            landing = visitor.open(site.url + page, Person(login, student.password))
        did = landing.text
        if site.name == "canvas":
            assert '{"error":"HTTPError' in did, landing
            assert site.reason == "assertion_wrong_audience"
        else:
            assert '"message":"LtiResourceLinkRequest"' in did, landing
            assert '"results":[7]' in did
        site.close()


def services_work(lms: Emulator, ltik: str) -> None:
    """A tool behind LTIAAS reads the roster, makes a column, and gives a score, at a platform that registered it."""
    headers = {"Authorization": f"LTIK-AUTH-V2 {lms.ltiaas.api_key}:{ltik}"}
    with httpx.Client(base_url=lms.ltiaas.url, headers=headers) as api:
        user = api.get("/api/idtoken").json()["user"]["id"]
        members = api.get("/api/memberships")
        assert members.status_code == 200, members.text
        assert user in [member["userId"] for member in members.json()["members"]], members.text
        made = api.post("/api/lineitems", json={"label": "Work", "scoreMaximum": 10, "tag": "work"})
        assert made.status_code == 201, made.text
        score = {
            "userId": user, "scoreGiven": 7, "scoreMaximum": 10, "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
        }  # fmt: skip
        item = f"/api/lineitems/{quote(made.json()['id'], safe='')}"
        sent = api.post(f"{item}/scores", json=score)
        assert sent.is_success, sent.text
        found = api.get(f"{item}/scores").json()["scores"]
        assert [(entry["userId"], entry["resultScore"]) for entry in found] == [(user, 7)]
        assert [row["label"] for row in api.get("/api/lineitems", params={"tag": "work"}).json()["lineItems"]] == [
            "Work"
        ]


def refused(answer: httpx.Response, status: int, reason: str, site: LmsSite) -> None:
    assert (answer.status_code, site.reason) == (status, reason), answer.text


def test_platform_configuration_and_registration(registrar: Registrar) -> None:
    site = registrar.site
    canvas = site.name == "canvas"
    sent = httpx.URL(registrar.begun()).params
    assert sent["a"] == "1"
    config = httpx.get(sent["openid_configuration"]).json()
    assert config["issuer"] == ("https://canvas.instructure.com" if canvas else site.url)
    assert config[PLATFORM]["product_family_code"] == ("canvas" if canvas else "desire2learn")
    assert httpx.get(config["jwks_uri"]).json()["keys"]
    bearer = {"Authorization": f"Bearer {sent['registration_token']}"}
    endpoint = config["registration_endpoint"]
    invalid = 422 if canvas else 400
    refused(httpx.post(endpoint, json=REQUEST), 401, "registration_token_missing", site)
    unknown = {"Authorization": "Bearer x"}
    refused(httpx.post(endpoint, json=REQUEST, headers=unknown), 401, "registration_token_unknown", site)
    assert (canvas, httpx.post(endpoint, json=REQUEST, headers=unknown).json().get("errors")) in (
        (True, [{"message": "An error occurred.", "error_code": "unauthorized"}]),
        (False, None),
    )
    for change in (
        {"application_type": "native"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"grant_types": ["implicit"]},
        {"response_types": "id_token"},
        {"client_name": ""},
        {"jwks_uri": None},
        {"redirect_uris": []},
        {"scope": ["openid"]},
        {TOOL: {}},
        {TOOL: {**REQUEST[TOOL], "messages": [{}]}},
    ):
        wrong = {**REQUEST, **change}
        refused(httpx.post(endpoint, json=wrong, headers=bearer), invalid, "registration_invalid", site)
        if canvas:
            refused(httpx.post(endpoint, json=REQUEST, headers=bearer), 401, "registration_token_used", site)
            bearer = {"Authorization": f"Bearer {httpx.URL(registrar.begun()).params['registration_token']}"}
    refused(httpx.post(endpoint, content="{", headers=bearer), 400, "registration_invalid", site)
    if canvas:
        bearer = {"Authorization": f"Bearer {httpx.URL(registrar.begun()).params['registration_token']}"}
    taken = httpx.post(endpoint, json=REQUEST, headers=bearer)
    assert taken.status_code == (200 if canvas else 201), taken.text
    assert taken.json()["client_name"] == "Tool"
    assert ("deployment_id" in taken.json()) is canvas
    if canvas:
        tool = taken.json()["https://purl.imsglobal.org/spec/lti-tool-configuration"]
        view = tool["https://canvas.instructure.com/lti/registration_config_url"]
        assert httpx.get(view).headers["location"].endswith(f"/developer_keys#key-{taken.json()['client_id']}")
        assert httpx.get(view.replace("/view", "0/view")).status_code == 404
        path = httpx.URL(view).path
        assert httpx.get(view.replace("/accounts/", "/accounts/9")).status_code == 404, path
        older = view.replace(path, f"/api/lti{path[path.index('/registrations/') :]}")
        assert httpx.get(older).headers["location"] == httpx.get(view).headers["location"]
    refused(httpx.post(endpoint, json=REQUEST, headers=bearer), 401, "registration_token_used", site)
    late = httpx.URL(registrar.begun()).params["registration_token"]
    site.lms.clock.advance(seconds=3601)
    old = {"Authorization": f"Bearer {late}"}
    refused(httpx.post(endpoint, json=REQUEST, headers=old), 401, "registration_token_expired", site)


def test_who_may_register_tools(registrar: Registrar) -> None:
    site = registrar.site
    student = site.browser()
    student.sign_in(student.follow(student.get(registrar.page)), site.info.student)
    assert student.get(registrar.page).status_code == 403
    if site.name == "canvas":
        assert student.get("/api/lti/register").status_code == 400, "no role is asked, but an address"
        by_token = {"Authorization": f"Bearer {site.info.access_tokens.teacher}"}
        begun = httpx.get(f"{site.url}/api/lti/register?registration_url=https://tool.example", headers=by_token)
        assert begun.headers["location"].startswith("https://tool.example?")
        assert "x-canvas-user-id" in begun.headers
        site.lms.settings["canvas.dynamic_registration"] = False
        assert student.get("/api/lti/register?registration_url=https://tool.example").status_code == 404
        assert httpx.get(f"{site.url}/api/lti/security/openid-configuration").status_code == 404
    else:
        assert student.get(f"{registrar.page}/create?url=https://tool.example").status_code == 403
        for url in ("tool", "http://tool.example/register"):
            assert registrar.browser.get(f"{registrar.page}/create?url={url}").status_code == 400


def test_brightspace_registers_no_tool_with_urls_that_are_not_https(lms: Emulator) -> None:
    """https://documentation.brightspace.com/EN/integrations/ipsis/LTI%20Advantage/dynamic_registration.htm."""
    site = BrightspaceSite(lms)
    try:
        token = httpx.URL(Registrar(site).begun()).params["registration_token"]
        endpoint, bearer = f"{site.url}/d2l/api/lti/registrations", {"Authorization": f"Bearer {token}"}
        bare = "http://tool.example/x"
        for change in (
            {"jwks_uri": bare},
            {"initiate_login_uri": bare},
            {"redirect_uris": [*REQUEST["redirect_uris"], bare]},
            {TOOL: {**REQUEST[TOOL], "target_link_uri": bare}},
        ):
            refused(
                httpx.post(endpoint, json={**REQUEST, **change}, headers=bearer), 400, "registration_url_insecure", site
            )
        assert httpx.post(endpoint, json={**REQUEST, "jwks_uri": "http://127.0.0.1:9/k"}, headers=bearer).is_success
    finally:
        site.close()


@pytest.mark.parametrize("deploys", [True, False])
def test_brightspace_deploys_a_tool_if_the_administrator_lets_it(lms: Emulator, deploys: bool) -> None:
    site = BrightspaceSite(lms)
    try:
        registrar = Registrar(site)
        page = f"{registrar.page}/create?url=https://tool.example/register" + ("&deploys=true" if deploys else "")
        sent = httpx.URL(registrar.browser.get(page).headers["location"]).params
        config = httpx.get(sent["openid_configuration"]).json()
        message = {"type": lti13.RESOURCE_LINK_REQUEST, "label": "Rooms", "target_link_uri": "https://tool.example/r"}
        body = {**REQUEST, TOOL: {**REQUEST[TOOL], "messages": [message, {"type": lti13.DEEP_LINKING_REQUEST}]}}
        bearer = {"Authorization": f"Bearer {sent['registration_token']}"}
        answer = httpx.post(config["registration_endpoint"], json=body, headers=bearer).json()
        section = lms.dump()["brightspace"]
        made = [deployment for deployment in section["deployments"] if deployment["client_id"] == answer["client_id"]]
        assert [item["id"] for item in made] == ([answer[TOOL]["deployment_id"]] if deploys else [])
        links = [link for link in section["lti_links"] if link["deployment_id"] in [item["id"] for item in made]]
        assert [(link["title"], link["url"]) for link in links] == [("Rooms", "https://tool.example/r")] * deploys
        assert ("deployment_id" in answer[TOOL]) is deploys
        assert {item["org_unit_id"] for item in made} == ({6606} if deploys else set())
    finally:
        site.close()


def test_brightspace_shows_submissions_in_a_tool_that_registers_for_it(lms: Emulator) -> None:
    site = BrightspaceSite(lms)
    try:
        registrar = Registrar(site)
        for kinds, shown in (([lti13.RESOURCE_LINK_REQUEST], False), ([lti13.SUBMISSION_REVIEW_REQUEST], True)):
            sent = httpx.URL(registrar.begun()).params
            config = httpx.get(sent["openid_configuration"]).json()
            assert {"type": lti13.SUBMISSION_REVIEW_REQUEST} in config[PLATFORM]["messages_supported"]
            body = {**REQUEST, TOOL: {**REQUEST[TOOL], "messages": [{"type": kind} for kind in kinds]}}
            body["client_name"] = f"Tool for {kinds[0]}"
            bearer = {"Authorization": f"Bearer {sent['registration_token']}"}
            client = httpx.post(config["registration_endpoint"], json=body, headers=bearer).json()["client_id"]
            registrar.switched_on(client)
            made = next(row for row in lms.dump()["brightspace"]["deployments"] if row["client_id"] == client)
            assert ("submission_review" in made["extensions"]) is shown
    finally:
        site.close()
