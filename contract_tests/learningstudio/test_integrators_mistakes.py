"""Mistakes that integrators report, each made by a client of our own and sent over HTTP."""

from __future__ import annotations

import json
from base64 import b32encode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from requests_oauthlib import OAuth1Session

from contract_tests.learningstudio.client import ASSERTION_TYPE, Client, cbc_mac, cmac
from contract_tests.learningstudio.support import refused, refused_because
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.learningstudio.info import Info

PATH = "/me"


ASSERTION_SIGNATURES: dict[str, Callable[[str, str], str]] = {
    "hex with dashes": lambda secret, text: cmac(secret, text).hex("-").upper(),
    "0x in front": lambda secret, text: f"0x{cmac(secret, text).hex()}",
    "CBC-MAC": lambda secret, text: cbc_mac(secret, text).hex(),
    "the hex digits of the assertion were signed": lambda secret, text: cmac(secret, text.encode().hex()).hex(),
    "a line break at its end": lambda secret, text: f"{cmac(secret, text).hex()}\n",
    "hex with colons": lambda secret, text: cmac(secret, text).hex(":"),
    "in reverse order": lambda secret, text: cmac(secret, text)[::-1].hex(),
    "first 8 bytes": lambda secret, text: cmac(secret, text)[:8].hex(),
    "a decimal number": lambda secret, text: str(int.from_bytes(cmac(secret, text), "big")),
    "as Base32": lambda secret, text: b32encode(cmac(secret, text)).decode(),
    "padding": lambda secret, text: urlsafe_b64encode(cmac(secret, text)).decode().rstrip("="),
    "bytes of the secret were reversed": lambda secret, text: cmac(secret[::-1], text).hex(),
    "in upper case": lambda secret, text: cmac(secret, text.upper()).hex(),
    "name of the form's field": lambda secret, text: cmac(secret, f"assertion={text}").hex(),
    "in quotation marks": lambda secret, text: cmac(secret, f'"{text}"').hex(),
    "without its pipes": lambda secret, text: cmac(secret, text.replace("|", "")).hex(),
    "commas instead of pipes": lambda secret, text: cmac(secret, text.replace("|", ",")).hex(),
    "without its timestamp": lambda secret, text: cmac(secret, text.rpartition("|")[0]).hex(),
    "each 4-byte word": lambda secret, text: b"".join(
        cmac(secret, text)[at : at + 4][::-1] for at in (0, 4, 8, 12)
    ).hex(),
    "fields of the assertion were signed in reverse order": lambda secret, text: cmac(
        secret, "|".join(reversed(text.split("|")))
    ).hex(),
    "GUIDs were in upper case": lambda secret, text: cmac(
        secret, "|".join(f.upper() if f.count("-") == 4 and len(f) == 36 else f for f in text.split("|"))
    ).hex(),
}


@pytest.mark.parametrize("words", ASSERTION_SIGNATURES)
def test_a_mistake_in_signing_an_assertion(lms: Emulator, client: Client, info: Info, words: str) -> None:
    right = client.assertion(info.student.username)
    text = right.rpartition("|")[0]
    wrong = ASSERTION_SIGNATURES[words](client.keys.shared_secret, text)
    refused_because(lms, client.ask_by_assertion(f"{text}|{wrong}"), "invalid_assertion_signature", words)
    assert client.ask_by_assertion(right).status_code == 200


def signature(client: Client, pairs: Mapping[str, str], between: str = "&", escape: Any = quote_plus) -> str:
    joined = between.join(f"{name}={pairs[name]}" for name in sorted(pairs, key=str.lower))
    tag = cmac(client.keys.shared_secret, f"GET&{quote_plus(PATH)}&{escape(joined)}")
    return b64encode(tag).decode()


OAUTH1_SIGNATURES: dict[str, Callable[[Client, dict[str, str]], str]] = {
    "parameters were not percent-encoded in the base string": lambda c, p: signature(c, p, escape=str),
    "the parameters were joined by ';'": lambda c, p: signature(c, p, between=";"),
    "the realm was signed": lambda c, p: signature(c, p | {"realm": c.url + PATH}),
    "the body was signed, but GET": lambda c, p: signature(c, p | {"body": ""}),
    "the signature was percent-encoded twice": lambda c, p: quote_plus(signature(c, p)),
}


