"""The administrator's steps by script: forms posted with their CSRF token, at the real addresses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from contract_tests.openedx.web import Browser, Web, controls, errors

APPLICATIONS = "/admin/oauth2_provider/application/"
TOKENS = "/admin/oauth2_provider/accesstoken/"


@pytest.fixture
def admin(web: Web) -> Browser:
    return web.browser(web.info.superuser)


def fill(admin: Browser, path: str, **fields: str) -> Any:
    """Fetch the form, fill it in, post it."""
    page = admin.get(path)
    form = {name: value for name, value in controls(page.text).items() if not name.startswith("_")}
    return admin.http.post(path, data={**form, **fields})


def test_strangers_are_sent_to_sign_in(web: Web) -> None:
    browser = web.browser()
    first = browser.get(APPLICATIONS)
    assert (first.status_code, first.headers["location"]) == (302, f"/admin/login/?next={APPLICATIONS}")
    assert "no-store" in first.headers["cache-control"]
    assert browser.get(first.headers["location"]).headers["location"] == "/login?next=/admin"


def test_learners_and_plain_staff_get_no_further(web: Web) -> None:
    learner = web.browser(web.info.learner)
    assert learner.get(APPLICATIONS).status_code == 302
    assert "not authorized" in learner.get("/admin/login/").text
    staff = web.browser(web.info.staff)
    assert "You don’t have permission to view or edit anything." in staff.get("/admin/").text
    assert staff.get(APPLICATIONS).status_code == 403


def test_the_index(admin: Browser) -> None:
    page = admin.get("/admin/")
    assert "<title>Site administration | LMS Administration</title>" in page.text
    for name in ("Access tokens", "Applications", "Grants", "Id tokens", "Refresh tokens"):
        assert name in page.text


def test_an_application_from_the_form_works(web: Web, admin: Browser) -> None:
    defaults = controls(admin.get(f"{APPLICATIONS}add/").text)
    assert re.fullmatch(r"[A-Za-z0-9]{40}", defaults["client_id"])
    assert re.fullmatch(r"[A-Za-z0-9]{128}", defaults["client_secret"])
    answer = fill(
        admin,
        f"{APPLICATIONS}add/",
        client_id="made",
        client_secret="made-secret",
        user=str(web.info.superuser.id),
        client_type="confidential",
        authorization_grant_type="client-credentials",
        name="Made & tried",
    )
    assert (answer.status_code, answer.headers["location"]) == (302, APPLICATIONS)
    page = admin.get(APPLICATIONS)
    assert "“<a href=" in page.text
    assert "Made &amp; tried</a>” was added successfully." in page.text
    assert "was added successfully" not in admin.get(APPLICATIONS).text
    issued = web.token(grant_type="client_credentials", client_id="made", client_secret="made-secret")
    assert web.me(issued.json()["access_token"]).json() == {"username": web.info.superuser.username}
    found = admin.get(APPLICATIONS, params={"q": "MADE"})
    assert "1 result " in found.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"client_id": ""}, "This field is required."),
        ({"client_id": "demo-trusted-id"}, "Application with this Client id already exists."),
        ({"client_id": "x" * 101}, "Ensure this value has at most 100 characters (it has 101)."),
        ({"user": "999"}, "Select a valid choice. That choice is not one of the available choices."),
        ({"client_type": ""}, "This field is required."),
        ({"client_type": "odd"}, "Select a valid choice. odd is not one of the available choices."),
        (
            {"authorization_grant_type": "authorization-code"},
            "redirect_uris cannot be empty with grant_type authorization-code",
        ),
        ({"redirect_uris": "ftp://x/"}, "Unauthorized redirect scheme: ftp"),
        ({"redirect_uris": "http://x/#f"}, "Redirects must not contain fragments"),
        ({"algorithm": "RS256"}, "You must set OIDC_RSA_PRIVATE_KEY to use RSA algorithm"),
        ({"algorithm": "HS256", "client_type": "public"}, "You cannot use HS256 with public grants or clients"),
    ],
)
def test_mistakes_in_an_application_are_reported(admin: Browser, change: dict[str, str], message: str) -> None:
    form = {"client_type": "confidential", "authorization_grant_type": "client-credentials", **change}
    answer = fill(admin, f"{APPLICATIONS}add/", **form)
    assert answer.status_code == 200
    assert "Please correct the error below." in answer.text
    assert errors(answer.text) == [message]


def test_a_token_by_hand_is_the_bearer_token(web: Web, admin: Browser) -> None:
    form = {
        "user": str(web.info.learner.id),
        "token": "Zt-chosen_by~hand",
        "application": "2",
        "expires_0": "2035-01-01",
        "expires_1": "00:00:00",
    }
    answer = fill(admin, f"{TOKENS}add/", **form)
    assert (answer.status_code, answer.headers["location"]) == (302, TOKENS)
    assert web.me("Zt-chosen_by~hand").json() == {"username": web.info.learner.username}
    again = fill(admin, f"{TOKENS}add/", **form)
    assert errors(again.text) == ["Access token with this Token already exists."]
    fill(admin, f"{TOKENS}add/", **{**form, "token": "nobodys", "user": ""})
    assert web.me("nobodys").status_code == 500
    fill(admin, f"{TOKENS}add/", **{**form, "token": "old", "expires_0": "2020-01-01"})
    assert web.me("old").json()["error_code"] == "token_expired"


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        ({"token": ""}, ["This field is required."]),
        ({"expires_0": ""}, ["This field is required."]),
        ({"expires_0": "soon"}, ["Enter a valid date."]),
        ({"expires_1": "noon"}, ["Enter a valid time."]),
        ({"application": "999"}, ["Select a valid choice. That choice is not one of the available choices."]),
    ],
)
def test_mistakes_in_a_token_are_reported(admin: Browser, change: dict[str, str], messages: list[str]) -> None:
    form = {"token": "t", "expires_0": "2035-01-01", "expires_1": "12:30", **change}
    assert errors(fill(admin, f"{TOKENS}add/", **form).text) == messages


def test_changing_and_deleting(web: Web, admin: Browser) -> None:
    client = web.clients.client_credentials
    answer = fill(admin, f"{APPLICATIONS}2/change/", client_secret="changed")
    assert answer.status_code == 302
    assert web.client_credentials().json() == {"error": "invalid_client"}
    issued = web.token(grant_type="client_credentials", client_id=client.client_id, client_secret="changed")
    assert issued.status_code == 200
    assert admin.get(f"{APPLICATIONS}999/change/").status_code == 404
    question = admin.get(f"{APPLICATIONS}2/delete/")
    assert "Are you sure" in question.text
    assert admin.http.post(f"{APPLICATIONS}2/delete/", data=controls(question.text)).status_code == 302
    assert web.me(issued.json()["access_token"]).json()["error_code"] == "token_nonexistent"


def test_scopes_and_restrictions_are_rows_of_their_own(web: Web, admin: Browser) -> None:
    assert web.client_credentials(scope="grades:read").json() == {"error": "invalid_scope"}
    access = "/admin/oauth_dispatch/applicationaccess/add/"
    assert fill(admin, access, application="2", scopes="grades:read", filters="content_org:CET").status_code == 302
    assert web.client_credentials(scope="grades:read").json()["scope"] == "grades:read"
    fill(admin, "/admin/oauth_dispatch/restrictedapplication/add/", application="2")
    assert web.client_credentials().json()["expires_in"] < 0


def test_forms_need_their_csrf_token(admin: Browser) -> None:
    answer = admin.http.post(f"{TOKENS}add/", data={"token": "t"})
    assert (answer.status_code, "Forbidden (403)" in answer.text) == (403, True)


def test_every_address_under_admin_asks_strangers_to_sign_in(web: Web) -> None:
    for path in ("/admin/nosuch/", "/admin/oauth2_provider", APPLICATIONS.rstrip("/"), "/admin/oauth2_provider/"):
        assert web.http.get(path).headers["location"] == f"/admin/login/?next={path}"
    asked = web.http.get(f"{APPLICATIONS}?q=a")
    assert asked.headers["location"] == f"/admin/login/?next={APPLICATIONS}%3Fq%3Da"


def test_staff_learn_which_addresses_exist(admin: Browser) -> None:
    assert admin.get("/admin/nosuch/").status_code == 404
    assert admin.get("/admin/nosuch").status_code == 404
    lacking = admin.get(APPLICATIONS.rstrip("/"))
    assert (lacking.status_code, lacking.headers["location"]) == (301, APPLICATIONS)
    part = admin.get("/admin/oauth2_provider/")
    assert "Django OAuth Toolkit administration" in part.text
    number = admin.get(f"{APPLICATIONS}3/")
    assert (number.status_code, number.headers["location"]) == (302, f"{APPLICATIONS}3/change/")


def test_the_front_page(web: Web) -> None:
    assert "Welcome to" in web.http.get("/").text
    assert web.browser(web.info.learner).get("/").headers["location"] == "/dashboard"


def test_own_tokens(web: Web) -> None:
    assert web.http.get("/_o/authorized_tokens/").headers["location"] == "/login?next=/_o/authorized_tokens/"
    assert web.browser(web.info.learner).get("/_o/authorized_tokens/").status_code == 200
