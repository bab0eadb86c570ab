"""Creating and listing managed accounts: what is required, what has no effect, what sends mail."""

from __future__ import annotations

import pytest

from contract_tests.openlearning.site import Site


def test_a_new_account(site: Site) -> None:
    body = site.provision(profile_image="https://app.example/zoe.png").json()
    user = body["data"]
    assert body["meta"] == {"status": 200}
    assert len(user["id"]) == 24
    assert user["full_name"] == "Zoë O'Neil & Co"
    assert user["image"] == "https://app.example/zoe.png"
    assert user["primary_email_address"] == "zoe+test@example.edu"
    assert user["external_institution_id"] == "student 42/ä"
    assert site.get(f"{site.managed_users()}{user['id']}/").json()["data"]["id"] == user["id"]
    assert site.warnings() == []


def test_the_id_contains_its_creation_time(site: Site) -> None:
    site.lms.clock.freeze()
    user_id = site.provision().json()["data"]["id"]
    assert int(user_id[:8], 16) == int(site.lms.clock.now.timestamp())


@pytest.mark.parametrize("name", ["full_name", "external_institution_id", "primary_email_address"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_required_fields(site: Site, name: str, value: str | None) -> None:
    fields = {"full_name": "A", "external_institution_id": "a", "primary_email_address": "a@b.example"}
    if value is None:
        del fields[name]
    else:
        fields[name] = value
    response = site.post(site.managed_users(), fields)
    assert response.status_code == 400
    assert response.json()["detail"] == f"{name} is required"
    assert site.refusal().reason == "field_missing"
    assert site.post(site.managed_users(), fields | {name: "a@b.example"}).status_code == 200


@pytest.mark.parametrize("email", ["nobody", "@example.edu", "nobody@"])
def test_an_email_address_needs_two_parts_unless_the_setting_says_otherwise(site: Site, email: str) -> None:
    assert site.provision(primary_email_address=email).status_code == 400
    assert site.refusal().reason == "field_invalid"
    site.lms.settings["openlearning.check_email_format"] = False
    assert site.provision(primary_email_address=email).status_code == 200


def test_field_errors_in_the_422_style(site: Site) -> None:
    site.lms.settings["openlearning.field_error_status"] = 422
    response = site.post(site.managed_users(), {}, version="v2.2")
    assert response.status_code == 422
    assert response.json() == {
        "detail": [{"loc": ["body", "full_name"], "msg": "full_name is required", "type": "value_error"}]
    }


# what is there already


def test_the_same_person_again_has_no_effect(site: Site) -> None:
    first = site.provision()
    again = site.provision(full_name="Another Name", primary_email_address="ZOE+test@Example.EDU", profile_image="x")
    assert again.json() == first.json()
    assert site.lms.outbox.emails == []


def test_an_account_of_the_institution_keeps_its_external_id(site: Site) -> None:
    ada = site.info.managed_user
    other = {"primary_email_address": ada.email, "external_institution_id": "another"}
    response = site.provision(full_name=ada.full_name, **other)
    assert response.json()["data"]["id"] == ada.id
    assert response.json()["data"]["external_institution_id"] == ada.external_institution_id
    assert site.warnings() == ["external_id_ignored"]


def test_an_email_address_of_an_account_elsewhere(site: Site) -> None:
    for version, body in (
        ("v2.2", {"detail": "An existing user with the provided email is not managed by this institution"}),
        ("v2.1", None),
    ):
        fields = {
            "full_name": "A",
            "external_institution_id": "a",
            "primary_email_address": site.info.unmanaged_email.upper(),
        }
        response = site.post(site.managed_users(), fields, version=version)
        assert response.status_code == 400
        assert body is None or response.json() == body
        assert site.refusal().reason == "email_not_managed"


def test_an_external_id_in_use(site: Site) -> None:
    taken = site.info.managed_user.external_institution_id
    assert site.provision(external_institution_id=taken).status_code == 400
    assert site.refusal().reason == "external_id_in_use"
    assert site.provision(external_institution_id=taken.upper()).status_code == 200


def test_the_same_external_id_in_another_institution_is_another_user(site: Site) -> None:
    other = site.post(
        site.managed_users(site.info.other_institution_id),
        {"full_name": "B", "external_institution_id": "student-1815", "primary_email_address": "b@example.edu"},
        key=site.info.other_api_key,
    )
    assert other.status_code == 200
    assert other.json()["data"]["id"] != site.info.managed_user.id


def test_the_institutions_id_as_external_id_is_noticed(site: Site) -> None:
    assert site.provision(external_institution_id="lakeside").status_code == 200
    assert site.warnings() == ["external_id_is_institution"]
    second = site.provision(external_institution_id="lakeside", primary_email_address="second@example.edu")
    assert second.status_code == 400
    assert "institution's own id" in site.refusal().diagnosis


def test_the_invented_field_external_id_is_noticed(site: Site) -> None:
    assert site.provision(external_id="1", colour="green").status_code == 200
    warnings = site.lms.requests.last.warnings
    assert [(warning.code, warning.name) for warning in warnings] == [
        ("parameter_not_read", "external_id"),
        ("parameter_not_read", "colour"),
    ]
    site.post(site.managed_users(), {"full_name": "A", "external_id": "1", "primary_email_address": "a@example.edu"})
    assert "external_institution_id" in site.refusal().diagnosis


@pytest.mark.parametrize("kind", ["data", "json"])
def test_strict_mode_refuses_unread_parameters(site: Site, kind: str) -> None:
    """In a form and in a document, at each operation that takes fields; what is read passes."""
    site.lms.settings["emulator.strict"] = True
    user = {"full_name": "S", "external_institution_id": "s", "primary_email_address": "s@example.edu"}
    user |= {"send_password_email": "false", "send_welcome_email": "false"}
    enrolment = {"class": site.info.class_id, "user": site.info.managed_user.id}
    sign_on = f"{site.managed_users()}{site.info.managed_user.id}/sign-on/"
    for path, fields in (
        (site.managed_users(), user),
        (sign_on, {"class_id": site.info.class_id, "custom_a": "1"}),
        ("/enrolments/", enrolment),
    ):
        assert site.call("POST", path, **{kind: fields | {"colour": "green"}}).status_code == 501
        assert "`colour`" in site.refusal().message
        assert site.call("POST", path, **{kind: fields}).status_code == 200


# mails


@pytest.mark.parametrize(
    ("password", "welcome", "kinds"),
    [
        ("false", "false", []),
        ("FALSE", "0", []),
        ("true", "false", ["password_email"]),
        ("false", "", ["welcome_email"]),
        ("", "1", ["password_email", "welcome_email"]),
    ],
)
def test_mails_go_out_unless_switched_off(site: Site, password: str, welcome: str, kinds: list[str]) -> None:
    site.provision(send_password_email=password, send_welcome_email=welcome)
    assert [(mail.kind, mail.to) for mail in site.lms.outbox.emails] == [
        (kind, "zoe+test@example.edu") for kind in kinds
    ]
    left_out = password == "" or welcome == ""
    assert ("mail_not_switched_off" in site.warnings()) is left_out


def test_mail_settings_that_are_not_booleans(site: Site) -> None:
    assert site.provision(send_welcome_email="maybe").status_code == 400
    assert site.lms.outbox.emails == []


def test_the_default_for_mails_can_be_chosen(site: Site) -> None:
    site.lms.settings["openlearning.send_mail_by_default"] = False
    site.provision(send_password_email="", send_welcome_email="")
    assert site.lms.outbox.emails == []
    assert site.warnings() == []


# bodies


def test_json_is_taken_with_a_warning_and_can_be_refused(site: Site) -> None:
    profile = {
        "full_name": "Jo",
        "external_institution_id": 7,
        "primary_email_address": "jo@example.edu",
        "profile_image": None,
        "send_password_email": False,
        "send_welcome_email": False,
    }
    response = site.post(site.managed_users(), json=profile)
    assert response.json()["data"]["external_institution_id"] == "7"
    assert site.warnings() == ["undocumented_content_type"]
    assert not site.lms.outbox.emails
    site.lms.settings["openlearning.json_bodies"] = "refuse"
    assert site.post(site.managed_users(), json=profile).status_code == 415


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"full_name": ["x"]}', b"\xff", b"[" * 5000])
def test_json_that_is_not_an_object_of_strings(site: Site, content: bytes) -> None:
    response = site.call("POST", site.managed_users(), content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == 400


def test_lone_surrogates_in_json_do_no_harm(site: Site) -> None:
    content = b'{"full_name": "\\ud800", "external_institution_id": "\\udfff", "primary_email_address": "a@b.c"}'
    response = site.call("POST", site.managed_users(), content=content, headers={"Content-Type": "application/json"})
    assert response.json()["data"]["full_name"] == "\ufffd" * 3


def test_multipart_is_taken(site: Site) -> None:
    fields = {"full_name": "M", "external_institution_id": "m", "primary_email_address": "m@example.edu"}
    parts = {name: (None, value) for name, value in fields.items()}
    assert site.call("POST", site.managed_users(), files=parts).status_code == 200
    headers = {"Content-Type": "multipart/form-data"}
    assert site.call("POST", site.managed_users(), content=b"x", headers=headers).status_code == 400


def test_a_form_without_its_content_type(site: Site) -> None:
    response = site.call("POST", site.managed_users(), content=b"full_name=A")
    assert response.status_code == 400
    assert site.warnings() == ["no_form_content_type"]
    assert "x-www-form-urlencoded" not in response.text


# listing


def test_the_list_nests_the_account(site: Site) -> None:
    rows = site.get(site.managed_users()).json()["data"]
    assert [list(row) for row in rows] == [["user", "external_institution_id"]] * 2
    assert rows[0]["user"]["id"] == site.info.managed_user.id
    assert rows[0]["user"]["primary_email_address"] == site.info.managed_user.email
    site.lms.settings["openlearning.list_external_id_alias"] = True
    assert site.get(site.managed_users()).json()["data"][0]["external_id"] == "student-1815"


def test_the_list_by_external_id(site: Site) -> None:
    def found(external_id: str) -> list[str]:
        rows = site.get(site.managed_users(), params={"external_institution_id": external_id}).json()["data"]
        return [row["user"]["id"] for row in rows]

    assert found("student-1815") == [site.info.managed_user.id]
    assert found("nobody") == []
    assert site.warnings() == ["no_match"]
    assert found("") == []
    assert found("student-1930") == []


def test_one_managed_account(site: Site) -> None:
    assert site.get(f"{site.managed_users()}{site.info.managed_user.id}/").status_code == 200
    assert site.get(f"{site.managed_users()}5e00000000000000000a0003/").status_code == 404
    assert site.get(f"{site.managed_users()}x/").status_code == 404
    assert site.call("DELETE", f"{site.managed_users()}{site.info.managed_user.id}/").status_code == 405
