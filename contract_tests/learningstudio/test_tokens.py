"""POST /token: each grant, each refusal with the neighbour that passes, and the flow of 2010."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from contract_tests.learningstudio.client import ASSERTION_TYPE, SOURCED_ID_TYPE, Client, cmac
from contract_tests.learningstudio.support import refused, refused_because, warnings
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.learningstudio.info import Info


# --- success ---
def test_the_assertion_grant(lms: Emulator, client: Client, info: Info) -> None:
    lms.clock.freeze(datetime(2015, 12, 24, 12, 44, 56, tzinfo=UTC))
    answer = client.ask_by_assertion(client.assertion(info.student.username))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert list(body) == ["access_token", "expires_in"]
    assert body["expires_in"] == 3600
    assert type(body["expires_in"]) is int
    fields = body["access_token"].split("|")
    assert fields[:3] == [info.application_id, info.consumer_key, str(info.student.id)]
    assert fields[3] == "2015-12-24T06%3a44%3a56"
    assert len(fields[4]) == 32
    assert int(fields[4], 16) >= 0
    assert "\n" not in answer.text
    assert ": " not in answer.text


def test_the_sourced_id_assertion_grant(lms: Emulator, client: Client, info: Info) -> None:
    answer = client.ask_by_assertion(client.assertion(info.student.sourced_id), SOURCED_ID_TYPE)
    assert answer.json()["access_token"].split("|")[2] == str(info.student.id)
    answer = client.ask_by_assertion(client.assertion(info.student.sourced_id))
    refused_because(lms, answer, "unknown_user", "fits the other assertion_type")
    answer = client.ask_by_assertion(client.assertion(info.student.username), SOURCED_ID_TYPE)
    refused_because(lms, answer, "unknown_user", "fits the other assertion_type")


def test_the_password_grant_gives_a_pair(client: Client, info: Info) -> None:
    body = client.ask_by_password(info.student.username, info.student.password).json()
    assert list(body) == ["access_token", "expires_in", "refresh_token"]
    assert not set("+%&=") & set(body["refresh_token"])
    assert client.as_user(body["access_token"], "GET", "/me").json()["me"]["id"] == info.student.id


def test_the_refresh_grant_gives_a_new_pair_and_the_old_access_token_lives_on(
    lms: Emulator, client: Client, info: Info
) -> None:
    first = client.ask_by_password(info.student.username, info.student.password).json()
    lms.clock.advance(seconds=2)
    second = client.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert client.as_user(second["access_token"], "GET", "/me").status_code == 200
    assert warnings(lms) == []
    assert client.as_user(first["access_token"], "GET", "/me").status_code == 200
    assert warnings(lms) == ["old_token"]


def test_settings_decide_about_old_tokens(lms: Emulator, client: Client, info: Info) -> None:
    lms.settings["learningstudio.access_token_after_refresh"] = "revoke"
    lms.settings["learningstudio.refresh_token_reuse"] = "allow"
    first = client.ask_by_password(info.student.username, info.student.password).json()
    lms.clock.advance(seconds=2)
    assert client.refresh(first["refresh_token"]).status_code == 200
    assert client.refresh(first["refresh_token"]).status_code == 200
    refused(lms, client.as_user(first["access_token"], "GET", "/me"), "invalid_access_token", 401)


def test_deviations_of_real_clients_are_accepted_with_a_warning(
    lms: Emulator, client: Client, info: Info, http: httpx.Client
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"grant_type=assertion&assertion_type={ASSERTION_TYPE}&assertion={client.assertion(info.student.username)}"
    assert http.post(f"{client.url}/token", content=body, headers=form).status_code == 200
    assert warnings(lms) == ["unencoded_character"]
    body = (
        f"grant_type=password&client_id={info.application_id}"
        f"&username={info.client_string}\\{info.student.username}&password={info.student.password}"
    )
    assert http.post(f"{client.url}/token", content=body, headers=form).status_code == 200
    assert warnings(lms) == ["unencoded_character"]
    fields = {
        "grant_type": "assertion",
        "assertion_type": ASSERTION_TYPE,
        "assertion": client.assertion(info.student.username),
    }
    answer = http.post(f"{client.url}/token", files={name: (None, value) for name, value in fields.items()})
    assert answer.status_code == 200, answer.text
    assert warnings(lms) == ["multipart_form"]


def test_upper_case_hex_is_taken_with_a_warning_or_not(lms: Emulator, client: Client, info: Info) -> None:
    signed = client.assertion(info.student.username)
    upper = signed[:-32] + signed[-32:].upper()
    assert client.ask_by_assertion(upper).status_code == 200
    assert warnings(lms) == ["upper_case_hex"]
    lms.settings["learningstudio.upper_case_hex"] = "refuse"
    refused_because(lms, client.ask_by_assertion(upper), "invalid_assertion_signature", "upper case")
    assert client.ask_by_assertion(signed).status_code == 200


def test_an_assertion_can_be_sent_again_unless_a_setting_says_no(lms: Emulator, client: Client, info: Info) -> None:
    signed = client.assertion(info.student.username)
    assert [client.ask_by_assertion(signed).status_code for _ in range(2)] == [200, 200]
    lms.settings["learningstudio.assertion_reuse"] = "refuse"
    assert client.ask_by_assertion(signed).status_code == 200
    refused(lms, client.ask_by_assertion(signed), "assertion_reused")
    lms.clock.advance(seconds=1)
    assert client.ask_by_assertion(client.assertion(info.student.username)).status_code == 200


def test_every_token_error_can_be_a_401(lms: Emulator, client: Client) -> None:
    lms.settings["learningstudio.token_error_status"] = 401
    refused(lms, client.ask(grant_type="x"), "unsupported_grant_type", 401)


# --- refusals of the request ---
@pytest.mark.parametrize("grant_type", ["", "client_credentials", "ASSERTION", "urn:ietf:params:oauth:grant-type:jwt"])
def test_an_unknown_grant_type(lms: Emulator, client: Client, grant_type: str) -> None:
    refusal = refused(lms, client.ask(grant_type=grant_type), "unsupported_grant_type")
    assert refusal.message == "Unsupported or missing grant_type."


def test_a_token_request_in_another_shape(lms: Emulator, client: Client, http: httpx.Client) -> None:
    answer = http.post(f"{client.url}/token", json={"grant_type": "password"})
    refused_because(lms, answer, "unsupported_grant_type", "application/x-www-form-urlencoded")
    answer = http.post(f"{client.url}/token?grant_type=password")
    refused_because(lms, answer, "unsupported_grant_type", "in the body")
    answer = http.post(f"{client.url}/token", content=b"x", headers={"Content-Type": "multipart/form-data"})
    refused(lms, answer, "malformed_body")


@pytest.mark.parametrize(
    ("form", "missing"),
    [
        ({"grant_type": "assertion", "assertion": "x"}, "assertion_type"),
        ({"grant_type": "assertion", "assertion_type": ASSERTION_TYPE}, "assertion"),
        ({"grant_type": "password", "username": "x", "password": "x"}, "client_id"),
        ({"grant_type": "password", "client_id": "?", "password": "x"}, "username"),
        ({"grant_type": "password", "client_id": "?", "username": "c\\u"}, "password"),
        ({"grant_type": "refresh_token", "client_id": "?"}, "refresh_token"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "client_id"),
    ],
)
def test_a_missing_field_is_named(
    lms: Emulator, client: Client, info: Info, form: dict[str, str], missing: str
) -> None:
    if form.get("client_id"):
        form = {**form, "client_id": info.application_id}
    refusal = refused(lms, client.ask(**form), "missing_parameter")
    assert refusal.message == f"Missing required parameter: {missing}."


def test_another_method_on_token(lms: Emulator, client: Client, http: httpx.Client) -> None:
    answer = http.get(f"{client.url}/token")
    refused(lms, answer, "method_not_allowed", 404)
    assert answer.headers["Allow"] == "POST"


def test_placeholders_are_named(lms: Emulator, client: Client, info: Info) -> None:
    refusal = refused(lms, client.ask_by_assertion(client.assertion("{userName}")), "placeholder")
    assert "userName" in refusal.message
    refused(lms, client.of(application_id="{applicationId}").ask_by_password("u", "p"), "placeholder")
    refused(lms, client.of(client_string="{clientString}").ask_by_password("u", "p"), "placeholder")
    refused(lms, client.ask(grant_type="{grant_type}"), "placeholder")


# --- refusals of an assertion ---
def test_an_unknown_assertion_type(lms: Emulator, client: Client, info: Info) -> None:
    answer = client.ask_by_assertion(client.assertion(info.student.username), "urn:ietf:params:oauth:jwt")
    assert refused(lms, answer, "unsupported_assertion_type").message == "Unsupported assertion_type."


@pytest.mark.parametrize("text", ["x", "a|b|c|d|e|f", "a|b|c|d|e|f|g|h", "a||c|d|e|f|g"])
def test_not_seven_fields(lms: Emulator, client: Client, text: str) -> None:
    assert refused(lms, client.ask_by_assertion(text), "malformed_assertion").message == "Malformed assertion."


@pytest.mark.parametrize(
    ("timestamp", "words"),
    [
        ("2014-05-13T16:53:20.123Z", "fractions"),
        ("1400000000", "Unix time"),
        ("2014-05-13T16:53:20+00:00", "end in Z"),
        ("2014-05-13 16:53:20Z", "another way to write a time"),
    ],
)
def test_a_timestamp_of_another_format(lms: Emulator, client: Client, info: Info, timestamp: str, words: str) -> None:
    answer = client.ask_by_assertion(client.assertion(info.student.username, timestamp=timestamp))
    refused_because(lms, answer, "malformed_assertion", words)


def test_a_wrong_signature_and_the_mistakes_behind_it(lms: Emulator, client: Client, info: Info) -> None:
    username = info.student.username
    right = client.assertion(username)
    text = right[:-33]
    for signature, words in (
        (cmac(info.other_campus.shared_secret, text).hex(), "secret of the campus gbother"),
        (cmac(info.shared_secret, text + "|").hex(), "ended in a pipe"),
        (cmac(info.shared_secret, text.replace(username, username.upper())).hex(), "upper case"),
    ):
        answer = client.ask_by_assertion(f"{text}|{signature}")
        refused_because(lms, answer, "invalid_assertion_signature", words)
        assert answer.json()["error"]["message"] == "Invalid assertion signature."
        assert info.shared_secret not in answer.text
        assert text not in answer.text
    refusal = lms.requests.last.refusal
    assert refusal is not None
    assert refusal.expected == right[-32:]
    assert lms.requests.last.notes["signed_string"] == text
    assert client.ask_by_assertion(right).status_code == 200


def test_a_plus_that_was_not_encoded(lms: Emulator, client: Client, http: httpx.Client) -> None:
    body = f"grant_type=assertion&assertion_type={ASSERTION_TYPE}&assertion={client.assertion('ada+test')}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = http.post(f"{client.url}/token", content=body, headers=headers)
    refused_because(lms, answer, "invalid_assertion_signature", "%2B")
    assert "unencoded_plus" in warnings(lms)


def test_wrong_keys(lms: Emulator, client: Client, info: Info) -> None:
    username = info.student.username
    swapped = client.of(application_id=info.consumer_key, consumer_key=info.application_id)
    answer = swapped.ask_by_assertion(swapped.assertion(username))
    refused_because(lms, answer, "unknown_keys", "is in the place of")
    unknown = client.of(consumer_key="00000000-0000-4000-8000-000000000000")
    refused(lms, unknown.ask_by_assertion(unknown.assertion(username)), "unknown_keys")
    retired = client.of(application_id=info.application_id[:-1] + "2")
    refused(lms, retired.ask_by_assertion(retired.assertion(username)), "unknown_keys")
    elsewhere = client.of(client_string=info.other_campus.client_string)
    answer = elsewhere.ask_by_assertion(elsewhere.assertion(username))
    refused_because(lms, answer, "unknown_keys", "each campus has its own keys")
    upper = client.of(client_string=info.client_string.upper())
    refused_because(lms, upper.ask_by_assertion(upper.assertion(username)), "unknown_keys", "is written gbdemo")
    assert client.ask_by_assertion(client.assertion(username)).status_code == 200


def test_fields_in_another_order(lms: Emulator, client: Client, info: Info) -> None:
    answer = client.ask_by_assertion(
        client.assertion(info.student.username, client=info.consumer_key, key=info.client_string)
    )
    refused_because(lms, answer, "unknown_keys", "the order is applicationName|consumerKey")


def test_other_fields_in_each_other_s_place(lms: Emulator, client: Client, info: Info) -> None:
    username, now = info.student.username, client.assertion("x").split("|")[5]
    answer = client.ask_by_assertion(client.assertion(info.client_string, client=username))
    refused_because(lms, answer, "unknown_keys", "the clientString is in the place of the userName")
    answer = client.ask_by_assertion(client.assertion(now, timestamp=username))
    refused_because(lms, answer, "malformed_assertion", "the sixth field is the timestamp")
    answer = client.ask_by_assertion(client.assertion(username, timestamp=info.application_id, application=now))
    refused_because(lms, answer, "malformed_assertion", "the applicationId is in the place of the timestamp")
    answer = client.ask_by_assertion(client.assertion(username, client="nowhere"))
    refused_because(lms, answer, "unknown_keys", "these keys belong to gbdemo")
    answer = client.ask_by_assertion(client.assertion(username).replace("|", "%7C"))
    refused_because(lms, answer, "malformed_assertion", "percent-encoded twice")


def test_local_time_with_a_z(lms: Emulator, client: Client, info: Info) -> None:
    local = (lms.clock.now - timedelta(hours=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = client.ask_by_assertion(client.assertion(info.student.username, timestamp=local))
    refused_because(lms, answer, "assertion_expired", "7 h off: local time was probably taken for UTC")


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_window_of_an_assertion_to_the_second(lms: Emulator, client: Client, info: Info, sign: int) -> None:
    lms.clock.freeze(datetime(2026, 1, 31, 12, 0, tzinfo=UTC))
    for seconds, status in ((299, 200), (300, 200), (301, 400)):
        moment = (lms.clock.now + timedelta(seconds=sign * seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        answer = client.ask_by_assertion(client.assertion(info.student.username, timestamp=moment))
        assert answer.status_code == status, (seconds, answer.text)
    refused(lms, answer, "assertion_expired")
    assert answer.json()["error"]["message"] == "Assertion timestamp is expired or not yet valid."


def test_unknown_users(lms: Emulator, client: Client, info: Info) -> None:
    def asked(username: str) -> httpx.Response:
        return client.ask_by_assertion(client.assertion(username))

    message = refused(lms, asked("nobody"), "unknown_user").message
    assert message == "incorrect_client_credentials: unknown user."
    refused_because(lms, asked(info.inactive.username), "unknown_user", "not active")
    refused_because(lms, asked(f"gbdemo\\{info.student.username}"), "unknown_user", "the username alone")
    refused_because(lms, asked(str(info.student.id)), "unknown_user", "this is the number of ada.lovelace")
    refused_because(lms, asked(info.student.username.upper()), "unknown_user", "the case differs")
    refused(lms, asked("alan.turing"), "unknown_user")
    lms.settings["learningstudio.username_case"] = "ignored"
    assert asked(info.student.username.upper()).status_code == 200


# --- refusals of passwords and refresh tokens ---
def test_bad_passwords(lms: Emulator, client: Client, info: Info) -> None:
    student = info.student
    wanted = "incorrect_client_credentials: invalid username or password."
    for answer in (
        client.ask_by_password(student.username, "wrong"),
        client.ask_by_password("nobody", student.password),
        client.ask_by_password(info.inactive.username, info.inactive.password),
        client.of(client_string="gbother").ask_by_password(student.username, student.password),
        client.of(client_string="nowhere").ask_by_password(student.username, student.password),
    ):
        assert refused(lms, answer, "invalid_password").message == wanted
    assert client.ask_by_password(student.username, student.password).status_code == 200


def test_a_username_without_its_campus(lms: Emulator, client: Client, info: Info) -> None:
    form = {"grant_type": "password", "client_id": info.application_id, "password": info.student.password}
    answer = client.ask(**form, username=info.student.username)
    refused_because(lms, answer, "username_without_client_string", "in front of the username")


def test_an_invalid_client_id(lms: Emulator, client: Client, info: Info) -> None:
    answer = client.of(application_id=info.consumer_key).ask_by_password("u", "p")
    refused_because(lms, answer, "unknown_keys", "consumer key")


def test_refresh_tokens_are_used_once(lms: Emulator, client: Client, info: Info) -> None:
    pair = client.ask_by_password(info.student.username, info.student.password).json()
    assert client.refresh(pair["refresh_token"]).status_code == 200
    message = refused(lms, client.refresh(pair["refresh_token"]), "invalid_refresh_token").message
    assert message == "Invalid or expired refresh token."
    refused(lms, client.refresh("nonsense"), "invalid_refresh_token")
    refused_because(lms, client.refresh(pair["access_token"]), "invalid_refresh_token", "access token")


def test_a_refresh_token_is_its_application_s(lms: Emulator, client: Client, info: Info) -> None:
    world = lms.dump()
    other = "99999999-aaaa-4bbb-8ccc-000000000009"
    world["learningstudio"]["applications"].append({"id": other, "name": "Other"})
    lms.load(world)
    pair = client.ask_by_password(info.student.username, info.student.password).json()
    refused(lms, client.of(application_id=other).refresh(pair["refresh_token"]), "invalid_refresh_token")
    assert client.refresh(pair["refresh_token"]).status_code == 200


def test_a_refresh_token_lives_ten_minutes_longer(lms: Emulator, client: Client, info: Info) -> None:
    lms.clock.freeze()
    pair = client.ask_by_password(info.student.username, info.student.password).json()
    lms.clock.advance(seconds=4199)
    snapshot = lms.snapshot()
    refused(lms, client.as_user(pair["access_token"], "GET", "/me"), "access_token_expired", 401)
    assert client.refresh(pair["refresh_token"]).status_code == 200
    lms.restore(snapshot)
    lms.clock.advance(seconds=1)
    refused_because(lms, client.refresh(pair["refresh_token"]), "invalid_refresh_token", "minutes only")


def test_a_deactivated_user_is_refused(lms: Emulator, client: Client, info: Info) -> None:
    pair = client.ask_by_password(info.student.username, info.student.password).json()
    world = lms.dump()
    for user in world["learningstudio"]["users"]:
        user["active"] = user["id"] != info.student.id
    lms.load(world)
    refused(lms, client.as_user(pair["access_token"], "GET", "/me"), "invalid_access_token", 401)
    refused(lms, client.refresh(pair["refresh_token"]), "invalid_refresh_token")


# --- 2010 ---
def test_the_flow_of_2010(lms: Emulator, client: Client, info: Info) -> None:
    form = {
        "clientString": info.client_string,
        "client_id": info.application_id,
        "userLogin": info.student.username,
        "password": info.student.password,
    }
    granted = client.http.post(f"{client.url}/authorize/grant", data=form).json()
    assert list(granted) == ["access_token", "expires_in"]
    url = f"{client.url}/authorize/token"
    tokens = client.http.get(url, params={"access_grant": granted["access_token"]}).json()
    assert list(tokens) == ["access_token", "expires_in", "refresh_token"]
    assert client.as_user(tokens["access_token"], "GET", "/me").status_code == 200
    assert client.refresh(tokens["refresh_token"]).status_code == 200

    answer = client.http.post(f"{client.url}/authorize/grant", data={**form, "password": "wrong"})
    refused(lms, answer, "invalid_password")
    assert "incorrect_client_credentials" in answer.text
    refused(lms, client.http.get(url, params={"access_grant": "nonsense"}), "invalid_access_grant")
    refused(lms, client.http.get(url), "missing_parameter")
    lms.clock.freeze()
    fresh = client.http.post(f"{client.url}/authorize/grant", data=form).json()["access_token"]
    lms.clock.advance(seconds=granted["expires_in"] - 1)
    assert client.http.get(url, params={"access_grant": fresh}).status_code == 200
    lms.clock.advance(seconds=1)
    refused(lms, client.http.get(url, params={"access_grant": fresh}), "invalid_access_grant")
    answer = client.http.get(url, params={"access_grant": granted["access_token"]})
    refused(lms, answer, "invalid_access_grant")


def test_an_access_grant_can_be_for_one_use(lms: Emulator, client: Client, info: Info) -> None:
    form = {
        "clientString": info.client_string,
        "client_id": info.application_id,
        "userLogin": info.student.username,
        "password": info.student.password,
    }
    grant = client.http.post(f"{client.url}/authorize/grant", data=form).json()["access_token"]
    url = f"{client.url}/authorize/token?access_grant={grant}"
    assert [client.http.get(url).status_code for _ in range(2)] == [200, 200]
    lms.settings["learningstudio.access_grant_reuse"] = "refuse"
    refused(lms, client.http.get(url), "invalid_access_grant")


def test_an_access_grant_by_e_mail(lms: Emulator, client: Client, info: Info) -> None:
    form = {
        "clientString": info.client_string,
        "client_id": info.application_id,
        "email": "Ada.Lovelace@example.edu",
        "lastname": "lovelace",
    }
    assert client.http.post(f"{client.url}/authorize/grant/email", data=form).status_code == 200
    (email,) = lms.outbox.emails
    assert email.to == "ada.lovelace@example.edu"
    assert client.http.get(email.data["url"]).json()["expires_in"] == 3600
    answer = client.http.post(f"{client.url}/authorize/grant/email", data={**form, "lastname": "Byron"})
    refused(lms, answer, "unknown_user")
    assert len(lms.outbox.emails) == 1