@pytest.mark.parametrize("words", OAUTH1_SIGNATURES)
def test_a_mistake_in_signing_a_request(lms: Emulator, client: Client, words: str) -> None:
    parameters = client.parameters("GET", PATH)
    right = parameters.pop("oauth_signature")
    assert signature(client, parameters) == right
    pairs = parameters | {"oauth_signature": OAUTH1_SIGNATURES[words](client, parameters)}
    header = ",".join(f'{name}="{quote_plus(value)}"' for name, value in pairs.items())
    answer = client.http.get(
        client.url + PATH, headers={"X-Authorization": f'OAuth realm="{client.url}{PATH}",{header}'}
    )
    refused_because(lms, answer, "invalid_signature", words, 401)


@pytest.mark.parametrize(("sign", "called"), [("&", "`&`"), ("; ", "`;`"), (" ", "spaces")])
def test_a_header_whose_parts_are_joined_by_another_sign(lms: Emulator, client: Client, sign: str, called: str) -> None:
    url = f"{client.url}/courses/3433672"
    header = ",".join(
        f'{name}="{quote_plus(value)}"' for name, value in client.parameters("GET", "/courses/3433672").items()
    )
    for joined in (header.replace(",", sign), header.replace(",", sign).replace('"', "")):
        answer = client.http.get(url, headers={"X-Authorization": f"OAuth {joined}"})
        refused_because(lms, answer, "malformed_oauth_header", f"its parts are joined by {called}; commas go", 401)
    assert client.http.get(url, headers={"X-Authorization": f"OAuth {header}"}).status_code == 200


def test_a_call_number_without_its_name(lms: Emulator, client: Client, info: Info) -> None:
    answer = client.signed("GET", f"/courses/{info.call_number}/roster")
    refused_because(lms, answer, "not_found", f"this is a call number: write ccn={info.call_number}", 404)
    assert client.signed("GET", f"/courses/ccn={info.call_number}/roster").status_code == 200


def test_whose_secret_signed(lms: Emulator, client: Client, info: Info) -> None:
    """Of another provider and of another world, though no JWT."""
    elsewhere = json.loads(json.dumps(lms.dump(), default=str))
    secret = "0123456789abcdef-of-elsewhere.32"
    next(row for row in elsewhere["learningstudio"]["campuses"] if row["client_string"] == client.keys.client_string)[
        "shared_secret"
    ] = secret
    lms.new_world("elsewhere", world=elsewhere)
    try:
        other = client.of(shared_secret=secret)
        words = f"signed with the shared secret of the campus {client.keys.client_string} in the world `elsewhere`"
        refused_because(lms, other.signed("GET", PATH), "invalid_signature", words, 401)
        answer = other.ask_by_assertion(other.assertion(info.student.username))
        refused_because(lms, answer, "invalid_assertion_signature", words)

        ours = OAuth1Session(lms.openlearning.consumer_key, secret, signature_type="body", force_include_body=True)
        sent = {"lti_message_type": "basic-lti-launch-request", "lti_version": "LTI-1p0", "resource_link_id": "1"}
        sent |= {"user_id": "u", "roles": "Learner", "context_id": "c"}
        launched = ours.post(lms.openlearning.launch_url, data=sent, allow_redirects=False)
        assert launched.status_code == 403
        refusal = lms.requests.last.refusal
        assert refusal is not None
        assert f"signed with the shared secret of the campus {client.keys.client_string} at " in str(refusal.diagnosis)
        assert "in the world `elsewhere`" in str(refusal.diagnosis)
    finally:
        lms.delete_world("elsewhere")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"client_assertion": "x"}, "`client_assertion` was sent; the name is `assertion`"),
        ({"Assertion": "x"}, "`Assertion` was sent; the name is `assertion`"),
        ({"asertion": "x"}, "`asertion` was sent; the name is `assertion`"),
        ({"assertion": ""}, "assertion was sent, but is empty"),
    ],
)
def test_a_parameter_of_another_name(lms: Emulator, client: Client, form: dict[str, str], words: str) -> None:
    answer = client.ask(grant_type="assertion", assertion_type=ASSERTION_TYPE, **form)
    refused_because(lms, answer, "missing_parameter", words)
    answer = client.ask(grant_type="assertion", assertion="x")
    refused_because(lms, answer, "missing_parameter", "no assertion_type was sent")


