"""No input to any route causes a crash, a 500 that the real provider does not give, or a 4xx without a reason."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms_emulator.app import PROVIDERS, load_providers
from lms_emulator.client.emulator import Emulator
from lms_emulator.core.http.routing import Route

from .asgi import Sent, send

_EMULATOR = Emulator.in_process("demo", seed="fuzz")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)


@cache
def known(provider: str) -> list[str]:
    """Every id, key, token and name in a provider's `info`: these get past the first check."""
    info = _EMULATOR.info()["providers"][provider]
    info.pop("base_urls")
    return sorted(set(_texts(info)))


@cache
def routes(provider: str) -> tuple[Route, ...]:
    return load_providers()[provider].routes


_ODD_URLS = ["http://[::1", "http://x:99999999/", "http://x:y/", "//x", "http://a@b:c@d/", "https://[v1.a]:1/"]
_ODD_TEXTS = ["", "0", "-1", "a+b", "a/b", "%", "\x00", "ü", "💥", "true", "null", "[]", "9" * 30, " ", "..", "x" * 300]
_ODD = st.sampled_from([*_ODD_TEXTS, *_ODD_URLS])
_WORDS = """
grant_type client_id client_secret scope username password code redirect_uri refresh_token token state response_type
assertion assertion_type user email mode is_active course_details course_id api_key class_id user_id full_name
external_institution_id primary_email_address page itemsPerPage page_size per_page cursor expand url depth role limit
lti_message_type oauth_signature oauth_timestamp oauth_nonce oauth_consumer_key id_token iss login_hint contentItems
target_link_uri client_assertion client_assertion_type bookmark context_codes[] enrollment[user_id] title grade
csrfmiddlewaretoken next allow points label scoreMaximum userId
"""
_NAMES = st.sampled_from(_WORDS.split())


def _values(provider: str) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(known(provider)), _ODD, st.text(max_size=12))


def _json(values: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), values)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_NAMES, inner, max_size=4)),
        max_leaves=8,
    )


@st.composite
def requests(draw: st.DrawFn, provider: str) -> Sent:
    """A request to a declared route, valid in parts and invalid in others."""
    values = _values(provider)
    route = draw(st.sampled_from(routes(provider)))
    method = (
        draw(st.sampled_from(route.methods or _METHODS)) if draw(st.integers(0, 9)) else draw(st.sampled_from(_METHODS))
    )
    path, pieces = route.path, []
    while "{" in path:
        before, _, rest = path.partition("{")
        _, _, path = rest.partition("}")
        pieces += [before, quote(_utf8(draw(values)), safe=draw(st.sampled_from(["", "/+:@"])))]
    raw = f"/{provider}{''.join(pieces)}{path}{draw(st.sampled_from(['', '', '', '/', '.json', '%ff', '//']))}"
    pairs = [(_utf8(k), _utf8(v)) for k, v in draw(st.lists(st.tuples(_NAMES, values), max_size=4))]
    headers = [(b"accept", draw(st.sampled_from([b"*/*", b"application/json", b"text/html", b"\xff"])))]
    credential = draw(values)
    authorization = draw(
        st.sampled_from(
            [
                None,
                f"Bearer {credential}",
                f"JWT {credential}",
                "Basic " + base64.b64encode(_utf8(f"{credential}:{draw(values)}").encode()).decode(),
                f"LTIK-AUTH-V2 {credential}:{draw(values)}",
                f"SERVICE-AUTH-V1 {credential}:{draw(values)}",
                "Basic !!!",
                credential,
            ]
        )
    )
    if authorization is not None:
        headers.append(
            (draw(st.sampled_from([b"authorization", b"x-authorization", b"x-api-key"])), _header(authorization))
        )
    if draw(st.booleans()):
        headers.append((b"cookie", _header(f"sessionid={draw(values)}; access_token={draw(values)}; csrftoken=x")))
    kind, body = draw(st.one_of(_bodies(values)))
    if kind is not None:
        headers.append((b"content-type", kind))
    return Sent(method, raw.encode("latin-1", "replace"), urlencode(pairs).encode(), headers, body)


def _bodies(values: st.SearchStrategy[str]) -> list[st.SearchStrategy[tuple[bytes | None, bytes]]]:
    form = st.lists(st.tuples(_NAMES, values), max_size=6)
    return [
        st.just((None, b"")),
        form.map(lambda f: (b"application/x-www-form-urlencoded", urlencode([(k, _utf8(v)) for k, v in f]).encode())),
        _json(values).map(lambda j: (b"application/json", _utf8(json.dumps(j)).encode())),
        _json(values).map(lambda j: (b"application/merge-patch+json", _utf8(json.dumps(j)).encode())),
        st.tuples(
            st.sampled_from([b"application/json", b"multipart/form-data; boundary=x", b"text/xml", b"\xff"]),
            st.binary(max_size=30),
        ),
    ]


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _header(text: str) -> bytes:
    return _utf8(text).encode().replace(b"\r", b"").replace(b"\n", b"").replace(b"\x00", b"")


@pytest.mark.parametrize("provider", PROVIDERS)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_no_input_breaks_it(provider: str, data: st.DataObject) -> None:
    request = data.draw(requests(provider))
    _EMULATOR.requests.clear()
    app = _EMULATOR.app
    assert app is not None
    status, _, entry = send(app, request)
    assert entry is not None
    assert entry.crash is None, entry.crash
    if entry.outcome == "not_emulated":
        assert status == 501
    elif status >= 500:
        assert entry.defect or entry.refusal is not None, f"{status} that is neither the provider's own nor a refusal"
    elif status >= 400:
        assert entry.refusal is not None, f"{status} without a refusal"
        assert entry.refusal["reason"]
