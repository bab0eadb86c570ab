"""The recorded bodies with odd values in their fields: the emulator itself never fails, whoever sends them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

from contract_tests.openedx.replay import recordings
from contract_tests.replay.exchanges import WORLDS
from contract_tests.replay.targets import InProcess
from lms_emulator.app import create_app
from lms_emulator.signing import jwt

RUNS = ("acct", "learn", "forum", "instr")
HOST = ("Host", "openedx.localhost")
FORM = "application/x-www-form-urlencoded"
ODD = (None, [], ["a"], "zap", 999999999999)


def _bodies() -> Iterator[tuple[str, str, str, bool, str]]:
    """Each recorded operation that changes something: method, target, media type, whether by a JWT, and a body."""
    seen = set()
    for run in RUNS:
        for exchange in recordings.load(run).exchanges:
            headers = dict(exchange.request_headers)
            kind = headers.get("Content-Type", "")
            known = exchange.method, re.sub(r"\d+", "1", exchange.target.partition("?")[0])
            if exchange.method not in ("POST", "PUT", "PATCH") or known in seen or not exchange.request_body:
                continue
            seen.add(known)
            by_jwt = headers.get("Authorization", "").startswith("JWT")
            for body in _varied(exchange.request_body, kind):
                yield exchange.method, exchange.target, kind, by_jwt, body


def _varied(body: str, kind: str) -> Iterator[str]:
    is_form = kind == FORM
    try:
        fields: Any = dict(parse_qsl(body)) if is_form else json.loads(body)
    except ValueError:
        return
    encode = urlencode if is_form else json.dumps
    if not is_form:
        yield from ("[]", "5", "null")
    for name in fields if isinstance(fields, dict) else ():
        for odd in ("", "[]") if is_form else ODD:
            yield encode({**fields, name: odd})
        yield encode({key: value for key, value in fields.items() if key != name})


def test_the_emulator_itself_never_fails() -> None:
    app = create_app(str(WORLDS / "openedx-recorded-2.toml"))
    site = InProcess(app)
    world = app.worlds["default"]
    config, now = world.store("openedx").section.jwt, int(world.clock.timestamp())
    claims = {"iss": config.issuer, "aud": config.audience, "iat": now, "exp": now + 3600, "version": "1.2.0"}
    claims |= {"sub": "x", "scopes": [], "filters": [], "is_restricted": False, "grant_type": "password"}
    signed = [
        jwt.sign({**claims, "preferred_username": who}, config.secret, algorithm="HS256")
        for who in ("api-user", "svc-user")
    ]
    tokens = ["Bearer super-secret-key", "Bearer learner1-token", "Bearer mod-token"]
    failed = []
    for method, target, kind, by_jwt, body in _bodies():
        for credential in [*tokens, *(f"JWT {value}" for value in signed)] if by_jwt else tokens:
            headers = [HOST, ("Authorization", credential), ("Content-Type", kind)]
            answer = site.send(method, target, headers, body.encode())
            if answer.body == "Internal Server Error":
                failed.append((method, target, credential[:10], body[:200]))
    site.close()
    assert not failed
