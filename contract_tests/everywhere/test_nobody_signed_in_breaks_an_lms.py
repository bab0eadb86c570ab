"""Like `test_no_input_breaks_it`, but authenticated: with valid tokens and sessions at Canvas and Brightspace."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms_emulator.app import load_providers
from lms_emulator.client.emulator import Emulator
from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.keys import private_key
from lms_emulator.providers.brightspace import model as brightspace
from lms_emulator.providers.brightspace import oauth
from lms_emulator.providers.canvas import model as canvas
from lms_emulator.providers.canvas.lti.tokens import secret
from lms_emulator.signing import jwt, lti13

from .asgi import Sent, send

_EMULATOR = Emulator.in_process("demo", seed="signed in")
_LATE = datetime(2999, 1, 1, tzinfo=UTC)
_SERVICE = {"exp": 32_000_000_000, "nbf": 0, "iss": "https://canvas.instructure.com"}


@cache
def doors(provider: str) -> list[tuple[bytes, bytes]]:
    """Headers that authenticate: tokens of people, a service token of a tool, a browser's session."""
    app = _EMULATOR.app
    assert app is not None
    store = app.worlds.default.store(provider)
    if provider == "canvas":
        tokens = _EMULATOR.canvas.access_tokens
        people = [tokens.student, tokens.teacher]
        scopes = " ".join(lti13.SERVICE_SCOPES)
        claims = {**_SERVICE, "sub": _EMULATOR.canvas.lti_client_id, "scopes": scopes}
        service = jwt.sign(claims, secret(), algorithm="HS256")
        issued.remember(store.issued_tokens, service, claims["exp"])
        store.sessions.put(canvas.Session(id="s", user_id=103, expires_at=_LATE))
        cookie = b"_normandy_session=s"
    else:
        ready = _EMULATOR.brightspace.access_tokens
        people = [ready.student, ready.instructor]
        claims = {
            **_SERVICE,
            "iss": oauth.ISSUER,
            "aud": oauth.AUDIENCE,
            "sub": _EMULATOR.brightspace.lti_client_id,
            "scope": " ".join(lti13.SERVICE_SCOPES),
            "tenantid": store.section.tenant_id,
        }
        service = jwt.sign(claims, private_key("brightspace"), kid=oauth.KID)
        issued.remember(store.issued_tokens, service, claims["exp"])
        store.sessions.put(brightspace.Session(id="s", csrf="csrf", user_id=171, expires_at=_LATE))
        cookie = b"d2lSessionVal=s"
    bearers = [(b"authorization", f"Bearer {token}".encode()) for token in (*people, service)]
    return [*bearers, (b"cookie", cookie)]


_IDS = """
1 2 3 4 5 6 7 101 103 self home syllabus 6606 6836 6837 1001 2001 2002 2003 401 411 501 502 169 171 1.47 1.79 le lp
d1d1d1d1-0000-4000-8000-00000000de01 3106e6da-0000-4000-8000-000000000501 exu-17557022_6836
8aa641d1-b4d4-4fea-8a9b-000000000001
"""

_NAMES = """
page per_page limit bookmark orgUnitTypeId isActive canAccess roleId isGraded since role rlid tag resource_id user_id
search_term sort order only[] content_types[] context_codes[] start_date end_date type[] state[] enrollment_type task
enrollment[user_id] enrollment[type] title message is_announcement Title Body StartDate PointsNumerator Comments label
scoreMaximum scoreGiven userId activityProgress gradingProgress timestamp resourceLinkId comment JWT data decision
authenticity_token d2l_referrer resource_link_lookup_uuid lti_message_hint client_id redirect_uri code
client_assertion grant_type client_secret client_assertion_type scope response_type state prompt Content Type
"""

_VALUES = """
course_1 student StudentEnrollment FullyGraded Completed 2026-11-21T12:00:00Z 2026-13-45 0001-01-01 9999-12-31 true
false csrf allow code authorization_code client_credentials refresh_token openid 10000000000001 10000000000002
http://[::1 http://x:99999999/ ltiResourceLink -1 0 1e400 NaN Html
"""


IDS, NAMES = _IDS.split(), _NAMES.split()
_ANY = st.one_of(st.sampled_from(IDS), st.sampled_from(_VALUES.split()), st.text(max_size=8))
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _ANY),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)),
    max_leaves=12,
)


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@st.composite
def requests(draw: st.DrawFn, provider: str) -> Sent:
    route = draw(st.sampled_from(load_providers()[provider].routes))
    path, pieces = route.path, []
    while "{" in path:
        before, _, rest = path.partition("{")
        name, _, path = rest.partition("}")
        known = st.just("1.79") if name == "version" else st.sampled_from(IDS)
        pieces += [before, quote(_utf8(draw(st.one_of(known, known, _ANY))), safe="")]
    pairs = st.lists(st.tuples(st.sampled_from(NAMES), _ANY), max_size=4)
    query = [(k, _utf8(v)) for k, v in draw(pairs)]
    form = [(k, _utf8(v)) for k, v in draw(pairs)]
    body: Any = urlencode([*form, ("authenticity_token", "csrf"), ("d2l_referrer", "csrf")]).encode()
    kind = b"application/x-www-form-urlencoded"
    if draw(st.booleans()):
        kind, body = b"application/json", _utf8(json.dumps(draw(_JSON))).encode()
    headers = [draw(st.sampled_from(doors(provider))), (b"content-type", kind)]
    raw = f"/{provider}{''.join(pieces)}{path}"
    return Sent(draw(st.sampled_from(route.methods)), raw.encode(), urlencode(query).encode(), headers, body)


@pytest.mark.parametrize("provider", ["canvas", "brightspace"])
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_nobody_signed_in_breaks_it(provider: str, data: st.DataObject) -> None:
    request = data.draw(requests(provider))
    _EMULATOR.requests.clear()
    app = _EMULATOR.app
    assert app is not None
    status, _, entry = send(app, request)
    assert entry is not None
    assert entry.crash is None, entry.crash
    assert status < 500
    if status >= 400:
        assert entry.refusal is not None, f"{status} without a refusal"
