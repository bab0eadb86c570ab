"""Somebody else's credential and further mistakes at once: the owner and each mistake are named."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import httpx
import pytest

from contract_tests.learningstudio.client import cmac
from contract_tests.learningstudio.conftest import client_of
from lms_emulator import Emulator

pytestmark = pytest.mark.slow

Pairs = list[tuple[str, str]]


def diagnosed(answer: httpx.Response) -> str:
    """The full diagnosis of a refusal, as somebody who follows the header reads it."""
    return str(httpx.get(answer.headers["x-emulator-explain"], timeout=60).json()["refusal"]["diagnosis"])


def rfc3986(text: str) -> str:
    return quote(text, safe="~")


def form(text: str) -> str:
    return quote_plus(text, safe="~")


def launched(
    lms: Emulator,
    key: str,
    url: str = "",
    method: str = "POST",
    escape: Callable[[str], str] = rfc3986,
    digest: str = "sha1",
    added: Pairs | None = None,
) -> httpx.Response:
    """An OpenLearning launch signed with this HMAC key and these mistakes."""
    fields: Pairs = [
        ("lti_message_type", "basic-lti-launch-request"),
        ("lti_version", "LTI-1p0"),
        ("resource_link_id", "lakeside"),
        ("context_id", "campus-course-7"),
        ("user_id", "u 1"),
        ("roles", "Learner"),
        ("lis_person_name_full", "Zoë Müller & Co"),
        ("oauth_consumer_key", lms.openlearning.consumer_key),
        ("oauth_nonce", base64.b16encode(hashlib.sha256(str(time.perf_counter_ns()).encode()).digest()[:12]).decode()),
        ("oauth_timestamp", str(int(lms.clock.now.timestamp()))),
        ("oauth_signature_method", "HMAC-SHA1"),
    ]
    address = lms.openlearning.launch_url
    joined = "&".join(f"{name}={value}" for name, value in sorted((escape(n), escape(v)) for n, v in fields))
    base = "&".join(rfc3986(part) for part in (method, url or address, joined))
    signature = base64.b64encode(hmac.new(key.encode(), base.encode(), digest).digest()).decode()
    body = urlencode([*fields, *(added or []), ("oauth_signature", signature)])
    return httpx.post(address, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})


def test_a_launch_with_anothers_secret(lms: Emulator) -> None:
    canvas = f"{rfc3986(lms.canvas.client_secret)}&"
    plain = lms.openlearning.launch_url
    slashless, secure = plain.rstrip("/"), plain.replace("http:", "https:")
    whose = f"it was signed with the client secret of developer key {lms.canvas.client_id} at Canvas, "
    whose += f"not with that of {lms.openlearning.consumer_key}"
    slash, plus = "the URL was signed without its trailing slash", "spaces were encoded as '+' instead of %20"
    ampersand, scheme = "the '&' after the consumer secret is missing", "http and https were swapped in the signed URL"
    for answer, words in (
        (launched(lms, canvas), ()),
        (launched(lms, canvas, slashless, escape=form), (slash, plus)),
        (launched(lms, canvas[:-1], secure), (scheme, ampersand)),
        (
            launched(lms, canvas.replace("&", "%0A&"), added=[("a", "1"), ("b", "2")]),
            ("after signing: a, b", "newline"),
        ),
    ):
        assert answer.status_code == 403
        diagnosis = diagnosed(answer)
        assert diagnosis.startswith(whose)
        assert [word for word in words if word not in diagnosis] == []
        assert diagnosis.count("; and ") == len(words)
    nobodys = launched(lms, canvas, slashless, method="PUT", digest="sha384")
    assert diagnosed(nobodys).startswith("no known mistake reproduces this signature")
    assert launched(lms, f"{rfc3986(lms.openlearning.consumer_secret)}&").status_code == 302


def test_learning_studio_with_anothers_secret(lms: Emulator) -> None:
    info = lms.learningstudio
    foreign = info.other_campus.shared_secret
    http = httpx.Client(trust_env=False)
    client = client_of(lms, http)
    text = client.assertion(info.student.username).rpartition("|")[0]

    def asked(signature: str) -> str:
        return diagnosed(client.ask_by_assertion(f"{text}|{signature}"))

    whose = f"it was signed with the shared secret of the campus {info.other_campus.client_string}"
    assert asked(cmac(foreign, text).hex()) == whose
    both = base64.b64encode(cmac(foreign, f"{text}|")).decode()
    assert asked(both) == (
        f"{whose}; and the signature was encoded as Base64 instead of hex; and the signed text ended in a pipe"
    )
    assert asked(cmac("0" * 32, text).hex()).startswith("no known mistake reproduces this signature")

    def requested(key: bytes) -> str:
        parameters = client.parameters("GET", "/me")
        parameters.pop("oauth_signature")
        joined = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters, key=str.lower))
        tag = hmac.new(key, f"GET&{quote_plus('/me')}&{quote_plus(joined)}".encode(), "sha1").digest()
        pairs = parameters | {"oauth_signature": base64.b64encode(tag).decode()}
        header = ",".join(f'{name}="{quote_plus(value)}"' for name, value in pairs.items())
        return diagnosed(http.get(f"{client.url}/me", headers={"X-Authorization": f"OAuth {header}"}))

    assert requested(f"{foreign}&".encode()).startswith(
        f"{whose}; and a general-purpose OAuth 1.0 library signed this: HMAC-SHA1 with 'secret&' as the key"
    )
    http.close()
