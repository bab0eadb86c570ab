"""Registrations, deployments and sharing by the REST API, as tools and launches see them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from contract_tests.brightspace.lti import CLIENT, signed_in
from contract_tests.brightspace.support import Site
from contract_tests.lti_tool import LAUNCH, LOGIN, KeySite, Tool, initiation, posted
from lms_emulator.signing import lti13

LE = "/d2l/api/le/1.79/ltiadvantage"
REGISTRATIONS, DEPLOYMENTS = f"{LE}/registration/", f"{LE}/deployment/"
OWN = "http://www.brightspace.com"
SENDS = (
    *("SendUserFirstName", "SendUserLastName", "SendUserMiddleName", "SendUserEmail", "SendD2LUserId"),
    *("SendD2LUserName", "SendD2LOrgDefinedId", "SendOrgUnitInfo", "SendLinkTitle", "SendLinkDescription"),
)


@pytest.fixture
def api(brightspace: Site, tool: Tool) -> httpx.Client:
    """The administrator. Another tool's registration names the site with the keys, so that it is asked."""
    return brightspace.api(brightspace.tokens("administrator", scope="ltiadvantage:*:*")["access_token"])


def wanted(keys: str, **changes: Any) -> dict[str, Any]:
    """A registration that holds, but for the changes (`...` leaves a member out)."""
    body = {
        "Name": "By REST",
        "Description": "A tool",
        "Domain": "https://rest.example",
        "OpenIDConnectLoginUrl": LOGIN,
        "TargetLinkUri": LAUNCH,
        "KeysetUrl": keys,
        "RedirectUrls": [LAUNCH],
        "IsEnabled": True,
        "Extensions": [1, 3],
        "SendInstitutionRole": True,
        "CustomParameters": [{"Name": "a", "Value": "b"}],
        "SubstitutionParameters": [{"Name": "who", "Value": "$User.username"}],
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}


class Made:
    """A tool that was registered, deployed and shared with the course by REST, with a link there."""

    def __init__(self, site: Site, api: httpx.Client, keys: KeySite) -> None:
        self.site, self.api = site, api
        self.registration = api.post(REGISTRATIONS, json=wanted(keys.url)).json()
        deployment = {"Name": "D", "ClientId": self.registration["ClientId"], "EnabledExtensions": [1, 3]}
        deployment |= dict.fromkeys(SENDS, True)
        self.deployment = api.post(DEPLOYMENTS, json=deployment).json()
        self.where = f"{DEPLOYMENTS}{self.deployment['DeploymentId']}"
        self.tool = Tool(
            issuer=self.registration["BrightspaceIssuer"],
            client_id=self.registration["ClientId"],
            deployment_id=self.deployment["DeploymentId"],
            auth_url=self.registration["BrightspaceOIDCAuthenticationEndpoint"],
            token_url=self.registration["BrightspaceOAuth2AccessTokenUrl"],
            audience=self.registration["BrightspaceOAuth2Audience"],
            keys_url=self.registration["BrightspaceKeysetUrl"],
        )
        keys.publish(self.tool)
        link = {"DeploymentId": self.deployment["DeploymentId"], "Name": "Week 1", "URL": LAUNCH, "Type": 1}
        link["Description"] = "Begin here"
        self.link = api.post(f"{LE}/links/organization/", json=link).json()

    def share(self, unit: int = 6836, *, itself: bool = True, below: bool = False) -> httpx.Response:
        rule = {"SharingOrgUnitId": unit, "ShareWithOrgUnit": itself, "ShareWithDescendants": below}
        return self.api.post(f"{self.where}/sharing/", json=rule)

    def page(self, unit: int = 6836) -> str:
        return f"/d2l/le/lti/{unit}/launch/exu-{self.link['LinkId']}_6606"

    def launched(self, who: str = "student") -> dict[str, Any]:
        browser = signed_in(self.site, who)
        _, fields = posted(browser, self.tool.login(initiation(browser, self.page())))
        return dict(self.tool.launch(fields).get_launch_data())

    def change(self, **changes: Any) -> dict[str, Any]:
        """Change the deployment."""
        body = {name: value for name, value in self.deployment.items() if name not in ("DeploymentId", "IsAvailable")}
        answer = self.api.put(self.where, json=body | changes)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture
def made(brightspace: Site, api: httpx.Client, keys: KeySite) -> Iterator[Made]:
    managed = Made(brightspace, api, keys)
    yield managed
    managed.tool.http.close()


