"""Mistakes with CMACs, times, bodies, headers and eventing tokens, made by a client of our own and sent over HTTP."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

from contract_tests.learningstudio.client import Client, cmac
from contract_tests.learningstudio.support import refused_because
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.learningstudio.info import Info

PATH = "/me"
Mac = Callable[[str, str], bytes]


def aes(secret: str, text: str, mode: Any) -> bytes:
    """The last block of a message padded by PKCS #7."""
    raw = text.encode()
    number = 16 - len(raw) % 16
    return Cipher(AES(secret.encode()), mode).encryptor().update(raw + bytes([number]) * number)[-16:]


def hashed(name: str, text: str) -> bytes:
    return hashlib.new(name, text.encode()).digest()


MACS: dict[str, list[Mac]] = {
    "HMAC-MD5 was used": [lambda s, t: hmac.digest(s.encode(), t.encode(), "md5")],
    "HMAC-SHA512 was used": [lambda s, t: hmac.digest(s.encode(), t.encode(), "sha512")],
    "AES in CBC mode": [lambda s, t: aes(s, t, CBC(bytes(16)))],
    "AES in ECB mode": [lambda s, t: aes(s, t, ECB())],
    "a plain SHA1 of the text and the secret": [lambda s, t: hashed("sha1", t + s), lambda s, t: hashed("sha1", s + t)],
    "a plain MD5 of the text and the secret": [lambda s, t: hashed("md5", t + s)],
    "the secret was signed with the text": [lambda s, t: cmac(s, s + t), lambda s, t: cmac(s, f"{t}|{s}")],
}


@pytest.mark.parametrize("words", MACS)
def test_what_is_taken_for_a_cmac(lms: Emulator, client: Client, info: Info, words: str) -> None:
    secret = client.keys.shared_secret
    for mac in MACS[words]:
        text = client.assertion(info.student.username).rpartition("|")[0]
        answer = client.ask_by_assertion(f"{text}|{mac(secret, text).hex()}")
        refused_because(lms, answer, "invalid_assertion_signature", words)
        answer = client.http.get(f"{client.url}{PATH}", headers=header(client, partial(mac, secret)))
        refused_because(lms, answer, "invalid_signature", words, 401)


def header(
    client: Client,
    mac: Callable[[str], bytes],
    *,
    method: str = "GET",
    path: str = PATH,
    signed_path: str = "",
    written: Callable[[str], str] = str,
    **signed: str,
) -> dict[str, str]:
    """The header of a request; `signed` is signed in place of, or besides, what is sent."""
    sent = client.parameters(method, path)
    sent.pop("oauth_signature")
    pairs = sent | signed
    joined = "&".join(f"{name}={pairs[name]}" for name in sorted(pairs, key=str.lower))
    tag = mac(f"{method}&{quote_plus(signed_path or path)}&{quote_plus(joined)}")
    sent["oauth_signature"] = b64encode(tag).decode()
    text = ",".join(f'{name}="{quote_plus(value)}"' for name, value in sent.items())
    return {"X-Authorization": written(f'OAuth realm="{client.url}{path}",{text}')}


def test_other_paths_and_times(lms: Emulator, client: Client) -> None:
    now = int(lms.clock.now.timestamp())
    wrong: dict[str, dict[str, Any]] = {
        "the path was signed in upper case": {"signed_path": "/ME"},
        "the path was signed with more in front": {"signed_path": "/v1/me"},
        "the path was signed with a doubled slash": {"signed_path": "//me"},
        "host and path were signed": {"signed_path": "127.0.0.1/me"},
        "another oauth_timestamp was signed": {"oauth_timestamp": str(now - 40)},
        "signed in milliseconds and sent in seconds": {"oauth_timestamp": f"{now}000"},
        "values go in double quotes": {"written": lambda text: text.replace('"', "'")},
        "commas go between them": {"written": lambda text: text.replace('",', '";')},
    }
    lms.clock.freeze()
    mac = partial(cmac, client.keys.shared_secret)
    for words, habits in wrong.items():
        answer = client.http.get(f"{client.url}{PATH}", headers=header(client, mac, **habits))
        assert answer.status_code == 401
        refusal = lms.requests.last.refusal
        assert refusal is not None
        assert words in str(refusal.diagnosis), (words, refusal.diagnosis)
    answer = client.http.get(f"{client.url}{PATH}", headers=header(client, mac))
    refused_because(lms, answer, "user_context_required", "name the user", 403)


