"""Accounts: what others see of one, what its owner may change, and what must be confirmed first."""

from __future__ import annotations

import json

import pytest
import requests
from edx_api.client import EdxApi

from contract_tests.openedx.conftest import ADMIN, LEARNER, OTHER_LEARNER, Site

ADA = "/api/user/v1/accounts/ada"
MERGE = "application/merge-patch+json"


def change(site: Site, fields: dict[str, object], path: str = ADA, token: str = LEARNER) -> int:
    return site.call("PATCH", path, token=token, body=fields, kind=MERGE).status


def test_others_see_less_especially_of_private_accounts(site: Site) -> None:
    whole, shared = site.get(ADA, LEARNER), site.get(ADA, OTHER_LEARNER)
    assert list(shared) == list(whole)[:11]
    assert site.get(f"{ADA}?view=shared", LEARNER) == shared
    assert change(site, {"account_privacy": "private"}, "/api/user/v1/preferences/ada") == 204
    assert list(site.get(ADA, OTHER_LEARNER)) == ["account_privacy", "profile_image", "username"]
    assert site.get(ADA, ADMIN)["email"] == "ada.lovelace@example.edu"


def test_an_account_without_an_age_is_private(site: Site) -> None:
    stella = site.get("/api/user/v1/accounts/stella", LEARNER)
    assert change(site, {"year_of_birth": None}) == 200
    assert site.get(ADA, OTHER_LEARNER)["account_privacy"] == "private"
    assert site.get(ADA, LEARNER)["requires_parental_consent"] is True
    assert stella["account_privacy"] == "all_users"


def test_a_new_address_counts_once_it_is_confirmed(site: Site) -> None:
    assert change(site, {"email": "countess@example.edu"}) == 200
    assert site.get(ADA, LEARNER)["email"] == "ada.lovelace@example.edu"
    (letter,) = site.lms.outbox.emails
    assert (letter.to, letter.kind) == ("countess@example.edu", "email_change")
    assert change(site, {"email": "charles.babbage@example.edu"}) == 200  # taken, which is not said
    assert len(site.lms.outbox.emails) == 1
    assert change(site, {"secondary_email": "ada@example.net"}) == 200
    letter = site.lms.outbox.emails[-1]
    assert (letter.to, letter.kind) == ("ada@example.net", "secondary_email_change")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"email": "nonsense"}, "Valid e-mail address required."),
        ({"secondary_email": "nonsense"}, "Valid e-mail address required."),
        ({"secondary_email": "ada.lovelace@example.edu"}, "Cannot be same as your sign in email address."),
        ({"email": "ada.lovelace@example.edu"}, "Old email is the same as the new email."),
        ({"country": "QQQ"}, "This value is invalid."),
        ({"language_proficiencies": [{"code": "en"}, {"code": "en"}]}, "This value is invalid."),
        ({"social_links": [{"platform": "myspace", "social_link": "x"}]}, "This value is invalid."),
        ({"is_active": False}, "The 'is_active' field cannot be edited."),
    ],
)
def test_values_that_an_account_rejects(site: Site, fields: dict[str, object], message: str) -> None:
    answer = site.call("PATCH", ADA, token=LEARNER, body={**fields, "bio": "changed"}, kind=MERGE)
    assert answer.status == 400
    (shown,) = json.loads(answer.body)["field_errors"].values()
    assert shown["user_message"] == message
    assert site.get(ADA, LEARNER)["bio"] == "Writes notes on engines."


def test_values_that_an_account_accepts(site: Site) -> None:
    fields = {
        "bio": "Countess",
        "gender": "f",
        "level_of_education": "none",
        "language_proficiencies": [{"code": "en"}, {"code": "fr"}],
        "social_links": [{"platform": "x", "social_link": "https://x.com/ada"}],
        "country": None,
        "year_of_birth": 1985,
    }
    assert change(site, {**fields, "city": "London", "secondary_email": "ada@home.example"}) == 200
    assert site.lms.requests.last.warnings == []
    assert next(user for user in site.lms.dump()["openedx"]["users"] if user["username"] == "ada")["city"] == "London"
    shown = site.get(ADA, LEARNER)
    assert {name: shown[name] for name in fields} == fields


def test_registration_data_is_checked_for_the_client(site: Site) -> None:
    validation = EdxApi({"access_token": LEARNER}, site.lms.openedx.url).user_validation
    shown = validation.validate_user_registration_info({"username": "ada", "name": "Ada"})
    assert shown.username == "It looks like this username is already taken"
    assert shown.name == ""


def test_the_owner_alone_may_change_it(site: Site) -> None:
    url = f"{site.lms.openedx.url}{ADA}"
    headers = {"Authorization": f"Bearer {ADMIN}", "Content-Type": MERGE}
    answer = requests.patch(url, data='{"bio": "x"}', headers=headers, timeout=10)
    assert (answer.status_code, answer.content, "Content-Type" in answer.headers) == (403, b"", False)