def test_a_registration_tells_the_tool_what_it_has_to_know(brightspace: Site, made: Made) -> None:
    said = made.registration
    assert said == wanted(said["KeysetUrl"]) | {
        "ClientId": said["ClientId"],
        "Extensions": [1, 2, 3],
        "BrightspaceKeysetUrl": f"{brightspace.url}/d2l/.well-known/jwks",
        "BrightspaceOAuth2AccessTokenUrl": f"{brightspace.url}/core/connect/token",
        "BrightspaceOIDCAuthenticationEndpoint": f"{brightspace.url}/d2l/lti/authenticate",
        "BrightspaceOAuth2Audience": "https://api.brightspace.com/auth/token",
        "BrightspaceIssuer": brightspace.url,
    }
    assert made.api.get(f"{REGISTRATIONS}{said['ClientId']}").json() == said
    assert said in made.api.get(REGISTRATIONS).json()["Objects"]
    assert said not in made.api.get(f"{REGISTRATIONS}?isEnabled=false").json()["Objects"]


def test_a_tool_made_by_rest_is_launched_where_it_is_shared(brightspace: Site, made: Made) -> None:
    assert signed_in(brightspace).get(made.page()).status_code == 404
    assert made.share().json() == {"SharingOrgUnitId": 6836, "ShareWithOrgUnit": True, "ShareWithDescendants": False}
    data = made.launched()
    assert data[f"{lti13.CLAIM}deployment_id"] == made.deployment["DeploymentId"]
    assert data[f"{lti13.CLAIM}context"]["id"] == "6836"
    assert f"{made.link['LinkId']}_6606" in data[f"{lti13.CLAIM}resource_link"]["id"]
    services = data[lti13.AGS_CLAIM]["lineitems"], data[lti13.NRPS_CLAIM]["context_memberships_url"]
    assert all(f"deployment/{made.deployment['DeploymentId']}/orgunit/6836" in url for url in services)
    assert "Week 1" in signed_in(brightspace).get("/d2l/home/6836").text
    assert signed_in(brightspace).get(made.page(6837)).status_code == 404


def test_services_work_where_a_deployment_is_shared(brightspace: Site, made: Made) -> None:
    made.share(6606, itself=False, below=True)
    now = brightspace.lms.clock.now
    fields = {"grant_type": "client_credentials", "client_assertion_type": lti13.JWT_BEARER}
    fields["client_assertion"] = made.tool.assertion(made.registration["BrightspaceOAuth2Audience"], now)
    fields["scope"] = f"{lti13.SCOPE_MEMBERSHIP} {' '.join(lti13.AGS_SCOPES)}"
    token = httpx.post(made.registration["BrightspaceOAuth2AccessTokenUrl"], data=fields).json()["access_token"]
    tool = brightspace.api(token)
    where = f"deployment/{made.deployment['DeploymentId']}/orgunit"
    items = f"/d2l/api/lti/ags/2.0/{where}"
    assert tool.post(f"{items}/6836/lineitems", json={"label": "Essay", "scoreMaximum": 5}).status_code == 201
    assert [len(tool.get(f"{items}/{unit}/lineitems").json()) for unit in (6836, 6837)] == [1, 0]
    item = tool.get(f"{items}/6836/lineitems").json()[0]["id"]
    assert tool.get(item).status_code == 200
    assert tool.get(item.replace("orgunit/6836", "orgunit/6837")).status_code == 404
    members = tool.get(f"/d2l/api/lti/nrps/2.0/{where}/6836/memberships").json()["members"]
    assert len(members) == 3
    made.api.delete(f"{made.where}/sharing/")
    assert tool.get(item).status_code == 404


@pytest.mark.parametrize(
    ("switch", "claims"),
    [
        ("SendUserFirstName", {"given_name"}),
        ("SendUserLastName", {"family_name"}),
        ("SendUserEmail", {"email"}),
        ("SendD2LUserId", {"user_id"}),
        ("SendD2LUserName", {"username", "who"}),
        ("SendD2LOrgDefinedId", {"org_defined_id", "person_sourcedid"}),
        ("SendOrgUnitInfo", {"context", "course_offering_sourcedid", "course_section_sourcedid"}),
        ("SendLinkTitle", {"title"}),
        ("SendLinkDescription", {"description"}),
    ],
)
def test_each_security_setting_withholds_its_claims(made: Made, switch: str, claims: set[str]) -> None:
    made.share()

    def claims_now() -> dict[str, Any]:
        data = made.launched()
        found = {"given_name", "family_name", "email"} & set(data)
        for part in (OWN, f"{lti13.CLAIM}lis", f"{lti13.CLAIM}resource_link"):
            found |= set(data.get(part, {}))
        found |= {name for name, value in data[f"{lti13.CLAIM}custom"].items() if value}
        return dict.fromkeys((*found, *(["context"] if f"{lti13.CLAIM}context" in data else [])), 1)

    assert made.change(CustomParameters=made.registration["SubstitutionParameters"])[switch] is True
    before = claims_now()
    assert made.change(CustomParameters=made.registration["SubstitutionParameters"], **{switch: False})[switch] is False
    assert set(before) - set(claims_now()) == claims