def test_another_secret_is_named_as_one(lms: Emulator, client: Client, info: Info) -> None:
    other = client.of(shared_secret="0123456789abcdef0123456789abcdef")
    answer = other.ask_by_assertion(other.assertion(info.student.username))
    said = f"another secret was used (the campus's has {len(client.keys.shared_secret)} characters)"
    refused_because(lms, answer, "invalid_assertion_signature", said)
    refused_because(lms, other.signed("GET", PATH), "invalid_signature", said, 401)


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        (0, "the applicationName is missing"),
        (1, "the consumerKey is missing"),
        (2, "the applicationId is missing"),
        (3, "the clientString is missing"),
        (4, "the userName is missing"),
        (5, "the timestamp is missing"),
        (6, "the signature is missing"),
    ],
)
def test_which_of_the_seven_fields_is_missing(
    lms: Emulator, client: Client, info: Info, left_out: int, words: str
) -> None:
    fields = client.assertion(info.student.username).split("|")
    del fields[left_out]
    refused_because(lms, client.ask_by_assertion("|".join(fields)), "malformed_assertion", words)


@pytest.mark.parametrize("name", ["AES-CMAC", "cmac-aes", "CMAC_AES"])
def test_a_misspelled_signature_method(lms: Emulator, client: Client, name: str) -> None:
    answer = client.signed("GET", PATH, oauth_signature_method=name)
    refused_because(lms, answer, "unsupported_signature_method", "the name is written CMAC-AES", 401)


def test_a_moved_clock_is_not_taken_for_a_time_zone(lms: Emulator, client: Client, info: Info) -> None:
    client.now = lambda: datetime.now(UTC)
    lms.clock.advance(hours=1)
    answer = client.ask_by_assertion(client.assertion(info.student.username))
    refused_because(lms, answer, "assertion_expired", "the emulator's clock was moved 1:00:00 ahead")
    assert "local time" not in (refused(lms, answer, "assertion_expired").diagnosis or "")
    refused_because(lms, client.signed("GET", PATH), "timestamp_out_of_window", "was moved 1:00:00 ahead", 401)


def test_a_slash_instead_of_the_backslash(lms: Emulator, client: Client, info: Info) -> None:
    username = f"{client.keys.client_string}/{info.student.username}"
    answer = client.ask(
        grant_type="password", client_id=client.keys.application_id, username=username, password="whatever"
    )
    refused_because(lms, answer, "username_without_client_string", "by a backslash, not by a slash")


@pytest.mark.parametrize(
    ("signed", "sent", "words"),
    [
        ("utf-8", "latin-1", "signed as UTF-8 and sent as Latin-1 (as Pearson's Java library does)"),
        ("utf-8", "utf-8", ""),
    ],
)
def test_a_body_in_two_encodings(client: Client, lms: Emulator, info: Info, signed: str, sent: str, words: str) -> None:
    path = f"/courses/{info.course_id}/gradebook/customCategories"
    body = '{"customCategories": {"title": "Écriture", "isAssignable": true}}'
    headers = {"X-Authorization": client.header("POST", path, body.encode(signed)), "Content-Type": "application/json"}
    answer = client.http.post(client.url + path, headers=headers, content=body.encode(sent))
    if words:
        refused_because(lms, answer, "invalid_signature", words, 401)
    else:
        assert answer.status_code == 201, answer.text


