"""bsapi (PyPI brightspace-api), unmodified except for its hard-coded scheme, against the emulated Brightspace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import bsapi
import pytest
import requests
from bsapi import oauth

from contract_tests.brightspace.support import Site


@pytest.fixture
def bs(brightspace: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], bsapi.BSAPI]:
    """A client for a token. bsapi forces https; only the scheme is changed."""

    def made(token: str) -> bsapi.BSAPI:
        client = bsapi.BSAPI(token, urlsplit(brightspace.url).netloc)
        monkeypatch.setattr(client, "_create_url", lambda route: f"{brightspace.url}{route}")
        brightspace.on_close(client.session.close)
        return client

    return made


def test_reading(brightspace: Site, bs: Callable[[str], bsapi.BSAPI]) -> None:
    api = bs(brightspace.info.access_tokens.student)
    me = api.whoami()
    assert (me.identifier, me.unique_name) == (169, "ada.lovelace")
    assert [e.org_unit.name for e in api.get_course_enrollments()] == ["Analytical Engines", "History of Computing"]
    assert [u.display_name for u in api.get_classlist(6836)] == ["Babbage, Charles", "Hopper, Grace", "Lovelace, Ada"]
    assert len(api.get_classlist_paged(6836)) == 3
    assert [c.name for c in api.get_group_categories(6836)] == ["Lab groups"]
    assert [g.enrollments for g in api.get_groups(6836, 401)] == [[169, 170], []]
    assert api.get_group(6836, 401, 411).name == "Lab group 1"
    assert [g.name for g in api.get_grade_objects(6836)] == ["Exercise 1", "Essay"]
    assert api.get_my_grade_value(6836, 502).points_numerator == 18
    assert api.get_my_grade_value(6836, 501) is None
    assert [v.grade_object_name for v in api.get_my_grade_values(6836)] == ["Essay"]
    api.check_versions()
    assert {v.product_code for v in api.get_versions()} == {"le", "lp"}
    assert api.get_product_versions("lp").latest_version == "1.53"


def test_pages_are_followed(brightspace: Site, bs: Callable[[str], bsapi.BSAPI]) -> None:
    brightspace.lms.settings["brightspace.page_size"] = 1
    api = bs(brightspace.info.access_tokens.instructor)
    assert [u.user.identifier for u in api.get_users(6836)] == ["169", "170", "171"]
    assert len(api.get_classlist_paged(6836)) == 3
    assert [v.user.identifier for v in api.get_grade_values(6836, 502)] == ["169", "170"]
    student = bs(brightspace.info.access_tokens.student)
    assert len(student.get_course_enrollments()) == 2


def test_writing_a_grade(brightspace: Site, bs: Callable[[str], bsapi.BSAPI]) -> None:
    api = bs(brightspace.info.access_tokens.instructor)
    api.set_grade_value_numeric(6836, 501, 169, 9.5, "nearly")
    value = api.get_grade_value(6836, 501, 169)
    assert value is not None
    assert (value.points_numerator, value.comments.text, value.last_modified_by) == (9.5, "nearly", "171")


def test_errors(brightspace: Site, bs: Callable[[str], bsapi.BSAPI]) -> None:
    with pytest.raises(bsapi.APIError, match="401"):
        bs(brightspace.info.access_tokens.expired).whoami()
    with pytest.raises(bsapi.APIError, match=r"Users\.ViewEnrollments"):
        bs(brightspace.info.access_tokens.student).get_users(6836)
    old = bs(brightspace.info.access_tokens.student)
    old.lp_version = "1.2"
    with pytest.raises(bsapi.APIError, match="unsupported products"):
        old.check_versions()


def test_its_oauth(brightspace: Site, bs: Callable[[str], bsapi.BSAPI]) -> None:
    info, token_url = brightspace.info, f"{brightspace.url}/core/connect/token"
    auth_url = oauth.create_auth_url(info.client_id, info.redirect_uri, info.scope, f"{brightspace.url}/oauth2/auth")
    browser = brightspace.browser()
    page = browser.consent_page(auth_url, info.student)
    back = browser.submit(page, decision="allow").headers["location"]
    with requests.Session() as session:

        def call(function: Any, *values: str) -> dict[str, Any]:
            return dict(function(info.client_id, info.client_secret, *values, token_url=token_url, session=session))

        code = oauth.parse_callback_url(back)
        first = call(oauth.exchange_code_for_token, info.redirect_uri, code)
        assert bs(first["access_token"]).whoami().unique_name == "ada.lovelace"
        with pytest.raises(bsapi.APIError, match="invalid_grant"):
            call(oauth.exchange_code_for_token, info.redirect_uri, code)
        second = call(oauth.refresh_access_token, first["refresh_token"])
        assert bs(second["access_token"]).whoami().unique_name == "ada.lovelace"
        with pytest.raises(bsapi.APIError, match="invalid_grant"):
            call(oauth.refresh_access_token, first["refresh_token"])