def test_nobody_is_named_in_an_anonymous_deployment(made: Made) -> None:
    made.share()
    assert made.change(IsAnonymous=True)["IsAnonymous"] is True
    data = made.launched()
    assert not {"name", "email", "given_name"} & set(data)
    assert data[f"{lti13.CLAIM}roles"] == []


def test_what_is_disabled_or_deleted_is_not_launched(brightspace: Site, made: Made, keys: KeySite) -> None:
    made.share()
    browser, client = signed_in(brightspace), made.registration["ClientId"]
    assert made.change(IsEnabled=False)["IsAvailable"] is False
    assert browser.get(made.page()).status_code == 404
    made.change()
    off = made.api.put(f"{REGISTRATIONS}{client}", json=wanted(keys.url, IsEnabled=False))
    assert off.json()["IsEnabled"] is False
    assert browser.get(made.page()).status_code == 404
    assert made.api.get(made.where).json()["IsAvailable"] is False
    for query, found in (("isAvailable=false", True), ("isAvailable=true", False), (f"clientId={CLIENT}", False)):
        rows = made.api.get(f"{DEPLOYMENTS}?{query}").json()["Objects"]
        assert (made.deployment["DeploymentId"] in [row["DeploymentId"] for row in rows]) is found, query
    assert made.api.delete(f"{REGISTRATIONS}{client}").status_code == 200
    for path in (f"{REGISTRATIONS}{client}", made.where, f"{made.where}/sharing/"):
        assert made.api.get(path).status_code == 404
    brightspace.lms.load(brightspace.lms.dump())


def test_a_deleted_deployment_takes_its_links_along(brightspace: Site, made: Made) -> None:
    made.share()
    assert made.api.delete(made.where).status_code == 200
    assert made.api.get(f"{LE}/links/organization/{made.link['LinkId']}").status_code == 404
    assert made.api.get(f"{REGISTRATIONS}{made.registration['ClientId']}").status_code == 200
    assert brightspace.lms.dump()["brightspace"].get("sharing_rules", []) == []


def test_sharing_rules(made: Made) -> None:
    rules = f"{made.where}/sharing/"
    assert made.api.get(rules).json()["Objects"] == []
    made.share(6606, itself=False, below=True)
    made.share(6836)
    assert made.share(6836, itself=False).json()["ShareWithOrgUnit"] is False
    assert made.api.get(f"{rules}6836").json()["ShareWithOrgUnit"] is False
    changed = {"SharingOrgUnitId": 6836, "ShareWithOrgUnit": True, "ShareWithDescendants": False}
    assert made.api.put(f"{rules}6836", json=changed).json() == changed
    shown = made.api.get(rules).json()["Objects"]
    assert [(rule["SharingOrgUnitId"], rule["Inherited"]) for rule in shown] == [(6606, False), (6836, False)]
    shown = made.api.get(f"{rules}?incldueInherited=true").json()["Objects"]
    assert [rule["SharingOrgUnitId"] for rule in shown if rule["Inherited"]] == [6837, 6838]
    only = made.api.get(f"{rules}?includeInherited=true&orgUnitId=6837").json()["Objects"]
    assert [rule["SharingOrgUnitId"] for rule in only] == [6837]
    assert made.api.put(f"{rules}6836", json=changed | {"SharingOrgUnitId": 6837}).status_code == 400
    for wrong in ({"SharingOrgUnitId": 1}, {"ShareWithOrgUnit": "yes"}, {"SharingOrgUnitId": None}):
        assert made.api.post(rules, json=changed | wrong).status_code == 400, wrong
    assert made.api.put(f"{rules}6838", json=changed).status_code == 404
    assert made.api.delete(f"{rules}6836").status_code == 200
    assert made.api.get(f"{rules}6836").status_code == made.api.delete(f"{rules}6836").status_code == 404


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Name": "PyLTI1p3"}, "name_taken"),
        ({"Name": " "}, "registration_incomplete"),
        ({"Domain": ...}, "registration_invalid"),
        ({"RedirectUrls": []}, "registration_incomplete"),
        ({"RedirectUrls": LAUNCH}, "registration_invalid"),
        ({"RedirectUrls": ["http://tool.example/launch"]}, "registration_url_insecure"),
        ({"OpenIDConnectLoginUrl": ...}, "registration_invalid"),
        ({"OpenIDConnectLoginUrl": "http://tool.example/login"}, "registration_url_insecure"),
        ({"Extensions": [8]}, "extension_unknown"),
        ({"IsEnabled": "yes"}, "registration_invalid"),
    ],
)
def test_wrong_registrations_are_refused(
    brightspace: Site, tool: Tool, api: httpx.Client, change: dict[str, Any], reason: str
) -> None:
    before = brightspace.lms.dump()["brightspace"]["registrations"]
    answer = api.post(REGISTRATIONS, json=wanted("https://rest.example/keys", **change))
    assert (answer.status_code, brightspace.reason) == (400, reason), answer.text
    assert answer.json()["title"] == "Invalid Parameters"
    assert brightspace.lms.dump()["brightspace"]["registrations"] == before
    assert api.post(REGISTRATIONS, json=[]).status_code == 400
    profile = api.post(REGISTRATIONS, json=wanted("https://rest.example/keys", Extensions=[4]))
    assert (profile.status_code, "ActivityItemProfile" in profile.text) == (501, True)