def test_how_a_username_is_written_for_a_password(lms: Emulator, client: Client, info: Info) -> None:
    keys, name, password = client.keys, info.student.username, info.student.password
    campus = keys.client_string
    wrong = {
        f"{campus}\\\\{name}": "the backslash before it is doubled",
        f"{campus}\\{name.upper()}": f"this is the username {name}, but the case differs",
        f"{campus.upper()}\\{name}": f"this is the client string {campus}, but the case differs",
        f"{campus}\\{name} ": f"this is the username {name}, but there is white space around it",
        f'"{campus}\\{name}"': "there are quotation marks around it",
        f"{name}\\{campus}": "they are exchanged: the client string comes first",
        f"{keys.consumer_key}\\{name}": f"this is the consumer key of the campus {campus}",
        f"{campus}\\{info.student.id}": f"this is the number of {name}; send the username",
        f"{campus}\\ada.lovelace@example.edu": f"this is the e-mail address of {name}; send the username",
        f"{campus}\\alan.turing": "there is such a user in gbother, not in gbdemo",
        f"{campus}/{name}": "by a backslash, not by a slash",
        f"{campus}:{name}": "by a backslash, not by `:`",
        f"{name}@{campus}": "the client string comes first, then a backslash and the username",
        f"{campus}%5C{name}": "it is percent-encoded once too often",
        f"{campus}{name}": "the backslash is missing: programs write it twice",
        "gbdemo\ada.lovelace": "there is a control character in it",
        name: "put the campus's client string and a backslash in front of the username",
    }
    for sent, words in wrong.items():
        answer = client.ask(grant_type="password", client_id=keys.application_id, username=sent, password=password)
        reason = "invalid_password" if "\\" in sent else "username_without_client_string"
        refused_because(lms, answer, reason, words)
    for sent, words in (
        (f"{password} ", "it is the right one, but there is white space around it"),
        (password.upper(), "it is the right one, but the case differs"),
        ("short", f"this is another one: yours has 5 characters, the registered one {len(password)}"),
    ):
        refused_because(lms, client.ask_by_password(name, sent), "invalid_password", words)
    assert client.ask_by_password(name, password).status_code == 200


def test_how_a_username_is_written_in_an_assertion(lms: Emulator, client: Client, info: Info) -> None:
    name = info.student.username
    for sent, words in {
        f"loginid={name}": "the value goes here alone, without `loginid=`",
        f'"{name}"': "there are quotation marks around it",
        name.title(): "the case differs",
        str(info.student.id): f"this is the number of {name}",
        "ada.lovelace@example.edu": f"this is the e-mail address of {name}",
        f"{client.keys.client_string}\\{name}": "an assertion has the username alone",
        "alan.turing": "there is such a user in gbother, not in gbdemo",
    }.items():
        refused_because(lms, client.ask_by_assertion(client.assertion(sent)), "unknown_user", words)
    assert client.ask_by_assertion(client.assertion(name)).status_code == 200


@pytest.mark.parametrize(
    ("grant", "words"),
    [
        ("client_credentials", "there is no such grant here, only assertion, password, refresh_token"),
        ("authorization_code", "there is no such grant here"),
        ("Assertion", "did you mean assertion?"),
        ("refresh-token", "write the grant type with underscores"),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", "this API is older than"),
    ],
)
def test_an_unknown_grant(lms: Emulator, client: Client, grant: str, words: str) -> None:
    answer = client.ask(grant_type=grant, client_id=client.keys.application_id)
    refused_because(lms, answer, "unsupported_grant_type", words)


def test_where_a_client_and_a_token_are_sent(lms: Emulator, client: Client, info: Info) -> None:
    form = {"grant_type": "password", "username": f"{client.keys.client_string}\\{info.student.username}"}
    form["password"] = info.student.password
    answer = client.http.post(f"{client.url}/token", data=form, auth=(client.keys.application_id, ""))
    refused_because(lms, answer, "missing_parameter", "client_id came by HTTP Basic; it goes into the form")
    answer = client.ask_by_assertion(client.assertion(info.student.username), ASSERTION_TYPE.title())
    refused_because(lms, answer, "unsupported_assertion_type", f"it has to be {ASSERTION_TYPE}: the case differs")
    token = f"Access_Token access_token={client.token(info.student.username)}"
    twice = quote(quote(token[:-6].partition("=")[2], safe=""), safe="")
    for sent, words in (
        (token[:-6], "the token is cut: 26 of 32 characters"),
        (f"{token[:-6]}------", "was changed"),
        (f"Access_Token access_token={twice}", "once too often; and the token is cut: 26 of 32 characters"),
    ):
        answer = client.http.get(client.url + PATH, headers={"X-Authorization": sent})
        refused_because(lms, answer, "invalid_access_token", words, 401)
    for header in ("X_Authorization", "X-Auth"):
        answer = client.http.get(client.url + PATH, headers={header: token})
        refused_because(lms, answer, "missing_credentials", f"it was sent in the header {header.lower()}", 401)
    assert client.http.get(client.url + PATH, headers={"X-Authorization": token}).status_code == 200
