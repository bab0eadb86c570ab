"""Registering at Canvas, by self-registration or with a mailed code, and a school's ways to sign in."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import httpx

from contract_tests.canvas.support import Browser, Site


def test_whoever_may_register_is_signed_in_at_once(canvas: Site) -> None:
    browser = canvas.browser()
    csrf = {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}

    def register(**changes: str) -> httpx.Response:
        token = _authenticity_token(browser)
        sent = {"user[name]": "New Comer", "user[terms_of_use]": "1", "pseudonym[unique_id]": "new@example.test"}
        return browser.http.post("/users", data={**sent, **changes, "authenticity_token": token}, headers=csrf)

    assert browser.http.get("/register").headers["location"].endswith("/"), "the school registers nobody"
    assert register().status_code == 403
    world = canvas.lms.dump()
    school = next(account for account in world["canvas"]["accounts"] if account.get("parent_account_id") is None)
    school["settings"] = {"self_registration_type": "all"}
    canvas.lms.load(world)
    assert register(**{"pseudonym[unique_id]": "no address"}).json()["errors"]["pseudonym"]["unique_id"]
    assert register().json()["user"]["user"]["workflow_state"] == "pre_registered"
    assert browser.http.get("/api/v1/users/self").json()["name"] == "New Comer"


def test_an_admin_s_newcomer_registers_once_with_the_mailed_code(canvas: Site) -> None:
    sent = {
        "user[name]": "In Vited",
        "pseudonym[unique_id]": "in@example.test",
        "communication_channel[address]": "in@example.test",
        "communication_channel[confirmation_url]": "true",
    }
    url = canvas.admin.post("/api/v1/accounts/1/users", data=sent).json()["confirmation_url"]
    browser = canvas.browser()
    assert browser.http.get(url).status_code == 200

    def confirm(password: str) -> httpx.Response:
        given = {"pseudonym[password]": password, "authenticity_token": _authenticity_token(browser)}
        return browser.http.post(url, data=given, headers={"Accept": "application/json"})

    assert confirm("short").json()["errors"]["pseudonym"]["password"][0]["type"] == "too_short"
    assert confirm("long-enough").status_code == 200
    assert browser.http.get("/api/v1/users/self").json()["name"] == "In Vited"
    assert confirm("long-enough").status_code == 400
    assert browser.http.get(url).status_code == 400


def test_the_school_s_way_to_sign_in_comes_first(canvas: Site) -> None:
    providers = "/api/v1/accounts/1/authentication_providers"
    cas = {"auth_type": "cas", "auth_base": "https://cas.example.test", "position": "1"}
    made = canvas.admin.post(providers, data=cas).json()
    client = canvas.client()
    assert client.get("/login").headers["location"] == f"{canvas.url}/login/cas"
    address = client.get(f"/login/{made['id']}").headers["location"]
    assert client.get(address).headers["location"].startswith("https://cas.example.test/login?service=")
    assert client.get("/login/saml").status_code == 404


def _authenticity_token(browser: Browser) -> str:
    page = browser.http.get("/login/canvas").text
    found = re.search(r'name="authenticity_token" value="([^"]+)"', page)
    assert found is not None
    return unescape(found[1])


def test_sign_ins_are_recorded_for_the_audit(canvas: Site) -> None:
    audit = "/api/v1/audit/authentication"
    browser, student = canvas.browser(), canvas.student.get("/api/v1/users/self").json()["id"]
    browser.sign_in(browser.follow(browser.get("/login")), canvas.info.student)
    canvas.lms.clock.advance(minutes=1)
    browser.http.request("DELETE", "/logout", data={"authenticity_token": _authenticity_token(browser)})
    found = canvas.student.get(f"{audit}/users/self").json()
    assert [event["event_type"] for event in found["events"]] == ["logout", "login"]
    links = found["events"][0]["links"]
    assert found["linked"]["users"][0]["id"] == links["user"] == student
    paths = (f"logins/{links['login']}", f"accounts/{links['account']}", f"users/{student}")
    for path in paths:
        assert canvas.admin.get(f"{audit}/{path}").json()["events"] == found["events"]
        answer = canvas.teacher.get(f"{audit}/{path}")
        assert answer.status_code == 403
    late = canvas.student.get(f"{audit}/users/self", params={"start_time": "2100-01-01T00:00:00Z"}).json()
    assert late["events"] == []


def test_a_forgotten_password_is_that_of_the_login_that_is_named(canvas: Site) -> None:
    """The form's own login, or another of the same person; nobody else's, and each code works once."""
    admin, logins = canvas.admin, "/api/v1/accounts/1/logins"
    sent = {"user[id]": "101", "login[unique_id]": "ada-too", "login[password]": "first-password"}
    second = admin.post(logins, data=sent).json()["id"]
    others = admin.get("/api/v1/users/102/logins").json()[0]["id"]
    usual = canvas.lms.canvas.student.login

    def ask(new: str = "a-new-password", again: str = "a-new-password", **fields: object) -> int:
        browser = canvas.browser()
        token = _authenticity_token(browser)
        forgot = {"pseudonym_session[unique_id_forgot]": usual, "authenticity_token": token}
        assert browser.http.post("/forgot_password", data=forgot).status_code == 302
        page = browser.get(canvas.lms.outbox.emails[-1].data["link"])
        names = {"password": new, "password_confirmation": again, **fields}
        return browser.submit(page, **{f"pseudonym[{name}]": str(value) for name, value in names.items()}).status_code

    def password(number: int) -> str:
        rows = canvas.lms.dump()["canvas"]["pseudonyms"]
        return next(row["password"] for row in rows if row["id"] == number)

    assert [ask("short", "short"), ask(again="another-password"), ask(id=others)] == [400] * 3
    assert (password(second), ask(id=second), password(second)) == ("first-password", 302, "a-new-password")
    first = next(item["id"] for item in admin.get("/api/v1/users/101/logins").json() if item["unique_id"] == usual)
    assert password(first) != "a-new-password"
    assert (ask(), password(first)) == (302, "a-new-password")


PROVIDERS = "/api/v1/accounts/1/authentication_providers"


def test_providers_show_settings_of_the_account_and_what_they_may_fill_in(canvas: Site) -> None:
    admin = canvas.admin
    sent: dict[str, Any] = {
        "auth_type": "saml",
        "login_handle_name": "Number",
        "federated_attributes": {"email": "mail"},
    }
    made = admin.post(PROVIDERS, json={"authentication_provider": sent}).json()
    assert (made["login_handle_name"], made["federated_attributes"]) == ("Number", {"email": "mail"})
    assert admin.get("/api/v1/accounts/1/sso_settings").json()["sso_settings"]["login_handle_name"] == "Number"
    admin.put("/api/v1/accounts/1/sso_settings", json={"sso_settings": {"change_password_url": "https://x.example"}})
    path = f"{PROVIDERS}/{made['id']}"
    assert admin.get(path).json()["change_password_url"] == "https://x.example"
    only = {"name": {"attribute": "cn", "provisioning_only": "1"}, "email": "mail"}
    changed = admin.put(path, json={"federated_attributes": only, "mfa_option": "required"}).json()
    assert (changed["federated_attributes"], changed["mfa_required"]) == ({"email": "mail"}, True)
    whole = admin.put(path, json={"jit_provisioning": True}).json()["federated_attributes"]
    assert whole["name"] == {"attribute": "cn", "provisioning_only": True}
    refused = admin.put(path, json={"federated_attributes": {"shoe_size": "x"}})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["message"] == "shoe_size is not an attribute that can be federated"


def test_a_removed_provider_leaves_its_place_and_takes_its_logins_along(canvas: Site) -> None:
    admin = canvas.admin
    cas, ldap = (admin.post(PROVIDERS, json={"auth_type": value}).json() for value in ("cas", "ldap"))
    assert ldap["auth_over_tls"] == "start_tls"
    person = admin.get("/api/v1/users/self").json()["id"]
    login = {"user": {"id": person}, "login": {"unique_id": "by.cas", "authentication_provider_id": str(cas["id"])}}
    assert admin.post("/api/v1/accounts/1/logins", json=login).status_code == 200
    assert admin.delete(f"{PROVIDERS}/{cas['id']}").json()["position"] == cas["position"]
    assert admin.get(f"{PROVIDERS}/{ldap['id']}").json()["position"] == ldap["position"] - 1
    assert "by.cas" not in [row["unique_id"] for row in admin.get(f"/api/v1/users/{person}/logins").json()]