def test_an_enabled_domain_belongs_to_one_registration(brightspace: Site, made: Made) -> None:
    second = wanted("https://rest.example/keys", Name="Another")
    assert (made.api.post(REGISTRATIONS, json=second).status_code, brightspace.reason) == (400, "domain_taken")
    off = made.api.post(REGISTRATIONS, json=second | {"IsEnabled": False}).json()
    assert made.api.put(f"{REGISTRATIONS}{off['ClientId']}", json=second).status_code == 400
    assert made.api.delete(f"{REGISTRATIONS}{made.registration['ClientId']}").status_code == 200
    assert made.api.put(f"{REGISTRATIONS}{off['ClientId']}", json=second).json()["IsEnabled"] is True


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ClientId": "none"}, "client_unknown"),
        ({"Name": ""}, "name_missing"),
        ({"IsAnonymous": 1}, "deployment_invalid"),
    ],
)
def test_wrong_deployments_are_refused(brightspace: Site, made: Made, change: dict[str, Any], reason: str) -> None:
    body = {"Name": "D", "ClientId": made.registration["ClientId"], **change}
    for answer in (made.api.post(DEPLOYMENTS, json=body), made.api.put(made.where, json=body)):
        assert (answer.status_code, brightspace.reason) == (400, reason), answer.text
    assert made.api.get(made.where).json() == made.deployment


def test_scopes_and_permissions_decide(brightspace: Site, made: Made, keys: KeySite) -> None:
    reads = brightspace.tokens("administrator", scope="ltiadvantage:registrations:read ltiadvantage:deployments:read")
    reader = brightspace.api(reads["access_token"])
    assert reader.get(REGISTRATIONS).status_code == reader.get(f"{made.where}/sharing/").status_code == 200
    for refused in (
        reader.post(REGISTRATIONS, json=wanted(keys.url)),
        reader.delete(made.where),
        reader.delete(f"{made.where}/sharing/"),
    ):
        assert (refused.status_code, "Insufficient scope to call API.Required: " in refused.text) == (403, True)
    teaches = brightspace.api(brightspace.tokens("instructor", scope="ltiadvantage:*:*")["access_token"])
    for path, variable in ((REGISTRATIONS, "LTI.ManageRegistrations"), (DEPLOYMENTS, "LTI.ManageDeployments")):
        answer = teaches.get(path)
        assert (answer.status_code, variable in answer.json()["detail"]) == (403, True)


def test_members_can_be_given_other_names(brightspace: Site, api: httpx.Client) -> None:
    brightspace.lms.settings["brightspace.lti_member_names"] = "TargetLinkUri=TargetLinkUrl"
    body = wanted("https://rest.example/keys", TargetLinkUri=..., TargetLinkUrl="https://rest.example/here")
    said = api.post(REGISTRATIONS, json=body).json()
    assert (said["TargetLinkUrl"], "TargetLinkUri" in said) == ("https://rest.example/here", False)


def test_deep_linking_had_to_be_requested_before_it_was_always_there(brightspace: Site, api: httpx.Client) -> None:
    brightspace.lms.settings["emulator.as_of"] = "2025-06-01"
    assert api.post(REGISTRATIONS, json=wanted("https://rest.example/keys")).json()["Extensions"] == [1, 3]