def test_other_bodies(lms: Emulator, client: Client, info: Info) -> None:
    path = f"/courses/{info.course_id}/gradebook/customCategories"
    thing = {"customCategories": {"title": "Écrit?>", "isAssignable": True}}
    sent = json.dumps(thing, indent=2, ensure_ascii=False).encode()

    def twice(text: str) -> str:
        return quote_plus(quote_plus(text))

    def of(raw: bytes) -> str:
        return twice(b64encode(raw).decode())

    md5 = hashlib.md5(sent, usedforsecurity=False)
    wrong: dict[str, list[str]] = {
        "with other white space or escapes": [of(json.dumps(thing).encode()), of(json.dumps(thing, indent=4).encode())],
        "a hash of the body (MD5)": [of(md5.digest()), twice(md5.hexdigest())],
        "with a byte order mark": [of(b"\xef\xbb\xbf" + sent)],
        "with a line break at its end": [of(sent + b"\n")],
        "the hex digits of the body": [twice(sent.hex())],
    }
    safe = urlsafe_b64encode(sent).decode()
    if safe != b64encode(sent).decode():
        wrong["the URL-safe Base64 of the body"] = [twice(safe)]

    def post(body: str) -> Any:
        mac = partial(cmac, client.keys.shared_secret)
        headers = header(client, mac, method="POST", path=path, body=body)
        return client.http.post(client.url + path, headers=headers | {"Content-Type": "application/json"}, content=sent)

    for words, bodies in wrong.items():
        for body in bodies:
            refused_because(lms, post(body), "invalid_signature", words, 401)
    assert post(of(sent)).status_code == 201


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("Sat, 28 Nov 2026 02:00:00 GMT", "another way to write a time; write it as"),
        ("2026/11/28T02:10:21Z", "another way to write a time"),
        ("2026-11-28 02:10:21", "another way to write a time"),
        (" 2026-11-28T02:10:21Z", "white space around the timestamp"),
    ],
)
def test_a_time_written_otherwise(lms: Emulator, client: Client, info: Info, sent: str, words: str) -> None:
    answer = client.ask_by_assertion(client.assertion(info.student.username, timestamp=sent))
    refused_because(lms, answer, "malformed_assertion", words)


def test_an_assertion_on_its_way(lms: Emulator, client: Client, info: Info) -> None:
    text, secret = client.assertion(info.student.username), client.keys.shared_secret
    answer = client.ask_by_assertion(text.replace("|", ";"))
    refused_because(lms, answer, "malformed_assertion", "joined by ';'; pipes go between them")
    fields = text.rpartition("|")[0].split("|")
    before = (lms.clock.now - timedelta(seconds=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for signed, words in ((before, "the timestamp was taken twice"), (f"{fields[5][:-1]}.000Z", "had milliseconds")):
        wrong = "|".join([*fields, cmac(secret, "|".join([*fields[:5], signed])).hex()])
        refused_because(lms, client.ask_by_assertion(wrong), "invalid_assertion_signature", words)
    form = urlencode({"grant_type": "assertion", "assertion": text}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"}
    answer = client.http.post(f"{client.url}/token", content=gzip.compress(form), headers=kind)
    refused_because(lms, answer, "unsupported_grant_type", "the body is compressed (gzip)")


def test_tokens_of_eventing(lms: Emulator, client: Client, info: Info) -> None:
    me, secret, now = info.principal_id, info.principal_secret, lms.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    path = f"/v1/subscriptions/principal/{me}"

    def get(token: str) -> Any:
        return client.http.get(client.url + path, headers={"Authorization": token} if token else {})

    def of(text: str, key: str = secret) -> str:
        return f"{me}|{now}|{cmac(key, text).hex()}"

    right = of(now + me)
    wrong = {
        "signed with the shared secret of the campus": of(now + me, client.keys.shared_secret),
        "another secret was used (the principal's has 32": of(now + me, "0123456789abcdef"),
        "in front of the timestamp": of(me + now),
        "without the timestamp": of(me),
        "only the timestamp was signed": of(now),
        "'|' was put between": of(f"{now}|{me}"),
        "the path was signed": of(now + path),
        "as Base64 instead of hex": f"{me}|{now}|{b64encode(cmac(secret, now + me)).decode()}",
        "HMAC-SHA1 was used": f"{me}|{now}|{hmac.digest(secret.encode(), (now + me).encode(), 'sha1').hex()}",
        "in upper case": f"{me}|{now}|{cmac(secret, now + me).hex().upper()}",
        "this is the consumer key of the campus": right.replace(me, client.keys.consumer_key),
        "the token goes in the header alone": f"Bearer {right}",
        "the token is percent-encoded": right.replace("|", "%7C"),
        "not the Unix time": f"{me}|1795831832|{'0' * 32}",
        "ends in Z": f"{me}|{now[:-1]}|{'0' * 32}",
        "no Authorization header was sent": "",
    }
    for words, token in wrong.items():
        refused_because(lms, get(token), "eventing_token", words, 401)
    assert get(right).status_code == 200
    old = (lms.clock.now - timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    stale = f"{me}|{old}|{cmac(secret, old + me).hex()}"
    refused_because(lms, get(stale), "eventing_token", "local time was probably taken for UTC", 401)
